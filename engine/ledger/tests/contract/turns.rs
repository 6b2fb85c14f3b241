//! Turns: written whole or not at all, by the one who may, on what he has seen.

use usher_ledger::{BODY_MAX, Fence, Outcome, Quiet, Write};

use super::ground::{Ground, born, committed, head, node, refused, turned};

const TOO_LARGE: &str = "a body has more than 16777216 bytes";

/// A turn replaces the head, adds and replaces the nodes it names, and leaves the rest.
pub(super) fn a_turn_writes_what_changed_and_nothing_else(ground: &mut Ground) {
    let mut birth = ground.birth("u1");
    birth.nodes.push(node(1, Some(0), "one"));
    assert_eq!(ground.write(born(birth)), committed(1));
    ground.bear("u2");
    let other = ground.reader().load_run("u2").unwrap();

    let mut turn = ground.turn("u1", 1);
    turn.head = head("Succeeded", "over");
    turn.head.started_ms = Some(2_000);
    turn.head.finished_ms = Some(3_000);
    turn.head.quiet = Quiet::Forever;
    turn.nodes = vec![node(2, Some(0), "two"), node(1, Some(0), "one, changed")];
    assert_eq!(ground.write(turned(turn)), committed(2));

    let mut reader = ground.reader();
    let loaded = reader.load_run("u1").unwrap().unwrap();
    let nodes = [
        node(0, None, "root"),
        node(1, Some(0), "one, changed"),
        node(2, Some(0), "two"),
    ];
    assert_eq!(loaded.nodes, nodes);
    assert_eq!(loaded.scope.as_deref(), Some(&b"\"scope\""[..]));
    let row = loaded.row;
    assert_eq!((row.version, &*row.phase), (2, "Succeeded"));
    assert_eq!(
        (row.started_ms, row.finished_ms),
        (Some(2_000), Some(3_000))
    );
    assert_eq!((row.quiet, &*row.head), (Quiet::Forever, &b"over"[..]));
    assert_eq!(reader.load_run("u2").unwrap(), other);

    let mut turn = ground.turn("u1", 2);
    turn.scope = Some(b"\"wider\"".to_vec());
    assert_eq!(ground.write(turned(turn)), committed(3));
    let loaded = reader.load_run("u1").unwrap().unwrap();
    assert_eq!(loaded.scope.as_deref(), Some(&b"\"wider\""[..]));
    assert_eq!(loaded.nodes, nodes);
}

/// A turn decided on any other version than the ledger's writes nothing.
pub(super) fn an_old_or_future_version_writes_nothing(ground: &mut Ground) {
    ground.bear("u1");
    assert_eq!(ground.write(turned(ground.turn("u1", 1))), committed(2));
    let before = ground.reader().load_run("u1").unwrap();
    for version in [1, 3, 0, -1, i64::MAX] {
        let mut turn = ground.turn("u1", version);
        turn.scope = Some(b"\"other\"".to_vec());
        turn.nodes = vec![node(0, None, "other"), node(9, None, "new")];
        assert_eq!(ground.write(turned(turn)), Outcome::Stale, "{version}");
    }
    assert_eq!(ground.write(turned(ground.turn("u9", 1))), Outcome::Stale);
    assert_eq!(ground.reader().load_run("u1").unwrap(), before);
}

/// Once a partition is taken over, its former owner writes nothing, and the new one does.
pub(super) fn a_lost_epoch_writes_nothing(ground: &mut Ground) {
    ground.bear("u1");
    let old = ground.fence("u1");
    let epoch = ground
        .ledger
        .take_over(old.part, "other", old.epoch)
        .unwrap();
    let new = Fence {
        epoch: epoch.unwrap(),
        ..old
    };
    assert_eq!(new.epoch, old.epoch + 1);
    assert_eq!(ground.write(turned(ground.turn("u1", 1))), Outcome::Stale);
    let park = Write::Park {
        run: "u1".to_owned(),
        fence: old,
        reason: "broken".to_owned(),
    };
    assert_eq!(ground.write(park), Outcome::Stale);
    let row = ground.reader().run_row("u1").unwrap().unwrap();
    assert_eq!((row.version, row.parked), (1, None));

    let mut turn = ground.turn("u1", 1);
    turn.fence = new;
    assert_eq!(ground.write(turned(turn)), committed(2));
}

/// The right to another partition is no right to this one's runs.
pub(super) fn another_partition_does_not_help(ground: &mut Ground) {
    ground.bear("u1");
    let mut turn = ground.turn("u1", 1);
    turn.fence = ground.fence("u2");
    assert_eq!(ground.write(turned(turn)), Outcome::Stale);
    let park = Write::Park {
        run: "u1".to_owned(),
        fence: ground.fence("u2"),
        reason: "broken".to_owned(),
    };
    assert_eq!(ground.write(park), Outcome::Stale);
    assert_eq!(ground.reader().run_row("u1").unwrap().unwrap().version, 1);
}

