//! Approvals and mail in a file: the record cannot be changed, indexes hold only who is open or
//! due, and runs that ask nobody pay nothing.

use super::super::{Sqlite, sql::tasks as sql};
use super::{Open, Place, logged, plan};
use crate::port::{Ledger, Reader};
use crate::rows::{Outcome, Write};
use crate::samples::{birth, born, command, committed, entry, mail, opening, turn, turned, vote};
use crate::tasks::{MailPhase, MailWrite, TaskReader, TaskWrite};

/// The task of a write of a vote.
fn task(write: Write) -> Box<TaskWrite> {
    match write {
        Write::Task(write) => write,
        other => panic!("{other:?}"),
    }
}

/// A move that changes neither openness nor due time and adds one entry.
fn step(id: &str, version: i64, seq: u32) -> Write {
    let mut write = task(vote(id, version, "u1"));
    write.state = "Pending".to_owned();
    write.open = true;
    write.due_ms = Some(0);
    write.command = None;
    write.record = vec![entry(seq)];
    Write::Task(write)
}

/// Opens so many tasks, all of one run.
fn opened(place: &Place, tasks: usize) -> Open {
    let mut ledger = place.open();
    let mut birth = birth(&ledger.fences, "u1");
    let ids = (0..tasks).map(|number| format!("t{number}"));
    birth.people.opens = ids.map(|id| opening(&id)).collect();
    assert_eq!(ledger.write(born(birth)), committed(1));
    ledger
}

/// Whoever has the file in hand by plain SQL cannot change, remove or replace an entry; only its
/// erasable part can go, and not come back.
#[test]
fn the_record_only_grows() {
    let place = Place::new();
    let mut ledger = opened(&place, 1);
    assert_eq!(ledger.write(step("t0", 1, 1)), committed(2));
    let expected = ledger.ledger.record("t0").unwrap();
    let row = "1, 1, 'p', 'h', x'00', NULL";
    let cases = [
        ("UPDATE record SET entry = x'00'", "changed"),
        ("UPDATE record SET prev = 'p'", "changed"),
        ("UPDATE record SET hash = 'h'", "changed"),
        ("UPDATE record SET seq = 2", "changed"),
        ("UPDATE record SET side = x'00'", "changed"),
        ("DELETE FROM record", "removed"),
        (
            &format!("INSERT OR REPLACE INTO record VALUES ({row})"),
            "replaced",
        ),
        (&format!("INSERT INTO record VALUES ({row})"), "replaced"),
    ];
    let connection = &ledger.ledger.connection;
    for (statement, what) in cases {
        let error = connection.execute_batch(statement).unwrap_err();
        let text = format!("an entry of a record is never {what}");
        assert_eq!(error.to_string(), text, "{statement}");
    }
    connection
        .execute_batch("UPDATE record SET side = NULL")
        .unwrap();
    let error = connection.execute_batch("UPDATE record SET side = x'00'");
    assert!(error.is_err());
    let found = ledger.ledger.record("t0").unwrap();
    assert_eq!(found[0].side, None);
    assert_eq!(found[0].entry, expected[0].entry);
}

/// A run that asks nobody anything is born, turns and takes commands without a look at any table
/// of approvals or mail: they are taken away, and it does not notice.
#[test]
fn a_turn_that_asks_nobody_touches_no_table_of_people() {
    let place = Place::new();
    let mut ledger = place.open();
    let drops = ["links", "record", "tasks", "outbox", "mailbox", "answers"]
        .map(|table| format!("DROP TABLE {table};"))
        .concat();
    let connection = &ledger.ledger.connection;
    connection.execute_batch(&drops).unwrap();
    let fences = ledger.fences.clone();
    assert_eq!(ledger.write(born(birth(&fences, "u1"))), committed(1));
    let Outcome::Inserted { id } = ledger.write(command("u1", "{}")) else {
        panic!("no command");
    };
    let mut next = turn(&fences, "u1", 1);
    next.applied = vec![crate::rows::Applied {
        id,
        outcome: vec![],
    }];
    assert_eq!(ledger.write(turned(next)), committed(2));
    assert_eq!(ledger.write(turned(turn(&fences, "u1", 1))), Outcome::Stale);
    assert!(ledger.ledger.load_run("u1").unwrap().is_some());
    // Whoever does ask needs them.
    let mut asking = turn(&fences, "u1", 2);
    asking.people.opens = vec![opening("t1")];
    let refused = Outcome::Refused {
        reason: "write a turn: no such table: tasks".to_owned(),
    };
    assert_eq!(ledger.write(turned(asking)), refused);
}

