//! Look-ups: who needs an actor, who is due, who has which name, how much there is.

use usher_ledger::{Counts, Filter, Partition, Quiet, RunRow};

use super::ground::{Ground, born, committed, turned};

/// Five uids of partition 38, in the order in which they are born here.
const UIDS: [&str; 5] = ["u60", "u2", "u150", "u11", "u121"];

fn bear_with(ground: &mut Ground, uid: &str, quiet: Quiet) {
    let mut birth = ground.birth(uid);
    birth.head.quiet = quiet;
    assert_eq!(ground.write(born(birth)), committed(1));
}

fn uids(rows: &[RunRow]) -> Vec<&str> {
    rows.iter().map(|row| &*row.uid).collect()
}

/// A question about something that never was is answered with nothing.
pub(super) fn what_is_not_there_is_none(ground: &mut Ground) {
    let mut reader = ground.reader();
    assert_eq!(reader.load_run("u1").unwrap(), None);
    assert_eq!(reader.run_row("").unwrap(), None);
    assert_eq!(reader.find_run("default", "x").unwrap(), None);
    assert_eq!(reader.run_of_key("k").unwrap(), None);
    assert_eq!(reader.list_runs(None, 10).unwrap(), []);
    assert_eq!(reader.awake_runs(0).unwrap(), [""; 0]);
    assert_eq!(reader.awake_runs(u16::MAX).unwrap(), [""; 0]);
    assert_eq!(reader.due_runs(0, i64::MAX, 10).unwrap(), []);
    assert_eq!(reader.pending_commands("u1").unwrap(), []);
    assert_eq!(reader.pending_runs(0).unwrap(), [""; 0]);
    assert_eq!(reader.command_state(1).unwrap(), None);
    assert_eq!(reader.plan("hash-a").unwrap(), None);
    assert_eq!(reader.counts().unwrap(), Counts::default());
}

/// Awake are the runs that need an actor at all times, the oldest first; a turn changes that.
pub(super) fn awake_runs_are_those_that_need_an_actor(ground: &mut Ground) {
    for uid in UIDS {
        bear_with(ground, uid, Quiet::Awake);
    }
    bear_with(ground, "u1", Quiet::Awake);
    let mut sleeps = ground.turn("u2", 1);
    sleeps.head.quiet = Quiet::Forever;
    let mut naps = ground.turn("u150", 1);
    naps.head.quiet = Quiet::Until(7);
    let mut ends = ground.turn("u11", 1);
    ends.head.finished_ms = Some(9);
    let mut parks = ground.turn("u121", 1);
    parks.head.parked = Some("why".to_owned());
    let group = [sleeps, naps, ends, parks].map(turned);
    assert_eq!(
        ground.ledger.commit(&group).unwrap(),
        [committed(2), committed(2), committed(2), committed(2)]
    );
    let mut reader = ground.reader();
    assert_eq!(reader.awake_runs(38).unwrap(), ["u60"]);
    assert_eq!(reader.awake_runs(51).unwrap(), ["u1"]);

    let group = ["u2", "u150", "u11", "u121"].map(|uid| turned(ground.turn(uid, 2)));
    ground.ledger.commit(&group).unwrap();
    assert_eq!(reader.awake_runs(38).unwrap(), UIDS);
}

