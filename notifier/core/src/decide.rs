//! The gate's one function: a task and what happened give a task and all that goes with it.
//!
//! Everything that changes a task comes through [`decide`]: a mail link, the command line, the
//! API, a timer, a stop (approvals §0.2). The rules stand here and nowhere else.

mod draft;
mod end;
mod links;
mod moment;
mod notes;
mod open;
mod time;
mod vote;
mod who;

use std::collections::BTreeMap;

use usher_api::approval::{FieldKind, Level, Verdict};

use draft::Draft;
pub(crate) use end::OUT_OF_REACH;
pub(crate) use moment::span;
pub(crate) use who::is_among;

use crate::people::People;
use crate::recipe::Recipe;
use crate::task::Task;

/// What a decision may know of the world.
#[derive(Debug, Clone)]
pub struct World<'a> {
    /// Milliseconds UTC by the ledger's clock.
    pub now_ms: i64,
    /// Everybody; none when the directory cannot be reached.
    pub people: Option<&'a People>,
    /// The installation's rules.
    pub rules: &'a Rules,
    /// Random bytes, fresh for each decision: link ids and salts are made from them.
    pub seed: [u8; 32],
    /// When the first request of the task was taken by a server, if one was (F6).
    pub first_sent_ms: Option<i64>,
}

/// The installation's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The least proof where a policy says none, and the least in any case.
    pub auth: Level,
    /// Whether silence may be an approval.
    pub allow_approve_on_timeout: bool,
    /// How long a link lives, milliseconds (30 days).
    pub link_ms: i64,
    /// At most this many persons are asked (200).
    pub persons_max: usize,
    /// Domains that mail may go to; empty: all.
    pub domains: Vec<String>,
    /// Addresses of administrators.
    pub administrators: Vec<String>,
    /// The key that new links are made with.
    pub signing_key: u8,
    /// Language and zone where nobody says one.
    pub locale: String,
    /// An IANA name.
    pub timezone: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The task was opened, or is to be opened again: look who is asked.
    Prepare,
    /// Somebody votes.
    Vote(Ballot),
    /// A due time has come: the timeout, another try of opening.
    Due,
    /// The run closed it: the row says so already.
    Closed {
        /// Argo's text.
        reason: String,
    },
    /// Somebody who may decides outside the rules.
    Override {
        /// The account.
        by: String,
        /// Whether it is approved.
        approves: bool,
        /// Why; never empty.
        reason: String,
    },
    /// The requester takes it back.
    Withdraw {
        /// The account.
        by: String,
    },
    /// Mail to a slot came back for good.
    Undeliverable {
        /// The slot.
        slot: u32,
        /// What the server said.
        why: String,
    },
    /// Somebody at a link asks for a code.
    SendCode {
        /// The slot.
        slot: u32,
    },
    /// A code was typed in. The notifier has compared the digits; the machine counts the tries.
    TryCode {
        /// The slot.
        slot: u32,
        /// Which code it was compared with.
        ordinal: u32,
        /// Whether the digits were right.
        right: bool,
    },
    /// Somebody at an expired link asks for a fresh one.
    Renew {
        /// The slot.
        slot: u32,
    },
    /// Somebody who may sends the request again.
    Resend {
        /// The slot; none for every open one.
        slot: Option<u32>,
        /// The account.
        by: String,
    },
    /// The people have changed: whoever is disabled or gone may not vote any more.
    PeopleChanged,
    /// Links under these keys are dead by force: affected slots get new ones.
    KeysGone {
        /// The keys that are left.
        left: Vec<u8>,
    },
    /// A comment is erased.
    Erase {
        /// The record's entry that it belongs to.
        seq: u32,
        /// The account.
        by: String,
    },
    /// Somebody tried what is not allowed; only recorded.
    Refused {
        /// Who, or through which slot.
        actor: String,
        /// Which rule.
        reason: String,
    },
}

/// A vote as it comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    /// Whose slot.
    pub slot: u32,
    /// For it or against it; none when nothing was chosen.
    pub approves: Option<bool>,
    /// What was written.
    pub comment: String,
    /// Form values; unknown ones are refused.
    pub values: BTreeMap<String, String>,
    /// The round that was shown.
    pub round: u32,
    /// The digest of what was shown.
    pub digest: String,
    /// The form's own number.
    pub nonce: String,
    /// How well it is known who votes.
    pub level: Level,
    /// `link`, `api`, `cli`.
    pub via: String,
    /// The person at the socket, for [`Level::Account`]: must be the slot's.
    pub person: Option<String>,
    /// The sender's network, cut to /24 or /48.
    pub client: String,
}

