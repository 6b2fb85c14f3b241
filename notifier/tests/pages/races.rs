//! Two at once, limits of time, and processes that end in the middle (scenarios 36, 49, 51, 60, 61,
//! 62; failures F1 to F3, F14, F24).

use std::sync::Arc;

use usher_api::approval::{Level, Moment, Policy, Timeout, TimeoutResult};
use usher_notifier::gate::{Gate, GateError};
use usher_notifier::ports::{Clock as _, Directory};
use usher_notifier_core::decide::{Ballot, Event, Refusal, Told};
use usher_notifier_core::people::People;
use usher_notifier_core::task::{State, Task};

use crate::kit::World;
use crate::kit::asking::policy;

const HOUR_MS: i64 = 3_600_000;

/// Any one of three.
fn any_of_three() -> Policy {
    policy(&["group:finance"])
}

/// A request that ends as rejected after so many hours.
fn limited(hours: i64) -> Policy {
    let mut asked = policy(&["boss"]);
    asked.timeout = Some(Timeout {
        when: Moment::After(hours * HOUR_MS),
        result: TimeoutResult::Reject,
    });
    asked
}

fn ballot(task: &Task, slot: u32, nonce: &str) -> Event {
    Event::Vote(Ballot {
        slot,
        approves: Some(true),
        comment: String::new(),
        values: <_>::default(),
        round: task.round,
        digest: task.digest.clone(),
        nonce: nonce.to_owned(),
        level: Level::Link,
        via: "link".to_owned(),
        person: None,
        client: "192.0.2.0/24".to_owned(),
    })
}

/// Two gates, one ledger: one vote completes the request, the other is told.
#[actix_web::test]
async fn s36_two_at_once_decide_once() {
    let world = World::new().await;
    for _ in 0..20 {
        let task = world.ask(any_of_three()).await;
        let (_, now) = world.task(&task).await;
        let gates = (
            Gate::new(world.ports.clone()),
            Gate::new(world.ports.clone()),
        );
        let (one, two) = tokio::join!(
            gates.0.move_task(&task, ballot(&now, 0, "one")),
            gates.1.move_task(&task, ballot(&now, 1, "two")),
        );
        let told = |moved: &Result<_, GateError>| match moved {
            Ok(usher_notifier::gate::Done { told, .. }) => format!("{told:?}"),
            Err(fault) => fault.to_string(),
        };
        let mut both = [told(&one), told(&two)];
        both.sort();
        assert_eq!(both, ["Decided", "this request is closed: approved"]);
        let (_, now) = world.task(&task).await;
        let votes: usize = now.slots.iter().map(|slot| slot.votes.len()).sum();
        assert_eq!((now.state, votes), (State::Approved, 1));
        assert_eq!(world.commands(&task).await.len(), 1);
        let entries = world.entries(&task).await;
        let voted = entries.iter().filter(|entry| entry["action"] == "voted");
        assert_eq!(voted.count(), 1);
    }
}

/// Many at once, all needed: no vote is lost.
#[actix_web::test]
async fn votes_at_once_are_all_kept() {
    let world = World::new().await;
    let task = world
        .ask(policy(&["boss", "ada", "ben", "cem", "lea", "leo"]))
        .await;
    let (_, now) = world.task(&task).await;
    let vote = |slot: u32| {
        let (gate, event) = (world.gate.clone(), ballot(&now, slot, &format!("n{slot}")));
        let task = task.clone();
        async move { gate.move_task(&task, event).await.unwrap().told }
    };
    let told = tokio::join!(vote(0), vote(1), vote(2), vote(3), vote(4), vote(5));
    let mut told = [told.0, told.1, told.2, told.3, told.4, told.5].map(|one| format!("{one:?}"));
    told.sort();
    assert_eq!(
        told,
        [
            "Counted", "Counted", "Counted", "Counted", "Counted", "Decided"
        ]
    );
    assert_eq!(world.task(&task).await.1.state, State::Approved);
}

