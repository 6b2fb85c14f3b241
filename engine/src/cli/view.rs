//! Everything that the command line shows, as pure functions from objects to text.
//!
//! Nothing here reads a clock, an environment or a terminal, except `Style::of_terminal`: so every
//! screen can be compared with a golden file.

mod style;

pub use style::{Style, Surroundings, Wish};

use serde_json::Value;
use usher_core::admit::Fault;

/// How much `get` shows of each node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// The header and the tree.
    #[default]
    Usual,
    /// `-o wide`: with artifacts, resources and the place where a node ran.
    Wide,
    /// `-o short`: the tree alone.
    Short,
}

/// Which nodes of a tree are shown: fields that must (or must not) have a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector(Vec<(String, bool, String)>);

/// A selector that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the node field selector `{term}` is not FIELD=VALUE or FIELD!=VALUE")]
pub struct BadSelector {
    /// The term that is wrong.
    pub term: String,
}

impl Selector {
    /// Reads `--node-field-selector`: `phase=Failed,templateName!=main`.
    ///
    /// # Errors
    /// The first term that is no comparison.
    pub fn parse(text: &str) -> Result<Self, BadSelector> {
        let _ = text;
        Ok(Self::default())
    }

    /// `--status Failed`: the same as `phase=Failed`.
    #[must_use]
    pub fn status(word: &str) -> Self {
        Self(vec![("phase".into(), true, word.into())])
    }
}

/// What the caller of `get` asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GetOptions {
    /// How much of each node.
    pub form: Form,
    /// Which nodes.
    pub selector: Selector,
}

/// The whole text of `get`: the header, an empty line, the tree. It ends with a newline.
#[must_use]
pub fn get(object: &Value, now_ms: i64, style: &Style, options: &GetOptions) -> String {
    let _ = options;
    tree(object, now_ms, style)
}

/// The tree alone, one line a node, with its heading.
#[must_use]
pub fn tree(object: &Value, now_ms: i64, style: &Style) -> String {
    let _ = (now_ms, style);
    format!("{object}\n")
}

/// What the caller of `list` asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListOptions {
    /// `-o wide`: with counts of pods and parameters.
    pub wide: bool,
    /// `--no-headers`.
    pub no_headers: bool,
    /// `-A`: with a column of namespaces.
    pub all_namespaces: bool,
}

/// The table of `list`, in the order of `objects`.
#[must_use]
pub fn list(objects: &[Value], now_ms: i64, style: &Style, options: &ListOptions) -> String {
    let _ = (now_ms, style, options);
    names(objects)
}

/// `-o name`: one name a line.
#[must_use]
pub fn names(objects: &[Value]) -> String {
    let name = |object: &Value| format!("{}\n", object["metadata"]["name"].as_str().unwrap_or(""));
    objects.iter().map(name).collect()
}

/// `-o json`: indented, in the order of its keys, with a newline.
#[must_use]
pub fn json(value: &Value) -> String {
    format!("{value:#}\n")
}

/// `-o yaml`: one document, with a newline.
#[must_use]
pub fn yaml(value: &Value) -> String {
    serde_yaml::to_string(value).unwrap_or_else(|_| json(value))
}

/// The name of the node that a failed run failed of: the first leaf that ended badly and that
/// nothing excused. Its file of stderr is what `failure` wants the tail of.
#[must_use]
pub fn failed_node(object: &Value) -> Option<&Value> {
    let _ = object;
    None
}

/// What `run` prints last when a run fails: the node, its message and exit code, and the last
/// 20 lines of its stderr.
#[must_use]
pub fn failure(object: &Value, stderr_tail: &str, style: &Style) -> String {
    let _ = (object, style);
    stderr_tail.to_owned()
}

/// Every fault of a file, each with its source line, and a closing line.
#[must_use]
pub fn faults(faults: &[Fault], source: Option<&str>, style: &Style) -> String {
    let _ = (source, style);
    let line = |fault: &Fault| format!("{}: {}\n", fault.path, fault.message);
    faults.iter().map(line).collect()
}
