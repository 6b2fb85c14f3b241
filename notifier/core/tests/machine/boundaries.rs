//! The checks of the gate one by one, and the limits of links and codes.

use serde_json::json;
use usher_api::approval::Level;
use usher_notifier_core::decide::{Ballot, Event, Refusal, Told};
use usher_notifier_core::recipe::Recipe;
use usher_notifier_core::task::{SlotState, State};

use crate::desk::{DAY_MS, Desk, OPENED_MS};

const HOUR_MS: i64 = 3_600_000;

fn ballot_but(desk: &Desk, change: impl FnOnce(&mut Ballot)) -> Event {
    let mut ballot = desk.ballot("ann", true);
    change(&mut ballot);
    Event::Vote(ballot)
}

/// The same form posted twice is one vote, also after it decided, whatever else is in it.
#[test]
fn s18_a_double_click_is_one_vote() {
    let mut desk = Desk::open(&["user:ann"], json!("all"));
    let ballot = desk.ballot("ann", true);
    assert_eq!(desk.does(&Event::Vote(ballot.clone())), Ok(Told::Decided));
    let task = desk.task.clone();
    assert_eq!(desk.does(&Event::Vote(ballot.clone())), Ok(Told::Again));
    let mut other = ballot;
    other.approves = Some(false);
    assert_eq!(desk.does(&Event::Vote(other)), Ok(Told::Again));
    assert_eq!(desk.task, task);
}

/// After the end every further vote hears the outcome, and nothing changes.
#[test]
fn s19_a_decided_task_stays() {
    let mut desk = Desk::open(&["user:ann"], json!("all"));
    assert_eq!(desk.vote("ann", true), Ok(Told::Decided));
    let task = desk.task.clone();
    let late = desk.vote("ann", false);
    assert_eq!(late, Err(Refusal::Closed("approved".to_owned())));
    assert_eq!(desk.task, task);
}

/// What was not shown is not signed: another round or other content is outdated.
#[test]
fn s26_an_outdated_page_is_refused() {
    let mut desk = Desk::open(&["user:ann"], json!("all"));
    let round = ballot_but(&desk, |ballot| ballot.round = 2);
    assert_eq!(desk.does(&round), Err(Refusal::Outdated));
    let digest = ballot_but(&desk, |ballot| ballot.digest = "0".repeat(64));
    assert_eq!(desk.does(&digest), Err(Refusal::Outdated));
    assert_eq!(desk.vote("ann", true), Ok(Told::Decided));
}

/// Another person's vote does not outdate one's open page.
#[test]
fn s27_an_older_page_still_counts() {
    let mut desk = Desk::open(&["user:ann", "user:bob"], json!("all"));
    let page = desk.ballot("bob", true);
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    assert_eq!(desk.does(&Event::Vote(page)), Ok(Told::Decided));
}

/// The content of a request gives its digest: title, facts, form, policy.
#[test]
fn the_digest_is_of_all_that_is_shown() {
    let digest = usher_notifier_core::digest::digest;
    let desk = Desk::open(&["user:ann"], json!("all"));
    let asked = &desk.task.asked;
    assert_eq!(digest(asked), desk.task.digest);
    let mut title = asked.clone();
    title.policy.title.push('!');
    let mut fact = asked.clone();
    fact.facts[0].value = "12001".to_owned();
    let mut rule = asked.clone();
    rule.policy.requester_may_approve = true;
    for other in [title, fact, rule] {
        assert_ne!(digest(&other), desk.task.digest);
    }
    let mut later = asked.clone();
    later.opened_ms += 1;
    assert_eq!(digest(&later), desk.task.digest);
}

/// The first check that fails is the answer, in the order of the design.
#[test]
fn the_order_of_checks() {
    let mut desk = Desk::open(&["group:finance"], json!("all"));
    desk.rules.auth = Level::Code;
    let all_wrong = |desk: &Desk, fixed: u32| {
        ballot_but(desk, |ballot| {
            if fixed < 1 {
                ballot.round = 9;
            }
            if fixed >= 2 {
                ballot.level = Level::Code;
            }
            if fixed < 3 {
                ballot.person = Some("bob".to_owned());
            }
            if fixed < 6 {
                ballot.approves = None;
            }
            if fixed < 7 {
                ballot.digest = String::new();
            }
        })
    };
    let event = all_wrong(&desk, 0);
    assert_eq!(desk.does(&event), Err(Refusal::Outdated));
    let event = all_wrong(&desk, 1);
    assert_eq!(desk.does(&event), Err(Refusal::LevelTooLow(Level::Code)));
    let event = all_wrong(&desk, 2);
    assert_eq!(desk.does(&event), Err(Refusal::NotAsked));
    let people = desk.people.as_mut().expect("people");
    people
        .accounts
        .insert("sam-login".to_owned(), "ann".to_owned());
    desk.disable("ann");
    let event = all_wrong(&desk, 3);
    assert_eq!(desk.does(&event), Err(Refusal::NotEntitled));
    desk.people.as_mut().expect("people").disabled.clear();
    let event = all_wrong(&desk, 4);
    assert_eq!(desk.does(&event), Err(Refusal::Separation));
    desk.people = Some(crate::desk::people());
    let event = all_wrong(&desk, 5);
    assert!(matches!(desk.does(&event), Err(Refusal::Input(_))));
    let event = all_wrong(&desk, 6);
    assert_eq!(desk.does(&event), Err(Refusal::Outdated));
    let event = all_wrong(&desk, 7);
    assert_eq!(desk.does(&event), Ok(Told::Decided));
}

