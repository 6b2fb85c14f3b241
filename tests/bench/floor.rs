//! The floor: what the machine itself takes for a process and for a durable commit, now.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use rusqlite::Connection;

use crate::line::median;

/// A process of this class of machine takes this long (performance.md §2, its upper end).
const SPAWN_MS: f64 = 0.84;

/// A durable commit of this class of machine takes this long (performance.md §2).
const COMMIT_MS: f64 = 0.27;

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Floor {
    /// `/bin/true` by `posix_spawn`, to its end, milliseconds.
    pub(crate) spawn_ms: f64,
    /// One row of 256 bytes in a commit of its own, WAL, synchronous FULL, milliseconds.
    pub(crate) commit_ms: f64,
}

impl Floor {
    /// Measures; about a third of a second.
    pub(crate) fn measure() -> Floor {
        let folder = tempfile::tempdir().expect("a folder");
        Floor {
            spawn_ms: spawn_ms(200),
            commit_ms: commit_ms(folder.path(), 200),
        }
    }

    /// Whether the machine is too busy for figures to mean anything.
    pub(crate) fn is_void(&self) -> bool {
        self.spawn_ms > 2.0 * SPAWN_MS || self.commit_ms > 2.0 * COMMIT_MS
    }

    /// A step: its process and its commit.
    pub(crate) fn step_ms(&self) -> f64 {
        self.spawn_ms + self.commit_ms
    }
}

/// Runs `/bin/true` to its end.
pub(crate) fn spawn_true() {
    let mut command = Command::new("/bin/true");
    // As small an environment as the server has: what cargo sets for its tests slows every program.
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let status = command.spawn().expect("a process").wait().expect("its end");
    assert!(status.success(), "/bin/true fails");
}

fn spawn_ms(count: usize) -> f64 {
    median((0..count).map(|_| timed(spawn_true)).collect())
}

/// A ledger-like file for rows.
pub(crate) fn open(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join("floor.db")).expect("a database");
    connection
        .execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
             CREATE TABLE rows (run TEXT, ix INTEGER, body BLOB, PRIMARY KEY (run, ix))
             WITHOUT ROWID;",
        )
        .expect("a table");
    connection
}

/// Inserts rows in one commit.
pub(crate) fn insert(connection: &mut Connection, from: usize, count: usize) {
    let body = [7_u8; 256];
    let transaction = connection.transaction().expect("a transaction");
    for ix in from..from + count {
        transaction
            .prepare_cached("INSERT INTO rows VALUES ('run', ?1, ?2)")
            .expect("a statement")
            .execute((i64::try_from(ix).expect("small"), &body))
            .expect("a row");
    }
    transaction.commit().expect("a commit");
}

fn commit_ms(folder: &Path, count: usize) -> f64 {
    let mut connection = open(folder);
    median(
        (0..count)
            .map(|at| timed(|| insert(&mut connection, at, 1)))
            .collect(),
    )
}

/// How long something takes, milliseconds.
pub(crate) fn timed(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64() * 1000.0
}
