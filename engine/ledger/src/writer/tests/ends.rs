//! The end of the thread: in order, by a broken disk, by a panic. Everybody is answered.

use std::sync::mpsc::{RecvTimeoutError, channel};

use super::{Desk, PATIENCE, reply};
use crate::error::Error;
use crate::memory::Fault;
use crate::rows::Outcome;
use crate::samples::{birth, born, command, committed, turned};
use crate::sqlite::{Durability, Sqlite};
use crate::writer::Writer;

fn is_closed(result: &Result<impl Sized, Error>) -> bool {
    matches!(result, Err(Error::Closed))
}

/// Closing writes what waits, answers the rest, and afterwards everything is `Closed`.
#[test]
fn close_writes_what_waits() {
    let desk = Desk::new();
    let id = desk.command();
    let waiter = desk.waiting_for(id);
    let held = desk.hold();
    let before = desk.send(turned(desk.turn(1)));
    let closer = {
        let handle = desk.handle.clone();
        let queued = desk.handle.stats().queued;
        let thread = std::thread::spawn(move || handle.close());
        while desk.handle.stats().queued == queued {
            std::thread::yield_now();
        }
        thread
    };
    let after = desk.send(turned(desk.turn(2)));
    drop(held);
    closer.join().unwrap();
    assert_eq!(
        before.recv_timeout(PATIENCE).unwrap().unwrap(),
        committed(2)
    );
    assert!(is_closed(&after.recv_timeout(PATIENCE).unwrap()));
    assert!(is_closed(&waiter.recv_timeout(PATIENCE).unwrap()));
    assert!(is_closed(
        &desk
            .send(turned(desk.turn(2)))
            .recv_timeout(PATIENCE)
            .unwrap()
    ));
    assert!(is_closed(
        &desk.wait_for(id).recv_timeout(PATIENCE).unwrap()
    ));
    desk.handle.close();
    assert_eq!(desk.handle.stats().queued, 0);
    // The thread has let go of its alarm without sounding it.
    let silence = desk.fatal.recv_timeout(PATIENCE).unwrap_err();
    assert_eq!(silence, RecvTimeoutError::Disconnected);
}

/// When `close` returns the file is free and tidy: no log is left beside it.
#[test]
fn close_lets_go_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    for version in 0..20 {
        let mut ledger = Sqlite::open(&path, Durability::Full, "boot").unwrap();
        let fences = ledger.take_over_all("tester").unwrap();
        let handle = Writer::spawn(Box::new(ledger), Box::new(|error| panic!("{error}")));
        let (tell, told) = reply();
        let write = match version {
            0 => born(birth(&fences, "u1")),
            _ => turned(crate::samples::turn(&fences, "u1", version)),
        };
        handle.submit(write, tell);
        handle.close();
        assert_eq!(
            told.recv_timeout(PATIENCE).unwrap().unwrap(),
            committed(version + 1)
        );
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1);
    }
}

/// A disk that is gone: everybody is told why, then the process; nothing is written any more.
#[test]
fn a_broken_disk_ends_the_writer() {
    let desk = Desk::new();
    let id = desk.command();
    let waiter = desk.waiting_for(id);
    let held = desk.hold();
    desk.memory.arm(Fault::Broken);
    let waiting = [
        desk.send(turned(desk.turn(1))),
        desk.send(command("u1", "{}")),
    ];
    let asked = desk.wait_for(id);
    let (entered, more) = (desk.memory.commits(), 256);
    let crowd: Vec<_> = (0..more).map(|_| desk.send(command("u1", "{}"))).collect();
    drop(held);
    let fatal = desk.fatal.recv_timeout(PATIENCE).unwrap();
    let text = "commit a group of turns: the disk is gone";
    assert_eq!(fatal.chain(), text);
    for told in waiting.into_iter().chain(crowd) {
        assert_eq!(
            told.recv_timeout(PATIENCE).unwrap().unwrap_err().chain(),
            text
        );
    }
    for told in [waiter, asked] {
        assert_eq!(
            told.recv_timeout(PATIENCE).unwrap().unwrap_err().chain(),
            text
        );
    }
    assert_eq!(desk.memory.commits(), entered + 1);
    assert!(is_closed(
        &desk
            .send(command("u1", "{}"))
            .recv_timeout(PATIENCE)
            .unwrap()
    ));
    desk.handle.close();
}

