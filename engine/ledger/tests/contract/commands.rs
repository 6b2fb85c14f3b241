//! Commands: they wait until a turn takes them, each is taken once, and its outcome stays.

use usher_ledger::{Command, CommandState, Fence, Outcome, Write};

use super::ground::{Ground, command, committed, node, refused, took, turned};

fn pending(ground: &Ground, uid: &str) -> Vec<i64> {
    let commands = ground.reader().pending_commands(uid).unwrap();
    commands.iter().map(|command| command.id).collect()
}

fn outcome(ground: &Ground, id: i64) -> Option<String> {
    let state = ground.reader().command_state(id).unwrap().unwrap();
    state.outcome.map(|text| String::from_utf8(text).unwrap())
}

/// A run's commands are told in the order of their ids, without those of other runs.
pub(super) fn commands_wait_in_the_order_of_their_ids(ground: &mut Ground) {
    ground.bear("u1");
    ground.bear("u2");
    let ids = [("u1", "a"), ("u2", "b"), ("u1", "c")].map(|(uid, body)| ground.command(uid, body));
    assert!(ids.is_sorted() && ids[0] < ids[2], "{ids:?}");
    let stop = |id: i64, body: &str| Command {
        id,
        kind: "stop".to_owned(),
        body: body.as_bytes().to_vec(),
    };
    let mut reader = ground.reader();
    let found = reader.pending_commands("u1").unwrap();
    assert_eq!(found, [stop(ids[0], "a"), stop(ids[2], "c")]);
    let state = CommandState {
        run: "u2".to_owned(),
        outcome: None,
    };
    assert_eq!(reader.command_state(ids[1]).unwrap(), Some(state));
    assert_eq!(reader.command_state(ids[2] + 1).unwrap(), None);
}

/// A turn that takes a command again writes nothing, though its version is right (E7).
pub(super) fn a_command_is_taken_once(ground: &mut Ground) {
    ground.bear("u1");
    let id = ground.command("u1", "{}");
    let mut turn = ground.turn("u1", 1);
    turn.applied = vec![took(id, "\"done\"")];
    assert_eq!(ground.write(turned(turn)), committed(2));
    assert_eq!(pending(ground, "u1"), []);
    assert_eq!(outcome(ground, id).as_deref(), Some("\"done\""));

    let open = ground.command("u1", "{}");
    let mut again = ground.turn("u1", 2);
    again.applied = vec![took(open, "\"second\""), took(id, "\"again\"")];
    again.nodes = vec![node(0, None, "again")];
    assert_eq!(ground.write(turned(again)), Outcome::Stale);
    assert_eq!(outcome(ground, id).as_deref(), Some("\"done\""));
    assert_eq!(pending(ground, "u1"), [open]);
    let loaded = ground.reader().load_run("u1").unwrap().unwrap();
    assert_eq!(
        (loaded.row.version, loaded.nodes),
        (2, vec![node(0, None, "root")])
    );
}

/// A later command may be taken before an earlier one, which stays open (E6).
pub(super) fn there_is_no_high_water_mark(ground: &mut Ground) {
    ground.bear("u1");
    let ids = ["a", "b", "c"].map(|body| ground.command("u1", body));
    let mut turn = ground.turn("u1", 1);
    turn.applied = vec![took(ids[2], "3"), took(ids[1], "2")];
    assert_eq!(ground.write(turned(turn)), committed(2));
    assert_eq!(pending(ground, "u1"), [ids[0]]);
    let mut turn = ground.turn("u1", 2);
    turn.applied = vec![took(ids[0], "1")];
    assert_eq!(ground.write(turned(turn)), committed(3));
    let outcomes = ids.map(|id| outcome(ground, id));
    assert_eq!(outcomes, ["1", "2", "3"].map(|text| Some(text.to_owned())));
}

/// A command of another run, or of none, cannot be taken.
pub(super) fn only_open_commands_of_the_run_can_be_taken(ground: &mut Ground) {
    ground.bear("u1");
    ground.bear("u2");
    let id = ground.command("u2", "{}");
    for wrong in [id, id + 1, 0, -1] {
        let mut turn = ground.turn("u1", 1);
        turn.applied = vec![took(wrong, "\"taken\"")];
        assert_eq!(ground.write(turned(turn)), Outcome::Stale, "{wrong}");
    }
    assert_eq!(ground.reader().run_row("u1").unwrap().unwrap().version, 1);
    assert_eq!(pending(ground, "u2"), [id]);
}

