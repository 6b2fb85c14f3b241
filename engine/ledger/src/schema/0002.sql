-- Schema 2: approvals and mail.
--
-- Tasks outlive their runs, so they name run and workflow in words. Columns that a vote changes
-- stand in no index, except those that find who is open and due. Times, bodies: as in schema 1.

CREATE TABLE tasks (
    id           INTEGER PRIMARY KEY,
    uid          TEXT    NOT NULL UNIQUE,
    run          TEXT    NOT NULL,
    namespace    TEXT    NOT NULL,
    workflow     TEXT    NOT NULL,
    node         INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    open         INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    -- NULL: nobody need look at it.
    due_at       INTEGER,
    opened_at    INTEGER NOT NULL,
    closed_at    INTEGER,
    -- Of a task that its run closed, for ever.
    close_reason TEXT,
    body         BLOB    NOT NULL CHECK (octet_length(body) <= 16777216)
);

CREATE INDEX tasks_run ON tasks (run, open);
CREATE INDEX tasks_name ON tasks (namespace, workflow);
CREATE INDEX tasks_open ON tasks (open) WHERE open = 1;
CREATE INDEX tasks_open_namespace ON tasks (namespace, open) WHERE open = 1;
CREATE INDEX tasks_due ON tasks (due_at) WHERE due_at IS NOT NULL;

-- The key is what a mailed address holds: one look-up here, one by number in `tasks`.
CREATE TABLE links (
    id         BLOB    PRIMARY KEY CHECK (octet_length(id) = 16),
    task       INTEGER NOT NULL REFERENCES tasks (id),
    slot       INTEGER NOT NULL,
    key        INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX links_task ON links (task, slot);

-- Entries are hashed and chained. They are never changed nor removed; only `side`, which the hash
-- does not cover, can be emptied.
CREATE TABLE record (
    task  INTEGER NOT NULL REFERENCES tasks (id),
    seq   INTEGER NOT NULL,
    prev  TEXT    NOT NULL,
    hash  TEXT    NOT NULL,
    entry BLOB    NOT NULL CHECK (octet_length(entry) <= 16777216),
    side  BLOB    CHECK (octet_length(side) <= 16777216),
    PRIMARY KEY (task, seq)
) WITHOUT ROWID;

CREATE TRIGGER record_not_changed BEFORE UPDATE ON record
WHEN NEW.side IS NOT NULL OR NEW.task IS NOT OLD.task OR NEW.seq IS NOT OLD.seq
    OR NEW.prev IS NOT OLD.prev OR NEW.hash IS NOT OLD.hash OR NEW.entry IS NOT OLD.entry
BEGIN
    SELECT RAISE(ABORT, 'an entry of a record is never changed');
END;

CREATE TRIGGER record_not_removed BEFORE DELETE ON record
BEGIN
    SELECT RAISE(ABORT, 'an entry of a record is never removed');
END;

-- REPLACE removes without asking the trigger above.
CREATE TRIGGER record_not_replaced BEFORE INSERT ON record
WHEN EXISTS (SELECT 1 FROM record WHERE task = NEW.task AND seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'an entry of a record is never replaced');
END;

-- A number is never used twice: bounces come back under it. A mail belongs to a task, to a run or
-- to neither, and outlives both.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    key        TEXT    NOT NULL UNIQUE,
    task       TEXT,
    slot       INTEGER,
    run        TEXT,
    kind       TEXT    NOT NULL,
    recipient  TEXT    NOT NULL,
    phase      TEXT    NOT NULL,
    due_at     INTEGER NOT NULL,
    lease      INTEGER NOT NULL DEFAULT 0,
    attempts   INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    sent_at    INTEGER,
    error      TEXT,
    body       BLOB    NOT NULL CHECK (octet_length(body) <= 16777216)
);

-- With all that counting what waits must see, so that it reads no mail.
CREATE INDEX outbox_due ON outbox (due_at, id, created_at, phase)
    WHERE phase IN ('Queued', 'Leased');
CREATE INDEX outbox_task ON outbox (task) WHERE task IS NOT NULL;

-- The development mailbox; the newest 1,000.
CREATE TABLE mailbox (
    id        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    sender    TEXT    NOT NULL,
    recipient TEXT    NOT NULL,
    raw       BLOB    NOT NULL CHECK (octet_length(raw) <= 16777216)
);

-- Answers that are given again when the same is asked again; kept for seven days.
CREATE TABLE answers (
    scope  TEXT    NOT NULL,
    key    TEXT    NOT NULL,
    asked  TEXT    NOT NULL,
    answer BLOB    NOT NULL CHECK (octet_length(answer) <= 16777216),
    at     INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;

CREATE INDEX answers_at ON answers (at);
