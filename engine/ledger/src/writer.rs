//! The writing thread: it takes whatever waits, commits it as one group, and answers.
//!
//! ```text
//!   Handle ─┐                        ┌─ one commit ─► replies, in the order of the writes
//!   Handle ─┼─ queue ─► drain ≤ 256 ─┤
//!   Handle ─┘                        └─ then whoever waits for a command that was applied
//! ```
//!
//! It never waits for more work: while one group is being synced the next gathers by itself, so
//! a lone turn is not delayed and a crowd shares its sync. Replies and the wait for a command's
//! outcome are served on this thread, where a commit and the question cannot race.

mod reply;
mod state;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use crate::error::Error;
use crate::port::Ledger;
use crate::rows::{Outcome, Write};

use reply::Reply;
use state::State;

/// Told what became of a write. Called on the writing thread: it must not wait for anything.
pub type OnWritten = Box<dyn FnOnce(Result<Outcome, Error>) + Send>;

/// Told the outcome of a command. Called on the writing thread: it must not wait for anything.
pub type OnApplied = Box<dyn FnOnce(Result<Vec<u8>, Error>) + Send>;

/// Told why the writing thread cannot go on, after everybody was answered. The process should end.
pub type OnFatal = Box<dyn FnOnce(&Error) + Send>;

/// At most this many writes, or jobs, in one commit.
const GROUP_MAX: usize = 256;

/// At most about this many bytes in one commit (4 MiB): beyond, the sync no longer dominates.
const GROUP_BYTES: usize = 4 << 20;

/// Starts the writing thread.
#[derive(Debug)]
pub struct Writer;

/// A way to the writing thread; all clones lead to the same.
#[derive(Debug, Clone)]
pub struct Handle {
    queue: mpsc::Sender<Queued>,
    shared: Arc<Shared>,
}

/// What the writing thread has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Commits.
    pub groups: u64,
    /// Writes in them.
    pub writes: u64,
    /// Writes that the ledger refused.
    pub refused: u64,
    /// Writes in the largest group.
    pub group_max: usize,
    /// How long the last commit took, microseconds.
    pub last_commit_us: u64,
    /// How long the slowest commit took, microseconds.
    pub slowest_commit_us: u64,
    /// Jobs that wait.
    pub queued: usize,
}

#[derive(Debug, Default)]
struct Shared {
    stats: Mutex<Stats>,
    queued: AtomicUsize,
}

/// A job in the queue, counted until it is taken out or dropped.
struct Queued {
    job: Job,
    _ticket: Ticket,
}

struct Ticket(Arc<Shared>);

impl Ticket {
    fn draw(shared: &Arc<Shared>) -> Ticket {
        shared.queued.fetch_add(1, Ordering::Relaxed);
        Ticket(shared.clone())
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.queued.fetch_sub(1, Ordering::Relaxed);
    }
}

enum Job {
    Write(Write, Reply<Outcome>),
    Watch(i64, Reply<Vec<u8>>),
    Close(mpsc::Sender<()>),
}

impl Writer {
    /// Starts the thread on a ledger. `on_fatal` is called when it must end: nothing more will
    /// be written, and everybody who waits has been told so.
    ///
    /// Should the system refuse a thread, every use of the handle answers [`Error::Closed`].
    #[must_use]
    pub fn spawn(ledger: Box<dyn Ledger + Send>, on_fatal: OnFatal) -> Handle {
        let (queue, jobs) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let state = State::new(ledger, shared.clone());
        let work = move || run(state, jobs, on_fatal);
        // Without the thread the receiving end is gone, which is what the handle then tells.
        let _ = std::thread::Builder::new()
            .name("ledger-writer".to_owned())
            .spawn(work);
        Handle { queue, shared }
    }
}

impl Handle {
    /// Has something written. The reply always comes, on the writing thread or, when that has
    /// ended, at once on this one.
    pub fn submit(&self, write: Write, reply: OnWritten) {
        self.send(Job::Write(write, Reply::new(reply)));
    }

    /// Has the reply called with the outcome of a command, as soon as a turn that took it is
    /// committed; at once if one is already. [`Error::Gone`] when the command went with its run.
    pub fn when_applied(&self, id: i64, reply: OnApplied) {
        self.send(Job::Watch(id, Reply::new(reply)));
    }

