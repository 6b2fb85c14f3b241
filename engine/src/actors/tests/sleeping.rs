//! Runs that only wait sleep: no actor, no memory; whatever comes wakes them.

use serde_json::{Value, json};
use usher_api::command::{Command, Outcome};
use usher_core::run::RunPhase;

use super::rig::{World, chain, in_system, pod, settings};
use crate::ports::clock::Clock as _;

fn resume() -> Command {
    Command::Resume {
        by: "ada".to_owned(),
        selector: None,
    }
}

fn asks() -> Value {
    json!([chain(&["ask", "work"]), {"name": "ask", "suspend": {}}, pod("work")])
}

/// A run that waits for a person sleeps, and a command wakes it.
#[test]
fn a_command_wakes() {
    in_system(async {
        let world = World::start(settings()).await;
        let uid = world.submit("asks", asks()).await;
        world.until_awake(0).await;
        let outcome = world.command(&uid, resume()).await;
        assert_eq!(
            outcome,
            Outcome::Done {
                message: "workflow asks resumed".to_owned()
            }
        );
        world
            .until("work", |world| {
                world.processes.running() == ["asks[1].work"]
            })
            .await;
        assert_eq!(world.awake().await, 1);
        world.processes.finish(".work", 0, world.clock.now_ms());
        world.succeeded(&uid).await;
        world.until_awake(0).await;
        // Ended and asleep: a command still has its answer.
        let outcome = world.command(&uid, resume()).await;
        let message = "workflow asks has ended (Succeeded)".to_owned();
        assert_eq!(
            outcome,
            Outcome::Refused {
                code: "ended".to_owned(),
                message
            }
        );
        world.until_awake(0).await;
    });
}

/// A run that has failed sleeps for good, until a retry wakes it: what failed is launched anew,
/// what succeeded is not.
#[test]
fn a_retry_wakes_what_has_ended() {
    in_system(async {
        let world = World::start(settings()).await;
        let uid = world
            .submit("job", json!([chain(&["a", "b"]), pod("a"), pod("b")]))
            .await;
        for (step, code) in [("job[0].a", 0), ("job[1].b", 1)] {
            let running = |world: &World| world.processes.running() == [step];
            world.until(step, running).await;
            world.processes.finish(step, code, world.clock.now_ms());
        }
        let failed = |world: &World| world.phase(&uid) == RunPhase::Failed;
        world.until("the end", failed).await;
        world.until_awake(0).await;
        let retry = Command::Retry {
            by: "ben".into(),
            restart_successful: false,
            selector: None,
            parameters: std::collections::BTreeMap::new(),
        };
        let message = "workflow job retried".to_owned();
        let outcome = world.command(&uid, retry).await;
        assert_eq!(outcome, Outcome::Done { message });
        let again = |world: &World| world.processes.running() == ["job[1].b"];
        world.until("the second launch", again).await;
        world.processes.finish("job[1].b", 0, world.clock.now_ms());
        world.succeeded(&uid).await;
        let run = world.run(&uid).expect("it is there");
        let launches: Vec<u32> = run.nodes.iter().map(|node| node.launch).collect();
        assert_eq!(launches, [0, 0, 1, 0, 2]);
    });
}

/// A due time wakes a sleeper, not before it has come.
#[test]
fn a_time_wakes() {
    in_system(async {
        let world = World::start(settings()).await;
        let nap = json!([chain(&["nap", "work"]),
            {"name": "nap", "suspend": {"duration": "5m"}}, pod("work")]);
        let uid = world.submit("naps", nap).await;
        world.until_awake(0).await;
        world.clock.jump(4 * 60 * 1000);
        let id = world
            .write_command(&uid, &Command::Suspend { by: "ada".into() })
            .await;
        world.shell.roster.nudge(&uid);
        assert!(matches!(world.outcome(id).await, Outcome::Done { .. }));
        assert!(world.processes.running().is_empty(), "it is not time yet");
        assert!(matches!(
            world
                .command(&uid, {
                    Command::Resume {
                        by: "ada".into(),
                        selector: Some("displayName=none".into()),
                    }
                })
                .await,
            Outcome::Refused { .. }
        ));
        world.until_awake(0).await;
        world.clock.jump(2 * 60 * 1000);
        // Suspended as a whole: the time does not count until it is resumed.
        assert!(matches!(
            world.command(&uid, resume()).await,
            Outcome::Done { .. }
        ));
        world
            .until("work", |world| {
                world.processes.running() == ["naps[1].work"]
            })
            .await;
    });
}

/// A sleeper's time comes while nobody says anything.
#[test]
fn a_time_wakes_by_itself() {
    in_system(async {
        let world = World::start(settings()).await;
        let nap = json!([chain(&["nap", "work"]),
            {"name": "nap", "suspend": {"duration": "5m"}}, pod("work")]);
        world.submit("naps", nap).await;
        world.until_awake(0).await;
        world.clock.jump(5 * 60 * 1000);
        world
            .until("work", |world| {
                world.processes.running() == ["naps[1].work"]
            })
            .await;
    });
}

/// A command that nobody was told of is found.
#[test]
fn a_lost_nudge_does_no_harm() {
    in_system(async {
        let world = World::start(settings()).await;
        let uid = world.submit("asks", asks()).await;
        world.until_awake(0).await;
        let id = world.write_command(&uid, &resume()).await;
        let outcome = world.outcome(id).await;
        assert_eq!(
            outcome,
            Outcome::Done {
                message: "workflow asks resumed".to_owned()
            }
        );
    });
}

/// Commands that arrive just as runs fall asleep are neither lost nor taken twice.
#[test]
fn commands_race_with_sleep() {
    in_system(async {
        let mut quick = settings();
        quick.sleep_after_ms = 0;
        let world = World::start(quick).await;
        let uid = world.submit("asks", asks()).await;
        for round in 0..200 {
            let (command, word) = match round % 2 {
                0 => (Command::Suspend { by: "ada".into() }, "suspended"),
                _ => (
                    Command::Resume {
                        by: "ada".into(),
                        selector: Some("name=none".into()),
                    },
                    "",
                ),
            };
            let outcome = world.command(&uid, command).await;
            match outcome {
                Outcome::Done { message } => assert!(message.ends_with(word), "{message}"),
                Outcome::Refused { code, .. } => {
                    assert!(code == "nothing-waits" || code == "suspended", "{code}");
                }
            }
        }
        assert!(matches!(
            world.command(&uid, resume()).await,
            Outcome::Done { .. }
        ));
        world
            .until("work", |world| {
                world.processes.running() == ["asks[1].work"]
            })
            .await;
    });
}

/// Runs that wait are found again by the next engine, and finish there.
#[test]
fn the_next_engine_wakes_them() {
    in_system(async {
        let first = World::start(settings()).await;
        let asked = first.submit("asks", asks()).await;
        let works = json!([chain(&["work"]), pod("work")]);
        let works = first.submit("works", works).await;
        first
            .until("it works", |world| world.processes.running().len() == 1)
            .await;
        let (ledger, processes) = (first.ledger.snapshot(), first.processes.clone());
        drop(first);
        processes.finish(".work", 0, 0);
        let second = World::on(ledger, processes, settings()).await;
        second.succeeded(&works).await;
        assert!(matches!(
            second.command(&asked, resume()).await,
            Outcome::Done { .. }
        ));
        second
            .until("work", |world| {
                world.processes.running() == ["asks[1].work"]
            })
            .await;
        second.processes.finish(".work", 0, second.clock.now_ms());
        second.succeeded(&asked).await;
    });
}
