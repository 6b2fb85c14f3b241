//! What runs and directories do to a request while people have its mail (scenarios 66, 67, 72, 73,
//! 87).

use usher_ledger::tasks::TaskClosing;
use usher_ledger::{Head, Outcome, People, Quiet, Turn, Write};
use usher_notifier_core::task::State;

use crate::kit::World;
use crate::kit::asking::{asked, policy};
use crate::kit::parts::START_MS;

/// A stop closes the page at once; the notifier then records it and tells who was asked.
#[actix_web::test]
async fn s66_a_terminated_run_needs_no_vote() {
    let world = World::new().await;
    let task = world.ask(policy(&["ada", "ben"])).await;
    world.deliver(&task).await;
    let link = world.link(&task, 0).await;
    let mut ada = world.browser("192.0.2.1");
    let form = ada.get(&link).await.form(&link).with("decision", "approve");
    world.pass(3_000);
    world.halt(&task).await;
    for _ in 0..2 {
        assert_eq!(ada.get(&link).await.status, 410);
        assert_eq!(ada.submit(&form).await.status, 410);
        world.sweep().await;
    }
    let (row, now) = world.task(&task).await;
    assert_eq!(
        (now.state, row.open, row.due_ms),
        (State::Cancelled, false, None)
    );
    for slot in [0, 1] {
        assert!(
            world
                .links(&task, slot)
                .await
                .iter()
                .all(|link| link.revoked)
        );
    }
    let notice = |who: &str| ("noLongerNeeded".to_owned(), format!("{who}@example.org"));
    let mails = world.mails(&task).await;
    assert!(
        mails.contains(&notice("ada")) && mails.contains(&notice("ben")),
        "{mails:?}"
    );
    let commands = world.commands(&task).await;
    assert_eq!(commands.len(), 1, "only the terminate: {commands:?}");
    let entries = world.entries(&task).await;
    assert_eq!(entries.last().unwrap()["action"], "cancelled");
}

/// Nobody is told that a vote is not needed who was never asked for it.
#[actix_web::test]
async fn s66_who_was_not_mailed_is_not_told() {
    let world = World::new().await;
    let task = world.ask(policy(&["ada"])).await;
    world.halt(&task).await;
    world.sweep().await;
    assert_eq!(
        world.mails(&task).await,
        [("request".to_owned(), "ada@example.org".to_owned())]
    );
    assert_eq!(world.task(&task).await.1.state, State::Cancelled);
}

/// A run that ends before anybody was asked leaves a closed request, and no mail.
#[actix_web::test]
async fn a_request_that_was_never_opened_is_closed() {
    let world = World::new().await;
    let one = asked("early", 1, policy(&["ada"]), START_MS);
    world.open(std::slice::from_ref(&one)).await;
    world.halt(&one.task).await;
    world.sweep().await;
    assert_eq!(world.task(&one.task).await.1.state, State::Cancelled);
    assert_eq!(world.mails(&one.task).await, []);
}

/// The record outlives its run.
#[actix_web::test]
async fn s67_a_deleted_run_leaves_its_record() {
    let world = World::new().await;
    let task = world.ask(policy(&["ada"])).await;
    let link = world.link(&task, 0).await;
    world.halt(&task).await;
    let run = world.row(&task).await.run;
    let fence = world.fence(&run);
    let delete = Write::Delete {
        run,
        fence,
        applied: Vec::new(),
    };
    world.ports.store.write(delete).await.unwrap();
    let mut ada = world.browser("192.0.2.1");
    assert_eq!(ada.get(&link).await.status, 410);
    world.sweep().await;
    assert_eq!(ada.get(&link).await.status, 410);
    let (desk, root) = world.desk("root");
    let entries = desk.audit(&task, &root).await.unwrap();
    let acts: Vec<_> = entries
        .iter()
        .map(|entry| entry.entry["action"].clone())
        .collect();
    assert_eq!(acts, ["opened", "cancelled"]);
}

