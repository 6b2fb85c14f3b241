//! What the desk shows: requests and records as values, without links and without tokens.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use usher_ledger::tasks::{RecordRow, TaskRow, state};
use usher_notifier_core::decide::Told;
use usher_notifier_core::record::Sealed;
use usher_notifier_core::task::{SlotState, State, Task};

use crate::gate::Done;

/// A request in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: String,
    /// Whether it can still be decided.
    pub open: bool,
    /// One line.
    pub title: String,
    /// The run's name.
    pub workflow: String,
    /// Its namespace.
    pub namespace: String,
    /// The node's name.
    pub node: String,
    /// When it was opened, milliseconds UTC.
    pub opened_ms: i64,
    /// When it was decided or closed, milliseconds UTC.
    pub closed_ms: Option<i64>,
    /// When it times out, milliseconds UTC.
    pub timeout_ms: Option<i64>,
    /// How many have approved.
    pub approved: usize,
    /// How many have rejected.
    pub rejected: usize,
    /// Ids of who has not voted and still may.
    pub waits_for: Vec<String>,
    /// Why nobody can decide, or why it ended.
    pub reason: String,
}

/// A request in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// As in a list.
    #[serde(flatten)]
    pub summary: Summary,
    /// The description, Markdown.
    pub description: String,
    /// What is shown: label and value.
    pub facts: Vec<(String, String)>,
    /// The form.
    pub fields: Vec<Field>,
    /// Who made the request.
    pub submitter: String,
    /// Who else had the run carried out, this one or the one that it repeats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// Everybody who is asked.
    pub asked: Vec<Seat>,
    /// The round, for a vote.
    pub round: u32,
    /// The digest of what is shown, for a vote.
    pub digest: String,
    /// `approved`, `rejected` …, once it is decided.
    pub decision: Option<String>,
    /// By what: `votes`, `timeout`, `override`.
    pub decided_via: Option<String>,
    /// By whom.
    pub decided_by: Option<String>,
    /// Whether the caller is asked.
    pub asks_you: bool,
}

/// A field of the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// The parameter's name.
    pub name: String,
    /// Whether an approval needs it.
    pub required: bool,
    /// What may be chosen; empty: anything of its kind.
    pub options: Vec<String>,
    /// The value by now: what was signed, else the default.
    pub value: String,
}

/// A person who is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seat {
    /// The person's id.
    pub person: String,
    /// What the person is called.
    pub name: String,
    /// Where the slot stands.
    pub state: String,
    /// The comment of the last vote.
    pub comment: String,
    /// When that was, milliseconds UTC.
    pub at_ms: Option<i64>,
    /// Whether mail to the person came back.
    pub undeliverable: bool,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acted {
    /// `counted`, `decided`, `again`, `done`, `nothing`.
    pub told: String,
    /// The request's id.
    pub id: String,
    /// Where the request stands now.
    pub state: String,
    /// Its title.
    pub title: String,
}

/// An entry of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its number.
    pub seq: u32,
    /// The hash of the one before.
    pub prev: String,
    /// Its hash.
    pub hash: String,
    /// What it says.
    pub entry: Value,
    /// Comment, salt and client, unless they were erased.
    pub side: Option<Value>,
}

/// What verifying found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// Requests looked at.
    pub requests: usize,
    /// Entries looked at.
    pub entries: usize,
    /// The first bad place of each record that has one.
    pub faults: Vec<String>,
}

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Who {
    /// The account.
    pub account: String,
    /// The person's id, if it is one's.
    pub person: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// Whether it runs the engine.
    pub operator: bool,
    /// Whether it may override.
    pub overrides: bool,
}

