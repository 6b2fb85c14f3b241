//! Every statement of the SQLite adapter, in one place, so that its plans can be looked at
//! together: `tests::no_statement_scans` asks SQLite for the plan of each.

pub(super) mod tasks;

/// The lock is taken at the beginning: a group never fails half-way for want of it.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";

/// Moves the write-ahead log into the file, as far as nobody is in the way.
pub(super) const MOVE_LOG: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// Is this still the partition's epoch? `?1` part, `?2` epoch.
pub(super) const HELD: &str = "SELECT 1 FROM partitions WHERE id = ?1 AND epoch = ?2";

pub(super) const TAKE_OVER: &str = "\
UPDATE partitions SET epoch = epoch + 1, owner = ?3 WHERE id = ?1 AND epoch = ?2 RETURNING epoch";

pub(super) const TAKE_OVER_ALL: &str = "\
UPDATE partitions SET epoch = epoch + 1, owner = ?1 RETURNING id, epoch";

pub(super) const PARTITIONS: &str = "SELECT id, epoch, owner FROM partitions ORDER BY id";

/// Was this run born already? `?1` uid, `?2` key.
pub(super) const BORN: &str = "\
SELECT 1 WHERE EXISTS (SELECT 1 FROM runs WHERE uid = ?1)
    OR EXISTS (SELECT 1 FROM runs WHERE birth_key = ?2 AND birth_key IS NOT NULL)";

pub(super) const ADD_PLAN: &str = "\
INSERT INTO plans (hash, body) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING";

pub(super) const PLAN_ID: &str = "SELECT id FROM plans WHERE hash = ?1";

pub(super) const PLAN: &str = "SELECT body FROM plans WHERE hash = ?1";

/// A plan that no run uses any longer. `?1` plan.
pub(super) const DROP_PLAN: &str = "\
DELETE FROM plans WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM runs WHERE plan = ?1)";

pub(super) const ADD_RUN: &str = "\
INSERT INTO runs (uid, part, namespace, name, plan, birth_key, created_at, version,
    phase, started_at, finished_at, parked, quiet_until, head)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?9, ?10, ?11, ?12, ?13) RETURNING id";

/// Would the guard of a turn hold? `?1` uid, `?2` version, `?3` part, `?4` epoch.
pub(super) const GUARD: &str = "\
SELECT 1 FROM runs WHERE uid = ?1 AND version = ?2 AND part = ?3
    AND EXISTS (SELECT 1 FROM partitions WHERE id = ?3 AND epoch = ?4)";

/// The guard of a turn, and the columns that stand in no index.
pub(super) const TURN: &str = "\
UPDATE runs SET version = version + 1, phase = ?5, started_at = ?6, head = ?7
WHERE uid = ?1 AND version = ?2 AND part = ?3
    AND EXISTS (SELECT 1 FROM partitions WHERE id = ?3 AND epoch = ?4)
RETURNING id";

/// The columns that partial indexes look at. Apart from the guard, because naming a column in an
/// UPDATE rewrites its indexes' pages even when the value stays: most turns change none of these.
pub(super) const TURN_QUIET: &str = "\
UPDATE runs SET parked = ?2, finished_at = ?3, quiet_until = ?4
WHERE id = ?1 AND (parked IS NOT ?2 OR finished_at IS NOT ?3 OR quiet_until IS NOT ?4)";

pub(super) const PARK: &str = "\
UPDATE runs SET version = version + 1, parked = ?4
WHERE uid = ?1 AND part = ?2 AND EXISTS (SELECT 1 FROM partitions WHERE id = ?2 AND epoch = ?3)
RETURNING version";

/// A run of a partition: what a write without a version needs to know. `?1` uid, `?2` part.
pub(super) const RUN_ID: &str = "SELECT id, version FROM runs WHERE uid = ?1 AND part = ?2";

/// `?1` uid.
pub(super) const IS_RUN: &str = "SELECT 1 FROM runs WHERE uid = ?1";

pub(super) const PUT_SCOPE: &str = "\
INSERT INTO scopes (run, body) VALUES (?1, ?2)
ON CONFLICT (run) DO UPDATE SET body = excluded.body";

pub(super) const PUT_NODE: &str = "\
INSERT INTO nodes (run, ix, parent, live, body) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (run, ix) DO UPDATE
SET parent = excluded.parent, live = excluded.live, body = excluded.body";

/// Is this a command of this run that no turn took? `?1` id, `?2` uid.
pub(super) const OPEN_COMMAND: &str = "\
SELECT 1 FROM inbox i JOIN runs r ON r.id = i.run
WHERE i.id = ?1 AND r.uid = ?2 AND i.applied_at IS NULL";

pub(super) const APPLY_COMMAND: &str = "\
UPDATE inbox SET applied_at = CAST(unixepoch('subsec') * 1000 AS INTEGER), outcome = ?2
WHERE id = ?1 AND applied_at IS NULL";

/// The command that an asker has sent before. `?1` uid, `?2` key.
pub(super) const COMMAND_OF_KEY: &str = "\
SELECT i.id FROM runs r JOIN inbox i ON i.run = r.id WHERE r.uid = ?1 AND i.key = ?2";

