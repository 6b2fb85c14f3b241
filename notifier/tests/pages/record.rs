//! The record: what is changed in it is found, and without it there is no vote (scenarios 97, 100;
//! failure F24).

use usher_notifier_core::task::State;

use crate::kit::World;
use crate::kit::asking::policy;

/// Who has the database can change it, and is found out: the first bad place is named.
#[actix_web::test]
async fn s97_changed_records_are_found() {
    let world = World::new().await;
    let mut tasks = Vec::new();
    for number in 0..50 {
        let task = world.ask(policy(&["boss"])).await;
        let link = world.link(&task, 0).await;
        let mut boss = world.browser(&format!("192.0.2.{number}"));
        assert_eq!(world.vote(&mut boss, &link, "approve").await.status, 303);
        tasks.push(task);
    }
    let (desk, root) = world.desk("root");
    let found = desk.verify(None, &root).await.unwrap();
    assert_eq!((found.requests, found.faults), (50, vec![]));
    let first = desk.audit(&tasks[0], &root).await.unwrap();
    assert!(first.len() >= 2, "{first:?}");

    world.sql("DROP TRIGGER record_not_changed; DROP TRIGGER record_not_removed");
    let of = |at: usize| format!("task = (SELECT id FROM tasks WHERE uid = '{}')", tasks[at]);
    let changed = of(0);
    world.sql(&format!(
        "UPDATE record SET entry = CAST(replace(entry, 'boss', 'ross') AS BLOB) \
         WHERE seq = 2 AND {changed}"
    ));
    let removed = of(1);
    world.sql(&format!("DELETE FROM record WHERE seq = 1 AND {removed}"));
    let cut = of(2);
    world.sql(&format!(
        "DELETE FROM record WHERE {cut} AND seq = (SELECT max(seq) FROM record WHERE {cut})"
    ));
    let swapped = of(3);
    world.sql(&format!(
        "UPDATE record SET seq = -1 WHERE seq = 1 AND {swapped}; \
         UPDATE record SET seq = 1 WHERE seq = 2 AND {swapped}; \
         UPDATE record SET seq = 2 WHERE seq = -1 AND {swapped}"
    ));
    let found = desk.verify(None, &root).await.unwrap();
    let mut places: Vec<String> = Vec::new();
    for (at, bad) in [(0, 2), (1, 1), (2, first.len()), (3, 1)] {
        places.push(format!("request {}: entry {bad}", tasks[at]));
    }
    assert_eq!(
        (found.requests, found.faults.len()),
        (50, 4),
        "{:?}",
        found.faults
    );
    for place in &places {
        let is_told = found.faults.iter().any(|fault| fault.starts_with(place));
        assert!(is_told, "{place} is not in {:?}", found.faults);
    }
}

/// Without its entry in the record a vote is not taken.
#[actix_web::test]
async fn s100_no_record_no_vote() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut boss = world.browser("192.0.2.1");
    let form = boss
        .get(&link)
        .await
        .form(&link)
        .with("decision", "approve");
    world.pass(3_000);
    let (before, mails) = (world.row(&task).await, world.mails(&task).await);
    world.sql(
        "CREATE TRIGGER broken BEFORE INSERT ON record \
         BEGIN SELECT RAISE(ABORT, 'no record today'); END",
    );
    let answer = boss.submit(&form).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "30"));
    assert!(!answer.body.contains("no record today"), "{}", answer.body);
    assert_eq!(
        (world.row(&task).await, world.mails(&task).await),
        (before, mails)
    );
    assert_eq!(world.commands(&task).await, Vec::<serde_json::Value>::new());
    assert_eq!(world.ear.heard(), Vec::<String>::new());
    world.sql("DROP TRIGGER broken");
    assert_eq!(boss.submit(&form).await.status, 303);
    assert_eq!(world.task(&task).await.1.state, State::Approved);
}
