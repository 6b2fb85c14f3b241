//! Deadlines and timeouts, and waits that end by themselves (argo.md §8, §9).

use serde_json::{Value, json};
use usher_core::effect::Effect;

use crate::script::{START_MS, Script, gate, pod, resume, suspend};

fn one(template: Value) -> Value {
    json!({"entrypoint": template["name"], "templates": [template]})
}

fn with(mut template: Value, field: &str, value: Value) -> Value {
    template[field] = value;
    template
}

/// A pod's own deadline counts from the start of its process.
#[test]
fn a_pods_deadline() {
    let mut script = Script::of(one(with(pod("p"), "activeDeadlineSeconds", json!(3))));
    assert_eq!(script.run().next_due_ms(), None);
    script.wait(10).starts("w");
    assert_eq!(script.run().next_due_ms(), Some(START_MS + 13_000));
    script
        .wait(3)
        .rings(Some("w"))
        .shows(&["= Running", "w Pod Stopping"]);
    assert_eq!(script.effects, [Effect::StopPod { node: 0, launch: 1 }]);
    let words = "Pod was active on the node longer than the specified deadline";
    script.ends("w", 143).shows(&[
        &format!("= Failed: {words}"),
        &format!("w Pod Failed: {words}"),
    ]);
}

/// A timeout counts from the node's making.
#[test]
fn a_timeout_counts_the_waiting() {
    let mut script = Script::of(one(with(pod("p"), "timeout", json!("4s"))));
    assert_eq!(script.run().next_due_ms(), Some(START_MS + 4_000));
    script.wait(4).rings(Some("w")).ends("w", 143);
    script.shows(&["= Failed: timeout", "w Pod Failed: timeout"]);
}

/// The run's deadline ends what waits and what runs; the exit handler is exempt.
#[test]
fn the_runs_deadline() {
    let spec = json!({"entrypoint": "m", "onExit": "p", "activeDeadlineSeconds": 5, "templates": [
        {"name": "m", "dag": {"tasks": [
            {"name": "a", "template": "p"}, {"name": "b", "template": "g"}]}},
        pod("p"), gate("g")]});
    let mut script = Script::of(spec);
    script.wait(5).rings(None).shows(&[
        "= Running",
        "w DAG Running",
        "w.a Pod Stopping",
        "w.b Suspend Failed: Step exceeded its deadline",
    ]);
    script.ends("w.a", 143).ends("w.onExit", 0).shows(&[
        "= Failed",
        "w DAG Failed",
        "w.a Pod Failed: Step exceeded its deadline",
        "w.b Suspend Failed: Step exceeded its deadline",
        "w.onExit Pod Succeeded",
    ]);
}

/// A deadline of 0 makes no process.
#[test]
fn a_deadline_of_nothing() {
    let mut spec = one(pod("p"));
    spec["activeDeadlineSeconds"] = json!(0);
    let words = "Step exceeded its deadline";
    let mut script = Script::of(spec);
    script.shows(&[
        &format!("= Failed: {words}"),
        &format!("w Pod Failed: {words}"),
    ]);
    assert_eq!(script.effects, [Effect::AnnounceEnd]);
}

/// While `spec.suspend` holds, the run's deadline and the waits stand still; afterwards they count
/// from where they always did.
#[test]
fn suspended_time_still_counts() {
    let mut spec = one(json!({"name": "s", "suspend": {"duration": "5"}}));
    spec["activeDeadlineSeconds"] = json!(8);
    let mut script = Script::of(spec);
    script.asks(suspend());
    assert_eq!(script.run().next_due_ms(), None);
    let waits = ["= Running", "w Suspend Suspended"];
    script.wait(10).rings(None).rings(Some("w")).shows(&waits);
    let words = "Step exceeded its deadline";
    script
        .asks(resume())
        .shows(&["= Succeeded", "w Suspend Succeeded: Resumed by: ada"]);
    assert_ne!(script.run().head.message, words);
}

/// A suspend duration ends well; 0 at once.
#[test]
fn waits_end_well() {
    let mut script = Script::of(one(json!({"name": "s", "suspend": {"duration": "20"}})));
    script
        .wait(19)
        .rings(Some("w"))
        .shows(&["= Running", "w Suspend Suspended"]);
    script
        .wait(1)
        .rings(Some("w"))
        .shows(&["= Succeeded", "w Suspend Succeeded"]);
    Script::of(one(json!({"name": "s", "suspend": {"duration": "0"}})))
        .shows(&["= Succeeded", "w Suspend Succeeded"]);
}

/// A limit that cannot be read is an error before any process begins.
#[test]
fn an_unreadable_limit_launches_nothing() {
    let template = json!({"name": "p", "inputs": {"parameters": [{"name": "x", "value": "soon"}]},
        "activeDeadlineSeconds": "{{inputs.parameters.x}}",
        "container": {"image": "i", "command": ["c"]}});
    let mut script = Script::of(one(template));
    assert_eq!(script.effects, [Effect::AnnounceEnd]);
    let words = "`soon` is no duration; write for example 30s, 5m, 1h30m, 2d or 1w";
    script.shows(&[
        &format!("= Error: {words}"),
        &format!("w Pod Error: {words}"),
    ]);
}
