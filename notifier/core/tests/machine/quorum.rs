//! Several approvers: scenarios 36 to 43, and the rules of rejection.

use serde_json::{Value, json};
use usher_notifier_core::decide::{Event, InputFault, InputWrong, Refusal, Told};
use usher_notifier_core::quorum::tally;
use usher_notifier_core::task::{SlotState, State};

use crate::desk::{Desk, entry_of};

/// Two at the same instant: the second is decided anew on the first one's task and hears the
/// outcome; one vote decided.
#[test]
fn s36_one_of_two_completes() {
    let mut desk = Desk::open(&["group:finance"], json!("all"));
    let (ann, bob) = (desk.ballot("ann", true), desk.ballot("bob", true));
    assert_eq!(desk.does(&Event::Vote(ann)), Ok(Told::Decided));
    let late = desk.does(&Event::Vote(bob));
    assert_eq!(late, Err(Refusal::Closed("approved".to_owned())));
    assert_eq!(desk.output("approver"), Some("ann"));
    assert_eq!(desk.output("approvers"), Some(r#"["ann"]"#));
    assert_eq!(desk.acts(), ["opened", "voted"]);
}

/// The same person by two ways is one approval.
#[test]
fn s37_one_person_counts_once() {
    let mut desk = Desk::open(&["group:finance*2"], json!("all"));
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    let mut again = desk.ballot("ann", true);
    "api".clone_into(&mut again.via);
    assert_eq!(desk.does(&Event::Vote(again)), Ok(Told::Counted));
    assert_eq!(desk.task.state, State::Pending);
    assert_eq!(tally(&desk.task).approved, 1);
    assert_eq!(desk.vote("bob", true), Ok(Told::Decided));
}

/// A person in two groups sits where it helps, in either order of votes.
#[test]
fn s38_the_order_of_votes_means_nothing() {
    for order in [
        ["bob", "ann"],
        ["ann", "bob"],
        ["bob", "dan"],
        ["dan", "bob"],
    ] {
        let mut desk = Desk::open(&["group:finance", "group:legal"], json!("all"));
        assert_eq!(desk.vote(order[0], true), Ok(Told::Counted), "{order:?}");
        assert_eq!(desk.vote(order[1], true), Ok(Told::Decided), "{order:?}");
    }
    let mut desk = Desk::open(&["group:finance", "group:legal"], json!("all"));
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    assert_eq!(desk.vote("cid", true), Ok(Told::Counted));
    assert_eq!(tally(&desk.task).filled, [1, 0]);
}

/// A veto ends it: the third's link is taken back, and the third hears that no vote is needed.
#[test]
fn s39_a_veto_ends_it() {
    let mut desk = Desk::open(&["user:ann", "user:bob", "user:cid"], json!("all"));
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    assert_eq!(desk.says("bob", false, "too dear"), Ok(Told::Decided));
    assert_eq!(desk.task.state, State::Rejected);
    assert_eq!(desk.state_of("cid"), SlotState::NotNeeded);
    assert_eq!(desk.mailed("noLongerNeeded"), ["cid@example.org"]);
    assert!(!desk.has_link("cid"));
    assert_eq!(desk.links.len(), 0);
    let verdict = desk.verdict.as_ref().expect("an outcome");
    assert_eq!(verdict.message, "rejected by bob: too dear");
}

/// Out of reach ends it at once, and the reason is told.
#[test]
fn s40_out_of_reach_ends_it() {
    let entries = ["user:ann", "user:bob", "user:cid", "user:dan"];
    let more = json!({"reject": "threshold"});
    let mut desk = Desk::open_with(&entries, json!({"count": 3}), &more);
    assert_eq!(desk.vote("ann", false), Ok(Told::Counted));
    assert_eq!(desk.vote("bob", false), Ok(Told::Decided));
    assert_eq!(desk.task.state, State::Rejected);
    let decided = desk.task.decided.as_ref().expect("decided");
    assert_eq!(decided.reason, "outOfReach");
    let last = entry_of(desk.record.last().expect("recorded"));
    assert_eq!(last["reason"], "outOfReach");
    let verdict = desk.verdict.as_ref().expect("an outcome");
    assert_eq!(
        verdict.message,
        "rejected by bob (approval is out of reach)"
    );
}

/// Percent of the entries, rounded up.
#[test]
fn s41_percent_is_rounded_up() {
    let entries = ["user:ann", "user:bob", "user:cid", "user:dan", "user:eve"];
    let needed = |quorum: Value| {
        let mut desk = Desk::open(&entries, quorum);
        let persons = ["ann", "bob", "cid", "dan", "eve"];
        let votes = persons.iter().map(|person| desk.vote(person, true));
        1 + votes.take_while(|told| *told == Ok(Told::Counted)).count()
    };
    assert_eq!(needed(json!({"percent": 60})), 3);
    assert_eq!(needed(json!({"percent": 61})), 4);
    assert_eq!(needed(json!({"percent": 1})), 1);
    assert_eq!(needed(json!({"percent": 100})), 5);
}

/// Percent of an entry's persons, rounded up.
#[test]
fn percent_of_a_group_is_rounded_up() {
    for (entry, need) in [
        ("group:five*60%", 3),
        ("group:five*61%", 4),
        ("group:finance*1%", 1),
    ] {
        let desk = Desk::open(&[entry], json!("all"));
        assert_eq!(desk.task.entries[0].need, need, "{entry}");
    }
}

/// A changed mind: the last vote counts, and both are kept and recorded.
#[test]
fn s42_the_last_vote_counts() {
    let more = json!({"reject": "threshold"});
    let mut desk = Desk::open_with(&["group:five*3"], json!("all"), &more);
    assert_eq!(desk.says("ann", true, "fine"), Ok(Told::Counted));
    assert_eq!(desk.says("ann", false, "not fine"), Ok(Told::Counted));
    assert_eq!(desk.state_of("ann"), SlotState::Rejected);
    assert_eq!(desk.slot("ann").votes.len(), 2);
    assert_eq!(desk.acts(), ["opened", "voted", "voteChanged"]);
    let counts = tally(&desk.task);
    assert_eq!((counts.approved, counts.rejected), (0, 1));
    assert_eq!(desk.vote("bob", true), Ok(Told::Counted));
    assert_eq!(desk.vote("cid", true), Ok(Told::Counted));
    assert_eq!(desk.vote("dan", true), Ok(Told::Decided));
    assert_eq!(desk.task.state, State::Approved);
    assert_eq!(desk.output("approvers"), Some(r#"["bob","cid","dan"]"#));
}

/// Values that somebody else has signed stay; a rejection is still free.
#[test]
fn s43_signed_values_stay() {
    let more = json!({
        "form": [{"name": "costCentre", "kind": "choice", "options": ["4711", "4712"]}],
        "reject": {"count": 2},
    });
    let mut desk = Desk::open_with(&["group:five*3"], json!("all"), &more);
    assert_eq!(
        desk.fills("ann", true, &[("costCentre", "4711")]),
        Ok(Told::Counted)
    );
    assert_eq!(
        desk.fills("ann", true, &[("costCentre", "4712")]),
        Ok(Told::Counted)
    );
    assert_eq!(
        desk.fills("bob", true, &[("costCentre", "4712")]),
        Ok(Told::Counted)
    );
    let signed = Err(Refusal::Input(vec![InputFault {
        field: "costCentre".to_owned(),
        what: InputWrong::Signed,
    }]));
    assert_eq!(desk.fills("ann", true, &[("costCentre", "4711")]), signed);
    assert_eq!(desk.fills("cid", true, &[("costCentre", "4711")]), signed);
    assert_eq!(desk.fills("cid", true, &[]), signed);
    assert_eq!(desk.fills("ann", false, &[]), Ok(Told::Counted));
    assert_eq!(
        desk.fills("cid", true, &[("costCentre", "4712")]),
        Ok(Told::Counted)
    );
    assert_eq!(
        desk.fills("dan", true, &[("costCentre", "4712")]),
        Ok(Told::Decided)
    );
    assert_eq!(desk.output("costCentre"), Some("4712"));
}

/// N persons must reject; out of reach ends it all the same.
#[test]
fn a_number_of_rejections() {
    let more = json!({"reject": {"count": 2}});
    let mut desk = Desk::open_with(&["group:five"], json!("all"), &more);
    assert_eq!(desk.vote("ann", false), Ok(Told::Counted));
    assert_eq!(desk.vote("bob", false), Ok(Told::Decided));
    assert_eq!(desk.task.decided.as_ref().map(|end| &*end.reason), Some(""));
    let mut small = Desk::open_with(&["group:legal*2"], json!("all"), &more);
    assert_eq!(small.vote("bob", false), Ok(Told::Decided));
    let reason = small.task.decided.as_ref().map(|end| &*end.reason);
    assert_eq!(reason, Some("outOfReach"));
}

/// A required entry is needed whatever the quorum says.
#[test]
fn a_required_entry_is_needed() {
    let mut desk = Desk::open(&["group:finance", "role:cfo!"], json!("any"));
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    assert_eq!(desk.vote("eve", true), Ok(Told::Decided));
}

/// What fills most seats need not satisfy most entries: the machine looks for the seating that
/// approves. Any of: two of legal, or bob alone.
#[test]
fn a_seating_that_approves_is_found() {
    let mut desk = Desk::open(&["group:legal*2", "user:bob"], json!("any"));
    assert_eq!(desk.vote("bob", true), Ok(Told::Decided));
}
