//! All that can happen to a run.
//!
//! Events are past participles. They come from three places that each last until a turn has
//! committed them: commands (inbox rows), observations (a process's record) and due times (computed
//! from committed nodes). An event may be repeated, late or impossible: then it changes nothing.

use usher_api::command::Command;

use crate::run::NodeIx;

/// An event and when it happened, in milliseconds UTC by the ledger's clock.
#[derive(Debug, Clone)]
pub struct Stamped {
    /// When; never goes back within a run (a smaller value counts as the last one).
    pub at_ms: i64,
    /// What.
    pub event: Event,
}

impl Stamped {
    /// Whether it is the outcome of an approval: a turn takes those before all other events.
    #[must_use]
    pub fn is_outcome(&self) -> bool {
        let Event::Commanded { command, .. } = &self.event else {
            return false;
        };
        matches!(command, Command::Settle { .. })
    }
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The run was submitted: its first event.
    Submitted,
    /// A turn stopped at its bound; the state says what is left.
    Continued,
    /// Somebody asked for something; `id` is the inbox row.
    Commanded {
        /// The inbox row, answered by the turn that takes it.
        id: i64,
        /// What was asked.
        command: Command,
    },
    /// A node's process was seen running.
    PodStarted {
        /// The node.
        node: NodeIx,
        /// The launch it belongs to; of another launch it is a note.
        launch: u32,
        /// When the process began, milliseconds UTC.
        started_ms: i64,
    },
    /// A node's process ended.
    PodFinished {
        /// The node.
        node: NodeIx,
        /// The launch it belongs to.
        launch: u32,
        /// How it ended.
        end: End,
    },
    /// A node's process is gone and nobody knows how it ended.
    PodLost {
        /// The node.
        node: NodeIx,
        /// The launch it belongs to.
        launch: u32,
        /// Why, for the message.
        reason: String,
    },
    /// A timer rang. `decide` compares the committed due time with `at_ms`: an early or an old one
    /// changes nothing.
    TimerRang {
        /// The node, none for the run's own deadline.
        node: Option<NodeIx>,
    },
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Exit code; 128 + signal when a signal ended it, 64 when it could not be started.
    pub code: i32,
    /// A message of the runtime's own; none lets the core say `Error (exit code N)`.
    pub message: Option<String>,
    /// Stdout, where the plan asks for it: the last 256 KiB, one trailing newline taken off.
    pub result: Option<String>,
    /// When it ended, milliseconds UTC.
    pub finished_ms: i64,
}
