//! A server on a ledger: how long until it is ready, how much memory it takes.

use suite::Place;

use crate::line::{Report, median};
use crate::served::Served;

/// Starts of one state directory, the first not counted.
const STARTS: usize = 11;

pub(crate) fn run(report: &mut Report) {
    let mut place = Place::new();
    let (mut ready, mut memory) = (Vec::new(), Vec::new());
    for start in 0..=STARTS {
        let served = Served::start(place);
        if start > 0 {
            ready.push(served.ready.as_secs_f64() * 1000.0);
            memory.push(served.rss_mib());
        }
        place = served.stop();
    }
    report.figure("start", median(ready), "ms", 50.0);
    report.figure("start-memory", median(memory), "MiB", 20.0);
}
