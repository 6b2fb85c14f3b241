//! All that a decision can ask for.
//!
//! Effects are imperatives. They are carried out after the commit, each under a name that is the
//! same at every try, so twice is harmless. They are never stored: [`crate::owed`] lists them again
//! from the committed state.

use serde::{Deserialize, Serialize};

use crate::run::NodeIx;

/// What is to be done outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Start a process for the node, unless this launch has one.
    LaunchPod {
        /// The node.
        node: NodeIx,
        /// Rises with every process made for the node.
        launch: u32,
    },
    /// Tell the node's process to end: SIGTERM, after the grace SIGKILL.
    StopPod {
        /// The node.
        node: NodeIx,
        /// The launch to end.
        launch: u32,
    },
    /// The end of this launch is committed: its record may be forgotten.
    ReleasePod {
        /// The node.
        node: NodeIx,
        /// The launch.
        launch: u32,
    },
    /// The turn stopped at its bound: give the run an `Event::Continued`.
    Continue,
    /// The run has ended: tell those who wait for it.
    AnnounceEnd,
    /// Something was ignored, for the log.
    Note(Note),
}

/// Why an event changed nothing. Ordinary: watches repeat themselves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// An observation of a node that the run does not have.
    UnknownNode {
        /// The number that was named.
        node: NodeIx,
    },
    /// An observation of a launch that is not the node's present one.
    OldLaunch {
        /// The node.
        node: NodeIx,
        /// The launch that was named.
        launch: u32,
        /// The node's present launch.
        present: u32,
    },
    /// An observation or timer of a node that is done.
    AlreadyDone {
        /// The node.
        node: NodeIx,
    },
    /// A timer rang before its time.
    Early {
        /// The node, none for the run.
        node: Option<NodeIx>,
    },
    /// The run has ended; the event came too late.
    RunEnded,
    /// A notice about the run's end names nobody.
    Untold(
        /// Why.
        String,
    ),
    /// A phase refused a signal: a fault of ours, kept from doing harm.
    Illegal(String),
}

/// What to run for a pod node: everything a runtime needs, with all values put in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Argo's name of the pod.
    pub pod_name: String,
    /// Argo's id of the node.
    pub node_id: String,
    /// Full name of the node.
    pub node_name: String,
    /// The container's image, empty when none is given.
    pub image: String,
    /// Program and arguments; a script's file is appended by the runtime.
    pub argv: Vec<String>,
    /// Environment entries of the container, in order.
    pub env: Vec<(String, String)>,
    /// The container's working directory.
    pub working_dir: Option<String>,
    /// Source of a script.
    pub source: Option<String>,
    /// Whether stdout is to be returned as the result.
    pub wants_result: bool,
}
