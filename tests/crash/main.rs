//! kill -9 of the engine at random moments under load: nothing lost, nothing doubled, all end.
//!
//! Every step writes its beginning and its end to a file outside the engine. In each cycle at least
//! 200 runs are alive and 50 processes in flight; then, after a random number of further words in
//! that file, the engine is killed and started again on the same state. 200 cycles in `full`, a
//! tenth of them otherwise.

mod load;
mod words;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use suite::Place;
use usher_ledger::{Reader, Sqlite};

use load::{LIVE, Load, STEPS};
use words::Words;

/// Processes that must be in flight before the engine is killed.
const IN_FLIGHT: usize = 50;

/// At most this many further words until then.
const FURTHER: u64 = 60;

/// Runs whose reading is the measure of a restart.
const MEASURE: usize = 1_000;

struct Engine {
    child: Child,
    ready: Duration,
}

impl Engine {
    /// Starts a server and waits until it says that it is ready.
    fn start(place: &Place) -> Engine {
        let begun = Instant::now();
        let mut command = place.command(["server", "--processes", "60"]);
        let mut child = command
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out)
            .read_line(&mut line)
            .expect("it says that it is ready");
        assert!(line.contains("ready"), "the server said: {line}");
        Engine {
            child,
            ready: begun.elapsed(),
        }
    }

    fn kill(mut self) {
        self.child.kill().expect("kill -9");
        self.child.wait().expect("it is reaped");
    }
}

/// A number of chance from 0 to below `end`.
fn chance(state: &mut u64, end: u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % end
}

/// Opening the ledger and reading a thousand runs: what a restart is measured by.
fn measure(place: &Place) -> Duration {
    let begun = Instant::now();
    let mut reader = Sqlite::reader(&place.state().join("ledger.db")).expect("the ledger");
    let rows = reader.list_runs(None, MEASURE).expect("rows");
    for row in rows.iter().cycle().take(MEASURE) {
        reader.load_run(&row.uid).expect("readable").expect("there");
    }
    begun.elapsed()
}

#[test]
fn nothing_is_lost_or_doubled() {
    let seed = suite::seed();
    println!("seed {seed}");
    let mut state = seed | 1;
    let cycles = suite::scaled(200);
    let place = Place::new();
    let mut words = Words::new(place.folder());
    let mut load = Load::new(&place, words.path());
    let (mut restarts, mut floors) = (Vec::new(), Vec::new());
    for cycle in 0..cycles {
        let engine = Engine::start(&place);
        if cycle > 0 {
            restarts.push(engine.ready);
        }
        load.fill(&place);
        words.until(|words| words.in_flight() >= IN_FLIGHT);
        let goal = words.count() + usize::try_from(chance(&mut state, FURTHER)).expect("small");
        words.until(|words| words.count() >= goal);
        floors.push(measure(&place));
        engine.kill();
    }
    let engine = Engine::start(&place);
    suite::until_within(Duration::from_secs(600), "all runs end", || {
        (load.live(&place) == 0).then_some(())
    });
    let ended = load.phases(&place);
    engine.kill();
    check(&load, &ended, &words.begun());
    judge(cycles, restarts, floors, words.count());
}

fn check(load: &Load, ended: &BTreeMap<String, String>, begun: &BTreeMap<String, usize>) {
    for name in load.names() {
        assert_eq!(
            ended.get(name).map(String::as_str),
            Some("Succeeded"),
            "run {name}"
        );
        for step in 0..STEPS {
            let node = format!("{name}[{step}].s{step}");
            assert_eq!(begun.get(&node), Some(&1), "{node} began this often");
        }
    }
    assert_eq!(
        begun.len(),
        load.names().len() * STEPS,
        "steps of runs that nobody was told of"
    );
}

fn judge(cycles: usize, mut restarts: Vec<Duration>, mut floors: Vec<Duration>, words: usize) {
    restarts.sort();
    floors.sort();
    let (restart, floor) = (restarts[restarts.len() / 2], floors[floors.len() / 2]);
    println!(
        "{cycles} cycles with {LIVE} live runs, {} steps; ready again p50 {restart:?}, \
         max {:?}; opening and reading {MEASURE} runs {floor:?}",
        words / 2,
        restarts[restarts.len() - 1]
    );
    assert!(
        restart <= floor * 3,
        "a restart takes {restart:?}, the measure is {floor:?}"
    );
}
