//! When a request is approved, rejected, or out of reach (approvals §4.3, "Deciding a stage").
//!
//! ```text
//!   persons who approve ──fill──► seats (need of each entry) ──► satisfied entries ≥ quorum ?
//! ```
//!
//! One vote fills one seat. A person who may serve several entries fills the seat that helps most:
//! the question is whether *some* seating satisfies enough entries, so the order of votes and of
//! entries never matters, and one more approval never takes anything away.

use std::collections::BTreeSet;

use usher_api::approval::{Need, Quorum, RejectRule};

use crate::task::{Entry, SlotState, Task};

/// At most this many entries of a request may need several persons and yet be dispensable: each
/// doubles the seatings that are looked at.
pub const WIDE_MAX: usize = 12;

/// How the votes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Neither is fixed.
    Undecided,
    /// Enough entries are satisfied.
    Approved,
    /// A rule of rejection is fulfilled.
    Rejected,
    /// Approval cannot be had any more, even if everybody who has not voted approves.
    OutOfReach,
}

/// How far a request is, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Persons who may vote or have voted.
    pub asked: u32,
    /// Persons who have approved.
    pub approved: u32,
    /// Persons who have rejected.
    pub rejected: u32,
    /// Filled seats of each entry, in the seating that fills most.
    pub filled: Vec<u32>,
    /// Satisfied entries that are needed.
    pub quorum: u32,
}

/// How many persons an entry needs, of so many.
#[must_use]
pub fn seats(need: Need, persons: usize) -> u32 {
    match need {
        Need::Count(count) => count.max(1),
        Need::Percent(percent) => part(percent, persons),
    }
}

/// How many of so many entries must be satisfied.
#[must_use]
pub fn wanted(quorum: Quorum, entries: usize) -> u32 {
    match quorum {
        Quorum::Any => 1,
        Quorum::All => u32::try_from(entries).unwrap_or(u32::MAX).max(1),
        Quorum::Count(count) => count.max(1),
        Quorum::Percent(percent) => part(percent, entries),
    }
}

/// A part in percent, rounded up, at least one.
fn part(percent: u8, of: usize) -> u32 {
    let share = (of as u64 * u64::from(percent)).div_ceil(100);
    u32::try_from(share).unwrap_or(u32::MAX).max(1)
}

/// Whether approvals of these slots satisfy `quorum` entries, every required one among them.
#[must_use]
pub fn is_satisfied(entries: &[Entry], quorum: u32, approving: &BTreeSet<u32>) -> bool {
    let mut seating = Seating::new(entries, approving);
    let mut satisfied = 0;
    for (at, entry) in entries.iter().enumerate() {
        if entry.required {
            if !seating.seat(at) {
                return false;
            }
            satisfied += 1;
        }
    }
    let dispensable = |wide: bool| {
        let list = entries.iter().enumerate();
        list.filter(move |(_, entry)| !entry.required && (entry.need > 1) == wide)
            .map(|(at, _)| at)
            .collect::<Vec<_>>()
    };
    let (wide, single) = (dispensable(true), dispensable(false));
    search(seating, satisfied, quorum, &wide, &single)
}

/// Entries of one seat can be added one by one without regret; those of several seats cannot: with
/// and without are both tried.
fn search(seating: Seating<'_>, done: u32, quorum: u32, wide: &[usize], single: &[usize]) -> bool {
    if done >= quorum {
        return true;
    }
    let left = wide.len() + single.len();
    if u64::from(done) + (left as u64) < u64::from(quorum) {
        return false;
    }
    let Some((first, rest)) = wide.split_first() else {
        let mut seating = seating;
        let more = single.iter().filter(|at| seating.seat(**at)).count();
        return u64::from(done) + more as u64 >= u64::from(quorum);
    };
    let mut with = seating.clone();
    (with.seat(*first) && search(with, done + 1, quorum, rest, single))
        || search(seating, done, quorum, rest, single)
}