    /// What the thread has done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = *self.shared.stats();
        stats.queued = self.shared.queued.load(Ordering::Relaxed);
        stats
    }

    /// Writes what waits, closes the ledger and returns when the thread has let go of it. What is
    /// submitted later is answered [`Error::Closed`].
    pub fn close(&self) {
        let (done, closed) = mpsc::channel();
        self.send(Job::Close(done));
        // An error means that it has ended already.
        let _ = closed.recv();
    }

    fn send(&self, job: Job) {
        let _ticket = Ticket::draw(&self.shared);
        if let Err(mpsc::SendError(queued)) = self.queue.send(Queued { job, _ticket }) {
            refuse(queued.job, &Error::Closed);
        }
    }
}

impl Shared {
    fn stats(&self) -> std::sync::MutexGuard<'_, Stats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers a job that is not done.
fn refuse(job: Job, error: &Error) {
    match job {
        Job::Write(_, reply) => reply.tell(Err(error.clone())),
        Job::Watch(_, reply) => reply.tell(Err(error.clone())),
        Job::Close(done) => drop(done),
    }
}

/// Calls `on_fatal` if the thread panics: an engine without its writer must not go on.
struct Alarm(Option<OnFatal>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(on_fatal) = self.0.take()
        {
            on_fatal(&Error::Panicked);
        }
    }
}

/// The thread: until it is closed, every handle is gone, or the ledger fails for good.
fn run(state: State, jobs: mpsc::Receiver<Queued>, on_fatal: OnFatal) {
    // Dropped from the last to the first, should this thread panic: who waits is told, then the
    // process.
    let mut alarm = Alarm(Some(on_fatal));
    let jobs = jobs;
    let mut state = state;
    let (closer, fatal) = match serve(&mut state, &jobs) {
        Ok(closer) => (closer, state.close().err().filter(Error::is_fatal)),
        Err(error) => (None, Some(error)),
    };
    let reason = fatal.clone().unwrap_or(Error::Closed);
    state.abandon(&reason);
    drop(state);
    // What was sent in the meantime is answered; what comes later finds no receiver; and what
    // slips in between is answered as it is dropped.
    while let Ok(queued) = jobs.try_recv() {
        refuse(queued.job, &reason);
    }
    drop(jobs);
    // Only now: who closed the ledger may open its file again.
    drop(closer);
    if let (Some(error), Some(on_fatal)) = (fatal, alarm.0.take()) {
        on_fatal(&error);
    }
}

/// Works until somebody closes the ledger, who is returned, or no handle is left.
fn serve(
    state: &mut State,
    jobs: &mpsc::Receiver<Queued>,
) -> Result<Option<mpsc::Sender<()>>, Error> {
    while let Ok(first) = jobs.recv() {
        let closer = drain(state, first, jobs)?;
        if closer.is_some() {
            return Ok(closer);
        }
    }
    Ok(None)
}

/// Takes what waits and does it. Answers with the caller who asked to close, if one did.
fn drain(
    state: &mut State,
    first: Queued,
    jobs: &mpsc::Receiver<Queued>,
) -> Result<Option<mpsc::Sender<()>>, Error> {
    let (mut writes, mut replies, mut watches) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bytes, mut close, mut next) = (0, None, Some(first));
    while let Some(queued) = next.take() {
        match queued.job {
            Job::Write(write, reply) => {
                bytes += write.bytes();
                writes.push(write);
                replies.push(reply);
            }
            Job::Watch(id, reply) => watches.push((id, reply)),
            Job::Close(done) => close = Some(done),
        }
        let taken = writes.len() + watches.len();
        if close.is_none() && taken < GROUP_MAX && bytes < GROUP_BYTES {
            next = jobs.try_recv().ok();
        }
    }
    let committed = state.commit(&writes, replies);
    // After the commit, so that the table has the answer of a turn that was in the same group.
    for (id, reply) in watches {
        match &committed {
            Ok(()) => state.watch(id, reply),
            Err(error) => reply.tell(Err(error.clone())),
        }
    }
    committed.map(|()| close)
}
