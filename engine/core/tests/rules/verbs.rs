//! Argo's raw verbs on approval nodes: they leave them alone and say so (approvals §4.2).

use serde_json::{Value, json};
use usher_api::approval::VerdictPhase;
use usher_api::command::{Command, Outcome};

use crate::approvals::{ask, opened};
use crate::script::{Script, gate, resume};

/// An approval `a` and a plain wait `b`.
fn both() -> Value {
    json!({"entrypoint": "m", "templates": [
        {"name": "m", "dag": {"tasks": [
            {"name": "a", "template": "ask"}, {"name": "b", "template": "g"}]}},
        ask("ask"), gate("g")]})
}

fn named(script: &mut Script, command: Command, verb: &str) {
    let task = script.run().nodes[1].task.clone().expect("a task");
    let before = script.tree();
    script.asks(command);
    let message = format!(
        "{verb} does not end an approval: w.a; those who are asked decide it. Who may, overrules \
         them with `usher approvals override {task} --reason …`"
    );
    let refused = Outcome::Refused {
        code: "approval".to_owned(),
        message,
    };
    assert_eq!(script.outcome, Some(refused));
    assert_eq!(script.tree(), before, "nothing has changed");
    assert!(script.asks.is_empty());
}

/// A resume, a stop or a `node set` that names an approval is refused, other nodes stay as they
/// are, and one that names only others works.
#[test]
fn s69_verbs_with_a_selector() {
    let by = || "ada".to_owned();
    let all = || "phase=Running".to_owned();
    let mut script = Script::of(both());
    opened(&script);
    let stop = Command::Stop {
        by: by(),
        message: None,
        selector: Some(all()),
    };
    named(&mut script, stop, "stop");
    let selector = Some(all());
    named(
        &mut script,
        Command::Resume { by: by(), selector },
        "resume",
    );
    let set = Command::Set {
        by: by(),
        selector: "displayName=a".to_owned(),
        phase: Some(VerdictPhase::Succeeded),
        message: None,
        outputs: [("decision".to_owned(), "approved".to_owned())].into(),
    };
    named(&mut script, set, "node set");
    let selector = Some("displayName=b".to_owned());
    script.asks(Command::Resume { by: by(), selector });
    script.shows(&[
        "= Running",
        "w DAG Running",
        "w.a Suspend Suspended: waiting for approval",
        "w.b Suspend Succeeded: Resumed by: ada",
    ]);
}

/// A resume of everything leaves approvals alone and names them; it is refused when nothing else
/// waits.
#[test]
fn s69_resume_without_selector() {
    let mut script = Script::of(both());
    script.asks(resume());
    let message = "workflow w resumed; left alone, for they wait for an approval: w.a";
    let done = Outcome::Done {
        message: message.to_owned(),
    };
    assert_eq!(script.outcome, Some(done));
    script.asks(resume());
    let message = "nothing but approvals waits in workflow w: w.a; those who are asked decide \
                   them, see `usher approvals list`";
    let refused = Outcome::Refused {
        code: "approval".to_owned(),
        message: message.to_owned(),
    };
    assert_eq!(script.outcome, Some(refused));
    script.shows(&[
        "= Running",
        "w DAG Running",
        "w.a Suspend Suspended: waiting for approval",
        "w.b Suspend Succeeded: Resumed by: ada",
    ]);
}
