//! The port: what a ledger must be able to do, whichever database it is.
//!
//! Laws, each with a case in `tests/contract.rs`:
//!
//! 1. A turn is written whole or not at all. It is written only if the run has the version that
//!    the turn names, its partition the epoch, and none of the turn's commands is applied yet.
//! 2. There is no high-water mark for commands: ids may become visible out of order (E6), a
//!    command is open while no turn took it, and a turn that takes one again writes nothing (E7).
//! 3. A group is one commit. If a statement of it fails, the group is rolled back and committed
//!    write by write; one that fails alone is refused, the others are not affected.
//! 4. A commit whose outcome is unknown is told as that, for every write of the group: as outcomes
//!    where the ledger can go on, as [`Error::InDoubt`] where it cannot.
//! 5. Text holds no U+0000 and no body its JSON escape: U+FFFD takes its place on entry (E8).
//!    Otherwise bodies are bytes and stay as they are.
//! 6. A run is born in the partition of its uid, for nobody would find it in another.
//! 7. A task is moved only on the version that the move was decided on. A turn that closes a task
//!    which somebody decided is stale; one that its run has closed already stays as it is. So the
//!    order of commits is the order of outcomes.
//! 8. A command that comes with a move or a halt is the last row of its commit.
//! 9. A record grows by the next entry and by nothing else; its bytes are hashed, so law 5 does
//!    not touch them, nor what the mailbox has got. Only the erasable part of an entry can go.
//! 10. Tasks, their record and mail outlive their run.
//! 11. A mail is written by who holds its lease, until its phase is final. One that was sent can
//!     still come back.
//!
//! Writes of one group are applied in their order. An adapter that commits a group as one
//! statement must cut the group where a run comes a second time.

use crate::error::Error;
use crate::rows::{
    Command, CommandState, Counts, Filter, Loaded, Outcome, Partition, RunRow, Write,
};
use crate::tasks::TaskReader;

/// Reading; many at a time. No call holds anything back from the writer.
pub trait Reader: TaskReader {
    /// A run with its plan, scope and nodes, all of one instant; none when it is not there.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn load_run(&mut self, uid: &str) -> Result<Option<Loaded>, Error>;

    /// A run's row.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn run_row(&mut self, uid: &str) -> Result<Option<RunRow>, Error>;

    /// The uid of the newest run of a name.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn find_run(&mut self, namespace: &str, name: &str) -> Result<Option<String>, Error>;

    /// The uid of the run that was born with this key.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn run_of_key(&mut self, key: &str) -> Result<Option<String>, Error>;

    /// Rows of runs, the newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn filter_runs(&mut self, filter: &Filter) -> Result<Vec<RunRow>, Error>;

    /// Rows of a namespace's runs, or of all, the newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn list_runs(&mut self, namespace: Option<&str>, limit: usize) -> Result<Vec<RunRow>, Error> {
        let namespace = namespace.map(str::to_owned);
        self.filter_runs(&Filter {
            namespace,
            limit,
            ..Filter::default()
        })
    }

    /// Runs of a partition that need an actor: neither ended nor parked, and not quiet. Oldest
    /// first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn awake_runs(&mut self, part: u16) -> Result<Vec<String>, Error>;

    /// Quiet runs of a partition that are due at `until_ms` or before, with their times, in the
    /// order of these. Neither ended nor parked ones.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn due_runs(
        &mut self,
        part: u16,
        until_ms: i64,
        limit: usize,
    ) -> Result<Vec<(i64, String)>, Error>;

    /// A run's commands that no turn took, in the order of their ids.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn pending_commands(&mut self, uid: &str) -> Result<Vec<Command>, Error>;

    /// Runs of a partition with such commands, ended and parked ones too.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn pending_runs(&mut self, part: u16) -> Result<Vec<String>, Error>;

    /// Where a command stands; none when its run was removed or it never was.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn command_state(&mut self, id: i64) -> Result<Option<CommandState>, Error>;

    /// A plan by its hash.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn plan(&mut self, hash: &str) -> Result<Option<Vec<u8>>, Error>;

    /// Every partition, in order.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn partitions(&mut self) -> Result<Vec<Partition>, Error>;

    /// How much there is.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn counts(&mut self) -> Result<Counts, Error>;
}

/// Writing; one object, used by the one thread of [`crate::Writer`].
pub trait Ledger: Reader {
    /// Commits a group of writes in one transaction; one outcome for each, in the same order.
    ///
    /// # Errors
    /// When none of the group is at fault. Nothing of it was written, except that nobody knows
    /// after [`Error::InDoubt`]. After a fatal error ([`Error::is_fatal`]) the ledger must not be
    /// written again.
    fn commit(&mut self, group: &[Write]) -> Result<Vec<Outcome>, Error>;

    /// Called when the replies to a commit are out: what makes the next one cheaper and nobody
    /// should wait for.
    fn tend(&mut self) {}

    /// Takes a partition over: raises its epoch if it still is the one that the caller has seen,
    /// and tells the new one; none when somebody was faster. Whoever had it writes nothing more.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    fn take_over(&mut self, part: u16, owner: &str, seen_epoch: i64) -> Result<Option<i64>, Error>;

    /// The clean end: whatever can be tidied up is, and the next start need not check the file.
    ///
    /// # Errors
    /// When that does not work; what is committed is safe nevertheless.
    fn close(&mut self) -> Result<(), Error>;
}
