//! Looking a ledger over, and copying it, beside the work.
//!
//! Both read one instant of the file through a connection of their own. The writer goes on; only
//! the write-ahead log grows until they are done.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::commit::execute;
use super::open::meta;
use super::{Sqlite, fail, open, sql};
use crate::error::Error;
use crate::partition::{PARTITIONS, part_of};

/// At most this many faults of a kind are told.
const FAULTS_MAX: usize = 20;

/// Pages copied in one step of a backup.
const STEP_PAGES: i32 = 1_024;

/// What must hold between tables: a query that lists the offenders, and what is wrong with them.
const LAWS: [(&str, &str); 10] = [
    (
        "SELECT DISTINCT 'nodes of run number ' || run FROM nodes
         WHERE NOT EXISTS (SELECT 1 FROM runs WHERE id = nodes.run)",
        "have no run",
    ),
    (
        "SELECT 'node ' || n.ix || ' of run ' || r.uid FROM nodes n JOIN runs r ON r.id = n.run
         WHERE n.parent IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM nodes p WHERE p.run = n.run AND p.ix = n.parent)",
        "has a parent that is not there",
    ),
    (
        "SELECT 'scope of run number ' || run FROM scopes
         WHERE NOT EXISTS (SELECT 1 FROM runs WHERE id = scopes.run)",
        "has no run",
    ),
    (
        "SELECT 'command ' || id FROM inbox
         WHERE NOT EXISTS (SELECT 1 FROM runs WHERE id = inbox.run AND part = inbox.part)",
        "has no run in its partition",
    ),
    (
        "SELECT 'run ' || uid FROM runs
         WHERE NOT EXISTS (SELECT 1 FROM plans WHERE id = runs.plan)",
        "has no plan",
    ),
    (
        "SELECT 'run ' || uid FROM runs WHERE version < 1
         OR NOT EXISTS (SELECT 1 FROM partitions WHERE id = runs.part)",
        "has no version or no partition",
    ),
    (
        "SELECT DISTINCT 'links of task number ' || task FROM links
         WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE id = links.task)",
        "have no task",
    ),
    (
        "SELECT DISTINCT 'record of task number ' || task FROM record
         WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE id = record.task)",
        "has no task",
    ),
    (
        "SELECT 'record of task number ' || task FROM record GROUP BY task
         HAVING min(seq) <> 1 OR max(seq) <> count(*)",
        "has a gap",
    ),
    (
        "SELECT 'task ' || uid FROM tasks WHERE version < 1
         OR open NOT IN (0, 1) OR (open = 1 AND close_reason IS NOT NULL)",
        "has no version, or is open and closed",
    ),
];

impl Sqlite {
    /// Looks the file over quickly (`quick_check`) and sees that rows that belong together are
    /// there. The answer lists what is wrong; an empty one ends [`Sqlite::needs_check`] for later
    /// opens.
    ///
    /// # Errors
    /// When the file cannot be opened or read at all.
    pub fn check(path: &Path) -> Result<Vec<String>, Error> {
        look_over(path, "PRAGMA quick_check(20)")
    }

    /// [`Sqlite::check`] that compares every index with its table too (`integrity_check`).
    ///
    /// # Errors
    /// When the file cannot be opened or read at all.
    pub fn check_fully(path: &Path) -> Result<Vec<String>, Error> {
        look_over(path, "PRAGMA integrity_check(20)")
    }

    /// Copies the ledger at `path`, which may be in use, to a new file.
    ///
    /// # Errors
    /// When the target exists or cannot be written, or the ledger cannot be read.
    pub fn backup(path: &Path, target: &Path) -> Result<(), Error> {
        let from = open::reader(path)?;
        let wrong = |error: std::io::Error| {
            let path = target.to_owned();
            if error.kind() == std::io::ErrorKind::AlreadyExists {
                return Error::Exists { path };
            }
            Error::Backup {
                path,
                source: Arc::new(error),
            }
        };
        // The name is taken first and the copy made beside it: what has the name and a size is
        // whole, and two backups at once cannot mix.
        let reserve = |path: &Path| {
            File::options()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
        };
        reserve(target).map_err(wrong)?;
        let partial = partial_name(target);
        if let Err(error) = reserve(&partial) {
            let _ = std::fs::remove_file(target);
            return Err(Error::Backup {
                path: partial,
                source: Arc::new(error),
            });
        }
        let copied =
            copy(&from.connection, &partial).map_err(|error| match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                    fail("read the ledger for a backup")(error)
                }
                _ => Error::Backup {
                    path: target.to_owned(),
                    source: Arc::new(error),
                },
            });
        let named = || std::fs::rename(&partial, target).and_then(|()| sync_folder(target));
        let done = copied.and_then(|()| named().map_err(wrong));
        if done.is_err() {
            // The error is what counts; a left-over is harmless.
            let _ = std::fs::remove_file(&partial);
            let _ = std::fs::remove_file(target);
        }
        done
    }
}

