//! Approvals in words: the policy of one request, what is laid before people, and how it ended.
//!
//! ```text
//!   YAML ──parse──► Policy ──the run's turn puts values in──► Asked ──notifier──► Verdict ──► run
//! ```
//!
//! A policy is parsed before any value is put in, so that a value can never become a rule
//! (approvals §4.1). The texts of a [`Policy`] may hold tags; the texts of an [`Asked`] never do:
//! what looks like a tag there is text.
//!
//! Not here: who may vote and when a request is decided (`usher-notifier-core`).

mod parse;

use std::collections::BTreeMap;

pub use parse::{APPROVERS_MAX, FIELDS_MAX, PolicyFault, Step, parse};
use serde::{Deserialize, Serialize};

/// The annotation that spells a policy on stock Argo, beside `suspend: {}`.
pub const ANNOTATION: &str = "usher.flow/approval";

/// The annotation of a workflow that tells people about its end.
pub const NOTIFY_ANNOTATION: &str = "usher.flow/notify";

/// The label of a workflow that tells how many of its approvals wait; absent when none does.
pub const PENDING_LABEL: &str = "approvals.usher.flow/pending";

/// Names of outputs that only the engine writes.
pub const RESERVED: [&str; 8] = [
    "decision",
    "decidedVia",
    "approver",
    "approvers",
    "comment",
    "decidedAt",
    "round",
    "votes",
];

/// The rules of one request: the block below `suspend.approval` after parsing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// One line; may hold tags.
    pub title: String,
    /// Markdown subset; may hold tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Inputs laid before the approver; none: every input that is no form field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show: Option<Vec<Shown>>,
    /// A second requester, beside the true submitter; may hold tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// Language of texts where a person has none: `en`, `de`, `zh-Hans`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Time zone where a person has none, an IANA name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Who is asked, at least one entry.
    pub approvers: Vec<Approver>,
    /// How many entries must be satisfied. [`Quorum::All`] of a single entry.
    pub quorum: Quorum,
    /// When a request ends as rejected.
    #[serde(default)]
    pub reject: RejectRule,
    /// When a comment must be given.
    #[serde(default)]
    pub comment: CommentRule,
    /// Form fields in order; empty: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub form: Vec<Field>,
    /// What a rejection does to the node.
    #[serde(default)]
    pub on_reject: OnReject,
    /// A limit of the wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Timeout>,
    /// Whether a retry strategy may ask again after a rejection.
    #[serde(default)]
    pub retry_on_reject: bool,
    /// Whether a requester may approve; false unless written.
    #[serde(default)]
    pub requester_may_approve: bool,
    /// The least proof of who votes; none: the installation's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Level>,
}

/// An input that the approver sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// The input parameter's name.
    pub name: String,
    /// What it is called for people; none: its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Shown on the page, never in a mail.
    #[serde(default)]
    pub sensitive: bool,
}

/// One line of `approvers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approver {
    /// Who.
    pub who: Who,
    /// How many of them must approve.
    pub need: Need,
    /// Whether nothing is approved without this entry.
    #[serde(default)]
    pub required: bool,
    /// A group in which the person must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub must_be_in: Option<String>,
}

/// Whom an entry names. The names may hold tags; in an [`Asked`] they are values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Who {
    /// A person's id, or a mail address.
    User(String),
    /// A group of `people.yaml`.
    Group(String),
    /// A role of `people.yaml`.
    Role(String),
}

/// How many approvals an entry needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Need {
    /// This many persons.
    Count(u32),
    /// This part of the entry's persons, percent, rounded up.
    Percent(u8),
}

/// How many entries must be satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Quorum {
    /// One.
    Any,
    /// Every one.
    All,
    /// This many.
    Count(u32),
    /// This part, percent, rounded up.
    Percent(u8),
}

/// When a request ends as rejected; in each case also when approval is out of reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RejectRule {
    /// The first reject ends it.
    #[default]
    Veto,
    /// Only when approval is out of reach.
    Threshold,
    /// This many persons.
    Count(u32),
}

/// When a comment must be given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CommentRule {
    /// Never must, always may.
    #[default]
    Optional,
    /// There is no field for it.
    Never,
    /// With a rejection.
    OnReject,
    /// With an approval.
    OnApprove,
    /// With each vote.
    Always,
}

/// What a rejection does to the node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnReject {
    /// The node fails.
    #[default]
    Fail,
    /// The node succeeds; `decision` tells.
    Continue,
}

