//! Random plans × faults in a world with a virtual clock.
//!
//! Every seed makes a workflow, runs it through the core with a ledger that can fail before and
//! after a commit, and breaks things on the way: events come twice, late or not at all, the engine
//! dies between decide, commit and dispatch. After every event all numbered laws are checked; at
//! the end every run has ended, every process ran once, every command was answered once.
//!
//! `USHER_SIM_SEED=n` replays one seed; `USHER_SIM_SEEDS=n` sets how many are run.

mod plans;
mod rng;
mod world;

use std::collections::BTreeMap;

use usher_core::phase::{Phase, Signal};

use crate::world::{Seen, World};

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn count() -> u64 {
    let full = std::env::var("USHER_TEST_COUNTS").is_ok_and(|counts| counts == "full");
    setting("USHER_SIM_SEEDS").unwrap_or(if full { 5_000 } else { 500 })
}

fn one(seed: u64, seen: &mut Seen) -> Result<usize, String> {
    let mut world = World::new(seed);
    let result = world.run_to_end();
    seen.add(&world.seen);
    result.map(|()| world.node_count()).map_err(|error| {
        format!("seed {seed}: {error}\nreplay: USHER_SIM_SEED={seed} cargo test --test simulation")
    })
}

#[test]
fn random_plans_survive_every_fault() {
    let mut seen = Seen::default();
    if let Some(seed) = setting("USHER_SIM_SEED") {
        one(seed, &mut seen).unwrap_or_else(|error| panic!("{error}"));
        return;
    }
    let first = setting("USHER_TEST_SEED").unwrap_or(1).wrapping_mul(1_000_003);
    let seeds = count();
    println!("seeds {first} to {}", first + seeds - 1);
    let mut nodes = 0;
    for seed in first..first + seeds {
        nodes += one(seed, &mut seen).unwrap_or_else(|error| panic!("{error}"));
    }
    let mean = nodes as f64 / seeds as f64;
    println!("mean nodes {mean:.1}\n{}", seen.table());
    assert!(mean >= 40.0, "plans are too small: {mean:.1} nodes on average");
    let missing = missing(&seen);
    assert!(missing.is_empty(), "never seen in {seeds} seeds: {missing:?}");
}

/// Legal pairs and effects that no seed has shown: a simulation that misses one proves nothing
/// about it.
fn missing(seen: &Seen) -> Vec<String> {
    let mut missing = Vec::new();
    for phase in Phase::ALL {
        for signal in Signal::ALL {
            let pair = format!("{phase:?}+{signal:?}");
            if phase.next(signal).is_ok() && !seen.moves.contains_key(&pair) {
                missing.push(pair);
            }
        }
    }
    for effect in ["LaunchPod", "StopPod", "ReleasePod", "Continue", "AnnounceEnd", "Note"] {
        if !seen.effects.contains_key(effect) {
            missing.push(effect.to_owned());
        }
    }
    for fault in world::FAULTS {
        if !seen.faults.contains_key(fault) {
            missing.push(format!("fault {fault}"));
        }
    }
    missing
}

/// The same seed gives the same story.
#[test]
fn a_seed_tells_the_whole_story() {
    let story = |seed| {
        let mut world = World::new(seed);
        let end = world.run_to_end();
        (end, world.node_count(), world.seen.moves.clone(), world.last_bytes())
    };
    assert_eq!(story(42), story(42));
    let counts: BTreeMap<_, _> = (0..8).map(|seed| (story(seed).1, seed)).collect();
    assert!(counts.len() > 1, "different seeds give different plans");
}
