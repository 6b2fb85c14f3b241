//! Small rows for this crate's own tests.

use crate::partition::part_of;
use crate::rows::{Birth, Fence, Head, NodeRow, Outcome, Quiet, Turn, Write};
use crate::tasks::{NewCommand, NewMail, RecordRow, TaskOpening, TaskWrite};

/// The right to write a run, of what a take-over told.
pub(crate) fn fence(fences: &[Fence], uid: &str) -> Fence {
    let own = |fence: &&Fence| fence.part == part_of(uid);
    *fences.iter().find(own).expect("every partition is taken")
}

pub(crate) fn head(body: &str) -> Head {
    Head {
        phase: "Running".to_owned(),
        parked: None,
        started_ms: Some(1_001),
        finished_ms: None,
        quiet: Quiet::Awake,
        body: body.into(),
    }
}

pub(crate) fn node(ix: u32, parent: Option<u32>, body: &str) -> NodeRow {
    NodeRow {
        ix,
        parent,
        live: true,
        body: body.into(),
    }
}

/// The birth of a run with one node; head, scope and node say `version 1`.
pub(crate) fn birth(fences: &[Fence], uid: &str) -> Birth {
    Birth {
        uid: uid.to_owned(),
        fence: fence(fences, uid),
        namespace: "default".to_owned(),
        name: format!("name-of-{uid}"),
        created_ms: 1_000,
        plan_hash: "hash-a".to_owned(),
        plan: b"{\"plan\":\"a\"}".to_vec(),
        head: head("version 1"),
        scope: Some(b"version 1".to_vec()),
        nodes: vec![node(0, None, "version 1")],
        key: None,
        people: <_>::default(),
    }
}

pub(crate) fn born(birth: Birth) -> Write {
    Write::Birth(Box::new(birth))
}

/// A turn that takes the run from this version to the next, and says so in every body.
pub(crate) fn turn(fences: &[Fence], uid: &str, version: i64) -> Turn {
    let text = format!("version {}", version + 1);
    Turn {
        run: uid.to_owned(),
        fence: fence(fences, uid),
        version,
        head: head(&text),
        scope: Some(text.clone().into()),
        nodes: vec![node(0, None, &text)],
        applied: vec![],
        delete: false,
        people: <_>::default(),
    }
}

pub(crate) fn turned(turn: Turn) -> Write {
    Write::Turn(Box::new(turn))
}

pub(crate) fn command(uid: &str, body: &str) -> Write {
    Write::Command {
        run: uid.to_owned(),
        kind: "stop".to_owned(),
        body: body.into(),
        key: None,
    }
}

pub(crate) fn committed(version: i64) -> Outcome {
    Outcome::Committed { version }
}

pub(crate) fn opening(id: &str) -> TaskOpening {
    TaskOpening {
        id: id.to_owned(),
        node: 0,
        body: b"asked".to_vec(),
    }
}

pub(crate) fn settle(run: &str) -> NewCommand {
    NewCommand {
        run: run.to_owned(),
        kind: "settle".to_owned(),
        body: b"{}".to_vec(),
        key: None,
    }
}

pub(crate) fn mail(key: &str) -> NewMail {
    NewMail {
        key: key.to_owned(),
        task: None,
        slot: None,
        run: None,
        kind: "request".to_owned(),
        recipient: "ada@example.org".to_owned(),
        due_ms: 0,
        body: b"recipe".to_vec(),
    }
}

pub(crate) fn entry(seq: u32) -> RecordRow {
    RecordRow {
        seq,
        prev: format!("{:064x}", seq - 1),
        hash: format!("{seq:064x}"),
        entry: vec![b'e'; 400],
        side: Some(b"{}".to_vec()),
    }
}

/// A vote that decides a task.
pub(crate) fn vote(id: &str, version: i64, run: &str) -> Write {
    Write::Task(Box::new(TaskWrite {
        id: id.to_owned(),
        version,
        state: "Approved".to_owned(),
        open: false,
        due_ms: None,
        closed_ms: Some(7_000),
        body: b"approved".to_vec(),
        links: vec![],
        mails: vec![],
        record: vec![],
        erase: vec![],
        answer: None,
        command: Some(settle(run)),
    }))
}
