//! Benchmarks of the shipped binary, each beside a floor measured in the same run.
//!
//! ```text
//!   start     a server on an empty ledger: time until it is ready, memory
//!   chain     40 steps one after the other: against spawn + one durable commit, and against make
//!   fan-out   1,000 steps side by side: against the same processes and rows without an engine
//!   events    one event in a run of 50,000 nodes: against one in a run of 100
//!   written   bytes written per event while 10,000 steps come one by one: against the first ten
//!   click     a click on the approver page until the next step starts: against spawn + commit
//!   requests  1,000 requests of three people opened: against their rows, a commit a request
//!   pending   1,000,000 requests that wait: memory, opening a link against a bare
//!             request and an indexed read
//!   mail      a queue of 100,000 mails: memory, each against a bare loop of lettre
//!   sleepers  100,000 suspended runs: memory, start, resume
//! ```
//!
//! `USHER_TEST_COUNTS=full` has the counts named here; otherwise the big ones are a tenth.

mod chain;
mod click;
mod events;
mod fan_out;
mod floor;
mod line;
mod pending;
mod post;
mod served;
mod sleepers;
mod start;
mod written;

use std::process::ExitCode;

use line::Report;

/// A benchmark by name.
type Bench = (&'static str, fn(&mut Report));

const ALL: [Bench; 10] = [
    ("start", start::run),
    ("chain", chain::run),
    ("fan-out", fan_out::run),
    ("events", events::run),
    ("written", written::run),
    ("click", click::click),
    ("requests", click::open_many),
    ("pending", pending::run),
    ("mail", post::run),
    ("sleepers", sleepers::run),
];

fn main() -> ExitCode {
    // Flags are cargo's, for harnesses that know them.
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    let unknown = wanted
        .iter()
        .find(|name| ALL.iter().all(|(known, _)| known != name));
    if let Some(name) = unknown {
        let known: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
        eprintln!(
            "there is no benchmark `{name}`; there are {}",
            known.join(", ")
        );
        return ExitCode::from(2);
    }
    let mut report = Report::new();
    for (name, bench) in ALL {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            bench(&mut report);
        }
    }
    report.end()
}
