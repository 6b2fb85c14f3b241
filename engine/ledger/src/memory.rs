//! A ledger in memory that obeys the same contract and fails when told to: for simulations.
//!
//! All clones share one ledger, so a test can hold a reader while the writer's thread has the
//! other; [`Memory::snapshot`] is a ledger of its own, as a disk would be found after a crash.

mod apply;
mod read;
mod tasks;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::error::{Error, because};
use crate::partition::PARTITIONS;
use crate::port::Ledger;
use crate::rows::{Fence, NodeRow, Outcome, Partition, RunRow, Write};
use crate::text::clean;

use tasks::Desk;

/// How a commit fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written and nobody knows: every outcome is unknown.
    BeforeCommit,
    /// Everything is written and nobody knows: every outcome is unknown.
    AfterCommit,
    /// Everything is written, and arrives a second time: the second must write nothing.
    Twice,
    /// Another process has the ledger: [`Error::Busy`], nothing is written.
    Busy,
    /// Writes of this run are refused, the others of the group are not affected.
    Refuse(String),
    /// The disk is gone: [`Error::Storage`], nothing is written.
    Broken,
    /// Everything is written, but its sync failed: [`Error::InDoubt`].
    InDoubt,
}

/// A ledger in memory.
#[derive(Debug, Clone)]
pub struct Memory {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    tables: Tables,
    clock: Clock,
    faults: VecDeque<Fault>,
    commits: u64,
}

/// What a disk would hold.
#[derive(Debug, Clone, Default)]
struct Tables {
    runs: BTreeMap<String, Run>,
    plans: BTreeMap<String, Vec<u8>>,
    inbox: BTreeMap<i64, Entry>,
    partitions: Vec<Partition>,
    last_command: i64,
    last_run: u64,
    desk: Desk,
}

#[derive(Debug, Clone)]
struct Run {
    /// Rises from birth to birth.
    number: u64,
    row: RunRow,
    key: Option<String>,
    scope: Option<Vec<u8>>,
    nodes: BTreeMap<u32, NodeRow>,
}

#[derive(Debug, Clone)]
struct Entry {
    run: String,
    kind: String,
    body: Vec<u8>,
    key: Option<String>,
    outcome: Option<Vec<u8>>,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::new()
    }
}

impl Memory {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Memory {
        let part = |part| Partition {
            part,
            epoch: 0,
            owner: String::new(),
        };
        let partitions = (0..PARTITIONS).map(part).collect();
        let tables = Tables {
            partitions,
            ..Tables::default()
        };
        Memory::of(tables)
    }

    fn of(tables: Tables) -> Memory {
        Memory {
            shared: Arc::new(Mutex::new(Shared {
                tables,
                clock: Clock::new(|| 0),
                faults: VecDeque::new(),
                commits: 0,
            })),
        }
    }

    /// A ledger of its own with the same rows and no faults.
    #[must_use]
    pub fn snapshot(&self) -> Memory {
        Memory::of(self.lock().tables.clone())
    }

    /// Has rows stamped by a clock. Without one it is always 0: simulations do not look at times
    /// that are not theirs.
    pub fn set_clock(&self, clock: Clock) {
        self.lock().clock = clock;
    }

    /// Has a coming commit fail: the next one, or, if faults are armed already, the one after.
    pub fn arm(&self, fault: Fault) {
        self.lock().faults.push_back(fault);
    }

    /// How many commits were made, failed ones too.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.lock().commits
    }

    /// Takes every partition over, whoever had them.
    pub fn take_over_all(&mut self, owner: &str) -> Vec<Fence> {
        let mut shared = self.lock();
        let take = |partition: &mut Partition| {
            partition.epoch += 1;
            partition.owner = clean(owner).into_owned();
            Fence {
                part: partition.part,
                epoch: partition.epoch,
            }
        };
        shared.tables.partitions.iter_mut().map(take).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for Memory {
    fn commit(&mut self, group: &[Write]) -> Result<Vec<Outcome>, Error> {
        let mut shared = self.lock();
        shared.commits += 1;
        let now_ms = shared.clock.now_ms();
        let fault = shared.faults.pop_front();
        let tables = &mut shared.tables;
        let what = "commit a group of turns";
        let unknown = |reason: &str| {
            let outcome = Outcome::Unknown {
                reason: reason.to_owned(),
            };
            Ok(vec![outcome; group.len()])
        };
        let refused = match &fault {
            Some(Fault::Refuse(run)) => Some(run.clone()),
            _ => None,
        };
        match fault {
            Some(Fault::Busy) => return Err(Error::Busy { what }),
            Some(Fault::Broken) => {
                return Err(Error::Storage {
                    what,
                    source: because("the disk is gone"),
                });
            }
            Some(Fault::BeforeCommit) => return unknown("the connection broke"),
            Some(Fault::AfterCommit | Fault::InDoubt | Fault::Twice | Fault::Refuse(_)) | None => {}
        }
        let outcomes = group
            .iter()
            .map(|write| match &refused {
                Some(run) if run == write.run() => Outcome::Refused {
                    reason: "told to refuse".to_owned(),
                },
                _ => tables.apply(now_ms, write),
            })
            .collect();
        match fault {
            Some(Fault::AfterCommit) => unknown("the connection broke"),
            Some(Fault::InDoubt) => Err(Error::InDoubt {
                what,
                source: because("the sync failed"),
            }),
            Some(Fault::Twice) => {
                for write in group {
                    tables.apply(now_ms, write);
                }
                Ok(outcomes)
            }
            _ => Ok(outcomes),
        }
    }

    fn take_over(&mut self, part: u16, owner: &str, seen_epoch: i64) -> Result<Option<i64>, Error> {
        let mut shared = self.lock();
        let partition = shared.tables.partitions.get_mut(usize::from(part));
        Ok(partition
            .filter(|partition| partition.epoch == seen_epoch)
            .map(|partition| {
                partition.epoch += 1;
                partition.owner = clean(owner).into_owned();
                partition.epoch
            }))
    }

    fn close(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