/// Turns of one run in one group follow each other; the same turn twice is written once.
pub(super) fn a_group_is_applied_in_its_order(ground: &mut Ground) {
    let group = [
        born(ground.birth("u1")),
        turned(ground.turn("u1", 1)),
        turned(ground.turn("u1", 1)),
        turned(ground.turn("u1", 2)),
    ];
    let outcomes = ground.ledger.commit(&group).unwrap();
    let expected = [committed(1), committed(2), Outcome::Stale, committed(3)];
    assert_eq!(outcomes, expected);
    assert_eq!(ground.reader().run_row("u1").unwrap().unwrap().version, 3);
}

/// A turn that lost its guard does not disturb the others in its group.
pub(super) fn a_stale_turn_leaves_its_group_alone(ground: &mut Ground) {
    for uid in ["u1", "u2", "u3"] {
        ground.bear(uid);
    }
    let mut stale = ground.turn("u2", 7);
    stale.nodes = vec![node(0, None, "never")];
    let group = [
        turned(ground.turn("u1", 1)),
        turned(stale),
        turned(ground.turn("u3", 1)),
    ];
    let outcomes = ground.ledger.commit(&group).unwrap();
    assert_eq!(outcomes, [committed(2), Outcome::Stale, committed(2)]);
    let mut reader = ground.reader();
    let loaded = reader.load_run("u2").unwrap().unwrap();
    assert_eq!(
        (loaded.row.version, loaded.nodes),
        (1, vec![node(0, None, "root")])
    );
}

/// A body beyond the bound is refused wherever it stands, and only it.
pub(super) fn a_body_too_large_is_refused_alone(ground: &mut Ground) {
    for uid in ["u1", "u2"] {
        ground.bear(uid);
    }
    let id = ground.command("u1", "{}");
    let large = vec![b'x'; BODY_MAX + 1];
    let (mut in_head, mut in_scope) = (ground.turn("u1", 1), ground.turn("u1", 1));
    let (mut in_node, mut in_answer) = (ground.turn("u1", 1), ground.turn("u1", 1));
    in_head.head.body.clone_from(&large);
    in_scope.scope = Some(large.clone());
    in_node.nodes = vec![node(3, None, "")];
    in_node.nodes[0].body.clone_from(&large);
    in_answer.applied = vec![usher_ledger::Applied {
        id,
        outcome: large.clone(),
    }];
    let in_command = Write::Command {
        run: "u1".to_owned(),
        kind: "stop".to_owned(),
        body: large.clone(),
        key: None,
    };
    let mut in_birth = ground.birth("u3");
    in_birth.nodes[0].body = large;
    let mut group = [in_head, in_scope, in_node, in_answer].map(turned).to_vec();
    group.extend([in_command, born(in_birth), turned(ground.turn("u2", 1))]);
    let outcomes = ground.ledger.commit(&group).unwrap();
    let mut expected = vec![refused(TOO_LARGE); 6];
    expected.push(committed(2));
    assert_eq!(outcomes, expected);

    let mut reader = ground.reader();
    assert_eq!(reader.run_row("u1").unwrap().unwrap().version, 1);
    assert_eq!(reader.run_row("u3").unwrap(), None);
    assert_eq!(reader.pending_commands("u1").unwrap().len(), 1);
    let mut turn = ground.turn("u1", 1);
    turn.nodes = vec![node(3, None, "")];
    turn.nodes[0].body = vec![b'x'; BODY_MAX];
    assert_eq!(ground.write(turned(turn)), committed(2));
}

/// Who may not write is told that first: only the owner of a run has it parked.
pub(super) fn a_stale_turn_is_not_refused(ground: &mut Ground) {
    ground.bear("u1");
    let mut turn = ground.turn("u1", 2);
    turn.head.body = vec![b'x'; BODY_MAX + 1];
    assert_eq!(ground.write(turned(turn)), Outcome::Stale);
}

/// Parking is durable, raises the version, and a later turn takes the run up again.
pub(super) fn parking_makes_decided_turns_stale(ground: &mut Ground) {
    ground.bear("u1");
    let park = |ground: &Ground, run: &str| Write::Park {
        run: run.to_owned(),
        fence: ground.fence(run),
        reason: "EngineBug".to_owned(),
    };
    assert_eq!(ground.write(park(ground, "u1")), committed(2));
    assert_eq!(ground.write(park(ground, "u9")), Outcome::Stale);
    assert_eq!(ground.write(turned(ground.turn("u1", 1))), Outcome::Stale);
    let row = ground.reader().run_row("u1").unwrap().unwrap();
    assert_eq!(row.parked.as_deref(), Some("EngineBug"));
    assert_eq!((row.version, &*row.head), (2, &b"born"[..]));

    assert_eq!(ground.write(turned(ground.turn("u1", 2))), committed(3));
    let row = ground.reader().run_row("u1").unwrap().unwrap();
    assert_eq!(row.parked, None);
}

/// Nothing to write is no error.
pub(super) fn an_empty_group_is_nothing(ground: &mut Ground) {
    assert_eq!(ground.ledger.commit(&[]).unwrap(), []);
}
