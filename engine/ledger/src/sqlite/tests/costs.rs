//! What statements and commits cost, by SQLite's own account: plans and bytes, not times.

use std::time::{Duration, Instant};

use super::super::{Sqlite, sql};
use super::{Open, Place, logged, plan};
use crate::port::{Ledger, Reader};
use crate::rows::Quiet;
use crate::samples::{birth, born, committed, node, turn, turned};

/// No statement of a turn, a wake-up or a request walks a table or sorts what an index has in
/// order.
#[test]
fn no_statement_scans() {
    let open = Place::new().open();
    let all = sql::QUICK.iter().chain(&sql::tasks::QUICK);
    for statement in all.chain(&sql::DROP_RUN) {
        let plan = plan(&open, statement);
        let steps = plan.replace("SCAN CONSTANT ROW", "");
        for bad in ["SCAN", "TEMP B-TREE", "AUTOMATIC"] {
            assert!(!steps.contains(bad), "{statement}\n{plan}");
        }
    }
}

/// The look-ups that find who needs somebody go through the partial indexes, which hold only
/// these few: a hundred thousand sleepers cost them nothing.
#[test]
fn live_look_ups_use_the_partial_indexes() {
    let open = Place::new().open();
    let cases = [
        (sql::AWAKE, "SEARCH runs USING INDEX runs_awake (part=?)"),
        (
            sql::DUE,
            "SEARCH runs USING INDEX runs_due (part=? AND quiet_until<?)",
        ),
        (
            sql::PENDING,
            "SEARCH r USING INDEX sqlite_autoindex_runs_1 (uid=?); \
             SEARCH i USING INDEX inbox_pending (part=? AND run=?)",
        ),
        (
            sql::PENDING_RUNS,
            "CO-ROUTINE i; SEARCH inbox USING INDEX inbox_pending (part=?); \
             SCAN i; SEARCH r USING INTEGER PRIMARY KEY (rowid=?); USE TEMP B-TREE FOR ORDER BY",
        ),
        // The newest first, until there are enough: a walk, but no sort.
        (
            sql::ALL_RUNS,
            "SCAN r; SEARCH p USING INTEGER PRIMARY KEY (rowid=?)",
        ),
    ];
    for (statement, expected) in cases {
        assert_eq!(plan(&open, statement), expected, "{statement}");
    }
}

/// A run that sleeps without a time stands in neither index.
#[test]
fn sleepers_are_in_no_live_index() {
    let place = Place::new();
    let mut open = place.open();
    let mut group = Vec::new();
    for number in 0..100 {
        let mut birth = birth(&open.fences, &format!("u{number}"));
        birth.head.quiet = Quiet::Forever;
        group.push(born(birth));
    }
    open.ledger.commit(&group).unwrap();
    for index in ["runs_awake", "runs_due", "runs_parked"] {
        let filter = match index {
            "runs_awake" => "quiet_until IS NULL AND finished_at IS NULL AND parked IS NULL",
            "runs_due" => {
                "quiet_until < 9223372036854775807 AND finished_at IS NULL AND parked IS NULL"
            }
            _ => "parked IS NOT NULL",
        };
        let count = format!("SELECT count(*) FROM runs INDEXED BY {index} WHERE {filter}");
        assert_eq!(open.number(&count), 0, "{index}");
    }
}

/// A turn that adds one child writes the head, the child and its group, and the same number of
/// bytes whether the run has ten nodes or ten thousand.
#[test]
fn a_turn_costs_the_same_in_a_run_of_any_size() {
    let place = Place::new();
    let mut open = place.open();
    let fences = open.fences.clone();
    let connection = &open.ledger.connection;
    connection
        .pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))
        .unwrap();
    // The bytes are counted, not the syncs.
    connection
        .pragma_update(None, "synchronous", "off")
        .unwrap();
    // A neighbour behind the run, so that its rows are not the last of their table.
    for uid in ["u1", "u2"] {
        assert_eq!(open.write(born(birth(&fences, uid))), committed(1));
    }
    let mut version = 1;
    let mut ix = 1;
    let mut add = |open: &mut Open| {
        let mut turn = turn(&fences, "u1", version);
        turn.scope = None;
        let body = format!("{version:0300}");
        turn.nodes = vec![node(0, None, &body), node(ix, Some(0), &body)];
        version += 1;
        ix += 1;
        assert_eq!(open.write(turned(turn)), committed(version));
    };
    let few = logged(&place, &mut open, |open| (0..100).for_each(|_| add(open)));
    let _ = logged(&place, &mut open, |open| (0..9_800).for_each(|_| add(open)));
    let many = logged(&place, &mut open, |open| (0..100).for_each(|_| add(open)));
    let turn = many / 100;
    assert!(turn <= 4 * (4_096 + 24), "{turn} bytes a turn");
    assert!(many <= few * 3 / 2, "{few} bytes at first, {many} at last");
}

