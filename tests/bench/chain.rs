//! 40 steps one after the other, in a running server: between the first step's mark and the last's.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use suite::Place;

use crate::floor::{Floor, timed};
use crate::line::{Bounds, Report, median};
use crate::served::{Flow, Marks, Served, nothing, uid};

const STEPS: usize = 40;

/// Measured in turn with the floor and the peer, so that all see the same machine.
const ROUNDS: usize = 9;

pub(crate) fn run(report: &mut Report) {
    let served = Served::start(Place::new());
    let mut client = served.client();
    let mut marks = Marks::new(served.place.folder());
    let call =
        |template: &str, at: usize| json!([{"name": format!("s{at}"), "template": template}]);
    let mut steps: Vec<Value> = vec![call("mark", 0)];
    steps.extend((1..=STEPS).map(|at| call("nothing", at)));
    steps.push(call("mark", STEPS + 1));
    let flow = Flow::of(&json!([{"name": "main", "steps": steps}, marks.template(), nothing()]));
    makefile(served.place.folder());
    let (mut ours, mut floors, mut makes) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        flow.submit(&mut client, uid(round));
        let begun = marks.wait();
        let ended = marks.wait();
        ours.push((ended - begun).as_secs_f64() * 1000.0);
        // From mark to mark there is one process more: the last mark's own.
        #[allow(clippy::cast_precision_loss, reason = "a small number")]
        floors.push(Floor::measure().step_ms() * (STEPS + 1) as f64);
        makes.push(timed(|| make(served.place.folder())));
    }
    let ours = median(ours);
    let bounds = Bounds {
        goal: 1.5,
        limit: 2.0,
    };
    report.ratio("chain-40", (ours, median(floors)), "ms", bounds);
    let bounds = Bounds {
        goal: 2.0,
        limit: 2.5,
    };
    report.ratio("chain-40-make", (ours, median(makes)), "ms", bounds);
    served.stop();
}

/// Forty targets that each depend on the one before.
fn makefile(folder: &std::path::Path) {
    let mut text = format!(".PHONY: t0\nall: t{STEPS}\nt0:\n\t@/bin/true\n");
    for at in 1..=STEPS {
        text.push_str(&format!(
            ".PHONY: t{at}\nt{at}: t{}\n\t@/bin/true\n",
            at - 1
        ));
    }
    std::fs::write(folder.join("Makefile"), text).expect("a file");
}

fn make(folder: &std::path::Path) {
    let mut command = Command::new("make");
    command.arg("-s").current_dir(folder).stdout(Stdio::null());
    let status = command
        .status()
        .expect("make is needed as a peer: install make");
    assert!(status.success(), "make fails");
}
