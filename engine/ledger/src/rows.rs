//! What goes into the ledger and comes out of it: rows, writes and their outcomes.
//!
//! All times are milliseconds since the epoch, UTC. Bodies are bytes with a layout of the core's.

use crate::tasks::{MailWrite, NewCommand, NewMail, TaskClosing, TaskOpening, TaskWrite};

/// A body of a node, a head or a scope may have this many bytes (16 MiB); a larger one is refused.
///
/// Results and parameters are bounded far below by the core; this keeps one poisoned run from
/// reaching the limits of a database, which differ.
pub const BODY_MAX: usize = 16 << 20;

/// The right to write runs of a partition: good while the partition's epoch is still this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence {
    /// The partition, below [`crate::PARTITIONS`].
    pub part: u16,
    /// Its epoch when it was taken over.
    pub epoch: i64,
}

/// A partition as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// The partition.
    pub part: u16,
    /// Raised by every take-over; 0 before the first.
    pub epoch: i64,
    /// Who took it over last; empty before the first.
    pub owner: String,
}

/// When a run next needs an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quiet {
    /// A node needs one at all times.
    Awake,
    /// At this time, milliseconds UTC; [`i64::MAX`] is the same as [`Quiet::Forever`].
    Until(i64),
    /// Only when a command comes.
    Forever,
}

/// The columns of a run's row that a turn writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The run's phase, in the core's words.
    pub phase: String,
    /// Why the run is parked; none takes a parked run up again.
    pub parked: Option<String>,
    /// When the run began, milliseconds UTC.
    pub started_ms: Option<i64>,
    /// When the run ended, milliseconds UTC; a run that has one is neither awake nor due.
    pub finished_ms: Option<i64>,
    /// When the run next needs an actor.
    pub quiet: Quiet,
    /// The core's small body of the run.
    pub body: Vec<u8>,
}

/// A run's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Names the run for ever.
    pub uid: String,
    /// Its partition.
    pub part: u16,
    /// Its namespace.
    pub namespace: String,
    /// Its name; the newest run of a name is the one that is found by it.
    pub name: String,
    /// How often it was written: 1 after its birth.
    pub version: i64,
    /// Its phase, in the core's words.
    pub phase: String,
    /// Why it is parked, if it is.
    pub parked: Option<String>,
    /// The content hash of its plan.
    pub plan: String,
    /// When it was submitted, milliseconds UTC.
    pub created_ms: i64,
    /// When it began, milliseconds UTC.
    pub started_ms: Option<i64>,
    /// When it ended, milliseconds UTC.
    pub finished_ms: Option<i64>,
    /// When it next needs an actor.
    pub quiet: Quiet,
    /// The core's small body of the run.
    pub head: Vec<u8>,
}

/// A node's row; its key is the run and `ix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// The node's number in its run, counted from 0.
    pub ix: u32,
    /// Its parent's number. Children are never listed in a parent's row: such lists grow with the
    /// square (E11).
    pub parent: Option<u32>,
    /// Whether it needs a keeper.
    pub live: bool,
    /// The core's body of the node.
    pub body: Vec<u8>,
}

/// A command taken by a turn, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The command's id.
    pub id: i64,
    /// The answer for whoever gave it.
    pub outcome: Vec<u8>,
}

/// One turn of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The run's uid.
    pub run: String,
    /// The right to write it.
    pub fence: Fence,
    /// The run's version before the turn.
    pub version: i64,
    /// The new head.
    pub head: Head,
    /// The new scope; none leaves it as it is.
    pub scope: Option<Vec<u8>>,
    /// The nodes that changed.
    pub nodes: Vec<NodeRow>,
    /// The commands that the turn took.
    pub applied: Vec<Applied>,
    /// Remove the run and every row of it; the outcomes of `applied` still reach their waiters. Its
    /// tasks stay, the open ones closed, and so do their record and its mail.
    pub delete: bool,
    /// What the turn asks of people; nothing is, if it removes the run.
    pub people: People,
}

/// What a turn asks of people, in the same commit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct People {
    /// Tasks to open.
    pub opens: Vec<TaskOpening>,
    /// Tasks to close without a decision.
    pub closes: Vec<TaskClosing>,
    /// Mail to send.
    pub mails: Vec<NewMail>,
}

