//! What the actors say to each other.

use std::sync::Arc;

use actix::Message;
use usher_core::effect::Work;
use usher_core::event::Event;
use usher_core::run::{Node, Run};
use usher_ledger::{Command, Loaded, Outcome};

use crate::ports::runtime::{PodKey, PodNews};

/// Something happened to the run. To a `RunKeeper`, from its nodes.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Happened(pub Event);

/// Look for commands of the run. To a `PartitionKeeper`, and on to the `RunKeeper`.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Nudge {
    /// The run's uid.
    pub run: String,
}

/// The writer's answer to a turn.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Committed(pub Result<Outcome, usher_ledger::Error>);

/// The writer's answer to a write other than a turn.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Written {
    /// What was written.
    pub what: Wrote,
    /// What became of it.
    pub result: Result<Outcome, usher_ledger::Error>,
}

/// A write other than a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrote {
    /// The run is to be parked.
    Park,
    /// Answers to commands of a parked run.
    Answer,
    /// The removal of a parked run.
    Delete,
}

/// A run as read from the ledger, none when it is not there.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct RunRead(pub Result<Option<Box<Readable>>, ReadError>);

/// Why a run was not read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The ledger cannot be read now.
    #[error("read the ledger: {0}")]
    Ledger(String),
    /// Its rows are no run that this binary knows.
    #[error("{0}")]
    Body(String),
}

/// A decoded run and its version.
#[derive(Debug)]
pub struct Readable {
    /// The run.
    pub run: Run,
    /// Its version in the ledger.
    pub version: i64,
    /// Why it is parked, if it is.
    pub parked: Option<String>,
}

/// The run's unapplied commands in id order.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct CommandsRead(pub Result<Vec<Command>, String>);

/// A new run, to be born in the partition. Answers when its first turn is committed.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Submit {
    /// The run before its first turn.
    pub run: Box<Run>,
    /// Hash of its plan.
    pub plan_hash: String,
    /// The plan as stored.
    pub plan: Vec<u8>,
    /// Told what became of it.
    pub reply: tokio::sync::oneshot::Sender<Result<(), String>>,
}

/// A run asks for leave to go: to sleep, or to end its keeper.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct AskLeave {
    /// The run's uid.
    pub run: String,
    /// Which keeper of it asks.
    pub generation: u64,
    /// When it is next due, milliseconds UTC; none for never.
    pub due_ms: Option<i64>,
}

/// The leave is given; the keeper answers with [`Left`], whatever came since it asked.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Leave;

/// The answer to a leave.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Left {
    /// The run's uid.
    pub run: String,
    /// Which keeper of it answers.
    pub generation: u64,
    /// Whether it is gone; else something came in between, and it goes on.
    pub gone: bool,
}

/// The keeper of a partition is replaced: whoever it kept ends, and is rebuilt by the new one.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Retire;

/// A `RunKeeper` is gone.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct RunGone {
    /// The run's uid.
    pub run: String,
    /// Which keeper of it: an old one's end is no news.
    pub generation: u64,
    /// Whether a panic ended it.
    pub panicked: bool,
}

/// A `NodeKeeper` is gone though its node is live.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct NodeGone {
    /// The node's number.
    pub node: u32,
}

/// A node's state as committed. To its `NodeKeeper`.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct NodeState {
    /// The node.
    pub node: Box<Node>,
    /// When something is next due for it, milliseconds UTC.
    pub due_ms: Option<i64>,
    /// Whether its stdout is to be told with its end.
    pub wants_result: bool,
}

/// Effects of a node. To its `NodeKeeper`.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub enum NodeOrder {
    /// Launch the work.
    Launch(Arc<Work>),
    /// Stop the process.
    Stop,
}

/// Orders for a runtime. To `PodWatch`.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub enum PodOrder {
    /// Tell this keeper the news of a launch; the last news is told at once.
    Register(PodKey, actix::Recipient<Told>),
    /// Start it.
    Launch(PodKey, Arc<Work>),
    /// End it.
    Stop(PodKey),
    /// Forget it.
    Release(PodKey),
    /// The run is gone from the ledger: end and forget whatever it has, and its files.
    Abandon(String),
}

/// News of a launch, for its keeper.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Told {
    /// The launch.
    pub key: PodKey,
    /// The news.
    pub news: PodNews,
}

/// News of a launch that no node's keeper has claimed: its run is to look whether it is done.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Unclaimed {
    /// The launch.
    pub key: PodKey,
}

/// What an actor says of itself.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Report {
    /// What it is: `RunKeeper`.
    pub actor: &'static str,
    /// What it keeps.
    pub of: String,
    /// What it waits for, empty when idle.
    pub waits_for: String,
    /// How long it has waited, milliseconds.
    pub waited_ms: i64,
    /// Messages or events in its own queues.
    pub queued: usize,
    /// Live nodes without a keeper: must be empty.
    pub unkept: Vec<u32>,
}

/// Asks an actor what it is doing.
#[derive(Debug, Message)]
#[rtype(result = "Report")]
pub struct Observe;

/// Reads a row of the ledger into a run.
pub type Decode = dyn Fn(Loaded) -> Result<Readable, String> + Send + Sync;

/// For tests: who is to panic, or to wait for ever.
#[cfg(test)]
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(crate) enum Die {
    /// The engine panics.
    Engine,
    /// The watch panics.
    Watch,
    /// The partition's keeper panics.
    Partition,
    /// The run's keeper panics.
    Run(String),
    /// The run's keeper waits for ever.
    Hang(String),
    /// A node's keeper panics.
    Node(String, u32),
}
