//! What a file can suffer: restarts, other versions, damage, a full disk, other processes.
//!
//! The laws of the port are cases of `tests/contract.rs`; here is what only SQLite has.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod checks;
mod copies;
mod costs;
mod faults;
mod files;
mod tasks;
mod upgrades;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Durability, Sqlite};
use crate::port::Ledger;
use crate::rows::{Fence, Outcome, Write};

/// A folder with a ledger in it, not open.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        Place { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    fn open(&self) -> Open {
        Open::at(&self.path(), "boot")
    }

    /// The names of the files in the folder, in order.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }

    /// Changes the file behind the ledger's back.
    fn plant(&self, statements: &str) {
        let connection = rusqlite::Connection::open(self.path()).unwrap();
        connection
            .execute_batch(&format!("PRAGMA foreign_keys = off; {statements}"))
            .unwrap();
    }
}

/// SQLite's plan of a statement, its steps in one line.
fn plan(open: &Open, statement: &str) -> String {
    let explain = format!("EXPLAIN QUERY PLAN {statement}");
    let mut statement = open.ledger.connection.prepare(&explain).unwrap();
    let nulls = vec![rusqlite::types::Null; statement.parameter_count()];
    let rows = statement.query_map(rusqlite::params_from_iter(nulls), |row| {
        row.get::<_, String>(3)
    });
    let lines: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
    lines.join("; ")
}

/// How many bytes the log grows by while `work` is done.
fn logged(place: &Place, open: &mut Open, work: impl FnOnce(&mut Open)) -> u64 {
    let log = place.folder.path().join("ledger.db-wal");
    let length = || std::fs::metadata(&log).map_or(0, |meta| meta.len());
    let before = length();
    work(open);
    length() - before
}

/// An open ledger with the right to write it.
struct Open {
    ledger: Sqlite,
    fences: Vec<Fence>,
}

impl Open {
    fn at(path: &Path, boot: &str) -> Open {
        let mut ledger = Sqlite::open(path, Durability::Full, boot).unwrap();
        let fences = ledger.take_over_all("tester").unwrap();
        Open { ledger, fences }
    }

    fn write(&mut self, write: Write) -> Outcome {
        self.ledger.commit(&[write]).unwrap().remove(0)
    }

    /// The clean end.
    fn close(mut self) {
        self.ledger.close().unwrap();
    }

    fn number(&self, statement: &str) -> i64 {
        let read = |row: &rusqlite::Row<'_>| row.get(0);
        self.ledger
            .connection
            .query_row(statement, [], read)
            .unwrap()
    }
}