/// The time limit ends a request once, however many look.
#[actix_web::test]
async fn s49_a_time_limit_ends_a_request_once() {
    let world = World::new().await;
    let task = world.ask(limited(30 * 24)).await;
    world.deliver(&task).await;
    world.pass(30 * 24 * HOUR_MS - 1);
    world.sweep().await;
    assert_eq!(world.task(&task).await.1.state, State::Pending);
    world.pass(1);
    tokio::join!(world.sweep(), world.sweep(), world.sweep());
    let (row, now) = world.task(&task).await;
    assert_eq!((now.state, row.open), (State::TimedOut, false));
    let commands = world.commands(&task).await;
    assert_eq!(commands.len(), 1);
    assert_eq!(commands[0]["by"], "system:timeout");
    assert_eq!(commands[0]["verdict"]["phase"], "failed");
    let outputs = &commands[0]["verdict"]["outputs"];
    assert_eq!(
        (&outputs["decision"], &outputs["decidedVia"]),
        (&"rejected".into(), &"timeout".into())
    );
    let link = world.links(&task, 0).await;
    assert!(link.iter().all(|link| link.revoked));
}

/// A vote and the time limit at the same instant: one outcome, and the other is told.
#[actix_web::test]
async fn s51_a_vote_and_the_time_limit_have_one_outcome() {
    let world = World::new().await;
    for _ in 0..20 {
        let task = world.ask(limited(1)).await;
        world.deliver(&task).await;
        let (_, now) = world.task(&task).await;
        world.pass(HOUR_MS);
        let (vote, due) = tokio::join!(
            world.gate.move_task(&task, ballot(&now, 0, "n")),
            world.gate.move_task(&task, Event::Due),
        );
        let (_, now) = world.task(&task).await;
        match (&vote, now.state) {
            (Ok(done), State::Approved) => assert_eq!(done.told, Told::Decided),
            (Err(GateError::Refused(Refusal::Closed(how))), State::TimedOut) => {
                assert_eq!(how, "rejected");
                assert!(due.is_ok());
            }
            other => panic!("{other:?} {due:?}"),
        }
        assert_eq!(world.commands(&task).await.len(), 1);
    }
}

/// A time limit waits until somebody could have seen the request, at most a day (F6).
#[actix_web::test]
async fn a_request_that_nobody_could_see_does_not_time_out() {
    let world = World::new().await;
    let task = world.ask(limited(1)).await;
    world.pass(HOUR_MS);
    world.sweep().await;
    assert_eq!(world.task(&task).await.1.state, State::Pending);
    world.pass(24 * HOUR_MS);
    world.sweep().await;
    assert_eq!(world.task(&task).await.1.state, State::TimedOut);
}

/// The machine's own clock decides nothing: it is months ahead of the ledger's here.
#[actix_web::test]
async fn s60_the_machines_clock_means_nothing() {
    let world = World::new().await;
    let task = world.ask(limited(1)).await;
    world.deliver(&task).await;
    let machine = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let ahead = i64::try_from(machine.as_millis()).unwrap() - world.clock.now_ms();
    assert!(
        ahead > 24 * HOUR_MS,
        "the test's clock stands in the past: {ahead}"
    );
    world.sweep().await;
    let link = world.link(&task, 0).await;
    let mut boss = world.browser("192.0.2.1");
    assert_eq!(boss.get(&link).await.status, 200);
    assert_eq!(world.vote(&mut boss, &link, "approve").await.status, 303);
}

/// After a week without anybody, time limits are met in their order.
#[actix_web::test]
async fn s61_overdue_time_limits_run_in_order() {
    let world = World::new().await;
    let mut tasks = Vec::new();
    for hours in [3, 1, 2] {
        let task = world.ask(limited(hours)).await;
        world.deliver(&task).await;
        tasks.push(task);
    }
    world.pass(7 * 24 * HOUR_MS);
    world.sweep().await;
    assert_eq!(world.ear.heard(), ["run-2", "run-3", "run-1"]);
    for task in &tasks {
        assert_eq!(world.task(task).await.1.state, State::TimedOut);
    }
}

