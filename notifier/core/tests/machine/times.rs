//! Times: the limit of the wait, when it is put off, and times by a calendar.

use serde_json::{Value, json};
use usher_notifier_core::decide::{Event, Refusal, Told};
use usher_notifier_core::task::{SlotState, State};

use crate::desk::{DAY_MS, Desk, OPENED_MS, entry_of, policy};

const HOUR_MS: i64 = 3_600_000;

fn with_limit(when: &Value, result: &str) -> Value {
    json!({"timeout": {"when": when, "result": result}})
}

fn thirty_days() -> Desk {
    let more = with_limit(&json!({"after": 30 * DAY_MS}), "reject");
    Desk::open_with(&["user:ann", "user:bob"], json!("all"), &more)
}

/// Thirty days of silence: timed out once, by the system, not a moment before.
#[test]
fn s49_silence_times_out_once() {
    let mut desk = thirty_days();
    assert_eq!(desk.task.due_ms(), Some(OPENED_MS + 30 * DAY_MS));
    desk.now_ms = OPENED_MS + 30 * DAY_MS - 1;
    assert_eq!(desk.does(&Event::Due), Ok(Told::Nothing));
    desk.now_ms += 1;
    assert_eq!(desk.does(&Event::Due), Ok(Told::Decided));
    assert_eq!(desk.does(&Event::Due), Ok(Told::Nothing));
    assert_eq!(desk.task.state, State::TimedOut);
    assert_eq!(desk.output("decidedVia"), Some("timeout"));
    assert_eq!(desk.output("approver"), Some("system:timeout"));
    assert_eq!(desk.state_of("ann"), SlotState::Expired);
    assert_eq!(desk.acts(), ["opened", "timedOut"]);
    let last = entry_of(desk.record.last().expect("recorded"));
    assert_eq!(last["actor"], "system:timeout");
    assert_eq!(last["before"], "Pending");
    assert_eq!(last["after"], "TimedOut");
}

/// Silence may be an approval only where the installation says so; else nobody is asked.
#[test]
fn s50_silence_is_no_consent() {
    let more = with_limit(&json!({"after": DAY_MS}), "approve");
    let mut desk = Desk::new(&policy(&["user:ann"], json!("all"), &more));
    assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Faulted);
    assert_eq!(desk.mails, []);
    assert_eq!(
        desk.verdict.as_ref().map(|verdict| &*verdict.message),
        Some(
            "timeout.result `approve` is not allowed here; only the installation's setting \
             allow_approve_on_timeout allows it"
        )
    );
}

/// A vote and the limit in one instant: whichever is committed first wins, the other is told.
#[test]
fn s51_vote_against_limit() {
    let limit = OPENED_MS + 30 * DAY_MS;
    let mut vote_first = thirty_days();
    vote_first.now_ms = limit;
    assert_eq!(vote_first.vote("ann", false), Ok(Told::Decided));
    assert_eq!(vote_first.does(&Event::Due), Ok(Told::Nothing));
    assert_eq!(vote_first.task.state, State::Rejected);
    let mut limit_first = thirty_days();
    limit_first.now_ms = limit;
    assert_eq!(limit_first.does(&Event::Due), Ok(Told::Decided));
    let late = limit_first.vote("ann", false);
    assert_eq!(late, Err(Refusal::Closed("rejected".to_owned())));
}

/// A leftover due time of a task that was decided does nothing.
#[test]
fn s52_a_leftover_due_time_does_nothing() {
    let mut desk = thirty_days();
    assert_eq!(desk.vote("ann", true), Ok(Told::Counted));
    assert_eq!(desk.vote("bob", true), Ok(Told::Decided));
    let (task, mails) = (desk.task.clone(), desk.mails.len());
    desk.now_ms = OPENED_MS + 40 * DAY_MS;
    assert_eq!(desk.does(&Event::Due), Ok(Told::Nothing));
    assert_eq!(desk.task, task);
    assert_eq!(desk.mails.len(), mails);
}

/// A due time of before the limit was moved finds nothing to do.
#[test]
fn s53_an_older_generation_does_nothing() {
    let mut desk = thirty_days();
    desk.first_sent_ms = None;
    desk.now_ms = OPENED_MS + 30 * DAY_MS;
    assert_eq!(desk.does(&Event::Due), Ok(Told::Done));
    assert_eq!(desk.task.timeout_generation, 1);
    let moved = desk.task.clone();
    desk.now_ms += 1;
    assert_eq!(desk.does(&Event::Due), Ok(Told::Nothing));
    assert_eq!(desk.task, moved);
    assert_eq!(desk.task.state, State::Pending);
}

/// Mail never left: a day later it times out all the same; the record says so; links live on.
#[test]
fn s59_a_limit_waits_for_the_mail() {
    let limit = OPENED_MS + 30 * DAY_MS;
    let mut desk = thirty_days();
    desk.first_sent_ms = None;
    desk.now_ms = limit;
    assert_eq!(desk.does(&Event::Due), Ok(Told::Done));
    assert_eq!(desk.task.due_ms(), Some(limit + DAY_MS));
    let ends: Vec<i64> = desk.links.values().map(|(_, end)| *end).collect();
    assert_eq!(ends, [limit + DAY_MS; 2]);
    assert_eq!(desk.acts(), ["opened", "extended"]);
    let last = entry_of(desk.record.last().expect("recorded"));
    assert_eq!(
        last["reason"],
        "no request had been sent by 2026-03-31T10:00:00.000Z; the limit is now \
         2026-04-01T10:00:00.000Z"
    );
    desk.now_ms = limit + DAY_MS;
    assert_eq!(desk.does(&Event::Due), Ok(Told::Decided));
    assert_eq!(desk.task.state, State::TimedOut);
}