/// A limit of the wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeout {
    /// When.
    pub when: Moment,
    /// What the task then ends as.
    pub result: TimeoutResult,
}

/// A time, from the opening of the request or by the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Moment {
    /// So many milliseconds after the opening.
    After(i64),
    /// RFC 3339, or a local time read in the policy's zone.
    At(String),
}

/// What silence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TimeoutResult {
    /// A rejection; `onReject` says what that does.
    Reject,
    /// The node fails.
    Fail,
    /// An approval; only where the installation allows it.
    Approve,
    /// The node succeeds; `decision` is `timedOut`.
    Continue,
}

/// How well it is known who votes, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Somebody holds the mail.
    Link,
    /// Somebody reads the mailbox now.
    Code,
    /// The account at the other end of the engine's socket, mapped to a person.
    Account,
}

/// A form field: an input parameter that is also a supplied output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// The parameter's name.
    pub name: String,
    /// What may be entered.
    pub kind: FieldKind,
    /// What it is called for people; none: its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// A line of help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Whether an approval needs it.
    #[serde(default)]
    pub required: bool,
    /// Filled in beforehand; may hold tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The choices of [`FieldKind::Choice`], in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The least number, or the earliest date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// The greatest number, or the latest date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// The least length, characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// The greatest length, characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// A regular expression for the whole value; linear-time (crate `regex`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

/// What may be entered into a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FieldKind {
    /// One line.
    Text,
    /// Several lines.
    Multiline,
    /// A whole number.
    Integer,
    /// A decimal number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `2026-11-27`.
    Date,
    /// A mail address.
    Email,
    /// One of the options.
    Choice,
}

/// What a run asks for: the policy with every value put in, and what the approver is shown. Stored
/// as the body of a task that is still opening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// Version of this layout, 1.
    pub v: u32,
    /// The task's id, see [`task_id`].
    pub task: String,
    /// The rules; their texts are values now.
    pub policy: Policy,
    /// What is shown, in order.
    pub facts: Vec<Fact>,
    /// Which of the reserved outputs and fields the template supplies.
    pub supplies: Vec<String>,
    /// The run's uid.
    pub run: String,
    /// The run's name.
    pub workflow: String,
    /// Its namespace.
    pub namespace: String,
    /// The node's number in the run.
    pub node: u32,
    /// The node's full name.
    pub node_name: String,
    /// The template's name.
    pub template: String,
    /// The account that submitted the run.
    pub submitter: String,
    /// Other accounts that had it run: who submitted the run that this one repeats, who retried it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// When the node began, milliseconds UTC by the ledger's clock.
    pub opened_ms: i64,
    /// `policy.requester` and values that no parser could read: the task ends in error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A value laid before the approver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// The input parameter's name.
    pub name: String,
    /// What it is called for people.
    pub label: String,
    /// Its value, shown as text.
    pub value: String,
    /// Shown on the page, never in a mail.
    #[serde(default)]
    pub sensitive: bool,
}

/// The end of a task as the run takes it, in the command `settle`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// What becomes of the node.
    pub phase: VerdictPhase,
    /// The node's message.
    pub message: String,
    /// Values of supplied outputs, the reserved ones among them.
    pub outputs: BTreeMap<String, String>,
    /// Whether a retry strategy may begin another attempt.
    pub may_retry: bool,
}

/// What becomes of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum VerdictPhase {
    /// Succeeded.
    Succeeded,
    /// Failed.
    Failed,
    /// Error.
    Error,
}

/// The id of a node's task: the same at every try, different for every attempt. A UUID (version 8,
/// from SHA-256 over the parts).
#[must_use]
pub fn task_id(run: &str, node_id: &str, attempt: u32) -> String {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    hash.update(b"usher approval task\0");
    for part in [run, node_id, &attempt.to_string()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    crate::uuid::text(bytes, 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The id is a contract: a task that was opened by an older release is found by it.
    #[test]
    fn a_tasks_id_stays() {
        let id = task_id("7a", "flow-1", 1);
        assert_eq!(id.len(), 36);
        assert_eq!(id, task_id("7a", "flow-1", 1));
        assert_ne!(id, task_id("7a", "flow-1", 2));
        assert_ne!(id, task_id("7a", "flow-11", 1));
        assert_eq!(&id[14..15], "8");
    }
}
