//! Links and codes: sent again, renewed, proved, and dead with their key (T23, §4.5, S13).

use super::draft::Draft;
use super::{Refusal, Told, end, who};
use crate::recipe::Recipe;
use crate::record::Note;
use crate::task::{Code, CodeSignal, CodeState, SlotState, State};

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// So many codes an hour, fresh links a day, and repetitions a day.
const TIMES_MAX: usize = 3;

/// Why a request is stranded that was asked already.
pub(super) const TOO_FEW: &str = "too few of the persons who were asked may still decide";

/// Mails a code to a slot's own address.
pub(super) fn send_code(draft: &mut Draft<'_>, slot: u32) -> Result<Told, Refusal> {
    check_asked(draft, slot)?;
    let now_ms = draft.world.now_ms;
    let found = draft.slot_mut(slot)?;
    if !spend(&mut found.codes_sent, now_ms, HOUR_MS) {
        return Err(Refusal::TooOften);
    }
    step(CodeState::of(found.code.as_ref(), now_ms), CodeSignal::Send)?;
    let ordinal = found.mails.get("code").copied().unwrap_or(0) + 1;
    found.code = Some(Code {
        ordinal,
        at_ms: now_ms,
        tries: 0,
    });
    let to = draft.to_slot(slot, true, false);
    draft.mail_slot(slot, "code", Recipe::Code { to, ordinal });
    note(draft, "codeSent", slot, "");
    Ok(Told::Done)
}

/// Counts a try of a code; the digits were compared outside.
pub(super) fn try_code(
    draft: &mut Draft<'_>,
    slot: u32,
    ordinal: u32,
    right: bool,
) -> Result<Told, Refusal> {
    check_asked(draft, slot)?;
    let now_ms = draft.world.now_ms;
    let found = draft.slot_mut(slot)?;
    let state = CodeState::of(found.code.as_ref(), now_ms);
    let code = found.code.as_mut().filter(|code| code.ordinal == ordinal);
    let Some(code) = code.filter(|_| state == CodeState::Good) else {
        return Err(Refusal::NoCode);
    };
    if right {
        step(state, CodeSignal::Right)?;
        found.code = None;
        note(draft, "proved", slot, "");
        return Ok(Told::Done);
    }
    let left = crate::task::CODE_TRIES.saturating_sub(code.tries + 1);
    let signal = match left {
        0 => CodeSignal::LastWrong,
        _ => CodeSignal::Wrong,
    };
    step(state, signal)?;
    code.tries += 1;
    if left == 0 {
        note(
            draft,
            "refused",
            slot,
            "the code is void after five wrong tries",
        );
    }
    Ok(Told::WrongCode(left))
}

fn step(state: CodeState, signal: CodeSignal) -> Result<CodeState, Refusal> {
    let next = state.next(signal);
    next.map_err(|illegal| Refusal::NotAllowed(illegal.to_string()))
}

/// A fresh link for somebody at an expired one; it goes to the slot's own address. Who asks again
/// has not got the first mail, and gets the fresh link once more.
pub(super) fn renew(draft: &mut Draft<'_>, slot: u32) -> Result<Told, Refusal> {
    check_asked(draft, slot)?;
    let now_ms = draft.world.now_ms;
    if !spend(&mut draft.slot_mut(slot)?.renewals, now_ms, DAY_MS) {
        return Err(Refusal::TooOften);
    }
    if is_expired(draft, slot)? {
        draft.make_link(slot)?;
    }
    draft.mail_request(slot, true);
    note(draft, "linkRenewed", slot, "");
    Ok(Told::Done)
}

/// Sends the request again, for the requester or an administrator. A link that is good stays.
pub(super) fn resend(draft: &mut Draft<'_>, slot: Option<u32>, by: &str) -> Result<Told, Refusal> {
    if !matches!(draft.task.state, State::Pending | State::Unroutable) {
        return Err(super::closed(&draft.task));
    }
    let may_override = draft.world.people.is_some_and(|p| p.may_override(by));
    if !may_override && !end::is_requester(draft, by) {
        let text = "only who asks for an approval, or an administrator, may send it again";
        return Err(Refusal::NotAllowed(text.to_owned()));
    }
    let wanted: Vec<u32> = match slot {
        Some(slot) if draft.slot(slot)?.state != SlotState::Open => {
            return Err(Refusal::SlotClosed);
        }
        Some(slot) => vec![slot],
        None => open_slots(draft),
    };
    let (now_ms, actor) = (draft.world.now_ms, draft.actor(by));
    let mut sent = 0;
    for slot in wanted {
        if !spend(&mut draft.slot_mut(slot)?.resent, now_ms, DAY_MS) {
            continue;
        }
        let is_dead = is_expired(draft, slot)?;
        if is_dead {
            draft.make_link(slot)?;
        }
        draft.mail_request(slot, is_dead);
        sent += 1;
        draft.note(&Note {
            action: "resent",
            actor: actor.clone(),
            slot: Some(slot),
            ..Note::default()
        });
    }
    match (sent, slot) {
        (0, Some(_)) => Err(Refusal::TooOften),
        (0, None) => Ok(Told::Nothing),
        _ => Ok(Told::Done),
    }
}

