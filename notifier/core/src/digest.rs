//! One number for what is laid before people: a vote names it, so that nobody signs what was not
//! shown (approvals §4.6, check 8).

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use usher_api::approval::Asked;

use crate::record::canonical;

/// SHA-256, hex, of title, description, facts, form and policy.
#[must_use]
pub fn digest(asked: &Asked) -> String {
    let policy = &asked.policy;
    let value = json!({
        "title": policy.title,
        "description": policy.description,
        "facts": plain(&asked.facts),
        "form": plain(&policy.form),
        "policy": plain(policy),
    });
    sha256(&canonical(&value))
}

/// SHA-256 of a text, lower-case hex.
#[must_use]
pub fn sha256(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// Our own types as JSON: their keys are texts and their numbers whole, so this cannot fail.
fn plain(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