/// A turn of a run with a large plan and scope does not write these again (E10).
#[test]
fn a_turn_does_not_write_plan_and_scope() {
    let place = Place::new();
    let mut open = place.open();
    let fences = open.fences.clone();
    let mut large = birth(&fences, "u1");
    large.plan = vec![b'p'; 1 << 20];
    large.scope = Some(vec![b's'; 1 << 20]);
    assert_eq!(open.write(born(large)), committed(1));
    let mut turn = turn(&fences, "u1", 1);
    turn.scope = None;
    let bytes = logged(&place, &mut open, |open| {
        assert_eq!(open.write(turned(turn)), committed(2));
    });
    assert!((1..=3 * (4_096 + 24)).contains(&bytes), "{bytes}");
}

/// A reader in the middle of its work does not keep the writer from committing.
#[test]
fn a_reader_does_not_block_the_writer() {
    let place = Place::new();
    let mut open = place.open();
    let fences = open.fences.clone();
    assert_eq!(open.write(born(birth(&fences, "u1"))), committed(1));
    let mut reader = Sqlite::reader(&place.path()).unwrap();
    let version = "SELECT version FROM runs WHERE uid = 'u1'";
    let read = |connection: &rusqlite::Connection| -> i64 {
        connection.query_row(version, [], |row| row.get(0)).unwrap()
    };
    reader.connection.execute_batch("BEGIN").unwrap();
    assert_eq!(read(&reader.connection), 1);
    let connection = &open.ledger.connection;
    connection.busy_timeout(Duration::ZERO).unwrap();
    for at in 1..50 {
        assert_eq!(
            open.write(turned(turn(&fences, "u1", at))),
            committed(at + 1)
        );
    }
    assert_eq!(read(&reader.connection), 1);
    reader.connection.execute_batch("COMMIT").unwrap();
    assert_eq!(reader.run_row("u1").unwrap().unwrap().version, 50);
    let write = reader.connection.execute("DELETE FROM runs", []);
    assert!(write.is_err(), "a reader wrote");
}

/// Length of a file of the ledger.
fn length(place: &Place, name: &str) -> u64 {
    std::fs::metadata(place.folder.path().join(name)).map_or(0, |meta| meta.len())
}

/// The log is moved into the file beside the writer: no commit of it does.
#[test]
fn the_log_is_moved_beside_the_writer() {
    let place = Place::new();
    let mut open = place.open();
    let fences = open.fences.clone();
    assert_eq!(open.write(born(birth(&fences, "u1"))), committed(1));
    let before = length(&place, "ledger.db");
    let mut turn = turn(&fences, "u1", 1);
    turn.nodes[0].body = vec![b'x'; 5 << 20];
    assert_eq!(open.write(turned(turn)), committed(2));
    // Nothing else happens now, so only the thread can make the file grow.
    let began = Instant::now();
    while length(&place, "ledger.db") < before + (5 << 20) {
        assert!(began.elapsed() < Duration::from_secs(60), "nobody moves it");
        std::thread::yield_now();
    }
}

/// However fast the ledger is written, its log stays bounded.
#[test]
fn the_log_stays_bounded() {
    let place = Place::new();
    let mut open = place.open();
    let fences = open.fences.clone();
    let connection = &open.ledger.connection;
    connection
        .pragma_update(None, "synchronous", "off")
        .unwrap();
    assert_eq!(open.write(born(birth(&fences, "u1"))), committed(1));
    for version in 1..=100 {
        let mut turn = turn(&fences, "u1", version);
        // Another content each time: SQLite does not write again what a page holds already.
        turn.nodes[0].body = format!("{version:016}").repeat(1 << 16).into();
        assert_eq!(open.write(turned(turn)), committed(version + 1));
    }
    let log = length(&place, "ledger.db-wal");
    // 8,000 pages and the one commit that went beyond.
    assert!(log <= 36 << 20, "{log} bytes");
    assert!(length(&place, "ledger.db") >= 1 << 20);
}
