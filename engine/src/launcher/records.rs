//! The open records: every launch that an engine has not released yet, in memory and journal.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::journal::{Journal, Line};
use super::log;
use super::wire::{Exit, Key, State};

/// How long a start may wait for the next line of the journal, in a crowd. Who looks for a process
/// whose start is not journalled finds it by its environment.
const STARTS_WITHIN: Duration = Duration::from_millis(5);

/// What is known of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// How it stands.
    pub(super) state: State,
    /// The boot of its intent.
    pub(super) boot_id: String,
    /// Start of its process in clock ticks since boot.
    pub(super) start_ticks: Option<u64>,
}

/// All open records.
#[derive(Debug)]
pub(super) struct Records {
    journal: Journal,
    open: HashMap<Key, Record>,
    /// The highest generation of an engine that was served.
    generation: u64,
    boot_id: String,
    /// When starts that were put off are written at the latest.
    starts_due: Option<Instant>,
}

impl Records {
    /// Reads them back from the journal in this directory.
    ///
    /// # Errors
    /// When the journal cannot be opened, read or written.
    pub(super) fn open(path: &Path, boot_id: &str) -> io::Result<Records> {
        let (journal, lines, unread) = Journal::open(path)?;
        if unread > 0 {
            log(format_args!("{unread} lines of the journal cannot be read"));
        }
        let boot_id = boot_id.to_owned();
        let mut records = Records {
            journal,
            open: HashMap::new(),
            generation: 0,
            boot_id,
            starts_due: None,
        };
        for line in lines {
            records.replay(line);
        }
        // A torn last line must not swallow the next one.
        records.compact()?;
        Ok(records)
    }

    fn replay(&mut self, line: Line) {
        match line {
            Line::Engine { generation } => self.generation = self.generation.max(generation),
            Line::Intent { key, boot_id } => {
                let record = Record {
                    state: State::Starting,
                    boot_id,
                    start_ticks: None,
                };
                self.open.insert(key, record);
            }
            Line::Started {
                key,
                pid,
                start_ticks,
                at_ms,
            } => {
                if let Some(record) = self.open.get_mut(&key) {
                    record.state = State::Running { pid, at_ms };
                    record.start_ticks = start_ticks;
                }
            }
            Line::Exited { key, exit } => self.set(key, State::Exited(exit)),
            Line::Lost { key, reason } => self.set(key, State::Lost { reason }),
            Line::Released { key } => {
                self.open.remove(&key);
            }
        }
    }

    fn set(&mut self, key: Key, state: State) {
        let boot_id = self.boot_id.clone();
        let fresh = || Record {
            state: State::Starting,
            boot_id,
            start_ticks: None,
        };
        self.open.entry(key).or_insert_with(fresh).state = state;
    }

    /// The highest generation of an engine that was served.
    #[must_use]
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// An engine of this generation is served from now on.
    pub(super) fn serve(&mut self, generation: u64) {
        if generation > self.generation {
            self.generation = generation;
            self.write(&[Line::Engine { generation }]);
        }
    }

