//! The end of a task as the run takes it: phase and message of the node, values of its outputs
//! (approvals §4.1, "Reserved outputs" and "Result to node phase").

use std::collections::BTreeMap;

use serde_json::{Value, json};
use usher_api::approval::{Moment, OnReject, TimeoutResult, Verdict, VerdictPhase};

use crate::decide::{OUT_OF_REACH, span};
use crate::quorum::tally;
use crate::record::{level_word, rfc3339};
use crate::task::{Decided, SlotState, State, Task, Vote};

/// The output `votes` is at most this long, bytes.
pub const VOTES_BYTES: usize = 128 * 1024;

/// So much of a comment is in the node's message, characters.
const MESSAGE_CHARS: usize = 200;

/// The verdict of a task that has ended; none while it is open, and none when the run itself ended
/// it.
#[must_use]
pub fn of(task: &Task) -> Option<Verdict> {
    let decided = task.decided.as_ref()?;
    if task.state == State::Cancelled && decided.decision == "cancelled" {
        return None;
    }
    let phase = phase(task, decided);
    let is_silent_or_rejected = matches!(task.state, State::Rejected | State::TimedOut);
    Some(Verdict {
        phase,
        message: message(task, decided),
        outputs: outputs(task, decided),
        may_retry: task.asked.policy.retry_on_reject
            && is_silent_or_rejected
            && phase == VerdictPhase::Failed,
    })
}

fn phase(task: &Task, decided: &Decided) -> VerdictPhase {
    let rejected = match task.asked.policy.on_reject {
        OnReject::Fail => VerdictPhase::Failed,
        OnReject::Continue => VerdictPhase::Succeeded,
    };
    let timeout = task.asked.policy.timeout.as_ref();
    match task.state {
        State::Approved => VerdictPhase::Succeeded,
        State::Rejected => rejected,
        State::TimedOut => match timeout.map(|timeout| timeout.result) {
            Some(TimeoutResult::Reject) => rejected,
            Some(TimeoutResult::Continue | TimeoutResult::Approve) => VerdictPhase::Succeeded,
            Some(TimeoutResult::Fail) | None => VerdictPhase::Failed,
        },
        State::Overridden if decided.decision == "approved" => VerdictPhase::Succeeded,
        State::Overridden | State::Cancelled => VerdictPhase::Failed,
        State::Faulted | State::Opening | State::Pending | State::Unroutable => VerdictPhase::Error,
    }
}

fn message(task: &Task, decided: &Decided) -> String {
    match task.state {
        State::Approved => {
            let tally = tally(task);
            format!("approved by {} of {}", tally.approved, tally.asked)
        }
        State::Rejected => {
            let comment = completing(task, decided).map_or("", |vote| &vote.comment);
            let mut text = format!("rejected by {}", decided.by);
            if !comment.trim().is_empty() {
                text.push_str(": ");
                text.push_str(&one_line(comment));
            }
            if decided.reason == OUT_OF_REACH {
                text.push_str(" (approval is out of reach)");
            }
            text
        }
        State::TimedOut if decided.decision == "approved" => "approved by time limit".to_owned(),
        State::TimedOut => match task.asked.policy.timeout.as_ref().map(|t| &t.when) {
            Some(Moment::After(ms)) => format!("no answer within {}", span(*ms)),
            Some(Moment::At(at)) => format!("no answer by {at}"),
            None => "no answer in time".to_owned(),
        },
        State::Overridden => {
            let reason = one_line(&decided.reason);
            format!(
                "overridden by {}: {}: {reason}",
                decided.by, decided.decision
            )
        }
        State::Cancelled => match decided.decision.as_str() {
            "withdrawn" => "withdrawn by requester".to_owned(),
            _ => decided.reason.clone(),
        },
        State::Faulted => decided.reason.clone(),
        State::Opening | State::Pending | State::Unroutable => waiting(task),
    }
}

