//! Opening: who is asked, who is not, and what happens when nobody can be.

use serde_json::json;
use usher_notifier_core::decide::{Event, Told};
use usher_notifier_core::people::People;
use usher_notifier_core::task::State;

use crate::desk::{DAY_MS, Desk, OPENED_MS, policy};

/// Persons by the entry that they serve.
fn served(desk: &Desk) -> Vec<Vec<&str>> {
    let person = |slot: &u32| &*desk.task.slots[*slot as usize].person.id;
    let entries = desk.task.entries.iter();
    entries
        .map(|entry| entry.slots.iter().map(person).collect())
        .collect()
}

/// A value that looks like a rule is text: it changes no rule, and the title says it as it is.
#[test]
fn s05_a_value_is_never_a_rule() {
    let mut policy = policy(&["user:sam", "user:bob"], json!("all"), &json!({}));
    policy["title"] = json!("x separation: {requesterMayApprove: true}");
    let mut desk = Desk::new(&policy);
    assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Unroutable);
    let title = &desk.task.asked.policy.title;
    assert_eq!(title, "x separation: {requesterMayApprove: true}");
    assert!(!desk.task.asked.policy.requester_may_approve);
}

/// Everybody is asked once, whatever entries they serve; an address in the directory is its person,
/// one that is not is a person of its own.
#[test]
fn everybody_is_asked_once() {
    let entries = [
        "group:finance",
        "group:legal",
        "user:ANN@example.org",
        "user:zoe@example.net",
    ];
    let desk = Desk::open(&entries, json!("all"));
    assert_eq!(
        served(&desk),
        [
            vec!["ann", "bob", "cid"],
            vec!["bob", "dan"],
            vec!["ann"],
            vec!["zoe@example.net"]
        ]
    );
    assert_eq!(
        desk.mailed("request"),
        [
            "ann@example.org",
            "bob@example.org",
            "cid@example.org",
            "dan@example.org",
            "zoe@example.net"
        ]
    );
    assert_eq!(desk.links.len(), 5);
    assert_eq!(desk.acts(), ["opened"]);
}

/// An empty group never approves: nobody is mailed but the administrators, and the run waits.
#[test]
fn s44_an_empty_group_is_unroutable() {
    let mut desk = Desk::new(&policy(&["group:empty"], json!("all"), &json!({})));
    assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Unroutable);
    assert_eq!(
        desk.task.opening.reason,
        "empty: group `empty` has nobody who may be asked"
    );
    assert_eq!(desk.mailed("alert"), ["admin@example.org"]);
    assert_eq!(desk.mails.len(), 1);
    assert_eq!(desk.verdict, None);
    let text = usher_notifier_core::verdict::waiting(&desk.task);
    assert_eq!(
        text,
        "waiting: nobody can decide: empty: group `empty` has nobody who may be asked"
    );
}

/// A requester who is the only approver cannot be asked, by any of the names there are.
#[test]
fn s45_only_the_requester_is_unroutable() {
    let own = [
        "user:sam",
        "group:mine",
        "user:sam@example.org",
        "user:SAM+boss@example.org",
    ];
    for entry in own {
        let mut desk = Desk::new(&policy(&[entry], json!("all"), &json!({})));
        assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done), "{entry}");
        assert_eq!(desk.task.state, State::Unroutable, "{entry}");
        let reason = &desk.task.opening.reason;
        assert!(
            reason.ends_with(": only who asks for it could approve"),
            "{reason}"
        );
        assert_eq!(desk.mailed("request"), Vec::<&str>::new());
    }
}

/// A requester whom the policy names is barred too, and the submitter is still.
#[test]
fn a_named_requester_is_barred_beside_the_submitter() {
    let more = json!({"requester": "bob@example.org"});
    let desk = Desk::open_with(&["group:finance", "user:dan"], json!("any"), &more);
    assert_eq!(served(&desk), [vec!["ann", "cid"], vec!["dan"]]);
    let requester = desk.task.requester.as_ref().expect("known");
    assert_eq!(requester.id, "bob");
    let mut both = Desk::new(&policy(&["group:mine", "user:bob"], json!("any"), &more));
    assert_eq!(both.does(&Event::Prepare), Ok(Told::Done));
    assert_eq!(both.task.state, State::Unroutable);
}

/// `requesterMayApprove` lifts the bar.
#[test]
fn a_policy_may_let_the_requester_approve() {
    let more = json!({"requesterMayApprove": true});
    let mut desk = Desk::open_with(&["user:sam"], json!("all"), &more);
    assert_eq!(desk.vote("sam", true), Ok(Told::Decided));
    assert_eq!(desk.task.state, State::Approved);
}

/// Each reason why nobody can decide, in words.
#[test]
fn why_nobody_can_decide() {
    let cases = [
        (vec!["group:nobody"], "nobody: there is no group `nobody`"),
        (
            vec!["user:anna"],
            "anna: no person has the id `anna`; did you mean `ann`?",
        ),
        (
            vec!["group:finance*4"],
            "finance: needs 4 persons and has 3",
        ),
        (
            vec!["user:bob in heads"],
            "bob: `bob` is not in group `heads`",
        ),
        (
            vec!["user:zoe@example.net in heads"],
            "zoe@example.net: `zoe@example.net` is not in group `heads`",
        ),
        (
            vec!["user:ann", "user:ann"],
            "1 persons cannot satisfy 2 of 2 entries, one seat each",
        ),
    ];
    for (entries, reason) in cases {
        let mut desk = Desk::new(&policy(&entries, json!("all"), &json!({})));
        assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
        assert_eq!(desk.task.state, State::Unroutable, "{entries:?}");
        assert_eq!(desk.task.opening.reason, reason);
    }
}

