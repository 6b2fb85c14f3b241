//! What ends a request without a decision: shutdowns, deadlines, a delete; and what comes first
//! when an outcome meets them. Scenarios of the approvals design by their numbers.

use serde_json::json;
use usher_api::approval::Asked;
use usher_api::command::{Command, Outcome};
use usher_core::asks::Closing;
use usher_core::decide::decide;
use usher_core::event::{Event, Stamped};

use crate::approvals::{approved, ask, one, opened};
use crate::script::{START_MS, Script, pod, resume, stop, suspend, terminate};

fn closing(asked: &Asked, reason: &str) -> Closing {
    Closing {
        task: asked.task.clone(),
        reason: reason.to_owned(),
    }
}

/// A terminate closes the request with Argo's text; in the exit handler a stop does not.
#[test]
fn s66_a_shutdown_closes_requests() {
    for (command, reason) in [
        (stop(), "Stopped with strategy 'Stop'"),
        (terminate(), "Stopped with strategy 'Terminate'"),
    ] {
        let mut script = Script::of(one(ask("ask")));
        let asked = opened(&script);
        script.asks(command);
        assert_eq!(script.asks.closes, [closing(&asked, reason)]);
        let node = &script.run().nodes[asked.node as usize];
        assert_eq!(node.message, reason);
        // An outcome that comes all the same is refused.
        script.asks(approved(&asked));
        assert!(matches!(script.outcome, Some(Outcome::Refused { .. })));
    }
    let spec = json!({"entrypoint": "p", "onExit": "ask", "templates": [pod("p"), ask("ask")]});
    let mut script = Script::of(spec);
    script.ends("w", 0);
    let asked = opened(&script);
    script.asks(stop());
    assert!(script.asks.is_empty());
    script.asks(terminate());
    let reason = "Stopped with strategy 'Terminate'";
    assert_eq!(script.asks.closes, [closing(&asked, reason)]);
}

/// A deleted run closes its requests.
#[test]
fn s67_a_delete_closes_requests() {
    let mut script = Script::of(one(ask("ask")));
    let asked = opened(&script);
    script.asks(Command::Delete {
        by: "ada".to_owned(),
    });
    assert_eq!(
        script.asks.closes,
        [closing(&asked, "the workflow was deleted")]
    );
}

/// While `spec.suspend` holds, a stop closes requests at once; an outcome is kept, and the run goes
/// on after a resume.
#[test]
fn s68_a_suspended_run() {
    let mut script = Script::of(one(ask("ask")));
    let asked = opened(&script);
    script.asks(suspend()).asks(stop());
    let reason = "Stopped with strategy 'Stop'";
    assert_eq!(script.asks.closes, [closing(&asked, reason)]);
    script.asks(resume());
    script.ends("w.onExit", 0);
    assert_eq!(script.run().head.phase.word(), "Failed");

    let mut script = Script::of(one(ask("ask")));
    let asked = opened(&script);
    script.asks(suspend()).asks(approved(&asked));
    script.shows(&[
        "= Running",
        "w Steps Running",
        "w[0] StepGroup Running",
        "w[0].a Suspend Succeeded: approved by 1 of 1",
    ]);
    script.asks(resume()).ends("w.onExit", 0);
    assert_eq!(script.run().head.phase.word(), "Succeeded");
}

/// Deadlines of the run and of the node close the request with Argo's text.
#[test]
fn s72_a_deadline_closes_requests() {
    let mut own = ask("ask");
    own["activeDeadlineSeconds"] = json!(60);
    let mut of_run = one(ask("ask"));
    of_run["activeDeadlineSeconds"] = json!(60);
    for (spec, name) in [(one(own), Some("w[0].a")), (of_run, None)] {
        let mut script = Script::of(spec);
        let asked = opened(&script);
        script.wait(60).rings(name);
        let reason = "Step exceeded its deadline";
        assert_eq!(script.asks.closes, [closing(&asked, reason)]);
    }
}

/// An outcome was committed while the node waited, so it comes before a stop and a deadline that
/// the same turn takes: else the turn would close what is decided.
#[test]
fn s51_an_outcome_comes_first() {
    let mut spec = one(ask("ask"));
    spec["activeDeadlineSeconds"] = json!(60);
    let script = Script::of(spec);
    let asked = opened(&script);
    let at_ms = START_MS + 60_000;
    let command = |id, command| Stamped {
        at_ms,
        event: Event::Commanded { id, command },
    };
    let events = vec![
        command(1, stop()),
        Stamped {
            at_ms,
            event: Event::TimerRang { node: None },
        },
        command(2, approved(&asked)),
    ];
    let decision = decide(script.run().clone(), events);
    assert_eq!(decision.asks.closes, []);
    let node = &decision.run.nodes[asked.node as usize];
    assert_eq!(node.message, "approved by 1 of 1");
    let ids: Vec<i64> = decision.answers.iter().map(|answer| answer.id).collect();
    assert_eq!(ids, [2, 1]);
}

/// A request that the same turn opens and ends is never asked.
#[test]
fn what_ends_at_once_is_never_asked() {
    let script = Script::unborn(one(ask("ask")));
    let at = |event| Stamped {
        at_ms: START_MS,
        event,
    };
    let command = terminate();
    let events = vec![
        at(Event::Submitted),
        at(Event::Commanded { id: 1, command }),
    ];
    let decision = decide(script.run().clone(), events);
    assert!(decision.asks.is_empty(), "{:?}", decision.asks);
}

/// Outcomes of one turn are taken together: none of them is closed by what follows of another.
#[test]
fn s51_outcomes_are_taken_together() {
    let spec = json!({"entrypoint": "m", "activeDeadlineSeconds": 60, "templates": [
        {"name": "m", "dag": {"tasks": [
            {"name": "a", "template": "ask"}, {"name": "b", "template": "ask"},
            {"name": "c", "template": "ask"}]}},
        ask("ask")]});
    let script = Script::of(spec);
    let opens = script.asks.opens.clone();
    let at_ms = START_MS + 60_000;
    let event = |id: i64, asked: &Asked| Stamped {
        at_ms,
        event: Event::Commanded {
            id,
            command: approved(asked),
        },
    };
    let events = vec![event(1, &opens[0]), event(2, &opens[1])];
    let decision = decide(script.run().clone(), events);
    let reason = "Step exceeded its deadline";
    assert_eq!(decision.asks.closes, [closing(&opens[2], reason)]);
}
