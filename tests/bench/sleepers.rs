//! Runs that only wait: what they take, how long the engine starts on them, how fast one wakes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::json;
use suite::Place;
use usher::server::protocol::{Answer, Request, RunRef};
use usher_api::command::{Command, Outcome};

use crate::line::{Report, percentile};
use crate::served::{Flow, Served, uid};

/// Clients that submit side by side.
const CLIENTS: usize = 8;

/// Runs that are resumed.
const RESUMED: usize = 500;

pub(crate) fn run(report: &mut Report) {
    let count = suite::scaled(100_000);
    let served = Served::start(Place::new());
    let empty = served.rss_mib();
    let flow = Flow::of(&json!([{"name": "main", "suspend": {}}]));
    let begun = Instant::now();
    submit_all(&served, &flow, count);
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    report.note(
        "submit-rate",
        count as f64 / begun.elapsed().as_secs_f64(),
        "runs/s",
    );
    suite::until("all runs sleep", || {
        (suite::awake(&served.place) == 0).then_some(())
    });
    report.note(
        "suspended-memory-after-submit",
        served.rss_mib() - empty,
        "MiB",
    );
    let served = Served::start(served.stop());
    report.figure(
        "suspended-start",
        served.ready.as_secs_f64() * 1000.0,
        "ms",
        2_000.0,
    );
    report.figure("suspended-memory", served.rss_mib() - empty, "MiB", 20.0);
    let mut client = served.client();
    let mut times = Vec::new();
    for at in 0..RESUMED.min(count) {
        let name = uid(at * (count / RESUMED.min(count)));
        let run = RunRef {
            namespace: "default".to_owned(),
            name,
        };
        let command = Command::Resume {
            by: String::new(),
            selector: None,
        };
        let request = Request::Command {
            run,
            command,
            key: format!("resume-{at}"),
        };
        let begun = Instant::now();
        match client.ask(&request).expect("an answer") {
            Answer::Outcome {
                outcome: Outcome::Done { .. },
            } => {}
            other => panic!("not resumed: {other:?}"),
        }
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    report.note("resume-p50", percentile(times.clone(), 50), "ms");
    report.figure("resume-p99", percentile(times, 99), "ms", 15.0);
    served.stop();
}

fn submit_all(served: &Served, flow: &Flow, count: usize) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            let mut client = served.client();
            let next = &next;
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    flow.submit(&mut client, uid(number));
                }
            });
        }
    });
}
