//! A task: one request for approval, with its slots, votes and times. The body of a task's row.
//!
//! ```text
//!   Task = asked (frozen) + entries (resolved) + slots (one a person) + chain (end of its record)
//! ```
//!
//! A later version has several stages and rounds: `stage` and `round` are here already, so that a
//! body of today is one of then.

mod code;
mod link;
mod slot;
mod state;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_api::approval::{Asked, Level};

use crate::people::Person;

pub use code::{CODE_MS, CODE_TRIES, CodeSignal, CodeState};
pub use link::{LinkSignal, LinkState};
pub use slot::{SlotSignal, SlotState};
pub use state::{State, TaskSignal};

/// A signal that a state does not take; the state stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signal {signal:?} is not allowed in state {state:?}")]
pub struct Illegal<State: std::fmt::Debug, Signal: std::fmt::Debug> {
    /// The state.
    pub state: State,
    /// The signal that was refused.
    pub signal: Signal,
}

/// The tables of all four machines as markdown, for `notifier/README.md`.
#[must_use]
pub fn tables() -> [String; 4] {
    [
        table("task", &State::ALL, &TaskSignal::ALL, |state, signal| {
            state.next(signal).ok()
        }),
        table(
            "slot",
            &SlotState::ALL,
            &SlotSignal::ALL,
            |state, signal| state.next(signal).ok(),
        ),
        table(
            "link",
            &LinkState::ALL,
            &LinkSignal::ALL,
            |state, signal| state.next(signal).ok(),
        ),
        table(
            "code",
            &CodeState::ALL,
            &CodeSignal::ALL,
            |state, signal| state.next(signal).ok(),
        ),
    ]
}

fn table<State: std::fmt::Debug + Copy, Signal: std::fmt::Debug + Copy>(
    what: &str,
    states: &[State],
    signals: &[Signal],
    next: impl Fn(State, Signal) -> Option<State>,
) -> String {
    let mut out = format!("| {what} |");
    for signal in signals {
        out.push_str(&format!(" {signal:?} |"));
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(signals.len()));
    for state in states {
        out.push_str(&format!("\n| **{state:?}** |"));
        for signal in signals {
            match next(*state, *signal) {
                Some(next) => out.push_str(&format!(" {next:?} |")),
                None => out.push_str(" – |"),
            }
        }
    }
    out.push('\n');
    out
}

/// The layout that this release writes.
pub const TASK_VERSION: u32 = 1;

/// The body of a task's row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Version of this layout.
    pub v: u32,
    /// Where it stands.
    pub state: State,
    /// What was asked; frozen.
    pub asked: Asked,
    /// From 1; raised by a resubmission.
    pub round: u32,
    /// The stage that is open, from 0.
    pub stage: u32,
    /// The entries of the policy with who was found for each.
    #[serde(default)]
    pub entries: Vec<Entry>,
    /// Everybody who is asked, in the order of asking. A slot is never removed.
    #[serde(default)]
    pub slots: Vec<Slot>,
    /// Who may not vote, by the subjects that were compared: submitter and requesters.
    #[serde(default)]
    pub barred: Vec<String>,
    /// SHA-256, hex, of what is laid before people.
    #[serde(default)]
    pub digest: String,
    /// When the task times out, milliseconds UTC.
    #[serde(default)]
    pub timeout_ms: Option<i64>,
    /// The same as the policy says it; the one above is later once it was put off.
    #[serde(default)]
    pub limit_ms: Option<i64>,
    /// Rises whenever the timeout is moved: an older one means nothing.
    #[serde(default)]
    pub timeout_generation: u32,
    /// When opening is tried again, and how often it was tried.
    #[serde(default)]
    pub opening: Opening,
    /// Values of the form that the first approver gave; what the others sign.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Who asks, as found at the opening: the policy's requester, else the submitter's person.
    #[serde(default)]
    pub requester: Option<Person>,
    /// How many mails of each kind were posted that are no slot's: the ordinal of the next.
    #[serde(default)]
    pub mails: BTreeMap<String, u32>,
    /// Refusals by reason that the record does not tell one by one.
    #[serde(default)]
    pub refusals: BTreeMap<String, Refusals>,
    /// How it ended.
    #[serde(default)]
    pub decided: Option<Decided>,
    /// The end of its record.
    pub chain: Chain,
}

impl Task {
    /// A task of which nobody has thought yet: what a run's turn puts into the ledger.
    #[must_use]
    pub fn opening(asked: Asked) -> Task {
        let opening = Opening {
            next_ms: Some(asked.opened_ms),
            ..Opening::default()
        };
        Task {
            v: TASK_VERSION,
            state: State::Opening,
            asked,
            round: 1,
            stage: 0,
            entries: Vec::new(),
            slots: Vec::new(),
            barred: Vec::new(),
            digest: String::new(),
            timeout_ms: None,
            limit_ms: None,
            timeout_generation: 0,
            opening,
            values: BTreeMap::new(),
            requester: None,
            mails: BTreeMap::new(),
            refusals: BTreeMap::new(),
            decided: None,
            chain: Chain::default(),
        }
    }

    /// When somebody must look at it again without being asked; none for never.
    #[must_use]
    pub fn due_ms(&self) -> Option<i64> {
        match self.state {
            State::Opening => self.opening.next_ms,
            State::Pending => self.timeout_ms,
            State::Unroutable => match (self.opening.next_ms, self.timeout_ms) {
                (Some(next), Some(timeout)) => Some(next.min(timeout)),
                (next, timeout) => next.or(timeout),
            },
            State::Approved
            | State::Rejected
            | State::TimedOut
            | State::Cancelled
            | State::Overridden
            | State::Faulted => None,
        }
    }