/// A request's line.
pub(super) fn summary(row: &TaskRow, task: &Task) -> Summary {
    let count = |wanted| {
        task.slots
            .iter()
            .filter(|slot| slot.state == wanted)
            .count()
    };
    let waits = task
        .slots
        .iter()
        .filter(|slot| row.open && slot.state == SlotState::Open);
    let reason = match (&task.decided, &row.close_reason) {
        (Some(decided), _) => decided.reason.clone(),
        (None, Some(reason)) => reason.clone(),
        (None, None) => task.opening.reason.clone(),
    };
    Summary {
        id: row.id.clone(),
        state: state_of(row, task),
        open: row.open,
        title: task.asked.policy.title.clone(),
        workflow: row.workflow.clone(),
        namespace: row.namespace.clone(),
        node: task.asked.node_name.clone(),
        opened_ms: row.opened_ms,
        closed_ms: row.closed_ms,
        timeout_ms: task.timeout_ms,
        approved: count(SlotState::Approved),
        rejected: count(SlotState::Rejected),
        waits_for: waits.map(|slot| slot.person.id.clone()).collect(),
        reason,
    }
}

/// A closing that is not recorded yet is one already for everybody.
fn state_of(row: &TaskRow, task: &Task) -> String {
    let state = if row.state == state::CLOSING {
        State::Cancelled
    } else {
        task.state
    };
    format!("{state:?}")
}

/// A request in full.
pub(super) fn request(row: &TaskRow, task: &Task, mine: Option<u32>) -> Request {
    let asked = &task.asked;
    let fact = |fact: &usher_api::approval::Fact| (fact.label.clone(), fact.value.clone());
    let field = |field: &usher_api::approval::Field| Field {
        name: field.name.clone(),
        required: field.required,
        options: field.options.clone(),
        value: task
            .values
            .get(&field.name)
            .or(field.default.as_ref())
            .cloned()
            .unwrap_or_default(),
    };
    let decided = task.decided.as_ref();
    Request {
        summary: summary(row, task),
        description: asked.policy.description.clone().unwrap_or_default(),
        facts: asked.facts.iter().map(fact).collect(),
        fields: asked.policy.form.iter().map(field).collect(),
        submitter: asked.submitter.clone(),
        others: asked.others.clone(),
        asked: task.slots.iter().map(seat).collect(),
        round: task.round,
        digest: task.digest.clone(),
        decision: decided.map(|one| one.decision.clone()),
        decided_via: decided.map(|one| one.via.clone()),
        decided_by: decided.map(|one| one.by.clone()),
        asks_you: mine.is_some(),
    }
}

fn seat(slot: &usher_notifier_core::task::Slot) -> Seat {
    let last = slot.votes.last();
    Seat {
        person: slot.person.id.clone(),
        name: slot.person.name.clone(),
        state: format!("{:?}", slot.state),
        comment: last.map(|vote| vote.comment.clone()).unwrap_or_default(),
        at_ms: last.map(|vote| vote.at_ms),
        undeliverable: slot.undeliverable,
    }
}

/// What was done, for who asked.
pub(super) fn acted(done: &Done) -> Acted {
    let told = match done.told {
        Told::Counted => "counted",
        Told::Decided => "decided",
        Told::Again => "again",
        Told::Done => "done",
        Told::WrongCode(_) => "wrongCode",
        Told::Nothing => "nothing",
    };
    Acted {
        told: told.to_owned(),
        id: done.task.asked.task.clone(),
        state: format!("{:?}", done.task.state),
        title: done.task.asked.policy.title.clone(),
    }
}

/// The same as bytes, for storing.
pub(super) fn acted_bytes(done: &Done) -> Vec<u8> {
    serde_json::to_vec(&acted(done)).unwrap_or_default()
}

/// A record's row as the core checks it.
pub(super) fn sealed(row: RecordRow) -> Sealed {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Sealed {
        seq: row.seq,
        prev: row.prev,
        hash: row.hash,
        entry: text(row.entry),
        side: row.side.map(text),
    }
}

/// An entry for people and programs. What cannot be read is shown as it is.
pub(super) fn entry(sealed: &Sealed) -> Entry {
    let read =
        |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    Entry {
        seq: sealed.seq,
        prev: sealed.prev.clone(),
        hash: sealed.hash.clone(),
        entry: read(&sealed.entry),
        side: sealed.side.as_deref().map(read),
    }
}
