//! Persons who leave, and persons who may not vote though they are asked.

use serde_json::json;
use usher_api::approval::Level;
use usher_notifier_core::decide::{Event, Refusal, Told, slot_of};
use usher_notifier_core::task::{SlotState, State};

use crate::desk::Desk;

/// A disabled person: the vote is refused, the slot removed, the rest goes on; what is out of reach
/// because people are gone is not rejected.
#[test]
fn s73_a_disabled_person_may_not_vote() {
    let mut desk = Desk::open(&["group:finance*2"], json!("all"));
    desk.disable("cid");
    assert_eq!(desk.vote("cid", true), Err(Refusal::NotEntitled));
    assert_eq!(desk.does(&Event::PeopleChanged), Ok(Told::Done));
    assert_eq!(desk.state_of("cid"), SlotState::Removed);
    assert!(!desk.has_link("cid"));
    assert_eq!(desk.task.state, State::Pending);
    assert_eq!(desk.vote("cid", true), Err(Refusal::SlotClosed));
    assert_eq!(desk.does(&Event::PeopleChanged), Ok(Told::Nothing));
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    desk.disable("bob");
    assert_eq!(desk.does(&Event::PeopleChanged), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Unroutable);
    assert_eq!(desk.verdict, None);
    assert_eq!(desk.mailed("alert"), ["admin@example.org"]);
    assert_eq!(
        desk.acts(),
        ["opened", "removed", "voted", "removed", "stranded"]
    );
}