/// Policy and installation each may raise the proof; neither lowers the other's.
#[test]
fn proof_is_the_greater_of_both() {
    let cases = [
        (Some("link"), Level::Code, Level::Code),
        (Some("account"), Level::Link, Level::Account),
        (None, Level::Code, Level::Code),
        (None, Level::Link, Level::Link),
    ];
    for (auth, rule, wanted) in cases {
        let more = json!({ "auth": auth });
        let mut desk = Desk::open_with(&["user:ann"], json!("all"), &more);
        desk.rules.auth = rule;
        let level = usher_notifier_core::decide::required_level(&desk.task, &desk.rules);
        assert_eq!(level, wanted);
        if wanted > Level::Link {
            assert_eq!(desk.vote("ann", true), Err(Refusal::LevelTooLow(wanted)));
        }
    }
}

/// Level account takes the person at the socket, and no other.
#[test]
fn an_account_votes_for_its_own_slot() {
    let mut desk = Desk::open(&["user:ann", "user:bob"], json!("any"));
    for person in [None, Some("bob")] {
        let event = ballot_but(&desk, |ballot| {
            ballot.level = Level::Account;
            ballot.person = person.map(str::to_owned);
        });
        assert_eq!(desk.does(&event), Err(Refusal::NotAsked));
    }
    let event = ballot_but(&desk, |ballot| {
        ballot.level = Level::Account;
        ballot.person = Some("ann".to_owned());
    });
    assert_eq!(desk.does(&event), Ok(Told::Decided));
}

/// A mailed code: right once, five tries, ten minutes, three an hour; a newer one replaces it.
#[test]
fn s16_codes_are_limited() {
    let mut desk = Desk::open(&["user:ann"], json!("all"));
    let send = Event::SendCode { slot: 0 };
    let attempt = |ordinal, right| Event::TryCode {
        slot: 0,
        ordinal,
        right,
    };
    assert_eq!(desk.does(&attempt(1, true)), Err(Refusal::NoCode));
    assert_eq!(desk.does(&send), Ok(Told::Done));
    for left in [4, 3, 2, 1, 0] {
        assert_eq!(desk.does(&attempt(1, false)), Ok(Told::WrongCode(left)));
    }
    assert_eq!(desk.does(&attempt(1, true)), Err(Refusal::NoCode));
    assert_eq!(desk.does(&send), Ok(Told::Done));
    assert_eq!(desk.does(&attempt(1, true)), Err(Refusal::NoCode));
    assert_eq!(desk.does(&attempt(2, true)), Ok(Told::Done));
    assert_eq!(desk.does(&attempt(2, true)), Err(Refusal::NoCode));
    assert_eq!(desk.does(&send), Ok(Told::Done));
    assert_eq!(desk.does(&send), Err(Refusal::TooOften));
    desk.now_ms += 10 * 60 * 1000;
    assert_eq!(desk.does(&attempt(3, true)), Err(Refusal::NoCode));
    desk.now_ms = OPENED_MS + HOUR_MS;
    assert_eq!(desk.does(&send), Ok(Told::Done));
    let ordinals: Vec<u32> = desk
        .mails
        .iter()
        .filter_map(|post| match post.recipe {
            Recipe::Code { ordinal, .. } => Some(ordinal),
            _ => None,
        })
        .collect();
    assert_eq!(ordinals, [1, 2, 3, 4]);
    assert_eq!(desk.mailed("code"), ["ann@example.org"; 4]);
}

