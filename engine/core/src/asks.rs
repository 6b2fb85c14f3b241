//! What a decision asks of people: approvals to open and to close, mail to send.
//!
//! Unlike effects these are rows of the decision's own commit, so nothing of them is ever owed: a
//! run that waits for an approval and the request for it are in the ledger together or not at all.
//!
//! Not here: how they become rows (`usher::turn`), what becomes of them (`usher-notifier`).

use usher_api::approval::Asked;

use crate::run::NodeIx;

/// What a turn asks of people, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    /// Requests for a decision.
    pub opens: Vec<Asked>,
    /// Requests that nobody need answer any more.
    pub closes: Vec<Closing>,
    /// Mail.
    pub letters: Vec<Letter>,
}

impl Asks {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.opens.is_empty() && self.closes.is_empty() && self.letters.is_empty()
    }
}

/// A request whose node ended without a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The task's id.
    pub task: String,
    /// Why: the message of the node.
    pub reason: String,
}

/// A mail that the workflow wrote, with every value put in. Each of its addresses gets one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The mail step's node; none for a notice about the run's end.
    pub node: Option<NodeIx>,
    /// How often the run was retried before: the same step then writes another mail.
    pub round: u32,
    /// Addresses of the header `To`.
    pub to: Vec<String>,
    /// Addresses of the header `Cc`.
    pub cc: Vec<String>,
    /// One line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: Option<String>,
    /// Whether the node waits until every one of them has left.
    pub waits: bool,
}
