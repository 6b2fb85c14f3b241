//! Does an event cost the same in a big run? Time per event in runs of 100 and of 50,000 nodes, and
//! bytes written per event while 10,000 children of one group end one by one.
//!
//! Medians are compared, so a busy machine slows both sides alike.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use usher_core::decide::decide;
use usher_core::effect::Effect;
use usher_core::event::{End, Event, Stamped};
use usher_core::prepared::Prepared;
use usher_core::run::{Identity, Run, encode_head, encode_node};

const START_MS: i64 = 1_700_000_000_000;

/// Events that are measured in each run.
const EVENTS: usize = 80;

/// Makes the main template of a given width.
type Shape = fn(usize) -> Value;

/// One group of `width` steps.
fn group(width: usize) -> Value {
    let call = |n| json!({"name": format!("s{n}"), "template": "p"});
    let calls: Vec<Value> = (0..width).map(call).collect();
    json!({"name": "m", "steps": [calls]})
}

/// A dag of `width` roots, each with a task behind it.
fn pairs(width: usize) -> Value {
    let pair = |n| {
        let first = json!({"name": format!("a{n}"), "template": "p"});
        let second = json!({"name": format!("b{n}"), "template": "p", "depends": format!("a{n}")});
        [first, second]
    };
    let tasks: Vec<Value> = (0..width).flat_map(pair).collect();
    json!({"name": "m", "dag": {"tasks": tasks}})
}

/// A dag of `width` roots and one task behind all of them.
fn join(width: usize) -> Value {
    let roots = (0..width).map(|n| json!({"name": format!("a{n}"), "template": "p"}));
    let names: Vec<String> = (0..width).map(|n| format!("a{n}")).collect();
    let last = json!({"name": "z", "template": "p", "dependencies": names});
    let tasks: Vec<Value> = roots.chain([last]).collect();
    json!({"name": "m", "dag": {"tasks": tasks}})
}

/// A run whose first wave of processes is launched.
fn launched(main: Value) -> Run {
    let object = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "w"},
        "spec": {"entrypoint": "m", "templates": [
            main, {"name": "p", "container": {"image": "i", "command": ["c"]}}]},
    });
    let plan = usher_core::admit::compile(&object).expect("the workflow is sound");
    let identity = Identity {
        uid: "0d5c4a1e-0000-4000-8000-000000000001".to_owned(),
        name: "w".to_owned(),
        namespace: "default".to_owned(),
        created_ms: START_MS,
        submitter: "ada".to_owned(),
    };
    let mut run = Run::new(Arc::new(Prepared::new(plan)), identity);
    let mut event = Event::Submitted;
    loop {
        let decision = decide(
            run,
            vec![Stamped {
                at_ms: START_MS,
                event,
            }],
        );
        run = decision.run;
        if !decision.effects.contains(&Effect::Continue) {
            return run;
        }
        event = Event::Continued;
    }
}

/// The end of the first process that runs; the run, the time and the bytes it took.
fn one_ends(run: Run) -> (Run, Duration, usize) {
    let node = *run.index.live.first().expect("something runs");
    let end = End {
        code: 0,
        message: None,
        result: None,
        finished_ms: START_MS,
    };
    let event = Event::PodFinished {
        node,
        launch: 1,
        end,
    };
    let events = vec![Stamped {
        at_ms: START_MS,
        event,
    }];
    let begun = Instant::now();
    let decision = decide(run, events);
    let took = begun.elapsed();
    let nodes = decision
        .changed
        .iter()
        .filter_map(|ix| decision.run.node(*ix));
    let bytes =
        encode_head(&decision.run).len() + nodes.map(|n| encode_node(n).len()).sum::<usize>();
    (decision.run, took, bytes)
}

fn median_of_events(main: Value) -> Duration {
    let mut run = launched(main);
    let mut times = Vec::new();
    for _ in 0..EVENTS {
        let (next, took, _) = one_ends(run);
        run = next;
        times.push(took);
    }
    times.sort_unstable();
    times[EVENTS / 2]
}

/// What the processor's caches may cost a big run: far below a commit, far above it would be any
/// look at all nodes.
const CACHES: Duration = Duration::from_micros(5);

/// An event costs at most twice as much in a run of 50,000 nodes as in one of 100.
#[test]
fn an_event_costs_the_same_in_a_big_run() {
    let shapes: [(&str, Shape); 3] = [("group", group), ("pairs", pairs), ("join", join)];
    for (name, shape) in shapes {
        let small = median_of_events(shape(100));
        let big = median_of_events(shape(50_000));
        let line = format!("cost: {name}: {small:?} an event in 100 nodes, {big:?} in 50,000\n");
        std::io::stdout()
            .write_all(line.as_bytes())
            .expect("write the figures");
        assert!(big <= small * 2 + CACHES, "{line}");
    }
}

/// The last of 10,000 children writes at most twice the bytes of the first.
#[test]
fn bytes_stay_flat_while_children_end() {
    let mut run = launched(group(10_000));
    let mut bytes = Vec::new();
    while run.index.live.len() > 1 {
        let (next, _, written) = one_ends(run);
        run = next;
        bytes.push(written);
    }
    let first: usize = bytes[..10].iter().sum();
    let last: usize = bytes[bytes.len() - 10..].iter().sum();
    let line = format!(
        "cost: {} bytes an event at first, {} at last\n",
        first / 10,
        last / 10
    );
    std::io::stdout()
        .write_all(line.as_bytes())
        .expect("write the figures");
    assert!(last <= 2 * first, "{line}");
}
