//! Opening, closing and opening again.

use super::super::{Durability, Sqlite};
use super::{Open, Place};
use crate::port::Reader;
use crate::rows::{Fence, Outcome, Quiet};
use crate::samples::{birth, born, command, committed, turn, turned};

/// A commit survives every end of the process, and with FULL a power cut; NORMAL is asked for.
#[test]
fn settings() {
    let place = Place::new();
    let ask = |open: &Open| {
        let pragmas = ["synchronous", "foreign_keys", "page_size", "cache_size"];
        pragmas.map(|name| open.number(&format!("PRAGMA {name}")))
    };
    let open = place.open();
    assert_eq!(ask(&open), [2, 1, 4_096, -4_096]);
    let mode: String = open
        .ledger
        .connection
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    drop(open);
    let ledger = Sqlite::open(&place.path(), Durability::Normal, "boot").unwrap();
    let fences = vec![];
    assert_eq!(ask(&Open { ledger, fences }), [1, 1, 4_096, -4_096]);
    assert_eq!(Durability::default(), Durability::Full);
}

/// After a clean end and after a sudden one everything committed is there, and a new owner has
/// new epochs.
#[test]
fn restart() {
    let place = Place::new();
    let mut open = place.open();
    assert_eq!(open.write(born(birth(&open.fences, "u1"))), committed(1));
    let Outcome::Inserted { id } = open.write(command("u1", "{}")) else {
        panic!("no command")
    };
    let before = open.ledger.load_run("u1").unwrap();
    let old = open.fences.clone();
    open.close();
    assert_eq!(place.files(), ["ledger.db"]);

    let mut open = place.open();
    assert_eq!(open.ledger.load_run("u1").unwrap(), before);
    assert_eq!(open.ledger.pending_commands("u1").unwrap()[0].id, id);
    let next = |fence: &Fence| Fence {
        epoch: fence.epoch + 1,
        ..*fence
    };
    let expected: Vec<Fence> = old.iter().map(next).collect();
    assert_eq!(open.fences, expected);
    assert_eq!(open.write(turned(turn(&old, "u1", 1))), Outcome::Stale);
    let write = turned(turn(&open.fences, "u1", 1));
    assert_eq!(open.write(write), committed(2));
    // Without a word: the log stays beside the file and is taken up again.
    let copy = Place::new();
    for name in place.files() {
        let from = place.folder.path().join(&name);
        std::fs::copy(from, copy.folder.path().join(&name)).unwrap();
    }
    assert!(copy.files().contains(&"ledger.db-wal".to_owned()));
    let mut open = copy.open();
    let row = open.ledger.run_row("u1").unwrap().unwrap();
    assert_eq!((row.version, row.quiet), (2, Quiet::Awake));
}

/// Only another boot makes an unclean end doubtful, and only a check ends the doubt.
#[test]
fn an_unclean_stop_of_the_machine_wants_a_check() {
    let place = Place::new();
    let wants = |boot: &str| {
        let ledger = Sqlite::open(&place.path(), Durability::Full, boot).unwrap();
        ledger.needs_check()
    };
    assert!(!wants("boot 1"), "a new file");
    assert!(!wants("boot 1"), "only the process ended");
    assert!(wants("boot 2"), "the machine stopped");
    assert!(wants("boot 2"), "nobody has looked yet");
    Open::at(&place.path(), "boot 2").close();
    assert!(wants("boot 2"), "a clean end is no look either");
    assert_eq!(Sqlite::check(&place.path()).unwrap(), [""; 0]);
    assert!(!wants("boot 2"), "found sound");
    Open::at(&place.path(), "boot 2").close();
    assert!(!wants("boot 3"), "the end was clean");
    assert!(wants(""), "a machine whose boots have no names");
}

/// A file that is not a ledger is refused by name and stays as it is.
#[test]
fn foreign_files() {
    let place = Place::new();
    let path = place.path();
    let expect = |what: &str| {
        let before = std::fs::read(&path).unwrap();
        let text = format!("open {}: it is not a ledger", path.display());
        let error = Sqlite::open(&path, Durability::Full, "boot").unwrap_err();
        assert_eq!(error.to_string(), text, "{what}");
        let error = Sqlite::reader(&path).unwrap_err();
        assert_eq!(error.to_string(), text, "{what}");
        assert!(
            std::fs::read(&path).unwrap() == before,
            "{what} has changed"
        );
        std::fs::remove_file(&path).unwrap();
    };
    std::fs::write(
        &path,
        "a text that is long enough to be no header ".repeat(99),
    )
    .unwrap();
    expect("a text");
    place.plant("CREATE TABLE songs (title TEXT);");
    expect("a database of something else");
    place.plant("PRAGMA application_id = 7;");
    expect("a database of something else, still empty");
    place.plant("PRAGMA application_id = 1431521362; CREATE TABLE meta (key, value);");
    expect("a ledger that says no schema");
}

/// A reader does not make files, and names the one it misses.
#[test]
fn missing_files() {
    let place = Place::new();
    let error = Sqlite::reader(&place.path()).unwrap_err();
    let text = format!("open {}", place.path().display());
    assert_eq!(error.to_string(), text);
    assert_eq!(place.files(), [""; 0]);
    let nowhere = place.folder.path().join("no/such/folder/ledger.db");
    let error = Sqlite::open(&nowhere, Durability::Full, "boot").unwrap_err();
    assert_eq!(error.to_string(), format!("open {}", nowhere.display()));
    assert!(!error.is_fatal());
}
