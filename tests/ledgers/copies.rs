//! Ledgers of very many tasks (`suite::multiply`): copies are as good as what they were made from.

use std::path::Path;

use suite::{copied_link, copied_task, multiply};
use usher_ledger::tasks::{LinkRow, NewMail, RecordRow, TaskOpening, TaskReader as _, TaskWrite};
use usher_ledger::{
    Birth, Durability, Fence, Head, Ledger as _, NodeRow, Outcome, People, Quiet, Reader as _,
    Sqlite, Write, part_of,
};

/// Tasks opened one by one, and as many copied.
const TASKS: u32 = 1_000;

/// A body of about so many bytes.
fn body(task: &str, bytes: usize) -> Vec<u8> {
    format!("{{\"task\":\"{task}\",\"x\":\"{}\"}}", "x".repeat(bytes)).into_bytes()
}

/// A run that waits for three people, as large as such a run is.
fn birth(fences: &[Fence], run: &str, task: &str) -> Write {
    let body = |bytes| body(task, bytes);
    let birth = Birth {
        uid: run.to_owned(),
        fence: fences[usize::from(part_of(run))],
        namespace: "default".to_owned(),
        name: "expense".to_owned(),
        created_ms: 1,
        plan_hash: "hash".to_owned(),
        plan: body(1_000),
        head: Head {
            phase: "Running".to_owned(),
            parked: None,
            started_ms: Some(1),
            finished_ms: None,
            quiet: Quiet::Forever,
            body: body(300),
        },
        scope: Some(body(100)),
        nodes: vec![NodeRow {
            ix: 0,
            parent: None,
            live: true,
            body: body(200),
        }],
        key: None,
        people: People {
            opens: vec![TaskOpening {
                id: task.to_owned(),
                node: 0,
                body: body(1_500),
            }],
            ..People::default()
        },
    };
    Write::Birth(Box::new(birth))
}

/// The run, and the move that asks its people.
fn writes(fences: &[Fence], run: &str, task: &str, number: u8) -> [Write; 2] {
    let body = |bytes| body(task, bytes);
    let link = |slot: u8| LinkRow {
        id: [&[slot, number][..], task.as_bytes()].concat()[..16].to_vec(),
        task: task.to_owned(),
        slot: u32::from(slot),
        key: 1,
        created_ms: 1,
        expires_ms: 2,
        revoked: false,
    };
    let mail = |slot: u32| NewMail {
        key: format!("{task}/{slot}/request/1"),
        task: Some(task.to_owned()),
        slot: Some(slot),
        run: Some(run.to_owned()),
        kind: "request".to_owned(),
        recipient: "ada@example.org".to_owned(),
        due_ms: 1,
        body: body(200),
    };
    let asked = TaskWrite {
        id: task.to_owned(),
        version: 1,
        state: "Pending".to_owned(),
        open: true,
        due_ms: Some(1 << 50),
        closed_ms: None,
        body: body(2_500),
        links: (0..3).map(link).collect(),
        mails: (0..3).map(mail).collect(),
        record: vec![RecordRow {
            seq: 1,
            prev: String::new(),
            hash: "0".repeat(64),
            entry: body(500),
            side: None,
        }],
        erase: vec![],
        answer: None,
        command: None,
    };
    [birth(fences, run, task), Write::Task(Box::new(asked))]
}

/// A ledger of so many tasks, opened one by one.
fn opened(path: &Path, tasks: u32) -> (String, String) {
    let mut ledger = Sqlite::open(path, Durability::Normal, "boot").expect("a ledger");
    let fences = ledger.take_over_all("suite").expect("taken over");
    // Names as uuids are: spread, all of one length, and none that a copy gets.
    let name =
        |number: u32| copied_task("00000000-0000-0000-0000-000000000000", (1 << 30) + number);
    let names = |number: u32| (name(2 * number), name(2 * number + 1));
    for number in 0..tasks {
        let (run, task) = names(number);
        let group = writes(
            &fences,
            &run,
            &task,
            u8::try_from(number % 256).expect("a byte"),
        );
        let outcomes = ledger.commit(&group).expect("a commit");
        let committed = |version| Outcome::Committed { version };
        assert_eq!(outcomes, [committed(1), committed(2)]);
    }
    ledger.close().expect("closed");
    names(0)
}

fn bytes(path: &Path) -> u64 {
    std::fs::metadata(path).expect("the ledger").len()
}

/// A ledger of copies is sound, each is found by every way to it with all that belongs to it, and
/// it is as large as one whose tasks were opened one by one.
#[test]
fn copies_are_as_good_as_the_real_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let (real, copied) = (place("real.db"), place("copied.db"));
    opened(&real, TASKS);
    let (run, task) = opened(&copied, 1);
    multiply(&copied, &task, TASKS - 1);
    assert_eq!(Sqlite::check_fully(&copied).expect("checked"), [""; 0]);

    let mut reader = Sqlite::reader(&copied).expect("a reader");
    let counts = reader.task_counts().expect("counted");
    assert_eq!((counts.open, counts.queued), (1_000, 3_000));
    let model = reader.load_run(&run).expect("read").expect("the model");
    for copy in [0, 7, TASKS - 2] {
        let id = copied_task(&task, copy);
        let row = reader.task(&id).expect("read").expect("a copy");
        let loaded = reader.load_run(&row.run).expect("read").expect("its run");
        assert_eq!(loaded.row.part, part_of(&row.run));
        assert_eq!(loaded.nodes.len(), model.nodes.len());
        assert_eq!(loaded.plan, model.plan);
        assert_eq!(reader.record(&id).expect("read").len(), 1);
        assert_eq!(reader.mails_of_task(&id).expect("read").len(), 3);
        let body = String::from_utf8(row.body.clone()).expect("a text");
        assert!(body.contains(&id) && !body.contains(&task), "{body}");
        for slot in 0..3 {
            let link = copied_link(copy, slot);
            let found = reader.task_of_link(&link).expect("read");
            let (link, found) = found.expect("the copy's link");
            assert_eq!((link.slot as usize, &found), (slot, &row));
        }
    }
    drop(reader);
    let (real, copied) = (bytes(&real), bytes(&copied));
    assert!(
        copied.abs_diff(real) * 10 < real,
        "{copied} bytes, not {real}"
    );
}
