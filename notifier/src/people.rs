//! People from a file: read when it changes, the last good state kept while it is broken.
//!
//! What is in use changes only for a file that is whole: while it is being written, broken or
//! gone, the last good one stays, for a person who drops out of it loses the right to vote. To have
//! nobody, write an empty file.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

pub use usher_notifier_core::people::{
    NameFault, PERSONS_MAX, People, PeopleFault, Person, TEMPLATE, Unknown, check_address,
    check_locale, check_names, check_zone, nearest,
};

use crate::ports::Directory;

/// A file that was written to less than this ago may be half written.
const SETTLES: Duration = Duration::from_millis(300);

/// A larger file is a mistake: a hundred thousand persons need less.
const BYTES_MAX: u64 = 32 << 20;

/// The people of a file. Where there is no file there is nobody.
#[derive(Debug)]
pub struct FileDirectory {
    path: PathBuf,
    held: Mutex<Held>,
}

/// What was read last.
#[derive(Debug, Default)]
struct Held {
    /// The last good state; while the file says the same it is the same [`Arc`].
    good: Option<Arc<People>>,
    /// The file that was looked at last.
    seen: Option<Seen>,
    /// What is wrong with it.
    fault: Option<String>,
}

/// Tells one state of a file from another without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    inode: u64,
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Seen {
    fn of(meta: &Metadata) -> Seen {
        Seen {
            inode: meta.ino(),
            len: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

impl FileDirectory {
    /// The people of this file. Nothing is read yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> FileDirectory {
        FileDirectory {
            path: path.into(),
            held: Mutex::default(),
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong with the file as it is now; the people in use are older ones, if any.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        self.look(&mut held);
        held.fault.clone()
    }

    /// Takes in what the file says now, if it says something else than before.
    fn look(&self, held: &mut Held) {
        let meta = match std::fs::metadata(&self.path) {
            Ok(meta) => meta,
            Err(error) => return self.miss(held, &error),
        };
        let seen = Seen::of(&meta);
        let settled = is_settled(&meta);
        // Within the grain of the file's times it may have changed once more.
        if settled && held.seen.as_ref() == Some(&seen) {
            return;
        }
        if !settled && held.good.is_some() {
            return;
        }
        let read = read(&self.path, &meta);
        held.seen = settled.then_some(seen);
        match read {
            Ok(people) => {
                if held.good.as_deref() != Some(&people) {
                    let count = people.persons.len();
                    tracing::info!(file = %self.path.display(), count, "people read");
                    held.good = Some(Arc::new(people));
                }
                held.fault = None;
            }
            Err(fault) => self.note(held, fault),
        }
    }

    /// There is no file, or nobody may look.
    fn miss(&self, held: &mut Held, error: &std::io::Error) {
        let is_gone = error.kind() == ErrorKind::NotFound;
        held.seen = None;
        let never_was = held
            .good
            .as_deref()
            .is_none_or(|good| *good == People::default());
        if is_gone && never_was {
            held.good = Some(Arc::default());
            held.fault = None;
            return;
        }
        let fault = match is_gone {
            true => format!(
                "{} is gone; write an empty file if there is to be nobody",
                self.path.display()
            ),
            false => format!("cannot read {}: {error}", self.path.display()),
        };
        self.note(held, fault);
    }

    /// Keeps what is wrong, and says it once.
    fn note(&self, held: &mut Held, fault: String) {
        if held.fault.as_ref() != Some(&fault) {
            let kept = match held.good {
                Some(_) => "; the people read before stay in use",
                None => "",
            };
            tracing::warn!("{fault}{kept}");
            held.fault = Some(fault);
        }
    }
}

impl Directory for FileDirectory {
    fn people(&self) -> Result<Arc<People>, String> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        self.look(&mut held);
        match (&held.good, &held.fault) {
            (Some(good), _) => Ok(good.clone()),
            (None, Some(fault)) => Err(fault.clone()),
            (None, None) => Ok(Arc::default()),
        }
    }
}

/// Reads a people file, or says everything that is wrong with it, a line each.
///
/// # Errors
/// When it cannot be read or has faults: `FILE:LINE:COLUMN: what` each.
pub fn read_file(path: &Path) -> Result<People, String> {
    match std::fs::metadata(path) {
        Ok(meta) => read(path, &meta),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

fn read(path: &Path, meta: &Metadata) -> Result<People, String> {
    let file = path.display();
    if meta.len() > BYTES_MAX {
        let most = BYTES_MAX >> 20;
        return Err(format!("{file} is larger than {most} MiB"));
    }
    let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {file}: {e}"))?;
    People::parse(&text).map_err(|faults| {
        let lines = faults
            .iter()
            .map(|f| format!("{file}:{}:{}: {}", f.line, f.column, f.message));
        lines.collect::<Vec<_>>().join("\n")
    })
}

/// Whether nobody has written to the file for a moment. A time in the future says nothing.
fn is_settled(meta: &Metadata) -> bool {
    let age = meta
        .modified()
        .ok()
        .and_then(|modified| SystemTime::now().duration_since(modified).ok());
    age.is_none_or(|age| age >= SETTLES)
}

#[cfg(test)]
mod tests;
