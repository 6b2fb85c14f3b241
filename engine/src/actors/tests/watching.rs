//! The watchdog finds an actor that waits for ever.

use serde_json::json;

use super::rig::{World, chain, in_system, pod, settings};
use crate::actors::messages::Die;
use crate::ports::clock::Clock as _;

/// A keeper whose answer from the writing thread got lost is found, named and rebuilt.
#[test]
fn a_keeper_that_waits_for_ever() {
    in_system(async {
        let world = World::start(settings()).await;
        let uid = world
            .submit("hangs", json!([chain(&["a"]), pod("a")]))
            .await;
        world
            .until("a runs", |world| {
                world.processes.running() == ["hangs[0].a"]
            })
            .await;
        let keeper = world.shell.roster.keeper_of(&uid).expect("a keeper");
        keeper.send(Die::Hang(uid.clone())).await.expect("it hangs");
        world.processes.finish(".a", 0, world.clock.now_ms());
        world.succeeded(&uid).await;
        assert!(world.processes.begun().values().all(|count| *count == 1));
    });
}

/// Every kind of actor says what it does.
#[test]
fn every_actor_can_be_observed() {
    in_system(async {
        let world = World::start(settings()).await;
        let reports = world.reports().await;
        let count = |kind: &str| reports.iter().filter(|report| report.actor == kind).count();
        assert_eq!(count("Engine"), 1);
        assert_eq!(
            count("PartitionKeeper"),
            usize::from(usher_ledger::PARTITIONS)
        );
        assert_eq!(count("PodWatch"), 1);
    });
}