/// Mail left late: the full wait runs from then, at most a day after the limit.
#[test]
fn a_late_mail_has_its_full_wait() {
    let more = with_limit(&json!({"after": 4 * HOUR_MS}), "fail");
    let mut desk = Desk::open_with(&["user:ann"], json!("all"), &more);
    desk.first_sent_ms = None;
    desk.now_ms = OPENED_MS + 4 * HOUR_MS;
    assert_eq!(desk.does(&Event::Due), Ok(Told::Done));
    assert_eq!(desk.task.due_ms(), Some(OPENED_MS + 8 * HOUR_MS));
    desk.first_sent_ms = Some(OPENED_MS + 5 * HOUR_MS);
    desk.now_ms = OPENED_MS + 8 * HOUR_MS;
    assert_eq!(desk.does(&Event::Due), Ok(Told::Done));
    assert_eq!(desk.task.due_ms(), Some(OPENED_MS + 9 * HOUR_MS));
    desk.now_ms = OPENED_MS + 9 * HOUR_MS;
    assert_eq!(desk.does(&Event::Due), Ok(Told::Decided));
    assert_eq!(desk.acts(), ["opened", "extended", "extended", "timedOut"]);
    assert_eq!(desk.task.timeout_generation, 2);
}

/// A short limit is looked at once a minute while nothing leaves, and recorded once.
#[test]
fn a_short_limit_is_put_off_quietly() {
    let more = with_limit(&json!({"after": 1_000}), "fail");
    let mut desk = Desk::open_with(&["user:ann"], json!("all"), &more);
    desk.first_sent_ms = None;
    let mut looks = 0;
    while desk.task.state == State::Pending {
        desk.now_ms = desk.task.due_ms().expect("due");
        desk.does(&Event::Due).expect("never refused");
        looks += 1;
    }
    assert_eq!(desk.now_ms, OPENED_MS + 1_000 + DAY_MS);
    assert_eq!(looks, 1 + 24 * 60);
    assert_eq!(desk.acts(), ["opened", "extended", "timedOut"]);
}

/// Times by a calendar: with an offset, in the policy's zone, in the installation's; a time that
/// summer time skips is the next there is, of a doubled one the first is meant.
#[test]
fn s64_times_by_a_calendar() {
    let cases = [
        (
            "2026-04-01T12:00:00+02:00",
            "UTC",
            "2026-04-01T10:00:00.000Z",
        ),
        (
            "2026-04-01T12:00",
            "Europe/Berlin",
            "2026-04-01T10:00:00.000Z",
        ),
        ("2026-04-01 12:00:30", "UTC", "2026-04-01T12:00:30.000Z"),
        ("2026-04-01", "Asia/Shanghai", "2026-03-31T16:00:00.000Z"),
        (
            "2026-03-29T02:30:30",
            "Europe/Berlin",
            "2026-03-29T01:00:00.000Z",
        ),
        (
            "2026-10-25T02:30",
            "Europe/Berlin",
            "2026-10-25T00:30:00.000Z",
        ),
        (
            "2011-12-30T10:00",
            "Pacific/Apia",
            "2011-12-30T10:00:00.000Z",
        ),
    ];
    for (at, zone, wanted) in cases {
        let mut more = with_limit(&json!({ "at": at }), "fail");
        more["timezone"] = json!(zone);
        let desk = Desk::open_with(&["user:ann"], json!("all"), &more);
        let limit_ms = desk.task.timeout_ms.expect("a limit");
        assert_eq!(
            usher_notifier_core::record::rfc3339(limit_ms),
            wanted,
            "{at} {zone}"
        );
    }
}

/// A time or a zone that cannot be read ends in error, with the way out.
#[test]
fn a_wrong_time_is_a_fault() {
    let cases = [
        (
            "soon",
            "UTC",
            "`soon` is no time; write 2026-11-27T18:00 or 2026-11-27T18:00:00+01:00",
        ),
        (
            "2026-04-01",
            "Mars/Base",
            "`Mars/Base` is no time zone; write one like Europe/Berlin",
        ),
    ];
    for (at, zone, reason) in cases {
        let mut more = with_limit(&json!({ "at": at }), "fail");
        more["timezone"] = json!(zone);
        let mut desk = Desk::new(&policy(&["user:ann"], json!("all"), &more));
        assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
        assert_eq!(desk.task.state, State::Faulted);
        let verdict = desk.verdict.as_ref().expect("an outcome");
        assert_eq!(verdict.message, reason);
    }
}

/// The limit runs while nobody can decide, too.
#[test]
fn an_unroutable_task_times_out() {
    let more = with_limit(&json!({"after": DAY_MS}), "continue");
    let mut desk = Desk::new(&policy(&["group:empty"], json!("all"), &more));
    desk.first_sent_ms = None;
    assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
    while desk.task.state == State::Unroutable {
        desk.now_ms = desk.task.due_ms().expect("due");
        desk.does(&Event::Due).expect("never refused");
    }
    assert_eq!(desk.task.state, State::TimedOut);
    assert_eq!(desk.now_ms, OPENED_MS + 2 * DAY_MS);
}