/// The outcome waits in the inbox although nobody was woken, once.
#[actix_web::test]
async fn s62_a_lost_wake_loses_nothing() {
    struct Deaf;
    impl usher_notifier::ports::Wake for Deaf {
        fn wake(&self, _: &str) {
            panic!("the process ends here");
        }
    }
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let (_, now) = world.task(&task).await;
    let mut ports = world.ports.clone();
    ports.wake = Arc::new(Deaf);
    let event = ballot(&now, 0, "n");
    let lost = Gate::new(ports).move_task(&task, event.clone()).await;
    assert!(matches!(lost, Err(GateError::Unavailable(_))), "{lost:?}");
    assert_eq!(world.commands(&task).await.len(), 1);
    let again = world.gate.move_task(&task, event).await.unwrap();
    assert_eq!(again.told, Told::Again);
    assert_eq!(world.commands(&task).await.len(), 1);
    assert_eq!(world.task(&task).await.1.state, State::Approved);
}

/// F1: who dies before the write has done nothing, and the same again decides once.
#[actix_web::test]
async fn f1_an_end_before_the_write_leaves_nothing() {
    struct Broken;
    impl Directory for Broken {
        fn people(&self) -> Result<Arc<People>, String> {
            panic!("the process ends here");
        }
    }
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let (before, now) = world.task(&task).await;
    let mut ports = world.ports.clone();
    ports.directory = Arc::new(Broken);
    let event = ballot(&now, 0, "n");
    let lost = Gate::new(ports).move_task(&task, event.clone()).await;
    assert!(matches!(lost, Err(GateError::Unavailable(_))), "{lost:?}");
    assert_eq!(world.row(&task).await, before);
    let done = world.gate.move_task(&task, event).await.unwrap();
    assert_eq!(done.told, Told::Decided);
    assert_eq!(world.commands(&task).await.len(), 1);
}

/// F2: a caller that goes away after the write takes nothing along: the run is woken, and the same
/// form again leads to the receipt.
#[actix_web::test]
async fn f2_a_caller_that_goes_away_loses_only_its_answer() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut boss = world.browser("192.0.2.1");
    let form = boss
        .get(&link)
        .await
        .form(&link)
        .with("decision", "approve");
    let (_, now) = world.task(&task).await;
    let nonce = form.value("nonce").to_owned();
    world.pass(3_000);
    {
        let event = ballot(&now, 0, &nonce);
        let moving = world.gate.move_task(&task, event);
        let mut moving = std::pin::pin!(moving);
        // Begun, and dropped at once.
        std::future::poll_fn(|context| {
            assert!(moving.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
    }
    while world.ear.heard().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(boss.submit(&form).await.status, 303);
    let (_, now) = world.task(&task).await;
    assert_eq!((now.state, now.slots[0].votes.len()), (State::Approved, 1));
}

/// F14: while the ledger cannot be used, nothing is taken and everybody is told to come again.
#[actix_web::test]
async fn f14_without_the_ledger_no_vote_is_taken() {
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
    world.sql("ALTER TABLE tasks RENAME TO away");
    let answer = boss.submit(&form).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "30"));
    assert_eq!(boss.get(&link).await.status, 503);
    world.sql("ALTER TABLE away RENAME TO tasks");
    assert_eq!(boss.submit(&form).await.status, 303);
}

/// Without the directory a vote is not lost silently: 503, and all that was typed is kept (F13).
#[actix_web::test]
async fn f13_without_the_directory_votes_wait() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut boss = world.browser("192.0.2.1");
    let form = boss.get(&link).await.form(&link);
    let form = form.with("decision", "approve").with("comment", "kept");
    world.pass(3_000);
    world.people.hide();
    let page = boss.submit(&form).await;
    assert_eq!((page.status, page.header("retry-after")), (503, "30"));
    let again = page.form(&link);
    assert_eq!(
        (again.value("comment"), again.value("decision")),
        ("kept", "approve")
    );
    world.people.write(|_| ());
    world.pass(3_000);
    assert_eq!(boss.submit(&again).await.status, 303);
}
