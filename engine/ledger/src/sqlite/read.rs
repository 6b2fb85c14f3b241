//! Reading: the same for the writer's connection and for the readers'.

mod tasks;

use rusqlite::{Connection, Params, Row};

use super::commit::{first, quiet_of};
use super::{Connected, fail, sql};
use crate::error::Error;
use crate::port::Reader;
use crate::rows::{Command, CommandState, Counts, Filter, Loaded, NodeRow, Partition, RunRow};
use crate::text::{clean, clean_some};

/// Reads every row of a cached statement.
fn all<T>(
    connection: &Connection,
    statement: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection
        .prepare_cached(statement)?
        .query_map(params, read)?
        .collect()
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        uid: row.get(0)?,
        part: row.get(1)?,
        namespace: row.get(2)?,
        name: row.get(3)?,
        version: row.get(4)?,
        phase: row.get(5)?,
        parked: row.get(6)?,
        plan: row.get(7)?,
        created_ms: row.get(8)?,
        started_ms: row.get(9)?,
        finished_ms: row.get(10)?,
        quiet: quiet_of(row.get(11)?),
        head: row.get(12)?,
    })
}

fn load(connection: &Connection, uid: &str) -> rusqlite::Result<Option<Loaded>> {
    // One read transaction, so that the rows are of one instant while the writer goes on.
    let transaction = connection.unchecked_transaction()?;
    let read = |row: &Row<'_>| Ok((run_row(row)?, row.get::<_, i64>(13)?));
    let Some((row, run)) = first(&transaction, sql::RUN, [clean(uid)], read)? else {
        return Ok(None);
    };
    let plan = first(&transaction, sql::PLAN, [&row.plan], |row| row.get(0))?;
    let scope = first(&transaction, sql::SCOPE, [run], |row| row.get(0))?;
    let nodes = all(&transaction, sql::NODES, [run], |row| {
        Ok(NodeRow {
            ix: row.get(0)?,
            parent: row.get(1)?,
            live: row.get(2)?,
            body: row.get(3)?,
        })
    })?;
    transaction.commit()?;
    Ok(Some(Loaded {
        row,
        plan: plan.unwrap_or_default(),
        scope,
        nodes,
    }))
}

fn filter(connection: &Connection, filter: &Filter) -> rusqlite::Result<Vec<RunRow>> {
    let phase = clean_some(filter.phase.as_ref());
    let prefix = clean_some(filter.name_prefix.as_ref());
    let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
    match &filter.namespace {
        Some(namespace) => {
            let row = (phase, prefix, limit, clean(namespace));
            all(connection, sql::RUNS_OF_NAMESPACE, row, run_row)
        }
        None => all(connection, sql::ALL_RUNS, (phase, prefix, limit), run_row),
    }
}

impl<T: Connected> Reader for T {
    fn load_run(&mut self, uid: &str) -> Result<Option<Loaded>, Error> {
        load(self.connection(), uid).map_err(fail("read a run"))
    }

    fn run_row(&mut self, uid: &str) -> Result<Option<RunRow>, Error> {
        first(self.connection(), sql::RUN, [clean(uid)], run_row).map_err(fail("read a run's row"))
    }

    fn find_run(&mut self, namespace: &str, name: &str) -> Result<Option<String>, Error> {
        let row = (clean(namespace), clean(name));
        first(self.connection(), sql::FIND_RUN, row, |row| row.get(0))
            .map_err(fail("find a run by its name"))
    }

    fn run_of_key(&mut self, key: &str) -> Result<Option<String>, Error> {
        first(self.connection(), sql::RUN_OF_KEY, [clean(key)], |row| {
            row.get(0)
        })
        .map_err(fail("find a run by its key"))
    }

    fn filter_runs(&mut self, wanted: &Filter) -> Result<Vec<RunRow>, Error> {
        filter(self.connection(), wanted).map_err(fail("list runs"))
    }

    fn awake_runs(&mut self, part: u16) -> Result<Vec<String>, Error> {
        all(self.connection(), sql::AWAKE, [part], |row| row.get(0))
            .map_err(fail("read which runs are awake"))
    }

    fn due_runs(
        &mut self,
        part: u16,
        until_ms: i64,
        limit: usize,
    ) -> Result<Vec<(i64, String)>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let row = (part, until_ms, limit);
        all(self.connection(), sql::DUE, row, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .map_err(fail("read which runs are due"))
    }

    fn pending_commands(&mut self, uid: &str) -> Result<Vec<Command>, Error> {
        all(self.connection(), sql::PENDING, [clean(uid)], |row| {
            Ok(Command {
                id: row.get(0)?,
                kind: row.get(1)?,
                body: row.get(2)?,
            })
        })
        .map_err(fail("read a run's commands"))
    }

    fn pending_runs(&mut self, part: u16) -> Result<Vec<String>, Error> {
        all(self.connection(), sql::PENDING_RUNS, [part], |row| {
            row.get(0)
        })
        .map_err(fail("read which runs have commands"))
    }

    fn command_state(&mut self, id: i64) -> Result<Option<CommandState>, Error> {
        first(self.connection(), sql::COMMAND, [id], |row| {
            let is_applied: bool = row.get(1)?;
            let outcome: Option<Vec<u8>> = row.get(2)?;
            let outcome = is_applied.then(|| outcome.unwrap_or_default());
            Ok(CommandState {
                run: row.get(0)?,
                outcome,
            })
        })
        .map_err(fail("read a command"))
    }

    fn plan(&mut self, hash: &str) -> Result<Option<Vec<u8>>, Error> {
        first(self.connection(), sql::PLAN, [clean(hash)], |row| {
            row.get(0)
        })
        .map_err(fail("read a plan"))
    }

    fn partitions(&mut self) -> Result<Vec<Partition>, Error> {
        all(self.connection(), sql::PARTITIONS, [], |row| {
            Ok(Partition {
                part: row.get(0)?,
                epoch: row.get(1)?,
                owner: row.get(2)?,
            })
        })
        .map_err(fail("read the partitions"))
    }

    fn counts(&mut self) -> Result<Counts, Error> {
        let read = |row: &Row<'_>| {
            Ok(Counts {
                runs: row.get::<_, i64>(0)?.unsigned_abs(),
                unfinished: row.get::<_, i64>(1)?.unsigned_abs(),
                parked: row.get::<_, i64>(2)?.unsigned_abs(),
                pending: row.get::<_, i64>(3)?.unsigned_abs(),
            })
        };
        let counted = first(self.connection(), sql::COUNTS, [], read);
        counted
            .map(Option::unwrap_or_default)
            .map_err(fail("count the rows"))
    }
}
