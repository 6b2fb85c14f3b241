//! What waits together is committed together, within bounds and in order.

use super::{Desk, PATIENCE};
use crate::port::Reader;
use crate::rows::Outcome;
use crate::samples::{birth, born, command, committed, turned};
use crate::writer::Stats;

/// A lone write is a group of its own: the thread waits for nobody.
#[test]
fn a_lone_write_does_not_wait() {
    let desk = Desk::new();
    for version in 1..=3 {
        assert_eq!(
            desk.write(turned(desk.turn(version))),
            committed(version + 1)
        );
    }
    assert_eq!(desk.memory.commits(), 4);
    assert_eq!(desk.handle.stats().group_max, 1);
}

/// A crowd shares its commits, 256 writes in each at most; the numbers say so.
#[test]
fn a_crowd_shares_its_commits() {
    let desk = Desk::new();
    let held = desk.hold();
    let waiting: Vec<_> = (1..=300)
        .map(|version| desk.send(turned(desk.turn(version))))
        .collect();
    assert_eq!(desk.handle.stats().queued, 300);
    drop(held);
    for (version, told) in (2..).zip(waiting) {
        assert_eq!(
            told.recv_timeout(PATIENCE).unwrap().unwrap(),
            committed(version)
        );
    }
    // The birth, the write that held the thread, 256 and 44.
    assert_eq!(desk.memory.commits(), 4);
    let stats = desk.handle.stats();
    assert!(stats.slowest_commit_us >= stats.last_commit_us);
    let expected = Stats {
        groups: 4,
        writes: 302,
        refused: 0,
        group_max: 256,
        queued: 0,
        ..stats
    };
    assert_eq!(stats, expected);
}

/// Large writes fill a group by their bytes: 4 MiB are enough for one sync.
#[test]
fn a_group_is_bounded_in_bytes() {
    let desk = Desk::new();
    let held = desk.hold();
    let body = "x".repeat(1 << 20);
    let waiting: Vec<_> = (0..9).map(|_| desk.send(command("u1", &body))).collect();
    drop(held);
    for told in waiting {
        assert!(matches!(
            told.recv_timeout(PATIENCE).unwrap(),
            Ok(Outcome::Inserted { .. })
        ));
    }
    // The birth, the write that held the thread, four, four and one.
    assert_eq!(desk.memory.commits(), 5);
    assert_eq!(desk.handle.stats().group_max, 4);
}

/// Every write of a group is told its own outcome.
#[test]
fn each_write_is_told_its_own_outcome() {
    let desk = Desk::new();
    let held = desk.hold();
    let waiting = [
        desk.send(turned(desk.turn(1))),
        desk.send(turned(desk.turn(1))),
        desk.send(command("u9", "{}")),
        desk.send(born(birth(&desk.fences, "u2"))),
    ];
    drop(held);
    let outcomes = waiting.map(|told| told.recv_timeout(PATIENCE).unwrap().unwrap());
    let refused = Outcome::Refused {
        reason: "run u9 is not in the ledger".to_owned(),
    };
    let expected = [committed(2), Outcome::Stale, refused, committed(1)];
    assert_eq!(outcomes, expected);
    assert_eq!(desk.handle.stats().refused, 1);
}

/// Writes that are told are in the ledger: a reader sees them at once.
#[test]
fn what_is_told_is_written() {
    let desk = Desk::new();
    let mut reader = desk.memory.clone();
    for version in 1..50 {
        desk.write(turned(desk.turn(version)));
        let row = reader.run_row("u1").unwrap().unwrap();
        assert_eq!(row.version, version + 1);
    }
}