impl People {
    /// Whether it asks nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.opens.is_empty() && self.closes.is_empty() && self.mails.is_empty()
    }

    fn bytes(&self) -> usize {
        let opens = self.opens.iter().map(|open| open.body.len() + 128);
        let mails = self.mails.iter().map(|mail| mail.body.len() + 128);
        opens.chain(mails).sum::<usize>() + self.closes.len() * 64
    }
}

/// The first turn of a run, which makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Birth {
    /// Names the run for ever.
    pub uid: String,
    /// The right to write its partition.
    pub fence: Fence,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// When it was submitted, milliseconds UTC.
    pub created_ms: i64,
    /// The content hash of the plan, made by the caller.
    pub plan_hash: String,
    /// The plan; stored once for all runs of the same hash.
    pub plan: Vec<u8>,
    /// Its head after the first turn.
    pub head: Head,
    /// Its scope after the first turn.
    pub scope: Option<Vec<u8>>,
    /// Its nodes after the first turn.
    pub nodes: Vec<NodeRow>,
    /// A key that the submitter chose: a second birth with the same key is [`Outcome::Stale`], and
    /// [`crate::Reader::run_of_key`] tells the run.
    pub key: Option<String>,
    /// What the first turn asks of people.
    pub people: People,
}

/// One thing to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Make a run.
    Birth(Box<Birth>),
    /// Take a turn.
    Turn(Box<Turn>),
    /// Put a command into a run's inbox. Needs no fence: anybody may ask.
    Command {
        /// The run's uid.
        run: String,
        /// What kind of command, for people who read the table.
        kind: String,
        /// The command, in the layout of `usher-api`.
        body: Vec<u8>,
        /// A key that the asker chose: the same key for the same run gives the same command.
        key: Option<String>,
    },
    /// Mark a run as parked for a person. Raises its version, so that a turn that was decided
    /// before is stale.
    Park {
        /// The run's uid.
        run: String,
        /// The right to write it.
        fence: Fence,
        /// Why.
        reason: String,
    },
    /// Answer commands of a run that takes no turns (parked, unreadable). It stays as it is.
    Answer {
        /// The run's uid.
        run: String,
        /// The right to write it.
        fence: Fence,
        /// The commands and their answers.
        applied: Vec<Applied>,
    },
    /// Remove a run that takes no turns, with every row of it; for its tasks see [`Turn::delete`].
    Delete {
        /// The run's uid.
        run: String,
        /// The right to write it.
        fence: Fence,
        /// The commands that asked for it and their answers.
        applied: Vec<Applied>,
    },
    /// Close the run's open tasks and put a command into its inbox, in one commit and in this
    /// order: a stop, a terminate, a delete. Needs no fence. A key that is known answers with its
    /// command and closes nothing.
    Halt {
        /// The command.
        command: NewCommand,
        /// Why the tasks are closed: Argo's text of a waiting node that is stopped.
        reason: String,
    },
    /// Move a task through the gate. [`Outcome::Stale`] when its version is another by now, or the
    /// answer's key was answered: read again.
    Task(Box<TaskWrite>),
    /// Change a mail. [`Outcome::Stale`] when its lease is another by now, or its phase
    /// cannot become the new one ([`crate::tasks::MailPhase::may_become`]).
    Mail(Box<MailWrite>),
    /// Post mail that belongs to no turn and no task.
    Post(Vec<NewMail>),
}