/// What a node says while people are asked: `waiting: finance 1 of 2, until 2026-03-03T10:00:00Z`.
#[must_use]
pub fn waiting(task: &Task) -> String {
    if task.state == State::Unroutable || task.slots.is_empty() {
        let reason = &task.opening.reason;
        return match reason.is_empty() {
            true => "waiting: nobody has been asked yet".to_owned(),
            false => format!("waiting: nobody can decide: {reason}"),
        };
    }
    let filled = tally(task).filled;
    let entries = task.entries.iter().zip(&filled);
    let parts: Vec<String> = entries
        .map(|(entry, filled)| format!("{} {filled} of {}", entry.label, entry.need))
        .collect();
    let mut text = format!("waiting: {}", parts.join(", "));
    if let Some(at_ms) = task.timeout_ms {
        text.push_str(&format!(", until {}", rfc3339(at_ms)));
    }
    text
}

/// The beginning of a text in one line.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MESSAGE_CHARS).collect()
}

/// The vote that completed the task.
fn completing<'a>(task: &'a Task, decided: &Decided) -> Option<&'a Vote> {
    let mut slots = task.slots.iter();
    let slot = slots.find(|slot| decided.via == "votes" && slot.person.id == decided.by)?;
    slot.vote()
}

fn outputs(task: &Task, decided: &Decided) -> BTreeMap<String, String> {
    let comment = match decided.via.as_str() {
        "override" => decided.reason.clone(),
        _ => completing(task, decided).map_or(String::new(), |vote| vote.comment.clone()),
    };
    let approvers: Vec<&str> = task
        .slots
        .iter()
        .filter(|slot| slot.state == SlotState::Approved)
        .map(|slot| &*slot.person.id)
        .collect();
    let reserved = [
        ("decision", decided.decision.clone()),
        ("decidedVia", decided.via.clone()),
        ("approver", decided.by.clone()),
        ("approvers", json!(approvers).to_string()),
        ("comment", comment),
        ("decidedAt", rfc3339(decided.at_ms)),
        ("round", task.round.to_string()),
        ("votes", votes(task)),
    ];
    let mut all: BTreeMap<String, String> = reserved
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    if decided.decision == "approved" {
        for (name, value) in &task.values {
            all.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    all.retain(|name, _| task.asked.supplies.contains(name));
    all
}

/// Every vote as JSON, in the order of voting, at most [`VOTES_BYTES`]: the oldest comments and
/// values are cut first, then the oldest votes are left out; what is cut says `truncated`.
#[must_use]
pub fn votes(task: &Task) -> String {
    let mut list: Vec<(u32, Value)> = Vec::new();
    for slot in &task.slots {
        for vote in &slot.votes {
            list.push((vote.seq, vote_json(task, &slot.person.id, vote)));
        }
    }
    list.sort_by_key(|(seq, _)| *seq);
    let mut list: Vec<Value> = list.into_iter().map(|(_, vote)| vote).collect();
    let mut sizes: Vec<usize> = list.iter().map(|vote| vote.to_string().len() + 1).collect();
    let mut total = 1 + sizes.iter().sum::<usize>();
    for (vote, size) in list.iter_mut().zip(&mut sizes) {
        if total <= VOTES_BYTES {
            break;
        }
        vote["comment"] = "".into();
        vote["values"] = json!({});
        vote["truncated"] = true.into();
        total -= *size;
        *size = vote.to_string().len() + 1;
        total += *size;
    }
    let mut gone = 0;
    while total > VOTES_BYTES && gone < sizes.len() {
        total -= sizes[gone];
        gone += 1;
    }
    Value::Array(list.split_off(gone)).to_string()
}

fn vote_json(task: &Task, person: &str, vote: &Vote) -> Value {
    let word = if vote.approves {
        "approved"
    } else {
        "rejected"
    };
    let kind = if vote.approves { "approve" } else { "reject" };
    json!({
        "stage": task.stage,
        "round": task.round,
        "person": person,
        "onBehalfOf": Value::Null,
        "decision": word,
        "kind": kind,
        "comment": vote.comment,
        "values": vote.values,
        "at": rfc3339(vote.at_ms),
        "channel": vote.via,
        "level": level_word(vote.level),
    })
}