/// Who sits where: a matching of persons and seats, made larger along alternating paths.
#[derive(Debug, Clone)]
struct Seating<'a> {
    entries: &'a [Entry],
    approving: &'a BTreeSet<u32>,
    /// The entry whose seat a slot fills.
    of: std::collections::BTreeMap<u32, usize>,
}

impl<'a> Seating<'a> {
    fn new(entries: &'a [Entry], approving: &'a BTreeSet<u32>) -> Seating<'a> {
        Seating {
            entries,
            approving,
            of: std::collections::BTreeMap::new(),
        }
    }

    /// Fills every seat of an entry that has none filled, or none.
    fn seat(&mut self, entry: usize) -> bool {
        let before = self.of.clone();
        for _ in 0..self.entries[entry].need {
            if !self.fill(entry) {
                self.of = before;
                return false;
            }
        }
        true
    }

    /// Fills one more seat of an entry, moving others aside where they can sit elsewhere.
    fn fill(&mut self, entry: usize) -> bool {
        self.augment(entry, &mut BTreeSet::new())
    }

    fn augment(&mut self, entry: usize, seen: &mut BTreeSet<u32>) -> bool {
        let entries = self.entries;
        for slot in &entries[entry].slots {
            if !self.approving.contains(slot) || !seen.insert(*slot) {
                continue;
            }
            let sits = self.of.get(slot).copied();
            let is_free = match sits {
                None => true,
                Some(other) if other == entry => false,
                Some(other) => self.augment(other, seen),
            };
            if is_free {
                self.of.insert(*slot, entry);
                return true;
            }
        }
        false
    }
}

/// Slots that have voted so.
#[must_use]
pub fn voted(task: &Task, state: SlotState) -> BTreeSet<u32> {
    (0..)
        .zip(&task.slots)
        .filter(|(_, slot)| slot.state == state)
        .map(|(number, _)| number)
        .collect()
}

/// Whether approval can still be had: those who have not voted and are not removed may approve.
#[must_use]
pub fn is_in_reach(task: &Task) -> bool {
    let mut could = voted(task, SlotState::Approved);
    could.extend(voted(task, SlotState::Open));
    let quorum = wanted(task.asked.policy.quorum, task.entries.len());
    is_satisfied(&task.entries, quorum, &could)
}

/// How the votes stand. When both are true at once, rejection wins.
#[must_use]
pub fn standing(task: &Task) -> Standing {
    let rejects = voted(task, SlotState::Rejected).len() as u64;
    let is_rejected = match task.asked.policy.reject {
        RejectRule::Veto => rejects > 0,
        RejectRule::Threshold => false,
        RejectRule::Count(count) => rejects >= u64::from(count.max(1)),
    };
    let quorum = wanted(task.asked.policy.quorum, task.entries.len());
    if is_rejected {
        Standing::Rejected
    } else if is_satisfied(&task.entries, quorum, &voted(task, SlotState::Approved)) {
        Standing::Approved
    } else if is_in_reach(task) {
        Standing::Undecided
    } else {
        Standing::OutOfReach
    }
}

/// How far a request is, for people.
#[must_use]
pub fn tally(task: &Task) -> Tally {
    let approving = voted(task, SlotState::Approved);
    let mut seating = Seating::new(&task.entries, &approving);
    for (at, entry) in task.entries.iter().enumerate() {
        let mut left = entry.need;
        while left > 0 && seating.fill(at) {
            left -= 1;
        }
    }
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let filled = |at: usize| count(seating.of.values().filter(|entry| **entry == at).count());
    let removed = voted(task, SlotState::Removed).len();
    Tally {
        asked: count(task.slots.len() - removed),
        approved: count(approving.len()),
        rejected: count(voted(task, SlotState::Rejected).len()),
        filled: (0..task.entries.len()).map(filled).collect(),
        quorum: wanted(task.asked.policy.quorum, task.entries.len()),
    }
}
