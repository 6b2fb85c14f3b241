//! What a retry asks of people anew, what it takes from them, and how much it does in a turn.

use serde_json::{Value, json};
use usher_api::command::Command;
use usher_core::decide::{NODES_MAX, decide};
use usher_core::effect::Effect;
use usher_core::event::{End, Event, Stamped};
use usher_core::invariant;
use usher_core::project;
use usher_core::run::{Run, decode, encode_head, encode_node};

use crate::again::{dag, outcome, retry, retry_of, steps};
use crate::approvals::{approved, ask, opened};
use crate::script::{START_MS, Script, pod};

/// s71: who said no is asked anew, by another request; the answer to the old one ends nothing.
#[test]
fn s71_a_rejection_is_asked_anew() {
    let mut script = Script::of(json!({"entrypoint": "ask", "templates": [ask("ask")]}));
    let first = opened(&script);
    let mut no = approved(&first);
    if let Command::Settle { verdict, .. } = &mut no {
        verdict.phase = usher_api::approval::VerdictPhase::Failed;
    }
    script.asks(no).asks(retry());
    let second = opened(&script);
    assert_ne!(first.task, second.task);
    assert_eq!(
        (second.submitter.as_str(), second.others.as_slice()),
        ("ada", &["ben".to_owned()][..])
    );
    assert_eq!(script.asks.closes, []);
    script.asks(approved(&first));
    assert_eq!(outcome(&script).0, "not-waiting");
    script.asks(approved(&second));
    script.shows(&["= Succeeded", "w Suspend Succeeded: approved by 1 of 1"]);
}

/// New values of parameters: what is reopened sees them, step groups begin anew, and whatever
/// people agreed to is laid before them again.
#[test]
fn new_parameters_are_seen_and_approved() {
    let mut shows = pod("s");
    shows["container"]["command"] = json!(["c", "{{inputs.parameters.n}}"]);
    shows["inputs"] = json!({"parameters": [{"name": "n"}]});
    let given = json!({"parameters": [{"name": "n", "value": "{{inputs.parameters.n}}"}]});
    let tasks = json!([
        {"name": "ask", "template": "ask"},
        {"name": "other", "template": "p"},
        {"name": "show", "template": "s", "depends": "ask", "arguments": given}]);
    let mut spec = dag(&tasks);
    spec["arguments"] = json!({"parameters": [{"name": "n", "value": "1"}]});
    spec["templates"][0]["inputs"] = json!({"parameters": [{"name": "n"}]});
    for template in [shows, ask("ask")] {
        spec["templates"]
            .as_array_mut()
            .expect("a list")
            .push(template);
    }
    let failed = |spec: &Value| {
        let mut script = Script::of(spec.clone());
        let asked = opened(&script);
        script
            .asks(approved(&asked))
            .ends("w.other", 0)
            .ends("w.show", 1);
        script
    };
    let mut script = failed(&spec);
    script.asks(retry());
    assert!(
        script.asks.is_empty(),
        "an approval stays where nothing else is asked"
    );
    let mut script = failed(&spec);
    script.asks(retry_of(None, &[("n", "2")]));
    let asked = opened(&script);
    script.shows(&[
        "= Running",
        "w DAG Running",
        "w.ask Suspend Suspended: waiting for approval",
        "w.other Pod Succeeded",
    ]);
    script.asks(approved(&asked));
    let work = usher_core::work::of(script.run(), script.ix("w.show")).expect("it has work");
    assert_eq!(work.argv, ["c", "2"]);
    let object = project::object(script.run());
    assert_eq!(
        object["spec"]["arguments"]["parameters"][0]["value"],
        json!("2")
    );
    let groups = json!([[{"name": "a", "template": "p"}, {"name": "b", "template": "p"}]]);
    let mut script = Script::of(steps(&groups, &[]));
    script
        .ends("w[0].a", 0)
        .ends("w[0].b", 1)
        .ends("w.onExit", 0);
    script.asks(retry_of(None, &[("n", "2")])).shows(&[
        "= Running",
        "w Steps Running",
        "w[0] StepGroup Running",
        "w[0].a Pod Starting",
        "w[0].b Pod Starting",
    ]);
}

