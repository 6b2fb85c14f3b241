//! `retry`: an ended run goes on where it failed (argo.md §9).

use serde_json::{Value, json};
use usher_api::command::{Command, Outcome};
use usher_core::effect::{Effect, Note};
use usher_core::event::{End, Event};
use usher_core::project;

use crate::script::{START_MS, Script, gate, pod, stop, terminate};

/// A retry by `ben`.
pub(crate) fn retry() -> Command {
    retry_of(None, &[])
}

pub(crate) fn retry_of(selector: Option<&str>, parameters: &[(&str, &str)]) -> Command {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Command::Retry {
        by: "ben".to_owned(),
        restart_successful: selector.is_some(),
        selector: selector.map(str::to_owned),
        parameters: parameters.iter().map(pair).collect(),
    }
}

pub(crate) fn outcome(script: &Script) -> (&str, &str) {
    match script.outcome.as_ref().expect("an answer") {
        Outcome::Done { message } => ("done", message),
        Outcome::Refused { code, message } => (code, message),
    }
}

pub(crate) fn steps(groups: &Value, more: &[Value]) -> Value {
    let mut templates = vec![json!({"name": "m", "steps": groups}), pod("p")];
    templates.extend(more.iter().cloned());
    json!({"entrypoint": "m", "onExit": "p", "templates": templates})
}

pub(crate) fn dag(tasks: &Value) -> Value {
    json!({"entrypoint": "m", "templates": [{"name": "m", "dag": {"tasks": tasks}}, pod("p")]})
}

/// The failed step is taken back and made again under its name and number, with its next launch;
/// what succeeded stays, the exit handler comes again, the clock of the run starts anew.
#[test]
fn it_goes_on_where_it_failed() {
    let groups = json!([
        [{"name": "a", "template": "p"}],
        [{"name": "b", "template": "p"}, {"name": "c", "template": "p"}],
        [{"name": "d", "template": "p"}]]);
    let mut script = Script::of(steps(&groups, &[]));
    script
        .ends("w[0].a", 0)
        .ends("w[1].b", 3)
        .ends("w[1].c", 0)
        .ends("w.onExit", 0);
    let b = script.ix("w[1].b");
    script.wait(60).asks(retry());
    assert_eq!(outcome(&script), ("done", "workflow w retried"));
    script.shows(&[
        "= Running",
        "w Steps Running",
        "w[0] StepGroup Succeeded",
        "w[0].a Pod Succeeded",
        "w[1] StepGroup Running",
        "w[1].b Pod Starting",
        "w[1].c Pod Succeeded",
    ]);
    assert!(
        script
            .effects
            .contains(&Effect::LaunchPod { node: b, launch: 2 })
    );
    assert_eq!(script.ix("w[1].b"), b);
    let head = &script.run().head;
    assert_eq!(
        (head.started_ms, head.finished_ms),
        (Some(START_MS + 60_000), None)
    );
    assert_eq!(
        (head.retries, head.others.as_slice()),
        (1, &["ben".to_owned()][..])
    );
    let status = project::status(script.run());
    assert_eq!(
        status["nodes"].as_object().map(serde_json::Map::len),
        Some(6)
    );
    assert_eq!(
        (&status["progress"], &status["finishedAt"]),
        (&json!("2/3"), &Value::Null)
    );
    script
        .ends("w[1].b", 0)
        .ends("w[2].d", 0)
        .ends("w.onExit", 0);
    script.shows(&[
        "= Succeeded",
        "w Steps Succeeded",
        "w[0] StepGroup Succeeded",
        "w[0].a Pod Succeeded",
        "w[1] StepGroup Succeeded",
        "w[1].b Pod Succeeded",
        "w[1].c Pod Succeeded",
        "w.onExit Pod Succeeded",
        "w[2] StepGroup Succeeded",
        "w[2].d Pod Succeeded",
    ]);
}

/// What is told of the launch before is of nobody's process: it is noted and released.
#[test]
fn the_launch_before_is_another() {
    let mut script = Script::of(json!({"entrypoint": "p", "templates": [pod("p")]}));
    script.ends("w", 1).asks(retry());
    script.shows(&["= Running", "w Pod Starting"]);
    let end = End {
        code: 0,
        message: None,
        result: None,
        finished_ms: START_MS,
    };
    script.give(Event::PodFinished {
        node: 0,
        launch: 1,
        end,
    });
    let note = Note::OldLaunch {
        node: 0,
        launch: 1,
        present: 2,
    };
    assert_eq!(
        script.effects,
        [
            Effect::Note(note),
            Effect::ReleasePod { node: 0, launch: 1 }
        ]
    );
    script
        .ends("w", 1)
        .asks(retry())
        .ends("w", 0)
        .shows(&["= Succeeded", "w Pod Succeeded"]);
    assert_eq!(
        (script.run().nodes[0].launch, script.run().head.retries),
        (3, 2)
    );
}

