//! One write inside a transaction: guards first, so that a write that loses one has written
//! nothing and needs no savepoint.

use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::{fail, sql, tasks};
use crate::error::{Error, because};
use crate::limits;
use crate::rows::{Applied, Birth, Fence, NodeRow, Outcome, Quiet, Turn, Write};
use crate::tasks::{NewCommand, NewMail, REMOVED};
use crate::text::{clean, clean_body, clean_some};

/// Applies one write in the transaction that is open.
pub(super) fn apply(connection: &Connection, now_ms: i64, write: &Write) -> Result<Outcome, Error> {
    match write {
        Write::Birth(birth) => bear(connection, now_ms, birth).map_err(fail("write a birth")),
        Write::Turn(turn) => take_turn(connection, now_ms, turn),
        Write::Command {
            run,
            kind,
            body,
            key,
        } => insert_command(connection, run, kind, body, key.as_ref())
            .map_err(fail("write a command")),
        Write::Park { run, fence, reason } => {
            park(connection, run, *fence, reason).map_err(fail("park a run"))
        }
        Write::Answer {
            run,
            fence,
            applied,
        } => without_turn(connection, now_ms, run, *fence, applied, false),
        Write::Delete {
            run,
            fence,
            applied,
        } => without_turn(connection, now_ms, run, *fence, applied, true),
        Write::Halt { command, reason } => {
            halt(connection, now_ms, command, reason).map_err(fail("halt a run"))
        }
        Write::Task(write) => {
            tasks::move_task(connection, now_ms, write).map_err(fail("move a task"))
        }
        Write::Mail(write) => tasks::change_mail(connection, write).map_err(fail("change a mail")),
        Write::Post(mails) => post(connection, now_ms, mails).map_err(fail("post mail")),
    }
}

/// The first row of a cached statement.
pub(super) fn first<T>(
    connection: &Connection,
    statement: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    connection
        .prepare_cached(statement)?
        .query_row(params, read)
        .optional()
}

/// Runs a cached statement and tells how many rows it changed.
pub(super) fn execute(
    connection: &Connection,
    statement: &str,
    params: impl Params,
) -> rusqlite::Result<usize> {
    connection.prepare_cached(statement)?.execute(params)
}

/// Whether a cached statement finds a row.
pub(super) fn exists(
    connection: &Connection,
    statement: &str,
    params: impl Params,
) -> rusqlite::Result<bool> {
    connection.prepare_cached(statement)?.exists(params)
}

/// The column of a [`Quiet`].
fn quiet_column(quiet: Quiet) -> Option<i64> {
    match quiet {
        Quiet::Awake => None,
        Quiet::Until(due_ms) => Some(due_ms),
        Quiet::Forever => Some(i64::MAX),
    }
}

/// A [`Quiet`] from its column.
pub(super) fn quiet_of(column: Option<i64>) -> Quiet {
    match column {
        None => Quiet::Awake,
        Some(i64::MAX) => Quiet::Forever,
        Some(due_ms) => Quiet::Until(due_ms),
    }
}

fn bear(connection: &Connection, now_ms: i64, birth: &Birth) -> rusqlite::Result<Outcome> {
    let (uid, key) = (clean(&birth.uid), clean_some(birth.key.as_ref()));
    let fence = birth.fence;
    let held = exists(connection, sql::HELD, (fence.part, fence.epoch))?;
    if !held
        || exists(connection, sql::BORN, (&uid, &key))?
        || tasks::any_decided(connection, &birth.people.closes)?
    {
        return Ok(Outcome::Stale);
    }
    if let Some(reason) = limits::of_birth(birth) {
        return Ok(Outcome::Refused { reason });
    }
    let hash = clean(&birth.plan_hash);
    let known = first(connection, sql::PLAN_ID, [&hash], |row| {
        row.get::<_, i64>(0)
    })?;
    let plan = match known {
        Some(plan) => plan,
        None => {
            execute(connection, sql::ADD_PLAN, (&hash, clean_body(&birth.plan)))?;
            connection.last_insert_rowid()
        }
    };
    let head = &birth.head;
    let row = rusqlite::params![
        uid,
        fence.part,
        clean(&birth.namespace),
        clean(&birth.name),
        plan,
        key,
        birth.created_ms,
        clean(&head.phase),
        head.started_ms,
        head.finished_ms,
        clean_some(head.parked.as_ref()),
        quiet_column(head.quiet),
        clean_body(&head.body),
    ];
    let run: i64 = connection
        .prepare_cached(sql::ADD_RUN)?
        .query_row(row, |row| row.get(0))?;
    put_rows(connection, run, birth.scope.as_ref(), &birth.nodes)?;
    tasks::ask(connection, now_ms, run, &birth.people)?;
    Ok(Outcome::Committed { version: 1 })
}

