//! Which named templates a run can reach from its entry and from its exit handler.
//!
//! Those that none reaches are looked at only from outside, as Argo does: a file may hold half a
//! template that nothing calls.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Named templates by who reaches them.
#[derive(Debug, Default)]
pub(crate) struct Reach<'a> {
    entry: BTreeSet<&'a str>,
    exit: BTreeSet<&'a str>,
    /// Without a known entry every template may be meant.
    all: bool,
}

impl<'a> Reach<'a> {
    /// Walks the calls of a shaped `spec`.
    pub(crate) fn new(spec: &'a Value) -> Reach<'a> {
        let list = spec.get("templates").and_then(Value::as_array);
        let mut bodies: BTreeMap<&str, &Value> = BTreeMap::new();
        for template in list.into_iter().flatten() {
            if let Some(name) = template.get("name").and_then(Value::as_str) {
                bodies.entry(name).or_insert(template);
            }
        }
        let from = |field: &str| {
            let start = spec.get(field).and_then(Value::as_str)?;
            bodies.contains_key(start).then(|| walk(start, &bodies))
        };
        let entry = from("entrypoint");
        Reach {
            all: entry.is_none(),
            entry: entry.unwrap_or_default(),
            exit: from("onExit").unwrap_or_default(),
        }
    }

    /// Whether a run can come to the template.
    pub(crate) fn holds(&self, name: &str) -> bool {
        self.all || self.entry.contains(name) || self.exit.contains(name)
    }

    /// Whether only the exit handler comes to the template, so that the run's end is known.
    pub(crate) fn only_exit(&self, name: &str) -> bool {
        self.exit.contains(name) && !self.entry.contains(name)
    }
}

fn walk<'a>(start: &'a str, bodies: &BTreeMap<&'a str, &'a Value>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::from([start]);
    let mut todo: Vec<&Value> = bodies.get(start).copied().into_iter().collect();
    while let Some(template) = todo.pop() {
        for call in calls(template) {
            todo.extend(call.get("inline"));
            if let Some(name) = call.get("template").and_then(Value::as_str)
                && let Some((name, body)) = bodies.get_key_value(name)
                && seen.insert(name)
            {
                todo.push(body);
            }
        }
    }
    seen
}

/// The steps and tasks of a template, whatever else it holds.
fn calls(template: &Value) -> impl Iterator<Item = &Value> {
    let groups = template.get("steps").and_then(Value::as_array);
    let steps = groups
        .into_iter()
        .flatten()
        .filter_map(Value::as_array)
        .flatten();
    let tasks = template
        .get("dag")
        .and_then(|dag| dag.get("tasks"))
        .and_then(Value::as_array);
    steps.chain(tasks.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Calls are followed through groups, graphs and inline templates, from both ends of a run.
    #[test]
    fn follows_calls() {
        let spec = json!({"entrypoint": "a", "onExit": "x", "templates": [
            {"name": "a", "steps": [[{"inline": {"dag": {"tasks": [{"template": "b"}]}}}]]},
            {"name": "b", "steps": [[{"template": "a"}, {"template": "gone"}]]},
            {"name": "x", "dag": {"tasks": [{"template": "y"}, {"template": "b"}]}},
            {"name": "y"},
            {"name": "z"},
        ]});
        let reach = Reach::new(&spec);
        let held = ["a", "b", "x", "y", "z"].map(|name| reach.holds(name));
        assert_eq!(held, [true, true, true, true, false]);
        let exit = ["a", "b", "x", "y", "z"].map(|name| reach.only_exit(name));
        assert_eq!(exit, [false, false, true, true, false]);
        assert!(Reach::new(&json!({"entrypoint": "gone"})).holds("z"));
    }
}
