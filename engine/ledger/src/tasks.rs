//! Rows of approvals and of mail: tasks, links, the record, the outbox, the mailbox.
//!
//! ```text
//!   a run's turn ──► opens a task (`Opening`), closes tasks, posts mail        one commit
//!   the gate     ──► task + links + mail + record + the run's command          one commit
//!   the courier  ──► a mail's state (+ what landed in the mailbox)             one commit
//! ```
//!
//! All times are milliseconds since the epoch, UTC. Bodies are bytes with a layout of the
//! notifier's core. A task outlives its run: its record is kept when the run is deleted.

use crate::error::Error;

/// The development mailbox keeps this many mails, the newest.
pub const BOXED_MAX: i64 = 1_000;

/// Answers are kept this long, milliseconds: seven days before the newest.
pub const ANSWERS_KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// Why tasks are closed whose run is removed, in Argo's words for a node that is terminated.
pub const REMOVED: &str = "workflow shutdown with strategy: Terminate";

/// A task that a turn opens. Opening one that exists changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskOpening {
    /// The task's id.
    pub id: String,
    /// The node's number in the run.
    pub node: u32,
    /// The body: what is asked (`usher_api::approval::Asked`).
    pub body: Vec<u8>,
}

/// A task that a turn closes because its node ends without a decision. If the task was decided
/// already the turn is stale: the outcome waits in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskClosing {
    /// The task's id.
    pub id: String,
    /// Why, Argo's text of the node.
    pub reason: String,
}

/// States of a task's row that the ledger itself knows; the others are the notifier's words.
pub mod state {
    /// Inserted by a turn; the notifier has not looked at it yet.
    pub const OPENING: &str = "Opening";
    /// Closed by a turn or by a stop; terminal for everybody who votes, the notifier has yet to
    /// record it and to tell people.
    pub const CLOSING: &str = "Closing";
}

/// A task's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    /// Names the task for ever.
    pub id: String,
    /// The run's uid.
    pub run: String,
    /// The run's name.
    pub workflow: String,
    /// The run's namespace.
    pub namespace: String,
    /// The node's number in the run.
    pub node: u32,
    /// Its state, a word of the notifier's core.
    pub state: String,
    /// Whether it can still be decided.
    pub open: bool,
    /// How often it was written: 1 after its opening.
    pub version: i64,
    /// When somebody must look at it; 0 for at once, none for never.
    pub due_ms: Option<i64>,
    /// When it was opened, by the ledger's clock ([`crate::Clock`]).
    pub opened_ms: i64,
    /// When it was decided or closed; if its run closed it, by the ledger's clock.
    pub closed_ms: Option<i64>,
    /// Why its run closed it; a row that has one keeps it, and no row gets one otherwise.
    pub close_reason: Option<String>,
    /// The notifier's body; an `Asked` while [`state::OPENING`] and version 1.
    pub body: Vec<u8>,
}

/// A link's row: the claims behind a mailed address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// 16 random bytes.
    pub id: Vec<u8>,
    /// The task's id.
    pub task: String,
    /// The slot's number in the task.
    pub slot: u32,
    /// The key that its address is made with.
    pub key: u8,
    /// When it was made.
    pub created_ms: i64,
    /// When it ends.
    pub expires_ms: i64,
    /// Whether it was taken back.
    pub revoked: bool,
}

/// One entry of a task's record. Entries are inserted and never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    /// Its place in the task's chain, from 1.
    pub seq: u32,
    /// The hash of the entry before; empty for the first.
    pub prev: String,
    /// The hash of this entry, lower-case hex.
    pub hash: String,
    /// The entry, canonical JSON.
    pub entry: Vec<u8>,
    /// What may be erased without breaking the chain (comment, salt, client), JSON.
    pub side: Option<Vec<u8>>,
}

/// A mail to be sent. Posting one whose key exists changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// Unique: task, slot, kind, ordinal, round; or run, node, ordinal.
    pub key: String,
    /// The task that it belongs to.
    pub task: Option<String>,
    /// The slot in the task.
    pub slot: Option<u32>,
    /// The run that it belongs to.
    pub run: Option<String>,
    /// `request`, `outcome`, `code`, `step`, …
    pub kind: String,
    /// The address that it goes to.
    pub recipient: String,
    /// When it is due.
    pub due_ms: i64,
    /// The recipe, JSON of the notifier's core.
    pub body: Vec<u8>,
}

