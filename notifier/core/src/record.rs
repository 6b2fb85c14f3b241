//! The record: one chain of hashes a task (approvals §4.9).
//!
//! ```text
//!   Note (what happened) + Place + end of the chain ──seal──► Sealed: entry, hash | side
//!                                                                     kept for ever | erasable
//! ```
//!
//! What a person wrote stands beside the entry, with a salt; the entry holds only the salted hash.
//! So a text can be erased and the chain still holds.

mod export;
mod verify;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use usher_api::approval::Level;

use crate::digest::sha256;
use crate::task::{Chain, State};

pub use export::{csv, json};
pub use verify::{FirstBad, verify, verify_whole};

/// An entry with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Its number, from 1.
    pub seq: u32,
    /// The hash of the one before, hex; empty for the first.
    pub prev: String,
    /// SHA-256 over the canonical JSON (RFC 8785) of the entry, hex. The entry holds `seq`, `prev`.
    pub hash: String,
    /// The entry, canonical JSON.
    pub entry: String,
    /// What may be erased: comment, its salt, the client's network. JSON.
    pub side: Option<String>,
}

/// What happened, as the record tells it. Empty texts are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Note {
    /// The act, a past participle: `voted`, `timedOut`.
    pub action: &'static str,
    /// A person's id, an account, or `system:timeout`, `system:workflow`, `system:directory`.
    pub actor: String,
    /// The slot that it is about.
    pub slot: Option<u32>,
    /// `link`, `api`, `cli`.
    pub via: String,
    /// How well it was known who acts.
    pub level: Option<Level>,
    /// What a signature means: `approved as finance`.
    pub meaning: String,
    /// `approved`, `rejected`, as the outputs call it.
    pub decision: String,
    /// What was laid before the person.
    pub digest: String,
    /// Every account that had the run carried out, where that is more than one.
    pub submitters: Vec<String>,
    /// The rule that applied, or why.
    pub reason: String,
    /// The entry that it is about.
    pub of: Option<u32>,
    /// How often it happened.
    pub times: Option<u32>,
    /// Erasable: what the person is called.
    pub name: String,
    /// Erasable: what the person wrote.
    pub comment: String,
    /// Erasable: what was entered into the form.
    pub values: BTreeMap<String, String>,
    /// Erasable and outside the chain: the sender's network.
    pub client: String,
}

/// Where and when it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<'a> {
    /// The task.
    pub task: &'a crate::task::Task,
    /// Its state before the move.
    pub before: State,
    /// Milliseconds UTC by the ledger's clock.
    pub at_ms: i64,
    /// 16 random bytes for the hashes of what may be erased.
    pub salt: [u8; 16],
}

/// Makes the next entry of a chain.
#[must_use]
pub fn seal(chain: &Chain, place: &Place<'_>, note: &Note) -> Sealed {
    let task = place.task;
    let seq = chain.seq.saturating_add(1);
    let mut entry = Map::new();
    let mut put = |key: &str, value: Value| {
        let is_empty = matches!(&value, Value::Null) || value == "";
        if !is_empty {
            entry.insert(key.to_owned(), value);
        }
    };
    put("seq", seq.into());
    // The first entry says so by an empty text: the key is always there.
    put("task", task.asked.task.as_str().into());
    put("namespace", task.asked.namespace.as_str().into());
    put("workflow", task.asked.workflow.as_str().into());
    put("run", task.asked.run.as_str().into());
    put("node", task.asked.node_name.as_str().into());
    put("round", task.round.into());
    put("stage", task.stage.into());
    put("slot", note.slot.into());
    put("at", rfc3339(place.at_ms).into());
    put("action", note.action.into());
    put("actor", note.actor.as_str().into());
    put("via", note.via.as_str().into());
    put("level", note.level.map(level_word).into());
    put("meaning", note.meaning.as_str().into());
    put("decision", note.decision.as_str().into());
    put("digest", note.digest.as_str().into());
    if !note.submitters.is_empty() {
        put("submitters", note.submitters.clone().into());
    }
    put("reason", note.reason.as_str().into());
    put("of", note.of.into());
    put("times", note.times.into());
    put("before", place.before.word().into());
    put("after", task.state.word().into());
    entry.insert("prev".to_owned(), chain.hash.as_str().into());
    let side = side(note, &data_encoding::HEXLOWER.encode(&place.salt));
    for hidden in HIDDEN {
        if let Some(hash) = side.as_ref().and_then(|side| salted(side, hidden)) {
            entry.insert(hidden.to_owned(), hash.into());
        }
    }
    let entry = canonical(&Value::Object(entry));
    Sealed {
        seq,
        prev: chain.hash.clone(),
        hash: sha256(&entry),
        entry,
        side: side.map(|side| canonical(&Value::Object(side))),
    }
}

/// Keys of an entry whose values are salted hashes of the keys beside it.
const HIDDEN: [&str; 3] = ["comment", "name", "values"];

/// What may be erased; none when there is nothing.
fn side(note: &Note, salt: &str) -> Option<Map<String, Value>> {
    let mut side = Map::new();
    let texts = [
        ("comment", &note.comment),
        ("name", &note.name),
        ("client", &note.client),
    ];
    for (key, text) in texts {
        if !text.is_empty() {
            side.insert(key.to_owned(), text.as_str().into());
        }
    }
    if !note.values.is_empty() {
        let values = note.values.iter();
        let values = values.map(|(key, value)| (key.clone(), value.as_str().into()));
        side.insert("values".to_owned(), Value::Object(values.collect()));
    }
    if side.is_empty() {
        return None;
    }
    side.insert("salt".to_owned(), salt.into());
    Some(side)
}

/// The salted hash of one erasable value: the salt is used for each with its name, so that equal
/// texts do not show as equal.
fn salted(side: &Map<String, Value>, key: &str) -> Option<String> {
    let value = side.get(key)?;
    let salt = side.get("salt").and_then(Value::as_str)?;
    Some(sha256(&format!("{salt}\n{key}\n{}", canonical(value))))
}

/// A level in one word.
#[must_use]
pub fn level_word(level: Level) -> &'static str {
    match level {
        Level::Link => "link",
        Level::Code => "code",
        Level::Account => "account",
    }
}

/// A time of the ledger as people and machines read it: RFC 3339, UTC, milliseconds.
#[must_use]
pub fn rfc3339(at_ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(at_ms).map_or_else(
        || format!("{at_ms} ms"),
        |at| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
    )
}

/// Canonical JSON (RFC 8785) of a value without fractions: keys in the order of UTF-16 units, no
/// spaces, texts with the shortest escapes.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (at, key) in keys.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(map.get(key).unwrap_or(&Value::Null), out);
            }
            out.push('}');
        }
        // serde_json writes these as RFC 8785 wants them; our numbers are whole and small.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string());
        }
    }
}
