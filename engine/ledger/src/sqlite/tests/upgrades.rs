//! Files of other releases: migrations run once and only add, what is newer is refused.

use super::super::open::{meta, migrate};
use super::super::{Durability, Sqlite, sql};
use super::{Open, Place};
use crate::error::Error;
use crate::port::Reader;
use crate::samples::{birth, born, committed, turn, turned};
use crate::schema::{MIGRATIONS, SCHEMA};
use crate::tasks::TaskReader as _;

/// A release to come: it adds a column and a row.
const NEXT: &str = "ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT 'none';
    INSERT INTO meta (key, value) VALUES ('next', 'made');";

fn upgrade(open: &mut Open, place: &Place, migrations: &[&str]) -> Result<(), Error> {
    let path = place.path();
    let work = |connection: &rusqlite::Connection| migrate(connection, &path, migrations);
    open.ledger.transact("upgrade", work)
}

fn schema(open: &Open) -> String {
    meta(&open.ledger.connection, "schema").unwrap().unwrap()
}

/// A new file is at the newest schema, and opening it again changes nothing.
#[test]
fn a_new_file() {
    let place = Place::new();
    let open = place.open();
    assert_eq!(schema(&open), SCHEMA.to_string());
    let changes = open.number("PRAGMA schema_version");
    drop(open);
    assert_eq!(place.open().number("PRAGMA schema_version"), changes);
}

/// A migration is run once, keeps every row, and its rows and the new number come together.
#[test]
fn a_migration_runs_once() {
    let place = Place::new();
    let mut open = place.open();
    assert_eq!(open.write(born(birth(&open.fences, "u1"))), committed(1));
    let before = open.ledger.load_run("u1").unwrap();
    let next = [MIGRATIONS.as_slice(), &[NEXT]].concat();
    // A second run of it would fail: the column and the row are there.
    for _ in 0..2 {
        upgrade(&mut open, &place, &next).unwrap();
        assert_eq!(schema(&open), (SCHEMA + 1).to_string());
        assert_eq!(
            open.number("SELECT count(*) FROM runs WHERE note = 'none'"),
            1
        );
        assert_eq!(open.ledger.load_run("u1").unwrap(), before);
    }
}

/// A migration that fails leaves the file as it was.
#[test]
fn a_migration_that_fails_changes_nothing() {
    let place = Place::new();
    let mut open = place.open();
    let broken = format!("{NEXT} INSERT INTO nowhere VALUES (1);");
    let next = [MIGRATIONS.as_slice(), &[&*broken]].concat();
    let error = upgrade(&mut open, &place, &next).unwrap_err();
    let text = "bring the ledger up to date: no such table: nowhere";
    assert_eq!(error.chain(), text);
    assert_eq!(schema(&open), SCHEMA.to_string());
    let columns = "SELECT count(*) FROM pragma_table_info('runs') WHERE name = 'note'";
    assert_eq!(open.number(columns), 0);
    assert_eq!(meta(&open.ledger.connection, "next").unwrap(), None);
}

/// The ledger that schema 1 has left: every run is kept, and people can be asked in it.
#[test]
fn from_schema_1_to_2() {
    let place = Place::new();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/ledgers/0001.db");
    std::fs::copy(golden, place.path()).unwrap();
    let old = rusqlite::Connection::open(place.path()).unwrap();
    assert_eq!(meta(&old, "schema").unwrap().as_deref(), Some("1"));
    let before = runs(&old);
    assert_eq!(before.len(), 9);
    drop(old);

    let mut open = place.open();
    assert_eq!(schema(&open), "2");
    assert_eq!(runs(&open.ledger.connection), before);
    let (uid, version) = before[0].clone();
    let mut turn = turn(&open.fences, &uid, version);
    turn.people.opens = vec![crate::samples::opening("t1")];
    assert_eq!(open.write(turned(turn)), committed(version + 1));
    assert_eq!(open.ledger.task("t1").unwrap().unwrap().run, uid);
    open.close();
    assert_eq!(Sqlite::check_fully(&place.path()).unwrap(), [""; 0]);
}

/// Uids and versions of all runs.
fn runs(connection: &rusqlite::Connection) -> Vec<(String, i64)> {
    let select = "SELECT uid, version FROM runs ORDER BY id";
    let mut statement = connection.prepare(select).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

/// Migrations add. A release reads and writes what the one before reads, so nothing is taken away.
#[test]
fn migrations_only_add() {
    for (number, migration) in MIGRATIONS.iter().enumerate() {
        let code = migration.lines().filter(|line| !line.starts_with("--"));
        let text = code.collect::<Vec<_>>().join("\n").to_uppercase();
        // A trigger that keeps a row from being changed takes nothing away.
        let text = text.replace("BEFORE UPDATE ON", "");
        for word in ["DROP ", "RENAME ", "DELETE FROM", "UPDATE "] {
            assert!(!text.contains(word), "migration {number} has a {word}");
        }
    }
}

/// A ledger newer than the binary is refused by writer and readers, with both versions named.
#[test]
fn a_newer_ledger_is_refused() {
    let place = Place::new();
    place.open().close();
    place.plant("UPDATE meta SET value = '7' WHERE key = 'schema';");
    let before = std::fs::read(place.path()).unwrap();
    let text = "ledger is at schema 7, this binary knows up to 2: \
                use the newer usher that wrote it";
    let error = Sqlite::open(&place.path(), Durability::Full, "boot").unwrap_err();
    assert_eq!(error.to_string(), text);
    assert_eq!(Sqlite::reader(&place.path()).unwrap_err().to_string(), text);
    assert_eq!(Sqlite::check(&place.path()).unwrap_err().to_string(), text);
    assert!(std::fs::read(place.path()).unwrap() == before);
}

/// A reader does not bring a file up to date, and says who does.
#[test]
fn a_reader_wants_a_file_that_is_up_to_date() {
    let place = Place::new();
    place.plant("VACUUM;");
    let error = Sqlite::reader(&place.path()).unwrap_err();
    let text = "ledger is at schema 0, this binary needs 2: \
                start the engine once, it brings the ledger up to date";
    assert_eq!(error.to_string(), text);
}

/// A ledger that spreads its runs in another way would hide them: it is refused.
#[test]
fn another_partitioning_is_refused() {
    let place = Place::new();
    place.open().close();
    place.plant("UPDATE meta SET value = '128' WHERE key = 'partitions';");
    let error = Sqlite::open(&place.path(), Durability::Full, "boot").unwrap_err();
    let text = "ledger has 128 partitions by fnv1a, this binary works with 64 partitions by fnv1a";
    assert_eq!(error.to_string(), text);
}

/// The engine may be started twice at once: one makes the file, the other finds it made.
#[test]
fn two_first_openings_at_once() {
    let place = Place::new();
    let path = place.path();
    let start = std::sync::Barrier::new(2);
    let open = || {
        start.wait();
        Sqlite::open(&path, Durability::Full, "boot").map(drop)
    };
    std::thread::scope(|scope| {
        let threads = [scope.spawn(open), scope.spawn(open)];
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
    });
    let open = place.open();
    assert_eq!(open.number("SELECT count(*) FROM partitions"), 64);
    assert!(open.ledger.connection.prepare(sql::META).is_ok());
}
