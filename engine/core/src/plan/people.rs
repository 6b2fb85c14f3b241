//! What a plan asks of people: approvals, mail steps, notices, and outputs that somebody supplies.
//!
//! Rules are literal and stay as they were parsed; what people read may hold tags, and each such
//! text was parsed once, before any value is put in.

use serde_json::{Map, Value};
use usher_api::approval::Policy;
use usher_expr::Text;

use crate::run::RunPhase;

/// An output parameter with `valueFrom.supplied`: a person gives its value.
#[derive(Debug, Clone)]
pub struct Supplied {
    /// Its name below `outputs.parameters`.
    pub name: String,
    /// `valueFrom.default`; may hold tags.
    pub default: Option<Text>,
    /// Its own `enum`; empty when there is none.
    pub choices: Vec<String>,
    /// The entry as the file has it, for the status.
    pub declared: Map<String, Value>,
}

/// A request for a decision.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The rules. Its texts stand here as written; those below are parsed.
    pub policy: Policy,
    /// `title`.
    pub title: Text,
    /// `description`.
    pub description: Option<Text>,
    /// `requester`.
    pub requester: Option<Text>,
    /// The name in each entry of `policy.approvers`.
    pub names: Vec<Text>,
    /// What is laid before people, in order.
    pub shown: Vec<ShownInput>,
    /// The form, one for each of `policy.form`.
    pub fields: Vec<FieldTexts>,
    /// `timeout.at`.
    pub at: Option<Text>,
}

/// An input that people see.
#[derive(Debug, Clone)]
pub struct ShownInput {
    /// Its place among the template's inputs.
    pub input: usize,
    /// What it is called for people; none: its name.
    pub label: Option<Text>,
    /// Shown on the page, never in a mail.
    pub sensitive: bool,
}

/// The texts of a form field.
#[derive(Debug, Clone)]
pub struct FieldTexts {
    /// The place of the input of its name.
    pub input: usize,
    /// What it is called for people.
    pub label: Option<Text>,
    /// A line of help.
    pub help: Option<Text>,
    /// Filled in beforehand; none: the input's value.
    pub default: Option<Text>,
}

/// `plugin.mail`: a mail that the engine sends.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Addresses; after substitution each text may hold several, with commas between.
    pub to: Vec<Text>,
    /// Addresses of copies.
    pub cc: Vec<Text>,
    /// The subject, one line.
    pub subject: Text,
    /// The text part.
    pub text: Text,
    /// The HTML part.
    pub html: Option<Text>,
    /// `wait: sent`: the node waits until every mail has left.
    pub waits: bool,
}

/// One part of the annotation `usher.flow/notify`: whom a run's end is told.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Which ends.
    pub on: End,
    /// Addresses, as in [`Mail::to`].
    pub to: Vec<Text>,
}

/// Which ends of a run are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Succeeded.
    Succeeded,
    /// Failed, or in error.
    Failed,
    /// In error.
    Error,
    /// Any.
    Finished,
}

impl End {
    /// The words of the annotation.
    pub const WORDS: [(&'static str, End); 4] = [
        ("succeeded", End::Succeeded),
        ("failed", End::Failed),
        ("error", End::Error),
        ("finished", End::Finished),
    ];

    /// Whether a run that ended in this phase is such an end.
    #[must_use]
    pub fn is_told(self, phase: RunPhase) -> bool {
        match self {
            End::Succeeded => phase == RunPhase::Succeeded,
            End::Failed => matches!(phase, RunPhase::Failed | RunPhase::Error),
            End::Error => phase == RunPhase::Error,
            End::Finished => phase.is_done(),
        }
    }
}
