//! Each kind of actor panics under load: it is rebuilt, processes are adopted again, nothing is
//! doubled, and no timer is early or lost.

use actix::{Context, Handler};
use serde_json::{Value, json};
use usher_api::command::{Command, Outcome};

use super::rig::{World, chain, in_system, pod, settings};
use crate::actors::engine::Engine;
use crate::actors::messages::Die;
use crate::actors::node::NodeKeeper;
use crate::actors::pod_watch::PodWatch;
use crate::ports::clock::Clock as _;

macro_rules! dies {
    ($($actor:ident),*) => {
        $(impl Handler<Die> for $actor {
            type Result = ();

            fn handle(&mut self, _: Die, _: &mut Context<Self>) {
                panic!("a test has this actor panic");
            }
        })*
    };
}

dies!(Engine, PodWatch, NodeKeeper);

/// A process, a wait for an hour and a wait for a person, side by side, then a last process.
fn load() -> Value {
    json!([
        {"name": "main", "steps": [
            [{"name": "work", "template": "work"},
             {"name": "hour", "template": "hour"},
             {"name": "ask", "template": "ask"},
             {"name": "again", "template": "again"}],
            [{"name": "last", "template": "last"}],
        ]},
        pod("work"),
        pod("last"),
        {"name": "hour", "suspend": {"duration": "1h"}},
        {"name": "ask", "suspend": {}},
        {"name": "again", "container": {"image": "i", "command": ["x"]},
         "retryStrategy": {"limit": "3", "backoff": {"duration": "30m"}}},
    ])
}

const RUNS: usize = 6;

/// Runs that each have a process running, a node backing off and two suspended.
async fn under_load() -> (World, Vec<String>) {
    let world = World::start(settings()).await;
    let mut runs = Vec::new();
    for number in 0..RUNS {
        runs.push(world.submit(&format!("load-{number}"), load()).await);
    }
    world
        .until("all run", |world| {
            world.processes.running().len() == 2 * RUNS
        })
        .await;
    world.processes.finish("again(0)", 1, world.clock.now_ms());
    let backs_off = |world: &World, uid: &String| {
        let run = world.run(uid).expect("there");
        run.nodes
            .iter()
            .any(|node| node.phase == usher_core::phase::Phase::BackingOff)
    };
    world
        .until("all back off", |world| {
            runs.iter().all(|uid| backs_off(world, uid))
        })
        .await;
    (world, runs)
}

/// The rest of the story: no timer was early, none is lost, and every process began once.
async fn to_the_end(world: &World, runs: &[String]) {
    assert_eq!(
        world.processes.running().len(),
        RUNS,
        "nothing began too early"
    );
    for uid in runs {
        let command = Command::Resume {
            by: "ada".into(),
            selector: None,
        };
        let outcome = world.command(uid, command).await;
        // Both waiting nodes end: the one with a duration is a suspend node too.
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    }
    world.clock.jump(31 * 60 * 1000);
    world
        .until("second attempts", |world| {
            world.processes.running().len() == 2 * RUNS
        })
        .await;
    let now_ms = world.clock.now_ms();
    world.processes.finish("again(1)", 0, now_ms);
    world.processes.finish(".work", 0, now_ms);
    let all_last = |world: &World| {
        let running = world.processes.running();
        running.len() == RUNS && running.iter().all(|name| name.ends_with("[1].last"))
    };
    world.until("last steps", all_last).await;
    world.processes.finish(".last", 0, world.clock.now_ms());
    for uid in runs {
        world.succeeded(uid).await;
    }
    let begun = world.processes.begun();
    assert_eq!(begun.len(), 4 * RUNS, "{begun:?}");
    assert!(begun.values().all(|count| *count == 1), "{begun:?}");
    world
        .until("all released", |world| world.processes.records() == 0)
        .await;
}

async fn kill(world: &World, run: &str, die: Die) {
    let keeper = world.shell.roster.keeper_of(run).expect("a keeper");
    // The answer is lost when it panics itself.
    let _ = keeper.send(die).await;
}

