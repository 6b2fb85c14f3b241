//! Whoever gave a command is told its outcome: when it is committed, exactly once, whatever
//! happens to the run.

use std::sync::mpsc::TryRecvError;

use super::{Desk, PATIENCE};
use crate::error::Error;
use crate::memory::Fault;
use crate::port::Reader as _;
use crate::rows::{Applied, Outcome, Write};
use crate::samples::{birth, born, committed, fence, opening, settle, turned, vote};

fn took(id: i64, outcome: &str) -> Applied {
    Applied {
        id,
        outcome: outcome.into(),
    }
}

/// A turn of `u1` at version 1 that takes a command.
fn taking(desk: &Desk, id: i64) -> Write {
    let mut turn = desk.turn(1);
    turn.applied = vec![took(id, "\"done\"")];
    turned(turn)
}

/// Nobody is told before the commit; then all who wait are, and who comes later is at once.
#[test]
fn waiters_are_told_after_the_commit() {
    let desk = Desk::new();
    let (id, other) = (desk.command(), desk.command());
    let waiting = [desk.waiting_for(id), desk.waiting_for(id)];
    let unrelated = desk.waiting_for(other);
    assert_eq!(desk.write(born(birth(&desk.fences, "u2"))), committed(1));
    for told in &waiting {
        assert_eq!(told.try_recv().unwrap_err(), TryRecvError::Empty);
    }
    assert_eq!(desk.write(taking(&desk, id)), committed(2));
    for told in &waiting {
        assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap(), b"\"done\"");
        assert!(told.recv().is_err(), "told once");
    }
    assert_eq!(
        desk.wait_for(id).recv_timeout(PATIENCE).unwrap().unwrap(),
        b"\"done\""
    );
    assert_eq!(unrelated.try_recv().unwrap_err(), TryRecvError::Empty);
}

/// A question and the turn that answers it may be in one group, in either order.
#[test]
fn a_question_in_the_same_group() {
    for question_first in [true, false] {
        let desk = Desk::new();
        let id = desk.command();
        let held = desk.hold();
        let early = question_first.then(|| desk.wait_for(id));
        let turn = desk.send(taking(&desk, id));
        let told = early.unwrap_or_else(|| desk.wait_for(id));
        drop(held);
        assert_eq!(turn.recv_timeout(PATIENCE).unwrap().unwrap(), committed(2));
        assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap(), b"\"done\"");
    }
}

/// A turn that lost its guard tells nobody anything.
#[test]
fn a_stale_turn_tells_nobody() {
    let desk = Desk::new();
    let id = desk.command();
    let told = desk.waiting_for(id);
    let mut stale = desk.turn(7);
    stale.applied = vec![took(id, "\"never\"")];
    assert_eq!(desk.write(turned(stale)), Outcome::Stale);
    assert_eq!(desk.write(taking(&desk, id)), committed(2));
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap(), b"\"done\"");
}

