//! What only the record tells: refusals, and texts that are erased (F25).

use super::draft::Draft;
use super::{Refusal, Told};
use crate::record::Note;

/// So many different reasons are counted apart.
const REASONS_MAX: usize = 32;

/// Records that somebody tried what is not allowed; the same reason once a minute, with a count.
pub(super) fn refused(draft: &mut Draft<'_>, actor: &str, reason: &str) -> Told {
    let reason = match draft.task.refusals.contains_key(reason) {
        false if draft.task.refusals.len() >= REASONS_MAX => "other",
        _ => reason,
    };
    let Some(times) = draft.count_refusal(reason) else {
        return Told::Nothing;
    };
    draft.note(&Note {
        action: "refused",
        actor: actor.to_owned(),
        reason: reason.to_owned(),
        times: (times > 1).then_some(times),
        ..Note::default()
    });
    Told::Done
}

/// Erases what a person wrote, wherever it stands; the hash of it stays.
pub(super) fn erase(draft: &mut Draft<'_>, seq: u32, by: &str) -> Result<Told, Refusal> {
    if seq == 0 || seq > draft.task.chain.seq {
        let text = format!("the record has no entry {seq}");
        return Err(Refusal::NotAllowed(text));
    }
    let people = draft.world.people.ok_or(Refusal::NoDirectory)?;
    let person = people.person_of_account(by);
    let slots = &draft.task.slots;
    let is_own = slots.iter().any(|slot| {
        let is_it = person.is_some_and(|person| super::who::is_same(person, &slot.person));
        is_it && slot.votes.iter().any(|vote| vote.seq == seq)
    });
    if !is_own && !people.may_override(by) {
        let text = "only who wrote it, or an administrator, may have it erased";
        return Err(Refusal::NotAllowed(text.to_owned()));
    }
    let is_open = draft.task.state.is_open();
    let mut votes = draft.task.slots.iter_mut().flat_map(|slot| &mut slot.votes);
    if let Some(vote) = votes.find(|vote| vote.seq == seq) {
        vote.comment.clear();
        vote.values.clear();
        vote.erased = true;
    }
    // While it is open, the values are what others are to sign; afterwards the run has them.
    if !is_open && super::vote::all_erased(&draft.task) {
        draft.task.values.clear();
    }
    draft.erase.push(seq);
    let actor = draft.actor(by);
    draft.note(&Note {
        action: "erased",
        actor,
        of: Some(seq),
        ..Note::default()
    });
    Ok(Told::Done)
}
