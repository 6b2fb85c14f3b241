//! The record: one chain of hashes a task (approvals §4.9).

use serde::{Deserialize, Serialize};

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
