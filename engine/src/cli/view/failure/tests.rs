//! Who is to blame in every kind of group, and what is shown of its output.

use serde_json::{Value, json};

use super::*;

/// Nodes as (id, type, phase, boundary, children); ids are display names, and times rise.
fn object(templates: Value, nodes: &[(&str, &str, &str, &str, &[&str])]) -> Value {
    let mut object = json!({"metadata": {"name": "w"}, "spec": {"templates": templates},
        "status": {"phase": "Failed", "nodes": {}}});
    for (second, (id, kind, phase, boundary, children)) in nodes.iter().enumerate() {
        object["status"]["nodes"][*id] = json!({"id": id, "name": id, "displayName": id,
            "type": kind, "phase": phase, "boundaryID": boundary, "children": children,
            "templateName": "main", "startedAt": format!("2026-11-27T10:00:{second:02}Z"),
            "finishedAt": format!("2026-11-27T10:01:{second:02}Z")});
    }
    object
}

fn blamed(templates: Value, nodes: &[(&str, &str, &str, &str, &[&str])]) -> Option<String> {
    let object = object(templates, nodes);
    failed_node(&object).map(|node| Node(node).id().to_owned())
}

/// Of a retry node the last attempt counts.
#[test]
fn the_last_attempt() {
    let nodes: &[(&str, &str, &str, &str, &[&str])] = &[
        ("w", "Retry", "Failed", "", &["w(0)", "w(1)"]),
        ("w(0)", "Pod", "Failed", "", &[]),
        ("w(1)", "Pod", "Error", "", &[]),
    ];
    assert_eq!(blamed(json!([]), nodes).as_deref(), Some("w(1)"));
}

/// In steps, what `continueOn` excuses is passed over.
#[test]
fn an_excused_step() {
    let templates = json!([{"name": "main", "steps": [
        [{"name": "a", "continueOn": {"failed": true}}], [{"name": "b"}, {"name": "c"}]]}]);
    let nodes: &[(&str, &str, &str, &str, &[&str])] = &[
        ("w", "Steps", "Failed", "", &["[0]"]),
        ("[0]", "StepGroup", "Succeeded", "w", &["a"]),
        ("a", "Pod", "Failed", "w", &["[1]"]),
        ("[1]", "StepGroup", "Failed", "w", &["b", "c"]),
        ("b", "Pod", "Succeeded", "w", &[]),
        ("c", "Pod", "Failed", "w", &[]),
    ];
    assert_eq!(blamed(templates, nodes).as_deref(), Some("c"));
}

/// In one group, the excused one is passed over, by the phase that it is excused for.
#[test]
fn excused_for_one_phase() {
    let templates = json!([{"name": "main", "steps": [[
        {"name": "a", "continueOn": {"failed": true}}, {"name": "b"}]]}]);
    let nodes = |phase| {
        [
            ("w", "Steps", "Failed", "", &["g"] as &[&str]),
            ("g", "StepGroup", "Failed", "w", &["a", "b"]),
            ("a", "Pod", phase, "w", &[]),
            ("b", "Pod", "Failed", "w", &[]),
        ]
    };
    assert_eq!(
        blamed(templates.clone(), &nodes("Failed")).as_deref(),
        Some("b")
    );
    assert_eq!(blamed(templates, &nodes("Error")).as_deref(), Some("a"));
}

/// What the group itself says comes before what we conclude.
#[test]
fn the_group_names_it() {
    let mut object = object(
        json!([]),
        &[
            ("w", "Steps", "Failed", "", &["g"]),
            ("g", "StepGroup", "Failed", "w", &["w-1", "w-12"]),
            ("w-1", "Pod", "Failed", "w", &[]),
            ("w-12", "Pod", "Failed", "w", &[]),
        ],
    );
    assert_eq!(
        failed_node(&object).map(|node| Node(node).id()),
        Some("w-1")
    );
    object["status"]["nodes"]["g"]["message"] = json!("child 'w-12' failed");
    assert_eq!(
        failed_node(&object).map(|node| Node(node).id()),
        Some("w-12")
    );
}

/// In a dag, a task is excused if one that depends on it ran all the same.
#[test]
fn a_task_with_a_dependent_that_ran() {
    let templates = json!([{"name": "main", "dag": {"tasks": [
        {"name": "a"}, {"name": "b", "depends": "a.Failed || a-1"}, {"name": "c"},
        {"name": "d", "dependencies": ["c"]}]}}]);
    let nodes: &[(&str, &str, &str, &str, &[&str])] = &[
        ("w", "DAG", "Failed", "", &["a", "c"]),
        ("a", "Pod", "Failed", "w", &["b"]),
        ("b", "Pod", "Succeeded", "w", &[]),
        ("c", "Pod", "Failed", "w", &["d"]),
        ("d", "Skipped", "Omitted", "w", &[]),
    ];
    assert_eq!(blamed(templates, nodes).as_deref(), Some("c"));
}

/// The handler is to blame only if the main part is not.
#[test]
fn the_exit_handler() {
    let nodes = |main| {
        [
            ("w", "Pod", main, "", &[] as &[&str]),
            ("w.onExit", "Pod", "Failed", "", &[]),
        ]
    };
    assert_eq!(
        blamed(json!([]), &nodes("Succeeded")).as_deref(),
        Some("w.onExit")
    );
    assert_eq!(blamed(json!([]), &nodes("Failed")).as_deref(), Some("w"));
    assert_eq!(blamed(json!([]), &[]), None);
}

/// The whole text, with and without signs, and of a workflow without nodes.
#[test]
fn the_text() {
    let unicode = Style {
        unicode: true,
        ..Style::default()
    };
    let mut object = object(json!([]), &[("w", "Pod", "Failed", "", &[])]);
    object["status"]["nodes"]["w"]["message"] = json!("Error (exit code 3)");
    object["status"]["nodes"]["w"]["outputs"] = json!({"exitCode": "3"});
    let text = "\
✖ w Failed: Error (exit code 3)
  template main, exit code 3
  stderr:
    one
    100%
    red   \\x07
";
    let stderr = "one\r\n10%\r50%\r100%\n\x1b[31mred\x1b[0m   \x07\n\n";
    assert_eq!(failure(&object, stderr, &unicode), text);
    let text = "w Failed: Error (exit code 3)\n  template main, exit code 3\n  stderr is empty\n";
    assert_eq!(failure(&object, " \n", &Style::default()), text);
    let none = json!({"metadata": {"name": "w"}, "status": {"phase": "Error", "message": "no"}});
    assert_eq!(failure(&none, "", &unicode), "✖ w Error: no\n");
}

/// Of many lines the last 20 are shown, and a long one goes on below itself.
#[test]
fn the_last_lines() {
    let stderr: String = (1..=30).map(|n| format!("line {n}\n")).collect();
    let text = last_words(&stderr, &Style::default());
    assert!(
        text.starts_with("  stderr, the last 20 lines:\n    line 11\n"),
        "{text}"
    );
    assert!(text.ends_with("    line 30\n"), "{text}");
    let narrow = Style {
        width: Some(12),
        ..Style::default()
    };
    let text = "  stderr:\n    12345678\n    9\n";
    assert_eq!(last_words("123456789", &narrow), text);
}