/// A deadline closes the request with the turn that ends its node, in Argo's words.
#[actix_web::test]
async fn s72_a_deadline_closes_the_request() {
    let world = World::new().await;
    let task = world.ask(policy(&["ada"])).await;
    let link = world.link(&task, 0).await;
    let row = world.row(&task).await;
    let reason = "Step exceeded its deadline".to_owned();
    let turn = Turn {
        fence: world.fence(&row.run),
        run: row.run,
        version: 1,
        head: Head {
            phase: "Failed".to_owned(),
            parked: None,
            started_ms: Some(1),
            finished_ms: Some(2),
            quiet: Quiet::Forever,
            body: b"{}".to_vec(),
        },
        scope: None,
        nodes: Vec::new(),
        applied: Vec::new(),
        delete: false,
        people: People {
            closes: vec![TaskClosing {
                id: task.clone(),
                reason: reason.clone(),
            }],
            ..People::default()
        },
    };
    let outcome = world
        .ports
        .store
        .write(Write::Turn(Box::new(turn)))
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Committed { version: 2 });
    let mut ada = world.browser("192.0.2.1");
    assert_eq!(ada.get(&link).await.status, 410);
    world.sweep().await;
    let (row, now) = world.task(&task).await;
    assert_eq!(now.state, State::Cancelled);
    assert_eq!(row.close_reason, Some(reason.clone()));
    assert_eq!(now.decided.unwrap().reason, reason);
    assert!(world.links(&task, 0).await[0].revoked);
    assert_eq!(world.commands(&task).await, Vec::<serde_json::Value>::new());
}

/// Who is disabled may not vote, before and after the loop has looked.
#[actix_web::test]
async fn s73_who_is_disabled_may_not_vote() {
    let world = World::new().await;
    let task = world.ask(policy(&["ada", "ben"])).await;
    let link = world.link(&task, 0).await;
    let mut ada = world.browser("192.0.2.1");
    let form = ada.get(&link).await.form(&link).with("decision", "approve");
    world.pass(3_000);
    world
        .people
        .write(|people| people.disabled.extend(["ada".to_owned()]));
    assert_eq!(ada.submit(&form).await.status, 403);
    world.sweep().await;
    assert_eq!(ada.submit(&form).await.status, 410);
    assert_eq!(world.task(&task).await.1.state, State::Unroutable);
}

/// The submitter may not approve, whatever the way, and always for the same reason.
#[actix_web::test]
async fn s87_the_submitter_may_not_approve_by_any_way() {
    let world = World::new().await;
    let task = world.ask(policy(&["group:finance"])).await;
    let link = world.link(&task, 0).await;
    let (_, now) = world.task(&task).await;
    assert_eq!(now.slots[0].person.id, "ada");
    // Only now it shows that the account that submitted is Ada's.
    world.people.write(|people| {
        people.accounts.insert("sam".to_owned(), "ada".to_owned());
    });
    let mut ada = world.browser("192.0.2.1");
    let page = world.vote(&mut ada, &link, "approve").await;
    assert_eq!(page.status, 403);
    *world.caller.0.lock().unwrap() = Some("sam".to_owned());
    let path = format!("/api/v1/approvals/default/{task}:decide");
    let body = format!(
        r#"{{"decision":"approve","round":{},"digest":"{}"}}"#,
        now.round, now.digest
    );
    let told = world.direct().call(&path, "", &body).await;
    let reason = "who asks for an approval may not give it";
    let wanted = format!(r#"{{"code":"forbidden","message":"{reason}"}}"#);
    assert_eq!((told.status, told.body), (403, wanted));
    let entries = world.entries(&task).await;
    let refused: Vec<_> = entries
        .iter()
        .filter(|entry| entry["action"] == "refused")
        .collect();
    assert!(!refused.is_empty());
    assert!(
        refused.iter().all(|entry| entry["reason"] == reason),
        "{refused:?}"
    );
    assert_eq!(world.task(&task).await.1.state, State::Pending);
}

/// A submitter who is in the group is not asked at all.
#[actix_web::test]
async fn s87_the_submitter_is_not_asked() {
    let world = World::new().await;
    let mut one = asked("own", 1, policy(&["group:finance"]), START_MS);
    one.submitter = "ada".to_owned();
    world.open(std::slice::from_ref(&one)).await;
    world.sweep().await;
    let (_, now) = world.task(&one.task).await;
    let asked: Vec<&str> = now.slots.iter().map(|slot| &*slot.person.id).collect();
    assert_eq!(asked, ["ben", "cem"]);
    *world.caller.0.lock().unwrap() = Some("ada".to_owned());
    let path = format!("/api/v1/approvals/default/{}:decide", one.task);
    let body = format!(
        r#"{{"decision":"approve","round":{},"digest":"{}"}}"#,
        now.round, now.digest
    );
    let told = world.direct().call(&path, "", &body).await;
    let reason = "who asks for an approval may not give it";
    let wanted = format!(r#"{{"code":"forbidden","message":"{reason}"}}"#);
    assert_eq!((told.status, told.body), (403, wanted));
}
