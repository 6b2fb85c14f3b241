//! What people ask of a run, and what becomes of it.

use serde::{Deserialize, Serialize};

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
    /// Remove the run with its rows, processes and files.
    Delete {
        /// Who asks.
        by: String,
    },
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
            Command::Delete { .. } => "delete",
        }
    }

    /// Sets who asks: the account at the other end of the socket, whatever the sender wrote.
    pub fn set_by(&mut self, who: &str) {
        let (Command::Stop { by, .. }
        | Command::Terminate { by }
        | Command::Suspend { by }
        | Command::Resume { by, .. }
        | Command::Delete { by }) = self;
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
}
