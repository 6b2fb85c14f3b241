//! Due times: another try of opening, and the limit of the wait (T18, F6).
//!
//! A limit never passes for a request that nobody could have seen: while no request mail has left,
//! it is put off to as long after the first sending, at most a day after it was due.

use usher_api::approval::TimeoutResult;

use super::draft::Draft;
use super::{Refusal, Told, end, open};
use crate::record::{Note, rfc3339};
use crate::task::{SlotSignal, SlotState, State, TaskSignal};

/// So long at most is a limit put off, milliseconds.
const PUT_OFF_MS: i64 = 24 * 60 * 60 * 1000;

/// Whether mail has left is looked at no more often than this, milliseconds.
const LOOK_MS: i64 = 60_000;

/// A due time may have come.
pub(super) fn due(draft: &mut Draft<'_>) -> Result<Told, Refusal> {
    let now_ms = draft.world.now_ms;
    let is_over = |due_ms: Option<i64>| due_ms.is_some_and(|due_ms| due_ms <= now_ms);
    match draft.task.state {
        State::Opening | State::Unroutable | State::Pending => {}
        State::Approved
        | State::Rejected
        | State::TimedOut
        | State::Cancelled
        | State::Overridden
        | State::Faulted => return Ok(Told::Nothing),
    }
    let mut told = Told::Nothing;
    if draft.task.state != State::Opening && is_over(draft.task.timeout_ms) {
        told = limit(draft)?;
    }
    let waits = matches!(draft.task.state, State::Opening | State::Unroutable);
    if waits && is_over(draft.task.opening.next_ms) {
        told = open::prepare(draft)?;
    }
    Ok(told)
}

/// The limit of the wait has come: it passes, or is put off.
fn limit(draft: &mut Draft<'_>) -> Result<Told, Refusal> {
    let timeout = draft.task.asked.policy.timeout.clone();
    let (Some(original_ms), Some(timeout)) = (draft.task.limit_ms, timeout) else {
        return Ok(Told::Nothing);
    };
    if let Some(until_ms) = put_off_until(draft, original_ms) {
        put_off(draft, original_ms, until_ms);
        return Ok(Told::Done);
    }
    let decision = match timeout.result {
        TimeoutResult::Reject => "rejected",
        TimeoutResult::Approve => "approved",
        TimeoutResult::Fail | TimeoutResult::Continue => "timedOut",
    };
    let actor = "system:timeout".to_owned();
    let ending = end::Ending {
        signal: TaskSignal::TimeOut,
        decision,
        via: "timeout",
        by: actor.clone(),
        reason: String::new(),
        slots: SlotSignal::Expire,
        tells: end::Tells::Requester,
    };
    let note = Note {
        action: "timedOut",
        actor,
        decision: decision.to_owned(),
        ..Note::default()
    };
    end::end(draft, ending, &note)?;
    Ok(Told::Decided)
}

/// The new limit of a request whose mail has not left in time; none when it has, or when it was put
/// off as long as may be.
fn put_off_until(draft: &Draft<'_>, original_ms: i64) -> Option<i64> {
    let now_ms = draft.world.now_ms;
    let wait_ms = original_ms
        .saturating_sub(draft.task.asked.opened_ms)
        .max(0);
    let latest_ms = original_ms.saturating_add(PUT_OFF_MS);
    let until_ms = match draft.world.first_sent_ms {
        Some(sent_ms) if sent_ms <= original_ms => return None,
        Some(sent_ms) => sent_ms.saturating_add(wait_ms),
        // If it leaves at once, this is when its time is over; if not, it is looked at again then.
        None => now_ms.saturating_add(wait_ms.max(LOOK_MS)),
    };
    let until_ms = until_ms.min(latest_ms);
    (until_ms > now_ms).then_some(until_ms)
}

fn put_off(draft: &mut Draft<'_>, original_ms: i64, until_ms: i64) {
    let is_news = draft.task.timeout_generation == 0 || draft.world.first_sent_ms.is_some();
    draft.task.timeout_ms = Some(until_ms);
    draft.task.timeout_generation = draft.task.timeout_generation.saturating_add(1);
    for slot in draft.slots() {
        let is_open = draft.task.slot(slot).map(|found| found.state) == Some(SlotState::Open);
        if is_open {
            draft.extend_link(slot, until_ms);
        }
    }
    // One entry when it is put off, one when the first mail has left: not one a minute.
    if is_news {
        draft.note(&Note {
            action: "extended",
            actor: "system:timeout".to_owned(),
            reason: format!(
                "no request had been sent by {}; the limit is now {}",
                rfc3339(original_ms),
                rfc3339(until_ms)
            ),
            ..Note::default()
        });
    }
}