/// Whoever comes back is asked again, by a new link; a vote that was given still counts.
#[test]
fn who_comes_back_is_asked_again() {
    let mut desk = Desk::open(&["group:finance*2"], json!("all"));
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    for person in ["ann", "bob", "cid"] {
        desk.disable(person);
    }
    assert_eq!(desk.does(&Event::PeopleChanged), Ok(Told::Done));
    assert_eq!(desk.state_of("ann"), SlotState::Approved);
    assert_eq!(desk.task.state, State::Unroutable);
    desk.people = Some(crate::desk::people());
    assert_eq!(desk.does(&Event::PeopleChanged), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Pending);
    assert_eq!(desk.state_of("bob"), SlotState::Open);
    assert_eq!(desk.mailed("request").len(), 5);
    assert_eq!(desk.vote("bob", true), Ok(Told::Decided));
    assert_eq!(desk.output("approvers"), Some(r#"["ann","bob"]"#));
}

/// Somebody new in the group helps where people are missing.
#[test]
fn a_successor_is_asked() {
    let mut desk = Desk::open(&["group:heads"], json!("all"));
    let people = desk.people.as_mut().expect("people");
    people
        .groups
        .insert("heads".to_owned(), vec!["eve".to_owned()]);
    assert_eq!(desk.vote("ann", true), Err(Refusal::NotEntitled));
    assert_eq!(desk.does(&Event::PeopleChanged), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Unroutable);
    desk.now_ms = desk.task.due_ms().expect("due");
    assert_eq!(desk.does(&Event::Due), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Pending);
    assert_eq!(desk.vote("eve", true), Ok(Told::Decided));
}

/// Whoever has left one of two groups votes for the other.
#[test]
fn a_vote_counts_for_the_groups_of_now() {
    let mut desk = Desk::open(&["group:finance", "group:legal"], json!("any"));
    let people = desk.people.as_mut().expect("people");
    people
        .groups
        .insert("legal".to_owned(), vec!["dan".to_owned()]);
    assert_eq!(desk.vote("bob", true), Ok(Told::Decided));
    let text = crate::desk::entry_of(desk.record.last().expect("recorded"));
    assert_eq!(text["meaning"], "approved as finance");
}

/// In a stranded request a veto still ends it, and an approval is kept.
#[test]
fn a_stranded_request_takes_votes() {
    let mut desk = Desk::open(&["user:ann", "user:bob", "user:cid"], json!("all"));
    desk.disable("cid");
    assert_eq!(desk.does(&Event::PeopleChanged), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Unroutable);
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    assert_eq!(desk.task.state, State::Unroutable);
    assert_eq!(desk.vote("bob", false), Ok(Told::Decided));
    assert_eq!(desk.task.state, State::Rejected);
}

/// The submitter in the group: refused with the same reason by every way.
#[test]
fn s87_the_requester_may_not_approve() {
    let mut desk = Desk::open(&["group:finance"], json!("any"));
    let people = desk.people.clone().expect("people");
    assert_eq!(
        slot_of(&desk.task, "sam", &people),
        Err(Refusal::Separation)
    );
    assert_eq!(slot_of(&desk.task, "zoe", &people), Err(Refusal::NotAsked));
    assert_eq!(slot_of(&desk.task, "bob", &people), Ok(1));
    // The account is mapped to a person only later: a slot is there, and is refused all the same.
    let people = desk.people.as_mut().expect("people");
    people
        .accounts
        .insert("sam-login".to_owned(), "bob".to_owned());
    for (via, level, person) in [
        ("link", Level::Link, None),
        ("link", Level::Code, None),
        ("api", Level::Account, Some("bob")),
        ("cli", Level::Account, Some("bob")),
    ] {
        let mut ballot = desk.ballot("bob", true);
        via.clone_into(&mut ballot.via);
        ballot.level = level;
        ballot.person = person.map(str::to_owned);
        assert_eq!(desk.does(&Event::Vote(ballot)), Err(Refusal::Separation));
    }
    assert_eq!(desk.does(&Event::PeopleChanged), Ok(Told::Done));
    assert_eq!(desk.state_of("bob"), SlotState::Removed);
}

/// Whoever submitted the run that this one repeats, and whoever retried it, is barred by every way
/// as the submitter is; the record says who all had it run.
#[test]
fn s88_every_submitter_is_barred() {
    let mut desk = Desk::new(&crate::desk::policy(
        &["group:finance"],
        json!("any"),
        &json!({}),
    ));
    desk.task.asked.others = vec!["ann-login".to_owned(), "later-login".to_owned()];
    assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
    let asked: Vec<&str> = desk
        .task
        .slots
        .iter()
        .map(|slot| &*slot.person.id)
        .collect();
    assert_eq!(asked, ["bob", "cid"]);
    let people = desk.people.clone().expect("people");
    for barred in ["ann", "sam"] {
        assert_eq!(
            slot_of(&desk.task, barred, &people),
            Err(Refusal::Separation)
        );
    }
    let opened = crate::desk::entry_of(desk.record.first().expect("recorded"));
    let accounts = json!(["sam-login", "ann-login", "later-login"]);
    assert_eq!(
        (&opened["action"], &opened["submitters"]),
        (&json!("opened"), &accounts)
    );
    // The account is mapped to a person only later: a slot is there, and is refused all the same.
    let people = desk.people.as_mut().expect("people");
    people
        .accounts
        .insert("later-login".to_owned(), "bob".to_owned());
    for (via, level, person) in [
        ("link", Level::Link, None),
        ("api", Level::Account, Some("bob")),
        ("cli", Level::Account, Some("bob")),
    ] {
        let mut ballot = desk.ballot("bob", true);
        via.clone_into(&mut ballot.via);
        ballot.level = level;
        ballot.person = person.map(str::to_owned);
        assert_eq!(desk.does(&Event::Vote(ballot)), Err(Refusal::Separation));
    }
    assert_eq!(desk.vote("cid", true), Ok(Told::Decided));
    let names = usher_notifier_core::texts::story::other_submitter(&desk.task);
    assert_eq!(names.as_deref(), Some("sam-login, ann-login, later-login"));
}

/// An approver who is only an address is the requester if the address is, `+tag` or not.
#[test]
fn s87_an_address_does_not_hide_the_requester() {
    let more = json!({"requester": "Zoe@Example.net"});
    let entries = ["user:zoe+x@example.net", "group:finance"];
    let desk = Desk::open_with(&entries, json!("any"), &more);
    let ids: Vec<&str> = desk
        .task
        .slots
        .iter()
        .map(|slot| &*slot.person.id)
        .collect();
    assert_eq!(ids, ["ann", "bob", "cid"]);
    let fault = desk.task.entries[0].fault.as_deref();
    assert_eq!(fault, Some("only who asks for it could approve"));
}

/// Without a directory no vote is taken, and none is lost in silence.
#[test]
fn a_vote_waits_for_the_directory() {
    let mut desk = Desk::open(&["user:ann"], json!("all"));
    let people = desk.people.take();
    assert_eq!(desk.vote("ann", true), Err(Refusal::NoDirectory));
    assert_eq!(desk.does(&Event::PeopleChanged), Ok(Told::Nothing));
    desk.people = people;
    assert_eq!(desk.vote("ann", true), Ok(Told::Decided));
}

/// Mail that came back flags the slot and tells administrators; it is no vote.
#[test]
fn s57_undeliverable_is_no_vote() {
    let mut desk = Desk::open(&["user:ann", "user:bob"], json!("all"));
    let event = Event::Undeliverable {
        slot: desk.number("bob"),
        why: "550 5.1.1 no such user".to_owned(),
    };
    assert_eq!(desk.does(&event), Ok(Told::Done));
    assert_eq!(desk.does(&event), Ok(Told::Nothing));
    assert!(desk.slot("bob").undeliverable);
    assert_eq!(desk.task.state, State::Pending);
    assert_eq!(desk.mailed("alert"), ["admin@example.org"]);
    assert_eq!(desk.vote("bob", true), Ok(Told::Counted));
}
