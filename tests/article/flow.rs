//! Steps, the diamond, retries and exit handlers: what runs when, and what does not.

use serde_json::Value;
use suite::{message, node, phase, seconds, tree};

use crate::{fails, logs, place, shape, succeeds, variant};

#[test]
fn steps() {
    let place = place();
    let object = succeeds(&place, &shape("4-steps"), &["--name", "steps-z2zdn"]);
    assert_eq!(
        tree(&object),
        [
            ". Steps Succeeded",
            "[0] StepGroup Succeeded",
            "[0].hello1 Pod Succeeded",
            "[1] StepGroup Succeeded",
            "[1].hello2a Pod Succeeded",
            "[1].hello2b Pod Succeeded",
        ]
    );
    // The names that Argo gave to the pods of this very run.
    let id = |name: &str| {
        node(&object, name)["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(id("hello1"), "steps-z2zdn-27420706");
    assert_eq!(id("hello2a"), "steps-z2zdn-2006760091");
    assert_eq!(id("hello2b"), "steps-z2zdn-2023537710");
    let said = place.read("said");
    let said: Vec<&str> = said.lines().collect();
    assert_eq!(said[0], "hello1");
    assert!(said == ["hello1", "hello2a", "hello2b"] || said == ["hello1", "hello2b", "hello2a"]);
}

/// The second group does not begin when the first fails.
#[test]
fn steps_whose_first_fails() {
    let place = place();
    place.file("fails", "hello1");
    let object = fails(&place, &shape("4-steps"), &[]);
    assert_eq!(
        tree(&object),
        [
            ". Steps Failed",
            "[0] StepGroup Failed",
            "[0].hello1 Pod Failed"
        ]
    );
    assert_eq!(
        message(node(&object, "hello1")),
        "main: Error (exit code 3)"
    );
    assert_eq!(place.read("said"), "hello1\n");
}

#[test]
fn diamond() {
    let place = place();
    let object = succeeds(&place, &shape("5-diamond"), &[]);
    assert_eq!(diamond_phases(&object), ["Succeeded"; 4]);
    assert_diamond_order(&place.read("said"));
}

/// A fails, is excused, and the others go on.
#[test]
fn diamond_with_a_failing() {
    let place = place();
    place.file("fails", "A");
    let object = succeeds(&place, &shape("5-diamond"), &[]);
    assert_eq!(
        diamond_phases(&object),
        ["Failed", "Succeeded", "Succeeded", "Succeeded"]
    );
    assert_diamond_order(&place.read("said"));
}

/// B fails and nothing excuses it: C may run, D does not.
#[test]
fn diamond_with_b_failing() {
    let place = place();
    place.file("fails", "B");
    let object = fails(&place, &shape("5-diamond"), &[]);
    let [a, b, _, d] = diamond_phases(&object);
    assert_eq!(
        [a, b, d],
        ["Succeeded", "Failed", "Omitted"],
        "{}",
        tree(&object).join("\n")
    );
    assert!(!place.read("said").contains('D'));
}

/// Without the excuse nothing runs after A.
#[test]
fn diamond_with_a_failing_without_excuse() {
    let place = place();
    place.file("fails", "A");
    let excuse = "            continueOn:\n              error: true\n              failed: true\n";
    fails(&place, &variant("5-diamond", excuse, ""), &[]);
    assert_eq!(place.read("said"), "A\n");
}

fn diamond_phases(object: &Value) -> [&str; 4] {
    ["A", "B", "C", "D"].map(|name| phase(node(object, name)))
}

fn assert_diamond_order(said: &str) {
    let orders = ["A\nB\nC\nD\n", "A\nC\nB\nD\n"];
    assert!(orders.contains(&said), "{said}");
}

/// A `python` that fails until it has been called this often.
fn with_python(calls: usize) -> suite::Place {
    let place = place();
    let folder = place.folder().display().to_string();
    let script = format!("echo x >> {folder}/calls; test $(wc -l < {folder}/calls) -ge {calls}");
    place.stand_in("python", &script);
    place
}

#[test]
fn retry() {
    let place = with_python(3);
    let object = succeeds(&place, &shape("6-retry"), &[]);
    assert_eq!(
        tree(&object),
        [
            "(0) Pod Failed",
            "(1) Pod Failed",
            "(2) Pod Succeeded",
            ". Retry Succeeded"
        ]
    );
    // It waits 1 s and 2 s; the times are whole seconds.
    let took = seconds(&object);
    assert!((3..10).contains(&took), "{took} s");
    assert_eq!(place.read("calls").lines().count(), 3);
}

/// The waits are 1 s and 2 s; a third of 4 s would end after `maxDuration`.
#[test]
fn retry_until_the_longest_time() {
    let place = with_python(99);
    let object = fails(&place, &variant("6-retry", "\"1m\"", "\"6s\""), &[]);
    assert_eq!(
        place.read("calls").lines().count(),
        3,
        "{}",
        tree(&object).join("\n")
    );
    assert_eq!(message(&object), "Backoff would exceed max duration limit");
    let took = seconds(&object);
    assert!((3..7).contains(&took), "{took} s");
}

#[test]
fn retry_until_the_limit() {
    let place = with_python(99);
    let object = fails(&place, &variant("6-retry", "limit: 10", "limit: 1"), &[]);
    assert_eq!(
        place.read("calls").lines().count(),
        2,
        "{}",
        tree(&object).join("\n")
    );
    assert_eq!(message(&object), "No more retries left");
}

#[test]
fn exit_handler_after_failure() {
    let place = place();
    let object = fails(&place, &shape("7-exit-handler"), &[]);
    assert_eq!(message(&object), "main: Error (exit code 1)");
    assert_eq!(
        handler_phases(&object),
        ["Succeeded", "Skipped", "Succeeded"]
    );
    let skipped = message(node(&object, "celebrate"));
    assert_eq!(skipped, "when 'Failed == Succeeded' evaluated false");
    let name = object["metadata"]["name"].as_str().expect("a name");
    let logs = logs(&place);
    assert!(
        logs.contains(&format!("send e-mail: {name} Failed ")),
        "{logs}"
    );
    assert!(
        logs.contains("boohoo!") && !logs.contains("hooray!"),
        "{logs}"
    );
}

#[test]
fn exit_handler_after_success() {
    let place = place();
    let object = succeeds(&place, &variant("7-exit-handler", "exit 1", "exit 0"), &[]);
    assert_eq!(
        handler_phases(&object),
        ["Succeeded", "Succeeded", "Skipped"]
    );
    let logs = logs(&place);
    assert!(
        logs.contains("hooray!") && !logs.contains("boohoo!"),
        "{logs}"
    );
}

fn handler_phases(object: &Value) -> [&str; 3] {
    ["notify", "celebrate", "cry"].map(|name| phase(node(object, name)))
}
