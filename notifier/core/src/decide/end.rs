//! The end of a task: what goes with every outcome (terminal work of approvals §4.3), and the ends
//! that no vote brings (T6, T17, T24, T25).

use super::draft::Draft;
use super::{Refusal, Told};
use crate::recipe::Recipe;
use crate::record::Note;
use crate::task::{Decided, SlotSignal, SlotState, State, TaskSignal};
use crate::verdict;

/// The reason of a rejection that no veto made.
pub(crate) const OUT_OF_REACH: &str = "outOfReach";

/// How a task ends.
pub(super) struct Ending {
    pub(super) signal: TaskSignal,
    pub(super) decision: &'static str,
    pub(super) via: &'static str,
    pub(super) by: String,
    pub(super) reason: String,
    /// What becomes of slots that have not voted.
    pub(super) slots: SlotSignal,
    pub(super) tells: Tells,
}

/// Who is told the outcome, beside those who are not needed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tells {
    /// Nobody.
    Nobody,
    /// The requester.
    Requester,
    /// The requester and everybody who has voted.
    Voters,
}

/// Ends the task: state, slots, links, codes, record, mails, the outcome for the run.
pub(super) fn end(draft: &mut Draft<'_>, ending: Ending, note: &Note) -> Result<(), Refusal> {
    draft.signal(ending.signal)?;
    draft.task.decided = Some(Decided {
        decision: ending.decision.to_owned(),
        via: ending.via.to_owned(),
        by: ending.by,
        reason: ending.reason,
        at_ms: draft.world.now_ms,
    });
    draft.task.opening.next_ms = None;
    draft.note(note);
    let at_ms = draft.world.now_ms;
    for slot in draft.slots() {
        let found = draft.slot_mut(slot)?;
        found.code = None;
        let (state, had_link) = (found.state, found.link.is_some());
        if state == SlotState::Open {
            draft.signal_slot(slot, ending.slots)?;
            if had_link {
                let to = draft.to_slot(slot, false, false);
                draft.mail_slot(slot, "noLongerNeeded", Recipe::NoLongerNeeded(to));
            }
        } else if state.has_voted() && ending.tells == Tells::Voters {
            let to = Some(slot);
            draft.mail_slot(slot, "outcome", Recipe::Outcome { slot: to, at_ms });
        }
        draft.drop_link(slot);
    }
    if ending.tells != Tells::Nobody {
        tell_requester(draft, at_ms);
    }
    draft.verdict = verdict::of(&draft.task);
    Ok(())
}

fn tell_requester(draft: &mut Draft<'_>, at_ms: i64) {
    let Some(requester) = &draft.task.requester else {
        return;
    };
    let address = requester.address.clone();
    let parsed = crate::address::Address::parse(&address);
    if parsed.is_ok_and(|address| address.is_within(&draft.world.rules.domains)) {
        let recipe = Recipe::Outcome { slot: None, at_ms };
        draft.mail_other(&address, "outcome", recipe);
    }
}

/// It cannot be decided: a value or a rule is unusable. Nobody gets a mail.
pub(super) fn fault(draft: &mut Draft<'_>, why: &str) -> Result<(), Refusal> {
    let ending = Ending {
        signal: TaskSignal::Fault,
        decision: "faulted",
        via: "workflow",
        by: "system:workflow".to_owned(),
        reason: why.to_owned(),
        slots: SlotSignal::Close,
        tells: Tells::Nobody,
    };
    let note = Note {
        action: "faulted",
        actor: "system:workflow".to_owned(),
        reason: why.to_owned(),
        ..Note::default()
    };
    end(draft, ending, &note)
}

/// The run has closed it. It has no outcome for the run: the run made it.
pub(super) fn cancel(draft: &mut Draft<'_>, reason: &str) -> Result<Told, Refusal> {
    if !draft.task.state.is_open() {
        return Ok(Told::Nothing);
    }
    let ending = Ending {
        signal: TaskSignal::Cancel,
        decision: "cancelled",
        via: "workflow",
        by: "system:workflow".to_owned(),
        reason: reason.to_owned(),
        slots: SlotSignal::Close,
        tells: Tells::Nobody,
    };
    let note = Note {
        action: "cancelled",
        actor: "system:workflow".to_owned(),
        reason: reason.to_owned(),
        ..Note::default()
    };
    end(draft, ending, &note)?;
    Ok(Told::Decided)
}

/// The requester takes it back.
pub(super) fn withdraw(draft: &mut Draft<'_>, by: &str) -> Result<Told, Refusal> {
    if !draft.task.state.is_open() {
        return Err(super::closed(&draft.task));
    }
    if !is_requester(draft, by) {
        let text = "only who asks for an approval may withdraw it";
        return Err(Refusal::NotAllowed(text.to_owned()));
    }
    if draft.task.state == State::Opening {
        let text = "nobody has been asked yet; try again, or stop the workflow";
        return Err(Refusal::NotAllowed(text.to_owned()));
    }
    let actor = draft.actor(by);
    let ending = Ending {
        signal: TaskSignal::Withdraw,
        decision: "withdrawn",
        via: "requester",
        by: actor.clone(),
        reason: String::new(),
        slots: SlotSignal::Close,
        tells: Tells::Nobody,
    };
    let note = Note {
        action: "withdrawn",
        actor,
        ..Note::default()
    };
    end(draft, ending, &note)?;
    Ok(Told::Decided)
}

/// Whether an account is the submitter, or the person whom the policy names as requester.
pub(super) fn is_requester(draft: &Draft<'_>, account: &str) -> bool {
    let asked = &draft.task.asked;
    let person = draft
        .world
        .people
        .and_then(|p| p.person_of_account(account));
    let is_named = match (person, &draft.task.requester) {
        (Some(person), Some(requester)) => super::who::is_same(person, requester),
        _ => false,
    };
    asked.submitter == account || is_named
}

/// Somebody who may decides outside the rules, and says why.
pub(super) fn overrule(
    draft: &mut Draft<'_>,
    by: &str,
    approves: bool,
    reason: &str,
) -> Result<Told, Refusal> {
    if !draft.task.state.is_open() {
        return Err(super::closed(&draft.task));
    }
    let people = draft.world.people.ok_or(Refusal::NoDirectory)?;
    if !people.may_override(by) {
        return Err(Refusal::NotAllowed(format!(
            "account `{by}` is not among `overriders` of the people file"
        )));
    }
    let reason = reason.trim();
    if reason.is_empty() {
        let text = "an override needs a reason";
        return Err(Refusal::NotAllowed(text.to_owned()));
    }
    if let Some(what) = crate::form::too_long(reason, crate::form::CHARS_MAX) {
        let field = "reason".to_owned();
        return Err(Refusal::Input(vec![super::InputFault { field, what }]));
    }
    let actor = draft.actor(by);
    let decision = if approves { "approved" } else { "rejected" };
    let ending = Ending {
        signal: TaskSignal::Override,
        decision,
        via: "override",
        by: actor.clone(),
        reason: reason.to_owned(),
        slots: SlotSignal::Close,
        tells: Tells::Voters,
    };
    let note = Note {
        action: "overridden",
        actor,
        decision: decision.to_owned(),
        reason: reason.to_owned(),
        digest: draft.task.digest.clone(),
        ..Note::default()
    };
    end(draft, ending, &note)?;
    Ok(Told::Decided)
}
