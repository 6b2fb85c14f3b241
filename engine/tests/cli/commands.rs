//! `suspend`, `resume`, `stop`, `terminate`, `delete`: what they do, say and refuse.

use crate::rig::Place;

/// A workflow that waits for a person between two steps, and the engine that runs it.
fn waiting(place: &Place, name: &str) {
    place.steps(name, &["true", "suspend: {}", "echo after >> $LOG"]);
    place
        .usher(["run", &format!("{name}.yaml"), "--exit-when-waiting"])
        .with_code(3);
}

const SOON: [&str; 2] = ["--idle-after-ms", "200"];

/// What a turn refuses is told to the caller, who exits 1; so is a workflow that is not there.
#[test]
fn refused() {
    let place = Place::new();
    place.steps("over", &["true"]);
    place.usher(["run", "over.yaml"]).with_code(0);
    for verb in ["suspend", "resume", "stop", "terminate"] {
        let said = place.usher([verb, "over"].iter().chain(&SOON)).with_code(1);
        assert_eq!(
            said.err, "usher: workflow over has ended (Succeeded)\n",
            "{verb}"
        );
        let said = place.usher([verb, "nobody"]).with_code(1);
        assert!(said.err.contains("workflow nobody not found"), "{said:?}");
    }
    waiting(&place, "waits");
    let selected = [
        "resume",
        "waits",
        "--node-field-selector",
        "displayName=other",
    ];
    let said = place.usher(selected.iter().chain(&SOON)).with_code(1);
    assert_eq!(
        said.err,
        "usher: no waiting node of workflow waits matches `displayName=other`\n"
    );
}

/// `resume` with a selector ends the matching step only; `stop` with one fails it, with a message.
#[test]
fn selected_nodes() {
    let place = Place::new();
    waiting(&place, "one");
    let resume = ["resume", "one", "--node-field-selector", "displayName=s1"];
    let said = place.usher(resume.iter().chain(&SOON)).with_code(0);
    assert_eq!(said.out, "1 node of workflow one resumed\n");
    place.usher(["wait", "one"]).with_code(0);
    waiting(&place, "two");
    let stop = [
        "stop",
        "two",
        "--node-field-selector",
        "phase=Running",
        "--message",
        "no!",
    ];
    let said = place.usher(stop.iter().chain(&SOON)).with_code(0);
    assert_eq!(said.out, "1 node of workflow two stopped\n");
    place.usher(["wait", "two"]).with_code(1);
    let object = place
        .usher(["get", "two", "-o", "json"])
        .with_code(0)
        .json();
    let nodes = object["status"]["nodes"].as_object().unwrap();
    let node = nodes
        .values()
        .find(|node| node["displayName"] == "s1")
        .unwrap();
    assert_eq!(node["message"], "no!");
    assert_eq!(place.log(), ["after"]);
}

/// A suspended workflow begins nothing until it is resumed, and ends no earlier (argo.md §9): the
/// caller is told.
#[test]
fn suspended_and_ended() {
    let mut place = Place::new();
    place.steps(
        "held",
        &["echo on > $SAY; read go < $GATE", "echo second >> $LOG"],
    );
    place
        .usher(["submit", "held.yaml", "-o", "name"])
        .with_code(0);
    assert_eq!(place.hear(), "on");
    let said = place.usher(["suspend", "held"]).with_code(0);
    assert_eq!(said.out, "workflow held suspended\n");
    place.open_gate();
    let said = place.usher(["terminate", "held"]).with_code(0);
    assert_eq!(said.out, "workflow held terminated\n");
    assert_eq!(
        said.err,
        "usher: it is suspended, and ends when it is resumed\n"
    );
    place.usher(["resume", "held"]).with_code(0);
    let said = place.usher(["wait", "held"]).with_code(1);
    assert!(said.out.starts_with("held Failed at "), "{said:?}");
    assert_eq!(place.log(), Vec::<String>::new());
}

/// Workflows are deleted by name or by what they are, with their files.
#[test]
fn deleted() {
    let place = Place::new();
    place.steps("good", &["true"]);
    place.steps("bad", &["exit 1"]);
    place.usher(["run", "good.yaml"]).with_code(0);
    place.usher(["run", "bad.yaml"]).with_code(1);
    place.usher(["delete"]).with_code(1);
    let said = place.usher(["delete", "--all", "--dry-run"]).with_code(0);
    assert_eq!(
        said.out,
        "workflow bad would be deleted\nworkflow good would be deleted\n"
    );
    let said = place
        .usher(["delete", "--status", "Failed"].iter().chain(&SOON))
        .with_code(0);
    assert_eq!(said.out, "workflow bad deleted\n");
    assert_eq!(
        place.usher(["list", "-o", "name"]).with_code(0).out,
        "good\n"
    );
    let said = place
        .usher(["delete", "--older", "1h", "--completed"])
        .with_code(0);
    assert_eq!(said.out, "no workflow is like that\n");
    place
        .usher(["delete", "good", "good"].iter().chain(&SOON))
        .with_code(1);
    assert_eq!(place.usher(["list", "-o", "name"]).with_code(0).out, "");
    place.usher(["get", "good"]).with_code(1);
    let runs = std::fs::read_dir(place.state().join("runs")).unwrap();
    crate::rig::look_until("the runs' files are removed", || {
        std::fs::read_dir(place.state().join("runs"))
            .unwrap()
            .count()
            == 0
    });
    drop(runs);
}
