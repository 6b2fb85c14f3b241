//! Short ways to say rows of approvals and mail.

use usher_ledger::tasks::{
    Boxed, LinkRow, MailPhase, MailWrite, NewCommand, NewMail, RecordRow, StoredAnswer,
    TaskClosing, TaskOpening, TaskRow, TaskWrite,
};
use usher_ledger::{Outcome, People, Write};

use super::ground::{Ground, committed, turned};

impl Ground {
    /// Bears a run, if there is none yet, and has its next turn open these tasks, at time 5,000.
    pub(crate) fn open(&mut self, uid: &str, ids: &[&str]) {
        let version = self.reader().run_row(uid).unwrap().map(|row| row.version);
        let version = version.unwrap_or_else(|| {
            self.bear(uid);
            1
        });
        self.set_time(5_000);
        let mut turn = self.turn(uid, version);
        turn.people = opens(ids);
        assert_eq!(self.write(turned(turn)), committed(version + 1), "{uid}");
    }

    pub(crate) fn task(&self, id: &str) -> TaskRow {
        self.reader().task(id).unwrap().unwrap()
    }

    /// State, version, due time and reason of a task.
    pub(crate) fn stand(&self, id: &str) -> (String, i64, Option<i64>, Option<String>) {
        let task = self.task(id);
        (task.state, task.version, task.due_ms, task.close_reason)
    }

    /// Posts a mail and tells its number.
    pub(crate) fn post(&mut self, mail: NewMail) -> i64 {
        let key = mail.key.clone();
        assert_eq!(self.write(Write::Post(vec![mail])), committed(0));
        self.reader().mail_of_key(&key).unwrap().unwrap().id
    }

    /// Takes a mail's first lease.
    pub(crate) fn lease(&mut self, id: i64) {
        let write = MailWrite {
            due_ms: Some(9_000),
            ..change(id, 0, MailPhase::Leased)
        };
        assert_eq!(self.write(mailed(write)), committed(1));
    }
}

/// Openings of these tasks, all of node 7.
pub(crate) fn opens(ids: &[&str]) -> People {
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

/// Closings of these tasks.
pub(crate) fn closes(ids: &[&str]) -> People {
    let close = |id: &&str| TaskClosing {
        id: (*id).to_owned(),
        reason: "too late".to_owned(),
    };
    People {
        closes: ids.iter().map(close).collect(),
        ..People::default()
    }
}

/// A move of a task to Pending that writes nothing else.
pub(crate) fn step(id: &str, version: i64) -> TaskWrite {
    TaskWrite {
        id: id.to_owned(),
        version,
        state: "Pending".to_owned(),
        open: true,
        due_ms: Some(8_000),
        closed_ms: None,
        body: b"pending".to_vec(),
        links: vec![],
        mails: vec![],
        record: vec![],
        erase: vec![],
        answer: None,
        command: None,
    }
}

/// A move that decides a task and tells its run so.
pub(crate) fn decision(id: &str, version: i64, run: &str) -> TaskWrite {
    TaskWrite {
        state: "Approved".to_owned(),
        open: false,
        due_ms: None,
        closed_ms: Some(7_000),
        body: b"approved".to_vec(),
        command: Some(NewCommand {
            run: run.to_owned(),
            kind: "settle".to_owned(),
            body: b"\"approved\"".to_vec(),
            key: Some(format!("settle-{id}")),
        }),
        ..step(id, version)
    }
}

pub(crate) fn moved(write: TaskWrite) -> Write {
    Write::Task(Box::new(write))
}

pub(crate) fn link(byte: u8, task: &str, slot: u32) -> LinkRow {
    LinkRow {
        id: vec![byte; 16],
        task: task.to_owned(),
        slot,
        key: 3,
        created_ms: 6_000,
        expires_ms: 66_000,
        revoked: false,
    }
}

pub(crate) fn entry(seq: u32) -> RecordRow {
    RecordRow {
        seq,
        prev: format!("hash {}", seq - 1),
        hash: format!("hash {seq}"),
        entry: format!("{{\"seq\":{seq}}}").into_bytes(),
        side: Some(b"{\"comment\":\"so be it\"}".to_vec()),
    }
}

pub(crate) fn answer(key: &str, at_ms: i64) -> StoredAnswer {
    StoredAnswer {
        scope: "api".to_owned(),
        key: key.to_owned(),
        asked: "hash of what was asked".to_owned(),
        answer: b"{\"answer\":1}".to_vec(),
        at_ms,
    }
}

/// A mail that is due.
pub(crate) fn mail(key: &str, due_ms: i64) -> NewMail {
    NewMail {
        key: key.to_owned(),
        task: Some("t1".to_owned()),
        slot: Some(2),
        run: Some("u1".to_owned()),
        kind: "request".to_owned(),
        recipient: "ada@example.org".to_owned(),
        due_ms,
        body: b"{\"recipe\":1}".to_vec(),
    }
}

/// A change of a mail that writes nothing else.
pub(crate) fn change(id: i64, lease: i64, phase: MailPhase) -> MailWrite {
    MailWrite {
        id,
        lease,
        phase,
        due_ms: None,
        attempts: 1,
        sent_ms: None,
        error: None,
        boxed: None,
        command: None,
    }
}

pub(crate) fn mailed(write: MailWrite) -> Write {
    Write::Mail(Box::new(write))
}

pub(crate) fn boxed(raw: &str) -> Boxed {
    Boxed {
        at_ms: 7_000,
        sender: "bounce@example.org".to_owned(),
        recipient: "ada@example.org".to_owned(),
        raw: raw.as_bytes().to_vec(),
    }
}

pub(crate) fn halt(run: &str, key: Option<&str>) -> Write {
    Write::Halt {
        command: NewCommand {
            run: run.to_owned(),
            kind: "stop".to_owned(),
            body: b"{}".to_vec(),
            key: key.map(str::to_owned),
        },
        reason: "workflow shutdown with strategy: Stop".to_owned(),
    }
}

pub(crate) fn inserted(outcome: &Outcome) -> i64 {
    match outcome {
        Outcome::Inserted { id } => *id,
        other => panic!("{other:?}"),
    }
}