/// A mail that is written again is another mail, and what comes of the earlier one ends nothing.
#[test]
fn mails_of_both_tries_differ() {
    let mail = json!({"name": "mail", "activeDeadlineSeconds": 5, "plugin": {"mail": {
        "to": "a@example.org", "subject": "s", "text": "t", "wait": "sent"}}});
    let spec = json!({"entrypoint": "mail", "templates": [mail]});
    let mut script = Script::noted(
        spec,
        json!({"usher.flow/notify": "failed: ops@example.org"}),
    );
    script.give(Event::Submitted).wait(5).rings(Some("w"));
    assert_eq!(
        script
            .asks
            .letters
            .iter()
            .map(|l| (l.node, l.round))
            .collect::<Vec<_>>(),
        [(None, 0)]
    );
    script.asks(retry());
    assert_eq!(
        script
            .asks
            .letters
            .iter()
            .map(|l| (l.node, l.round))
            .collect::<Vec<_>>(),
        [(Some(0), 1)]
    );
    let mailed = |round: u32| Command::Mailed {
        by: "usher".to_owned(),
        node: 0,
        round,
        error: None,
    };
    script.asks(mailed(0));
    assert_eq!(
        outcome(&script),
        ("not-waiting", "node 0 waits for no mail")
    );
    script
        .asks(mailed(1))
        .shows(&["= Succeeded", "w Plugin Succeeded"]);
}

fn stamp(event: Event) -> Stamped {
    let at_ms = START_MS;
    Stamped { at_ms, event }
}

/// A run of so many steps side by side that has ended; two of three have failed.
fn many(count: usize) -> Run {
    let call = |n| json!({"name": format!("s{n}"), "template": "p"});
    let calls: Vec<Value> = (0..count).map(call).collect();
    let script = Script::of(json!({"entrypoint": "m", "templates": [
        {"name": "m", "steps": [calls]}, pod("p")]}));
    let finished = |node: u32| Event::PodFinished {
        node,
        launch: 1,
        end: End {
            code: i32::from(!node.is_multiple_of(3)),
            message: None,
            result: None,
            finished_ms: START_MS,
        },
    };
    let ends = (2..).take(count).map(finished).map(stamp);
    let mut run = decide(script.run().clone(), ends.collect()).run;
    while run.goes_on() {
        run = decide(run, vec![stamp(Event::Continued)]).run;
    }
    assert!(run.head.phase.is_done());
    run
}

/// The run as an engine reads it that has just started.
fn read_again(run: &Run) -> Run {
    let rows = (0..).zip(&run.nodes);
    let rows: Vec<_> = rows.map(|(ix, node)| (ix, encode_node(node))).collect();
    decode(run.plan.clone(), &encode_head(run), &rows).expect("it can be read")
}

/// More than a turn may change: it takes several, nothing else goes on before, and an engine that
/// dies between two of them goes on from the rows.
#[test]
fn many_nodes_take_many_turns() {
    let count = 3 * NODES_MAX;
    let mut run = many(count);
    let command = retry();
    let mut next = Some(Event::Commanded { id: 1, command });
    let mut turns = 0;
    while let Some(event) = next.take() {
        let decision = decide(run, vec![stamp(event)]);
        assert!(decision.changed.len() <= NODES_MAX);
        assert_eq!(invariant::broken(&decision.run), Vec::<String>::new());
        let is_launch = |effect: &Effect| matches!(effect, Effect::LaunchPod { .. });
        let launches = decision.effects.iter().any(is_launch);
        assert!(!launches || decision.run.head.again.is_none(), "too early");
        let goes_on = decision.effects.contains(&Effect::Continue);
        next = goes_on.then_some(Event::Continued);
        run = read_again(&decision.run);
        turns += 1;
    }
    assert!(turns >= 4, "{turns} turns");
    let live = run.index.live.len();
    assert_eq!((live, run.nodes.len()), (2 * NODES_MAX, count + 2));
}
