//! What people ask of a run, and what becomes of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::approval::{Verdict, VerdictPhase};

/// A command for a run. Stored as JSON in the ledger's inbox; `by` is the account of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum Command {
    /// End the run, with its exit handler; with a selector: fail the matching waiting nodes.
    Stop {
        /// Who asks.
        by: String,
        /// Message of the stopped nodes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// A node field selector.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        selector: Option<String>,
    },
    /// End the run at once, without exit handler.
    Terminate {
        /// Who asks.
        by: String,
    },
    /// Make no new nodes (`spec.suspend: true`).
    Suspend {
        /// Who asks.
        by: String,
    },
    /// Go on: clears `spec.suspend` and ends waiting nodes; with a selector only the matching ones.
    Resume {
        /// Who asks.
        by: String,
        /// A node field selector.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        selector: Option<String>,
    },
    /// Have an ended run go on where it failed: what failed, and what followed, is carried out
    /// again.
    Retry {
        /// Who asks.
        by: String,
        /// Whether nodes that succeeded are carried out again, too: those of the selector.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        restart_successful: bool,
        /// A node field selector.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        selector: Option<String>,
        /// Values of the workflow's parameters by name, in place of those it had.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        parameters: BTreeMap<String, String>,
    },
    /// Remove the run with its rows, processes and files.
    Delete {
        /// Who asks.
        by: String,
    },
    /// Set phase, message and supplied outputs of waiting nodes (`argo node set`).
    Set {
        /// Who asks.
        by: String,
        /// Which nodes: a node field selector.
        selector: String,
        /// The phase that ends them; none leaves them waiting.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phase: Option<VerdictPhase>,
        /// Their message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// Values of supplied output parameters by name.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        outputs: BTreeMap<String, String>,
    },
    /// An approval was decided. Only the notifier's gate writes it, with the decision's own commit.
    Settle {
        /// Whose vote, override or time limit ended it.
        by: String,
        /// The task's id: a node that waits for another task ignores the command.
        task: String,
        /// The node's number.
        node: u32,
        /// What becomes of the node.
        verdict: Verdict,
    },
    /// A mail that a node waits for (`wait: sent`) has left, or never will. Only the courier writes
    /// it, once for each recipient.
    Mailed {
        /// Who says so.
        by: String,
        /// The node's number.
        node: u32,
        /// How often the run had been retried when the mail was written.
        #[serde(default, skip_serializing_if = "is_zero")]
        round: u32,
        /// Why it was given up; none: the server has taken it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Command {
    /// The command's verb as stored beside it.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Command::Stop { .. } => "stop",
            Command::Terminate { .. } => "terminate",
            Command::Suspend { .. } => "suspend",
            Command::Resume { .. } => "resume",
            Command::Retry { .. } => "retry",
            Command::Delete { .. } => "delete",
            Command::Set { .. } => "set",
            Command::Settle { .. } => "settle",
            Command::Mailed { .. } => "mailed",
        }
    }

    /// Whether a person may ask for it; the others are written by parts of the service itself.
    #[must_use]
    pub fn is_for_people(&self) -> bool {
        !matches!(self, Command::Settle { .. } | Command::Mailed { .. })
    }

    /// Sets who asks: the account at the other end of the socket, whatever the sender wrote.
    pub fn set_by(&mut self, who: &str) {
        let (Command::Stop { by, .. }
        | Command::Terminate { by }
        | Command::Suspend { by }
        | Command::Resume { by, .. }
        | Command::Retry { by, .. }
        | Command::Delete { by }
        | Command::Set { by, .. }
        | Command::Settle { by, .. }
        | Command::Mailed { by, .. }) = self;
        who.clone_into(by);
    }
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was followed.
    Done {
        /// What was done, for a person.
        message: String,
    },
    /// It was not, and nothing changed.
    Refused {
        /// A stable word.
        code: String,
        /// Why, for a person.
        message: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stored form is a contract with every later version.
    #[test]
    fn stored_form() {
        let mut command = Command::Resume {
            by: "mallory".into(),
            selector: Some("a=b".into()),
        };
        command.set_by("ada");
        let text = serde_json::to_string(&command).expect("plain data");
        assert_eq!(text, r#"{"verb":"resume","by":"ada","selector":"a=b"}"#);
        assert_eq!(
            serde_json::from_str::<Command>(&text).expect("its own form"),
            command
        );
        let short = r#"{"verb":"stop","by":"ada"}"#;
        let stop = Command::Stop {
            by: "ada".into(),
            message: None,
            selector: None,
        };
        assert_eq!(
            serde_json::from_str::<Command>(short).expect("fields may be missing"),
            stop
        );
    }

    /// What the gate and the courier write is read by every later version, and is nothing that a
    /// person may send.
    #[test]
    fn stored_form_of_the_service_itself() {
        let settle = Command::Settle {
            by: "ada".into(),
            task: "7a".into(),
            node: 3,
            verdict: Verdict {
                phase: VerdictPhase::Failed,
                message: "no".into(),
                outputs: BTreeMap::from([("decision".into(), "rejected".into())]),
                may_retry: false,
            },
        };
        let mailed = Command::Mailed {
            by: "usher".into(),
            node: 3,
            round: 0,
            error: None,
        };
        let texts = [
            concat!(
                r#"{"verb":"settle","by":"ada","task":"7a","node":3,"verdict":{"phase":"failed","#,
                r#""message":"no","outputs":{"decision":"rejected"},"mayRetry":false}}"#
            ),
            r#"{"verb":"mailed","by":"usher","node":3}"#,
        ];
        for (command, text) in [settle, mailed].into_iter().zip(texts) {
            assert_eq!(serde_json::to_string(&command).expect("plain data"), text);
            let read = serde_json::from_str::<Command>(text).expect("its own form");
            assert_eq!(read, command);
            assert!(!command.is_for_people());
        }
    }
}
