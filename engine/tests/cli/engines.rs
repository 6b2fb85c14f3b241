//! Several processes on one state directory: one is the engine, the others follow (design §8).

use rustix::process::Signal;

use crate::rig::{Place, Started, look_until};

/// A gated step that leaves its workflow's name, once, and a second step that does so too.
const GATED: [&str; 2] = [
    "echo {{workflow.name}} 1 >> $LOG; echo {{workflow.name}} > $SAY; read go < $GATE",
    "echo {{workflow.name}} 2 >> $LOG",
];

fn traces(names: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = names
        .iter()
        .flat_map(|name| [format!("{name} 1"), format!("{name} 2")])
        .collect();
    all.sort();
    all
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

/// `server` says when it is ready, serves, and ends cleanly on SIGTERM and SIGINT.
#[test]
fn a_server() {
    let place = Place::new();
    place.steps("served", &["true"]);
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = place.start(["server"]);
        let ready = server.line();
        let pid = server.pid();
        assert_eq!(
            ready,
            format!(
                "usher is ready on {} (process {pid})",
                place.state().display()
            )
        );
        place
            .usher([
                "submit",
                "served.yaml",
                "--wait",
                "--name",
                signal_name(signal),
            ])
            .with_code(0);
        server.signal(signal);
        let said = server.end().with_code(0);
        assert_eq!(said.out, "");
        // It has said where the mailbox is, and nothing else.
        assert_eq!(said.err.matches("mailbox?key=").count(), 1, "{}", said.err);
        assert_eq!(said.err.lines().count(), 1, "{}", said.err);
        assert!(!place.state().join("sock").exists());
    }
    let said = place.usher(["doctor"]).with_code(0);
    assert!(said.out.contains("none; the lock is free"), "{}", said.out);
    assert!(
        said.out.contains("2 workflows, 0 unfinished"),
        "{}",
        said.out
    );
}

fn signal_name(signal: Signal) -> &'static str {
    if signal == Signal::TERM {
        "term"
    } else {
        "int"
    }
}

/// A server that is told to end ends, also with a run in its hands: no other engine is started.
/// The run's step goes on, and so does the run with the next engine.
#[test]
fn a_server_really_ends() {
    let mut place = Place::new();
    place.steps("one", &GATED);
    let mut server = place.start(["server"]);
    server.line_with("ready");
    place
        .usher(["submit", "one.yaml", "-o", "name"])
        .with_code(0);
    assert_eq!(place.hear(), "one");
    server.signal(Signal::TERM);
    server.end().with_code(0);
    let said = place.usher(["doctor"]).with_code(0);
    assert!(said.out.contains("none; the lock is free"), "{}", said.out);
    place.open_gate();
    place.usher(["wait", "one"]).with_code(0);
    assert_eq!(sorted(place.log()), traces(&["one"]));
}

/// A second server stands by and takes over.
#[test]
fn a_server_stands_by() {
    let place = Place::new();
    let mut first = place.start(["server"]);
    first.line_with("ready");
    let mut second = place.start(["server"]);
    let said = second.line();
    let pid = first.pid();
    assert_eq!(
        said,
        format!(
            "usher stands by: process {pid} is the engine of {}",
            place.state().display()
        )
    );
    first.signal(Signal::KILL);
    second.line_with("ready");
    second.signal(Signal::TERM);
    second.end().with_code(0);
    first.end();
}

/// The first ends first: the second becomes the engine and brings its own run to the end.
#[test]
fn the_first_ends_first() {
    let mut place = Place::new();
    place.steps("one", &GATED);
    place.steps("two", &GATED);
    let first = place.start(["run", "one.yaml"]);
    assert_eq!(place.hear(), "one");
    let second = place.start(["run", "two.yaml"]);
    assert_eq!(place.hear(), "two");
    first.signal(Signal::INT);
    let said = first.end().with_code(130);
    assert!(said.err.contains("usher attach one"), "{}", said.err);
    place.open_gate();
    place.open_gate();
    second.end().with_code(0);
    place.usher(["attach", "one"]).with_code(0);
    assert_eq!(sorted(place.log()), traces(&["one", "two"]));
}

