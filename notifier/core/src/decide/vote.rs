//! A vote: the checks in the order of approvals §4.6, then what it changes (T9, T10, T12, T13).

use std::collections::BTreeMap;

use usher_api::approval::{CommentRule, Level};

use super::draft::{Draft, printed};
use super::{Ballot, InputFault, InputWrong, Refusal, Rules, Told, end, links, open, who};
use crate::form;
use crate::quorum::{Standing, is_in_reach, standing};
use crate::recipe::Recipe;
use crate::record::Note;
use crate::task::{SlotSignal, SlotState, State, Task, TaskSignal, Vote};

/// A person changes a vote at most so often.
const VOTES_MAX: usize = 50;

/// The least proof that a request takes.
pub(super) fn required_level(task: &Task, rules: &Rules) -> Level {
    task.asked.policy.auth.unwrap_or(rules.auth).max(rules.auth)
}

/// Takes a vote.
pub(super) fn vote(draft: &mut Draft<'_>, ballot: &Ballot) -> Result<Told, Refusal> {
    if is_repeated(draft, ballot) {
        return Ok(Told::Again);
    }
    check_open(draft, ballot)?;
    let entries = check_person(draft, ballot)?;
    let (approves, values) = check_input(draft, ballot)?;
    if ballot.digest != draft.task.digest {
        return Err(Refusal::Outdated);
    }
    // Who has left one of several groups votes for the others only.
    links::leave(draft, ballot.slot, &entries);
    if draft.task.state == State::Pending && !is_in_reach(&draft.task) {
        open::strand(draft, links::TOO_FEW)?;
    }
    keep(draft, ballot, approves, values)
}

/// Check 0: the same form posted twice is one vote.
fn is_repeated(draft: &Draft<'_>, ballot: &Ballot) -> bool {
    let Some(slot) = draft.task.slot(ballot.slot) else {
        return false;
    };
    let is_same = |vote: &Vote| vote.nonce == ballot.nonce && vote.via == ballot.via;
    !ballot.nonce.is_empty() && slot.votes.iter().any(is_same)
}

/// Check 1: task, slot and round.
fn check_open(draft: &Draft<'_>, ballot: &Ballot) -> Result<(), Refusal> {
    match draft.task.state {
        State::Pending | State::Unroutable => {}
        State::Opening
        | State::Approved
        | State::Rejected
        | State::TimedOut
        | State::Cancelled
        | State::Overridden
        | State::Faulted => return Err(super::closed(&draft.task)),
    }
    let slot = draft.slot(ballot.slot)?;
    if !slot.state.may_vote() {
        return Err(Refusal::SlotClosed);
    }
    if ballot.round != draft.task.round {
        return Err(Refusal::Outdated);
    }
    Ok(())
}

/// Checks 2 to 5: proof, person, entitlement, separation. Gives the entries that still mean them.
fn check_person(draft: &Draft<'_>, ballot: &Ballot) -> Result<Vec<usize>, Refusal> {
    let level = required_level(&draft.task, draft.world.rules);
    if ballot.level < level {
        return Err(Refusal::LevelTooLow(level));
    }
    let slot = draft.slot(ballot.slot)?;
    let is_other = |person: &String| *person != slot.person.id;
    let is_nobody = ballot.level == Level::Account && ballot.person.is_none();
    if is_nobody || ballot.person.as_ref().is_some_and(is_other) {
        return Err(Refusal::NotAsked);
    }
    let people = draft.world.people.ok_or(Refusal::NoDirectory)?;
    let entries = who::entitled(&draft.task, ballot.slot, people);
    if entries.is_empty() {
        return Err(Refusal::NotEntitled);
    }
    if who::is_barred(&draft.task, &slot.person, people) {
        return Err(Refusal::Separation);
    }
    Ok(entries)
}

/// Check 7: decision, comment, form.
fn check_input(
    draft: &Draft<'_>,
    ballot: &Ballot,
) -> Result<(bool, BTreeMap<String, String>), Refusal> {
    let policy = &draft.task.asked.policy;
    let mut faults = Vec::new();
    let mut fault = |field: &str, what: InputWrong| {
        faults.push(InputFault {
            field: field.to_owned(),
            what,
        });
    };
    if ballot.approves.is_none() {
        fault("decision", InputWrong::Missing);
    }
    let wants = match (policy.comment, ballot.approves) {
        (CommentRule::Always, _)
        | (CommentRule::OnReject, Some(false))
        | (CommentRule::OnApprove, Some(true)) => true,
        (CommentRule::Optional | CommentRule::Never, _)
        | (CommentRule::OnReject | CommentRule::OnApprove, _) => false,
    };
    if let Some(long) = form::too_long(&ballot.comment, form::CHARS_MAX) {
        fault("comment", long);
    } else if wants && ballot.comment.trim().is_empty() {
        fault("comment", InputWrong::Missing);
    } else if policy.comment == CommentRule::Never && !ballot.comment.trim().is_empty() {
        fault("comment", InputWrong::Unknown);
    }
    // Whoever rejects need not fill in anything: what was entered all the same is let go.
    let checked = match ballot.approves {
        Some(false) => match form::unknown(&policy.form, &ballot.values) {
            unknown if unknown.is_empty() => Ok(BTreeMap::new()),
            unknown => Err(unknown),
        },
        Some(true) | None => form::check(&policy.form, &ballot.values),
    };
    let values = match checked {
        Ok(values) => values,
        Err(wrong) => {
            faults.extend(wrong);
            BTreeMap::new()
        }
    };
    let Some(approves) = ballot.approves.filter(|_| faults.is_empty()) else {
        return Err(Refusal::Input(faults));
    };
    if approves && is_signed_by_others(draft, ballot.slot) {
        let differing = form::differing(&draft.task.values, &values);
        if !differing.is_empty() {
            return Err(Refusal::Input(differing));
        }
    }
    Ok((approves, values))
}