/// Tasks after a failed one come again, others stay.
#[test]
fn tasks_after_it_come_again() {
    let mut script = Script::of(dag(&json!([
        {"name": "a", "template": "p"},
        {"name": "b", "template": "p", "depends": "a"},
        {"name": "c", "template": "p"}])));
    script.ends("w.a", 1).ends("w.c", 0).shows(&[
        "= Failed",
        "w DAG Failed",
        "w.a Pod Failed: main: Error (exit code 1)",
        "w.c Pod Succeeded",
        "w.b Skipped Omitted: omitted: depends condition not met",
    ]);
    script.asks(retry()).shows(&[
        "= Running",
        "w DAG Running",
        "w.a Pod Starting",
        "w.c Pod Succeeded",
    ]);
    script.ends("w.a", 0).ends("w.b", 0).shows(&[
        "= Succeeded",
        "w DAG Succeeded",
        "w.a Pod Succeeded",
        "w.c Pod Succeeded",
        "w.b Pod Succeeded",
    ]);
}

/// Only what has ended can be retried, what succeeded only where somebody says which steps, and
/// only if there is something to do.
#[test]
fn what_is_refused() {
    let mut script = Script::of(json!({"entrypoint": "p", "templates": [pod("p")]}));
    let refused = |script: &mut Script, command: Command, answer: (&str, &str)| {
        let before = script.tree();
        script.asks(command);
        assert_eq!(outcome(script), answer);
        assert_eq!(script.tree(), before);
        assert_eq!(script.run().head.others, Vec::<String>::new());
    };
    let running = "workflow w has not ended (Running); it cannot be retried yet";
    refused(&mut script, retry(), ("not-ended", running));
    script.ends("w", 0);
    let succeeded = "workflow w has succeeded; --restart-successful and --node-field-selector name \
                     what of it is carried out again";
    refused(&mut script, retry(), ("succeeded", succeeded));
    let none = "no step of workflow w matches, and none failed";
    let other = retry_of(Some("displayName=other"), &[]);
    refused(&mut script, other, ("nothing-to-retry", none));
    let mut half = retry_of(Some("displayName=w"), &[]);
    if let Command::Retry {
        restart_successful, ..
    } = &mut half
    {
        *restart_successful = false;
    }
    let flag = "a node field selector names steps that are carried out again though they \
                succeeded; it needs --restart-successful";
    refused(&mut script, half, ("selector", flag));
    script.asks(retry_of(Some("displayName=w"), &[]));
    script.shows(&["= Running", "w Pod Starting"]);
}

/// A failed step after which the run went its way stays as it is (Argo's rule), also where more
/// failed later; when there is nothing else, that is told.
#[test]
fn what_was_outlived_stays() {
    let groups = json!([
        [{"name": "a", "template": "p", "continueOn": {"failed": true}}],
        [{"name": "b", "template": "p"}, {"name": "c", "template": "p"}]]);
    let mut script = Script::of(steps(&groups, &[]));
    script
        .ends("w[0].a", 1)
        .ends("w[1].b", 2)
        .ends("w[1].c", 0)
        .ends("w.onExit", 0);
    script.asks(retry()).shows(&[
        "= Running",
        "w Steps Running",
        "w[0] StepGroup Succeeded",
        "w[0].a Pod Failed: main: Error (exit code 1)",
        "w[1] StepGroup Running",
        "w[1].b Pod Starting",
        "w[1].c Pod Succeeded",
    ]);
    let mut script = Script::of(dag(&json!([
        {"name": "a", "template": "p"},
        {"name": "b", "template": "p", "depends": "a"},
        {"name": "c", "template": "p", "depends": "a.Failed"}])));
    script.ends("w.a", 1).ends("w.c", 0);
    assert_eq!(script.tree().lines().next(), Some("= Failed"));
    script.asks(retry());
    let told = "in workflow w every failed step was followed by one that succeeded; \
                --restart-successful and --node-field-selector name what is carried out again";
    assert_eq!(outcome(&script), ("nothing-to-retry", told));
    script.asks(retry_of(Some("displayName=a"), &[])).shows(&[
        "= Running",
        "w DAG Running",
        "w.a Pod Starting",
    ]);
}

/// Steps that succeeded come again where the selector says so, with all that came after them.
#[test]
fn what_succeeded_may_come_again() {
    let groups = json!([
        [{"name": "a", "template": "p"}, {"name": "b", "template": "p"}],
        [{"name": "c", "template": "p"}]]);
    let mut script = Script::of(steps(&groups, &[]));
    script
        .ends("w[0].a", 0)
        .ends("w[0].b", 0)
        .ends("w[1].c", 0)
        .ends("w.onExit", 0);
    script.asks(retry_of(Some("displayName=b"), &[])).shows(&[
        "= Running",
        "w Steps Running",
        "w[0] StepGroup Running",
        "w[0].a Pod Succeeded",
        "w[0].b Pod Starting",
    ]);
    script
        .ends("w[0].b", 0)
        .ends("w[1].c", 0)
        .ends("w.onExit", 0);
    assert_eq!(script.tree().lines().next(), Some("= Succeeded"));
}

