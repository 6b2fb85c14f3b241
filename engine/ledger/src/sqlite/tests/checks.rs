//! `check` finds what is planted and nothing else.

use super::super::Sqlite;
use super::Place;
use crate::port::Ledger;
use crate::rows::Write;
use crate::samples::{birth, born, command, entry, node, opening, vote};
use crate::tasks::LinkRow;

/// A place with three runs, commands and some depth.
fn sound() -> Place {
    let place = Place::new();
    let mut open = place.open();
    let mut group = Vec::new();
    for uid in ["u1", "u2", "u3"] {
        let mut birth = birth(&open.fences, uid);
        birth.nodes.push(node(1, Some(0), "child"));
        birth.people.opens = vec![opening(&format!("t-{uid}"))];
        group.extend([born(birth), command(uid, "{}")]);
    }
    let Write::Task(mut write) = vote("t-u1", 1, "u1") else {
        panic!("no vote");
    };
    write.command = None;
    write.record = vec![entry(1), entry(2)];
    write.links = vec![LinkRow {
        id: vec![1; 16],
        task: "t-u1".to_owned(),
        slot: 0,
        key: 1,
        created_ms: 0,
        expires_ms: 0,
        revoked: false,
    }];
    group.push(Write::Task(write));
    open.ledger.commit(&group).unwrap();
    open.close();
    place
}

/// A sound file has no faults, open or closed.
#[test]
fn nothing_is_found_in_a_sound_file() {
    let place = sound();
    assert_eq!(Sqlite::check(&place.path()).unwrap(), [""; 0]);
    assert_eq!(Sqlite::check_fully(&place.path()).unwrap(), [""; 0]);
    let _open = place.open();
    assert_eq!(Sqlite::check(&place.path()).unwrap(), [""; 0]);
}

/// Rows that belong together and are not, each told in words that name the row.
#[test]
fn planted_faults_are_found() {
    let unguarded = "DROP TRIGGER record_not_removed;";
    let cases: [(&str, &[&str]); 12] = [
        (
            "DELETE FROM scopes; DELETE FROM inbox; DELETE FROM runs WHERE uid = 'u2';",
            &["nodes of run number 2 have no run"],
        ),
        (
            "DELETE FROM nodes WHERE run = 3 AND ix = 0;",
            &["node 1 of run u3 has a parent that is not there"],
        ),
        (
            "INSERT INTO scopes VALUES (9, x'');",
            &["scope of run number 9 has no run"],
        ),
        (
            "UPDATE inbox SET part = part + 1 WHERE run = 1;",
            &["command 1 has no run in its partition"],
        ),
        (
            "DELETE FROM plans;",
            &[
                "run u1 has no plan",
                "run u2 has no plan",
                "run u3 has no plan",
            ],
        ),
        (
            "UPDATE runs SET version = 0 WHERE uid = 'u2';",
            &["run u2 has no version or no partition"],
        ),
        (
            "UPDATE runs SET part = 1 WHERE uid = 'u2'; UPDATE inbox SET part = 1 WHERE run = 2;",
            &["run u2 is in partition 1 instead of 38"],
        ),
        (
            "DELETE FROM partitions WHERE id = 63;",
            &["there are 63 partitions instead of 64"],
        ),
        (
            "DELETE FROM tasks WHERE uid = 't-u1';",
            &[
                "links of task number 1 have no task",
                "record of task number 1 has no task",
            ],
        ),
        (
            &format!("{unguarded} DELETE FROM record WHERE seq = 1;"),
            &["record of task number 1 has a gap"],
        ),
        (
            "UPDATE tasks SET version = 0 WHERE uid = 't-u2';",
            &["task t-u2 has no version, or is open and closed"],
        ),
        (
            "UPDATE tasks SET close_reason = 'why' WHERE uid = 't-u3';",
            &["task t-u3 has no version, or is open and closed"],
        ),
    ];
    for (damage, expected) in cases {
        let place = sound();
        place.plant(damage);
        assert_eq!(Sqlite::check(&place.path()).unwrap(), expected, "{damage}");
    }
}

/// Faults found once are found again: only a clean look ends the doubt.
#[test]
fn a_damaged_file_stays_doubtful() {
    let place = sound();
    place.plant(
        "DELETE FROM partitions WHERE id = 63;
        UPDATE meta SET value = '1' WHERE key = 'unchecked';",
    );
    for _ in 0..2 {
        assert_eq!(Sqlite::check(&place.path()).unwrap().len(), 1);
    }
    place.plant("INSERT INTO partitions (id) VALUES (63);");
    assert_eq!(Sqlite::check(&place.path()).unwrap(), [""; 0]);
    let open = place.open();
    assert!(!open.ledger.needs_check());
}

/// Flipped bytes: wherever a page of the file is overwritten, the check says so or refuses the
/// file; it never calls it sound.
#[test]
fn overwritten_pages_are_found() {
    let place = sound();
    let good = std::fs::read(place.path()).unwrap();
    let pages = good.len() / 4_096;
    assert!(pages > 10, "{pages}");
    for page in 0..pages {
        let mut bad = good.clone();
        // The page's header and the beginning of its cells' pointers.
        let begin = page * 4_096 + if page == 0 { 100 } else { 0 };
        bad[begin..begin + 16].fill(0xff);
        std::fs::write(place.path(), bad).unwrap();
        let found = Sqlite::check_fully(&place.path());
        assert!(
            !matches!(&found, Ok(faults) if faults.is_empty()),
            "page {page} of {pages}"
        );
    }
}

/// An index that disagrees with its table is what the full check is for.
#[test]
fn a_missing_index_entry_is_found_by_the_full_check() {
    let place = sound();
    // The index is taken out of the schema while a row is added, so that it misses the row.
    place.plant(
        "PRAGMA writable_schema = on;
        UPDATE sqlite_schema SET type = 'other' WHERE name = 'never';
        CREATE TABLE spare AS SELECT * FROM sqlite_schema WHERE name = 'runs_parked';
        DELETE FROM sqlite_schema WHERE name = 'runs_parked';",
    );
    place.plant("UPDATE runs SET parked = 'why' WHERE uid = 'u1';");
    place.plant(
        "PRAGMA writable_schema = on;
        INSERT INTO sqlite_schema SELECT * FROM spare; DROP TABLE spare;",
    );
    let found = Sqlite::check_fully(&place.path()).unwrap();
    assert_eq!(found, ["row 1 missing from index runs_parked"]);
}
