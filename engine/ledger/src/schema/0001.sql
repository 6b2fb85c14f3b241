-- Schema 1: runs and their turns, commands, partitions.
--
-- Columns that change with each turn stand in no index, except where a partial index finds the
-- few rows that need somebody: awake, due, unapplied. Times are milliseconds since the epoch, UTC.
-- Bodies are bytes of the core's, never looked into here. The length of a body is bounded
-- (BODY_MAX), so that a database's own limit is never what stops a run.

-- What the file is: schema, partitions, hash, boot, clean, unchecked.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Who may write: a turn names the epoch, a take-over raises it.
CREATE TABLE partitions (
    id    INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL DEFAULT 0,
    owner TEXT    NOT NULL DEFAULT ''
);

-- Plans by content, apart from runs: a megabyte in a row that changes is written with each change.
CREATE TABLE plans (
    id   INTEGER PRIMARY KEY,
    hash TEXT    NOT NULL UNIQUE,
    body BLOB    NOT NULL
);

CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    uid         TEXT    NOT NULL UNIQUE,
    part        INTEGER NOT NULL,
    namespace   TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    plan        INTEGER NOT NULL REFERENCES plans (id),
    birth_key   TEXT,
    created_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    phase       TEXT    NOT NULL,
    started_at  INTEGER,
    finished_at INTEGER,
    parked      TEXT,
    -- NULL: a node needs an actor. 9223372036854775807: only a command wakes it.
    quiet_until INTEGER,
    head        BLOB    NOT NULL CHECK (octet_length(head) <= 16777216)
);

CREATE INDEX runs_name ON runs (namespace, name);
CREATE INDEX runs_namespace ON runs (namespace);
CREATE INDEX runs_plan ON runs (plan);
CREATE UNIQUE INDEX runs_birth_key ON runs (birth_key) WHERE birth_key IS NOT NULL;
CREATE INDEX runs_awake ON runs (part)
    WHERE quiet_until IS NULL AND finished_at IS NULL AND parked IS NULL;
CREATE INDEX runs_due ON runs (part, quiet_until)
    WHERE quiet_until < 9223372036854775807 AND finished_at IS NULL AND parked IS NULL;
CREATE INDEX runs_parked ON runs (part) WHERE parked IS NOT NULL;

-- Global parameters and outputs, apart from the head because they are larger and change less.
CREATE TABLE scopes (
    run  INTEGER PRIMARY KEY REFERENCES runs (id),
    body BLOB    NOT NULL CHECK (octet_length(body) <= 16777216)
);

-- The key is the run's short number, not its uid: each node's row is written several times.
-- A child names its parent, a parent never its children.
CREATE TABLE nodes (
    run    INTEGER NOT NULL REFERENCES runs (id),
    ix     INTEGER NOT NULL,
    parent INTEGER,
    live   INTEGER NOT NULL,
    body   BLOB    NOT NULL CHECK (octet_length(body) <= 16777216),
    PRIMARY KEY (run, ix)
) WITHOUT ROWID;

-- Commands. An id is never used twice, so whoever waits for one cannot get another's answer.
CREATE TABLE inbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    run        INTEGER NOT NULL REFERENCES runs (id),
    part       INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    body       BLOB    NOT NULL CHECK (octet_length(body) <= 16777216),
    key        TEXT,
    created_at INTEGER NOT NULL,
    applied_at INTEGER,
    outcome    BLOB
);

-- NULL keys differ from each other, so this is also the plain index by run.
CREATE UNIQUE INDEX inbox_run ON inbox (run, key);
CREATE INDEX inbox_pending ON inbox (part, run) WHERE applied_at IS NULL;