/// A name is as durable as its folder.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|path| !path.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn partial_name(target: &Path) -> PathBuf {
    let mut name: OsString = target.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

fn copy(from: &Connection, target: &Path) -> rusqlite::Result<()> {
    // One read transaction around all steps: else each commit of the writer would have the copy
    // begin again, and under load it would never end.
    let instant = from.unchecked_transaction()?;
    instant.query_row(sql::META, ["schema"], |_| Ok(()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut to = Connection::open_with_flags(target, flags)?;
    {
        let backup = Backup::new(&instant, &mut to)?;
        loop {
            match backup.step(STEP_PAGES)? {
                StepResult::Done => break,
                StepResult::More => {}
                // Nobody else has the target, and readers of a log are never locked out.
                _ => return Err(rusqlite::Error::ToSqlConversionFailure(BUSY.into())),
            }
        }
    }
    // A copy stands alone: its log goes into it, so that the one file is the whole backup.
    to.close().map_err(|(_, error)| error)?;
    instant.commit()
}

const BUSY: &str = "the ledger is locked by another process";

fn look_over(path: &Path, pragma: &str) -> Result<Vec<String>, Error> {
    let reader = match open::reader(path) {
        Ok(reader) => reader,
        Err(error) => return damage("open", error),
    };
    let connection = &reader.connection;
    let mut problems: Vec<String> = match faults(connection, pragma) {
        Ok(said) => said.into_iter().filter(|line| line != "ok").collect(),
        Err(error) => return damage("read", fail("check the ledger")(error)),
    };
    for (query, wrong) in LAWS {
        match faults(connection, query) {
            Ok(found) => problems.extend(found.iter().map(|thing| format!("{thing} {wrong}"))),
            Err(error) => return damage("read", fail("check the ledger")(error)),
        }
    }
    problems.extend(misplaced(connection).map_err(fail("check the ledger's partitions"))?);
    let was_doubtful = meta(connection, "unchecked").map_err(fail("check the ledger"))?;
    drop(reader);
    if problems.is_empty() && was_doubtful.as_deref() == Some("1") {
        note_sound(path)?;
    }
    Ok(problems)
}

/// An error that says that the file is damaged is a finding; any other is an error.
fn damage(verb: &str, error: Error) -> Result<Vec<String>, Error> {
    match error {
        Error::Storage { ref source, .. } | Error::Open { ref source, .. } => {
            let code = source
                .downcast_ref::<rusqlite::Error>()
                .and_then(rusqlite::Error::sqlite_error_code);
            match code {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                    Ok(vec![format!("cannot {verb} the file: {source}")])
                }
                _ => Err(error),
            }
        }
        _ => Err(error),
    }
}

fn faults(connection: &Connection, query: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(query)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.take(FAULTS_MAX).collect()
}

/// Runs that nobody would find, because their uid belongs to another partition.
fn misplaced(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut problems = Vec::new();
    let count: i64 =
        connection.query_row("SELECT count(*) FROM partitions", [], |row| row.get(0))?;
    if count != i64::from(PARTITIONS) {
        problems.push(format!(
            "there are {count} partitions instead of {PARTITIONS}"
        ));
    }
    let mut statement = connection.prepare("SELECT uid, part FROM runs")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (uid, part): (String, i64) = (row.get(0)?, row.get(1)?);
        let right = part_of(&uid);
        if part != i64::from(right) && problems.len() < FAULTS_MAX {
            problems.push(format!(
                "run {uid} is in partition {part} instead of {right}"
            ));
        }
    }
    Ok(problems)
}

/// The file was found sound: later opens need not ask again.
fn note_sound(path: &Path) -> Result<(), Error> {
    let what = "note that the ledger is sound";
    let reader = open::reader(path)?;
    reader
        .connection
        .pragma_update(None, "query_only", false)
        .map_err(fail(what))?;
    let changed = execute(&reader.connection, sql::PUT_META, ("unchecked", "0"));
    match changed.map_err(fail(what)) {
        // The next start asks again; that costs nothing but time.
        Ok(_) | Err(Error::Busy { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