/// Whether somebody else approves: then the values are no longer one's own to change.
fn is_signed_by_others(draft: &Draft<'_>, slot: u32) -> bool {
    let mut slots = (0..).zip(&draft.task.slots);
    slots.any(|(number, other)| number != slot && other.state == SlotState::Approved)
}

/// Keeps a vote that may count, and looks whether it decides.
fn keep(
    draft: &mut Draft<'_>,
    ballot: &Ballot,
    approves: bool,
    values: BTreeMap<String, String>,
) -> Result<Told, Refusal> {
    let slot = draft.slot(ballot.slot)?;
    let is_change = !slot.votes.is_empty();
    if slot.votes.len() >= VOTES_MAX {
        return Err(Refusal::TooOften);
    }
    let person = slot.person.clone();
    let vote = Vote {
        approves,
        comment: ballot.comment.replace("\r\n", "\n"),
        values: values.clone(),
        at_ms: draft.world.now_ms,
        level: ballot.level,
        via: ballot.via.clone(),
        digest: ballot.digest.clone(),
        nonce: ballot.nonce.clone(),
        seq: draft.task.chain.seq.saturating_add(1),
        erased: false,
    };
    let note = Note {
        action: if is_change { "voteChanged" } else { "voted" },
        actor: person.id.clone(),
        slot: Some(ballot.slot),
        via: ballot.via.clone(),
        level: Some(ballot.level),
        meaning: draft.task.meaning(ballot.slot, approves),
        decision: if approves { "approved" } else { "rejected" }.to_owned(),
        digest: ballot.digest.clone(),
        name: printed(&person),
        comment: vote.comment.clone(),
        values,
        client: ballot.client.clone(),
        ..Note::default()
    };
    let number = u32::try_from(slot.votes.len()).unwrap_or(u32::MAX);
    draft.slot_mut(ballot.slot)?.votes.push(vote);
    let signal = match approves {
        true => SlotSignal::Approve,
        false => SlotSignal::Reject,
    };
    draft.signal_slot(ballot.slot, signal)?;
    draft.task.values = signed_values(&draft.task);
    let receipt = Recipe::Receipt {
        to: draft.to_slot(ballot.slot, true, false),
        vote: number,
    };
    draft.mail_slot(ballot.slot, "receipt", receipt);
    settle(draft, &person.id, note)
}

/// The values that the approvals stand for: all of them have the same.
pub(super) fn signed_values(task: &Task) -> BTreeMap<String, String> {
    let mut approving = task
        .slots
        .iter()
        .filter(|slot| slot.state == SlotState::Approved)
        .filter_map(|slot| slot.vote());
    let Some(first) = approving.next() else {
        return BTreeMap::new();
    };
    let whole = approving.find(|vote| !vote.erased);
    match (first.erased, whole) {
        (false, _) => first.values.clone(),
        (true, Some(vote)) => vote.values.clone(),
        // Erased texts are the outputs' still.
        (true, None) => task.values.clone(),
    }
}

/// Whether nobody's approval shows its values any more.
pub(super) fn all_erased(task: &Task) -> bool {
    let approving = task.slots.iter();
    let mut approving = approving.filter(|slot| slot.state == SlotState::Approved);
    approving.all(|slot| slot.vote().is_some_and(|vote| vote.erased))
}

/// Looks whether the votes decide, and ends the task if so.
fn settle(draft: &mut Draft<'_>, person: &str, mut note: Note) -> Result<Told, Refusal> {
    let stands = standing(&draft.task);
    let is_pending = draft.task.state == State::Pending;
    let end = match stands {
        Standing::Rejected => Some((TaskSignal::Reject, "rejected", "")),
        // Where people are missing it was out of reach before this vote: only votes reject (T21).
        Standing::OutOfReach if is_pending => {
            Some((TaskSignal::Reject, "rejected", end::OUT_OF_REACH))
        }
        Standing::Approved if is_pending => Some((TaskSignal::Approve, "approved", "")),
        Standing::Approved | Standing::OutOfReach | Standing::Undecided => None,
    };
    let Some((signal, decision, reason)) = end else {
        draft.signal(TaskSignal::Count)?;
        draft.note(&note);
        return Ok(Told::Counted);
    };
    reason.clone_into(&mut note.reason);
    let ending = end::Ending {
        signal,
        decision,
        via: "votes",
        by: person.to_owned(),
        reason: reason.to_owned(),
        slots: SlotSignal::Close,
        tells: end::Tells::Requester,
    };
    end::end(draft, ending, &note)?;
    Ok(Told::Decided)
}