/// The first is killed: the second becomes the engine and ends both runs.
#[test]
fn the_first_is_killed() {
    let mut place = Place::new();
    place.steps("one", &GATED);
    place.steps("two", &GATED);
    let first = place.start(["run", "one.yaml"]);
    assert_eq!(place.hear(), "one");
    let second = place.start(["run", "two.yaml"]);
    assert_eq!(place.hear(), "two");
    first.signal(Signal::KILL);
    first.end().with_code(-1);
    place.open_gate();
    place.open_gate();
    second.end().with_code(0);
    place.usher(["wait", "one", "two"]).with_code(0);
    assert_eq!(sorted(place.log()), traces(&["one", "two"]));
}

/// Three at once, from nothing: every run succeeds, each step ran once.
#[test]
fn three_at_once() {
    let mut place = Place::new();
    let names = ["one", "two", "three"];
    let runs = three(&mut place, names);
    for _ in names {
        place.open_gate();
    }
    for (_, run) in runs {
        run.end().with_code(0);
    }
    assert_eq!(sorted(place.log()), traces(&names));
    for name in names {
        assert_eq!(place.phase(name), "Succeeded");
    }
}

/// Three at once, and whoever is the engine is killed, twice: the last one becomes the engine,
/// every run succeeds, each step ran once.
#[test]
fn three_at_once_and_two_are_killed() {
    let mut place = Place::new();
    let names = ["one", "two", "three"];
    let mut runs = three(&mut place, names);
    for _ in 0..2 {
        let engine = engine_of(&place);
        let at = runs
            .iter()
            .position(|(_, run)| run.pid() == engine)
            .unwrap();
        let (_, run) = runs.remove(at);
        run.signal(Signal::KILL);
        run.end().with_code(-1);
    }
    for _ in names {
        place.open_gate();
    }
    for (_, run) in runs {
        run.end().with_code(0);
    }
    place.usher(["wait", "one", "two", "three"]).with_code(0);
    assert_eq!(sorted(place.log()), traces(&names));
}

/// Three runs that were started together and whose first steps are at their gates.
fn three<'a>(place: &mut Place, names: [&'a str; 3]) -> Vec<(&'a str, Started)> {
    for name in names {
        place.steps(name, &GATED);
    }
    let start = |name| (name, place.start(["run", &format!("{name}.yaml")]));
    let runs = names.map(start).into();
    let mut heard = names.map(|_| place.hear());
    heard.sort();
    assert_eq!(heard, ["one", "three", "two"]);
    runs
}

/// The process that is the engine, once somebody is: after a death nobody is for a moment.
fn engine_of(place: &Place) -> u32 {
    let found = std::cell::Cell::new(None);
    look_until("somebody is the engine", || {
        let said = place.usher(["doctor"]).with_code(0);
        let line = said.out.lines().find(|line| line.contains("engine"));
        let words = line.unwrap().split_whitespace();
        found.set(words.filter_map(|word| word.parse().ok()).next());
        found.get().is_some()
    });
    found.get().unwrap()
}

/// A background engine ends by itself when nothing needs it, and leaves what waits for a person.
#[test]
fn a_background_engine_ends() {
    let mut place = Place::new();
    place.steps("waits", &["echo on > $SAY", "suspend: {}"]);
    let flags = ["--idle-after-ms", "100", "--sleep-after-ms", "100"];
    place
        .usher(["submit", "waits.yaml", "-o", "name"].iter().chain(&flags))
        .with_code(0);
    assert_eq!(place.hear(), "on");
    look_until("the engine has ended", || {
        let said = place.usher(["doctor"]).with_code(0);
        said.out.contains("none; the lock is free")
    });
    assert_eq!(place.phase("waits"), "Running");
    place
        .usher(["resume", "waits"].iter().chain(&flags))
        .with_code(0);
    place.usher(["wait", "waits"]).with_code(0);
}

/// Many submit at once where nobody is the engine: one engine comes of it, and every run ends.
#[test]
fn many_submit_at_once() {
    let place = Place::new();
    let names = ["one", "two", "three", "four", "five"];
    for name in names {
        place.steps(
            name,
            &[
                "echo {{workflow.name}} 1 >> $LOG",
                "echo {{workflow.name}} 2 >> $LOG",
            ],
        );
    }
    let submits = names.map(|name| {
        let file = format!("{name}.yaml");
        place.start(["submit", &file, "-o", "name", "--idle-after-ms", "200"])
    });
    for submit in submits {
        submit.end().with_code(0);
    }
    place.usher(["wait"].iter().chain(&names)).with_code(0);
    assert_eq!(sorted(place.log()), traces(&names));
}
