//! Opening: who is asked, or why nobody can be (T2, T4, T6, T7, T8).
//!
//! ```text
//!   fault? ──► directory there? ──► entries with persons ──► approval in reach? ──► links, mails
//!   Faulted      later again                                   Unroutable, alert
//! ```

use std::collections::BTreeSet;

use usher_api::approval::{Asked, TimeoutResult};

use super::draft::Draft;
use super::{Refusal, Told, end, moment, who};
use crate::digest::digest;
use crate::form;
use crate::people::{People, Person};
use crate::quorum::{WIDE_MAX, is_satisfied, seats, wanted};
use crate::record::Note;
use crate::task::{Entry, Slot, SlotSignal, SlotState, State, Task, TaskSignal};

/// The first wait before opening is tried again, milliseconds; it doubles.
const FIRST_WAIT_MS: i64 = 10_000;

/// The longest wait; and administrators hear of a directory that is away for so long.
const LONGEST_WAIT_MS: i64 = 15 * 60 * 1000;

/// Looks who is asked. A task that is asked already stays as it is.
pub(super) fn prepare(draft: &mut Draft<'_>) -> Result<Told, Refusal> {
    match draft.task.state {
        State::Opening | State::Unroutable => {}
        State::Pending
        | State::Approved
        | State::Rejected
        | State::TimedOut
        | State::Cancelled
        | State::Overridden
        | State::Faulted => return Ok(Told::Nothing),
    }
    if draft.task.state == State::Opening
        && let Some(why) = unusable(draft)
    {
        end::fault(draft, &why)?;
        return Ok(Told::Done);
    }
    let Some(people) = draft.world.people else {
        wait(draft)?;
        return Ok(Told::Done);
    };
    if draft.task.state == State::Opening {
        freeze(draft, people);
    }
    let plan = lay_out(draft, people);
    match plan.reason.clone() {
        None => ask(draft, plan)?,
        Some(reason) => {
            if draft.task.slots.is_empty() {
                draft.task.entries = plan.entries;
                for entry in &mut draft.task.entries {
                    entry.slots.clear();
                }
            }
            strand(draft, &reason)?;
        }
    }
    Ok(Told::Done)
}

/// Why a request cannot be opened at all.
fn unusable(draft: &Draft<'_>) -> Option<String> {
    let (asked, rules) = (&draft.task.asked, draft.world.rules);
    if let Some(fault) = &asked.fault {
        return Some(fault.clone());
    }
    let policy = &asked.policy;
    if let Err(why) = moment::timeout_ms(asked, rules) {
        return Some(why);
    }
    let result = policy.timeout.as_ref().map(|timeout| timeout.result);
    if result == Some(TimeoutResult::Approve) && !rules.allow_approve_on_timeout {
        return Some(
            "timeout.result `approve` is not allowed here; only the installation's setting \
             allow_approve_on_timeout allows it"
                .to_owned(),
        );
    }
    let wide = policy.approvers.iter().filter(|approver| {
        let single = approver.need == usher_api::approval::Need::Count(1);
        !approver.required && !single
    });
    let all = wanted(policy.quorum, policy.approvers.len()) as usize >= policy.approvers.len();
    if !all && wide.count() > WIDE_MAX {
        return Some(format!(
            "more than {WIDE_MAX} entries of `approvers` need several persons and are not required"
        ));
    }
    form::unusable(&policy.form)
}

/// What stays as it is from here on.
fn freeze(draft: &mut Draft<'_>, people: &People) {
    let asked = &draft.task.asked;
    let timeout_ms = moment::timeout_ms(asked, draft.world.rules).unwrap_or(None);
    let barred = match asked.policy.requester_may_approve {
        true => Vec::new(),
        false => who::requesters(asked, people),
    };
    let requester = who::requester(asked, people);
    draft.task.digest = digest(asked);
    draft.task.timeout_ms = timeout_ms;
    draft.task.limit_ms = timeout_ms;
    draft.task.barred = barred;
    draft.task.requester = requester;
}

/// Who would be asked.
struct Plan {
    entries: Vec<Entry>,
    /// Persons by the numbers of their slots: those of the task, then new ones.
    persons: Vec<Person>,
    /// Why it cannot be opened so.
    reason: Option<String>,
}

