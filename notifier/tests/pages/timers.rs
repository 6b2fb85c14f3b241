//! The loop over due requests as it runs in the engine.

use usher_notifier::timers;
use usher_notifier_core::task::State;

use crate::kit::World;
use crate::kit::asking::policy;

async fn until(world: &World, task: &str, state: State) {
    while world.task(task).await.1.state != state {
        tokio::task::yield_now().await;
    }
}

/// The loop opens what a run asks for, follows people, records what a run has closed, and ends when
/// it is told so.
#[actix_web::test]
async fn the_loop_does_what_is_due_and_ends() {
    let world = World::new().await;
    let running = actix_web::rt::spawn(timers::run(world.ports.clone()));
    let one = world.next_asked(policy(&["ada", "ben"]));
    world.open(std::slice::from_ref(&one)).await;
    world.ports.bells.tasks.notify_one();
    until(&world, &one.task, State::Pending).await;
    world
        .people
        .write(|people| people.disabled.extend(["ada".to_owned()]));
    world.ports.bells.tasks.notify_one();
    until(&world, &one.task, State::Unroutable).await;
    world.halt(&one.task).await;
    world.ports.bells.tasks.notify_one();
    until(&world, &one.task, State::Cancelled).await;
    world.ending.send(true).unwrap();
    running.await.unwrap();
}

/// A ledger that fails for a while stops nothing for good.
#[actix_web::test]
async fn the_loop_survives_faults_of_the_ledger() {
    let world = World::new().await;
    let one = world.next_asked(policy(&["ada"]));
    world.open(std::slice::from_ref(&one)).await;
    world.sql("ALTER TABLE links RENAME TO away");
    let running = actix_web::rt::spawn(timers::run(world.ports.clone()));
    while world
        .ports
        .store
        .read(|reader| reader.links("none"))
        .await
        .is_ok()
    {
        tokio::task::yield_now().await;
    }
    world.sql("ALTER TABLE away RENAME TO links");
    world.ports.bells.tasks.notify_one();
    // What was put off meanwhile is due again after a minute of the ledger's clock.
    while world.task(&one.task).await.1.state != State::Pending {
        world.pass(60_000);
        world.ports.bells.tasks.notify_one();
        tokio::task::yield_now().await;
    }
    world.ending.send(true).unwrap();
    running.await.unwrap();
}

/// One request that cannot be moved keeps nobody else waiting.
#[actix_web::test]
async fn a_broken_request_holds_nobody_up() {
    let world = World::new().await;
    let broken = world.next_asked(policy(&["ada"]));
    world.open(std::slice::from_ref(&broken)).await;
    let body = r#"UPDATE tasks SET body = CAST('{"v":9}' AS BLOB)"#;
    world.sql(body);
    let good = world.ask(policy(&["ada"])).await;
    assert_eq!(world.task(&good).await.1.state, State::Pending);
}
