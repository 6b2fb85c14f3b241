//! Reading a finished `Workflow` object: what a test asks of `-o json`.

use serde_json::Value;

/// The phase of the workflow, or of a node; empty when there is none yet.
pub fn phase(object: &Value) -> &str {
    text(if object["status"].is_object() {
        &object["status"]["phase"]
    } else {
        &object["phase"]
    })
}

/// The message of the workflow, or of a node; empty when there is none.
pub fn message(object: &Value) -> &str {
    let status = &object["status"];
    text(if status.is_object() {
        &status["message"]
    } else {
        &object["message"]
    })
}

/// All nodes of a workflow.
pub fn nodes(workflow: &Value) -> impl Iterator<Item = &Value> {
    workflow["status"]["nodes"]
        .as_object()
        .into_iter()
        .flat_map(|nodes| nodes.values())
}

/// The node with this display name.
///
/// Panics, with the whole tree, if there is none.
pub fn node<'a>(workflow: &'a Value, name: &str) -> &'a Value {
    let found = nodes(workflow).find(|node| node["displayName"] == name);
    found.unwrap_or_else(|| panic!("no node `{name}`:\n{}", tree(workflow).join("\n")))
}

/// Every node as `name type phase`, without the workflow's own name, sorted.
///
/// The full name says where a node stands in the tree: `[1].hello2a`, `A`, `(2)`.
pub fn tree(workflow: &Value) -> Vec<String> {
    let own = text(&workflow["metadata"]["name"]);
    let line = |node: &Value| {
        let name = text(&node["name"])
            .strip_prefix(own)
            .unwrap_or("?")
            .trim_start_matches('.');
        let name = if name.is_empty() { "." } else { name };
        format!("{name} {} {}", text(&node["type"]), text(&node["phase"]))
    };
    let mut lines: Vec<String> = nodes(workflow).map(line).collect();
    lines.sort();
    lines
}

/// Seconds from the start to the end of a workflow (its status) or of a node.
///
/// Panics if it has not ended.
pub fn seconds(object: &Value) -> i64 {
    let of = if object["status"].is_object() {
        &object["status"]
    } else {
        object
    };
    let time = |key: &str| {
        chrono::DateTime::parse_from_rfc3339(text(&of[key]))
            .unwrap_or_else(|error| panic!("{key} of {of}: {error}"))
    };
    (time("finishedAt") - time("startedAt")).num_seconds()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
