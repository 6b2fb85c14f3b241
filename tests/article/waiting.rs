//! Deadlines that kill, and steps that wait for a person or a time.

use rustix::process::{Pid, test_kill_process};
use serde_json::Value;
use suite::{Place, message, node, phase, seconds, tree, until};

use crate::{fails, logs, place, shape, succeeds, variant};

/// A `sleep` that tells its process id before it sleeps.
fn with_sleep() -> Place {
    let place = place();
    let folder = place.folder().display().to_string();
    let script = format!("echo $$ > {folder}/pid; PATH=/usr/bin:/bin; exec sleep \"$@\"");
    place.stand_in("sleep", &script);
    place
}

/// The process that slept is gone: the deadline has ended it, and not only its node.
fn assert_killed(place: &Place) {
    let pid = place.read("pid").trim().parse().expect("a process id");
    let pid = Pid::from_raw(pid).expect("a process id");
    until("the process is gone", || test_kill_process(pid).err());
}

#[test]
fn the_deadline_of_the_step_comes_first() {
    let place = with_sleep();
    let object = fails(&place, &shape("8-timeouts"), &[]);
    let why = "Pod was active on the node longer than the specified deadline";
    assert_eq!(message(&object), why);
    assert_killed(&place);
    let took = seconds(&object);
    assert!((5..10).contains(&took), "{took} s");
    let logs = logs(&place);
    assert!(
        logs.contains("sleeping for 1m") && !logs.contains("done"),
        "{logs}"
    );
}

#[test]
fn the_deadline_of_the_workflow_comes_first() {
    let place = with_sleep();
    let text = variant("8-timeouts", "      activeDeadlineSeconds: 5", "");
    let text = text.replace("activeDeadlineSeconds: 10", "activeDeadlineSeconds: 5");
    let object = fails(&place, &text, &[]);
    assert_eq!(message(&object), "Step exceeded its deadline");
    assert_killed(&place);
    let took = seconds(&object);
    assert!((5..10).contains(&took), "{took} s");
}

#[test]
fn a_deadline_that_is_not_reached() {
    let place = place();
    succeeds(&place, &variant("8-timeouts", "sleep 60", "sleep 1"), &[]);
    let logs = logs(&place);
    assert!(logs.contains("done"), "{logs}");
}

/// Starts the shape and returns when it waits for a person.
fn until_it_waits(place: &Place) -> std::process::Child {
    place.file("workflow.yaml", &shape("9-suspend"));
    let child = place.start(["run", "workflow.yaml", "-o", "json"]);
    until("approve waits", || {
        let said = place.usher(["get", "@latest", "-o", "json"]);
        let object: Value = serde_json::from_str(&said.out).ok()?;
        let mut waiting = suite::nodes(&object)
            .filter(|node| node["displayName"] == "approve" && phase(node) == "Running");
        waiting.next().map(|_| ())
    });
    assert_eq!(place.read("said"), "hello world\n", "only build has run");
    child
}

/// It builds, waits for a person, then for 20 s by itself, then releases.
#[test]
fn suspend() {
    let place = place();
    let child = until_it_waits(&place);
    place.usher(["resume", "@latest"]).with_code(0);
    let object = suite::wait(child).with_code(0).json();
    assert_eq!(
        tree(&object),
        [
            ". Steps Succeeded",
            "[0] StepGroup Succeeded",
            "[0].build Pod Succeeded",
            "[1] StepGroup Succeeded",
            "[1].approve Suspend Succeeded",
            "[2] StepGroup Succeeded",
            "[2].delay Suspend Succeeded",
            "[3] StepGroup Succeeded",
            "[3].release Pod Succeeded",
        ]
    );
    let resumed = message(node(&object, "approve"));
    assert!(resumed.starts_with("Resumed by: "), "{resumed}");
    let took = seconds(node(&object, "delay"));
    assert!((20..25).contains(&took), "{took} s");
    assert_eq!(place.read("said"), "hello world\nhello world\n");
}

/// Stopped instead of resumed: nothing is released.
#[test]
fn suspend_and_stop() {
    let place = place();
    let child = until_it_waits(&place);
    place.usher(["stop", "@latest"]).with_code(0);
    let object = suite::wait(child).with_code(1).json();
    assert_eq!(phase(&object), "Failed");
    assert_eq!(phase(node(&object, "approve")), "Failed");
    assert_eq!(
        message(node(&object, "approve")),
        "Stopped with strategy 'Stop'"
    );
    assert!(
        !tree(&object).join("\n").contains("release"),
        "{}",
        tree(&object).join("\n")
    );
    assert_eq!(place.read("said"), "hello world\n");
}
