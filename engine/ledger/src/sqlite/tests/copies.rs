//! Backups: one instant of a ledger in use, in one file that opens.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::Sqlite;
use super::{Open, Place};
use crate::port::{Ledger, Reader};
use crate::samples::{birth, born, committed, node, turn, turned};

const RUNS: usize = 300;

/// The version that every body of a run says, all alike.
fn version(open: &mut Open, uid: &str) -> i64 {
    let loaded = open.ledger.load_run(uid).unwrap().unwrap();
    let text = format!("version {}", loaded.row.version).into_bytes();
    let bodies = [&loaded.row.head, &loaded.nodes[0].body];
    assert_eq!(bodies, [&text; 2], "{uid}");
    assert_eq!(loaded.scope.as_ref(), Some(&text), "{uid}");
    loaded.row.version
}

/// While turns are being committed a backup is of one instant between two groups: each group
/// brings every run one version further, so all runs of a backup have the same.
#[test]
fn a_backup_while_the_ledger_is_written() {
    let place = Place::new();
    let mut open = place.open();
    let fences = open.fences.clone();
    let uids: Vec<String> = (0..RUNS).map(|number| format!("u{number}")).collect();
    // Ballast, so that the copy takes several steps.
    let bear = |uid: &String| {
        let mut birth = birth(&fences, uid);
        birth.nodes.push(node(1, None, &"x".repeat(30_000)));
        born(birth)
    };
    let births: Vec<_> = uids.iter().map(bear).collect();
    open.ledger.commit(&births).unwrap();
    let target = place.folder.path().join("backup.db");
    let (over, began) = (AtomicBool::new(false), std::sync::Barrier::new(2));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut at = 1;
            began.wait();
            while !over.load(Ordering::SeqCst) {
                let turns: Vec<_> = uids
                    .iter()
                    .map(|uid| turned(turn(&fences, uid, at)))
                    .collect();
                at += 1;
                let outcomes = open.ledger.commit(&turns).unwrap();
                assert!(outcomes.iter().all(|outcome| *outcome == committed(at)));
            }
            at
        });
        began.wait();
        let copied = Sqlite::backup(&place.path(), &target);
        over.store(true, Ordering::SeqCst);
        copied.unwrap();
        assert!(writer.join().unwrap() > 1);
    });
    drop(open);

    let names = place.files();
    assert_eq!(names, ["backup.db", "ledger.db"]);
    assert_eq!(Sqlite::check_fully(&target).unwrap(), [""; 0]);
    let mut copy = Open::at(&target, "boot");
    let first = version(&mut copy, "u0");
    for uid in &uids {
        assert_eq!(version(&mut copy, uid), first, "{uid}");
    }
    let write = turned(turn(&copy.fences, "u0", first));
    assert_eq!(copy.write(write), committed(first + 1));
}

/// A file that is there is never overwritten, the ledger itself included.
#[test]
fn a_backup_overwrites_nothing() {
    let place = Place::new();
    let mut open = place.open();
    assert_eq!(open.write(born(birth(&open.fences, "u1"))), committed(1));
    let target = place.folder.path().join("backup.db");
    std::fs::write(&target, "precious").unwrap();
    for taken in [&target, &place.path()] {
        let error = Sqlite::backup(&place.path(), taken).unwrap_err();
        let text = format!(
            "write the backup {}: it exists; name a new file",
            taken.display()
        );
        assert_eq!(error.to_string(), text);
    }
    assert_eq!(std::fs::read(&target).unwrap(), b"precious");
    assert!(open.ledger.load_run("u1").unwrap().is_some());
}

/// A backup that fails leaves nothing that could be taken for one.
#[test]
fn a_failed_backup_leaves_no_file() {
    let place = Place::new();
    let target = place.folder.path().join("backup.db");
    let error = Sqlite::backup(&place.path(), &target).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("open {}", place.path().display())
    );
    assert_eq!(place.files(), [""; 0]);

    let mut open = place.open();
    assert_eq!(open.write(born(birth(&open.fences, "u1"))), committed(1));
    open.close();
    let nowhere = place.folder.path().join("no/backup.db");
    let error = Sqlite::backup(&place.path(), &nowhere).unwrap_err();
    let text = format!("write the backup {}", nowhere.display());
    assert_eq!(error.to_string(), text);

    // The last page is gone: the copy is begun and cannot be ended.
    let length = std::fs::metadata(place.path()).unwrap().len();
    let file = std::fs::File::options()
        .write(true)
        .open(place.path())
        .unwrap();
    file.set_len(length - 4_096).unwrap();
    let error = Sqlite::backup(&place.path(), &target).unwrap_err();
    assert!(error.chain().contains("malformed"), "{}", error.chain());
    assert_eq!(place.files(), ["ledger.db"]);
}
