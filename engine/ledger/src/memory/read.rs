//! Reading the tables in memory.

mod tasks;

use std::collections::BTreeSet;

use super::{Memory, Run};
use crate::error::Error;
use crate::port::Reader;
use crate::rows::{Command, CommandState, Counts, Filter, Loaded, Partition, Quiet, RunRow};
use crate::text::clean;

impl Run {
    /// Whether somebody may have to do something: neither ended nor parked.
    fn is_open(&self) -> bool {
        self.row.finished_ms.is_none() && self.row.parked.is_none()
    }
}

impl Memory {
    /// Runs in the order of their births that `wanted` takes.
    fn runs<T>(&self, wanted: impl Fn(&Run) -> Option<T>) -> Vec<T> {
        let shared = self.lock();
        let mut found: Vec<(u64, T)> = shared
            .tables
            .runs
            .values()
            .filter_map(|run| Some((run.number, wanted(run)?)))
            .collect();
        found.sort_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, value)| value).collect()
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

impl Reader for Memory {
    fn load_run(&mut self, uid: &str) -> Result<Option<Loaded>, Error> {
        let shared = self.lock();
        Ok(shared
            .tables
            .runs
            .get(clean(uid).as_ref())
            .map(|run| Loaded {
                row: run.row.clone(),
                plan: shared
                    .tables
                    .plans
                    .get(&run.row.plan)
                    .cloned()
                    .unwrap_or_default(),
                scope: run.scope.clone(),
                nodes: run.nodes.values().cloned().collect(),
            }))
    }

    fn run_row(&mut self, uid: &str) -> Result<Option<RunRow>, Error> {
        Ok(self
            .lock()
            .tables
            .runs
            .get(clean(uid).as_ref())
            .map(|run| run.row.clone()))
    }

    fn find_run(&mut self, namespace: &str, name: &str) -> Result<Option<String>, Error> {
        let (namespace, name) = (clean(namespace), clean(name));
        let is_it = |run: &Run| run.row.namespace == namespace && run.row.name == name;
        Ok(self
            .runs(|run| is_it(run).then(|| run.row.uid.clone()))
            .pop())
    }

    fn run_of_key(&mut self, key: &str) -> Result<Option<String>, Error> {
        let key = clean(key);
        let is_it = |run: &Run| run.key.as_deref() == Some(key.as_ref());
        Ok(self
            .runs(|run| is_it(run).then(|| run.row.uid.clone()))
            .pop())
    }

    fn filter_runs(&mut self, filter: &Filter) -> Result<Vec<RunRow>, Error> {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| clean(wanted) == found)
        };
        let begins = |prefix: &Option<String>, name: &str| {
            prefix
                .as_ref()
                .is_none_or(|prefix| name.starts_with(clean(prefix).as_ref()))
        };
        let mut rows = self.runs(|run| {
            let row = &run.row;
            let wanted = is(&filter.namespace, &row.namespace)
                && is(&filter.phase, &row.phase)
                && begins(&filter.name_prefix, &row.name);
            wanted.then(|| row.clone())
        });
        rows.reverse();
        rows.truncate(filter.limit);
        Ok(rows)
    }

    fn awake_runs(&mut self, part: u16) -> Result<Vec<String>, Error> {
        Ok(self.runs(|run| {
            let wanted = run.row.part == part && run.is_open() && run.row.quiet == Quiet::Awake;
            wanted.then(|| run.row.uid.clone())
        }))
    }

    fn due_runs(
        &mut self,
        part: u16,
        until_ms: i64,
        limit: usize,
    ) -> Result<Vec<(i64, String)>, Error> {
        let mut due = self.runs(|run| match run.row.quiet {
            Quiet::Until(due_ms) if run.row.part == part && run.is_open() && due_ms <= until_ms => {
                Some((due_ms, run.row.uid.clone()))
            }
            Quiet::Until(_) | Quiet::Awake | Quiet::Forever => None,
        });
        due.sort_by_key(|(due_ms, _)| *due_ms);
        due.truncate(limit);
        Ok(due)
    }

    fn pending_commands(&mut self, uid: &str) -> Result<Vec<Command>, Error> {
        let (uid, shared) = (clean(uid), self.lock());
        let pending = shared
            .tables
            .inbox
            .iter()
            .filter(|(_, entry)| entry.run == uid && entry.outcome.is_none());
        let command = |(id, entry): (&i64, &super::Entry)| Command {
            id: *id,
            kind: entry.kind.clone(),
            body: entry.body.clone(),
        };
        Ok(pending.map(command).collect())
    }

    fn pending_runs(&mut self, part: u16) -> Result<Vec<String>, Error> {
        let waiting: BTreeSet<String> = {
            let shared = self.lock();
            let open = shared
                .tables
                .inbox
                .values()
                .filter(|entry| entry.outcome.is_none());
            open.map(|entry| entry.run.clone()).collect()
        };
        Ok(self.runs(|run| {
            let wanted = run.row.part == part && waiting.contains(&run.row.uid);
            wanted.then(|| run.row.uid.clone())
        }))
    }

    fn command_state(&mut self, id: i64) -> Result<Option<CommandState>, Error> {
        Ok(self.lock().tables.inbox.get(&id).map(|entry| CommandState {
            run: entry.run.clone(),
            outcome: entry.outcome.clone(),
        }))
    }

    fn plan(&mut self, hash: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.lock().tables.plans.get(clean(hash).as_ref()).cloned())
    }

    fn partitions(&mut self) -> Result<Vec<Partition>, Error> {
        Ok(self.lock().tables.partitions.clone())
    }

    fn counts(&mut self) -> Result<Counts, Error> {
        let shared = self.lock();
        let runs = &shared.tables.runs;
        let unfinished = runs.values().filter(|run| run.row.finished_ms.is_none());
        let parked = runs.values().filter(|run| run.row.parked.is_some());
        let pending = shared
            .tables
            .inbox
            .values()
            .filter(|entry| entry.outcome.is_none());
        Ok(Counts {
            runs: count(runs.len()),
            unfinished: count(unfinished.count()),
            parked: count(parked.count()),
            pending: count(pending.count()),
        })
    }
}
