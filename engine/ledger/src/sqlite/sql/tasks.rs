//! Statements of approvals and mail.

/// Opens a task. `?1` run, `?2` task, `?3` node, `?4` now, `?5` body.
pub(in crate::sqlite) const OPEN: &str = "\
INSERT INTO tasks
    (uid, run, namespace, workflow, node, state, open, version, due_at, opened_at, body)
SELECT ?2, uid, namespace, name, ?3, 'Opening', 1, 1, 0, ?4, ?5 FROM runs WHERE id = ?1
ON CONFLICT (uid) DO NOTHING";

/// Was this task decided by anybody but its run? `?1` task.
pub(in crate::sqlite) const DECIDED: &str = "\
SELECT 1 FROM tasks WHERE uid = ?1 AND open = 0 AND close_reason IS NULL";

/// Closes a task that is open. `?1` task, `?2` now, `?3` reason.
pub(in crate::sqlite) const CLOSE: &str = "\
UPDATE tasks SET state = 'Closing', open = 0, version = version + 1, due_at = 0,
    closed_at = ?2, close_reason = ?3
WHERE uid = ?1 AND open = 1";

/// Closes every open task of a run. `?1` run, `?2` now, `?3` reason.
pub(in crate::sqlite) const CLOSE_ALL: &str = "\
UPDATE tasks SET state = 'Closing', open = 0, version = version + 1, due_at = 0,
    closed_at = ?2, close_reason = ?3
WHERE run = ?1 AND open = 1";

/// The guard of a move. `?1` task, `?2` version.
pub(in crate::sqlite) const GUARD: &str = "SELECT id FROM tasks WHERE uid = ?1 AND version = ?2";

/// The columns that stand in no index.
pub(in crate::sqlite) const MOVE: &str = "\
UPDATE tasks SET version = version + 1, state = ?2, closed_at = ?3, body = ?4 WHERE id = ?1";

/// The columns that stand in indexes; most votes change none of them.
pub(in crate::sqlite) const MOVE_DUE: &str = "\
UPDATE tasks SET open = ?2, due_at = ?3
WHERE id = ?1 AND (open IS NOT ?2 OR due_at IS NOT ?3)";

pub(in crate::sqlite) const PUT_LINK: &str = "\
INSERT INTO links (id, task, slot, key, created_at, expires_at, revoked)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (id) DO UPDATE SET task = excluded.task, slot = excluded.slot, key = excluded.key,
    created_at = excluded.created_at, expires_at = excluded.expires_at, revoked = excluded.revoked";

/// The end of a task's record.
pub(in crate::sqlite) const LAST_ENTRY: &str = "\
SELECT seq FROM record WHERE task = ?1 ORDER BY seq DESC LIMIT 1";

pub(in crate::sqlite) const ADD_ENTRY: &str = "\
INSERT INTO record (task, seq, prev, hash, entry, side) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

pub(in crate::sqlite) const ERASE: &str = "\
UPDATE record SET side = NULL WHERE task = ?1 AND seq = ?2 AND side IS NOT NULL";

pub(in crate::sqlite) const ANSWERED: &str = "SELECT 1 FROM answers WHERE scope = ?1 AND key = ?2";

/// Forgets answers given before `?1`.
pub(in crate::sqlite) const FORGET: &str = "DELETE FROM answers WHERE at < ?1";

pub(in crate::sqlite) const ADD_ANSWER: &str = "\
INSERT INTO answers (scope, key, asked, answer, at) VALUES (?1, ?2, ?3, ?4, ?5)";

/// `?9` now.
pub(in crate::sqlite) const POST: &str = "\
INSERT INTO outbox (key, task, slot, run, kind, recipient, phase, due_at, body, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'Queued', ?7, ?8, ?9) ON CONFLICT (key) DO NOTHING";