/// Only the exit handler failed: it alone comes again.
#[test]
fn a_failed_handler_comes_again() {
    let mut script = Script::of(steps(&json!([[{"name": "a", "template": "p"}]]), &[]));
    script.ends("w[0].a", 0).ends("w.onExit", 1).asks(retry());
    script.shows(&[
        "= Running",
        "w Steps Succeeded",
        "w[0] StepGroup Succeeded",
        "w[0].a Pod Succeeded",
        "w.onExit Pod Starting",
    ]);
    script.ends("w.onExit", 0);
    assert_eq!(script.tree().lines().next(), Some("= Succeeded"));
}

/// A stop, a terminate and a deadline are over with the try that they ended.
#[test]
fn what_ended_it_is_over() {
    let spec = || {
        json!({"entrypoint": "m", "activeDeadlineSeconds": 5, "templates": [
            {"name": "m", "steps": [[{"name": "a", "template": "g"}]]}, gate("g")]})
    };
    for (command, wait) in [(Some(stop()), 0), (Some(terminate()), 0), (None, 5)] {
        let mut script = Script::of(spec());
        match command {
            Some(command) => script.asks(command),
            None => script.wait(wait).rings(None),
        };
        assert!(script.run().head.phase.is_done(), "{}", script.tree());
        script.wait(1).asks(retry());
        let head = &script.run().head;
        assert_eq!((head.shutdown, head.overdue), (None, false));
        let due_ms = START_MS + (wait + 1 + 5) * 1_000;
        assert_eq!(script.run().next_due_ms(), Some(due_ms));
        script.shows(&[
            "= Running",
            "w Steps Running",
            "w[0] StepGroup Running",
            "w[0].a Suspend Suspended",
        ]);
    }
}

/// A strategy has all its tries again. Attempts with steps go on in the last one, so that what
/// succeeded there stays; the earlier ones are forgotten.
#[test]
fn a_strategy_has_its_tries_again() {
    let mut tried = pod("t");
    tried["retryStrategy"] = json!({"limit": 1});
    let mut script = Script::of(json!({"entrypoint": "t", "templates": [tried]}));
    script.ends("w(0)", 1).ends("w(1)", 2).asks(retry());
    script.shows(&["= Running", "w Retry Running", "w(0) Pod Starting"]);
    script.ends("w(0)", 1);
    script.shows(&[
        "= Running",
        "w Retry Running",
        "w(0) Pod Failed: main: Error (exit code 1)",
        "w(1) Pod Starting",
    ]);
    let mut both = json!({"name": "t", "steps": [
        [{"name": "a", "template": "p"}], [{"name": "b", "template": "p"}]]});
    both["retryStrategy"] = json!({"limit": 1});
    let mut script = Script::of(json!({"entrypoint": "t", "templates": [both, pod("p")]}));
    for attempt in ["w(0)", "w(1)"] {
        script
            .ends(&format!("{attempt}[0].a"), 0)
            .ends(&format!("{attempt}[1].b"), 1);
    }
    script.asks(retry()).ends("w(1)[1].b", 1);
    script.shows(&[
        "= Running",
        "w Retry Running",
        "w(1) Steps Failed: child 'w-4259366435' failed",
        "w(1)[0] StepGroup Succeeded",
        "w(1)[0].a Pod Succeeded",
        "w(1)[1] StepGroup Failed: child 'w-4259366435' failed",
        "w(1)[1].b Pod Failed: main: Error (exit code 1)",
        "w(2) Steps Running",
        "w(2)[0] StepGroup Running",
        "w(2)[0].a Pod Starting",
    ]);
}

/// A group that failed by itself is begun anew: in Argo it stays as it is.
#[test]
fn a_group_that_failed_by_itself_begins_anew() {
    let mut heard = pod("h");
    heard["inputs"] = json!({"parameters": [{"name": "x"}]});
    let value = "{{steps.a.outputs.result}} {{steps.a.exitCode}}";
    let argument = json!({"parameters": [{"name": "x", "value": value}]});
    let groups = json!([
        [{"name": "a", "template": "g", "when": "{{workflow.parameters.on}} == yes"}],
        [{"name": "b", "template": "h", "arguments": argument}]]);
    let mut spec = steps(&groups, &[heard, pod("g")]);
    spec["arguments"] = json!({"parameters": [{"name": "on", "value": "no"}]});
    let mut script = Script::of(spec);
    script.ends("w.onExit", 0);
    let end = script.tree();
    assert!(
        end.contains("w[1] StepGroup Error: failed to resolve references"),
        "{end}"
    );
    script.asks(retry());
    assert_eq!(outcome(&script), ("done", "workflow w retried"));
    assert!(
        script.tree().contains("w[1] StepGroup Error"),
        "the same again: {}",
        script.tree()
    );
}
