//! Removal: nothing of a run stays, and what is gone does not come back under its number.

use usher_ledger::{Counts, Fence, Outcome, Write};

use super::ground::{Ground, committed, node, took, turned};

fn delete(run: &str, fence: Fence, id: i64) -> Write {
    Write::Delete {
        run: run.to_owned(),
        fence,
        applied: vec![took(id, "\"deleted\"")],
    }
}

fn assert_gone(ground: &Ground, uid: &str, commands: [i64; 2]) {
    let mut reader = ground.reader();
    assert_eq!(reader.load_run(uid).unwrap(), None);
    assert_eq!(reader.run_row(uid).unwrap(), None);
    assert_eq!(
        reader
            .find_run("default", &format!("name-of-{uid}"))
            .unwrap(),
        None
    );
    assert_eq!(reader.pending_commands(uid).unwrap(), []);
    for id in commands {
        assert_eq!(reader.command_state(id).unwrap(), None, "{id}");
    }
    assert_eq!(reader.plan("hash-a").unwrap(), None);
    assert_eq!(reader.counts().unwrap(), Counts::default());
    for part in 0..usher_ledger::PARTITIONS {
        assert_eq!(reader.awake_runs(part).unwrap(), [""; 0]);
        assert_eq!(reader.pending_runs(part).unwrap(), [""; 0]);
    }
}

/// The turn that ends a run for good takes every row along, commands that came late too.
pub(super) fn a_turn_can_remove_its_run(ground: &mut Ground) {
    ground.bear("u1");
    let taken = ground.command("u1", "{}");
    let late = ground.command("u1", "{}");
    let mut turn = ground.turn("u1", 1);
    turn.applied = vec![took(taken, "\"deleted\"")];
    turn.nodes = vec![node(1, Some(0), "last")];
    turn.delete = true;
    assert_eq!(ground.write(turned(turn)), committed(2));
    assert_gone(ground, "u1", [taken, late]);
}

/// A run that takes no turns is removed by its owner, whatever its version.
pub(super) fn a_run_without_turns_can_be_removed(ground: &mut Ground) {
    ground.bear("u1");
    assert_eq!(ground.write(turned(ground.turn("u1", 1))), committed(2));
    let taken = ground.command("u1", "{}");
    let late = ground.command("u1", "{}");
    let fence = ground.fence("u1");
    assert_eq!(ground.write(delete("u1", fence, taken)), committed(2));
    assert_gone(ground, "u1", [taken, late]);
    assert_eq!(ground.write(delete("u1", fence, taken)), Outcome::Stale);
}

/// Without the epoch, or with a command that is not open, nothing is removed.
pub(super) fn removal_obeys_the_guards(ground: &mut Ground) {
    ground.bear("u1");
    let id = ground.command("u1", "{}");
    let held = ground.fence("u1");
    let old = Fence {
        epoch: held.epoch - 1,
        ..held
    };
    for (fence, id) in [(old, id), (ground.fence("u2"), id), (held, id + 1)] {
        let outcome = ground.write(delete("u1", fence, id));
        assert_eq!(outcome, Outcome::Stale, "{fence:?} {id}");
    }
    let mut turn = ground.turn("u1", 2);
    turn.delete = true;
    assert_eq!(ground.write(turned(turn)), Outcome::Stale);
    let loaded = ground.reader().load_run("u1").unwrap().unwrap();
    assert_eq!(
        (loaded.row.version, loaded.nodes),
        (1, vec![node(0, None, "root")])
    );
    assert_eq!(ground.reader().pending_commands("u1").unwrap().len(), 1);
}

/// Whoever waits for a removed command cannot get the answer of a later one.
pub(super) fn numbers_of_removed_commands_do_not_come_back(ground: &mut Ground) {
    ground.bear("u1");
    let id = ground.command("u1", "{}");
    let fence = ground.fence("u1");
    assert_eq!(ground.write(delete("u1", fence, id)), committed(1));
    ground.bear("u1");
    let loaded = ground.reader().load_run("u1").unwrap().unwrap();
    assert_eq!(
        (loaded.row.version, loaded.nodes),
        (1, vec![node(0, None, "root")])
    );
    let later = ground.command("u1", "{}");
    assert!(later > id, "{later} after {id}");
    assert_eq!(ground.reader().command_state(id).unwrap(), None);
}