pub(super) const ADD_COMMAND: &str = "\
INSERT INTO inbox (run, part, kind, body, key, created_at)
SELECT id, part, ?2, ?3, ?4, CAST(unixepoch('subsec') * 1000 AS INTEGER)
FROM runs WHERE uid = ?1 RETURNING id";

/// Everything of a run, children first; `?1` run. The last tells its plan.
pub(super) const DROP_RUN: [&str; 4] = [
    "DELETE FROM nodes WHERE run = ?1",
    "DELETE FROM scopes WHERE run = ?1",
    "DELETE FROM inbox WHERE run = ?1",
    "DELETE FROM runs WHERE id = ?1 RETURNING plan",
];

/// The columns of a run's row, for every statement that reads one: `r` is the run, `p` its plan.
macro_rules! select_run {
    ($rest:literal) => {
        concat!(
            "SELECT r.uid, r.part, r.namespace, r.name, r.version, r.phase, r.parked, p.hash, ",
            "r.created_at, r.started_at, r.finished_at, r.quiet_until, r.head, r.id ",
            "FROM runs r JOIN plans p ON p.id = r.plan ",
            $rest
        )
    };
}

pub(super) const RUN: &str = select_run!("WHERE r.uid = ?1");

pub(super) const ALL_RUNS: &str = select_run!(
    "WHERE (?1 IS NULL OR r.phase = ?1)
    AND (?2 IS NULL OR substr(r.name, 1, length(?2)) = ?2) ORDER BY r.id DESC LIMIT ?3"
);

pub(super) const RUNS_OF_NAMESPACE: &str = select_run!(
    "WHERE r.namespace = ?4 AND (?1 IS NULL OR r.phase = ?1)
    AND (?2 IS NULL OR substr(r.name, 1, length(?2)) = ?2) ORDER BY r.id DESC LIMIT ?3"
);

pub(super) const FIND_RUN: &str = "\
SELECT uid FROM runs WHERE namespace = ?1 AND name = ?2 ORDER BY id DESC LIMIT 1";

pub(super) const RUN_OF_KEY: &str = "\
SELECT uid FROM runs WHERE birth_key = ?1 AND birth_key IS NOT NULL";

pub(super) const SCOPE: &str = "SELECT body FROM scopes WHERE run = ?1";

pub(super) const NODES: &str =
    "SELECT ix, parent, live, body FROM nodes WHERE run = ?1 ORDER BY ix";

pub(super) const AWAKE: &str = "\
SELECT uid FROM runs WHERE part = ?1
    AND quiet_until IS NULL AND finished_at IS NULL AND parked IS NULL ORDER BY id";

pub(super) const DUE: &str = "\
SELECT quiet_until, uid FROM runs WHERE part = ?1 AND quiet_until <= ?2
    AND quiet_until < 9223372036854775807 AND finished_at IS NULL AND parked IS NULL
ORDER BY quiet_until LIMIT ?3";

pub(super) const PENDING: &str = "\
SELECT i.id, i.kind, i.body FROM runs r
CROSS JOIN inbox i INDEXED BY inbox_pending ON i.part = r.part AND i.run = r.id
WHERE r.uid = ?1 AND i.applied_at IS NULL ORDER BY i.id";

pub(super) const PENDING_RUNS: &str = "\
SELECT r.uid FROM (SELECT DISTINCT run FROM inbox INDEXED BY inbox_pending
    WHERE part = ?1 AND applied_at IS NULL) i
CROSS JOIN runs r ON r.id = i.run ORDER BY r.id";

pub(super) const COMMAND: &str = "\
SELECT r.uid, i.applied_at IS NOT NULL, i.outcome FROM inbox i JOIN runs r ON r.id = i.run
WHERE i.id = ?1";

pub(super) const COUNTS: &str = "\
SELECT (SELECT count(*) FROM runs),
    (SELECT count(*) FROM runs WHERE finished_at IS NULL),
    (SELECT count(*) FROM runs WHERE parked IS NOT NULL),
    (SELECT count(*) FROM inbox WHERE applied_at IS NULL)";

pub(super) const META: &str = "SELECT value FROM meta WHERE key = ?1";

pub(super) const PUT_META: &str = "\
INSERT INTO meta (key, value) VALUES (?1, ?2)
ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value";

/// Every statement that a turn, a wake-up or a request runs, for the test of their plans.
/// Not [`ALL_RUNS`] (it walks the runs from the newest until it has enough), [`COUNTS`] and the
/// partitions: these are 64 rows.
#[cfg(test)]
pub(super) const QUICK: [&str; 30] = [
    HELD,
    TAKE_OVER,
    BORN,
    ADD_PLAN,
    PLAN_ID,
    PLAN,
    DROP_PLAN,
    ADD_RUN,
    GUARD,
    TURN,
    TURN_QUIET,
    PARK,
    RUN_ID,
    IS_RUN,
    PUT_SCOPE,
    PUT_NODE,
    OPEN_COMMAND,
    APPLY_COMMAND,
    COMMAND_OF_KEY,
    ADD_COMMAND,
    RUN,
    RUNS_OF_NAMESPACE,
    FIND_RUN,
    RUN_OF_KEY,
    SCOPE,
    NODES,
    AWAKE,
    DUE,
    PENDING,
    COMMAND,
];
