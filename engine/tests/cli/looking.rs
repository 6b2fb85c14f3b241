//! `get`, `list`, `logs`: with an engine, without one, and where nothing ever ran.

use crate::rig::Place;

/// Nothing ever ran here: an empty list, and clear words.
#[test]
fn an_empty_place() {
    let place = Place::new();
    assert_eq!(place.usher(["list", "-o", "name"]).with_code(0).out, "");
    for args in [
        ["get", "x"],
        ["logs", "x"],
        ["wait", "x"],
        ["attach", "x"],
        ["resume", "x"],
    ] {
        let said = place.usher(args).with_code(1);
        assert!(
            said.err.contains("no workflow ever ran in") || said.err.contains("not found"),
            "{said:?}"
        );
    }
}

/// Looking starts nothing: a run that was left does not go on by it.
#[test]
fn looking_starts_nothing() {
    let place = Place::new();
    place.steps(
        "left",
        &["true", "suspend: {duration: \"0\"}", "echo ran >> $LOG"],
    );
    let text = std::fs::read_to_string(place.path().join("left.yaml")).unwrap();
    place.file(
        "left.yaml",
        &text.replace("spec:\n", "spec:\n  suspend: true\n"),
    );
    place
        .usher(["run", "left.yaml", "--exit-when-waiting"])
        .with_code(3);
    for args in [
        &["get", "left"][..],
        &["list"],
        &["logs", "left"],
        &["get", "@latest", "-o", "wide"],
    ] {
        place.usher(args).with_code(0);
    }
    let said = place.usher(["doctor"]).with_code(0);
    assert!(said.out.contains("none; the lock is free"), "{}", said.out);
    assert_eq!(place.log(), Vec::<String>::new());
}

/// Lists by phase, prefix, time and namespace, newest first.
#[test]
fn lists() {
    let place = Place::new();
    place.steps("good", &["true"]);
    place.steps("bad", &["exit 1"]);
    place.usher(["run", "good.yaml"]).with_code(0);
    place.usher(["run", "bad.yaml"]).with_code(1);
    place
        .usher(["run", "good.yaml", "-n", "other", "--name", "far"])
        .with_code(0);
    let list = |args: &[&str]| {
        let all = ["list", "-o", "name"].iter().chain(args);
        place.usher(all).with_code(0).out
    };
    assert_eq!(list(&[]), "bad\ngood\n");
    assert_eq!(list(&["-A"]), "far\nbad\ngood\n");
    assert_eq!(list(&["-n", "other"]), "far\n");
    assert_eq!(list(&["--status", "Failed"]), "bad\n");
    assert_eq!(list(&["--status", "Failed,Succeeded"]), "bad\ngood\n");
    assert_eq!(list(&["--completed"]), "bad\ngood\n");
    assert_eq!(list(&["--running"]), "");
    assert_eq!(list(&["--prefix", "go"]), "good\n");
    assert_eq!(list(&["--since", "1h"]), "bad\ngood\n");
    assert_eq!(list(&["--older", "1h"]), "");
    let object = place.usher(["get", "-n", "other", "@latest", "-o", "json"]);
    let uid = object.with_code(0).json()["metadata"]["uid"]
        .as_str()
        .unwrap()
        .to_owned();
    let said = place
        .usher(["get", "-n", "other", &uid, "-o", "name"])
        .with_code(0);
    assert_eq!(said.out, "far\n");
    let said = place.usher(["list", "-o", "json"]).with_code(0).json();
    assert_eq!(said.as_array().unwrap().len(), 2);
    place.usher(["list", "--status", "Happy"]).with_code(2);
}

/// Logs of all steps with their names, of one step without; the last lines; matching lines.
#[test]
fn logs() {
    let place = Place::new();
    place.steps("talks", &["echo a; echo b; echo c", "echo d >&2; printf e"]);
    place.usher(["run", "talks.yaml"]).with_code(0);
    let logs = |args: &[&str]| {
        let all = ["logs", "talks"].iter().chain(args);
        place.usher(all).with_code(0).out
    };
    assert_eq!(logs(&[]), "s0: a\ns0: b\ns0: c\ns1: e\ns1: d\n");
    assert_eq!(logs(&["--tail", "1"]), "s0: c\ns1: d\n");
    assert_eq!(logs(&["--grep", "b"]), "s0: b\n");
    assert_eq!(logs(&["-f"]), "s0: a\ns0: b\ns0: c\ns1: e\ns1: d\n");
    assert_eq!(logs(&["--since", "1h", "s0"]), "a\nb\nc\n");
    let object = place
        .usher(["get", "talks", "-o", "json"])
        .with_code(0)
        .json();
    let nodes = object["status"]["nodes"].as_object().unwrap();
    let (id, node) = nodes
        .iter()
        .find(|(_, node)| node["displayName"] == "s0")
        .unwrap();
    let hash = id.rsplit('-').next().unwrap();
    let pod = format!("talks-t0-{hash}");
    for name in [id.as_str(), node["name"].as_str().unwrap(), "s0", &pod] {
        assert_eq!(logs(&[name]), "a\nb\nc\n", "{name}");
    }
    let said = place.usher(["logs", "talks", "nobody"]).with_code(1);
    assert!(
        said.err
            .contains("no step of talks with a log is called nobody"),
        "{said:?}"
    );
}

/// `logs -f` prints lines while their step runs, and ends with the workflow.
#[test]
fn logs_as_they_come() {
    let mut place = Place::new();
    place.steps(
        "slow",
        &["echo early; echo on > $SAY; read go < $GATE; echo late"],
    );
    let run = place.start(["run", "slow.yaml"]);
    assert_eq!(place.hear(), "on");
    let mut logs = place.start(["logs", "slow", "-f"]);
    assert_eq!(logs.line(), "s0: early");
    place.open_gate();
    assert_eq!(logs.end().with_code(0).out, "s0: late\n");
    run.end().with_code(0);
}