/// A vote that neither decides nor changes a time writes the task and the end of its record, the
/// same number of bytes whether there are ten tasks or ten thousand.
#[test]
fn a_vote_costs_the_same_among_any_number_of_tasks() {
    let mut found = Vec::new();
    for tasks in [10, 10_000] {
        let place = Place::new();
        let mut ledger = opened(&place, tasks);
        assert_eq!(ledger.write(step("t5", 1, 1)), committed(2));
        let connection = &ledger.ledger.connection;
        connection
            .pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))
            .unwrap();
        let bytes = logged(&place, &mut ledger, |ledger| {
            assert_eq!(ledger.write(step("t5", 2, 2)), committed(3));
        });
        assert!((1..=2 * (4_096 + 24)).contains(&bytes), "{bytes}");
        found.push(bytes);
    }
    assert_eq!(found[0], found[1]);
}

/// Who is due, what is open and the task of a link are found by key: one look-up each, or the few
/// entries of a partial index.
#[test]
fn look_ups_go_by_key() {
    let place = Place::new();
    let ledger = place.open();
    let cases = [
        (
            sql::NEXT_TASK,
            "SEARCH tasks USING COVERING INDEX tasks_due (due_at>?)",
        ),
        // The first row of an index.
        (
            sql::NEXT_MAIL,
            "SCAN outbox USING COVERING INDEX outbox_due",
        ),
        (
            sql::TASKS_DUE,
            "SEARCH tasks USING INDEX tasks_due (due_at>? AND due_at<?)",
        ),
        (
            sql::MAILS_DUE,
            "SEARCH outbox USING INDEX outbox_due (due_at<?)",
        ),
        (
            sql::CLOSE_ALL,
            "SEARCH tasks USING INDEX tasks_run (run=? AND open=?)",
        ),
        (
            sql::TASK_OF_LINK,
            "SEARCH l USING PRIMARY KEY (id=?); SEARCH t USING INTEGER PRIMARY KEY (rowid=?)",
        ),
        (
            sql::OPEN_TASKS,
            "SEARCH t USING INDEX tasks_open (open=? AND rowid<?)",
        ),
        (
            sql::OPEN_TASKS_OF_NAMESPACE,
            "SEARCH t USING INDEX tasks_open_namespace (namespace=? AND open=? AND rowid<?)",
        ),
        (
            sql::TASKS_OF_WORKFLOW,
            "SEARCH t USING INDEX tasks_name (namespace=? AND workflow=? AND rowid<?)",
        ),
        (
            sql::TASK_COUNTS,
            "SCAN CONSTANT ROW; SCALAR SUBQUERY 1; \
             SEARCH tasks USING COVERING INDEX tasks_open (open=?); SCALAR SUBQUERY 2; \
             SCAN outbox USING COVERING INDEX outbox_due; SCALAR SUBQUERY 3; \
             SEARCH outbox USING COVERING INDEX outbox_due",
        ),
    ];
    for (statement, expected) in cases {
        assert_eq!(plan(&ledger, statement), expected, "{statement}");
    }
}

/// Decided tasks and finished mails stand in no index that is looked at again and again.
#[test]
fn what_is_over_is_in_no_live_index() {
    let place = Place::new();
    let mut ledger = opened(&place, 100);
    let count = |ledger: &Open, table: &str, index: &str, filter: &str| {
        let from = format!("{table} INDEXED BY {index} WHERE {filter}");
        ledger.number(&format!("SELECT count(*) FROM {from}"))
    };
    let lives = [
        ("tasks", "tasks_open", "open = 1"),
        (
            "tasks",
            "tasks_open_namespace",
            "open = 1 AND namespace = 'default'",
        ),
        ("tasks", "tasks_due", "due_at IS NOT NULL"),
        ("outbox", "outbox_due", "phase IN ('Queued', 'Leased')"),
    ];
    let mails: Vec<_> = (0..100).map(|key| mail(&format!("m{key}"))).collect();
    assert_eq!(ledger.write(Write::Post(mails)), committed(0));
    for (table, index, filter) in lives {
        assert_eq!(count(&ledger, table, index, filter), 100, "{index}");
    }
    let phases = [
        MailPhase::Sent,
        MailPhase::Bounced,
        MailPhase::Cancelled,
        MailPhase::Dead,
    ];
    let due = ledger.ledger.mails_due(0, 100).unwrap();
    let ends = due.iter().zip(phases.into_iter().cycle());
    let mut group: Vec<Write> = ends.map(|(row, phase)| end(row.id, phase)).collect();
    group.extend((0..100).map(|number| vote(&format!("t{number}"), 1, "nowhere")));
    ledger.ledger.commit(&group).unwrap();
    for (table, index, filter) in lives {
        assert_eq!(count(&ledger, table, index, filter), 0, "{index}");
    }
}

