//! Steps: groups one after the other, siblings side by side (argo.md §3, §5).

use serde_json::{Value, json};

use crate::script::{Script, pod};

fn steps(groups: Value) -> Value {
    json!({"entrypoint": "m", "templates": [{"name": "m", "steps": groups}, pod("p")]})
}

/// A group begins when the one before is done, and the run ends with the last.
#[test]
fn groups_follow_each_other() {
    let call = |name: &str| json!({"name": name, "template": "p"});
    let mut script = Script::of(steps(json!([[call("a"), call("b")], [call("c")]])));
    script.ends("w[0].a", 0).shows(&[
        "= Running",
        "w Steps Running",
        "w[0] StepGroup Running",
        "w[0].a Pod Succeeded",
        "w[0].b Pod Starting",
    ]);
    script.ends("w[0].b", 0).ends("w[1].c", 0).shows(&[
        "= Succeeded",
        "w Steps Succeeded",
        "w[0] StepGroup Succeeded",
        "w[0].a Pod Succeeded",
        "w[0].b Pod Succeeded",
        "w[1] StepGroup Succeeded",
        "w[1].c Pod Succeeded",
    ]);
}

/// A failure lets its siblings end, then fails the group and all above it.
#[test]
fn a_failure_waits_for_its_siblings() {
    let call = |name: &str| json!({"name": name, "template": "p"});
    let mut script = Script::of(steps(json!([[call("a"), call("b")], [call("c")]])));
    script.ends("w[0].a", 3).shows(&[
        "= Running",
        "w Steps Running",
        "w[0] StepGroup Running",
        "w[0].a Pod Failed: main: Error (exit code 3)",
        "w[0].b Pod Starting",
    ]);
    script.ends("w[0].b", 0).shows(&[
        "= Failed: child 'w-2078810217' failed",
        "w Steps Failed: child 'w-2078810217' failed",
        "w[0] StepGroup Failed: child 'w-2078810217' failed",
        "w[0].a Pod Failed: main: Error (exit code 3)",
        "w[0].b Pod Succeeded",
    ]);
}

/// `continueOn.failed` excuses the phase; the node stays Failed.
#[test]
fn an_excused_failure_stays_failed() {
    let call = json!({"name": "a", "template": "p", "continueOn": {"failed": true}});
    let mut script = Script::of(steps(json!([[call]])));
    script.ends("w[0].a", 3).shows(&[
        "= Succeeded",
        "w Steps Succeeded",
        "w[0] StepGroup Succeeded",
        "w[0].a Pod Failed: main: Error (exit code 3)",
    ]);
}

/// A false `when` leaves the step out, and nobody looks at its arguments.
#[test]
fn a_false_when_skips() {
    let call = json!({"name": "a", "template": "p", "when": "1 == 2"});
    Script::of(steps(json!([[call]]))).shows(&[
        "= Succeeded",
        "w Steps Succeeded",
        "w[0] StepGroup Succeeded",
        "w[0].a Skipped Skipped: when '1 == 2' evaluated false",
    ]);
}

/// A `when` that is no truth is an error of the group, which then has no child.
#[test]
fn a_when_without_truth_is_the_groups_error() {
    let call = json!({"name": "a", "template": "p", "when": "{{workflow.name}} - 1 == 2"});
    let mut script = Script::of(steps(json!([[call]])));
    let words = "failed to resolve references: Failed to evaluate 'when' expresion \
                 'w - 1 == 2': Value 'w' cannot be used with the modifier '-', it is not a number";
    script.shows(&[
        &format!("= Failed: {words}"),
        &format!("w Steps Failed: {words}"),
        &format!("w[0] StepGroup Error: {words}"),
    ]);
}

/// The result of a step is an argument of a later one, as data: braces in it stay braces.
#[test]
fn a_result_is_never_parsed_again() {
    let spec = json!({"entrypoint": "m", "templates": [
        {"name": "m", "steps": [
            [{"name": "a", "template": "p"}],
            [{"name": "b", "template": "q", "arguments": {"parameters": [
                {"name": "x", "value": "<{{steps.a.outputs.result}}>"}]}}]]},
        pod("p"),
        {"name": "q", "inputs": {"parameters": [{"name": "x"}]},
            "container": {"image": "i", "command": ["c", "{{inputs.parameters.x}}"]}}]});
    let mut script = Script::of(spec);
    script.ends_with("w[0].a", 0, Some("{{workflow.name}}"));
    let node = script.ix("w[1].b");
    let work = usher_core::work::of(script.run(), node).expect("it has work");
    assert_eq!(work.argv, ["c", "<{{workflow.name}}>"]);
}