/// An address with a line break is no address: nobody is mailed, and the reason is told.
#[test]
fn s79_an_injected_address_is_unroutable() {
    let entry = "user:a@example.org\r\nBcc: x@evil.example";
    let mut desk = Desk::new(&policy(&[entry], json!("all"), &json!({})));
    assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Unroutable);
    assert_eq!(desk.mailed("request"), Vec::<&str>::new());
    assert!(desk.task.opening.reason.contains("is no mail address"));
}

/// Mail goes to allowed domains only.
#[test]
fn s84_a_domain_that_is_not_allowed_gets_no_mail() {
    let mut desk = Desk::new(&policy(&["user:zoe@example.net"], json!("all"), &json!({})));
    desk.rules.domains = vec!["example.org".to_owned()];
    assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Unroutable);
    assert_eq!(
        desk.task.opening.reason,
        "zoe@example.net: mail may not go to `example.net`"
    );
    assert_eq!(desk.mailed("request"), Vec::<&str>::new());
}

/// A group of thousands is a mistake: nobody is mailed.
#[test]
fn s96_a_huge_group_mails_nobody() {
    let mut text = "people:\n".to_owned();
    for number in 0..5_000 {
        text.push_str(&format!(
            "  p{number}: {{address: p{number}@example.org}}\n"
        ));
    }
    text.push_str("groups:\n  all:\n");
    for number in 0..5_000 {
        text.push_str(&format!("  - p{number}\n"));
    }
    let mut desk = Desk::new(&policy(&["group:all"], json!("all"), &json!({})));
    desk.people = Some(People::parse(&text).expect("a people file"));
    assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Unroutable);
    assert_eq!(
        desk.task.opening.reason,
        "5000 persons would be asked, at most 200 may"
    );
    assert_eq!(desk.mailed("request"), Vec::<&str>::new());
}

/// Opening is tried again after 10 s, 20 s, 40 s … 15 min; administrators hear of it once; when the
/// directory yields somebody, they are asked (T8).
#[test]
fn unroutable_is_tried_again() {
    let mut desk = Desk::new(&policy(&["group:empty"], json!("all"), &json!({})));
    assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
    let mut waits = Vec::new();
    for _ in 0..9 {
        let next_ms = desk.task.due_ms().expect("due");
        waits.push((next_ms - desk.now_ms) / 1000);
        desk.now_ms = next_ms - 1;
        assert_eq!(desk.does(&Event::Due), Ok(Told::Nothing));
        desk.now_ms = next_ms;
        assert_eq!(desk.does(&Event::Due), Ok(Told::Done));
    }
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 900, 900]);
    assert_eq!(desk.mailed("alert").len(), 1);
    assert_eq!(desk.acts(), ["stranded"]);
    let people = desk.people.as_mut().expect("people");
    people
        .groups
        .insert("empty".to_owned(), vec!["dan".to_owned()]);
    assert_eq!(desk.does(&Event::PeopleChanged), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Pending);
    assert_eq!(desk.mailed("request"), ["dan@example.org"]);
}

/// A directory that is away is no answer: the task keeps opening, and administrators hear of it
/// after a quarter of an hour (T7).
#[test]
fn a_directory_that_is_away_is_waited_for() {
    let mut desk = Desk::new(&policy(&["user:ann"], json!("all"), &json!({})));
    let people = desk.people.take();
    assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
    while desk.now_ms < OPENED_MS + 15 * 60 * 1000 {
        assert_eq!(desk.task.state, State::Opening);
        assert_eq!(desk.mails, []);
        desk.now_ms = desk.task.due_ms().expect("due");
        assert_eq!(desk.does(&Event::Due), Ok(Told::Done));
    }
    assert_eq!(desk.mailed("alert"), ["admin@example.org"]);
    assert_eq!(desk.task.state, State::Opening);
    desk.people = people;
    desk.now_ms = desk.task.due_ms().expect("due");
    assert_eq!(desk.does(&Event::Due), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Pending);
}

/// What cannot be read ends in error before anybody is mailed.
#[test]
fn a_fault_ends_in_error() {
    let mut desk = Desk::new(&policy(&["user:ann"], json!("all"), &json!({})));
    desk.task.asked.fault = Some("requester: `x@` is no address".to_owned());
    assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Faulted);
    assert_eq!(desk.mails, []);
    let verdict = desk.verdict.as_ref().expect("an outcome");
    assert_eq!(verdict.message, "requester: `x@` is no address");
    assert_eq!(verdict.phase, usher_api::approval::VerdictPhase::Error);
}

/// A link lives thirty days, or until the request times out.
#[test]
fn a_link_ends_with_the_request() {
    let desk = Desk::open(&["user:ann"], json!("all"));
    let ends: Vec<i64> = desk.links.values().map(|(_, end)| *end).collect();
    assert_eq!(ends, [OPENED_MS + 30 * DAY_MS]);
    let more = json!({"timeout": {"when": {"after": DAY_MS}, "result": "fail"}});
    let short = Desk::open_with(&["user:ann"], json!("all"), &more);
    let ends: Vec<i64> = short.links.values().map(|(_, end)| *end).collect();
    assert_eq!(ends, [OPENED_MS + DAY_MS]);
}
