//! Writes of approvals and mail inside a transaction: guards first, as everywhere.

use rusqlite::{Connection, params};

use super::commit::{execute, exists, first, tell_run};
use super::sql::tasks as sql;
use crate::limits;
use crate::rows::{Outcome, People};
use crate::tasks::{
    ANSWERS_KEPT_MS, BOXED_MAX, Boxed, LinkRow, MailWrite, NewMail, RecordRow, StoredAnswer,
    TaskClosing, TaskWrite,
};
use crate::text::{clean, clean_body, clean_some};

/// Whether one of these tasks was decided by somebody: the outcome waits in the inbox.
pub(super) fn any_decided(
    connection: &Connection,
    closes: &[TaskClosing],
) -> rusqlite::Result<bool> {
    for close in closes {
        if exists(connection, sql::DECIDED, [clean(&close.id)])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Does what a turn asks of people; its guards held.
pub(super) fn ask(
    connection: &Connection,
    now_ms: i64,
    run: i64,
    people: &People,
) -> rusqlite::Result<()> {
    for open in &people.opens {
        let body = clean_body(&open.body);
        let row = (run, clean(&open.id), open.node, now_ms, body);
        execute(connection, sql::OPEN, row)?;
    }
    for close in &people.closes {
        let row = (clean(&close.id), now_ms, clean(&close.reason));
        execute(connection, sql::CLOSE, row)?;
    }
    post(connection, now_ms, &people.mails)
}

/// Closes every open task of a run.
pub(super) fn close_all(
    connection: &Connection,
    now_ms: i64,
    run: &str,
    reason: &str,
) -> rusqlite::Result<()> {
    let row = (clean(run), now_ms, clean(reason));
    execute(connection, sql::CLOSE_ALL, row).map(|_| ())
}

/// Posts mail; what has a known key stays as it is.
pub(super) fn post(
    connection: &Connection,
    now_ms: i64,
    mails: &[NewMail],
) -> rusqlite::Result<()> {
    for mail in mails {
        let row = params![
            clean(&mail.key),
            clean_some(mail.task.as_ref()),
            mail.slot,
            clean_some(mail.run.as_ref()),
            clean(&mail.kind),
            clean(&mail.recipient),
            mail.due_ms,
            clean_body(&mail.body),
            now_ms,
        ];
        execute(connection, sql::POST, row)?;
    }
    Ok(())
}

/// Moves a task through the gate.
pub(super) fn move_task(
    connection: &Connection,
    now_ms: i64,
    write: &TaskWrite,
) -> rusqlite::Result<Outcome> {
    let guard = (clean(&write.id), write.version);
    let task = first(connection, sql::GUARD, guard, |row| row.get::<_, i64>(0))?;
    let Some(task) = task else {
        return Ok(Outcome::Stale);
    };
    if let Some(answer) = &write.answer {
        let key = (clean(&answer.scope), clean(&answer.key));
        if exists(connection, sql::ANSWERED, key)? {
            return Ok(Outcome::Stale);
        }
    }
    let last = first(connection, sql::LAST_ENTRY, [task], |row| {
        row.get::<_, u32>(0)
    })?;
    if let Some(reason) = limits::of_task(write, last.unwrap_or(0)) {
        return Ok(Outcome::Refused { reason });
    }
    let (state, body) = (clean(&write.state), clean_body(&write.body));
    execute(connection, sql::MOVE, (task, state, write.closed_ms, body))?;
    execute(connection, sql::MOVE_DUE, (task, write.open, write.due_ms))?;
    put_links(connection, task, &write.links)?;
    post(connection, now_ms, &write.mails)?;
    add_record(connection, task, &write.record)?;
    for seq in &write.erase {
        execute(connection, sql::ERASE, (task, seq))?;
    }
    if let Some(answer) = &write.answer {
        remember(connection, answer)?;
    }
    tell_run(connection, write.command.as_ref())?;
    let version = write.version + 1;
    Ok(Outcome::Committed { version })
}

fn put_links(connection: &Connection, task: i64, links: &[LinkRow]) -> rusqlite::Result<()> {
    for link in links {
        let row = (
            &link.id,
            task,
            link.slot,
            link.key,
            link.created_ms,
            link.expires_ms,
            link.revoked,
        );
        execute(connection, sql::PUT_LINK, row)?;
    }
    Ok(())
}

/// Entries go in as they are: their bytes are hashed.
fn add_record(connection: &Connection, task: i64, record: &[RecordRow]) -> rusqlite::Result<()> {
    for row in record {
        let (prev, hash) = (clean(&row.prev), clean(&row.hash));
        let row = (task, row.seq, prev, hash, &row.entry, &row.side);
        execute(connection, sql::ADD_ENTRY, row)?;
    }
    Ok(())
}

fn remember(connection: &Connection, answer: &StoredAnswer) -> rusqlite::Result<()> {
    let oldest = answer.at_ms.saturating_sub(ANSWERS_KEPT_MS);
    execute(connection, sql::FORGET, [oldest])?;
    let row = (
        clean(&answer.scope),
        clean(&answer.key),
        clean(&answer.asked),
        clean_body(&answer.answer),
        answer.at_ms,
    );
    execute(connection, sql::ADD_ANSWER, row).map(|_| ())
}

/// Changes a mail, by who holds its lease.
pub(super) fn change_mail(connection: &Connection, write: &MailWrite) -> rusqlite::Result<Outcome> {
    if let Some(reason) = limits::of_mail(write) {
        let guard = (write.id, write.lease, write.phase.as_str());
        let holds = exists(connection, sql::MAIL_GUARD, guard)?;
        return Ok(match holds {
            true => Outcome::Refused { reason },
            false => Outcome::Stale,
        });
    }
    let row = (
        write.id,
        write.lease,
        write.phase.as_str(),
        write.due_ms,
        write.attempts,
        write.sent_ms,
        clean_some(write.error.as_ref()),
    );
    let lease = first(connection, sql::MAIL_CHANGE, row, |row| row.get(0))?;
    let Some(version) = lease else {
        return Ok(Outcome::Stale);
    };
    if let Some(boxed) = &write.boxed {
        put_boxed(connection, boxed)?;
    }
    tell_run(connection, write.command.as_ref())?;
    Ok(Outcome::Committed { version })
}

/// The mail goes in as it is: its bytes are what a server would have got.
fn put_boxed(connection: &Connection, boxed: &Boxed) -> rusqlite::Result<()> {
    let (sender, recipient) = (clean(&boxed.sender), clean(&boxed.recipient));
    let row = (boxed.at_ms, sender, recipient, &boxed.raw);
    let id = first(connection, sql::ADD_BOXED, row, |row| row.get::<_, i64>(0))?;
    if let Some(id) = id {
        execute(connection, sql::DROP_BOXED, [id - BOXED_MAX])?;
    }
    Ok(())
}
