//! Moving the write-ahead log into the file, on a thread of its own beside the writer.
//!
//! SQLite would do it inside the commit that fills the log: a thousand pages and a sync of the
//! file, on the account of one turn. Beside the writer nobody waits for it. Only a log that grows
//! faster than it is moved is moved by the writer itself, who has little left to do then and
//! after whose pause the log begins anew.

use std::cell::Cell;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags};

use super::open::connect;
use super::sql;

/// Pages in the log, 4 KiB each, from which on it is moved into the file.
const PAGES_MOVED: i32 = 1_000;

/// Pages in the log from which on the writer waits until it is moved.
const PAGES_MAX: i32 = 8_000;

thread_local! {
    /// Pages in the log after the commit that this thread made last.
    static PAGES: Cell<i32> = const { Cell::new(0) };
}

/// Moves a ledger's log.
#[derive(Debug)]
pub(super) struct Checkpointer {
    /// Held until the drop.
    poke: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Held by whoever moves the log, so that the writer can wait for the thread.
    moving: Arc<Mutex<()>>,
}

impl Checkpointer {
    /// For the ledger that `connection` writes. It opens the file when there is something to do.
    pub(super) fn start(path: &Path, connection: &Connection) -> Checkpointer {
        // In the place of SQLite's own hook, which moves the log inside a commit.
        connection.wal_hook(Some(note_pages));
        // One poke may wait: it covers whatever is committed before it is taken.
        let (poke, poked) = sync_channel(1);
        let moving = Arc::new(Mutex::new(()));
        let (path, same) = (path.to_owned(), moving.clone());
        let thread = std::thread::Builder::new()
            .name("ledger-log".to_owned())
            .spawn(move || work(&path, &poked, &same))
            .ok();
        Checkpointer {
            poke: Some(poke),
            thread,
            moving,
        }
    }

    /// To be called on the writer's thread after each commit. Answers how many pages are in the
    /// log.
    pub(super) fn after_commit(&self, connection: &Connection) -> u64 {
        let pages = PAGES.take();
        let counted = u64::try_from(pages).unwrap_or(0);
        if pages < PAGES_MOVED {
            return counted;
        }
        let poked = self.poke.as_ref().map(|poke| poke.try_send(()));
        let is_alone = matches!(poked, None | Some(Err(TrySendError::Disconnected(()))));
        if is_alone || pages >= PAGES_MAX {
            move_log(connection, &self.moving);
        }
        counted
    }
}

impl Drop for Checkpointer {
    /// Waits for the thread, so that the writer's connection is the last of the two and tidies up.
    fn drop(&mut self) {
        drop(self.poke.take());
        if let Some(thread) = self.thread.take() {
            // A panic of it would be SQLite's; the log stays, which is harmless.
            let _ = thread.join();
        }
    }
}

fn note_pages(_: &Wal, pages: i32) -> rusqlite::Result<()> {
    PAGES.set(pages);
    Ok(())
}

fn work(path: &Path, poked: &Receiver<()>, moving: &Mutex<()>) {
    let mut connection = None;
    while poked.recv().is_ok() {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        connection = connection.or_else(|| connect(path, flags).ok());
        if let Some(connection) = &connection {
            move_log(connection, moving);
        }
    }
}

/// Moves what no reader still needs. An error leaves the log, which has everything, as it is: it
/// is moved again from its beginning, so a sync of the file that failed loses nothing. What the
/// writer cannot append to a log ends the writer.
fn move_log(connection: &Connection, moving: &Mutex<()>) {
    let _moving = moving.lock().unwrap_or_else(PoisonError::into_inner);
    let moved = connection.prepare_cached(sql::MOVE_LOG);
    let _ = moved.and_then(|mut statement| statement.query_row([], |_| Ok(())));
}
