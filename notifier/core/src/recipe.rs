//! What a mail's row holds: a recipe. Rendering is a pure function of the recipe and the task's row
//! (approvals §4.10), so every try gives the same bytes; no text and no token is stored.

use serde::{Deserialize, Serialize};

/// The body of a mail's row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "recipe")]
pub enum Recipe {
    /// Asks a slot's person.
    Request(ToSlot),
    /// Tells a slot's person that no vote is needed any more.
    NoLongerNeeded(ToSlot),
    /// A number that proves who reads the mailbox.
    Code {
        /// To whom.
        to: ToSlot,
        /// Which code of the slot.
        ordinal: u32,
    },
    /// Confirms a vote to the slot's person.
    Receipt {
        /// To whom.
        to: ToSlot,
        /// Which vote of the slot, from 0.
        vote: u32,
    },
    /// Tells how it ended: a slot's person, or the requester (no slot).
    Outcome {
        /// The slot; none for the requester.
        slot: Option<u32>,
        /// When it was posted, milliseconds UTC.
        at_ms: i64,
    },
    /// Tells administrators that nobody can decide, or that mail came back.
    Alert {
        /// What is wrong, one sentence.
        reason: String,
        /// When it was posted, milliseconds UTC.
        at_ms: i64,
    },
    /// A mail step or a notice of a workflow, with all values put in.
    Written(Written),
}

/// A mail to a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToSlot {
    /// The slot's number.
    pub slot: u32,
    /// The link that the mail shows, 32 hex digits; empty for none.
    #[serde(default)]
    pub link: String,
    /// The key of the link's address.
    #[serde(default)]
    pub key: u8,
    /// When it was posted, milliseconds UTC: the mail's `Date`.
    pub at_ms: i64,
    /// Whether it replaces an earlier link.
    #[serde(default)]
    pub renewed: bool,
}

/// A mail that a workflow wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    /// Addresses of the header `To`.
    pub to: Vec<String>,
    /// Addresses of the header `Cc`.
    #[serde(default)]
    pub cc: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part, if there is one.
    #[serde(default)]
    pub html: Option<String>,
    /// The run's uid, for the header that names it.
    pub run: String,
    /// The workflow, `namespace/name`.
    pub workflow: String,
    /// The node that waits for the sending (`wait: sent`).
    #[serde(default)]
    pub waits: Option<u32>,
    /// How often the run had been retried when it was written.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub round: u32,
    /// When it was posted, milliseconds UTC.
    pub at_ms: i64,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}
