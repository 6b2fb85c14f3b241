//! What a mail says: a pure function of its recipe, the task's row, the place and the keys, so
//! that every try of sending gives the same bytes (approvals §4.10, §4.11).
//!
//! Not here: MIME, encodings and folding of headers, the envelope (the courier, by lettre).

use sha2::{Digest as _, Sha256};

use self::kinds::About;
use self::letter::Letter;
use crate::address::BadAddress;
use crate::clean;
use crate::recipe::Recipe;
use crate::task::{Slot, Task};
use crate::texts::{Voice, story};
use crate::token::Ring;

mod kinds;
mod letter;
mod written;

#[cfg(test)]
mod tests;

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
    /// An address that a workflow wrote is none.
    #[error("`{text}` is no address that mail can go to: {why}")]
    Address {
        /// What was written, cleaned.
        text: String,
        /// What is wrong with it.
        #[source]
        why: BadAddress,
    },
    /// A workflow wrote to nobody.
    #[error("the mail names nobody in `to`")]
    Nobody,
}

/// Renders.
///
/// A request, code, receipt or notice in a thread answers the first request of its slot. The HTML
/// part is left out where it would be longer than mail programs show (100 KB); the text part is
/// always complete.
///
/// # Errors
/// When recipe, task and keys do not fit together.
pub fn render(
    recipe: &Recipe,
    task: Option<&Task>,
    place: &Place,
    ring: &Ring,
) -> Result<Mail, Unrenderable> {
    if let Recipe::Written(written) = recipe {
        return written::mail(written, place);
    }
    let task = task.ok_or(Unrenderable::NoTask)?;
    let slot = slot_of(recipe, task)?;
    let reader = slot.map(|(_, slot)| &slot.person).or(match recipe {
        Recipe::Outcome { .. } => task.requester.as_ref(),
        _ => None,
    });
    let policy = Some(&task.asked.policy);
    let about = About {
        task,
        voice: Voice::of(reader, policy, &place.locale, &place.timezone),
        place,
        ring,
    };
    let letter = letter(&about, recipe, slot.map(|(_, slot)| slot))?;
    Ok(Mail {
        subject: clean::subject(&letter.subject),
        text: letter.text(about.voice),
        html: letter.html(about.voice),
        date_ms: date(recipe),
        headers: headers(task, about.voice),
        thread_key: slot.map(|(at, _)| first_key(task, at)),
        to_header: Vec::new(),
        cc_header: Vec::new(),
        from_name: from_name(place),
    })
}

fn letter(about: &About<'_>, recipe: &Recipe, slot: Option<&Slot>) -> Result<Letter, Unrenderable> {
    match (recipe, slot) {
        (Recipe::Request(to), _) => about.request(to),
        (Recipe::NoLongerNeeded(_), _) => Ok(about.not_needed()),
        (Recipe::Code { to, ordinal }, _) => about.code(to, *ordinal),
        (Recipe::Receipt { to, vote }, Some(slot)) => about.receipt(to, slot, *vote),
        (Recipe::Receipt { to, .. }, None) => Err(Unrenderable::NoSlot(to.slot)),
        (Recipe::Outcome { slot, .. }, _) => Ok(about.outcome(slot.is_none())),
        (Recipe::Alert { reason, .. }, _) => Ok(about.alert(reason)),
        // Rendered before it came here.
        (Recipe::Written(_), _) => Err(Unrenderable::NoTask),
    }
}

/// The slot that a recipe is for; none for mails to others.
fn slot_of<'a>(recipe: &Recipe, task: &'a Task) -> Result<Option<(u32, &'a Slot)>, Unrenderable> {
    let number = match recipe {
        Recipe::Request(to)
        | Recipe::NoLongerNeeded(to)
        | Recipe::Code { to, .. }
        | Recipe::Receipt { to, .. } => Some(to.slot),
        Recipe::Outcome { slot, .. } => *slot,
        Recipe::Alert { .. } | Recipe::Written(_) => None,
    };
    let find = |number| {
        let slot = task.slot(number).ok_or(Unrenderable::NoSlot(number))?;
        Ok((number, slot))
    };
    number.map(find).transpose()
}

fn date(recipe: &Recipe) -> i64 {
    match recipe {
        Recipe::Request(to)
        | Recipe::NoLongerNeeded(to)
        | Recipe::Code { to, .. }
        | Recipe::Receipt { to, .. } => to.at_ms,
        Recipe::Outcome { at_ms, .. } | Recipe::Alert { at_ms, .. } => *at_ms,
        Recipe::Written(written) => written.at_ms,
    }
}

/// The key of the first mail that a slot got.
fn first_key(task: &Task, slot: u32) -> String {
    format!("{}/{slot}/request/1/1", task.asked.task)
}

fn headers(task: &Task, voice: Voice) -> Vec<(String, String)> {
    let mut headers = automatic();
    headers.push(header("Content-Language", voice.lang.tag()));
    headers.push(header("X-Usher-Task", &task.asked.task));
    headers.push(header("X-Usher-Workflow", &story::workflow(task)));
    headers
}

/// Says to machines that a machine has written it: nobody is away from these mails (§4.11).
fn automatic() -> Vec<(String, String)> {
    vec![
        header("Auto-Submitted", "auto-generated"),
        header("X-Auto-Response-Suppress", "All"),
    ]
}

/// A header whose value is ASCII on one line; whatever else was in it is left out.
fn header(name: &str, value: &str) -> (String, String) {
    let is_fine = |sign: &char| sign.is_ascii_graphic() || *sign == ' ';
    let value: String = value.chars().filter(is_fine).take(200).collect();
    (name.to_owned(), value.trim().to_owned())
}

/// The service's name beside its address; none where it would play an address.
fn from_name(place: &Place) -> String {
    clean::name(&place.service).unwrap_or_default()
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