/// Due are quiet runs whose time has come; those without a time never are.
pub(super) fn due_runs_come_in_the_order_of_their_times(ground: &mut Ground) {
    let times = [
        Quiet::Until(30),
        Quiet::Until(10),
        Quiet::Until(20),
        Quiet::Until(i64::MAX),
        Quiet::Forever,
    ];
    for (uid, quiet) in UIDS.into_iter().zip(times) {
        bear_with(ground, uid, quiet);
    }
    bear_with(ground, "u183", Quiet::Awake);
    bear_with(ground, "u1", Quiet::Until(5));
    let mut reader = ground.reader();
    let mut due = |until_ms, limit| {
        let found = reader.due_runs(38, until_ms, limit).unwrap();
        let name = |(due_ms, uid)| format!("{uid} at {due_ms}");
        found.into_iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(due(9, 10), [""; 0]);
    assert_eq!(due(20, 10), ["u2 at 10", "u150 at 20"]);
    assert_eq!(due(i64::MAX, 10), ["u2 at 10", "u150 at 20", "u60 at 30"]);
    assert_eq!(due(i64::MAX, 1), ["u2 at 10"]);
    let row = ground.reader().run_row("u11").unwrap().unwrap();
    assert_eq!(row.quiet, Quiet::Forever);

    let mut ends = ground.turn("u2", 1);
    ends.head.quiet = Quiet::Until(10);
    ends.head.finished_ms = Some(9);
    let mut parks = ground.turn("u150", 1);
    parks.head.quiet = Quiet::Until(20);
    parks.head.parked = Some("why".to_owned());
    ground.ledger.commit(&[ends, parks].map(turned)).unwrap();
    assert_eq!(due(i64::MAX, 10), ["u60 at 30"]);
}

/// Names may be used again: the newest run answers, and the one before when that is removed.
pub(super) fn the_newest_of_a_name_is_found(ground: &mut Ground) {
    for uid in ["u2", "u1", "u11"] {
        let mut birth = ground.birth(uid);
        birth.name = "same".to_owned();
        birth.namespace = if uid == "u11" { "other" } else { "default" }.to_owned();
        assert_eq!(ground.write(born(birth)), committed(1));
    }
    let mut reader = ground.reader();
    assert_eq!(
        reader.find_run("default", "same").unwrap().as_deref(),
        Some("u1")
    );
    assert_eq!(
        reader.find_run("other", "same").unwrap().as_deref(),
        Some("u11")
    );
    assert_eq!(reader.find_run("default", "sam").unwrap(), None);
    let mut turn = ground.turn("u1", 1);
    turn.delete = true;
    assert_eq!(ground.write(turned(turn)), committed(2));
    assert_eq!(
        reader.find_run("default", "same").unwrap().as_deref(),
        Some("u2")
    );
}

/// A list is bounded, begins with the newest, and every filter narrows it.
pub(super) fn lists_show_the_newest_first(ground: &mut Ground) {
    let runs = [
        ("u1", "default", "build-1", "Running"),
        ("u2", "default", "build-2", "Failed"),
        ("u3", "other", "build-3", "Failed"),
        ("u4", "default", "deploy", "Failed"),
        ("u5", "default", "BUILD_6", "Failed"),
    ];
    for (uid, namespace, name, phase) in runs {
        let mut birth = ground.birth(uid);
        birth.namespace = namespace.to_owned();
        birth.name = name.to_owned();
        birth.head.phase = phase.to_owned();
        assert_eq!(ground.write(born(birth)), committed(1));
    }
    let mut reader = ground.reader();
    assert_eq!(
        uids(&reader.list_runs(None, 10).unwrap()),
        ["u5", "u4", "u3", "u2", "u1"]
    );
    assert_eq!(uids(&reader.list_runs(None, 2).unwrap()), ["u5", "u4"]);
    assert_eq!(uids(&reader.list_runs(Some("other"), 10).unwrap()), ["u3"]);
    assert_eq!(uids(&reader.list_runs(Some("none"), 10).unwrap()), [""; 0]);
    assert_eq!(uids(&reader.list_runs(None, 0).unwrap()), [""; 0]);
    let mut filtered = |namespace: &str, phase: &str, prefix: &str| {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let filter = Filter {
            namespace: some(namespace),
            phase: some(phase),
            name_prefix: some(prefix),
            limit: 10,
        };
        let rows = reader.filter_runs(&filter).unwrap();
        rows.into_iter().map(|row| row.uid).collect::<Vec<_>>()
    };
    assert_eq!(filtered("", "Failed", ""), ["u5", "u4", "u3", "u2"]);
    assert_eq!(filtered("default", "Failed", ""), ["u5", "u4", "u2"]);
    assert_eq!(filtered("", "", "build-"), ["u3", "u2", "u1"]);
    assert_eq!(filtered("default", "Failed", "build-"), ["u2"]);
    assert_eq!(filtered("", "", "%"), [""; 0]);
}

/// Counts are of what is there.
pub(super) fn rows_are_counted(ground: &mut Ground) {
    for uid in ["u1", "u2", "u3", "u4"] {
        ground.bear(uid);
    }
    let mut ends = ground.turn("u1", 1);
    ends.head.finished_ms = Some(9);
    let mut parks = ground.turn("u2", 1);
    parks.head.parked = Some("why".to_owned());
    ground.ledger.commit(&[ends, parks].map(turned)).unwrap();
    for uid in ["u1", "u3"] {
        ground.command(uid, "{}");
    }
    let counts = Counts {
        runs: 4,
        unfinished: 3,
        parked: 1,
        pending: 2,
    };
    assert_eq!(ground.reader().counts().unwrap(), counts);
}

/// Of two who saw the same epoch one gets the partition; the owner is told.
pub(super) fn a_partition_is_taken_over_by_one(ground: &mut Ground) {
    let held = ground.fence("u1");
    assert_eq!((held.part, held.epoch), (51, 1));
    let first = ground.ledger.take_over(51, "first", 1).unwrap();
    let second = ground.ledger.take_over(51, "second", 1).unwrap();
    assert_eq!((first, second), (Some(2), None));
    assert_eq!(ground.ledger.take_over(51, "third", 3).unwrap(), None);
    assert_eq!(ground.ledger.take_over(64, "nobody", 0).unwrap(), None);
    let partitions = ground.reader().partitions().unwrap();
    let of = |part: u16, epoch: i64, owner: &str| Partition {
        part,
        epoch,
        owner: owner.to_owned(),
    };
    assert_eq!(partitions.len(), 64);
    assert_eq!(
        partitions[50..53],
        [of(50, 1, "tester"), of(51, 2, "first"), of(52, 1, "tester")]
    );
}