    /// A slot by its number.
    #[must_use]
    pub fn slot(&self, number: u32) -> Option<&Slot> {
        self.slots.get(number as usize)
    }

    /// What a vote of this slot means to the record and the receipt: `approved as finance`.
    #[must_use]
    pub fn meaning(&self, slot: u32, approves: bool) -> String {
        if !approves {
            return "rejected".to_owned();
        }
        let labels: Vec<&str> = self
            .entries
            .iter()
            .filter(|entry| entry.slots.contains(&slot))
            .map(|entry| &*entry.label)
            .collect();
        format!("approved as {}", labels.join(", "))
    }
}

/// Refusals of one reason since the record told one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusals {
    /// When the record told one, milliseconds UTC.
    pub at_ms: i64,
    /// How many it has not told since.
    pub unsaid: u32,
}

/// Tries of opening.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opening {
    /// How often it was tried in vain.
    pub tries: u32,
    /// The next try, milliseconds UTC.
    pub next_ms: Option<i64>,
    /// Whether administrators were told.
    pub alerted: bool,
    /// Why it did not work.
    #[serde(default)]
    pub reason: String,
}

/// The end of a record: what the next entry joins on to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The last entry's number; 0 before the first.
    pub seq: u32,
    /// Its hash, hex; empty before the first.
    pub hash: String,
}

/// An entry of the policy and who may serve it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// What people read: `finance`, `boss@example.org`.
    pub label: String,
    /// Seats.
    pub need: u32,
    /// Whether nothing is approved without it.
    pub required: bool,
    /// Numbers of the slots that may fill its seats.
    pub slots: Vec<u32>,
    /// The group whose members these are, if it is one: membership is looked at again at the vote.
    #[serde(default)]
    pub group: Option<String>,
    /// Why nobody can serve it, if so.
    #[serde(default)]
    pub fault: Option<String>,
}

/// One person's chance to vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Slot {
    /// The person, as it was at the opening.
    pub person: Person,
    /// Where it stands.
    pub state: SlotState,
    /// Every vote, the last counts.
    #[serde(default)]
    pub votes: Vec<Vote>,
    /// Whether mail to it came back for good.
    #[serde(default)]
    pub undeliverable: bool,
    /// The mailed code that is good now.
    #[serde(default)]
    pub code: Option<Code>,
    /// When codes were mailed, the last three.
    #[serde(default)]
    pub codes_sent: Vec<i64>,
    /// When fresh links were asked for, the last three.
    #[serde(default)]
    pub renewals: Vec<i64>,
    /// When the request was sent again by hand, the last three.
    #[serde(default)]
    pub resent: Vec<i64>,
    /// How many links were made.
    #[serde(default)]
    pub links: u32,
    /// The link that is in force; none after it was taken back.
    #[serde(default)]
    pub link: Option<Held>,
    /// How many mails of each kind were posted: the ordinal of the next.
    #[serde(default)]
    pub mails: BTreeMap<String, u32>,
}

/// The link of a slot as the machine needs it. Its id alone opens nothing: the address has a MAC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// 32 hex digits.
    pub id: String,
    /// The key of its address.
    pub key: u8,
    /// When it ends, milliseconds UTC.
    pub expires_ms: i64,
}

impl Slot {
    /// A slot of a person who has just been found.
    #[must_use]
    pub fn new(person: Person) -> Slot {
        Slot {
            person,
            state: SlotState::Open,
            votes: Vec::new(),
            undeliverable: false,
            code: None,
            codes_sent: Vec::new(),
            renewals: Vec::new(),
            resent: Vec::new(),
            links: 0,
            link: None,
            mails: BTreeMap::new(),
        }
    }

    /// The vote that counts.
    #[must_use]
    pub fn vote(&self) -> Option<&Vote> {
        self.votes.last()
    }
}

/// A mailed code. The digits are made from the slot and this number by MAC, never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Code {
    /// Which code of the slot, from 1.
    pub ordinal: u32,
    /// When it was made.
    pub at_ms: i64,
    /// Wrong tries.
    pub tries: u32,
}

/// A vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vote {
    /// Whether it is for it.
    pub approves: bool,
    /// What the person wrote; empty for nothing, and after an erasure.
    #[serde(default)]
    pub comment: String,
    /// Form values.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// When, milliseconds UTC by the ledger's clock.
    pub at_ms: i64,
    /// How well it is known who voted.
    pub level: Level,
    /// `link`, `api`, `cli`.
    pub via: String,
    /// The digest of what was shown.
    pub digest: String,
    /// The form's own number: the same posted twice is one vote.
    pub nonce: String,
    /// Its entry in the record.
    pub seq: u32,
    /// Whether its texts were erased.
    #[serde(default)]
    pub erased: bool,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decided {
    /// `approved`, `rejected`, `timedOut`, `withdrawn`, `cancelled`, `faulted`. Silence that means
    /// a rejection or an approval is called so; `via` tells that it was silence.
    pub decision: String,
    /// `votes`, `timeout`, `override`, `requester`, `workflow`.
    pub via: String,
    /// Whose vote completed it, or `system:timeout`.
    pub by: String,
    /// Why, where there is more to say: `outOfReach`, an override's reason.
    #[serde(default)]
    pub reason: String,
    /// When.
    pub at_ms: i64,
}
