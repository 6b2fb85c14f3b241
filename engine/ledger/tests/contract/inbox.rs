//! Finding tasks: who is due, what is open, lists, counts.

use usher_ledger::tasks::{MailPhase, TaskCounts, TaskFilter};

use super::desk::{change, decision, mail, mailed, moved, step};
use super::ground::{Ground, committed};

/// What is not there is none, empty or zero.
pub(super) fn no_task_is_none(ground: &mut Ground) {
    let mut reader = ground.reader();
    assert_eq!(reader.task("t1").unwrap(), None);
    assert_eq!(reader.task_of_link(&[0; 16]).unwrap(), None);
    assert_eq!(reader.links("t1").unwrap(), []);
    assert_eq!(reader.record("t1").unwrap(), []);
    assert_eq!(reader.tasks_due(i64::MAX, 9).unwrap(), [""; 0]);
    assert_eq!(reader.next_task_due().unwrap(), None);
    assert_eq!(reader.tasks(&all()).unwrap(), []);
    assert_eq!(reader.mails_due(i64::MAX, 9).unwrap(), []);
    assert_eq!(reader.next_mail_due().unwrap(), None);
    assert_eq!(reader.mails_of_task("t1").unwrap(), []);
    assert_eq!(reader.boxed(9).unwrap(), []);
    assert_eq!(reader.task_counts().unwrap(), TaskCounts::default());
}

fn all() -> TaskFilter {
    TaskFilter {
        limit: 9,
        ..TaskFilter::default()
    }
}

/// Due tasks come the longest due first, open or not; one without a time never.
pub(super) fn due_tasks_come_in_the_order_of_their_times(ground: &mut Ground) {
    ground.open("u1", &["t1", "t2", "t3", "t4", "t5"]);
    for (task, due_ms) in [("t2", Some(300)), ("t3", Some(200)), ("t4", None)] {
        let mut write = step(task, 1);
        write.due_ms = due_ms;
        assert_eq!(ground.write(moved(write)), committed(2));
    }
    let mut reader = ground.reader();
    assert_eq!(reader.tasks_due(-1, 9).unwrap(), [""; 0]);
    assert_eq!(reader.tasks_due(0, 9).unwrap(), ["t1", "t5"]);
    assert_eq!(reader.tasks_due(200, 9).unwrap(), ["t1", "t5", "t3"]);
    let every = reader.tasks_due(i64::MAX, 9).unwrap();
    assert_eq!(every, ["t1", "t5", "t3", "t2"]);
    assert_eq!(reader.tasks_due(i64::MAX, 1).unwrap(), ["t1"]);
    assert_eq!(reader.next_task_due().unwrap(), Some(0));
    for task in ["t1", "t5"] {
        assert_eq!(ground.write(moved(decision(task, 1, "u1"))), committed(2));
    }
    assert_eq!(reader.next_task_due().unwrap(), Some(200));
    assert_eq!(reader.tasks_due(i64::MAX, 9).unwrap(), ["t3", "t2"]);
}

/// Lists show the newest first, only what was asked for, page by page.
pub(super) fn lists_of_tasks(ground: &mut Ground) {
    let mut birth = ground.birth("u2");
    birth.namespace = "other".to_owned();
    assert_eq!(ground.write(super::ground::born(birth)), committed(1));
    ground.open("u1", &["t1", "t2", "t3"]);
    ground.open("u2", &["t4", "t5"]);
    ground.open("u1", &["t6"]);
    for task in ["t2", "t5"] {
        assert_eq!(ground.write(moved(decision(task, 1, "u9"))), committed(2));
    }
    let some = |text: &str| Some(text.to_owned());
    let (run, name, space) = (some("u1"), some("name-of-u1"), some("default"));
    let cases: [(TaskFilter, &[&str]); 13] = [
        (all(), &["t6", "t5", "t4", "t3", "t2", "t1"]),
        (TaskFilter { limit: 2, ..all() }, &["t6", "t5"]),
        (TaskFilter { limit: 0, ..all() }, &[]),
        (with(&all(), Some(true)), &["t6", "t4", "t3", "t1"]),
        (with(&all(), Some(false)), &["t5", "t2"]),
        (
            TaskFilter {
                run: run.clone(),
                ..all()
            },
            &["t6", "t3", "t2", "t1"],
        ),
        (
            with(&TaskFilter { run, ..all() }, Some(true)),
            &["t6", "t3", "t1"],
        ),
        (
            TaskFilter {
                workflow: name.clone(),
                ..all()
            },
            &["t6", "t3", "t2", "t1"],
        ),
        (
            TaskFilter {
                namespace: some("other"),
                ..all()
            },
            &["t5", "t4"],
        ),
        (
            with(
                &TaskFilter {
                    namespace: some("other"),
                    ..all()
                },
                Some(true),
            ),
            &["t4"],
        ),
        (
            TaskFilter {
                namespace: space,
                workflow: name.clone(),
                ..all()
            },
            &["t6", "t3", "t2", "t1"],
        ),
        (
            TaskFilter {
                namespace: some("other"),
                workflow: name,
                ..all()
            },
            &[],
        ),
        (
            TaskFilter {
                run: some("u9"),
                ..all()
            },
            &[],
        ),
    ];
    let mut reader = ground.reader();
    let mut ids = |filter: &TaskFilter| -> Vec<String> {
        let tasks = reader.tasks(filter).unwrap();
        tasks.into_iter().map(|task| task.id).collect()
    };
    for (filter, expected) in cases {
        assert_eq!(ids(&filter), expected, "{filter:?}");
        // Page by page it is the same.
        let mut paged = Vec::new();
        let mut before = None;
        while let [id] = &ids(&TaskFilter {
            limit: 1,
            before: before.take(),
            ..filter.clone()
        })[..]
        {
            before = Some((5_000, id.clone()));
            paged.push(id.clone());
        }
        if filter.limit == 9 {
            assert_eq!(paged, expected, "{filter:?}");
        }
    }
    let nowhere = TaskFilter {
        before: Some((5_000, "t9".to_owned())),
        ..all()
    };
    assert_eq!(ids(&nowhere), [""; 0]);
}

fn with(filter: &TaskFilter, open: Option<bool>) -> TaskFilter {
    TaskFilter {
        open,
        ..filter.clone()
    }
}

/// Counts tell open tasks, and mails that are to be sent with the age of the oldest.
pub(super) fn tasks_and_mails_are_counted(ground: &mut Ground) {
    ground.open("u1", &["t1", "t2"]);
    assert_eq!(ground.write(moved(decision("t1", 1, "u1"))), committed(2));
    let mut ids = Vec::new();
    for (time, key) in [(100, "m1"), (200, "m2"), (300, "m3")] {
        ground.set_time(time);
        ids.push(ground.post(mail(key, 900 - time)));
    }
    ground.lease(ids[1]);
    let count = |ground: &Ground| ground.reader().task_counts().unwrap();
    let expected = TaskCounts {
        open: 1,
        queued: 3,
        oldest_queued_ms: Some(100),
    };
    assert_eq!(count(ground), expected);
    let sent = change(ids[0], 0, MailPhase::Sent);
    assert_eq!(ground.write(mailed(sent)), committed(0));
    let expected = TaskCounts {
        open: 1,
        queued: 2,
        oldest_queued_ms: Some(200),
    };
    assert_eq!(count(ground), expected);
}
