//! Everything that the command line shows, as pure functions from objects to text.
//!
//! Nothing here reads a clock, an environment or a terminal, except `Style::of_terminal`: so every
//! screen can be compared with a golden file. Objects are Argo-shaped `Workflow`s, as
//! `usher_core::project` makes them.

pub(crate) mod drawing;
mod failure;
mod faults;
pub(crate) mod forest;
mod get;
mod list;
pub(crate) mod node;
mod selector;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod tasks;
pub(crate) mod text;
pub(crate) mod time;

use serde_json::Value;

pub use failure::{failed_node, failure};
pub use faults::faults;
pub use get::{get, tree};
pub use list::{ListOptions, list};
pub use selector::{BadSelector, Selector};
pub use style::{Style, Surroundings, Wish, terminal_size};
pub(crate) use table::shown_width;

/// How much `get` shows of each node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// The header and the tree.
    #[default]
    Usual,
    /// `-o wide`: with artifacts, resources and the host of each pod.
    Wide,
    /// `-o short`: the tree alone, with the host of each pod.
    Short,
}

/// What the caller of `get` asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GetOptions {
    /// How much of each node.
    pub form: Form,
    /// Which nodes.
    pub selector: Selector,
}

/// `-o name`: one name a line.
#[must_use]
pub fn names(objects: &[Value]) -> String {
    let name = |object: &Value| format!("{}\n", text::safe(node::Workflow(object).name()));
    objects.iter().map(name).collect()
}

/// `-o json`: indented by two, in the order of its keys, with a newline. What could drive a
/// terminal is written as an escape, which means the same.
#[must_use]
pub fn json(value: &Value) -> String {
    text::escaped(&format!("{value:#}\n"))
}

/// `-o yaml`: one document, with one newline at its end.
#[must_use]
pub fn yaml(value: &Value) -> String {
    let is_safe = |text: &String| !text.contains(|sign| sign != '\n' && text::is_unsafe(sign));
    match serde_yaml::to_string(value).ok().filter(is_safe) {
        Some(text) => format!("{}\n", text.trim_end_matches('\n')),
        // The writer leaves some signs as they are. Every JSON document is YAML too.
        None => json(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a machine reads is indented, complete and can be read back.
    #[test]
    fn for_machines() {
        let object = json!({"b": "1", "a": ["true", 1, null, "x: y", "two\nlines\n"], "c": {}});
        assert_eq!(
            json(&json!({"b": 1, "a": []})),
            "{\n  \"b\": 1,\n  \"a\": []\n}\n"
        );
        let back: Value = serde_yaml::from_str(&yaml(&object)).expect("yaml that we wrote");
        assert_eq!(back, object);
        assert_eq!(yaml(&json!({"b": 1, "a": "x"})), "b: 1\na: x\n");
        let hostile = json!({"a": "\u{9b}31m\x7f\u{202e}\x1b", "b\u{85}": 1});
        for text in [json(&hostile), yaml(&hostile)] {
            let unsafe_sign = |sign: char| sign != '\n' && text::is_unsafe(sign);
            assert!(!text.contains(unsafe_sign), "{text:?}");
            let back: Value = serde_yaml::from_str(&text).expect("what we wrote");
            assert_eq!(back, hostile, "{text}");
        }
        assert_eq!(
            names(&[json!({"metadata": {"name": "w"}}), json!({})]),
            "w\n\n"
        );
    }
}