fn end(id: i64, phase: MailPhase) -> Write {
    Write::Mail(Box::new(MailWrite {
        id,
        lease: 0,
        phase,
        due_ms: None,
        attempts: 1,
        sent_ms: None,
        error: None,
        boxed: None,
        command: None,
    }))
}

/// The database refuses one vote of a group: that one is refused with the database's words and
/// nothing of it is written, the others are committed.
#[test]
fn a_failing_vote_is_refused_alone() {
    let place = Place::new();
    let mut ledger = opened(&place, 3);
    let connection = &ledger.ledger.connection;
    connection
        .execute_batch(
            "CREATE TRIGGER poison BEFORE INSERT ON outbox WHEN NEW.key = 'poison'
             BEGIN SELECT RAISE(ABORT, 'poisoned'); END;",
        )
        .unwrap();
    let mut poisoned = task(vote("t1", 1, "u1"));
    poisoned.record = vec![entry(1)];
    poisoned.mails = vec![mail("fine"), mail("poison")];
    let post = Write::Post(vec![mail("good"), mail("poison")]);
    let group = [
        vote("t0", 1, "u1"),
        Write::Task(poisoned),
        post,
        vote("t2", 1, "u1"),
    ];
    let refused = |what: &str| Outcome::Refused {
        reason: format!("{what}: poisoned"),
    };
    let expected = [
        committed(2),
        refused("move a task"),
        refused("post mail"),
        committed(2),
    ];
    assert_eq!(ledger.ledger.commit(&group).unwrap(), expected);
    let ledger = &mut ledger.ledger;
    assert_eq!(ledger.task("t1").unwrap().unwrap().state, "Opening");
    assert_eq!(ledger.record("t1").unwrap(), []);
    for key in ["fine", "good"] {
        assert_eq!(ledger.mail_of_key(key).unwrap(), None);
    }
    assert_eq!(ledger.pending_commands("u1").unwrap().len(), 2);
}

/// The file may not grow: a vote that finds no room is fatal and leaves nothing behind, and every
/// vote that was acknowledged is there whole when there is room again.
#[test]
fn a_full_disk_keeps_votes_whole() {
    let place = Place::new();
    let mut ledger = opened(&place, 50);
    let pages = ledger.number("PRAGMA page_count");
    ledger
        .ledger
        .connection
        .pragma_update_and_check(None, "max_page_count", pages + 20, |_| Ok(()))
        .unwrap();
    let mut acknowledged = 0;
    let error = loop {
        let id = format!("t{acknowledged}");
        let mut write = task(vote(&id, 1, "u1"));
        write.record = vec![entry(1), entry(2)];
        write.record[1].entry = vec![b'e'; 9_000];
        write.mails = vec![mail(&id)];
        match ledger.ledger.commit(&[Write::Task(write)]) {
            Ok(outcomes) => assert_eq!(outcomes, [committed(2)]),
            Err(error) => break error,
        }
        acknowledged += 1;
    };
    assert!(error.is_fatal());
    assert_eq!(error.chain(), "move a task: database or disk is full");
    assert!((3..20).contains(&acknowledged), "{acknowledged}");
    drop(ledger);

    let mut ledger = place.open().ledger;
    assert_eq!(Sqlite::check_fully(&place.path()).unwrap(), [""; 0]);
    for number in 0..50 {
        let id = format!("t{number}");
        let is_there = number < acknowledged;
        let state = if is_there { "Approved" } else { "Opening" };
        assert_eq!(ledger.task(&id).unwrap().unwrap().state, state, "{id}");
        let entries = ledger.record(&id).unwrap().len();
        assert_eq!(entries, if is_there { 2 } else { 0 }, "{id}");
        let mail = ledger.mail_of_key(&id).unwrap();
        assert_eq!(mail.is_some(), is_there, "{id}");
    }
    let commands = ledger.pending_commands("u1").unwrap().len();
    assert_eq!(commands, acknowledged);
}

/// Finding who is due reads as many index entries as it tells, not the tasks that wait.
#[test]
fn a_look_for_due_tasks_reads_only_these() {
    let place = Place::new();
    let mut ledger = opened(&place, 1_000);
    let far = |number: usize| {
        let mut write = task(vote(&format!("t{number}"), 1, "u1"));
        (write.open, write.due_ms, write.command) = (true, Some(1 << 50), None);
        Write::Task(write)
    };
    let group: Vec<Write> = (0..1_000).map(far).collect();
    ledger.ledger.commit(&group).unwrap();
    let connection = &ledger.ledger.connection;
    let mut statement = connection.prepare(sql::TASKS_DUE).unwrap();
    let found: Vec<String> = statement
        .query_map((9_000, 100), |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(found, [""; 0]);
    let steps = statement.get_status(rusqlite::StatementStatus::VmStep);
    assert!((1..50).contains(&steps), "{steps} steps");
}
