//! Whether a mail is still wanted: looked at after the lease, just before it is sent.
//!
//! A request or a code for a task that is closed, for a slot that may not vote any more, or with a
//! link that was taken back, goes nowhere. Whatever tells people how it ended always goes.

use usher_ledger::Error;
use usher_ledger::tasks::{LinkRow, MailRow, TaskReader, TaskRow};
use usher_notifier_core::recipe::{Recipe, ToSlot};
use usher_notifier_core::task::{SlotState, Task};

use crate::gate::task_of;

/// What the look gave.
#[derive(Debug)]
pub(super) enum Wanted {
    /// It goes; with the task, if it belongs to one.
    Yes(Box<Recipe>, Option<Box<Task>>),
    /// It does not, for this reason.
    No(String),
    /// The rows cannot be read by this release.
    Unreadable(String),
}

/// Looks at what a mail is about, at this time.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn look(
    reader: &mut dyn TaskReader,
    row: &MailRow,
    now_ms: i64,
) -> Result<Wanted, Error> {
    let recipe: Recipe = match serde_json::from_slice(&row.mail.body) {
        Ok(recipe) => recipe,
        Err(error) => return Ok(Wanted::Unreadable(format!("its recipe: {error}"))),
    };
    let Some(id) = &row.mail.task else {
        return Ok(Wanted::Yes(Box::new(recipe), None));
    };
    let Some(task_row) = reader.task(id)? else {
        return Ok(Wanted::No("the request is gone".to_owned()));
    };
    let task = match task_of(&task_row) {
        Ok(task) => task,
        Err(error) => return Ok(Wanted::Unreadable(error.to_string())),
    };
    let link = match asks(&recipe) {
        Some(to) if !to.link.is_empty() => link_of(reader, &to.link)?,
        _ => None,
    };
    if let Some(why) = unwanted(&recipe, &task_row, &task, link.as_ref(), now_ms) {
        return Ok(Wanted::No(why.to_owned()));
    }
    Ok(Wanted::Yes(Box::new(recipe), Some(Box::new(task))))
}

/// The slot that a mail asks something of.
fn asks(recipe: &Recipe) -> Option<&ToSlot> {
    match recipe {
        Recipe::Request(to) | Recipe::Code { to, .. } => Some(to),
        Recipe::NoLongerNeeded(_)
        | Recipe::Receipt { .. }
        | Recipe::Outcome { .. }
        | Recipe::Alert { .. }
        | Recipe::Written(_) => None,
    }
}

fn unwanted(
    recipe: &Recipe,
    row: &TaskRow,
    task: &Task,
    link: Option<&LinkRow>,
    now_ms: i64,
) -> Option<&'static str> {
    let to = asks(recipe)?;
    if !row.open {
        return Some("the request is closed");
    }
    let at = usize::try_from(to.slot).unwrap_or(usize::MAX);
    let Some(slot) = task.slots.get(at) else {
        return Some("the request has no such slot");
    };
    let votes = slot.state == SlotState::Approved || slot.state == SlotState::Rejected;
    if let Recipe::Code { ordinal, .. } = recipe {
        let good = slot
            .code
            .as_ref()
            .is_some_and(|code| code.ordinal == *ordinal);
        // Who has voted may vote again, and prove it again.
        let may = slot.state == SlotState::Open || votes;
        return (!good || !may).then_some("the code is not good any more");
    }
    if slot.state != SlotState::Open && !(votes && to.renewed) {
        return Some("this person is not asked any more");
    }
    if to.link.is_empty() {
        return None;
    }
    let good = link.is_some_and(|link| !link.revoked && link.expires_ms > now_ms);
    (!good).then_some("its link is not good any more")
}

fn link_of(reader: &mut dyn TaskReader, hex: &str) -> Result<Option<LinkRow>, Error> {
    let Some(id) = bytes_of(hex) else {
        return Ok(None);
    };
    Ok(reader.task_of_link(&id)?.map(|(link, _)| link))
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let text = std::str::from_utf8(pair)
            .ok()
            .filter(|text| text.len() == 2)?;
        u8::from_str_radix(text, 16).ok()
    };
    pairs.map(byte).collect()
}