fn lay_out(draft: &Draft<'_>, people: &People) -> Plan {
    let task = &draft.task;
    let persons = task.slots.iter().map(|slot| slot.person.clone()).collect();
    let mut plan = Plan {
        entries: Vec::new(),
        persons,
        reason: None,
    };
    let (approvers, rules) = (&task.asked.policy.approvers, draft.world.rules);
    let barred = who::barred(task, people);
    for (at, approver) in approvers.iter().enumerate() {
        let found = who::persons_of(approver, people, rules);
        if let Ok(persons) = &found
            && persons.len() > rules.persons_max
        {
            plan.reason = Some(too_many(persons.len(), rules.persons_max));
            return plan;
        }
        let found = found.and_then(|found| {
            let is_free = |person: &Person| !who::is_among(&barred, person);
            let free: Vec<Person> = found.into_iter().filter(is_free).collect();
            match free.is_empty() {
                true => Err("only who asks for it could approve".to_owned()),
                false => Ok(free),
            }
        });
        let entry = lay_out_entry(task, at, found, &mut plan.persons);
        plan.entries.push(entry);
    }
    plan.reason = obstacle(draft, &plan);
    plan
}

fn too_many(many: usize, most: usize) -> String {
    format!("{many} persons would be asked, at most {most} may")
}

fn lay_out_entry(
    task: &Task,
    at: usize,
    found: Result<Vec<Person>, String>,
    persons: &mut Vec<Person>,
) -> Entry {
    let approver = &task.asked.policy.approvers[at];
    let old = task.entries.get(at).filter(|_| !task.slots.is_empty());
    let has_voted = |slot: u32| task.slot(slot).is_some_and(|slot| slot.state.has_voted());
    // A vote counts for what its person was entitled to when it was given.
    let mut slots: BTreeSet<u32> = old
        .map(|entry| entry.slots.iter().copied().filter(|slot| has_voted(*slot)))
        .into_iter()
        .flatten()
        .collect();
    let mut fault = None;
    match found {
        Err(why) => fault = Some(why),
        Ok(free) => {
            for person in free {
                let known = persons
                    .iter()
                    .position(|known| who::is_same(known, &person));
                let number = known.unwrap_or(persons.len());
                if known.is_none() {
                    persons.push(person);
                }
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                if !has_voted(number) {
                    slots.insert(number);
                }
            }
        }
    }
    let need = old.map_or_else(|| seats(approver.need, slots.len()), |entry| entry.need);
    if fault.is_none() && (slots.len() as u64) < u64::from(need) {
        fault = Some(format!("needs {need} persons and has {}", slots.len()));
    }
    Entry {
        label: who::label(&approver.who).to_owned(),
        need,
        required: approver.required,
        slots: slots.into_iter().collect(),
        group: match &approver.who {
            usher_api::approval::Who::Group(name) => Some(name.clone()),
            usher_api::approval::Who::User(_) | usher_api::approval::Who::Role(_) => {
                approver.must_be_in.clone()
            }
        },
        fault,
    }
}

/// Why approval is not in reach with these persons.
fn obstacle(draft: &Draft<'_>, plan: &Plan) -> Option<String> {
    let (task, most) = (&draft.task, draft.world.rules.persons_max);
    let meant: BTreeSet<u32> = plan
        .entries
        .iter()
        .flat_map(|entry| entry.slots.iter().copied())
        .collect();
    if meant.len() > most {
        return Some(too_many(meant.len(), most));
    }
    let could: BTreeSet<u32> = meant
        .into_iter()
        .filter(|number| {
            task.slot(*number)
                .is_none_or(|slot| slot.state != SlotState::Rejected)
        })
        .collect();
    let quorum = wanted(task.asked.policy.quorum, plan.entries.len());
    if is_satisfied(&plan.entries, quorum, &could) {
        return None;
    }
    let faults: Vec<String> = plan
        .entries
        .iter()
        .filter_map(|entry| Some(format!("{}: {}", entry.label, entry.fault.as_ref()?)))
        .collect();
    if !faults.is_empty() {
        return Some(faults.join("; "));
    }
    let (many, entries) = (could.len(), plan.entries.len());
    Some(format!(
        "{many} persons cannot satisfy {quorum} of {entries} entries, one seat each"
    ))
}

