//! Random plans × faults in a world with a virtual clock and a ledger in memory.
//!
//! Every seed makes a workflow, runs it through `usher::turn` and a ledger that fails before and
//! after a commit, and breaks things on the way: events come twice, late or not at all, the engine
//! dies between decide, commit and dispatch, another one takes the partition. After every event
//! all numbered laws are checked; at the end every run has ended, every process ran once, every
//! command was taken once.
//!
//! `USHER_TEST_SEED` shifts the seeds, `USHER_SIM_SEED=n` replays one, `USHER_SIM_SEEDS=n` sets
//! how many are run.

mod plans;
mod rng;
mod seen;
mod world;

use std::io::Write as _;

use crate::seen::Seen;
use crate::world::World;

/// Fewer do not show every pair and fault.
const SEEDS_MIN: usize = 300;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs one seed to its end; the number of nodes.
fn one(seed: u64, seen: &mut Seen) -> Result<usize, String> {
    let mut world = World::new(seed);
    let result = world.run_to_end();
    seen.add(&world.seen);
    result.map(|()| world.node_count()).map_err(|error| {
        format!(
            "seed {seed}: {error}\nreplay: USHER_SIM_SEED={seed} cargo test --release -p suite \
             --test simulation"
        )
    })
}

#[test]
fn random_plans_survive_every_fault() {
    let mut seen = Seen::default();
    if let Some(seed) = setting("USHER_SIM_SEED") {
        one(seed, &mut seen).unwrap_or_else(|error| panic!("{error}"));
        return;
    }
    let first = suite::seed().wrapping_mul(1_000_003);
    let count = setting("USHER_SIM_SEEDS").unwrap_or(suite::scaled(5_000).max(SEEDS_MIN) as u64);
    let mut nodes = 0;
    for seed in first..first + count {
        nodes += one(seed, &mut seen).unwrap_or_else(|error| panic!("{error}"));
    }
    let mean = nodes as f64 / count as f64;
    // Written past the capture of the harness: the counts belong to the output of every run.
    let report = format!(
        "simulation: seeds {first} to {}, {mean:.1} nodes on average\n{}",
        first + count - 1,
        seen.table()
    );
    std::io::stdout()
        .write_all(report.as_bytes())
        .expect("write the report");
    assert!(
        mean >= 40.0,
        "plans are too small: {mean:.1} nodes on average"
    );
    let missing = seen.faults_of_coverage();
    assert!(
        missing.is_empty(),
        "never seen in {count} seeds: {missing:?}"
    );
}

/// The same seed gives the same story, to the byte.
#[test]
fn a_seed_tells_the_whole_story() {
    let story = |seed| {
        let mut world = World::new(seed);
        let end = world.run_to_end();
        (
            end,
            world.node_count(),
            world.seen.clone(),
            world.last_bytes(),
        )
    };
    assert_eq!(story(42), story(42));
    assert_ne!(story(42), story(43));
}