/// Where a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailPhase {
    /// To be sent at its due time.
    Queued,
    /// Somebody is sending it; when its due time (the lease) comes, anybody may.
    Leased,
    /// The server has taken it.
    Sent,
    /// The server refused the recipient for good.
    Bounced,
    /// It was not needed any more.
    Cancelled,
    /// Given up after days.
    Dead,
}

impl MailPhase {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            MailPhase::Queued => "Queued",
            MailPhase::Leased => "Leased",
            MailPhase::Sent => "Sent",
            MailPhase::Bounced => "Bounced",
            MailPhase::Cancelled => "Cancelled",
            MailPhase::Dead => "Dead",
        }
    }

    /// The phase of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<MailPhase> {
        let all = [
            MailPhase::Queued,
            MailPhase::Leased,
            MailPhase::Sent,
            MailPhase::Bounced,
            MailPhase::Cancelled,
            MailPhase::Dead,
        ];
        all.into_iter().find(|phase| phase.as_str() == word)
    }

    /// Whether the mail is still to be sent.
    #[must_use]
    pub fn is_waiting(self) -> bool {
        matches!(self, MailPhase::Queued | MailPhase::Leased)
    }

    /// Whether a write may change it so. What was sent can still come back: for good, or to be
    /// sent again later.
    #[must_use]
    pub fn may_become(self, next: MailPhase) -> bool {
        let back = matches!(next, MailPhase::Queued | MailPhase::Bounced);
        self.is_waiting() || (self == MailPhase::Sent && back)
    }
}

/// A mail's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRow {
    /// Its number.
    pub id: i64,
    /// What was posted; `due_ms` is the next time that somebody looks at it.
    pub mail: NewMail,
    /// Where it stands.
    pub phase: MailPhase,
    /// Rises with every lease: who writes names the one it holds.
    pub lease: i64,
    /// How often sending was begun.
    pub attempts: u32,
    /// When it was posted, by the ledger's clock.
    pub created_ms: i64,
    /// When the server took it.
    pub sent_ms: Option<i64>,
    /// What the server said last.
    pub error: Option<String>,
}

/// A change of a mail, by who holds its lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailWrite {
    /// Its number.
    pub id: i64,
    /// The lease that the writer saw; [`MailPhase::Leased`] raises it by one.
    pub lease: i64,
    /// Where it stands now.
    pub phase: MailPhase,
    /// When somebody looks at it next; for a lease its end. None leaves it as it is.
    pub due_ms: Option<i64>,
    /// How often sending was begun.
    pub attempts: u32,
    /// When the server took it.
    pub sent_ms: Option<i64>,
    /// What the server said.
    pub error: Option<String>,
    /// The development mailbox takes it with the same commit.
    pub boxed: Option<Boxed>,
    /// A command for the run that waits for the sending.
    pub command: Option<NewCommand>,
}

/// A mail as the development mailbox has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boxed {
    /// When it arrived.
    pub at_ms: i64,
    /// The envelope's sender.
    pub sender: String,
    /// The envelope's recipient.
    pub recipient: String,
    /// The bytes that an SMTP server would have got.
    pub raw: Vec<u8>,
}

/// A boxed mail with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxedRow {
    /// Its number; later ones are greater.
    pub id: i64,
    /// The mail.
    pub mail: Boxed,
}

/// A command that a write brings along, always the last row of its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommand {
    /// The run's uid. A run that is gone takes none, which is no fault.
    pub run: String,
    /// What kind of command.
    pub kind: String,
    /// The command, in the layout of `usher-api`.
    pub body: Vec<u8>,
    /// The same key for the same run gives the same command.
    pub key: Option<String>,
}

/// An answer that is given again when the same is asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Who asked.
    pub scope: String,
    /// The key that the asker chose.
    pub key: String,
    /// A hash of what was asked.
    pub asked: String,
    /// The answer.
    pub answer: Vec<u8>,
    /// When it was given.
    pub at_ms: i64,
}

