//! The launcher's journal: what it must still know after it died.
//!
//! Written, not synced: it is to outlive the launcher, not the machine. A boot is named in every
//! intent, so that after another boot nothing is looked for. The last line may be torn.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::wire::{Exit, Key};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// An engine of this generation was served.
    Engine {
        /// The generation.
        generation: u64,
    },
    /// A process is about to be started.
    Intent {
        /// Its launch.
        key: Key,
        /// The kernel's id of the boot.
        boot_id: String,
    },
    /// It was started.
    Started {
        /// Its launch.
        key: Key,
        /// Its process.
        pid: i32,
        /// The process's start in clock ticks since boot: with the pid it is unique in a boot.
        start_ticks: Option<u64>,
        /// When, milliseconds UTC.
        at_ms: i64,
    },
    /// It ended.
    Exited {
        /// Its launch.
        key: Key,
        /// How.
        exit: Exit,
    },
    /// Nobody knows how it ended.
    Lost {
        /// Its launch.
        key: Key,
        /// Why.
        reason: String,
    },
    /// Its record is forgotten.
    Released {
        /// Its launch.
        key: Key,
    },
}

/// With fewer lines than this the journal is left as it is.
const LINES_KEPT: usize = 256;

/// A journal that is appended to.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    lines: usize,
    buffer: Vec<u8>,
}

impl Journal {
    /// Opens it, made when it is not there, and reads its lines. Lines that cannot be read (a torn
    /// end, a line of a later version) are left out and counted.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub(super) fn open(path: &Path) -> io::Result<(Journal, Vec<Line>, usize)> {
        let file = append_to(path)?;
        let text = std::fs::read(path)?;
        let mut lines = Vec::new();
        let mut unread = 0;
        for line in text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            match serde_json::from_slice(line) {
                Ok(line) => lines.push(line),
                Err(_) => unread += 1,
            }
        }
        let count = lines.len() + unread;
        let journal = Journal {
            path: path.to_owned(),
            file,
            lines: count,
            buffer: Vec::new(),
        };
        Ok((journal, lines, unread))
    }

    /// Appends lines in one write, with those that were put off.
    ///
    /// # Errors
    /// When they could not be written; part of them may be.
    pub(super) fn append(&mut self, lines: &[Line]) -> io::Result<()> {
        self.put_off(lines)?;
        let written = self.file.write_all(&self.buffer);
        self.buffer.clear();
        written
    }

    /// Keeps lines for the next write: for what may be forgotten without harm.
    ///
    /// # Errors
    /// When a line has no spelling: it never happens.
    pub(super) fn put_off(&mut self, lines: &[Line]) -> io::Result<()> {
        for line in lines {
            serde_json::to_writer(&mut self.buffer, line)?;
            self.buffer.push(b'\n');
        }
        self.lines += lines.len();
        Ok(())
    }

    /// Whether most of its lines are of records that are forgotten, when `open` are not.
    #[must_use]
    pub(super) fn is_mostly_dead(&self, open: usize) -> bool {
        let bound = if open == 0 {
            LINES_KEPT
        } else {
            16 * (LINES_KEPT + open)
        };
        self.lines > bound
    }

    /// Replaces its lines by these.
    ///
    /// # Errors
    /// When that fails; the old lines stay then.
    pub(super) fn rewrite(&mut self, lines: &[Line]) -> io::Result<()> {
        let path = self.path.with_extension("new");
        let _ = std::fs::remove_file(&path);
        let mut fresh = Journal {
            path: path.clone(),
            file: append_to(&path)?,
            lines: 0,
            buffer: Vec::new(),
        };
        fresh.append(lines)?;
        std::fs::rename(&path, &self.path)?;
        self.buffer.clear();
        self.file = fresh.file;
        self.lines = fresh.lines;
        Ok(())
    }

    /// Whether its file is still in its directory: false once somebody removed the directory.
    #[must_use]
    pub(super) fn is_in_place(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        self.file.metadata().is_ok_and(|meta| meta.nlink() > 0)
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(launch: u32) -> Key {
        Key {
            run: "r".to_owned(),
            node: 1,
            launch,
        }
    }

    #[test]
    fn a_torn_end_and_unknown_lines_are_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let (mut journal, lines, unread) = Journal::open(&path).unwrap();
        assert_eq!((lines.len(), unread), (0, 0));
        let written = [
            Line::Intent {
                key: key(1),
                boot_id: "b".to_owned(),
            },
            Line::Started {
                key: key(1),
                pid: 7,
                start_ticks: Some(9),
                at_ms: 3,
            },
        ];
        journal.append(&written).unwrap();
        journal
            .file
            .write_all(b"{\"later\":{}}\n{\"released\":{\"key\":{\"ru")
            .unwrap();
        let (_, lines, unread) = Journal::open(&path).unwrap();
        assert_eq!((lines.as_slice(), unread), (&written[..], 2));
    }

    #[test]
    fn a_rewritten_journal_holds_the_given_lines_and_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let (mut journal, ..) = Journal::open(&path).unwrap();
        let released: Vec<Line> = (0..300).map(|n| Line::Released { key: key(n) }).collect();
        journal.append(&released).unwrap();
        assert!(journal.is_mostly_dead(0) && !journal.is_mostly_dead(1));
        journal.rewrite(&released[..1]).unwrap();
        assert!(!journal.is_mostly_dead(0));
        journal.append(&released[1..2]).unwrap();
        let (journal, lines, _) = Journal::open(&path).unwrap();
        assert_eq!(lines, released[..2]);
        assert!(journal.is_in_place());
        std::fs::remove_file(&path).unwrap();
        assert!(!journal.is_in_place());
    }
}
