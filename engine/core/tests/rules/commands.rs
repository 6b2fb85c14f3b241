//! What people ask for, and its answers (argo.md §9).

use serde_json::{Value, json};
use usher_api::command::{Command, Outcome};
use usher_core::effect::Effect;

use crate::script::{Script, gate, pod, resume, stop, suspend, terminate};

fn gates() -> Value {
    json!({"entrypoint": "m", "onExit": "p", "templates": [
        {"name": "m", "dag": {"tasks": [
            {"name": "a", "template": "g"}, {"name": "b", "template": "g"}]}},
        gate("g"), pod("p")]})
}

fn done(message: &str) -> Option<Outcome> {
    Some(Outcome::Done {
        message: message.to_owned(),
    })
}

fn refused(code: &str, message: &str) -> Option<Outcome> {
    Some(Outcome::Refused {
        code: code.to_owned(),
        message: message.to_owned(),
    })
}

#[test]
fn resume_ends_all_waits() {
    let mut script = Script::of(gates());
    script.asks(resume());
    assert_eq!(script.outcome, done("workflow w resumed"));
    script.ends("w.onExit", 0).shows(&[
        "= Succeeded",
        "w DAG Succeeded",
        "w.a Suspend Succeeded: Resumed by: ada",
        "w.b Suspend Succeeded: Resumed by: ada",
        "w.onExit Pod Succeeded",
    ]);
}

#[test]
fn a_selector_chooses() {
    let selector = |text: &str| Some(text.to_owned());
    let mut script = Script::of(gates());
    let by = "ada".to_owned();
    script.asks(Command::Resume {
        by: by.clone(),
        selector: selector("displayName=b"),
    });
    assert_eq!(script.outcome, done("1 node of workflow w resumed"));
    let message = selector("not today");
    script.asks(Command::Stop {
        by: by.clone(),
        message,
        selector: selector("templateName=g"),
    });
    assert_eq!(script.outcome, done("1 node of workflow w stopped"));
    script.shows(&[
        "= Running",
        "w DAG Failed",
        "w.a Suspend Failed: not today",
        "w.b Suspend Succeeded: Resumed by: ada",
        "w.onExit Pod Starting",
    ]);
    script.asks(Command::Resume {
        by,
        selector: selector("displayName=c"),
    });
    let words = "no waiting node of workflow w matches `displayName=c`";
    assert_eq!(script.outcome, refused("nothing-waits", words));
}

#[test]
fn what_cannot_be_done_is_refused() {
    let mut script = Script::of(json!({"entrypoint": "p", "templates": [pod("p")]}));
    script.asks(resume());
    let words = "nothing in workflow w waits to be resumed";
    assert_eq!(script.outcome, refused("nothing-waits", words));
    script.asks(suspend()).asks(suspend());
    assert_eq!(
        script.outcome,
        refused("suspended", "workflow w is suspended already")
    );
    script.asks(resume()).ends("w", 0).asks(stop());
    assert_eq!(
        script.outcome,
        refused("ended", "workflow w has ended (Succeeded)")
    );
}

#[test]
fn stop_runs_the_exit_handler_and_terminate_does_not() {
    let mut script = Script::of(gates());
    script.asks(stop()).ends("w.onExit", 0).shows(&[
        "= Failed: Stopped with strategy 'Stop'",
        "w DAG Failed",
        "w.a Suspend Failed: Stopped with strategy 'Stop'",
        "w.b Suspend Failed: Stopped with strategy 'Stop'",
        "w.onExit Pod Succeeded",
    ]);
    Script::of(gates()).asks(terminate()).shows(&[
        "= Failed: Stopped with strategy 'Terminate'",
        "w DAG Failed",
        "w.a Suspend Failed: Stopped with strategy 'Terminate'",
        "w.b Suspend Failed: Stopped with strategy 'Terminate'",
    ]);
}

#[test]
fn terminate_ends_the_exit_handler() {
    let mut script = Script::of(gates());
    script.asks(stop()).asks(terminate());
    assert_eq!(script.outcome, done("workflow w terminated"));
    assert_eq!(script.effects, [Effect::StopPod { node: 3, launch: 1 }]);
    script.ends("w.onExit", 143).shows(&[
        "= Failed: Stopped with strategy 'Terminate'",
        "w DAG Failed",
        "w.a Suspend Failed: Stopped with strategy 'Stop'",
        "w.b Suspend Failed: Stopped with strategy 'Stop'",
        "w.onExit Pod Failed: workflow shutdown with strategy: Terminate",
    ]);
}

/// A suspended run lets its process end and makes nothing new; a stop reaches the process, the
/// tree only after the resume.
#[test]
fn a_suspended_run_stands_still() {
    let spec = json!({"entrypoint": "m", "templates": [
        {"name": "m", "steps": [
            [{"name": "a", "template": "p"}],
            [{"name": "b", "template": "p"}]
        ]},
        pod("p")]});
    let mut script = Script::of(spec);
    script.asks(suspend()).ends("w[0].a", 0).shows(&[
        "= Running",
        "w Steps Running",
        "w[0] StepGroup Running",
        "w[0].a Pod Succeeded",
    ]);
    script.asks(resume()).asks(suspend()).asks(stop()).shows(&[
        "= Running",
        "w Steps Running",
        "w[0] StepGroup Succeeded",
        "w[0].a Pod Succeeded",
        "w[1] StepGroup Running",
        "w[1].b Pod Stopping",
    ]);
    script.ends("w[1].b", 143);
    assert_eq!(script.run().head.phase.word(), "Running");
    script.asks(resume());
    assert_eq!(script.run().head.phase.word(), "Failed");
}

/// A run that is deleted tells its processes to end.
#[test]
fn delete_ends_processes() {
    let mut script = Script::of(json!({"entrypoint": "p", "templates": [pod("p")]}));
    script.asks(Command::Delete {
        by: "ada".to_owned(),
    });
    assert_eq!(script.outcome, done("workflow w deleted"));
    assert_eq!(script.effects, [Effect::StopPod { node: 0, launch: 1 }]);
}