impl Write {
    /// About how many bytes it brings along: what the writer bounds its groups by.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let rows = |nodes: &[NodeRow]| nodes.iter().map(|node| node.body.len() + 16).sum::<usize>();
        let answers = |all: &[Applied]| all.iter().map(|one| one.outcome.len() + 16).sum::<usize>();
        let scope = |scope: &Option<Vec<u8>>| scope.as_ref().map_or(0, Vec::len);
        match self {
            Write::Birth(birth) => {
                birth.plan.len()
                    + birth.head.body.len()
                    + scope(&birth.scope)
                    + rows(&birth.nodes)
                    + birth.people.bytes()
            }
            Write::Turn(turn) => {
                turn.head.body.len()
                    + scope(&turn.scope)
                    + rows(&turn.nodes)
                    + answers(&turn.applied)
                    + turn.people.bytes()
            }
            Write::Halt { command, .. } => command.body.len(),
            Write::Task(task) => {
                let record = task.record.iter().map(|row| row.entry.len() + 256);
                let mails = task.mails.iter().map(|mail| mail.body.len() + 256);
                task.body.len() + record.chain(mails).sum::<usize>()
            }
            Write::Mail(mail) => mail.boxed.as_ref().map_or(64, |boxed| boxed.raw.len()),
            Write::Post(mails) => mails.iter().map(|mail| mail.body.len() + 256).sum(),
            Write::Command { body, .. } => body.len(),
            Write::Park { reason, .. } => reason.len(),
            Write::Answer { applied, .. } | Write::Delete { applied, .. } => answers(applied),
        }
    }

    /// The uid of the run that is written; empty when it is none.
    #[must_use]
    pub fn run(&self) -> &str {
        match self {
            Write::Halt { command, .. } => &command.run,
            Write::Task(_) | Write::Mail(_) | Write::Post(_) => "",
            Write::Birth(birth) => &birth.uid,
            Write::Turn(turn) => &turn.run,
            Write::Command { run, .. }
            | Write::Park { run, .. }
            | Write::Answer { run, .. }
            | Write::Delete { run, .. } => run,
        }
    }

    /// The commands that it answers.
    #[must_use]
    pub fn applied(&self) -> &[Applied] {
        match self {
            Write::Turn(turn) => &turn.applied,
            Write::Answer { applied, .. } | Write::Delete { applied, .. } => applied,
            Write::Birth(_)
            | Write::Command { .. }
            | Write::Park { .. }
            | Write::Halt { .. }
            | Write::Task(_)
            | Write::Mail(_)
            | Write::Post(_) => &[],
        }
    }

    /// Whether it removes its run.
    #[must_use]
    pub fn deletes(&self) -> bool {
        match self {
            Write::Turn(turn) => turn.delete,
            Write::Delete { .. } => true,
            Write::Birth(_)
            | Write::Command { .. }
            | Write::Park { .. }
            | Write::Answer { .. }
            | Write::Halt { .. }
            | Write::Task(_)
            | Write::Mail(_)
            | Write::Post(_) => false,
        }
    }
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the ledger.
    Committed {
        /// The version after it: the run's (of a removed run its last), or the task's; of a mail
        /// its lease; 0 where there is none.
        version: i64,
    },
    /// The command is in the inbox.
    Inserted {
        /// Its id; ids of one run rise in the order of commits.
        id: i64,
    },
    /// A guard was lost: the version, the epoch or one of the commands is not as the writer
    /// believed, or a run that is to be born exists. Nothing of it was written.
    Stale,
    /// The ledger does not take this write, whoever sends it. Nothing of it was written.
    Refused {
        /// Why, for the reason of a parked run.
        reason: String,
    },
    /// Nobody knows whether it was committed. Who sent it must read again.
    Unknown {
        /// What happened.
        reason: String,
    },
}

/// A command that no turn has taken yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Its id.
    pub id: i64,
    /// What kind of command.
    pub kind: String,
    /// The command, in the layout of `usher-api`.
    pub body: Vec<u8>,
}

/// A command wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandState {
    /// The run's uid.
    pub run: String,
    /// The answer, once a turn took it.
    pub outcome: Option<Vec<u8>>,
}

/// A run with all that belongs to it, of one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Its row.
    pub row: RunRow,
    /// Its plan.
    pub plan: Vec<u8>,
    /// Its scope, if a turn wrote one.
    pub scope: Option<Vec<u8>>,
    /// Its nodes by ascending number.
    pub nodes: Vec<NodeRow>,
}

/// Which runs a list shows, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only of this namespace.
    pub namespace: Option<String>,
    /// Only in this phase.
    pub phase: Option<String>,
    /// Only names that begin so.
    pub name_prefix: Option<String>,
    /// At most this many.
    pub limit: usize,
}

/// How much there is. Counting reads every row of an index: for people, not for turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Runs.
    pub runs: u64,
    /// Runs that have not ended.
    pub unfinished: u64,
    /// Runs that are parked.
    pub parked: u64,
    /// Commands that no turn has taken.
    pub pending: u64,
}
