//! What a case stands on: a fresh ledger, taken over, with readers; and short ways to say rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;
use usher_ledger::{
    Applied, Birth, Clock, Durability, Fence, Head, Ledger, Memory, NodeRow, Outcome, Quiet,
    Reader, Sqlite, Turn, Write, part_of,
};

/// A fresh ledger.
pub(crate) struct Ground {
    pub(crate) ledger: Box<dyn Ledger + Send>,
    fences: Vec<Fence>,
    time: Arc<AtomicI64>,
    open_reader: Box<dyn Fn() -> Box<dyn Reader + Send>>,
    _folder: Option<TempDir>,
}

impl Ground {
    pub(crate) fn memory() -> Ground {
        Ground::on(Memory::new())
    }

    pub(crate) fn on(mut memory: Memory) -> Ground {
        let fences = memory.take_over_all("tester");
        let time = Arc::default();
        memory.set_clock(clock(&time));
        let reading = memory.clone();
        Ground {
            ledger: Box::new(memory),
            fences,
            time,
            open_reader: Box::new(move || Box::new(reading.clone())),
            _folder: None,
        }
    }

    pub(crate) fn sqlite() -> Ground {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut ledger = Sqlite::open(&path, Durability::Full, "boot").unwrap();
        let fences = ledger.take_over_all("tester").unwrap();
        let time = Arc::default();
        ledger.set_clock(clock(&time));
        Ground {
            ledger: Box::new(ledger),
            fences,
            time,
            open_reader: Box::new(move || Box::new(Sqlite::reader(&path).unwrap())),
            _folder: Some(folder),
        }
    }

    /// Sets the ledger's clock, which stands still.
    pub(crate) fn set_time(&self, ms: i64) {
        self.time.store(ms, Ordering::SeqCst);
    }

    pub(crate) fn reader(&self) -> Box<dyn Reader + Send> {
        (self.open_reader)()
    }

    /// The right to write a run.
    pub(crate) fn fence(&self, uid: &str) -> Fence {
        self.fences[usize::from(part_of(uid))]
    }

    /// Commits one write alone.
    pub(crate) fn write(&mut self, write: Write) -> Outcome {
        let mut outcomes = self.ledger.commit(&[write]).unwrap();
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    /// The birth of a run with one node.
    pub(crate) fn birth(&self, uid: &str) -> Birth {
        Birth {
            uid: uid.to_owned(),
            fence: self.fence(uid),
            namespace: "default".to_owned(),
            name: format!("name-of-{uid}"),
            created_ms: 1_000,
            plan_hash: "hash-a".to_owned(),
            plan: b"{\"plan\":\"a\"}".to_vec(),
            head: head("Running", "born"),
            scope: Some(b"\"scope\"".to_vec()),
            nodes: vec![node(0, None, "root")],
            key: None,
            people: <_>::default(),
        }
    }

    /// Bears a run with one node.
    pub(crate) fn bear(&mut self, uid: &str) {
        let birth = self.birth(uid);
        assert_eq!(self.write(born(birth)), committed(1), "{uid}");
    }

    /// A turn that changes the head only.
    pub(crate) fn turn(&self, uid: &str, version: i64) -> Turn {
        Turn {
            run: uid.to_owned(),
            fence: self.fence(uid),
            version,
            head: head("Running", "turned"),
            scope: None,
            nodes: vec![],
            applied: vec![],
            delete: false,
            people: <_>::default(),
        }
    }

    /// Puts a command into a run's inbox and tells its id.
    pub(crate) fn command(&mut self, uid: &str, body: &str) -> i64 {
        match self.write(command(uid, body, None)) {
            Outcome::Inserted { id } => id,
            other => panic!("{other:?}"),
        }
    }
}

fn clock(time: &Arc<AtomicI64>) -> Clock {
    let time = time.clone();
    Clock::new(move || time.load(Ordering::SeqCst))
}

pub(crate) fn head(phase: &str, body: &str) -> Head {
    Head {
        phase: phase.to_owned(),
        parked: None,
        started_ms: Some(1_001),
        finished_ms: None,
        quiet: Quiet::Awake,
        body: body.as_bytes().to_vec(),
    }
}

pub(crate) fn node(ix: u32, parent: Option<u32>, body: &str) -> NodeRow {
    NodeRow {
        ix,
        parent,
        live: true,
        body: body.as_bytes().to_vec(),
    }
}

pub(crate) fn took(id: i64, outcome: &str) -> Applied {
    Applied {
        id,
        outcome: outcome.as_bytes().to_vec(),
    }
}

pub(crate) fn born(birth: Birth) -> Write {
    Write::Birth(Box::new(birth))
}

pub(crate) fn turned(turn: Turn) -> Write {
    Write::Turn(Box::new(turn))
}

pub(crate) fn command(uid: &str, body: &str, key: Option<&str>) -> Write {
    Write::Command {
        run: uid.to_owned(),
        kind: "stop".to_owned(),
        body: body.as_bytes().to_vec(),
        key: key.map(str::to_owned),
    }
}

pub(crate) fn committed(version: i64) -> Outcome {
    Outcome::Committed { version }
}

pub(crate) fn refused(reason: &str) -> Outcome {
    Outcome::Refused {
        reason: reason.to_owned(),
    }
}
