//! 1,000 steps side by side: between the mark before them and the mark after them.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use suite::Place;

use crate::floor::{insert, open, spawn_true, timed};
use crate::line::{Bounds, Report, median};
use crate::served::{Flow, Marks, Served, nothing, uid};

const STEPS: usize = 1_000;

/// Rows of a commit, and rows that a step takes.
const GROUP: usize = 100;
const ROWS_PER_STEP: usize = 2;

const ROUNDS: usize = 3;

pub(crate) fn run(report: &mut Report) {
    let served = Served::start(Place::new());
    let mut client = served.client();
    let mut marks = Marks::new(served.place.folder());
    let crowd: Vec<Value> = (0..STEPS)
        .map(|at| json!({"name": format!("c{at}"), "template": "nothing"}))
        .collect();
    let steps = json!([
        [{"name": "before", "template": "mark"}],
        crowd,
        [{"name": "after", "template": "mark"}],
    ]);
    let flow = Flow::of(&json!([{"name": "main", "steps": steps}, marks.template(), nothing()]));
    let (mut ours, mut floors) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        flow.submit(&mut client, uid(round));
        let begun = marks.wait();
        let ended = marks.wait();
        ours.push((ended - begun).as_secs_f64() * 1000.0);
        floors.push(timed(floor));
    }
    let bounds = Bounds {
        goal: 1.5,
        limit: 2.0,
    };
    report.ratio("fan-out-1000", (median(ours), median(floors)), "ms", bounds);
    served.stop();
}

/// The same processes, as many at a time as the engine has, and as many rows.
fn floor() {
    let at_a_time = 2 * std::thread::available_parallelism().map_or(2, usize::from);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < STEPS {
                    spawn_true();
                }
            });
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let mut connection = open(folder.path());
    for group in 0..STEPS * ROWS_PER_STEP / GROUP {
        insert(&mut connection, group * GROUP, GROUP);
    }
}
