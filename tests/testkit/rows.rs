//! The ledger of a place as rows, read while an engine writes it; waiting for its next change; and
//! the lock that keeps every writer waiting.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, Params, Row};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;

use crate::Place;

/// Longer than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_secs(180);

/// Even without a change somebody looks again after this time.
const LOOK: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// The rows of a place's ledger.
#[derive(Debug)]
pub struct Rows {
    connection: Connection,
    changes: OwnedFd,
}

impl Rows {
    /// Opens the ledger for reading; it must be there.
    pub fn of(place: &Place) -> Rows {
        let changes = inotify::init(inotify::CreateFlags::NONBLOCK).expect("inotify");
        let flags = inotify::WatchFlags::MODIFY | inotify::WatchFlags::CREATE;
        inotify::add_watch(&changes, place.state(), flags).expect("a watch");
        let path = place.state().join("ledger.db");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(path, flags).expect("the ledger");
        let patience = connection.busy_timeout(PATIENCE);
        patience.expect("a time-out");
        Rows {
            connection,
            changes,
        }
    }

    /// A number that a query gives.
    pub fn number(&self, query: &str, params: impl Params) -> i64 {
        let mut query = self.connection.prepare_cached(query).expect("a query");
        query
            .query_row(params, |row| row.get(0))
            .expect("one number")
    }

    /// All rows that a query gives.
    pub fn all<T>(
        &self,
        query: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Vec<T> {
        let mut query = self.connection.prepare_cached(query).expect("a query");
        let rows = query.query_map(params, read).expect("rows");
        rows.collect::<Result<_, _>>().expect("rows")
    }

    /// Waits for something to be so in the ledger: looks again when its files change.
    ///
    /// Panics after three minutes, naming what it waited for.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut(&Rows) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(Instant::now() < end, "after {PATIENCE:?} still not: {what}");
            let mut fds = [PollFd::new(&self.changes, PollFlags::IN)];
            poll(&mut fds, Some(&LOOK)).expect("a wait");
            let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
            let mut events = inotify::Reader::new(&self.changes, &mut buffer);
            while events.next().is_ok() {}
        }
    }
}

/// The write lock of a place's ledger: while it is held nothing can be committed.
#[derive(Debug)]
pub struct WriteLock {
    connection: Connection,
}

impl WriteLock {
    /// Takes it; waits for who has it.
    pub fn take(place: &Place) -> WriteLock {
        let path = place.state().join("ledger.db");
        let connection = Connection::open(path).expect("the ledger");
        let patience = connection.busy_timeout(PATIENCE);
        patience.expect("a time-out");
        let begun = connection.execute_batch("BEGIN IMMEDIATE");
        begun.expect("the lock");
        WriteLock { connection }
    }

    /// Makes a change, and takes the lock at the next moment.
    pub fn take_after(place: &Place, change: &str) -> WriteLock {
        let lock = WriteLock::take(place);
        let changed = lock
            .connection
            .execute_batch(&format!("{change}; COMMIT; BEGIN IMMEDIATE"));
        changed.expect("the change and the lock");
        lock
    }

    /// Gives it back; nothing was written.
    pub fn release(self) {
        let ended = self.connection.execute_batch("ROLLBACK");
        ended.expect("the end of the lock");
    }
}
