//! Statements that fail, commits that fail, a full disk, another process.

use std::time::Duration;

use super::Place;
use crate::error::Error;
use crate::port::{Ledger, Reader};
use crate::rows::{Outcome, Write};
use crate::samples::{birth, born, command, committed, node, turn, turned};

/// The database refuses one turn of a group: the group falls back to write by write, that one is
/// refused with the database's words, the others are committed.
#[test]
fn a_failing_group_is_committed_write_by_write() {
    let place = Place::new();
    let mut open = place.open();
    let fences = open.fences.clone();
    let births = ["u1", "u2", "u3"].map(|uid| born(birth(&fences, uid)));
    open.ledger.commit(&births).unwrap();
    open.ledger
        .connection
        .execute_batch(
            "CREATE TRIGGER poison BEFORE INSERT ON nodes WHEN NEW.ix = 666
             BEGIN SELECT RAISE(ABORT, 'poisoned'); END;",
        )
        .unwrap();
    let mut poisoned = turn(&fences, "u2", 1);
    poisoned.nodes.push(node(666, None, "poison"));
    let group = [
        turned(turn(&fences, "u1", 1)),
        turned(poisoned),
        turned(turn(&fences, "u1", 1)),
        command("u2", "{}"),
        turned(turn(&fences, "u3", 1)),
    ];
    let outcomes = open.ledger.commit(&group).unwrap();
    let expected = [
        committed(2),
        Outcome::Refused {
            reason: "write a turn: poisoned".to_owned(),
        },
        Outcome::Stale,
        Outcome::Inserted { id: 1 },
        committed(2),
    ];
    assert_eq!(outcomes, expected);
    let loaded = open.ledger.load_run("u2").unwrap().unwrap();
    assert_eq!(loaded.row.version, 1);
    assert_eq!(loaded.nodes, [node(0, None, "version 1")]);
    let park = Write::Park {
        run: "u2".to_owned(),
        fence: crate::samples::fence(&fences, "u2"),
        reason: "LedgerRefused: write a turn: poisoned".to_owned(),
    };
    assert_eq!(open.write(park), committed(2));
}

/// The file may not grow: the commit fails for good, writes nothing, and what was acknowledged
/// is there when there is room again.
#[test]
fn a_full_disk_is_fatal_and_loses_nothing() {
    let place = Place::new();
    let mut open = place.open();
    let fences = open.fences.clone();
    let pages = open.number("PRAGMA page_count");
    let connection = &open.ledger.connection;
    let limit = |connection: &rusqlite::Connection, pages: i64| {
        connection
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .unwrap();
    };
    limit(connection, pages + 20);
    let mut acknowledged = Vec::new();
    let error = loop {
        let uid = format!("u{}", acknowledged.len());
        let mut birth = birth(&fences, &uid);
        birth.nodes[0].body = vec![b'x'; 9_000];
        match open.ledger.commit(&[born(birth)]) {
            Ok(outcomes) => {
                assert_eq!(outcomes, [committed(1)]);
                acknowledged.push(uid);
            }
            Err(error) => break error,
        }
    };
    assert!(error.is_fatal());
    assert_eq!(error.chain(), "write a birth: database or disk is full");
    assert!((3..20).contains(&acknowledged.len()), "{acknowledged:?}");
    drop(open);

    let mut open = place.open();
    for uid in &acknowledged {
        assert!(open.ledger.load_run(uid).unwrap().is_some(), "{uid}");
    }
    let lost = format!("u{}", acknowledged.len());
    assert_eq!(open.ledger.load_run(&lost).unwrap(), None);
    assert_eq!(open.write(born(birth(&open.fences, &lost))), committed(1));
}

/// A COMMIT that fails leaves everybody in doubt, ends the writer, and is no half turn.
#[test]
fn a_commit_that_fails_is_in_doubt() {
    let place = Place::new();
    let mut open = place.open();
    let write = born(birth(&open.fences, "u1"));
    let connection = &open.ledger.connection;
    connection.commit_hook(Some(|| true)).unwrap();
    let error = open.ledger.commit(&[write]).unwrap_err();
    assert!(matches!(error, Error::InDoubt { .. }) && error.is_fatal());
    let text = "commit a group of turns: whether it is on the disk shows when the ledger is \
                opened again: constraint failed";
    assert_eq!(error.chain(), text);
    assert!(open.ledger.connection.is_autocommit());
    drop(open);
    assert_eq!(place.open().ledger.load_run("u1").unwrap(), None);
}

/// Another process that holds the file is waited for, then named; nothing is written, and later
/// it is.
#[test]
fn another_process_that_writes_is_busy() {
    let place = Place::new();
    let mut open = place.open();
    let write = born(birth(&open.fences, "u1"));
    let other = rusqlite::Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let connection = &open.ledger.connection;
    connection.busy_timeout(Duration::from_millis(1)).unwrap();
    let error = open
        .ledger
        .commit(std::slice::from_ref(&write))
        .unwrap_err();
    assert!(matches!(error, Error::Busy { .. }) && !error.is_fatal());
    assert_eq!(open.ledger.run_row("u1").unwrap(), None);
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(open.write(write), committed(1));
}
