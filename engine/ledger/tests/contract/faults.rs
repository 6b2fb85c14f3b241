//! Faults on demand, of the memory adapter alone: what simulations rely on.

use usher_ledger::tasks::MailPhase;
use usher_ledger::{Error, Fault, Ledger, Memory, Outcome, Write};

use super::desk::{boxed, change, decision, entry, mail, mailed, moved};
use super::ground::{Ground, born, command, committed, refused, took, turned};

/// A ground whose next commits suffer these faults, with run `u1` born before.
fn faulty(faults: &[Fault]) -> (Ground, Memory) {
    let memory = Memory::new();
    let mut ground = Ground::on(memory.clone());
    ground.bear("u1");
    for fault in faults {
        memory.arm(fault.clone());
    }
    (ground, memory)
}

fn version(ground: &Ground) -> i64 {
    ground.reader().run_row("u1").unwrap().unwrap().version
}

fn unknown() -> Outcome {
    Outcome::Unknown {
        reason: "the connection broke".to_owned(),
    }
}

/// A connection that breaks before the commit: unknown, and nothing is written.
#[test]
fn before_the_commit() {
    let (mut ground, _) = faulty(&[Fault::BeforeCommit]);
    let group = [turned(ground.turn("u1", 1)), born(ground.birth("u2"))];
    assert_eq!(
        ground.ledger.commit(&group).unwrap(),
        [unknown(), unknown()]
    );
    assert_eq!(version(&ground), 1);
    assert_eq!(
        ground.ledger.commit(&group).unwrap(),
        [committed(2), committed(1)]
    );
}

/// One that breaks after it: unknown as well, and everything is written; sent again it is stale.
#[test]
fn after_the_commit() {
    let (mut ground, _) = faulty(&[Fault::AfterCommit]);
    let group = [turned(ground.turn("u1", 1)), born(ground.birth("u2"))];
    assert_eq!(
        ground.ledger.commit(&group).unwrap(),
        [unknown(), unknown()]
    );
    assert_eq!(version(&ground), 2);
    let again = ground.ledger.commit(&group).unwrap();
    assert_eq!(again, [Outcome::Stale, Outcome::Stale]);
}

/// A group that arrives twice is written once, its commands are taken once.
#[test]
fn twice() {
    let (mut ground, memory) = faulty(&[]);
    let id = ground.command("u1", "{}");
    memory.arm(Fault::Twice);
    let mut turn = ground.turn("u1", 1);
    turn.applied = vec![took(id, "1")];
    let group = [turned(turn), born(ground.birth("u2"))];
    assert_eq!(
        ground.ledger.commit(&group).unwrap(),
        [committed(2), committed(1)]
    );
    assert_eq!(version(&ground), 2);
    memory.arm(Fault::Twice);
    assert!(matches!(
        ground.write(command("u1", "{}", Some("k"))),
        Outcome::Inserted { .. }
    ));
    assert_eq!(ground.reader().pending_commands("u1").unwrap().len(), 1);
}

/// So is a vote with all that goes with it, and the sending of a mail.
#[test]
fn a_vote_and_a_mail_twice() {
    let (mut ground, memory) = faulty(&[]);
    ground.open("u1", &["t1"]);
    let mut vote = decision("t1", 1, "u1");
    vote.record = vec![entry(1)];
    vote.mails = vec![mail("m1", 0)];
    memory.arm(Fault::Twice);
    assert_eq!(ground.write(moved(vote)), committed(2));
    assert_eq!(ground.task("t1").version, 2);
    let mut reader = ground.reader();
    assert_eq!(reader.record("t1").unwrap(), [entry(1)]);
    assert_eq!(reader.pending_commands("u1").unwrap().len(), 1);
    let id = reader.mails_of_task("t1").unwrap()[0].id;
    memory.arm(Fault::Twice);
    ground.lease(id);
    let mut sent = change(id, 1, MailPhase::Sent);
    sent.boxed = Some(boxed("raw"));
    memory.arm(Fault::Twice);
    assert_eq!(ground.write(mailed(sent)), committed(1));
    assert_eq!(reader.mail(id).unwrap().unwrap().lease, 1);
    assert_eq!(reader.boxed(9).unwrap().len(), 1);
}

/// A ledger that another process holds, and a disk that is gone: errors, and nothing is written.
#[test]
fn errors() {
    let (mut ground, memory) = faulty(&[Fault::Busy, Fault::Broken]);
    let group = [turned(ground.turn("u1", 1))];
    let busy = ground.ledger.commit(&group).unwrap_err();
    assert!(matches!(busy, Error::Busy { .. }) && !busy.is_fatal());
    let text = "commit a group of turns: another process is using the ledger";
    assert_eq!(busy.chain(), text);
    let broken = ground.ledger.commit(&group).unwrap_err();
    assert!(broken.is_fatal());
    assert_eq!(broken.chain(), "commit a group of turns: the disk is gone");
    assert_eq!(version(&ground), 1);
    assert_eq!(ground.ledger.commit(&group).unwrap(), [committed(2)]);
    assert_eq!(memory.commits(), 4);
}

/// A commit in doubt: an error that ends the writer, and in fact everything is written.
#[test]
fn doubt() {
    let (mut ground, _) = faulty(&[Fault::InDoubt]);
    let group = [turned(ground.turn("u1", 1))];
    let error = ground.ledger.commit(&group).unwrap_err();
    assert!(matches!(error, Error::InDoubt { .. }) && error.is_fatal());
    assert_eq!(version(&ground), 2);
}

/// One run that the ledger does not take: the others of the group are not affected.
#[test]
fn refusal() {
    let (mut ground, _) = faulty(&[Fault::Refuse("u1".to_owned())]);
    let park = Write::Park {
        run: "u1".to_owned(),
        fence: ground.fence("u1"),
        reason: "LedgerRefused".to_owned(),
    };
    let group = [
        turned(ground.turn("u1", 1)),
        born(ground.birth("u2")),
        park.clone(),
    ];
    let outcomes = ground.ledger.commit(&group).unwrap();
    let no = || refused("told to refuse");
    assert_eq!(outcomes, [no(), committed(1), no()]);
    assert_eq!(version(&ground), 1);
    assert_eq!(ground.write(park), committed(2));
}

/// A snapshot is a ledger of its own, without the faults that are armed.
#[test]
fn snapshot() {
    let (ground, memory) = faulty(&[Fault::Broken]);
    let mut copy = memory.snapshot();
    let turn = turned(ground.turn("u1", 1));
    assert_eq!(copy.commit(&[turn]).unwrap(), [committed(2)]);
    assert_eq!(version(&ground), 1);
}
