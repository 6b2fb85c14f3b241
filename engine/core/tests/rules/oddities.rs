//! Late, repeated and impossible events: they change nothing and give a note.

use serde_json::json;
use usher_core::decide::{NODES_MAX, decide};
use usher_core::effect::{Effect, Note};
use usher_core::event::{End, Event, Stamped};

use crate::script::{START_MS, Script, pod};

fn one() -> Script {
    Script::of(json!({"entrypoint": "p", "templates": [pod("p")]}))
}

fn end(code: i32) -> End {
    End {
        code,
        message: None,
        result: None,
        finished_ms: START_MS,
    }
}

#[test]
fn another_launch_is_a_note() {
    let mut script = one();
    script.give(Event::PodFinished {
        node: 0,
        launch: 2,
        end: end(0),
    });
    let note = Note::OldLaunch {
        node: 0,
        launch: 2,
        present: 1,
    };
    assert_eq!(script.effects, [Effect::Note(note)]);
    script.shows(&["= Running", "w Pod Starting"]);
}

#[test]
fn an_unknown_node_is_a_note() {
    let mut script = one();
    script.give(Event::PodFinished {
        node: 9,
        launch: 1,
        end: end(0),
    });
    assert_eq!(
        script.effects,
        [Effect::Note(Note::UnknownNode { node: 9 })]
    );
}

/// The second telling of an end only releases the record again.
#[test]
fn an_end_counts_once() {
    let mut script = one();
    script.ends("w", 0).give(Event::PodFinished {
        node: 0,
        launch: 1,
        end: end(3),
    });
    let release = Effect::ReleasePod { node: 0, launch: 1 };
    assert_eq!(
        script.effects,
        [Effect::Note(Note::AlreadyDone { node: 0 }), release]
    );
    script.shows(&["= Succeeded", "w Pod Succeeded"]);
}

#[test]
fn timers_of_nothing_are_notes() {
    let mut script = one();
    script.rings(Some("w"));
    assert_eq!(
        script.effects,
        [Effect::Note(Note::Early { node: Some(0) })]
    );
    script.ends("w", 0).rings(Some("w"));
    assert_eq!(
        script.effects,
        [Effect::Note(Note::AlreadyDone { node: 0 })]
    );
    script.rings(None);
    assert_eq!(script.effects, [Effect::Note(Note::RunEnded)]);
}

#[test]
fn a_second_birth_is_a_note() {
    let mut script = one();
    script.give(Event::Submitted);
    let words = "the run was submitted before".to_owned();
    assert_eq!(script.effects, [Effect::Note(Note::Illegal(words))]);
}

/// A clock that goes back counts as standing still.
#[test]
fn time_never_goes_back() {
    let script = one();
    let event = Event::PodFinished {
        node: 0,
        launch: 1,
        end: end(0),
    };
    let decision = decide(script.run().clone(), vec![Stamped { at_ms: 0, event }]);
    assert_eq!(decision.run.head.clock_ms, START_MS);
    assert_eq!(decision.run.head.finished_ms, Some(START_MS));
}

/// A turn changes a bounded number of nodes and asks to be continued; the rest comes.
#[test]
fn a_turn_is_bounded() {
    let calls: Vec<_> = (0..1_200)
        .map(|n| json!({"name": format!("s{n}"), "template": "p"}))
        .collect();
    let spec = json!({"entrypoint": "m", "templates": [
        {"name": "m", "steps": [calls]}, pod("p")]});
    let script = Script::unborn(spec);
    let mut run = script.run().clone();
    let mut event = Event::Submitted;
    let mut sizes = Vec::new();
    loop {
        let decision = decide(
            run,
            vec![Stamped {
                at_ms: START_MS,
                event,
            }],
        );
        sizes.push(decision.changed.len());
        run = decision.run;
        if !decision.effects.contains(&Effect::Continue) {
            break;
        }
        event = Event::Continued;
    }
    assert_eq!(sizes, [NODES_MAX, NODES_MAX, 202]);
    assert_eq!(run.index.busy, 1_200);
}