/// Another process that has the ledger ends nothing: who wrote is told and tries again.
#[test]
fn a_busy_ledger_ends_nothing() {
    let desk = Desk::new();
    desk.memory.arm(Fault::Busy);
    let told = desk
        .send(turned(desk.turn(1)))
        .recv_timeout(PATIENCE)
        .unwrap();
    assert!(matches!(told, Err(Error::Busy { .. })), "{told:?}");
    assert_eq!(desk.write(turned(desk.turn(1))), committed(2));
}

/// A commit that fails half-way: the outcome is unknown to everybody, and the writer ends.
#[test]
fn a_commit_in_doubt_is_told_as_unknown() {
    let desk = Desk::new();
    desk.memory.arm(Fault::InDoubt);
    let told = desk.send(turned(desk.turn(1)));
    let text = "commit a group of turns: whether it is on the disk shows when the ledger is \
                opened again: the sync failed";
    let unknown = Outcome::Unknown {
        reason: text.to_owned(),
    };
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap(), unknown);
    let fatal = desk.fatal.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(fatal, Error::InDoubt { .. }) && fatal.is_fatal());
    assert_eq!(fatal.chain(), text);
}

/// A panic on the thread: whoever is in its hands is told, then the process.
#[test]
fn a_panic_ends_the_writer() {
    let desk = Desk::new();
    let id = desk.command();
    let waiter = desk.waiting_for(id);
    let held = desk.hold();
    let before = desk.send(turned(desk.turn(1)));
    let poison = Box::new(|_| panic!("a reply that panics, as this test wants it"));
    desk.handle.submit(command("u1", "{}"), poison);
    let after = desk.send(turned(desk.turn(2)));
    drop(held);
    assert!(matches!(
        desk.fatal.recv_timeout(PATIENCE).unwrap(),
        Error::Panicked
    ));
    assert_eq!(
        before.recv_timeout(PATIENCE).unwrap().unwrap(),
        committed(2)
    );
    for error in [
        after.recv_timeout(PATIENCE).unwrap().unwrap_err(),
        waiter.recv_timeout(PATIENCE).unwrap().unwrap_err(),
    ] {
        assert!(matches!(error, Error::Panicked), "{error}");
    }
    let late = desk
        .send(command("u1", "{}"))
        .recv_timeout(PATIENCE)
        .unwrap()
        .unwrap_err();
    assert!(matches!(late, Error::Closed | Error::Panicked), "{late}");
    desk.handle.close();
}

/// When the last handle is gone the ledger is closed cleanly, and its file is free.
#[test]
fn the_last_handle_closes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = Sqlite::open(&path, Durability::Full, "boot 1").unwrap();
    let fences = ledger.take_over_all("tester").unwrap();
    let (alarm, ended) = channel::<()>();
    let on_fatal = Box::new(move |_: &Error| alarm.send(()).unwrap());
    let handle = Writer::spawn(Box::new(ledger), on_fatal);
    let (tell, told) = reply();
    handle.submit(born(birth(&fences, "u1")), tell);
    drop(handle);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap(), committed(1));
    // The thread drops the alarm as its last act.
    let silence = ended.recv_timeout(PATIENCE).unwrap_err();
    assert_eq!(silence, RecvTimeoutError::Disconnected);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let ledger = Sqlite::open(&path, Durability::Full, "boot 2").unwrap();
    assert!(!ledger.needs_check());
}
