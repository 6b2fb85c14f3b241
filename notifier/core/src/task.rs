//! A task: one request for approval, with its slots, votes and times. The body of a task's row.
//!
//! ```text
//!   Task = asked (frozen) + entries (resolved) + slots (one a person) + chain (end of its record)
//! ```
//!
//! A later version has several stages and rounds: `stage` and `round` are here already, so that a
//! body of today is one of then.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use usher_api::approval::{Asked, Level};

use crate::people::Person;

/// The layout that this release writes.
pub const TASK_VERSION: u32 = 1;

/// Where a task stands (approvals §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// Nobody has been asked yet.
    Opening,
    /// People are asked.
    Pending,
    /// Nobody can decide; administrators are told and it is tried again.
    Unroutable,
    /// Approved.
    Approved,
    /// Rejected.
    Rejected,
    /// The limit of the wait has passed.
    TimedOut,
    /// The run ended it, or its requester.
    Cancelled,
    /// Decided outside the rules, by somebody who may.
    Overridden,
    /// Cannot be decided: a value or a rule is unusable.
    Faulted,
}

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
    /// Rises whenever the timeout is moved: an older one means nothing.
    #[serde(default)]
    pub timeout_generation: u32,
    /// When opening is tried again, and how often it was tried.
    #[serde(default)]
    pub opening: Opening,
    /// Values of the form that the first approver gave; what the others sign.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// How it ended.
    #[serde(default)]
    pub decided: Option<Decided>,
    /// The end of its record.
    pub chain: Chain,
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
    /// How many links were made.
    #[serde(default)]
    pub links: u32,
    /// How many mails of each kind were posted: the ordinal of the next.
    #[serde(default)]
    pub mails: BTreeMap<String, u32>,
}

/// Where a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SlotState {
    /// May vote.
    Open,
    /// Has approved.
    Approved,
    /// Has rejected.
    Rejected,
    /// The person may not vote any more.
    Removed,
    /// Decided without it.
    NotNeeded,
    /// The time is over.
    Expired,
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
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decided {
    /// `approved`, `rejected`, `timedOut`, `withdrawn`, `cancelled`.
    pub decision: String,
    /// `votes`, `timeout`, `override`, `workflow`.
    pub via: String,
    /// Whose vote completed it, or `system:timeout`.
    pub by: String,
    /// Why, where there is more to say: `outOfReach`, an override's reason.
    #[serde(default)]
    pub reason: String,
    /// When.
    pub at_ms: i64,
}