/// Would the guard of a change of a mail hold? `?1` mail, `?2` lease, `?3` next phase.
pub(in crate::sqlite) const MAIL_GUARD: &str = "\
SELECT 1 FROM outbox WHERE id = ?1 AND lease = ?2
    AND (phase IN ('Queued', 'Leased') OR phase = 'Sent' AND ?3 IN ('Queued', 'Bounced'))";

/// Changes a mail; leasing raises its lease. One that was sent can still come back.
pub(in crate::sqlite) const MAIL_CHANGE: &str = "\
UPDATE outbox SET phase = ?3, lease = lease + (?3 = 'Leased'), due_at = coalesce(?4, due_at),
    attempts = ?5, sent_at = ?6, error = ?7
WHERE id = ?1 AND lease = ?2
    AND (phase IN ('Queued', 'Leased') OR phase = 'Sent' AND ?3 IN ('Queued', 'Bounced'))
RETURNING lease";

pub(in crate::sqlite) const ADD_BOXED: &str = "\
INSERT INTO mailbox (at, sender, recipient, raw) VALUES (?1, ?2, ?3, ?4) RETURNING id";

/// `?1` the number that is the last to go.
pub(in crate::sqlite) const DROP_BOXED: &str = "DELETE FROM mailbox WHERE id <= ?1";

/// The columns of a task's row, then what else is wanted.
macro_rules! select_task {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT t.uid, t.run, t.workflow, t.namespace, t.node, t.state, t.open, t.version, ",
            "t.due_at, t.opened_at, t.closed_at, t.close_reason, t.body",
            $more,
            " ",
            $rest
        )
    };
}

pub(in crate::sqlite) const TASK: &str = select_task!("", "FROM tasks t WHERE t.uid = ?1");

pub(in crate::sqlite) const TASK_OF_LINK: &str = select_task!(
    ", l.id, l.slot, l.key, l.created_at, l.expires_at, l.revoked",
    "FROM links l CROSS JOIN tasks t ON t.id = l.task WHERE l.id = ?1"
);

pub(in crate::sqlite) const TASK_ID: &str = "SELECT id FROM tasks WHERE uid = ?1";

/// A list, the newest first. `?1` below this number, `?2` namespace, `?3` workflow, `?4` open or
/// not, `?5` how many, `?6` run: each NULL for any, where the list does not ask for it.
macro_rules! list_tasks {
    ($wanted:literal) => {
        concat!(
            select_task!("", "FROM tasks t WHERE t.id < ?1 AND "),
            $wanted,
            " AND (?2 IS NULL OR t.namespace = ?2) AND (?3 IS NULL OR t.workflow = ?3)",
            " AND (?4 IS NULL OR t.open = ?4) ORDER BY t.id DESC LIMIT ?5"
        )
    };
}

pub(in crate::sqlite) const ALL_TASKS: &str = list_tasks!("?6 IS NULL");

pub(in crate::sqlite) const TASKS_OF_RUN: &str = list_tasks!("t.run = ?6");

pub(in crate::sqlite) const TASKS_OF_WORKFLOW: &str =
    list_tasks!("t.namespace = ?2 AND t.workflow = ?3 AND ?6 IS NULL");

pub(in crate::sqlite) const OPEN_TASKS: &str = list_tasks!("t.open = 1 AND ?6 IS NULL");

pub(in crate::sqlite) const OPEN_TASKS_OF_NAMESPACE: &str =
    list_tasks!("t.open = 1 AND t.namespace = ?2 AND ?6 IS NULL");

pub(in crate::sqlite) const LINKS: &str = "\
SELECT l.id, l.slot, l.key, l.created_at, l.expires_at, l.revoked
FROM tasks t CROSS JOIN links l ON l.task = t.id WHERE t.uid = ?1 ORDER BY l.slot, l.id";

pub(in crate::sqlite) const TASKS_DUE: &str = "\
SELECT uid FROM tasks WHERE due_at <= ?1 AND due_at IS NOT NULL ORDER BY due_at, id LIMIT ?2";