/// One turn cannot give one command two outcomes; the others of its group are not affected.
pub(super) fn a_command_twice_in_a_turn_is_refused(ground: &mut Ground) {
    ground.bear("u1");
    ground.bear("u2");
    let id = ground.command("u1", "{}");
    let mut twice = ground.turn("u1", 1);
    twice.applied = vec![took(id, "1"), took(id, "2")];
    let answer = Write::Answer {
        run: "u1".to_owned(),
        fence: ground.fence("u1"),
        applied: twice.applied.clone(),
    };
    let group = [turned(twice), answer, turned(ground.turn("u2", 1))];
    let outcomes = ground.ledger.commit(&group).unwrap();
    let no = || refused(&format!("one turn takes command {id} twice"));
    assert_eq!(outcomes, [no(), no(), committed(2)]);
    assert_eq!(ground.reader().run_row("u1").unwrap().unwrap().version, 1);
    assert_eq!(pending(ground, "u1"), [id]);
}

/// Who asks again with the same key gets the same command, taken or not; keys are a run's own.
pub(super) fn a_key_gives_one_command(ground: &mut Ground) {
    ground.bear("u1");
    ground.bear("u2");
    let first = ground.write(command("u1", "a", Some("k")));
    let Outcome::Inserted { id } = first else {
        panic!("{first:?}")
    };
    assert_eq!(ground.write(command("u1", "b", Some("k"))), first);
    assert_ne!(ground.write(command("u2", "a", Some("k"))), first);
    assert_ne!(ground.write(command("u1", "a", Some("l"))), first);
    let bodies = ground.reader().pending_commands("u1").unwrap();
    assert_eq!(bodies.len(), 2);
    assert_eq!((bodies[0].id, &*bodies[0].body), (id, &b"a"[..]));

    let mut turn = ground.turn("u1", 1);
    turn.applied = vec![took(id, "\"done\"")];
    assert_eq!(ground.write(turned(turn)), committed(2));
    assert_eq!(ground.write(command("u1", "c", Some("k"))), first);
    assert_eq!(pending(ground, "u1").len(), 1);
}

/// A command needs a run.
pub(super) fn a_command_for_no_run_is_refused(ground: &mut Ground) {
    ground.bear("u1");
    let group = [command("u9", "{}", Some("k")), command("u1", "{}", None)];
    let outcomes = ground.ledger.commit(&group).unwrap();
    assert_eq!(outcomes[0], refused("run u9 is not in the ledger"));
    assert!(
        matches!(outcomes[1], Outcome::Inserted { .. }),
        "{outcomes:?}"
    );
}

/// Commands of a parked run are answered without a turn: the run keeps its version.
pub(super) fn answers_leave_the_run_as_it_is(ground: &mut Ground) {
    ground.bear("u1");
    let ids = ["a", "b"].map(|body| ground.command("u1", body));
    let before = ground.reader().load_run("u1").unwrap();
    let answer = Write::Answer {
        run: "u1".to_owned(),
        fence: ground.fence("u1"),
        applied: vec![took(ids[0], "\"parked\"")],
    };
    assert_eq!(ground.write(answer.clone()), committed(1));
    assert_eq!(ground.write(answer), Outcome::Stale);
    assert_eq!(ground.reader().load_run("u1").unwrap(), before);
    assert_eq!(outcome(ground, ids[0]).as_deref(), Some("\"parked\""));
    assert_eq!(pending(ground, "u1"), [ids[1]]);
}

/// Answers obey the same guards as turns.
pub(super) fn answers_need_the_epoch_and_open_commands(ground: &mut Ground) {
    ground.bear("u1");
    ground.bear("u2");
    let id = ground.command("u1", "{}");
    let held = ground.fence("u1");
    let old = Fence {
        epoch: held.epoch - 1,
        ..held
    };
    for (run, fence) in [("u1", old), ("u1", ground.fence("u2")), ("u9", held)] {
        let answer = Write::Answer {
            run: run.to_owned(),
            fence,
            applied: vec![took(id, "1")],
        };
        assert_eq!(ground.write(answer), Outcome::Stale, "{run} {fence:?}");
    }
    assert_eq!(pending(ground, "u1"), [id]);
}

/// Whoever has commands is found, whatever became of it, the oldest run first.
pub(super) fn runs_that_ended_or_are_parked_still_get_commands(ground: &mut Ground) {
    // All of partition 38.
    let uids = ["u2", "u11", "u60", "u121"];
    for uid in uids {
        ground.bear(uid);
    }
    let mut ended = ground.turn("u2", 1);
    ended.head.finished_ms = Some(9_000);
    let park = Write::Park {
        run: "u11".to_owned(),
        fence: ground.fence("u11"),
        reason: "broken".to_owned(),
    };
    let outcomes = ground.ledger.commit(&[turned(ended), park]).unwrap();
    assert_eq!(outcomes, [committed(2), committed(2)]);
    for uid in ["u60", "u11", "u2", "u2"] {
        ground.command(uid, "{}");
    }
    let mut reader = ground.reader();
    assert_eq!(reader.pending_runs(38).unwrap(), ["u2", "u11", "u60"]);
    assert_eq!(reader.pending_runs(51).unwrap(), [""; 0]);
}