/// Links under dead keys: who still owes a vote gets a new one (F16, F17).
pub(super) fn keys_gone(draft: &mut Draft<'_>, left: &[u8]) -> Result<Told, Refusal> {
    if !draft.task.state.is_open() {
        return Ok(Told::Nothing);
    }
    let mut told = Told::Nothing;
    for slot in draft.slots() {
        let found = draft.slot(slot)?;
        let is_dead = found
            .link
            .as_ref()
            .is_some_and(|link| !left.contains(&link.key));
        if !is_dead {
            continue;
        }
        told = Told::Done;
        if found.state == SlotState::Open {
            draft.make_link(slot)?;
            draft.mail_request(slot, true);
        } else {
            draft.drop_link(slot);
        }
        note(draft, "linkRenewed", slot, "the key of the link is gone");
    }
    Ok(told)
}

/// Mail to a slot came back for good. No vote, and no end: its person may decide in another way.
pub(super) fn undeliverable(draft: &mut Draft<'_>, slot: u32, why: &str) -> Result<Told, Refusal> {
    if !draft.task.state.is_open() {
        return Ok(Told::Nothing);
    }
    let found = draft.slot_mut(slot)?;
    if found.undeliverable {
        return Ok(Told::Nothing);
    }
    found.undeliverable = true;
    let id = found.person.id.clone();
    let why: String = why.chars().filter(|c| !c.is_control()).take(500).collect();
    note(draft, "undeliverable", slot, &why);
    draft.alert(&format!("mail to `{id}` came back: {why}"));
    Ok(Told::Done)
}

/// Whoever is disabled, barred or gone from a group may not vote any more (T21).
pub(super) fn people_changed(draft: &mut Draft<'_>) -> Result<Told, Refusal> {
    let Some(people) = draft.world.people else {
        return Ok(Told::Nothing);
    };
    if !matches!(draft.task.state, State::Pending | State::Unroutable) {
        return Ok(Told::Nothing);
    }
    let mut told = Told::Nothing;
    for slot in draft.slots() {
        let found = draft.slot(slot)?;
        if found.state != SlotState::Open {
            continue;
        }
        if who::is_barred(&draft.task, &found.person, people) {
            super::open::remove(draft, slot, "who asks for an approval may not give it")?;
            told = Told::Done;
            continue;
        }
        let entries = who::entitled(&draft.task, slot, people);
        if entries.is_empty() {
            super::open::remove(draft, slot, "disabled, or not in the group any more")?;
            told = Told::Done;
            continue;
        }
        if leave(draft, slot, &entries) {
            told = Told::Done;
        }
    }
    if draft.task.state == State::Unroutable {
        return super::open::prepare(draft);
    }
    if told == Told::Done && !crate::quorum::is_in_reach(&draft.task) {
        super::open::strand(draft, TOO_FEW)?;
    }
    Ok(told)
}

/// Takes a slot out of every entry but these; tells whether it was in one.
pub(super) fn leave(draft: &mut Draft<'_>, slot: u32, entries: &[usize]) -> bool {
    let mut has_left = false;
    for (at, entry) in draft.task.entries.iter_mut().enumerate() {
        if entry.slots.contains(&slot) && !entries.contains(&at) {
            entry.slots.retain(|number| *number != slot);
            has_left = true;
        }
    }
    has_left
}

fn open_slots(draft: &Draft<'_>) -> Vec<u32> {
    let numbers = draft.slots();
    let is_open = |slot: &u32| draft.task.slot(*slot).map(|s| s.state) == Some(SlotState::Open);
    numbers.filter(is_open).collect()
}

fn is_expired(draft: &Draft<'_>, slot: u32) -> Result<bool, Refusal> {
    let now_ms = draft.world.now_ms;
    let link = draft.slot(slot)?.link.as_ref();
    Ok(link.is_none_or(|link| link.expires_ms <= now_ms))
}

/// Whether the slot's person may still do something in this task.
fn check_asked(draft: &Draft<'_>, slot: u32) -> Result<(), Refusal> {
    if !matches!(draft.task.state, State::Pending | State::Unroutable) {
        return Err(super::closed(&draft.task));
    }
    match draft.slot(slot)?.state.may_vote() {
        true => Ok(()),
        false => Err(Refusal::SlotClosed),
    }
}

/// Takes one of so many times in a span; false when they are used up.
fn spend(times: &mut Vec<i64>, now_ms: i64, span_ms: i64) -> bool {
    times.retain(|at_ms| now_ms.saturating_sub(*at_ms) < span_ms);
    if times.len() >= TIMES_MAX {
        return false;
    }
    times.push(now_ms);
    true
}

fn note(draft: &mut Draft<'_>, action: &'static str, slot: u32, reason: &str) {
    let person = draft.task.slot(slot).map(|found| found.person.id.clone());
    draft.note(&Note {
        action,
        actor: person.unwrap_or_default(),
        slot: Some(slot),
        reason: reason.to_owned(),
        ..Note::default()
    });
}
