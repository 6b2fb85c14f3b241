//! Is the engine Argo's equal? Small workflows, and the finished objects that Argo 4.1.2 made of
//! them on a real cluster: the same file, run by us, must end with the same tree.
//!
//! A case ends as one of four: *equal* to what was recorded; *ours*, equal to an object below
//! `ours/` because we decided against Argo (`engine/decisions/0003-conformance.md`); *not yet*,
//! refused by name because a feature is not supported so far; *different*, which fails the test.
//!
//! What runs a case is a [`driver::Driver`], so that the same cases can be run by the core alone
//! and by the shipped binary.

mod case;
mod compare;
mod directive;
mod driver;
mod in_process;
mod normalise;
mod shell;
mod shipped;
mod volatile;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::case::Case;
use crate::driver::{Carried, Driver};

/// How a case ended.
#[derive(Debug)]
enum Verdict {
    Equal,
    Ours,
    NotYet(String),
    Different(Vec<String>),
}

/// Cases by how they ended.
#[derive(Debug, Default)]
struct Tally {
    equal: usize,
    ours: usize,
    not_yet: BTreeMap<String, Vec<String>>,
    different: Vec<String>,
}

impl Tally {
    fn add(&mut self, case: &Case, verdict: Verdict) {
        match verdict {
            Verdict::Equal => self.equal += 1,
            Verdict::Ours => self.ours += 1,
            Verdict::NotYet(feature) => {
                self.not_yet
                    .entry(feature)
                    .or_default()
                    .push(case.name.clone());
            }
            Verdict::Different(lines) => {
                let lines: String = lines.iter().map(|line| format!("\n    {line}")).collect();
                self.different.push(format!("{}{lines}", case.name));
            }
        }
    }

    fn report(&self, driver: &str) -> String {
        let later: usize = self.not_yet.values().map(Vec::len).sum();
        let mut text = format!(
            "conformance, {driver}: {} equal, {} ours by decision, {later} not yet, {} different\n",
            self.equal,
            self.ours,
            self.different.len()
        );
        for (feature, names) in &self.not_yet {
            let _ = writeln!(
                text,
                "  not yet {:>3}  {feature}: {}",
                names.len(),
                names.join(" ")
            );
        }
        for lines in &self.different {
            let _ = writeln!(text, "  different  {lines}");
        }
        text
    }
}

/// Whether what was recorded is a refusal of the file: a workflow that failed without any node.
fn is_refused(recorded: &Value) -> bool {
    let status = &recorded["status"];
    let nodes = status["nodes"].as_object();
    nodes.is_none_or(serde_json::Map::is_empty) && status["phase"] != "Succeeded"
}

fn judge(case: &Case, carried: Carried) -> Verdict {
    let object = match carried {
        Carried::Object(object) => object,
        Carried::NotYet(feature) => return Verdict::NotYet(feature),
        Carried::Stuck(why) => return Verdict::Different(vec![why]),
        Carried::Refused(_) if is_refused(&case.recorded) && case.ours.is_none() => {
            return Verdict::Equal;
        }
        Carried::Refused(faults) => {
            let mut lines = vec!["refused".to_owned()];
            lines.extend(faults);
            return Verdict::Different(lines);
        }
    };
    let reduced = normalise::reduce(&object, &case.head.volatile);
    let expected = case.ours.as_ref().unwrap_or(&case.recorded);
    let mut lines = compare::differences(expected, &reduced);
    lines.extend(compare::broken_limits(&object, &case.head.at_most));
    match (lines.is_empty(), &case.ours) {
        (true, None) => Verdict::Equal,
        (true, Some(_)) => Verdict::Ours,
        (false, _) => Verdict::Different(lines),
    }
}

/// Judges every case, so many at a time.
fn run_all(driver: &(dyn Driver + Sync), at_once: usize) -> Tally {
    let only = std::env::var("USHER_CONFORMANCE_ONLY").unwrap_or_default();
    let mut cases = case::all();
    cases.retain(|case| case.name.contains(&only));
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { break };
                    let verdict = judge(case, driver.carry_out(case));
                    let mut verdicts = verdicts.lock().expect("no judge has panicked");
                    verdicts.insert(at, verdict);
                }
            });
        }
    });
    let mut tally = Tally::default();
    let verdicts = verdicts.into_inner().expect("no judge has panicked");
    for (at, verdict) in verdicts {
        tally.add(&cases[at], verdict);
    }
    tally
}

fn assert_agrees(name: &str, driver: &(dyn Driver + Sync), at_once: usize) {
    let tally = run_all(driver, at_once);
    // Written past the capture of the harness: the figures belong to the output of every run.
    let report = tally.report(name);
    std::io::stdout()
        .write_all(report.as_bytes())
        .expect("write the report");
    assert!(tally.different.is_empty(), "{report}");
    assert!(tally.equal > 0, "no case was run");
}

/// Every case whose fields are covered ends as Argo recorded it, run by the core in process.
#[test]
fn the_core_agrees_with_argo() {
    assert_agrees("core", &in_process::InProcess::new(), 1);
}

/// The same cases through the shipped binary, in real time.
#[test]
fn the_shipped_binary_agrees_with_argo() {
    assert_agrees("binary", &shipped::Shipped, 6);
}