pub(in crate::sqlite) const NEXT_TASK: &str = "\
SELECT due_at FROM tasks WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1";

pub(in crate::sqlite) const RECORD: &str = "\
SELECT r.seq, r.prev, r.hash, r.entry, r.side
FROM tasks t CROSS JOIN record r ON r.task = t.id WHERE t.uid = ?1 ORDER BY r.seq";

/// The columns of a mail's row.
macro_rules! select_mail {
    ($rest:literal) => {
        concat!(
            "SELECT id, key, task, slot, run, kind, recipient, phase, due_at, lease, attempts, ",
            "created_at, sent_at, error, body FROM outbox ",
            $rest
        )
    };
}

pub(in crate::sqlite) const MAILS_DUE: &str = select_mail!(
    "WHERE due_at <= ?1 AND phase IN ('Queued', 'Leased')
    ORDER BY due_at, id LIMIT ?2"
);

pub(in crate::sqlite) const NEXT_MAIL: &str = "\
SELECT due_at FROM outbox WHERE phase IN ('Queued', 'Leased') ORDER BY due_at LIMIT 1";

pub(in crate::sqlite) const MAIL: &str = select_mail!("WHERE id = ?1");

pub(in crate::sqlite) const MAIL_OF_KEY: &str = select_mail!("WHERE key = ?1");

pub(in crate::sqlite) const MAILS_OF_TASK: &str =
    select_mail!("WHERE task = ?1 AND task IS NOT NULL ORDER BY id");

pub(in crate::sqlite) const BOXED: &str = "\
SELECT id, at, sender, recipient, raw FROM mailbox ORDER BY id DESC LIMIT ?1";

pub(in crate::sqlite) const BOXED_MAIL: &str = "\
SELECT id, at, sender, recipient, raw FROM mailbox WHERE id = ?1";

pub(in crate::sqlite) const ANSWER: &str = "\
SELECT scope, key, asked, answer, at FROM answers WHERE scope = ?1 AND key = ?2";

/// Walks indexes only.
pub(in crate::sqlite) const TASK_COUNTS: &str = "\
SELECT (SELECT count(*) FROM tasks WHERE open = 1),
    (SELECT count(*) FROM outbox WHERE phase IN ('Queued', 'Leased')),
    (SELECT min(created_at) FROM outbox WHERE phase IN ('Queued', 'Leased'))";

pub(in crate::sqlite) const LINK_KEYS: &str = "\
SELECT key, max(expires_at) FROM links WHERE revoked = 0 GROUP BY key ORDER BY key";

/// Every statement that a vote, a mail or a request runs, for the test of their plans. Not the
/// lists that walk or sort a few ([`ALL_TASKS`], [`TASKS_OF_RUN`], [`BOXED`]), [`NEXT_MAIL`] (the
/// first row of an index), [`TASK_COUNTS`] and [`LINK_KEYS`].
#[cfg(test)]
pub(in crate::sqlite) const QUICK: [&str; 33] = [
    OPEN,
    DECIDED,
    CLOSE,
    CLOSE_ALL,
    GUARD,
    MOVE,
    MOVE_DUE,
    PUT_LINK,
    LAST_ENTRY,
    ADD_ENTRY,
    ERASE,
    ANSWERED,
    FORGET,
    ADD_ANSWER,
    POST,
    MAIL_GUARD,
    MAIL_CHANGE,
    ADD_BOXED,
    DROP_BOXED,
    TASK,
    TASK_OF_LINK,
    TASK_ID,
    TASKS_OF_WORKFLOW,
    OPEN_TASKS,
    OPEN_TASKS_OF_NAMESPACE,
    LINKS,
    TASKS_DUE,
    NEXT_TASK,
    RECORD,
    MAILS_DUE,
    MAIL,
    MAIL_OF_KEY,
    MAILS_OF_TASK,
];
