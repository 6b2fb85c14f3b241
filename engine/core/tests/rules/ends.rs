//! Exit handlers and the end of a run (argo.md §10).

use serde_json::{Value, json};
use usher_core::event::Event;

use crate::script::{Script, pod};

fn with_handler(handler: Value) -> Value {
    json!({"entrypoint": "p", "onExit": "h", "templates": [pod("p"), handler]})
}

/// The handler sees how the run ended and can only make it worse.
#[test]
fn a_handler_only_worsens() {
    for (main, handler, end) in [
        (0, 0, "= Succeeded"),
        (0, 3, "= Failed: main: Error (exit code 3)"),
        (2, 0, "= Failed: main: Error (exit code 2)"),
        (2, 3, "= Failed: main: Error (exit code 2)"),
    ] {
        let mut script = Script::of(with_handler(pod("h")));
        script.ends("w", main).ends("w.onExit", handler);
        assert_eq!(script.tree().lines().next(), Some(end));
    }
}

#[test]
fn a_handler_chooses_by_status() {
    let calls = json!([[
        {"name": "good", "template": "p", "when": "{{workflow.status}} == Succeeded"},
        {"name": "bad", "template": "p", "when": "{{workflow.status}} != Succeeded"}]]);
    let mut script = Script::of(with_handler(json!({"name": "h", "steps": calls})));
    script.ends("w", 1).shows(&[
        "= Running",
        "w Pod Failed: main: Error (exit code 1)",
        "w.onExit Steps Running",
        "w.onExit[0] StepGroup Running",
        "w.onExit[0].good Skipped Skipped: when 'Failed == Succeeded' evaluated false",
        "w.onExit[0].bad Pod Starting",
    ]);
}

/// `workflow.failures` is a JSON list inside a JSON string: it is decoded twice.
#[test]
fn failures_are_quoted() {
    let show = json!({"name": "h", "container":
        {"image": "i", "command": ["c", "{{workflow.failures}}"]}});
    let shown = |code: i32| {
        let mut script = Script::of(with_handler(show.clone()));
        script.wait(2).ends("w", code);
        let node = script.ix("w.onExit");
        let work = usher_core::work::of(script.run(), node).expect("it has work");
        let once: String = serde_json::from_str(&work.argv[1]).expect("a JSON string");
        serde_json::from_str::<Value>(&once).expect("JSON in it")
    };
    assert_eq!(shown(0), Value::Null);
    assert_eq!(
        shown(1),
        json!([{"displayName": "w", "message": "main: Error (exit code 1)", "templateName": "p",
            "phase": "Failed", "podName": "w", "finishedAt": "2026-01-02T03:04:07Z"}])
    );
}

/// A process of which nobody knows the end is an error, not a failure.
#[test]
fn a_lost_process_is_an_error() {
    let mut script = Script::of(json!({"entrypoint": "p", "templates": [pod("p")]}));
    let reason = "attempt lost".to_owned();
    script.give(Event::PodLost {
        node: 0,
        launch: 1,
        reason,
    });
    script.shows(&["= Error: attempt lost", "w Pod Error: attempt lost"]);
}