/// What waiters are told is what the table has: without U+0000.
#[test]
fn waiters_and_table_agree() {
    let desk = Desk::new();
    let id = desk.command();
    let told = desk.waiting_for(id);
    let mut turn = desk.turn(1);
    turn.applied = vec![took(id, r#""\u0000""#)];
    assert_eq!(desk.write(turned(turn)), committed(2));
    assert_eq!(
        told.recv_timeout(PATIENCE).unwrap().unwrap(),
        br#""\ufffd""#
    );
    assert_eq!(
        desk.wait_for(id).recv_timeout(PATIENCE).unwrap().unwrap(),
        br#""\ufffd""#
    );
}

/// Removal answers the command that asked for it, also for who asks afterwards; who waits for
/// another command of the run is told that it is gone.
#[test]
fn removal_answers_everybody() {
    let desk = Desk::new();
    let (id, other) = (desk.command(), desk.command());
    let (waiting, left) = (desk.waiting_for(id), desk.waiting_for(other));
    let delete = Write::Delete {
        run: "u1".to_owned(),
        fence: fence(&desk.fences, "u1"),
        applied: vec![took(id, "\"deleted\"")],
    };
    assert_eq!(desk.write(delete), committed(1));
    assert_eq!(
        waiting.recv_timeout(PATIENCE).unwrap().unwrap(),
        b"\"deleted\""
    );
    assert_eq!(
        desk.wait_for(id).recv_timeout(PATIENCE).unwrap().unwrap(),
        b"\"deleted\""
    );
    let text = format!("wait for command {other}: it went with its run");
    for told in [left, desk.wait_for(other)] {
        let error = told.recv_timeout(PATIENCE).unwrap().unwrap_err();
        assert!(matches!(error, Error::Gone { id } if id == other));
        assert_eq!(error.to_string(), text);
    }
}

/// After a commit of unknown outcome the table is asked: who can be answered is.
#[test]
fn an_unknown_commit_is_looked_up() {
    for (fault, is_written) in [(Fault::AfterCommit, true), (Fault::BeforeCommit, false)] {
        let desk = Desk::new();
        let id = desk.command();
        let told = desk.waiting_for(id);
        desk.memory.arm(fault);
        let reason = "the connection broke".to_owned();
        let unknown = Outcome::Unknown { reason };
        assert_eq!(desk.write(taking(&desk, id)), unknown);
        let again = if is_written {
            Outcome::Stale
        } else {
            assert_eq!(told.try_recv().unwrap_err(), TryRecvError::Empty);
            committed(2)
        };
        assert_eq!(desk.write(taking(&desk, id)), again);
        assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap(), b"\"done\"");
    }
}

/// The same where the commit removed the run, and with it the row that could be asked.
#[test]
fn an_unknown_removal_is_looked_up() {
    let desk = Desk::new();
    let (id, other) = (desk.command(), desk.command());
    let (waiting, left) = (desk.waiting_for(id), desk.waiting_for(other));
    desk.memory.arm(Fault::AfterCommit);
    let delete = Write::Delete {
        run: "u1".to_owned(),
        fence: fence(&desk.fences, "u1"),
        applied: vec![took(id, "\"deleted\"")],
    };
    let outcome = desk.write(delete);
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(
        waiting.recv_timeout(PATIENCE).unwrap().unwrap(),
        b"\"deleted\""
    );
    let error = left.recv_timeout(PATIENCE).unwrap().unwrap_err();
    assert!(matches!(error, Error::Gone { .. }), "{error}");
}

/// Who comes to wait in the group of that commit, or after it, is told the same.
#[test]
fn an_unknown_removal_is_remembered() {
    let desk = Desk::new();
    let (id, other) = (desk.command(), desk.command());
    let held = desk.hold();
    desk.memory.arm(Fault::AfterCommit);
    let early = desk.wait_for(id);
    let told = desk.send(Write::Delete {
        run: "u1".to_owned(),
        fence: fence(&desk.fences, "u1"),
        applied: vec![took(id, "\"deleted\"")],
    });
    drop(held);
    let outcome = told.recv_timeout(PATIENCE).unwrap().unwrap();
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    for told in [early, desk.wait_for(id)] {
        assert_eq!(
            told.recv_timeout(PATIENCE).unwrap().unwrap(),
            b"\"deleted\""
        );
    }
    let error = desk
        .wait_for(other)
        .recv_timeout(PATIENCE)
        .unwrap()
        .unwrap_err();
    assert!(matches!(error, Error::Gone { .. }), "{error}");
}

/// The command of a halt and that of a vote are waited for like any other; the vote and the mail
/// themselves are answered in the order of their sending.
#[test]
fn commands_of_halts_and_votes_are_waited_for() {
    let desk = Desk::new();
    let mut asking = desk.turn(1);
    asking.people.opens = vec![opening("t1"), opening("t2")];
    assert_eq!(desk.write(turned(asking)), committed(2));
    let held = desk.hold();
    let vote = desk.send(vote("t1", 1, "u1"));
    let halt = desk.send(Write::Halt {
        command: settle("u1"),
        reason: "stopped".to_owned(),
    });
    let late = desk.send(self::vote("t2", 1, "u1"));
    drop(held);
    let told = |told: std::sync::mpsc::Receiver<_>| -> Result<Outcome, Error> {
        told.recv_timeout(PATIENCE).unwrap()
    };
    assert_eq!(told(vote).unwrap(), committed(2));
    assert_eq!(told(late).unwrap(), Outcome::Stale);
    let Outcome::Inserted { id: stop } = told(halt).unwrap() else {
        panic!("no command");
    };
    // The hold, the vote, the halt: the inbox has them in the order of their commits.
    let mut memory = desk.memory.clone();
    let ids: Vec<i64> = memory
        .pending_commands("u1")
        .unwrap()
        .iter()
        .map(|command| command.id)
        .collect();
    assert_eq!(ids, [stop - 2, stop - 1, stop]);
    let waiting = [desk.waiting_for(stop - 1), desk.waiting_for(stop)];
    let mut taking = desk.turn(2);
    taking.applied = vec![took(stop - 1, "\"settled\""), took(stop, "\"stopped\"")];
    assert_eq!(desk.write(turned(taking)), committed(3));
    let answers = waiting.map(|told| told.recv_timeout(PATIENCE).unwrap().unwrap());
    assert_eq!(answers, [b"\"settled\"".to_vec(), b"\"stopped\"".to_vec()]);
}
