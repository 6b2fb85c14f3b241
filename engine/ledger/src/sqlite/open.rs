//! Opening a file: is it ours, is it as new as we are, did the machine stop with it open.
//!
//! Nothing here reads more than a few rows: an open costs the same with one run and a million.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::checkpoint::Checkpointer;
use super::commit::{execute, first};
use super::room::Room;
use super::{Durability, Sqlite, SqliteReader, fail, sql};
use crate::clock::Clock;
use crate::error::{Error, Source};
use crate::filesystem::network_kind;
use crate::partition::{HASH, PARTITIONS};
use crate::schema::{APPLICATION, MIGRATIONS, SCHEMA};

/// How long to wait for another process's lock. The engine's lock makes this rare: a backup, a
/// check's last word.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// How often a file that is being made is tried again.
const BUSY_LOOK: Duration = Duration::from_millis(5);

/// A write-ahead log that grew beyond this many bytes is cut when it is empty.
const LOG_BYTES: i64 = 32 << 20;

/// Kept in memory by each connection, KiB.
const CACHE_KIB: i64 = 4_096;

/// Statements kept ready by each connection: all there are.
const STATEMENTS: usize = 128;

impl Sqlite {
    /// Opens the ledger at `path`, makes it if it is not there, and brings it up to this binary's
    /// schema. `boot` is the kernel's id of this boot, empty where it has none.
    ///
    /// # Errors
    /// When the file is on a network file system, is not a ledger, is newer than this binary, is
    /// spread over partitions in another way, or cannot be opened or written.
    pub fn open(path: &Path, durability: Durability, boot: &str) -> Result<Sqlite, Error> {
        let connection = patiently(|| {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
            let connection = connect(path, flags)?;
            // Before anything is written: what is not ours or is newer stays as it is.
            let found = schema_of(&connection, path)?;
            known(found, SCHEMA)?;
            set_up(&connection, durability).map_err(open_error(path))?;
            Ok(connection)
        })?;
        let checkpointer = Checkpointer::start(path, &connection);
        let mut ledger = Sqlite {
            checkpointer,
            connection,
            needs_check: false,
            clock: Clock::system(),
            room: (durability == Durability::Full).then(|| Room::beside(path)),
        };
        ledger.transact("bring the ledger up to date", |connection| {
            migrate(connection, path, &MIGRATIONS)?;
            partitioning(connection)
        })?;
        ledger.needs_check = ledger.note_boot(boot)?;
        Ok(ledger)
    }

    /// Notes that the ledger is open in this boot; tells whether it is to be checked.
    fn note_boot(&mut self, boot: &str) -> Result<bool, Error> {
        let what = "note the boot in the ledger";
        self.transact(what, |connection| {
            let meta = |key| meta(connection, key).map_err(fail(what));
            let (last, clean) = (meta("boot")?, meta("clean")?);
            // Without ids of boots nobody knows, so it is taken for another boot.
            let same_boot = last.as_deref() == Some(boot) && !boot.is_empty();
            let is_clean = clean.as_deref() != Some("0");
            let unchecked = meta("unchecked")?.as_deref() == Some("1");
            let needs_check = unchecked || (!is_clean && !same_boot);
            let unchecked = if needs_check { "1" } else { "0" };
            for (key, value) in [("boot", boot), ("clean", "0"), ("unchecked", unchecked)] {
                execute(connection, sql::PUT_META, (key, value)).map_err(fail(what))?;
            }
            Ok(needs_check)
        })
    }

    /// Notes the clean end. The write-ahead log goes into the file when the last connection ends.
    pub(super) fn close_clean(&mut self) -> Result<(), Error> {
        let what = "close the ledger";
        self.transact(what, |connection| {
            execute(connection, sql::PUT_META, ("clean", "1")).map_err(fail(what))?;
            Ok(())
        })
    }
}

/// Opens a file for reading only. It is opened writable all the same, because a reader may be the
/// one who must bring the log's index in order after a crash.
pub(super) fn reader(path: &Path) -> Result<SqliteReader, Error> {
    let (connection, found) = patiently(|| {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let found = schema_of(&connection, path)?;
        Ok((connection, found))
    })?;
    known(found, SCHEMA)?;
    if found < SCHEMA {
        return Err(Error::Unmigrated {
            found,
            needed: SCHEMA,
        });
    }
    connection
        .pragma_update(None, "cache_size", -CACHE_KIB)
        .map_err(open_error(path))?;
    connection
        .pragma_update(None, "query_only", true)
        .map_err(open_error(path))?;
    Ok(SqliteReader { connection })
}

