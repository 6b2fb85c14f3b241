//! Births: a run is made whole, once, and where it belongs.

use usher_ledger::{Fence, Loaded, NodeRow, Outcome, Quiet, RunRow, Write, part_of};

use super::ground::{Ground, born, committed, node, refused};

/// What a birth brings is read back, every column of it.
pub(super) fn a_birth_is_read_back_whole(ground: &mut Ground) {
    let mut birth = ground.birth("u1");
    birth.head.quiet = Quiet::Until(5_000);
    birth.head.parked = Some("a person must look".to_owned());
    birth.head.finished_ms = Some(4_000);
    let mut child = node(1, Some(0), "child");
    child.live = false;
    birth.nodes.push(child);
    assert_eq!(ground.write(born(birth)), committed(1));

    let row = RunRow {
        uid: "u1".to_owned(),
        part: part_of("u1"),
        namespace: "default".to_owned(),
        name: "name-of-u1".to_owned(),
        version: 1,
        phase: "Running".to_owned(),
        parked: Some("a person must look".to_owned()),
        plan: "hash-a".to_owned(),
        created_ms: 1_000,
        started_ms: Some(1_001),
        finished_ms: Some(4_000),
        quiet: Quiet::Until(5_000),
        head: b"born".to_vec(),
    };
    let nodes = vec![
        NodeRow {
            ix: 0,
            parent: None,
            live: true,
            body: b"root".to_vec(),
        },
        NodeRow {
            ix: 1,
            parent: Some(0),
            live: false,
            body: b"child".to_vec(),
        },
    ];
    let mut reader = ground.reader();
    assert_eq!(reader.run_row("u1").unwrap(), Some(row.clone()));
    let loaded = Loaded {
        row,
        plan: b"{\"plan\":\"a\"}".to_vec(),
        scope: Some(b"\"scope\"".to_vec()),
        nodes,
    };
    assert_eq!(reader.load_run("u1").unwrap(), Some(loaded));
    let plan = reader.plan("hash-a").unwrap();
    assert_eq!(plan.as_deref(), Some(&b"{\"plan\":\"a\"}"[..]));
}

/// Who has not, or no longer, the partition bears nothing, not even the plan.
pub(super) fn a_birth_needs_the_epoch(ground: &mut Ground) {
    let held = ground.fence("u1");
    for epoch in [held.epoch - 1, held.epoch + 1] {
        let mut birth = ground.birth("u1");
        birth.fence = Fence { epoch, ..held };
        assert_eq!(ground.write(born(birth)), Outcome::Stale);
    }
    let mut reader = ground.reader();
    assert_eq!(reader.load_run("u1").unwrap(), None);
    assert_eq!(reader.plan("hash-a").unwrap(), None);
}

/// A second birth of a uid writes nothing, be it in the same group or later.
pub(super) fn no_run_is_born_twice(ground: &mut Ground) {
    let (first, mut second) = (ground.birth("u1"), ground.birth("u1"));
    second.name = "another".to_owned();
    second.plan_hash = "hash-b".to_owned();
    second.nodes.push(node(1, None, "another"));
    let group = [born(first), born(second.clone())];
    let outcomes = ground.ledger.commit(&group).unwrap();
    assert_eq!(outcomes, [committed(1), Outcome::Stale]);
    assert_eq!(ground.write(born(second)), Outcome::Stale);

    let mut reader = ground.reader();
    let loaded = reader.load_run("u1").unwrap().unwrap();
    assert_eq!((&*loaded.row.name, loaded.row.version), ("name-of-u1", 1));
    assert_eq!(loaded.nodes, [node(0, None, "root")]);
    assert_eq!(reader.plan("hash-b").unwrap(), None);
}

/// A submitter who asks again with the same key makes no second run and finds the first.
pub(super) fn a_key_bears_one_run(ground: &mut Ground) {
    let keyed = |ground: &Ground, uid: &str, key: &str| -> Write {
        let mut birth = ground.birth(uid);
        birth.key = Some(key.to_owned());
        born(birth)
    };
    let writes = [("u1", "k1"), ("u2", "k1"), ("u3", "k2")];
    let outcomes = writes.map(|(uid, key)| ground.write(keyed(ground, uid, key)));
    assert_eq!(outcomes, [committed(1), Outcome::Stale, committed(1)]);
    ground.bear("u4");
    ground.bear("u5");

    let mut reader = ground.reader();
    assert_eq!(reader.run_of_key("k1").unwrap().as_deref(), Some("u1"));
    assert_eq!(reader.run_of_key("k2").unwrap().as_deref(), Some("u3"));
    assert_eq!(reader.run_of_key("k3").unwrap(), None);
    assert_eq!(reader.run_row("u2").unwrap(), None);
}

/// A run is born in the partition of its uid or not at all: nobody would find it elsewhere.
pub(super) fn a_birth_in_a_foreign_partition_is_refused(ground: &mut Ground) {
    let (own, other) = (part_of("u1"), ground.fence("u2"));
    assert_eq!((own, other.part), (51, 38));
    let mut birth = ground.birth("u1");
    birth.fence = other;
    let outcomes = ground
        .ledger
        .commit(&[born(birth), born(ground.birth("u2"))]);
    let outcomes = outcomes.unwrap();
    let reason = "run u1 belongs to partition 51, not 38";
    assert_eq!(outcomes, [refused(reason), committed(1)]);
    assert_eq!(ground.reader().run_row("u1").unwrap(), None);
}

/// Runs with the same plan share it: the first one brings it, the last one takes it along.
pub(super) fn equal_plans_are_stored_once(ground: &mut Ground) {
    for uid in ["u1", "u2"] {
        ground.bear(uid);
    }
    let mut reader = ground.reader();
    for (uid, left) in [("u1", true), ("u2", false)] {
        let write = Write::Delete {
            run: uid.to_owned(),
            fence: ground.fence(uid),
            applied: vec![],
        };
        assert_eq!(ground.write(write), committed(1));
        assert_eq!(reader.plan("hash-a").unwrap().is_some(), left, "{uid}");
    }
}