fn put_rows(
    connection: &Connection,
    run: i64,
    scope: Option<&Vec<u8>>,
    nodes: &[NodeRow],
) -> rusqlite::Result<()> {
    if let Some(scope) = scope {
        execute(connection, sql::PUT_SCOPE, (run, clean_body(scope)))?;
    }
    let mut put = connection.prepare_cached(sql::PUT_NODE)?;
    for node in nodes {
        let body = clean_body(&node.body);
        put.execute((run, node.ix, node.parent, node.live, body))?;
    }
    Ok(())
}

fn take_turn(connection: &Connection, now_ms: i64, turn: &Turn) -> Result<Outcome, Error> {
    let what = "write a turn";
    if !all_open(connection, &turn.run, &turn.applied).map_err(fail(what))? {
        return Ok(Outcome::Stale);
    }
    let closes = &turn.people.closes;
    if !turn.delete && tasks::any_decided(connection, closes).map_err(fail(what))? {
        return Ok(Outcome::Stale);
    }
    if let Some(reason) = limits::of_turn(turn) {
        let fence = turn.fence;
        let guard = (clean(&turn.run), turn.version, fence.part, fence.epoch);
        let holds = exists(connection, sql::GUARD, guard).map_err(fail(what))?;
        return Ok(match holds {
            true => Outcome::Refused { reason },
            false => Outcome::Stale,
        });
    }
    let head = &turn.head;
    let body = if turn.delete { &[] } else { &*head.body };
    let guard = rusqlite::params![
        clean(&turn.run),
        turn.version,
        turn.fence.part,
        turn.fence.epoch,
        clean(&head.phase),
        head.started_ms,
        clean_body(body),
    ];
    let run =
        first(connection, sql::TURN, guard, |row| row.get::<_, i64>(0)).map_err(fail(what))?;
    let Some(run) = run else {
        return Ok(Outcome::Stale);
    };
    let version = turn.version + 1;
    if turn.delete {
        drop_run(connection, now_ms, &turn.run, run).map_err(fail("remove a run"))?;
        return Ok(Outcome::Committed { version });
    }
    let parked = clean_some(head.parked.as_ref());
    let quiet = (run, parked, head.finished_ms, quiet_column(head.quiet));
    execute(connection, sql::TURN_QUIET, quiet).map_err(fail(what))?;
    put_rows(connection, run, turn.scope.as_ref(), &turn.nodes).map_err(fail(what))?;
    tasks::ask(connection, now_ms, run, &turn.people).map_err(fail(what))?;
    answer(connection, &turn.applied)?;
    Ok(Outcome::Committed { version })
}

