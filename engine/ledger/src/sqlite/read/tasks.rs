//! Reading approvals and mail.

use rusqlite::types::Type;
use rusqlite::{Connection, Row};

use super::all;
use crate::error::Error;
use crate::sqlite::commit::first;
use crate::sqlite::sql::tasks as sql;
use crate::sqlite::{Connected, fail};
use crate::tasks::{
    Boxed, BoxedRow, LinkRow, MailPhase, MailRow, NewMail, RecordRow, StoredAnswer, TaskCounts,
    TaskFilter, TaskReader, TaskRow,
};
use crate::text::{clean, clean_some};

fn task_row(row: &Row<'_>) -> rusqlite::Result<TaskRow> {
    Ok(TaskRow {
        id: row.get(0)?,
        run: row.get(1)?,
        workflow: row.get(2)?,
        namespace: row.get(3)?,
        node: row.get(4)?,
        state: row.get(5)?,
        open: row.get(6)?,
        version: row.get(7)?,
        due_ms: row.get(8)?,
        opened_ms: row.get(9)?,
        closed_ms: row.get(10)?,
        close_reason: row.get(11)?,
        body: row.get(12)?,
    })
}

/// A link's row whose columns begin at `at`.
fn link_row(row: &Row<'_>, at: usize, task: String) -> rusqlite::Result<LinkRow> {
    Ok(LinkRow {
        id: row.get(at)?,
        task,
        slot: row.get(at + 1)?,
        key: row.get(at + 2)?,
        created_ms: row.get(at + 3)?,
        expires_ms: row.get(at + 4)?,
        revoked: row.get(at + 5)?,
    })
}

fn mail_row(row: &Row<'_>) -> rusqlite::Result<MailRow> {
    let word: String = row.get(7)?;
    let phase = MailPhase::parse(&word).ok_or_else(|| {
        let text = format!("a mail has the phase {word:?}, which this binary does not know");
        rusqlite::Error::FromSqlConversionFailure(7, Type::Text, text.into())
    })?;
    Ok(MailRow {
        id: row.get(0)?,
        mail: NewMail {
            key: row.get(1)?,
            task: row.get(2)?,
            slot: row.get(3)?,
            run: row.get(4)?,
            kind: row.get(5)?,
            recipient: row.get(6)?,
            due_ms: row.get(8)?,
            body: row.get(14)?,
        },
        phase,
        lease: row.get(9)?,
        attempts: row.get(10)?,
        created_ms: row.get(11)?,
        sent_ms: row.get(12)?,
        error: row.get(13)?,
    })
}

fn record_row(row: &Row<'_>) -> rusqlite::Result<RecordRow> {
    Ok(RecordRow {
        seq: row.get(0)?,
        prev: row.get(1)?,
        hash: row.get(2)?,
        entry: row.get(3)?,
        side: row.get(4)?,
    })
}

fn boxed_row(row: &Row<'_>) -> rusqlite::Result<BoxedRow> {
    Ok(BoxedRow {
        id: row.get(0)?,
        mail: Boxed {
            at_ms: row.get(1)?,
            sender: row.get(2)?,
            recipient: row.get(3)?,
            raw: row.get(4)?,
        },
    })
}

fn stored_answer(row: &Row<'_>) -> rusqlite::Result<StoredAnswer> {
    Ok(StoredAnswer {
        scope: row.get(0)?,
        key: row.get(1)?,
        asked: row.get(2)?,
        answer: row.get(3)?,
        at_ms: row.get(4)?,
    })
}

fn list(connection: &Connection, filter: &TaskFilter) -> rusqlite::Result<Vec<TaskRow>> {
    let below = match &filter.before {
        None => i64::MAX,
        Some((_, id)) => {
            let known = first(connection, sql::TASK_ID, [clean(id)], |row| row.get(0))?;
            // A row that is not there has nothing before it.
            known.unwrap_or(i64::MIN)
        }
    };
    let statement = match filter {
        TaskFilter { run: Some(_), .. } => sql::TASKS_OF_RUN,
        TaskFilter {
            namespace: Some(_),
            workflow: Some(_),
            ..
        } => sql::TASKS_OF_WORKFLOW,
        TaskFilter {
            namespace: Some(_),
            open: Some(true),
            ..
        } => sql::OPEN_TASKS_OF_NAMESPACE,
        TaskFilter {
            open: Some(true), ..
        } => sql::OPEN_TASKS,
        TaskFilter { .. } => sql::ALL_TASKS,
    };
    let row = (
        below,
        clean_some(filter.namespace.as_ref()),
        clean_some(filter.workflow.as_ref()),
        filter.open,
        i64::try_from(filter.limit).unwrap_or(i64::MAX),
        clean_some(filter.run.as_ref()),
    );
    all(connection, statement, row, task_row)
}

