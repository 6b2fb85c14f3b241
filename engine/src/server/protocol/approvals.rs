//! The words about approvals between a client and the engine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a client asks about requests for approval. Who asks is the account at the other end of the
/// socket; there is no field for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Ask {
    /// Requests, the newest first.
    List {
        /// Only of this namespace.
        namespace: Option<String>,
        /// Only of this workflow.
        workflow: Option<String>,
        /// Only open ones, or only closed ones.
        open: Option<bool>,
        /// Only those that ask the caller.
        mine: bool,
        /// At most this many.
        limit: u32,
    },
    /// One request.
    Show {
        /// Its id, or the beginning of it.
        task: String,
    },
    /// The caller's vote.
    Decide {
        /// The request's id.
        task: String,
        /// For or against.
        approves: bool,
        /// Why.
        comment: String,
        /// Values of the form.
        values: BTreeMap<String, String>,
        /// The round that was shown.
        round: u32,
        /// The digest of what was shown.
        digest: String,
        /// The same key again is the same vote.
        key: String,
    },
    /// Mail the request again.
    Resend {
        /// The request's id, or the beginning of it.
        task: String,
        /// Only to this person, an id or an address.
        to: Option<String>,
    },
    /// Take the request back.
    Withdraw {
        /// The request's id, or the beginning of it.
        task: String,
    },
    /// Decide outside the rules.
    Override {
        /// The request's id, or the beginning of it.
        task: String,
        /// For or against.
        approves: bool,
        /// Why.
        reason: String,
    },
    /// The record of a request.
    Audit {
        /// Its id, or the beginning of it.
        task: String,
    },
    /// Whether records are as they were written.
    Verify {
        /// A request's id, or the beginning of it; none for all.
        task: Option<String>,
    },
    /// The record of a request as a file.
    Export {
        /// Its id, or the beginning of it.
        task: String,
        /// As CSV, else as JSON.
        csv: bool,
    },
    /// Take a comment's text out of the record.
    Erase {
        /// The request's id, or the beginning of it.
        task: String,
        /// The record's entry.
        entry: u32,
    },
    /// Take in a mail that came back.
    Bounce {
        /// The mail, byte for byte.
        raw: Vec<u8>,
        /// The address of its envelope, where it is known.
        to: Option<String>,
    },
    /// Who the caller is.
    Whoami,
    /// Where the development mailbox is, with its key.
    Mailbox,
}

impl Ask {
    /// Whether it only looks.
    #[must_use]
    pub fn looks(&self) -> bool {
        matches!(
            self,
            Ask::List { .. }
                | Ask::Show { .. }
                | Ask::Audit { .. }
                | Ask::Verify { .. }
                | Ask::Export { .. }
                | Ask::Whoami
                | Ask::Mailbox
        )
    }
}
