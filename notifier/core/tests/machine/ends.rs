//! How a task ends: what the run gets, and who is told.

use serde_json::{Value, json};
use usher_api::approval::VerdictPhase as Phase;
use usher_notifier_core::decide::{Event, Refusal, Told};
use usher_notifier_core::task::State;
use usher_notifier_core::verdict::{VOTES_BYTES, votes};

use crate::desk::{DAY_MS, Desk, OPENED_MS, entry_of};

fn verdict(desk: &Desk) -> (Phase, &str, bool) {
    let verdict = desk.verdict.as_ref().expect("an outcome");
    (verdict.phase, &verdict.message, verdict.may_retry)
}

/// An approval, with every output that there is.
#[test]
fn s07_an_approval_and_its_outputs() {
    let mut desk = Desk::open(&["group:finance*2"], json!("all"));
    desk.now_ms += 60_000;
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    desk.now_ms += 1;
    assert_eq!(desk.says("bob", true, "fine"), Ok(Told::Decided));
    assert_eq!(
        verdict(&desk),
        (Phase::Succeeded, "approved by 2 of 3", false)
    );
    let vote = |person: &str, comment: &str, at: &str| {
        json!({
            "stage": 0, "round": 1, "person": person, "onBehalfOf": null,
            "decision": "approved", "kind": "approve", "comment": comment, "values": {},
            "at": at, "channel": "link", "level": "link",
        })
    };
    let wanted = [
        ("approver", "bob".to_owned()),
        ("approvers", r#"["ann","bob"]"#.to_owned()),
        ("comment", "fine".to_owned()),
        ("decidedAt", "2026-03-01T10:01:00.001Z".to_owned()),
        ("decidedVia", "votes".to_owned()),
        ("decision", "approved".to_owned()),
        ("round", "1".to_owned()),
    ];
    for (name, value) in wanted {
        assert_eq!(desk.output(name), Some(&*value), "{name}");
    }
    let list: Value = serde_json::from_str(desk.output("votes").expect("votes")).expect("JSON");
    let all = json!([
        vote("ann", "", "2026-03-01T10:01:00.000Z"),
        vote("bob", "fine", "2026-03-01T10:01:00.001Z"),
    ]);
    assert_eq!(list, all);
}

/// Only outputs that the template supplies are given.
#[test]
fn only_supplied_outputs_are_given() {
    let mut desk = Desk::open(&["user:ann"], json!("all"));
    desk.task.asked.supplies = vec!["decision".to_owned()];
    assert_eq!(desk.says("ann", true, "fine"), Ok(Told::Decided));
    let outputs = &desk.verdict.as_ref().expect("an outcome").outputs;
    let given: Vec<(&str, &str)> = outputs.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(given, [("decision", "approved")]);
}

/// A rejection fails the node; its message names it, outputs are set all the same.
#[test]
fn s08_a_rejection_fails_the_node() {
    let mut desk = Desk::open(&["user:ann"], json!("all"));
    let comment = format!("no\n{}", "x".repeat(300));
    assert_eq!(desk.says("ann", false, &comment), Ok(Told::Decided));
    let message = format!("rejected by ann: no {}", "x".repeat(197));
    assert_eq!(verdict(&desk), (Phase::Failed, &*message, false));
    assert_eq!(desk.output("decision"), Some("rejected"));
    assert_eq!(desk.output("comment"), Some(&*comment));
    assert_eq!(desk.output("approvers"), Some("[]"));
}

/// With `onReject: continue` the node succeeds and `decision` tells.
#[test]
fn s09_a_rejection_may_continue() {
    let more = json!({"onReject": "continue"});
    let mut desk = Desk::open_with(&["user:ann"], json!("all"), &more);
    assert_eq!(desk.vote("ann", false), Ok(Told::Decided));
    assert_eq!(verdict(&desk), (Phase::Succeeded, "rejected by ann", false));
    assert_eq!(desk.output("decision"), Some("rejected"));
}

/// A rejection is final, unless the policy says that a retry asks again.
#[test]
fn s10_a_rejection_is_final() {
    for (again, may_retry) in [(false, false), (true, true)] {
        let more = json!({ "retryOnReject": again });
        let mut desk = Desk::open_with(&["user:ann"], json!("all"), &more);
        assert_eq!(desk.vote("ann", false), Ok(Told::Decided));
        assert_eq!(
            verdict(&desk),
            (Phase::Failed, "rejected by ann", may_retry)
        );
    }
    let more = json!({"retryOnReject": true});
    let mut desk = Desk::open_with(&["user:ann"], json!("all"), &more);
    let by = "sam-login".to_owned();
    assert_eq!(desk.does(&Event::Withdraw { by }), Ok(Told::Decided));
    assert_eq!(
        verdict(&desk),
        (Phase::Failed, "withdrawn by requester", false)
    );
}

/// The table "result to node phase" for silence, row by row.
#[test]
fn what_silence_does_to_the_node() {
    let no_answer = "no answer within 1d12h";
    let cases = [
        ("reject", "fail", Phase::Failed, no_answer, "rejected"),
        (
            "reject",
            "continue",
            Phase::Succeeded,
            no_answer,
            "rejected",
        ),
        ("fail", "fail", Phase::Failed, no_answer, "timedOut"),
        ("fail", "continue", Phase::Failed, no_answer, "timedOut"),
        ("continue", "fail", Phase::Succeeded, no_answer, "timedOut"),
        (
            "continue",
            "continue",
            Phase::Succeeded,
            no_answer,
            "timedOut",
        ),
        (
            "approve",
            "fail",
            Phase::Succeeded,
            "approved by time limit",
            "approved",
        ),
        (
            "approve",
            "continue",
            Phase::Succeeded,
            "approved by time limit",
            "approved",
        ),
    ];
    for (result, on_reject, phase, message, decision) in cases {
        let after = DAY_MS + DAY_MS / 2;
        let more = json!({
            "timeout": {"when": {"after": after}, "result": result}, "onReject": on_reject,
        });
        let mut desk = Desk::new(&crate::desk::policy(&["user:ann"], json!("all"), &more));
        desk.rules.allow_approve_on_timeout = true;
        assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
        desk.now_ms = OPENED_MS + after;
        assert_eq!(desk.does(&Event::Due), Ok(Told::Decided));
        assert_eq!(desk.task.state, State::TimedOut);
        assert_eq!(
            verdict(&desk),
            (phase, message, false),
            "{result} {on_reject}"
        );
        assert_eq!(
            desk.output("decision"),
            Some(decision),
            "{result} {on_reject}"
        );
        assert_eq!(desk.output("decidedVia"), Some("timeout"));
        assert_eq!(desk.output("approver"), Some("system:timeout"));
    }
}

/// The run that ends a task hears nothing of it; who was asked does.
#[test]
fn s66_a_stopped_run_needs_no_vote() {
    let mut desk = Desk::open(&["user:ann", "user:bob"], json!("all"));
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    let reason = "workflow shutdown with strategy: Terminate".to_owned();
    let closed = Event::Closed { reason };
    assert_eq!(desk.does(&closed), Ok(Told::Decided));
    assert_eq!(desk.task.state, State::Cancelled);
    assert_eq!(desk.verdict, None);
    assert_eq!(desk.mailed("noLongerNeeded"), ["bob@example.org"]);
    assert_eq!(desk.links.len(), 0);
    assert_eq!(
        desk.vote("bob", true),
        Err(Refusal::Closed("cancelled".to_owned()))
    );
    assert_eq!(desk.does(&closed), Ok(Told::Nothing));
    assert_eq!(desk.acts(), ["opened", "voted", "cancelled"]);
}

/// An override: by who is listed, with a reason; voters and the requester are told.
#[test]
fn s70_an_override_is_seen_by_all() {
    let mut desk = Desk::open(&["user:ann", "user:bob"], json!("all"));
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    let event = |by: &str, reason: &str| Event::Override {
        by: by.to_owned(),
        approves: true,
        reason: reason.to_owned(),
    };
    let refused = |text: &str| Err(Refusal::NotAllowed(text.to_owned()));
    let listed = "account `ann-login` is not among `overriders` of the people file";
    assert_eq!(desk.does(&event("ann-login", "why not")), refused(listed));
    let reasoned = "an override needs a reason";
    assert_eq!(desk.does(&event("root-login", " ")), refused(reasoned));
    assert_eq!(
        desk.does(&event("root-login", "year's end")),
        Ok(Told::Decided)
    );
    assert_eq!(desk.task.state, State::Overridden);
    let message = "overridden by root: approved: year's end";
    assert_eq!(verdict(&desk), (Phase::Succeeded, message, false));
    assert_eq!(desk.output("decidedVia"), Some("override"));
    assert_eq!(desk.output("comment"), Some("year's end"));
    assert_eq!(
        desk.mailed("outcome"),
        ["ann@example.org", "sam@example.org"]
    );
    assert_eq!(desk.mailed("noLongerNeeded"), ["bob@example.org"]);
    let last = entry_of(desk.record.last().expect("recorded"));
    assert_eq!(last["action"], "overridden");
    assert_eq!(last["actor"], "root");
    assert_eq!(last["reason"], "year's end");
}

/// An override against it fails the node, whatever `onReject` says; it helps where nobody can
/// decide.
#[test]
fn an_override_ends_what_is_stuck() {
    let more = json!({"onReject": "continue"});
    let mut desk = Desk::new(&crate::desk::policy(&["group:empty"], json!("all"), &more));
    assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
    let event = Event::Override {
        by: "root-login".to_owned(),
        approves: false,
        reason: "nobody there".to_owned(),
    };
    assert_eq!(desk.does(&event), Ok(Told::Decided));
    let message = "overridden by root: rejected: nobody there";
    assert_eq!(verdict(&desk), (Phase::Failed, message, false));
}

/// The requester may withdraw, nobody else; approvers are told.
#[test]
fn s95_the_requester_withdraws() {
    let more = json!({"requester": "dan"});
    let withdraw = |by: &str| Event::Withdraw { by: by.to_owned() };
    let only = "only who asks for an approval may withdraw it".to_owned();
    for by in ["sam-login", "dan-login"] {
        let mut desk = Desk::open_with(&["user:ann"], json!("all"), &more);
        let refused = Err(Refusal::NotAllowed(only.clone()));
        assert_eq!(desk.does(&withdraw("ann-login")), refused);
        assert_eq!(desk.does(&withdraw(by)), Ok(Told::Decided));
        assert_eq!(desk.task.state, State::Cancelled);
        assert_eq!(desk.mailed("noLongerNeeded"), ["ann@example.org"]);
        assert_eq!(desk.output("decision"), Some("withdrawn"));
    }
}

/// The list of votes never grows past its bound: the oldest texts go first, and that is said.
#[test]
fn many_long_votes_are_cut() {
    let more = json!({"reject": "threshold"});
    let mut desk = Desk::open_with(&["group:five*2"], json!("all"), &more);
    for number in 0..40 {
        let comment = format!("{number} {}", "x".repeat(3_990));
        assert_eq!(
            desk.says("ann", number % 2 == 0, &comment),
            Ok(Told::Counted)
        );
    }
    let text = votes(&desk.task);
    assert!(text.len() <= VOTES_BYTES, "{} bytes", text.len());
    let list: Value = serde_json::from_str(&text).expect("JSON");
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), 40);
    assert_eq!(list[0]["truncated"], true);
    assert_eq!(list[0]["comment"], "");
    assert_eq!(list[39].get("truncated"), None);
    assert!(
        list[39]["comment"]
            .as_str()
            .is_some_and(|text| text.starts_with("39 x"))
    );
}

/// Everybody who votes gets a receipt, and the requester hears how it ended.
#[test]
fn receipts_and_outcome() {
    let mut desk = Desk::open(&["group:finance*2"], json!("all"));
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    assert_eq!(desk.vote("bob", true), Ok(Told::Decided));
    let receipts = ["ann@example.org", "ann@example.org", "bob@example.org"];
    assert_eq!(desk.mailed("receipt"), receipts);
    assert_eq!(desk.mailed("outcome"), ["sam@example.org"]);
    let keys: Vec<&str> = desk.mails.iter().map(|post| &*post.key).collect();
    assert_eq!(
        keys,
        [
            "task-1/0/request/1/1",
            "task-1/1/request/1/1",
            "task-1/2/request/1/1",
            "task-1/0/receipt/1/1",
            "task-1/0/receipt/2/1",
            "task-1/1/receipt/1/1",
            "task-1/2/noLongerNeeded/1/1",
            "task-1/-/outcome/1/1",
        ]
    );
}