/// Opens again while somebody else has the file locked. SQLite waits by itself for most locks, but
/// not for the one that switches a new file to its log: that fails at once (two first openings).
fn patiently<T>(open: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    let until = Instant::now() + BUSY_WAIT;
    loop {
        match open() {
            Err(Error::Open { source, .. }) if is_busy(&source) && Instant::now() < until => {
                std::thread::park_timeout(BUSY_LOOK);
            }
            opened => return opened,
        }
    }
}

fn is_busy(source: &Source) -> bool {
    let code = source.downcast_ref::<rusqlite::Error>();
    code.and_then(rusqlite::Error::sqlite_error_code) == Some(ErrorCode::DatabaseBusy)
}

pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let place = if path.exists() {
        path
    } else {
        folder.unwrap_or(Path::new("."))
    };
    if let Some(kind) = network_kind(place) {
        return Err(Error::NetworkFileSystem {
            path: path.to_owned(),
            kind,
        });
    }
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(open_error(path))?;
    connection
        .busy_timeout(BUSY_WAIT)
        .map_err(open_error(path))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn open_error(path: &Path) -> impl Fn(rusqlite::Error) -> Error {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::Foreign {
            path: path.to_owned(),
        },
        _ => Error::Open {
            path: path.to_owned(),
            source: Arc::new(error),
        },
    }
}

/// The schema that the file is at; 0 for an empty file.
fn schema_of(connection: &Connection, path: &Path) -> Result<i64, Error> {
    let number = |statement: &str| {
        connection
            .query_row(statement, [], |row| row.get::<_, i64>(0))
            .map_err(open_error(path))
    };
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let application = number("PRAGMA application_id")?;
    if tables == 0 && application == 0 {
        return Ok(0);
    }
    let foreign = || Error::Foreign {
        path: path.to_owned(),
    };
    if application != APPLICATION {
        return Err(foreign());
    }
    let found = meta(connection, "schema").map_err(open_error(path))?;
    found
        .and_then(|found| found.parse().ok())
        .ok_or_else(foreign)
}

fn known(found: i64, known: i64) -> Result<(), Error> {
    if found > known {
        return Err(Error::Newer { found, known });
    }
    Ok(())
}

fn set_up(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    connection.pragma_update(None, "page_size", 4_096)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        let text = format!("the file system does not allow a write-ahead log (mode {mode})");
        return Err(rusqlite::Error::ToSqlConversionFailure(text.into()));
    }
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |_| Ok(()))
}

/// Brings the file from its schema to that of the last migration, in the transaction that is open.
pub(super) fn migrate(
    connection: &Connection,
    path: &Path,
    migrations: &[&str],
) -> Result<(), Error> {
    let what = "bring the ledger up to date";
    let newest = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let found = schema_of(connection, path)?;
    known(found, newest)?;
    if found == newest {
        return Ok(());
    }
    let done = usize::try_from(found).unwrap_or(0);
    for migration in migrations.iter().skip(done) {
        connection.execute_batch(migration).map_err(fail(what))?;
    }
    if found == 0 {
        found_ledger(connection).map_err(fail(what))?;
    }
    let schema = ("schema", newest.to_string());
    execute(connection, sql::PUT_META, schema)
        .map(|_| ())
        .map_err(fail(what))
}

/// What a new file is told once: who wrote it and how it is spread.
fn found_ledger(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION)?;
    for part in 0..PARTITIONS {
        connection.execute("INSERT INTO partitions (id) VALUES (?1)", [part])?;
    }
    for (key, value) in [
        ("partitions", PARTITIONS.to_string()),
        ("hash", HASH.to_owned()),
    ] {
        execute(connection, sql::PUT_META, (key, value))?;
    }
    Ok(())
}

/// A run's partition is computed from its uid: the file and the binary must agree how.
fn partitioning(connection: &Connection) -> Result<(), Error> {
    let read = |key| {
        let value = meta(connection, key).map_err(fail("read how the ledger is spread"))?;
        Ok(value.unwrap_or_default())
    };
    let found = format!("{} partitions by {}", read("partitions")?, read("hash")?);
    let known = format!("{PARTITIONS} partitions by {HASH}");
    if found == known {
        Ok(())
    } else {
        Err(Error::Partitioning { found, known })
    }
}

/// A value of the table `meta`.
pub(super) fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    first(connection, sql::META, [key], |row| row.get(0))
}