    /// How a launch stands, none when it is unknown.
    #[must_use]
    pub(super) fn state(&self, key: &Key) -> Option<&State> {
        self.open.get(key).map(|record| &record.state)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Record)> {
        self.open.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Journals that these will be started. Only then may they be.
    ///
    /// # Errors
    /// When the journal cannot be written; none of them may be started then.
    pub(super) fn intend(&mut self, keys: &[Key]) -> io::Result<()> {
        let boot_id = &self.boot_id;
        let intent = |key: &Key| Line::Intent {
            key: key.clone(),
            boot_id: boot_id.clone(),
        };
        let lines: Vec<Line> = keys.iter().map(intent).collect();
        self.journal.append(&lines)?;
        self.starts_due = None;
        for line in lines {
            self.replay(line);
        }
        Ok(())
    }

    /// The process of a launch was started. Journalled with the next line, or by
    /// [`Records::write_starts`].
    pub(super) fn started(&mut self, key: Key, pid: i32, start_ticks: Option<u64>, at_ms: i64) {
        let line = Line::Started {
            key,
            pid,
            start_ticks,
            at_ms,
        };
        if let Err(error) = self.journal.put_off(std::slice::from_ref(&line)) {
            log(format_args!("a start cannot be journalled: {error}"));
        }
        let due = Instant::now() + STARTS_WITHIN;
        self.starts_due.get_or_insert(due);
        self.replay(line);
    }

    /// When [`Records::write_starts`] is due at the latest.
    pub(super) fn due(&self) -> Option<Instant> {
        self.starts_due
    }

    /// Writes the starts that were put off, if there are any.
    pub(super) fn write_starts(&mut self) {
        if self.starts_due.is_some() {
            self.write(&[]);
        }
    }

    /// The process of a launch ended, or was never started.
    pub(super) fn exited(&mut self, key: Key, exit: Exit) {
        let line = Line::Exited { key, exit };
        self.write(std::slice::from_ref(&line));
        self.replay(line);
    }

    /// Nobody will know how a launch ended.
    pub(super) fn lost(&mut self, key: Key, reason: String) {
        let line = Line::Lost { key, reason };
        self.write(std::slice::from_ref(&line));
        self.replay(line);
    }

    /// Forgets those that have ended; a release of what still runs is a fault and ignored.
    pub(super) fn release(&mut self, keys: &[Key]) {
        let mut lines = Vec::with_capacity(keys.len());
        for key in keys {
            match self.state(key) {
                None => {}
                Some(State::Exited(_) | State::Lost { .. }) => {
                    self.open.remove(key);
                    lines.push(Line::Released { key: key.clone() });
                }
                Some(_) => log(format_args!("{key} is released but has not ended")),
            }
        }
        // Put off: what is released twice does no harm.
        if let Err(error) = self.journal.put_off(&lines) {
            log(format_args!("releases cannot be journalled: {error}"));
        }
        if self.journal.is_mostly_dead(self.open.len())
            && let Err(error) = self.compact()
        {
            log(format_args!("the journal cannot be rewritten: {error}"));
        }
    }

    /// Writes what was put off.
    pub(super) fn settle(&mut self) {
        self.write(&[]);
    }

    /// Whether the journal's directory is still there.
    #[must_use]
    pub(super) fn is_in_place(&self) -> bool {
        self.journal.is_in_place()
    }

    /// Rewrites the journal with the open records only.
    ///
    /// # Errors
    /// When that fails; the old journal stays.
    fn compact(&mut self) -> io::Result<()> {
        let mut lines = vec![Line::Engine {
            generation: self.generation,
        }];
        for (key, record) in &self.open {
            lines.push(Line::Intent {
                key: key.clone(),
                boot_id: record.boot_id.clone(),
            });
            match record.state.clone() {
                State::Starting => {}
                State::Running { pid, at_ms } => {
                    let start_ticks = record.start_ticks;
                    lines.push(Line::Started {
                        key: key.clone(),
                        pid,
                        start_ticks,
                        at_ms,
                    });
                }
                State::Exited(exit) => lines.push(Line::Exited {
                    key: key.clone(),
                    exit,
                }),
                State::Lost { reason } => lines.push(Line::Lost {
                    key: key.clone(),
                    reason,
                }),
            }
        }
        self.journal.rewrite(&lines)
    }

    /// Appends; a failure (a full disk) costs what a restart would know, not what is known now.
    fn write(&mut self, lines: &[Line]) {
        self.starts_due = None;
        if let Err(error) = self.journal.append(lines) {
            log(format_args!("the journal cannot be written: {error}"));
        }
    }
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

    fn exit(code: i32) -> Exit {
        let code = Some(code);
        Exit {
            code,
            signal: None,
            message: None,
            started_ms: Some(1),
            finished_ms: 2,
        }
    }

    #[test]
    fn records_are_read_back_as_they_were_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let mut records = Records::open(&path, "boot").unwrap();
        records.serve(4);
        records.serve(3);
        records
            .intend(&[key(1), key(2), key(3), key(4), key(5)])
            .unwrap();
        records.started(key(2), 77, Some(5), 10);
        records.started(key(3), 78, None, 11);
        records.exited(key(3), exit(3));
        records.exited(key(4), exit(4));
        records.lost(key(5), "gone".to_owned());
        records.release(&[key(4), key(1), key(9)]);
        // Releases alone are put off; any other line takes them along.
        records.serve(5);
        for _ in 0..2 {
            let read = Records::open(&path, "later").unwrap();
            assert_eq!(read.generation(), 5);
            assert_eq!(read.open.len(), 4);
            assert_eq!(read.state(&key(1)), Some(&State::Starting));
            assert_eq!(
                read.state(&key(2)),
                Some(&State::Running { pid: 77, at_ms: 10 })
            );
            assert_eq!(read.open[&key(2)].start_ticks, Some(5));
            assert_eq!(read.open[&key(2)].boot_id, "boot");
            assert_eq!(read.state(&key(3)), Some(&State::Exited(exit(3))));
            assert_eq!(
                read.state(&key(5)),
                Some(&State::Lost {
                    reason: "gone".to_owned()
                })
            );
        }
    }

    /// A start waits for the next line, and is written alone when none comes.
    #[test]
    fn starts_wait_for_the_next_line_or_their_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let lines = || std::fs::read_to_string(&path).unwrap().lines().count();
        let mut records = Records::open(&path, "boot").unwrap();
        records.intend(&[key(1), key(2)]).unwrap();
        let before = lines();
        assert_eq!(records.due(), None);
        records.started(key(1), 77, Some(5), 10);
        let due = records.due().unwrap();
        records.started(key(2), 78, Some(5), 10);
        assert_eq!((lines(), records.due()), (before, Some(due)));
        records.exited(key(1), exit(0));
        assert_eq!((lines(), records.due()), (before + 3, None));
        records.intend(&[key(3)]).unwrap();
        records.started(key(3), 79, Some(5), 10);
        records.write_starts();
        records.write_starts();
        assert_eq!((lines(), records.due()), (before + 5, None));
    }

    #[test]
    fn the_journal_of_many_short_launches_stays_small() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let mut records = Records::open(&path, "boot").unwrap();
        for launch in 0..10_000 {
            records.intend(&[key(launch)]).unwrap();
            records.started(key(launch), 1, Some(1), 1);
            records.exited(key(launch), exit(0));
            if launch > 0 {
                records.release(&[key(launch - 1)]);
            }
        }
        assert_eq!(records.open.len(), 1);
        assert!(std::fs::metadata(&path).unwrap().len() < 1 << 20);
    }
}
