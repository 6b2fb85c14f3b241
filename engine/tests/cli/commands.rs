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

/// `retry` lets a failed workflow go on: what succeeded is not carried out again, `--wait` tells
/// how it ends this time, and a new value is seen. What cannot be retried is refused with a reason.
#[test]
fn retried() {
    let place = Place::new();
    let tried = "w={{workflow.parameters.word}}; echo b $w >> $LOG; test $w = good";
    place.steps("job", &["echo a >> $LOG", tried, "echo c >> $LOG"]);
    let text = std::fs::read_to_string(place.path().join("job.yaml")).unwrap();
    let parameters = "spec:\n  arguments:\n    parameters:\n    \
                      - {name: word, value: bad, enum: [bad, good]}\n";
    place.file("job.yaml", &text.replacen("spec:\n", parameters, 1));
    place.usher(["run", "job.yaml"]).with_code(1);
    let retry = |args: &[&str], code: i32| {
        let verb = ["retry", "job"].iter().chain(args);
        place.usher(verb.chain(&SOON)).with_code(code)
    };
    retry(&["--wait"], 1);
    assert_eq!(place.log(), ["a", "b bad", "b bad"]);
    let said = retry(&["-p", "word=worse"], 1);
    assert!(
        said.err.contains("spec.arguments.parameters[0]"),
        "{said:?}"
    );
    let said = retry(&["-p", "word=good", "--wait", "-o", "name"], 0);
    assert!(said.out.contains("job Succeeded at"), "{said:?}");
    assert_eq!(place.log(), ["a", "b bad", "b bad", "b good", "c"]);
    let said = retry(&[], 1);
    let reason = "usher: workflow job has succeeded; --restart-successful and \
                  --node-field-selector name what of it is carried out again\n";
    assert_eq!(said.err, reason);
    let last = [
        "--restart-successful",
        "--node-field-selector",
        "displayName=s2",
        "--wait",
    ];
    retry(&last, 0);
    assert_eq!(place.log().last().map(String::as_str), Some("c"));
    assert_eq!(place.log().len(), 6);
    let said = place.usher(["retry", "nobody"]).with_code(1);
    assert!(said.err.contains("workflow nobody not found"), "{said:?}");
    waiting(&place, "waits");
    let said = place
        .usher(["retry", "waits"].iter().chain(&SOON))
        .with_code(1);
    let reason = "usher: workflow waits has not ended (Running); it cannot be retried yet\n";
    assert_eq!(said.err, reason);
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