fn ask(draft: &mut Draft<'_>, plan: Plan) -> Result<(), Refusal> {
    let faults: Vec<String> = plan
        .entries
        .iter()
        .filter_map(|entry| Some(format!("{}: {}", entry.label, entry.fault.as_ref()?)))
        .collect();
    let old = draft.slots();
    draft.task.entries = plan.entries;
    for person in plan.persons.into_iter().skip(old.len()) {
        draft.task.slots.push(Slot::new(person));
    }
    draft.signal(TaskSignal::Ask)?;
    draft.task.opening = crate::task::Opening::default();
    draft.note(&Note {
        action: "opened",
        actor: "system:workflow".to_owned(),
        digest: draft.task.digest.clone(),
        submitters: submitters(&draft.task.asked),
        reason: faults.join("; "),
        ..Note::default()
    });
    for slot in draft.slots() {
        let is_meant = is_in_an_entry(draft, slot);
        let state = draft.slot(slot)?.state;
        let is_new = !old.contains(&slot);
        if state == SlotState::Removed && is_meant {
            draft.signal_slot(slot, SlotSignal::Restore)?;
        } else if state == SlotState::Open && !is_meant {
            remove(draft, slot, "not meant any more")?;
            continue;
        } else if !is_new {
            continue;
        }
        draft.make_link(slot)?;
        draft.mail_request(slot, false);
    }
    Ok(())
}

/// Every account that had the run carried out, where that is more than one.
fn submitters(asked: &Asked) -> Vec<String> {
    match asked.others.is_empty() {
        true => Vec::new(),
        false => [&asked.submitter]
            .into_iter()
            .chain(&asked.others)
            .cloned()
            .collect(),
    }
}

pub(super) fn is_in_an_entry(draft: &Draft<'_>, slot: u32) -> bool {
    let mut entries = draft.task.entries.iter();
    entries.any(|entry| entry.slots.contains(&slot))
}

/// Takes a slot out: its person may not vote any more.
pub(super) fn remove(draft: &mut Draft<'_>, slot: u32, why: &str) -> Result<(), Refusal> {
    draft.signal_slot(slot, SlotSignal::Remove)?;
    draft.drop_link(slot);
    let found = draft.slot_mut(slot)?;
    found.code = None;
    let id = found.person.id.clone();
    for entry in &mut draft.task.entries {
        entry.slots.retain(|number| *number != slot);
    }
    draft.note(&Note {
        action: "removed",
        actor: "system:directory".to_owned(),
        slot: Some(slot),
        reason: format!("{id}: {why}"),
        ..Note::default()
    });
    Ok(())
}

/// Too few people can decide: administrators are told once, and it is tried again.
pub(super) fn strand(draft: &mut Draft<'_>, reason: &str) -> Result<(), Refusal> {
    let is_news = draft.task.state != State::Unroutable || draft.task.opening.reason != reason;
    if draft.task.state != State::Unroutable {
        draft.task.opening.tries = 0;
        draft.task.opening.alerted = false;
    }
    draft.signal(TaskSignal::Strand)?;
    again(draft, reason);
    if is_news {
        draft.note(&Note {
            action: "stranded",
            actor: "system:directory".to_owned(),
            reason: reason.to_owned(),
            ..Note::default()
        });
    }
    if !draft.task.opening.alerted {
        draft.task.opening.alerted = true;
        draft.alert(reason);
    }
    Ok(())
}

/// The directory cannot be reached: nobody is told before it has lasted.
fn wait(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    draft.signal(TaskSignal::Wait)?;
    let reason = match draft.task.state {
        State::Unroutable => draft.task.opening.reason.clone(),
        _ => "the directory of people cannot be reached".to_owned(),
    };
    again(draft, &reason);
    let waited_ms = draft.world.now_ms - draft.task.asked.opened_ms;
    if waited_ms >= LONGEST_WAIT_MS && !draft.task.opening.alerted {
        draft.task.opening.alerted = true;
        draft.alert(&reason);
    }
    Ok(())
}

fn again(draft: &mut Draft<'_>, reason: &str) {
    let now_ms = draft.world.now_ms;
    let opening = &mut draft.task.opening;
    let doubled = FIRST_WAIT_MS << opening.tries.min(10);
    opening.tries = opening.tries.saturating_add(1);
    opening.next_ms = Some(now_ms.saturating_add(doubled.min(LONGEST_WAIT_MS)));
    reason.clone_into(&mut opening.reason);
}