/// A fresh link for an expired one; who asks again gets the same one again, three mails a day. The
/// old one is dead, and the mail goes to the slot.
#[test]
fn s22_an_expired_link_is_renewed() {
    let mut desk = Desk::open(&["user:ann"], json!("all"));
    let renew = Event::Renew { slot: 0 };
    let first = desk.links.clone();
    desk.now_ms = OPENED_MS + 31 * DAY_MS;
    assert_eq!(desk.does(&renew), Ok(Told::Done));
    let second = desk.links.clone();
    assert!(second.keys().all(|id| !first.contains_key(id)));
    assert_eq!(desk.does(&renew), Ok(Told::Done));
    assert_eq!(desk.does(&renew), Ok(Told::Done));
    assert_eq!(desk.does(&renew), Err(Refusal::TooOften));
    assert_eq!(desk.links, second);
    assert_eq!(desk.mailed("request"), ["ann@example.org"; 4]);
    let renewed = desk.mails.iter().skip(1).all(|post| match &post.recipe {
        Recipe::Request(to) => to.renewed && !to.link.is_empty(),
        _ => false,
    });
    assert!(renewed);
    desk.now_ms += DAY_MS;
    assert_eq!(desk.does(&renew), Ok(Told::Done));
}

/// Sent again by the requester or an administrator: the same link while it is good, three a day.
#[test]
fn a_request_is_sent_again() {
    let mut desk = Desk::open(&["user:ann", "user:bob"], json!("all"));
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    let resend = |slot, by: &str| Event::Resend {
        slot,
        by: by.to_owned(),
    };
    let refused = desk.does(&resend(None, "dan-login"));
    assert!(matches!(refused, Err(Refusal::NotAllowed(_))));
    assert_eq!(
        desk.does(&resend(Some(0), "sam-login")),
        Err(Refusal::SlotClosed)
    );
    let links = desk.links.clone();
    assert_eq!(desk.does(&resend(None, "sam-login")), Ok(Told::Done));
    assert_eq!(desk.does(&resend(Some(1), "root-login")), Ok(Told::Done));
    assert_eq!(desk.does(&resend(Some(1), "root-login")), Ok(Told::Done));
    assert_eq!(
        desk.does(&resend(Some(1), "root-login")),
        Err(Refusal::TooOften)
    );
    assert_eq!(desk.does(&resend(None, "root-login")), Ok(Told::Nothing));
    assert_eq!(desk.links, links);
    assert_eq!(desk.mailed("request").len(), 5);
    desk.now_ms += 31 * DAY_MS;
    assert_eq!(desk.does(&resend(None, "sam-login")), Ok(Told::Done));
    assert_eq!(
        desk.links
            .keys()
            .filter(|id| links.contains_key(*id))
            .count(),
        1
    );
}

/// A key that is gone: who owes a vote gets a new link, who has voted only loses the old one.
#[test]
fn s24_a_dead_key_renews_links() {
    let mut desk = Desk::open(&["user:ann", "user:bob"], json!("all"));
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    assert_eq!(
        desk.does(&Event::KeysGone { left: vec![1, 2] }),
        Ok(Told::Nothing)
    );
    desk.rules.signing_key = 2;
    assert_eq!(
        desk.does(&Event::KeysGone { left: vec![2] }),
        Ok(Told::Done)
    );
    assert!(!desk.has_link("ann"));
    assert!(desk.has_link("bob"));
    assert_eq!(desk.slot("bob").link.as_ref().map(|link| link.key), Some(2));
    assert_eq!(desk.mailed("request").len(), 3);
    assert_eq!(
        desk.does(&Event::KeysGone { left: vec![2] }),
        Ok(Told::Nothing)
    );
    assert_eq!(desk.vote("bob", true), Ok(Told::Decided));
}

/// A person changes a vote so often and no more.
#[test]
fn a_changing_mind_has_an_end() {
    let more = json!({"reject": "threshold"});
    let mut desk = Desk::open_with(&["group:five*2"], json!("all"), &more);
    for number in 0..50 {
        assert_eq!(desk.vote("ann", number % 2 == 0), Ok(Told::Counted));
    }
    assert_eq!(desk.vote("ann", true), Err(Refusal::TooOften));
    assert_eq!(desk.state_of("ann"), SlotState::Rejected);
    assert_eq!(desk.task.state, State::Pending);
}

/// A stored task reads back as it was, also one that a newer release wrote more into.
#[test]
fn a_task_is_stored_whole() {
    let mut desk = Desk::open(&["group:finance*2"], json!("all"));
    assert_eq!(desk.says("ann", true, "fine"), Ok(Told::Counted));
    let mut value = serde_json::to_value(&desk.task).expect("JSON");
    value["later"] = json!(1);
    let task = serde_json::from_value(value).expect("reads back");
    assert_eq!(desk.task, task);
}
