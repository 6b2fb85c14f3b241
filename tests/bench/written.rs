//! Bytes that the server writes per event while children come one by one: they must not grow with
//! the number of children that are there already.

use serde_json::{Value, json};
use suite::Place;

use crate::line::{Bounds, Report};
use crate::served::{Flow, Marks, Served, nothing, uid};

/// The events that the others are compared with.
const FIRST: usize = 10;

/// Steps before them: until the young log, which is given room ahead, is written over from its
/// beginning.
const WARM: usize = 700;

pub(crate) fn run(report: &mut Report) {
    let count = suite::scaled(10_000);
    let served = Served::start(Place::new());
    let mut client = served.client();
    let mut marks = Marks::new(served.place.folder());
    let call = |name: String, template: &str| json!([{"name": name, "template": template}]);
    let mut warm: Vec<Value> = (0..WARM)
        .map(|at| call(format!("w{at}"), "nothing"))
        .collect();
    warm.push(call("warm".to_owned(), "mark"));
    let flow = Flow::of(&json!([{"name": "main", "steps": warm}, marks.template(), nothing()]));
    flow.submit(&mut client, uid(1));
    marks.wait();
    let mut steps: Vec<Value> = vec![call("begin".to_owned(), "mark")];
    for at in 0..count {
        if at == FIRST {
            steps.push(call("first".to_owned(), "mark"));
        }
        steps.push(call(format!("s{at}"), "nothing"));
    }
    steps.push(call("end".to_owned(), "mark"));
    let flow = Flow::of(&json!([{"name": "main", "steps": steps}, marks.template(), nothing()]));
    flow.submit(&mut client, uid(0));
    let mut at_mark = || {
        marks.wait();
        served.written()
    };
    let (begin, first, end) = (at_mark(), at_mark(), at_mark());
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let per_event = |bytes: f64, events: usize| bytes / (events + 1) as f64;
    let early = per_event(first - begin, FIRST);
    let all = per_event(end - first, count - FIRST);
    report.ratio("written-per-event", (all, early), "bytes", Bounds::at(2.0));
    served.stop();
}