/// All that goes with a move; written whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The task after it.
    pub task: Task,
    /// When somebody must look at it again.
    pub due_ms: Option<i64>,
    /// Links that were made or taken back.
    pub links: Vec<LinkChange>,
    /// Mail to be sent.
    pub mails: Vec<Post>,
    /// New entries of the record.
    pub record: Vec<crate::record::Sealed>,
    /// Entries of the record whose erasable part goes.
    pub erase: Vec<u32>,
    /// The outcome for the run.
    pub verdict: Option<Verdict>,
    /// What to tell who asked.
    pub told: Told,
}

/// A link that is new or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkChange {
    /// Made.
    Made {
        /// 16 random bytes.
        id: [u8; 16],
        /// The slot.
        slot: u32,
        /// Its key.
        key: u8,
        /// When it ends.
        expires_ms: i64,
    },
    /// Every link of the slot but this one is taken back.
    OnlyThis {
        /// The slot.
        slot: u32,
        /// The one that stays.
        id: [u8; 16],
    },
    /// Every link of the slot is taken back.
    AllGone {
        /// The slot.
        slot: u32,
    },
}

/// A mail to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Unique: `task/slot/kind/ordinal/round`.
    pub key: String,
    /// The slot, if it is one's.
    pub slot: Option<u32>,
    /// `request`, `code`, `receipt`, `outcome`, `noLongerNeeded`, `alert`.
    pub kind: &'static str,
    /// The address.
    pub recipient: String,
    /// What to render.
    pub recipe: Recipe,
}

/// What to tell who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The vote counts; the task is open still.
    Counted,
    /// The task is decided by this.
    Decided,
    /// This was done before: the same form posted twice.
    Again,
    /// Done.
    Done,
    /// The code was wrong; so many tries are left. A wrong try is a change: it is counted.
    WrongCode(u32),
    /// Nothing had to be done.
    Nothing,
}

/// Why a vote or an act is refused. The texts are [`std::fmt::Display`] in English; pages have
/// their own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The task is decided or closed.
    #[error("this request is closed: {0}")]
    Closed(String),
    /// The slot is taken back or not needed.
    #[error("this person is not asked any more")]
    SlotClosed,
    /// The page showed another round or content.
    #[error("the request has changed since the page was made")]
    Outdated,
    /// The proof is too weak.
    #[error("this request needs {0:?} as proof")]
    LevelTooLow(Level),
    /// The caller is not the slot's person.
    #[error("this request asks somebody else")]
    NotAsked,
    /// The account is disabled or left the group.
    #[error("this person may not decide any more")]
    NotEntitled,
    /// The requester may not approve.
    #[error("who asks for an approval may not give it")]
    Separation,
    /// The directory cannot be reached.
    #[error("the directory of people cannot be reached; try again")]
    NoDirectory,
    /// The input is wrong; by field, `decision` and `comment` among them.
    #[error("the input is wrong")]
    Input(Vec<InputFault>),
    /// Too often.
    #[error("too often; try again later")]
    TooOften,
    /// There is no code that could be right: used up, too old, or never sent.
    #[error("this code is not valid any more; ask for a new one")]
    NoCode,
    /// The caller may not do this.
    #[error("{0}")]
    NotAllowed(String),
}

impl Refusal {
    /// Whether the record tells it: somebody tried what a rule about persons forbids. What is only
    /// late, incomplete or impossible now is nothing to remember.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        match self {
            Refusal::LevelTooLow(_)
            | Refusal::NotAsked
            | Refusal::NotEntitled
            | Refusal::Separation
            | Refusal::NotAllowed(_) => true,
            Refusal::Closed(_)
            | Refusal::SlotClosed
            | Refusal::Outdated
            | Refusal::NoDirectory
            | Refusal::Input(_)
            | Refusal::TooOften
            | Refusal::NoCode => false,
        }
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFault {
    /// The field; `decision` and `comment` are fields too.
    pub field: String,
    /// What is wrong, for texts of every language.
    pub what: InputWrong,
}

