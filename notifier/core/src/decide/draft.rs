//! The only hands that may change a task while a decision is made.
//!
//! A draft moves states by their tables alone, numbers what it posts, joins what it records on to
//! the chain, and draws link ids and salts from the decision's seed, each different.

use sha2::{Digest as _, Sha256};

use super::{Change, LinkChange, Post, Refusal, Told, World};
use crate::people::Person;
use crate::recipe::{Recipe, ToSlot};
use crate::record::{Note, Place, Sealed, seal};
use crate::task::{Chain, Held, Slot, SlotSignal, State, Task, TaskSignal};

/// Refusals of one reason are told at most so often, milliseconds.
const REFUSALS_MS: i64 = 60_000;

/// A task under change.
pub(super) struct Draft<'a> {
    /// The task. Read freely; states, mails, links and the record change through the methods.
    pub(super) task: Task,
    /// What may be known.
    pub(super) world: &'a World<'a>,
    before: State,
    links: Vec<LinkChange>,
    mails: Vec<Post>,
    record: Vec<Sealed>,
    /// Entries whose erasable part goes.
    pub(super) erase: Vec<u32>,
    /// The outcome for the run.
    pub(super) verdict: Option<usher_api::approval::Verdict>,
    drawn: u32,
}

impl<'a> Draft<'a> {
    pub(super) fn new(task: &Task, world: &'a World<'a>) -> Draft<'a> {
        Draft {
            task: task.clone(),
            world,
            before: task.state,
            links: Vec::new(),
            mails: Vec::new(),
            record: Vec::new(),
            erase: Vec::new(),
            verdict: None,
            drawn: 0,
        }
    }

    /// All that was done, whole.
    pub(super) fn finish(mut self, told: Told) -> Change {
        self.say_refusals();
        Change {
            due_ms: self.task.due_ms(),
            task: self.task,
            links: self.links,
            mails: self.mails,
            record: self.record,
            erase: self.erase,
            verdict: self.verdict,
            told,
        }
    }

    /// Sends a signal to the task.
    pub(super) fn signal(&mut self, signal: TaskSignal) -> Result<(), Refusal> {
        let next = self.task.state.next(signal);
        self.task.state = next.map_err(|illegal| Refusal::NotAllowed(illegal.to_string()))?;
        Ok(())
    }

    /// Sends a signal to a slot.
    pub(super) fn signal_slot(&mut self, slot: u32, signal: SlotSignal) -> Result<(), Refusal> {
        let found = self.slot_mut(slot)?;
        let next = found.state.next(signal);
        found.state = next.map_err(|illegal| Refusal::NotAllowed(illegal.to_string()))?;
        Ok(())
    }

    pub(super) fn slot(&self, slot: u32) -> Result<&Slot, Refusal> {
        self.task.slot(slot).ok_or(Refusal::NotAsked)
    }

    pub(super) fn slot_mut(&mut self, slot: u32) -> Result<&mut Slot, Refusal> {
        let found = self.task.slots.get_mut(slot as usize);
        found.ok_or(Refusal::NotAsked)
    }

    /// Numbers of all slots.
    pub(super) fn slots(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.task.slots.len()).unwrap_or(u32::MAX)
    }

    /// Writes the next entry of the record. To be called after the states have moved.
    pub(super) fn note(&mut self, note: &Note) {
        let salt = self.fresh();
        let place = Place {
            task: &self.task,
            before: self.before,
            at_ms: self.world.now_ms,
            salt,
        };
        let sealed = seal(&self.task.chain, &place, note);
        self.task.chain = Chain {
            seq: sealed.seq,
            hash: sealed.hash.clone(),
        };
        self.record.push(sealed);
    }

    /// Makes the link of a slot; an earlier one is taken back.
    pub(super) fn make_link(&mut self, slot: u32) -> Result<(), Refusal> {
        let id = self.fresh();
        let now_ms = self.world.now_ms;
        let mut expires_ms = now_ms.saturating_add(self.world.rules.link_ms);
        if let Some(timeout_ms) = self.task.timeout_ms {
            expires_ms = expires_ms.min(timeout_ms.max(now_ms));
        }
        let key = self.world.rules.signing_key;
        let found = self.slot_mut(slot)?;
        let is_first = found.links == 0;
        found.links += 1;
        found.link = Some(Held {
            id: data_encoding::HEXLOWER.encode(&id),
            key,
            expires_ms,
        });
        self.links.push(LinkChange::Made {
            id,
            slot,
            key,
            expires_ms,
        });
        if !is_first {
            self.links.push(LinkChange::OnlyThis { slot, id });
        }
        Ok(())
    }

    /// Lets the link of a slot live at least until `until_ms`.
    pub(super) fn extend_link(&mut self, slot: u32, until_ms: i64) {
        let Some(held) = self.task.slots.get_mut(slot as usize) else {
            return;
        };
        let Some(link) = held.link.as_mut().filter(|link| link.expires_ms < until_ms) else {
            return;
        };
        let mut id = [0_u8; 16];
        let text = data_encoding::HEXLOWER.decode(link.id.as_bytes());
        match text {
            Ok(bytes) if bytes.len() == id.len() => id.copy_from_slice(&bytes),
            Ok(_) | Err(_) => return,
        }
        link.expires_ms = until_ms;
        self.links.push(LinkChange::Made {
            id,
            slot,
            key: link.key,
            expires_ms: until_ms,
        });
    }

    /// Takes the link of a slot back.
    pub(super) fn drop_link(&mut self, slot: u32) {
        let Some(held) = self.task.slots.get_mut(slot as usize) else {
            return;
        };
        if held.link.take().is_some() {
            self.links.push(LinkChange::AllGone { slot });
        }
    }

    /// How a mail to a slot names it. Without `linked` it shows no address to click.
    pub(super) fn to_slot(&self, slot: u32, linked: bool, renewed: bool) -> ToSlot {
        let held = self.task.slot(slot).and_then(|found| found.link.as_ref());
        let held = held.filter(|_| linked);
        ToSlot {
            slot,
            link: held.map(|link| link.id.clone()).unwrap_or_default(),
            key: held.map_or(0, |link| link.key),
            at_ms: self.world.now_ms,
            renewed,
        }
    }

    /// Posts a mail to a slot's person.
    pub(super) fn mail_slot(&mut self, slot: u32, kind: &'static str, recipe: Recipe) {
        let (task, round) = (self.task.asked.task.clone(), self.task.round);
        let Some(found) = self.task.slots.get_mut(slot as usize) else {
            return;
        };
        let ordinal = found.mails.entry(kind.to_owned()).or_default();
        *ordinal += 1;
        self.mails.push(Post {
            key: format!("{task}/{slot}/{kind}/{ordinal}/{round}"),
            slot: Some(slot),
            kind,
            recipient: found.person.address.clone(),
            recipe,
        });
    }

    /// Posts a mail to somebody who has no slot.
    pub(super) fn mail_other(&mut self, recipient: &str, kind: &'static str, recipe: Recipe) {
        let ordinal = self.task.mails.entry(kind.to_owned()).or_default();
        *ordinal += 1;
        let (task, round) = (&self.task.asked.task, self.task.round);
        self.mails.push(Post {
            key: format!("{task}/-/{kind}/{ordinal}/{round}"),
            slot: None,
            kind,
            recipient: recipient.to_owned(),
            recipe,
        });
    }

    /// Asks a slot's person, by the link that is in force.
    pub(super) fn mail_request(&mut self, slot: u32, renewed: bool) {
        let to = self.to_slot(slot, true, renewed);
        self.mail_slot(slot, "request", Recipe::Request(to));
    }

    /// Tells administrators.
    pub(super) fn alert(&mut self, reason: &str) {
        let at_ms = self.world.now_ms;
        for administrator in &self.world.rules.administrators {
            let recipe = Recipe::Alert {
                reason: reason.to_owned(),
                at_ms,
            };
            self.mail_other(administrator, "alert", recipe);
        }
    }

    /// The person of an account; the account itself where it has none.
    pub(super) fn actor(&self, account: &str) -> String {
        let person = self.world.people.and_then(|p| p.person_of_account(account));
        person.map_or_else(|| account.to_owned(), |person| person.id.clone())
    }

    /// Counts a refusal; tells whether the record is to tell it now.
    pub(super) fn count_refusal(&mut self, reason: &str) -> Option<u32> {
        let now_ms = self.world.now_ms;
        let told = self.task.refusals.entry(reason.to_owned()).or_insert(
            // As if the last one had been told long ago.
            crate::task::Refusals {
                at_ms: i64::MIN,
                unsaid: 0,
            },
        );
        if now_ms.saturating_sub(told.at_ms) < REFUSALS_MS {
            told.unsaid = told.unsaid.saturating_add(1);
            return None;
        }
        told.at_ms = now_ms;
        let times = told.unsaid.saturating_add(1);
        told.unsaid = 0;
        Some(times)
    }

    /// Tells the record in one entry a reason what was counted and is a minute old.
    fn say_refusals(&mut self) {
        let now_ms = self.world.now_ms;
        let mut due = Vec::new();
        for (reason, told) in &mut self.task.refusals {
            if told.unsaid > 0 && now_ms.saturating_sub(told.at_ms) >= REFUSALS_MS {
                due.push((reason.clone(), told.unsaid));
                told.at_ms = now_ms;
                told.unsaid = 0;
            }
        }
        let is_old = |at_ms: i64| now_ms.saturating_sub(at_ms) >= REFUSALS_MS;
        self.task
            .refusals
            .retain(|_, told| told.unsaid > 0 || !is_old(told.at_ms));
        for (reason, times) in due {
            self.note(&Note {
                action: "refused",
                reason,
                times: Some(times),
                ..Note::default()
            });
        }
    }

    /// 16 bytes of chance that nothing else of this decision has.
    fn fresh(&mut self) -> [u8; 16] {
        self.drawn += 1;
        let mut hash = Sha256::new();
        hash.update(b"usher decision\0");
        hash.update(self.world.seed);
        hash.update(self.drawn.to_be_bytes());
        let mut bytes = [0_u8; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        bytes
    }
}

/// What a person is called in the record.
pub(super) fn printed(person: &Person) -> String {
    if person.name.is_empty() {
        person.address.clone()
    } else {
        person.name.clone()
    }
}
