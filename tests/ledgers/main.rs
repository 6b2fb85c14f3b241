//! Golden ledgers: files that earlier versions wrote, with runs asleep in every kind of wait.
//!
//! A file `NNNN.db` was written at schema NNNN and never changes; `NNNN.txt` is how its runs must
//! end. Their due times have long passed, so that whoever opens the file has all of them to wake at
//! once. `UPDATE=1` makes the file of the present schema, if there is none.

mod asked;
mod copies;

use std::path::{Path, PathBuf};
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use suite::{Place, nodes, phase, until};

/// Runs that wait for a person.
const BY_HAND: [&str; 3] = ["by-hand", "held", "at-exit"];

/// Runs that only time moves on, and how far off it is.
const WAITING: usize = 7;

fn folder() -> PathBuf {
    suite::root().join("tests/ledgers")
}

fn serve(place: &Place) -> Child {
    let child = place.start(["server", "--sleep-after-ms", "200"]);
    until("the server answers", || {
        let said = place.usher(["list", "-o", "json"]);
        (said.code == 0 && place.state().join("sock").exists()).then_some(())
    });
    child
}

fn stop(mut child: Child) {
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it lives");
    child.wait().expect("its end");
}

fn list(place: &Place) -> Vec<Value> {
    let json = place.usher(["list", "-o", "json"]).with_code(0).json();
    let items = json.get("items").unwrap_or(&json).as_array().cloned();
    items.expect("a list of workflows")
}

fn has_ended(object: &Value) -> bool {
    matches!(phase(object), "Succeeded" | "Failed" | "Error")
}

/// How a workflow stands: its phase, and every node's.
fn story(place: &Place, name: &str) -> String {
    let object = place.usher(["get", name, "-o", "json"]).with_code(0).json();
    let mut lines: Vec<String> = nodes(&object)
        .map(|node| {
            let text = |field: &str| node[field].as_str().unwrap_or("").to_owned();
            format!("  {} {} {}", text("name"), text("type"), text("phase"))
        })
        .collect();
    lines.sort();
    format!("{name} {}\n{}\n", phase(&object), lines.join("\n"))
}

/// Opens a ledger, wakes what waits for a person, and tells how all runs end.
fn finish(file: &Path) -> String {
    let place = Place::new();
    std::fs::copy(file, place.state().join("ledger.db")).expect("a copy");
    let server = serve(&place);
    for name in BY_HAND {
        // The first may find it not there yet: its exit handler begins when it is woken.
        until(name, || {
            (place.usher(["resume", name]).code == 0).then_some(())
        });
    }
    until("all end", || {
        list(&place).iter().all(has_ended).then_some(())
    });
    let mut names: Vec<String> = list(&place)
        .iter()
        .filter_map(|object| object["metadata"]["name"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    let told = names.iter().map(|name| story(&place, name)).collect();
    stop(server);
    let checked = place.usher(["db", "check"]).with_code(0);
    assert!(checked.err.is_empty(), "{}", checked.err);
    told
}

/// Makes the golden file of the present schema.
fn make(file: &Path) {
    let place = Place::new();
    let server = serve(&place);
    let waits = folder().join("waits.yaml");
    place.usher([Path::new("submit"), &waits]).with_code(0);
    until("all wait or have ended", || {
        let waiting = list(&place)
            .iter()
            .filter(|object| !has_ended(object))
            .count();
        let asleep = suite::awake(&place) == 0;
        (waiting == WAITING && asleep).then_some(())
    });
    stop(server);
    // An hour and more has passed when it is opened.
    keep(&place, file);
}

/// Copies the ledger of a place whose server has ended into one file, with what is still in its
/// log.
fn keep(place: &Place, file: &Path) {
    let ledger = rusqlite::Connection::open(place.state().join("ledger.db")).expect("a ledger");
    let file = file.to_str().expect("a path in UTF-8");
    ledger.execute("VACUUM INTO ?1", [file]).expect("a copy");
}

/// The ledgers in a folder, the oldest first.
fn ledgers_of(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "db"))
        .collect();
    files.sort();
    files
}

/// Every ledger that was ever committed opens, wakes and ends as it should.
#[test]
fn every_golden_ledger_is_finished() {
    let update = std::env::var_os("UPDATE").is_some();
    let present = folder().join(format!("{:04}.db", usher_ledger::SCHEMA));
    if update && !present.exists() {
        make(&present);
    }
    assert!(
        present.exists(),
        "UPDATE=1 makes the golden ledger of the present schema"
    );
    for file in ledgers_of(&folder()) {
        let told = finish(&file);
        let expected = file.with_extension("txt");
        if update && !expected.exists() {
            std::fs::write(&expected, &told).expect("written");
        }
        let expected = std::fs::read_to_string(&expected).expect("how its runs end");
        assert_eq!(told, expected, "{}", file.display());
    }
}

/// What failed under an earlier version can be retried under this one.
#[test]
fn an_old_end_can_be_retried() {
    for file in ledgers_of(&folder()) {
        let place = Place::new();
        std::fs::copy(&file, place.state().join("ledger.db")).expect("a copy");
        let server = serve(&place);
        let get = || {
            let said = place.usher(["get", "ended-badly", "-o", "json"]);
            said.with_code(0).json()
        };
        let before = get();
        let retried = place.usher(["retry", "ended-badly", "--wait"]).with_code(1);
        assert!(retried.out.contains("ended-badly Failed at"), "{retried:?}");
        let after = get();
        assert_eq!(before["metadata"]["uid"], after["metadata"]["uid"]);
        assert_ne!(before["status"]["startedAt"], after["status"]["startedAt"]);
        assert_eq!(
            before["status"]["nodes"]["ended-badly"]["message"],
            after["status"]["nodes"]["ended-badly"]["message"]
        );
        stop(server);
    }
}

/// A ledger of a newer version is refused, and both versions are named.
#[test]
fn a_newer_ledger_is_refused() {
    let place = Place::new();
    let file = ledgers_of(&folder()).pop().expect("a golden ledger");
    let copy = place.state().join("ledger.db");
    std::fs::copy(file, &copy).expect("a copy");
    let newer = usher_ledger::SCHEMA + 41;
    let ledger = rusqlite::Connection::open(&copy).expect("a ledger");
    let written = ledger.execute("UPDATE meta SET value = ?1 WHERE key = 'schema'", [newer]);
    assert_eq!(written.expect("written"), 1);
    drop(ledger);
    let said = place.usher(["server"]);
    assert_ne!(said.code, 0);
    let words = format!(
        "ledger is at schema {newer}, this binary knows up to {}: use the newer usher that wrote \
         it",
        usher_ledger::SCHEMA
    );
    assert!(said.err.contains(&words), "{}", said.err);
}
