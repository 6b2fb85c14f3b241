//! The words between a client and the engine.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use usher_api::command::{Command, Outcome};

pub mod approvals;

/// Version of this protocol; an engine answers clients of its own version only.
pub const VERSION: u32 = 1;

/// Names a run: by name (the newest of that name), uid or `@latest`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRef {
    /// The namespace.
    pub namespace: String,
    /// Name, uid or `@latest`.
    pub name: String,
}

/// Which runs a list shows. All that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The namespace, none for all.
    pub namespace: Option<String>,
    /// Phases in Argo's words, none for any.
    #[serde(default)]
    pub phases: Vec<String>,
    /// Names that begin so.
    #[serde(default)]
    pub prefix: Option<String>,
    /// Submitted at this time or later, milliseconds UTC.
    #[serde(default)]
    pub since_ms: Option<i64>,
    /// Ended at this time or before, milliseconds UTC.
    #[serde(default)]
    pub ended_before_ms: Option<i64>,
    /// A label selector: `team=a,stage!=test,urgent`.
    #[serde(default)]
    pub labels: Option<String>,
}

/// What a client asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum Request {
    /// Who are you?
    Hello {
        /// The client's protocol version.
        version: u32,
    },
    /// Start a run of an admitted object.
    Submit {
        /// The uid that the run is to have, a UUID: who asks twice gets one run.
        uid: String,
        /// Whether nobody follows the run: the engine then hands it over before it ends.
        detached: bool,
        /// The admitted `Workflow` object.
        object: Box<Value>,
        /// The name wanted; none lets the engine make one from `generate_name`.
        name: Option<String>,
        /// The beginning of a name to be made.
        generate_name: Option<String>,
        /// The namespace.
        namespace: String,
        /// When the name is taken: make one from it instead of refusing.
        rename: bool,
    },
    /// Start a new run of what a run carries out.
    Resubmit(Resubmit),
    /// Give a run a command, and wait for its outcome.
    Command {
        /// The run.
        run: RunRef,
        /// The command; `by` is filled in by the engine.
        command: Command,
        /// A key of the asker's: the same key again is the same command.
        key: String,
    },
    /// The object of a run.
    Get {
        /// The run.
        run: RunRef,
    },
    /// The objects of many runs without their nodes, newest first.
    List {
        /// Which.
        wanted: Wanted,
    },
    /// The object of a run now and after every change, until it has ended.
    Watch {
        /// The run.
        run: RunRef,
    },
    /// The object of a run without its nodes, once the run has ended.
    Await {
        /// The run.
        run: RunRef,
    },
    /// Where the logs of a run's nodes are.
    Logs {
        /// The run.
        run: RunRef,
    },
    /// About requests for approval.
    Approvals {
        /// What.
        ask: approvals::Ask,
    },
    /// What every actor is doing.
    Observe,
    /// Bring the engine to its end; what runs goes on under its launcher.
    Shutdown,
}

/// A new run of what a run carries out. The engine takes all of it from its ledger, who submitted
/// it before included: none of that is the client's to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resubmit {
    /// The run that is to be repeated.
    pub run: RunRef,
    /// The uid that the new run is to have, a UUID: who asks twice gets one run.
    pub uid: String,
    /// Whether nobody follows the run.
    pub detached: bool,
    /// Values of parameters by name, in place of what the run had.
    pub parameters: Vec<(String, String)>,
}

/// The log files of one node's process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFile {
    /// Argo's id of the node.
    pub node_id: String,
    /// Its short name.
    pub display_name: String,
    /// Its full name.
    pub name: String,
    /// Its pod's name.
    pub pod_name: String,
    /// Its template's name.
    pub template: String,
    /// Folder with `stdout` and `stderr`.
    pub folder: std::path::PathBuf,
    /// Whether its process has ended.
    pub ended: bool,
    /// When the node began, milliseconds UTC.
    pub started_ms: i64,
}

/// What the engine answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// Here I am.
    Hello {
        /// The engine's protocol version.
        version: u32,
        /// Its release.
        release: String,
        /// Its process.
        pid: u32,
    },
    /// The run is in the ledger.
    Submitted {
        /// Its uid.
        uid: String,
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: String,
        /// When the wanted name was taken, that name.
        instead_of: Option<String>,
    },
    /// What became of a command.
    Outcome {
        /// The outcome.
        outcome: Outcome,
    },
    /// A run's object. `waits`: nothing but a person or a time will move it on.
    Object {
        /// The object.
        object: Box<Value>,
        /// Whether it only waits.
        waits: bool,
    },
    /// Objects without nodes.
    Objects {
        /// The objects, newest first.
        objects: Vec<Value>,
    },
    /// Log files.
    Logs {
        /// One entry per node that has or had a process, in order of beginning.
        files: Vec<LogFile>,
        /// Whether the run has ended.
        ended: bool,
    },
    /// What was asked about approvals, as JSON.
    Told {
        /// The answer.
        value: Box<Value>,
    },
    /// Reports of actors.
    Reports {
        /// The reports.
        reports: Vec<Value>,
    },
    /// The request cannot be followed.
    Failed {
        /// A stable word: `not-found`, `exists`, `busy`, `bad-request`, `internal`.
        code: String,
        /// What is wrong, for a person.
        message: String,
    },
    /// Done.
    Ok,
}

/// Whether nothing more will come of an object: its run has ended, or is parked for a person.
#[must_use]
pub fn is_over(object: &Value) -> bool {
    let status = &object["status"];
    let message = status["message"].as_str().unwrap_or_default();
    matches!(
        status["phase"].as_str(),
        Some("Succeeded" | "Failed" | "Error")
    ) || message.starts_with(PARKED)
}

/// How the message of a parked run begins.
pub const PARKED: &str = "parked: ";
