//! The lines that benchmarks print, and whether all figures are within their limits.

use std::process::ExitCode;

use serde_json::json;

use crate::floor::Floor;

/// Collects figures.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) floor: Floor,
    good: u32,
    bad: Vec<String>,
}

/// What a ratio is to be, and what it must not exceed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) goal: f64,
    pub(crate) limit: f64,
}

impl Bounds {
    /// The goal is the limit.
    pub(crate) fn at(goal: f64) -> Bounds {
        Bounds { goal, limit: goal }
    }
}

impl Report {
    /// Measures the floor and prints it.
    pub(crate) fn new() -> Report {
        let floor = Floor::measure();
        println!(
            "{}",
            json!({
                "bench": "floor", "spawn_ms": round(floor.spawn_ms),
                "commit_ms": round(floor.commit_ms), "void": floor.is_void(),
            })
        );
        Report {
            floor,
            good: 0,
            bad: Vec::new(),
        }
    }

    /// A figure that must not be above its limit.
    pub(crate) fn figure(&mut self, bench: &str, value: f64, unit: &str, limit: f64) {
        let line = json!({
            "bench": bench, "value": round(value), "unit": unit, "limit": round(limit),
            "void": self.floor.is_void(),
        });
        self.judge(bench, value, limit, &line);
    }

    /// A figure as a ratio to a floor or a peer of the same run. The goal is what it is to be, the
    /// limit what it must not exceed; where the two differ, the goal is not reached yet.
    pub(crate) fn ratio(&mut self, bench: &str, pair: (f64, f64), unit: &str, bounds: Bounds) {
        let (value, floor) = pair;
        let ratio = value / floor;
        let line = json!({
            "bench": bench, "value": round(value), "floor": round(floor), "unit": unit,
            "ratio": round(ratio), "goal": round(bounds.goal), "limit": round(bounds.limit),
            "void": self.floor.is_void(),
        });
        self.judge(bench, ratio, bounds.limit, &line);
    }

    /// A figure without a limit.
    pub(crate) fn note(&self, bench: &str, value: f64, unit: &str) {
        println!(
            "{}",
            json!({"bench": bench, "value": round(value), "unit": unit})
        );
    }

    fn judge(&mut self, bench: &str, value: f64, limit: f64, line: &serde_json::Value) {
        println!("{line}");
        if value <= limit || self.floor.is_void() {
            self.good += 1;
        } else {
            self.bad
                .push(format!("{bench}: {value:.3} is above {limit}"));
        }
    }

    /// Prints what is beyond its limit and the count.
    pub(crate) fn end(self) -> ExitCode {
        for bad in &self.bad {
            println!("beyond its limit: {bad}");
        }
        println!(
            "test result: {} passed; {} failed",
            self.good,
            self.bad.len()
        );
        ExitCode::from(u8::from(!self.bad.is_empty()))
    }
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// The middle of some figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The figure that `percent` of all are not above.
pub(crate) fn percentile(mut figures: Vec<f64>, percent: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    let at = (figures.len() * percent / 100).min(figures.len().saturating_sub(1));
    figures.get(at).copied().unwrap_or(f64::NAN)
}
