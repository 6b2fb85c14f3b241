//! Halts: a stop closes a run's open tasks and is in its inbox, in one commit.

use usher_ledger::tasks::NewCommand;
use usher_ledger::{BODY_MAX, Outcome, Write};

use super::desk::{decision, halt, inserted, moved, step};
use super::ground::{Ground, committed, refused};

const STOPPED: &str = "workflow shutdown with strategy: Stop";

/// The run's open tasks are closed, those of others and decided ones are not; then the command is
/// there.
pub(super) fn a_halt_closes_what_is_open(ground: &mut Ground) {
    ground.open("u1", &["t1", "t2", "t3"]);
    ground.open("u2", &["t4"]);
    assert_eq!(ground.write(moved(step("t2", 1))), committed(2));
    assert_eq!(ground.write(moved(decision("t3", 1, "u2"))), committed(2));
    ground.set_time(9_000);
    let id = inserted(&ground.write(halt("u1", None)));
    for (task, version) in [("t1", 2), ("t2", 3)] {
        let row = ground.task(task);
        assert_eq!((&*row.state, row.open), ("Closing", false));
        assert_eq!((row.version, row.due_ms), (version, Some(0)));
        assert_eq!(row.closed_ms, Some(9_000));
        assert_eq!(row.close_reason.as_deref(), Some(STOPPED));
    }
    assert_eq!(ground.task("t3").state, "Approved");
    assert_eq!(ground.task("t4").state, "Opening");
    let commands = ground.reader().pending_commands("u1").unwrap();
    assert_eq!(commands.len(), 1);
    assert_eq!((commands[0].id, &*commands[0].kind), (id, "stop"));
}

/// Whichever is first, a vote or a stop, the other is told so.
pub(super) fn a_halt_and_a_vote_exclude_each_other(ground: &mut Ground) {
    ground.open("u1", &["t1", "t2"]);
    let group = [
        moved(decision("t1", 1, "u1")),
        halt("u1", None),
        moved(decision("t2", 1, "u1")),
    ];
    let outcomes = ground.ledger.commit(&group).unwrap();
    assert_eq!(
        (&outcomes[0], &outcomes[2]),
        (&committed(2), &Outcome::Stale)
    );
    assert_eq!(ground.task("t1").state, "Approved");
    assert_eq!(ground.task("t2").state, "Closing");
    let commands = ground.reader().pending_commands("u1").unwrap();
    let kinds: Vec<&str> = commands.iter().map(|one| &*one.kind).collect();
    assert_eq!(kinds, ["settle", "stop"]);
    assert_eq!(commands[1].id, inserted(&outcomes[1]));
}

/// The same key is the same halt: it answers with the same command, and what was opened since
/// stays open.
pub(super) fn a_key_halts_once(ground: &mut Ground) {
    ground.open("u1", &["t1"]);
    let id = inserted(&ground.write(halt("u1", Some("k"))));
    ground.open("u1", &["t2"]);
    assert_eq!(inserted(&ground.write(halt("u1", Some("k")))), id);
    assert_eq!(ground.task("t2").state, "Opening");
    assert_ne!(inserted(&ground.write(halt("u1", Some("other")))), id);
    assert_eq!(ground.task("t2").state, "Closing");
}

/// A halt that is not taken closes nothing: no such run, a body beyond the bound.
pub(super) fn a_refused_halt_closes_nothing(ground: &mut Ground) {
    let text = "run u1 is not in the ledger";
    assert_eq!(ground.write(halt("u1", Some("k"))), refused(text));
    ground.open("u1", &["t1"]);
    let large = Write::Halt {
        command: NewCommand {
            run: "u1".to_owned(),
            kind: "stop".to_owned(),
            body: vec![b'x'; BODY_MAX + 1],
            key: None,
        },
        reason: STOPPED.to_owned(),
    };
    let text = "a body has more than 16777216 bytes";
    assert_eq!(ground.write(large), refused(text));
    assert_eq!(ground.task("t1").state, "Opening");
}
