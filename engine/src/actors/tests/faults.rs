//! What a run does when the ledger fails it, and when the engine itself is at fault.

use serde_json::json;
use usher_api::command::{Command, Outcome};
use usher_core::run::RunPhase;
use usher_ledger::{Fault, Reader};

use super::rig::{World, chain, in_system, pod, settings, take_over_all};
use crate::ports::clock::Clock as _;

fn by() -> String {
    "ada".to_owned()
}

fn templates() -> serde_json::Value {
    json!([chain(&["a", "b"]), pod("a"), pod("b")])
}

/// Runs two steps to the end while the second turn meets a fault of the ledger.
async fn survives(fault: Fault) {
    let world = World::start(settings()).await;
    let uid = world.submit("fault", templates()).await;
    world
        .until("a runs", |world| {
            world.processes.running() == ["fault[0].a"]
        })
        .await;
    world.ledger.arm(fault);
    world.processes.finish(".a", 0, world.clock.now_ms());
    world
        .until("b runs", |world| {
            world.processes.running() == ["fault[1].b"]
        })
        .await;
    world.processes.finish(".b", 0, world.clock.now_ms());
    world.succeeded(&uid).await;
    let begun = world.processes.begun();
    assert!(begun.values().all(|count| *count == 1), "{begun:?}");
    world
        .until("released", |world| world.processes.records() == 0)
        .await;
}

/// A commit of unknown outcome that was not written: the run is read again and goes on.
#[test]
fn lost_before_the_commit() {
    in_system(survives(Fault::BeforeCommit));
}

/// A commit of unknown outcome that was written: what it owes is carried out all the same.
#[test]
fn lost_after_the_commit() {
    in_system(survives(Fault::AfterCommit));
}

/// A commit that arrives twice counts once.
#[test]
fn a_commit_twice() {
    in_system(survives(Fault::Twice));
}

/// Somebody else has the ledger for a moment.
#[test]
fn busy() {
    in_system(survives(Fault::Busy));
}

/// A turn that the ledger refuses parks its run; others are not affected; delete removes it.
#[test]
fn a_refused_turn_parks_its_run_alone() {
    in_system(async {
        let world = World::start(settings()).await;
        let bad = world.submit("bad", templates()).await;
        let good = world.submit("good", templates()).await;
        world
            .until("both run", |world| world.processes.running().len() == 2)
            .await;
        world.ledger.arm(Fault::Refuse(bad.clone()));
        world.processes.finish(".a", 0, world.clock.now_ms());
        world
            .until("b of the good one", |world| {
                world.processes.running() == ["good[1].b"]
            })
            .await;
        world.processes.finish(".b", 0, world.clock.now_ms());
        world.succeeded(&good).await;
        let parked = |world: &World| {
            world
                .ledger
                .clone()
                .run_row(&bad)
                .expect("readable")
                .expect("there")
                .parked
        };
        world
            .until("the bad one is parked", |world| parked(world).is_some())
            .await;
        assert!(
            parked(&world)
                .expect("parked")
                .starts_with("LedgerRefused: ")
        );
        let outcome = world.command(&bad, Command::Delete { by: by() }).await;
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
        assert_eq!(world.ledger.clone().run_row(&bad).expect("readable"), None);
    });
}

/// A fault of the engine parks the run: every command but two is answered with the reason, and a
/// terminate takes it up again.
#[test]
fn a_poison_run_ends_alone() {
    in_system(async {
        let world = World::start(settings()).await;
        let poison = world.submit("poison", templates()).await;
        let good = world.submit("good", templates()).await;
        world
            .until("both run", |world| world.processes.running().len() == 2)
            .await;
        world.processes.finish(".a", 0, world.clock.now_ms());
        world
            .until("b of the good one", |world| {
                world.processes.running().len() == 1
            })
            .await;
        world.processes.finish(".b", 0, world.clock.now_ms());
        world.succeeded(&good).await;
        let row = |world: &World| {
            world
                .ledger
                .clone()
                .run_row(&poison)
                .expect("readable")
                .expect("there")
        };
        world
            .until("it is parked", |world| row(world).parked.is_some())
            .await;
        let reason = "EngineBug: a fault that a test has planted";
        assert_eq!(row(&world).parked.as_deref(), Some(reason));
        let resume = Command::Resume {
            by: by(),
            selector: None,
        };
        let message = format!(
            "the workflow is parked ({reason}): it takes only terminate and delete until a person \
             has looked at it"
        );
        let refused = Outcome::Refused {
            code: "parked".to_owned(),
            message,
        };
        assert_eq!(world.command(&poison, resume).await, refused);
        let outcome = world
            .command(&poison, Command::Terminate { by: by() })
            .await;
        assert_eq!(
            outcome,
            Outcome::Done {
                message: "workflow poison terminated".to_owned()
            }
        );
    });
}

/// A run that cannot even be terminated says so, and can be deleted.
#[test]
fn a_run_beyond_help_can_be_deleted() {
    in_system(async {
        let world = World::start(settings()).await;
        let venom = world.submit("venom", templates()).await;
        world
            .until("it runs", |world| world.processes.running().len() == 1)
            .await;
        let outcome = world.command(&venom, Command::Terminate { by: by() }).await;
        assert!(
            matches!(&outcome, Outcome::Refused { code, .. } if code == "parked"),
            "{outcome:?}"
        );
        let outcome = world.command(&venom, Command::Delete { by: by() }).await;
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
        world
            .until("its process is forgotten", |world| {
                world.processes.records() == 0
            })
            .await;
    });
}

/// A second engine on the same ledger: what the first one still writes is stale, and it does not
/// lose or double anything.
#[test]
fn an_old_engine_writes_nothing() {
    in_system(async {
        let old = World::start(settings()).await;
        let uid = old.submit("moved", templates()).await;
        old.until("a runs", |world| {
            world.processes.running() == ["moved[0].a"]
        })
        .await;
        take_over_all(&mut old.ledger.clone());
        let stop = Command::Stop {
            by: by(),
            message: None,
            selector: None,
        };
        let id = old.write_command(&uid, &stop).await;
        let tried = old.shell.writer.stats().writes;
        // Its partitions are another's; it tries, and may not.
        old.shell.roster.nudge(&uid);
        old.until("it tries", |world| {
            world.shell.writer.stats().writes > tried
        })
        .await;
        let state = old
            .ledger
            .clone()
            .command_state(id)
            .expect("readable")
            .expect("there");
        assert_eq!(state.outcome, None, "the old engine has taken it");
        let new = World::on(old.ledger.clone(), old.processes.clone(), settings()).await;
        let outcome = new.outcome(id).await;
        assert_eq!(
            outcome,
            Outcome::Done {
                message: "workflow moved stopped".to_owned()
            }
        );
        new.until("it ends", |world| world.phase(&uid) == RunPhase::Failed)
            .await;
    });
}