impl<T: Connected> TaskReader for T {
    fn task(&mut self, id: &str) -> Result<Option<TaskRow>, Error> {
        first(self.connection(), sql::TASK, [clean(id)], task_row).map_err(fail("read a task"))
    }

    fn task_of_link(&mut self, id: &[u8]) -> Result<Option<(LinkRow, TaskRow)>, Error> {
        first(self.connection(), sql::TASK_OF_LINK, [id], |row| {
            let task = task_row(row)?;
            Ok((link_row(row, 13, task.id.clone())?, task))
        })
        .map_err(fail("read the task of a link"))
    }

    fn links(&mut self, task: &str) -> Result<Vec<LinkRow>, Error> {
        let task = clean(task);
        all(self.connection(), sql::LINKS, [&task], |row| {
            link_row(row, 0, task.clone().into_owned())
        })
        .map_err(fail("read the links of a task"))
    }

    fn link_keys(&mut self) -> Result<Vec<(u8, i64)>, Error> {
        all(self.connection(), sql::LINK_KEYS, [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .map_err(fail("read which keys links were made with"))
    }

    fn tasks_due(&mut self, now_ms: i64, limit: usize) -> Result<Vec<String>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        all(self.connection(), sql::TASKS_DUE, (now_ms, limit), |row| {
            row.get(0)
        })
        .map_err(fail("read which tasks are due"))
    }

    fn next_task_due(&mut self) -> Result<Option<i64>, Error> {
        first(self.connection(), sql::NEXT_TASK, [], |row| row.get(0))
            .map_err(fail("read when a task is due"))
    }

    fn tasks(&mut self, filter: &TaskFilter) -> Result<Vec<TaskRow>, Error> {
        list(self.connection(), filter).map_err(fail("list tasks"))
    }

    fn record(&mut self, task: &str) -> Result<Vec<RecordRow>, Error> {
        all(self.connection(), sql::RECORD, [clean(task)], record_row)
            .map_err(fail("read the record of a task"))
    }

    fn mails_due(&mut self, now_ms: i64, limit: usize) -> Result<Vec<MailRow>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        all(self.connection(), sql::MAILS_DUE, (now_ms, limit), mail_row)
            .map_err(fail("read which mails are due"))
    }

    fn next_mail_due(&mut self) -> Result<Option<i64>, Error> {
        first(self.connection(), sql::NEXT_MAIL, [], |row| row.get(0))
            .map_err(fail("read when a mail is due"))
    }

    fn mail(&mut self, id: i64) -> Result<Option<MailRow>, Error> {
        first(self.connection(), sql::MAIL, [id], mail_row).map_err(fail("read a mail"))
    }

    fn mail_of_key(&mut self, key: &str) -> Result<Option<MailRow>, Error> {
        first(self.connection(), sql::MAIL_OF_KEY, [clean(key)], mail_row)
            .map_err(fail("find a mail by its key"))
    }

    fn mails_of_task(&mut self, task: &str) -> Result<Vec<MailRow>, Error> {
        all(
            self.connection(),
            sql::MAILS_OF_TASK,
            [clean(task)],
            mail_row,
        )
        .map_err(fail("read the mails of a task"))
    }

    fn boxed(&mut self, limit: usize) -> Result<Vec<BoxedRow>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        all(self.connection(), sql::BOXED, [limit], boxed_row).map_err(fail("read the mailbox"))
    }

    fn boxed_mail(&mut self, id: i64) -> Result<Option<BoxedRow>, Error> {
        first(self.connection(), sql::BOXED_MAIL, [id], boxed_row)
            .map_err(fail("read a mail of the mailbox"))
    }

    fn answer(&mut self, scope: &str, key: &str) -> Result<Option<StoredAnswer>, Error> {
        let row = (clean(scope), clean(key));
        first(self.connection(), sql::ANSWER, row, stored_answer)
            .map_err(fail("read an answer that was given"))
    }

    fn task_counts(&mut self) -> Result<TaskCounts, Error> {
        let read = |row: &Row<'_>| {
            Ok(TaskCounts {
                open: row.get::<_, i64>(0)?.unsigned_abs(),
                queued: row.get::<_, i64>(1)?.unsigned_abs(),
                oldest_queued_ms: row.get(2)?,
            })
        };
        let counted = first(self.connection(), sql::TASK_COUNTS, [], read);
        counted
            .map(Option::unwrap_or_default)
            .map_err(fail("count tasks and mails"))
    }
}