/// One move of a task through the gate. Written whole, and only if the task has this version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskWrite {
    /// The task's id.
    pub id: String,
    /// The version that the move was decided on.
    pub version: i64,
    /// The new state.
    pub state: String,
    /// Whether it can still be decided.
    pub open: bool,
    /// When somebody must look at it.
    pub due_ms: Option<i64>,
    /// When it was decided or closed.
    pub closed_ms: Option<i64>,
    /// The new body.
    pub body: Vec<u8>,
    /// Links, inserted or replaced by id.
    pub links: Vec<LinkRow>,
    /// Mail to be sent.
    pub mails: Vec<NewMail>,
    /// New entries of the record.
    pub record: Vec<RecordRow>,
    /// Entries whose erasable part goes.
    pub erase: Vec<u32>,
    /// The answer to remember.
    pub answer: Option<StoredAnswer>,
    /// The outcome for the run.
    pub command: Option<NewCommand>,
}

/// Which tasks a list shows, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskFilter {
    /// Only of this namespace.
    pub namespace: Option<String>,
    /// Only of this workflow's name.
    pub workflow: Option<String>,
    /// Only of this run.
    pub run: Option<String>,
    /// Only open ones, or only closed ones.
    pub open: Option<bool>,
    /// Only opened before this row of an earlier page: its (`opened_ms`, `id`).
    pub before: Option<(i64, String)>,
    /// At most this many.
    pub limit: usize,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskCounts {
    /// Tasks that can still be decided.
    pub open: u64,
    /// Mails that are to be sent.
    pub queued: u64,
    /// When the oldest of these was posted.
    pub oldest_queued_ms: Option<i64>,
}

/// Reading approvals and mail; many at a time.
///
/// # Errors
/// Each call: when the ledger cannot be read.
#[allow(clippy::missing_errors_doc, reason = "all alike, said once above")]
pub trait TaskReader {
    /// A task.
    fn task(&mut self, id: &str) -> Result<Option<TaskRow>, Error>;

    /// A link by its 16 bytes, with its task, of one instant. One look-up by key each.
    fn task_of_link(&mut self, id: &[u8]) -> Result<Option<(LinkRow, TaskRow)>, Error>;

    /// A task's links.
    fn links(&mut self, task: &str) -> Result<Vec<LinkRow>, Error>;

    /// The keys that links were made with which were not taken back, by number, each with the end
    /// of its last link. Walks all links: for a person who asks, not for a loop.
    fn link_keys(&mut self) -> Result<Vec<(u8, i64)>, Error>;

    /// Ids of tasks that are due at `now_ms` or before, the longest due first.
    fn tasks_due(&mut self, now_ms: i64, limit: usize) -> Result<Vec<String>, Error>;

    /// When the next task is due; none when none is.
    fn next_task_due(&mut self) -> Result<Option<i64>, Error>;

    /// Tasks, the last opened first. Nothing comes before a row that is not there.
    fn tasks(&mut self, filter: &TaskFilter) -> Result<Vec<TaskRow>, Error>;

    /// A task's record, in order.
    fn record(&mut self, task: &str) -> Result<Vec<RecordRow>, Error>;

    /// Mails that are due at `now_ms` or before, queued or with a lease that is over, the longest
    /// due first.
    fn mails_due(&mut self, now_ms: i64, limit: usize) -> Result<Vec<MailRow>, Error>;

    /// When the next mail is due; none when none is.
    fn next_mail_due(&mut self) -> Result<Option<i64>, Error>;

    /// A mail.
    fn mail(&mut self, id: i64) -> Result<Option<MailRow>, Error>;

    /// A mail by its key.
    fn mail_of_key(&mut self, key: &str) -> Result<Option<MailRow>, Error>;

    /// A task's mails, in the order of posting.
    fn mails_of_task(&mut self, task: &str) -> Result<Vec<MailRow>, Error>;

    /// Mails of the development mailbox, the newest first.
    fn boxed(&mut self, limit: usize) -> Result<Vec<BoxedRow>, Error>;

    /// One mail of it.
    fn boxed_mail(&mut self, id: i64) -> Result<Option<BoxedRow>, Error>;

    /// An answer that was given.
    fn answer(&mut self, scope: &str, key: &str) -> Result<Option<StoredAnswer>, Error>;

    /// How much there is.
    fn task_counts(&mut self) -> Result<TaskCounts, Error>;
}