/// Whether no turn took any of these commands yet, and all are the run's.
fn all_open(connection: &Connection, run: &str, applied: &[Applied]) -> rusqlite::Result<bool> {
    for command in applied {
        if !exists(connection, sql::OPEN_COMMAND, (command.id, clean(run)))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Marks commands as taken, with their outcomes.
fn answer(connection: &Connection, applied: &[Applied]) -> Result<(), Error> {
    let what = "answer a command";
    for command in applied {
        let row = (command.id, clean_body(&command.outcome));
        let changed = execute(connection, sql::APPLY_COMMAND, row).map_err(fail(what))?;
        if changed != 1 {
            let text = format!("one turn takes command {} twice", command.id);
            return Err(Error::Statement {
                what,
                source: because(text),
            });
        }
    }
    Ok(())
}

fn insert_command(
    connection: &Connection,
    run: &str,
    kind: &str,
    body: &[u8],
    key: Option<&String>,
) -> rusqlite::Result<Outcome> {
    if let Some(id) = command_of_key(connection, run, key)? {
        return Ok(Outcome::Inserted { id });
    }
    if let Some(reason) = limits::of_command(body) {
        return Ok(Outcome::Refused { reason });
    }
    Ok(match add_command(connection, run, kind, body, key)? {
        Some(id) => Outcome::Inserted { id },
        None => limits::no_run(run),
    })
}

/// A command that a write brings along. A run that is gone takes none, which is no fault.
pub(super) fn tell_run(
    connection: &Connection,
    command: Option<&NewCommand>,
) -> rusqlite::Result<()> {
    let Some(command) = command else {
        return Ok(());
    };
    let (run, key) = (&command.run, command.key.as_ref());
    if command_of_key(connection, run, key)?.is_none() {
        add_command(connection, run, &command.kind, &command.body, key)?;
    }
    Ok(())
}

fn command_of_key(
    connection: &Connection,
    run: &str,
    key: Option<&String>,
) -> rusqlite::Result<Option<i64>> {
    let Some(key) = clean_some(key) else {
        return Ok(None);
    };
    let row = (clean(run), key);
    first(connection, sql::COMMAND_OF_KEY, row, |row| row.get(0))
}

/// Puts a command into a run's inbox, where its key is new; none when the run is gone.
fn add_command(
    connection: &Connection,
    run: &str,
    kind: &str,
    body: &[u8],
    key: Option<&String>,
) -> rusqlite::Result<Option<i64>> {
    let row = (clean(run), clean(kind), clean_body(body), clean_some(key));
    first(connection, sql::ADD_COMMAND, row, |row| row.get(0))
}

/// Closes a run's tasks and puts a command into its inbox, in this order.
fn halt(
    connection: &Connection,
    now_ms: i64,
    command: &NewCommand,
    reason: &str,
) -> rusqlite::Result<Outcome> {
    let (run, key) = (&command.run, command.key.as_ref());
    // Asked before: what was opened since is not closed by the same request.
    if let Some(id) = command_of_key(connection, run, key)? {
        return Ok(Outcome::Inserted { id });
    }
    if let Some(reason) = limits::of_command(&command.body) {
        return Ok(Outcome::Refused { reason });
    }
    if !exists(connection, sql::IS_RUN, [clean(run)])? {
        return Ok(limits::no_run(run));
    }
    tasks::close_all(connection, now_ms, run, reason)?;
    let (kind, body) = (&command.kind, &command.body);
    Ok(match add_command(connection, run, kind, body, key)? {
        Some(id) => Outcome::Inserted { id },
        None => limits::no_run(run),
    })
}

fn post(connection: &Connection, now_ms: i64, mails: &[NewMail]) -> rusqlite::Result<Outcome> {
    if let Some(reason) = limits::of_mails(mails) {
        return Ok(Outcome::Refused { reason });
    }
    tasks::post(connection, now_ms, mails)?;
    Ok(Outcome::Committed { version: 0 })
}

fn park(
    connection: &Connection,
    run: &str,
    fence: Fence,
    reason: &str,
) -> rusqlite::Result<Outcome> {
    let row = (clean(run), fence.part, fence.epoch, clean(reason));
    let version = first(connection, sql::PARK, row, |row| row.get(0))?;
    Ok(version.map_or(Outcome::Stale, |version| Outcome::Committed { version }))
}

/// Answers commands of a run that takes no turns, and removes it if that was asked for.
fn without_turn(
    connection: &Connection,
    now_ms: i64,
    uid: &str,
    fence: Fence,
    applied: &[Applied],
    delete: bool,
) -> Result<Outcome, Error> {
    let what = "write a run that takes no turns";
    let held = exists(connection, sql::HELD, (fence.part, fence.epoch)).map_err(fail(what))?;
    if !held || !all_open(connection, uid, applied).map_err(fail(what))? {
        return Ok(Outcome::Stale);
    }
    let row = (clean(uid), fence.part);
    let found = first(connection, sql::RUN_ID, row, |row| {
        Ok((row.get(0)?, row.get(1)?))
    });
    let Some((run, version)) = found.map_err(fail(what))? else {
        return Ok(Outcome::Stale);
    };
    if delete {
        drop_run(connection, now_ms, uid, run).map_err(fail("remove a run"))?;
    } else if let Some(reason) = limits::of_answers(applied) {
        return Ok(Outcome::Refused { reason });
    } else {
        answer(connection, applied)?;
    }
    Ok(Outcome::Committed { version })
}

/// Removes a run. Its tasks stay, closed, and so does its mail.
fn drop_run(connection: &Connection, now_ms: i64, uid: &str, run: i64) -> rusqlite::Result<()> {
    tasks::close_all(connection, now_ms, uid, REMOVED)?;
    let [nodes, scopes, inbox, row] = sql::DROP_RUN;
    for statement in [nodes, scopes, inbox] {
        execute(connection, statement, [run])?;
    }
    let plan = first(connection, row, [run], |row| row.get::<_, i64>(0))?;
    if let Some(plan) = plan {
        execute(connection, sql::DROP_PLAN, [plan])?;
    }
    Ok(())
}
