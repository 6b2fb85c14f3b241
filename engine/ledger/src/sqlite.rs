//! The ledger in one SQLite file, for one machine.
//!
//! One connection writes, on the writer's thread; readers have their own and, thanks to the
//! write-ahead log, neither waits for the other. A group is one transaction with one sync: that
//! sync is nearly the whole price of a commit.
//!
//! Not here: that only one process writes. The engine's lock on the state directory sees to it;
//! a second writer would only wait here until its time-out.

mod check;
mod checkpoint;
mod commit;
mod open;
mod read;
mod room;
mod sql;
mod tasks;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode};

use checkpoint::Checkpointer;
use room::Room;

use crate::clock::Clock;
use crate::error::{Error, Source};
use crate::port::Ledger;
use crate::rows::{Fence, Outcome, Write};
use crate::text::clean;

/// What a commit does, in its errors.
const COMMIT_GROUP: &str = "commit a group of turns";

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// `synchronous=FULL`: everything, a power cut too. One sync for each group.
    #[default]
    Full,
    /// `synchronous=NORMAL`: the end of the process in any way. A power cut or the machine's crash
    /// may lose the last commits, though never tear one.
    Normal,
}

/// The writing side.
#[derive(Debug)]
pub struct Sqlite {
    // Before the connection, so that it is dropped before.
    checkpointer: Checkpointer,
    connection: Connection,
    needs_check: bool,
    clock: Clock,
    /// None where commits are not synced: it would save nothing.
    room: Option<Room>,
}

/// A reading side; opened by [`Sqlite::reader`], as many as are wanted.
#[derive(Debug)]
pub struct SqliteReader {
    connection: Connection,
}

/// Whatever has a connection can read.
trait Connected {
    fn connection(&self) -> &Connection;
}

impl Connected for Sqlite {
    fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl Connected for SqliteReader {
    fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl Sqlite {
    /// Whether the machine, not only the engine, stopped uncleanly while the ledger was open, and
    /// no check since has found it sound: [`Sqlite::check`] is to be run, beside the work.
    #[must_use]
    pub fn needs_check(&self) -> bool {
        self.needs_check
    }

    /// Has rows stamped by another clock than the system's: for tests.
    pub fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// Takes every partition over, in one commit, whoever had them: the start of the only engine
    /// of a file.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn take_over_all(&mut self, owner: &str) -> Result<Vec<Fence>, Error> {
        let what = "take the partitions over";
        self.transact(what, |connection| {
            let mut statement = connection
                .prepare_cached(sql::TAKE_OVER_ALL)
                .map_err(fail(what))?;
            let rows = statement.query_map([clean(owner)], |row| {
                Ok(Fence {
                    part: row.get(0)?,
                    epoch: row.get(1)?,
                })
            });
            let mut fences = rows
                .and_then(Iterator::collect::<Result<Vec<Fence>, _>>)
                .map_err(fail(what))?;
            fences.sort();
            Ok(fences)
        })
    }

    /// Runs `work` in a transaction of its own and commits it. An error of `work` rolls it back.
    fn transact<T>(
        &mut self,
        what: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // To begin asks nothing of any write, so none of them is at fault when it fails.
        self.step(sql::BEGIN)
            .map_err(|error| match fail(what)(error) {
                Error::Statement { what, source } => Error::Storage { what, source },
                other => other,
            })?;
        let done = work(&self.connection).and_then(|value| {
            let committed = self.step(sql::COMMIT);
            let source = |error| -> Source { Arc::new(error) };
            committed.map(|()| value).map_err(|error| Error::InDoubt {
                what,
                source: source(error),
            })
        });
        // SQLite has rolled back by itself after some errors; doing it again would be one more.
        if let Err(error) = &done
            && !self.connection.is_autocommit()
            && let Err(source) = self.step(sql::ROLLBACK)
            && !error.is_fatal()
        {
            let source: Source = Arc::new(source);
            return Err(Error::Storage { what, source });
        }
        done
    }

    fn step(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(statement)?
            .execute([])
            .map(|_| ())
    }

    fn commit_group(&mut self, group: &[Write]) -> Result<Vec<Outcome>, Error> {
        let clock = self.clock.clone();
        self.transact(COMMIT_GROUP, |connection| {
            let now_ms = clock.now_ms();
            group
                .iter()
                .map(|write| commit::apply(connection, now_ms, write))
                .collect()
        })
    }

    /// Each write in a transaction of its own, after the group failed: who fails alone is refused.
    fn commit_singly(&mut self, group: &[Write]) -> Result<Vec<Outcome>, Error> {
        let mut outcomes = Vec::with_capacity(group.len());
        for write in group {
            match self.commit_group(std::slice::from_ref(write)) {
                Ok(outcome) => outcomes.extend(outcome),
                Err(error @ Error::Statement { .. }) => {
                    outcomes.push(Outcome::Refused {
                        reason: error.chain(),
                    });
                }
                // The writes before this one are on the disk, and nobody will be told so.
                Err(error) if error.is_fatal() => {
                    return Err(Error::InDoubt {
                        what: COMMIT_GROUP,
                        source: Arc::new(error),
                    });
                }
                // Not written, and nobody's fault: whoever sent it reads again.
                Err(error) => outcomes.push(Outcome::Unknown {
                    reason: error.chain(),
                }),
            }
        }
        Ok(outcomes)
    }
}

impl Ledger for Sqlite {
    fn commit(&mut self, group: &[Write]) -> Result<Vec<Outcome>, Error> {
        if group.is_empty() {
            return Ok(Vec::new());
        }
        let outcomes = match self.commit_group(group) {
            Err(Error::Statement { .. }) => self.commit_singly(group),
            committed => committed,
        }?;
        let pages = self.checkpointer.after_commit(&self.connection);
        if let Some(room) = &mut self.room {
            room.log_has(pages);
        }
        Ok(outcomes)
    }

    fn tend(&mut self) {
        if let Some(room) = &mut self.room {
            room.make();
        }
    }

    fn take_over(&mut self, part: u16, owner: &str, seen_epoch: i64) -> Result<Option<i64>, Error> {
        let what = "take a partition over";
        self.transact(what, |connection| {
            let owner = clean(owner);
            commit::first(
                connection,
                sql::TAKE_OVER,
                (part, seen_epoch, owner),
                |row| row.get(0),
            )
            .map_err(fail(what))
        })
    }

    fn close(&mut self) -> Result<(), Error> {
        self.close_clean()
    }
}

impl Sqlite {
    /// A reader of the ledger at `path`.
    ///
    /// # Errors
    /// When the file is not there, is not a ledger, or is at another schema than this binary's.
    pub fn reader(path: &Path) -> Result<SqliteReader, Error> {
        open::reader(path)
    }
}

/// Turns SQLite's error into ours: busy, the statement's own fault, or fatal. What is not known to
/// be harmless is fatal: a writer that goes on after an error it does not understand may lie.
fn fail(what: &'static str) -> impl Fn(rusqlite::Error) -> Error {
    move |error| {
        let code = error.sqlite_error_code();
        let source: Source = Arc::new(error);
        match code {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy { what },
            // `Unknown` is SQLite's plain "error": a statement that it cannot run.
            None
            | Some(
                ErrorCode::ConstraintViolation
                | ErrorCode::TooBig
                | ErrorCode::TypeMismatch
                | ErrorCode::Unknown,
            ) => Error::Statement { what, source },
            Some(_) => Error::Storage { what, source },
        }
    }
}
