//! Finding tasks: who is due, what is open, lists, counts.

use usher_ledger::tasks::{MailPhase, TaskCounts, TaskFilter};

use super::desk::{change, decision, mail, mailed, moved, step};
use super::ground::{Ground, born, committed};

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

/// Six tasks of two runs in two namespaces, two of them decided.
fn six(ground: &mut Ground) {
    let mut birth = ground.birth("u2");
    birth.namespace = "other".to_owned();
    assert_eq!(ground.write(born(birth)), committed(1));
    ground.open("u1", &["t1", "t2", "t3"]);
    ground.open("u2", &["t4", "t5"]);
    ground.open("u1", &["t6"]);
    for task in ["t2", "t5"] {
        assert_eq!(ground.write(moved(decision(task, 1, "u9"))), committed(2));
    }
}

/// A filter: namespace, workflow, run (empty for any), open.
fn filter(namespace: &str, workflow: &str, run: &str, open: Option<bool>) -> TaskFilter {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    TaskFilter {
        namespace: some(namespace),
        workflow: some(workflow),
        run: some(run),
        open,
        ..all()
    }
}

fn ids(ground: &Ground, filter: &TaskFilter) -> Vec<String> {
    let tasks = ground.reader().tasks(filter).unwrap();
    tasks.into_iter().map(|task| task.id).collect()
}

/// Lists show the newest first, and only what was asked for.
pub(super) fn lists_of_tasks(ground: &mut Ground) {
    six(ground);
    let (open, closed) = (Some(true), Some(false));
    let cases: [(TaskFilter, &[&str]); 14] = [
        (
            filter("", "", "", None),
            &["t6", "t5", "t4", "t3", "t2", "t1"],
        ),
        (filter("", "", "", open), &["t6", "t4", "t3", "t1"]),
        (filter("", "", "", closed), &["t5", "t2"]),
        (filter("", "", "u1", None), &["t6", "t3", "t2", "t1"]),
        (filter("", "", "u1", open), &["t6", "t3", "t1"]),
        (filter("", "", "u1", closed), &["t2"]),
        (filter("other", "", "u1", None), &[]),
        (
            filter("", "name-of-u1", "", None),
            &["t6", "t3", "t2", "t1"],
        ),
        (filter("other", "", "", None), &["t5", "t4"]),
        (filter("other", "", "", open), &["t4"]),
        (
            filter("default", "name-of-u1", "", None),
            &["t6", "t3", "t2", "t1"],
        ),
        (filter("default", "name-of-u1", "", closed), &["t2"]),
        (filter("other", "name-of-u1", "", None), &[]),
        (filter("", "", "u9", None), &[]),
    ];
    for (filter, expected) in cases {
        assert_eq!(ids(ground, &filter), expected, "{filter:?}");
    }
}

/// Page by page a list is the same as in one; a page has no more than its limit.
pub(super) fn lists_come_in_pages(ground: &mut Ground) {
    six(ground);
    let filters = [
        filter("", "", "", None),
        filter("", "", "", Some(true)),
        filter("", "", "u1", None),
        filter("other", "", "", Some(true)),
        filter("default", "name-of-u1", "", None),
    ];
    for filter in filters {
        let whole = ids(ground, &filter);
        let page = |before: &[String]| TaskFilter {
            before: before.last().map(|id| (5_000, id.clone())),
            limit: 2,
            ..filter.clone()
        };
        let mut paged = Vec::new();
        for _ in 0..=whole.len() {
            let next = ids(ground, &page(&paged));
            assert!(next.len() <= 2, "{next:?}");
            paged.extend(next);
        }
        assert_eq!(paged, whole, "{filter:?}");
    }
    let none = TaskFilter {
        limit: 0,
        ..TaskFilter::default()
    };
    assert_eq!(ids(ground, &none), [""; 0]);
    let nowhere = TaskFilter {
        before: Some((5_000, "t9".to_owned())),
        ..all()
    };
    assert_eq!(ids(ground, &nowhere), [""; 0]);
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
