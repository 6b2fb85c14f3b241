//! What one event costs in a small and in a big run.
//!
//! Beside a crowd of suspended nodes a chain of empty steps runs; the crowd takes no part in it, so
//! the time of a step must not depend on how big it is.

use serde_json::{Value, json};
use suite::Place;
use usher::client::Client;
use usher::server::protocol::{Answer, Request, RunRef};
use usher_api::command::{Command, Outcome};

use crate::line::{Bounds, Report, median};
use crate::served::{Flow, Marks, Served, nothing, uid};

const TICKS: usize = 100;
const ROUNDS: usize = 3;

pub(crate) fn run(report: &mut Report) {
    let small = per_tick_ms(1, 100);
    let big = per_tick_ms(100, 500);
    report.ratio("event-50000-nodes", (big, small), "ms", Bounds::at(2.0));
}

/// Milliseconds of a step beside `blocks × block` suspended nodes.
fn per_tick_ms(blocks: usize, block: usize) -> f64 {
    let served = Served::start(Place::new());
    let mut client = served.client();
    let mut marks = Marks::new(served.place.folder());
    let run = flow(blocks, block, &marks).submit(&mut client, uid(blocks));
    let nodes = i64::try_from(blocks * block).expect("small");
    while served.nodes() < nodes {
        std::thread::yield_now();
    }
    let mut figures = Vec::new();
    for round in 0..ROUNDS {
        resume(&mut client, &run, round);
        let begun = marks.wait();
        let ended = marks.wait();
        figures.push((ended - begun).as_secs_f64() * 1000.0);
    }
    served.stop();
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    let ticks = (TICKS + 1) as f64;
    median(figures) / ticks
}

fn flow(blocks: usize, block: usize, marks: &Marks) -> Flow {
    let many = |count: usize, template: &str| -> Vec<Value> {
        (0..count)
            .map(|at| json!({"name": format!("n{at}"), "template": template}))
            .collect()
    };
    let call = |name: String, template: &str| json!([{"name": name, "template": template}]);
    let mut ticks = Vec::new();
    for round in 0..ROUNDS {
        ticks.push(call(format!("go-{round}"), "go"));
        ticks.push(call(format!("begin-{round}"), "mark"));
        ticks.extend((0..TICKS).map(|at| call(format!("tick-{round}-{at}"), "nothing")));
        ticks.push(call(format!("end-{round}"), "mark"));
    }
    Flow::of(&json!([
        {"name": "main", "steps": [[
            {"name": "crowd", "template": "crowd"}, {"name": "ticks", "template": "ticks"},
        ]]},
        {"name": "crowd", "steps": [many(blocks, "block")]},
        {"name": "block", "steps": [many(block, "wait")]},
        {"name": "wait", "suspend": {}},
        {"name": "go", "suspend": {}},
        {"name": "ticks", "steps": ticks},
        marks.template(),
        nothing(),
    ]))
}

fn resume(client: &mut Client, run: &RunRef, round: usize) {
    let selector = Some("templateName=go".to_owned());
    let command = Command::Resume {
        by: String::new(),
        selector,
    };
    for attempt in 0_u32.. {
        let key = format!("go-{round}-{attempt}");
        let request = Request::Command {
            run: run.clone(),
            command: command.clone(),
            key,
        };
        match client.ask(&request).expect("an answer") {
            Answer::Outcome {
                outcome: Outcome::Done { .. },
            } => return,
            // The wait is not there yet: the step before it is just ending.
            Answer::Outcome {
                outcome: Outcome::Refused { .. },
            } => {}
            other => panic!("not resumed: {other:?}"),
        }
    }
}
