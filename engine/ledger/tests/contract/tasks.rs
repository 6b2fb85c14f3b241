//! Tasks: opened and closed by turns, moved through the gate, halted with their runs.

use usher_ledger::People;
use usher_ledger::tasks::{TaskOpening, TaskRow};

use super::ground::{Ground, committed, turned};

/// A turn opens a task with the names of its run, a second opening changes nothing.
pub(super) fn a_turn_opens_a_task(ground: &mut Ground) {
    ground.bear("u1");
    ground.set_time(5_000);
    let mut turn = ground.turn("u1", 1);
    turn.people = opens(&["t1"]);
    assert_eq!(ground.write(turned(turn)), committed(2));
    let expected = TaskRow {
        id: "t1".to_owned(),
        run: "u1".to_owned(),
        workflow: "name-of-u1".to_owned(),
        namespace: "default".to_owned(),
        node: 7,
        state: "Opening".to_owned(),
        open: true,
        version: 1,
        due_ms: Some(0),
        opened_ms: 5_000,
        closed_ms: None,
        close_reason: None,
        body: b"asked".to_vec(),
    };
    let mut reader = ground.reader();
    assert_eq!(reader.task("t1").unwrap(), Some(expected.clone()));

    ground.set_time(6_000);
    let mut again = ground.turn("u1", 2);
    again.people = opens(&["t1"]);
    again.people.opens[0].body = b"other".to_vec();
    assert_eq!(ground.write(turned(again)), committed(3));
    assert_eq!(reader.task("t1").unwrap(), Some(expected));
}

/// Openings of these tasks, all of node 7.
fn opens(ids: &[&str]) -> People {
    let open = |id: &&str| TaskOpening {
        id: (*id).to_owned(),
        node: 7,
        body: b"asked".to_vec(),
    };
    People {
        opens: ids.iter().map(open).collect(),
        ..People::default()
    }
}