/// What can be wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputWrong {
    /// Nothing was chosen or written, and something must be.
    #[error("it must be given")]
    Missing,
    /// None of the options.
    #[error("it is none of the options")]
    NotAnOption,
    /// No whole number, number, date, address, as the field wants.
    #[error("it is no {}", kind_word(*.0))]
    NotA(FieldKind),
    /// Below this.
    #[error("it is below {0}")]
    TooSmall(String),
    /// Above this.
    #[error("it is above {0}")]
    TooLarge(String),
    /// Fewer characters than this.
    #[error("it has fewer than {0} characters")]
    TooShort(u32),
    /// More characters than this.
    #[error("it has more than {0} characters")]
    TooLong(u32),
    /// The pattern does not fit.
    #[error("it does not have the form that is asked for")]
    Pattern,
    /// The form has no such field.
    #[error("the form has no such field")]
    Unknown,
    /// Somebody has signed other values.
    #[error("somebody has signed another value; it cannot be changed any more")]
    Signed,
}

fn kind_word(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text | FieldKind::Multiline => "text",
        FieldKind::Integer => "whole number",
        FieldKind::Number => "number",
        FieldKind::Boolean => "`true` or `false`",
        FieldKind::Date => "date like 2026-11-27",
        FieldKind::Email => "mail address",
        FieldKind::Choice => "choice",
    }
}

/// Decides.
///
/// # Errors
/// Why nothing is changed. A refusal worth recording is recorded by [`Event::Refused`].
pub fn decide(task: &Task, event: &Event, world: &World<'_>) -> Result<Change, Refusal> {
    let mut draft = Draft::new(task, world);
    let told = apply(&mut draft, event)?;
    if told == Told::Again {
        return Ok(Draft::new(task, world).finish(told));
    }
    Ok(draft.finish(told))
}

fn apply(draft: &mut Draft<'_>, event: &Event) -> Result<Told, Refusal> {
    match event {
        Event::Prepare => open::prepare(draft),
        Event::Vote(ballot) => vote::vote(draft, ballot),
        Event::Due => time::due(draft),
        Event::Closed { reason } => end::cancel(draft, reason),
        Event::Override {
            by,
            approves,
            reason,
        } => end::overrule(draft, by, *approves, reason),
        Event::Withdraw { by } => end::withdraw(draft, by),
        Event::Undeliverable { slot, why } => links::undeliverable(draft, *slot, why),
        Event::SendCode { slot } => links::send_code(draft, *slot),
        Event::TryCode {
            slot,
            ordinal,
            right,
        } => links::try_code(draft, *slot, *ordinal, *right),
        Event::Renew { slot } => links::renew(draft, *slot),
        Event::Resend { slot, by } => links::resend(draft, *slot, by),
        Event::PeopleChanged => links::people_changed(draft),
        Event::KeysGone { left } => links::keys_gone(draft, left),
        Event::Erase { seq, by } => notes::erase(draft, *seq, by),
        Event::Refused { actor, reason } => Ok(notes::refused(draft, actor, reason)),
    }
}

/// The answer to whoever comes too late, or too early.
fn closed(task: &Task) -> Refusal {
    Refusal::Closed(match (&task.decided, task.state.is_open()) {
        (Some(decided), _) => decided.decision.clone(),
        (None, true) => "nobody has been asked yet".to_owned(),
        (None, false) => task.state.word().to_owned(),
    })
}

/// The least proof of who votes that a request takes: the policy's, raised by the installation's.
#[must_use]
pub fn required_level(task: &Task, rules: &Rules) -> Level {
    vote::required_level(task, rules)
}

/// The slot of a person who is known by account. The answer to who has none is the same by every
/// way: whoever asks for an approval may not give it, everybody else is not asked.
///
/// # Errors
/// Why the person has none.
pub fn slot_of(task: &Task, person: &str, people: &People) -> Result<u32, Refusal> {
    let mut slots = (0..).zip(&task.slots);
    let own = slots.find(|(_, slot)| slot.person.id == person);
    if let Some((number, _)) = own {
        return Ok(number);
    }
    let known = people.persons.get(person);
    match known {
        Some(person) if who::is_barred(task, person, people) => Err(Refusal::Separation),
        Some(_) | None => Err(Refusal::NotAsked),
    }
}