/// A node's keeper dies while its process runs, while it backs off, while it is suspended.
#[test]
fn node_keepers() {
    in_system(async {
        let (world, runs) = under_load().await;
        for uid in &runs {
            let live = world.run(uid).expect("there").index.live.clone();
            assert_eq!(live.len(), 4, "a process, a back-off, two waits");
            for node in live {
                kill(&world, uid, Die::Node(uid.clone(), node)).await;
            }
        }
        to_the_end(&world, &runs).await;
    });
}

/// A run's keeper dies.
#[test]
fn run_keepers() {
    in_system(async {
        let (world, runs) = under_load().await;
        for uid in &runs {
            kill(&world, uid, Die::Run(uid.clone())).await;
        }
        to_the_end(&world, &runs).await;
    });
}

/// A partition's keeper dies: its runs get new keepers, the old ones end.
#[test]
fn partition_keepers() {
    in_system(async {
        let (world, runs) = under_load().await;
        for uid in &runs {
            if world.shell.roster.keeper_of(uid).is_some() {
                kill(&world, uid, Die::Partition).await;
            }
        }
        let roster = world.shell.roster.clone();
        world
            .until("all keepers are back", |_| {
                runs.iter().all(|uid| roster.keeper_of(uid).is_some())
            })
            .await;
        world.until_awake(RUNS).await;
        to_the_end(&world, &runs).await;
    });
}

/// The watch of the processes dies: it connects anew, and the processes are adopted.
#[test]
fn the_watch() {
    in_system(async {
        let (world, runs) = under_load().await;
        let watch = world.shell.roster.watch().expect("a watch");
        let _ = watch.send(Die::Watch).await;
        let roster = world.shell.roster.clone();
        world
            .until("the watch is back", |_| roster.watch().is_some())
            .await;
        world.until_awake(RUNS).await;
        to_the_end(&world, &runs).await;
    });
}

/// The engine's own actor dies: its children live on and it adopts them.
#[test]
fn the_engine() {
    in_system(async {
        let (world, runs) = under_load().await;
        let engine = world.shell.roster.engine().expect("an engine");
        let _ = engine.send(Die::Engine).await;
        let roster = world.shell.roster.clone();
        world
            .until("the engine is back", |_| roster.engine().is_some())
            .await;
        kill(&world, &runs[0], Die::Partition).await;
        world
            .until("it supervises", |_| roster.keeper_of(&runs[0]).is_some())
            .await;
        world.until_awake(RUNS).await;
        to_the_end(&world, &runs).await;
    });
}

/// Everything at once, in the order that hurts most.
#[test]
fn all_of_them() {
    in_system(async {
        let (world, runs) = under_load().await;
        let engine = world.shell.roster.engine().expect("an engine");
        let watch = world.shell.roster.watch().expect("a watch");
        kill(&world, &runs[0], Die::Run(runs[0].clone())).await;
        kill(&world, &runs[1], Die::Partition).await;
        let _ = watch.send(Die::Watch).await;
        let _ = engine.send(Die::Engine).await;
        let roster = world.shell.roster.clone();
        world
            .until("all are back", |_| {
                roster.watch().is_some()
                    && roster.engine().is_some()
                    && runs.iter().all(|uid| roster.keeper_of(uid).is_some())
            })
            .await;
        world.until_awake(RUNS).await;
        to_the_end(&world, &runs).await;
    });
}

/// The rig itself: a chain runs to its end.
#[test]
fn a_chain_runs() {
    in_system(async {
        let world = World::start(settings()).await;
        let templates = json!([chain(&["a", "b"]), pod("a"), pod("b")]);
        let uid = world.submit("chain", templates).await;
        world
            .until("a runs", |world| {
                world.processes.running() == ["chain[0].a"]
            })
            .await;
        world.processes.finish(".a", 0, world.clock.now_ms());
        world
            .until("b runs", |world| {
                world.processes.running() == ["chain[1].b"]
            })
            .await;
        world.processes.finish(".b", 0, world.clock.now_ms());
        world.succeeded(&uid).await;
    });
}
