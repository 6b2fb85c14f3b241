//! How often what was seen: a simulation that misses something proves nothing about it.

use std::collections::BTreeMap;

use usher_core::effect::{Effect, Note};
use usher_core::phase::{Phase, Signal};
use usher_core::run::NodeIx;

use crate::world::FAULTS;

/// Every verb that people use, or parts of the service for them.
const VERBS: [&str; 8] = [
    "stop",
    "terminate",
    "suspend",
    "resume",
    "retry",
    "delete",
    "settle",
    "mailed",
];

/// Every effect and note that a run can give here. `Illegal` is a fault of ours: never.
const EFFECTS: [&str; 10] = [
    "LaunchPod",
    "StopPod",
    "ReleasePod",
    "Continue",
    "AnnounceEnd",
    "Note UnknownNode",
    "Note OldLaunch",
    "Note AlreadyDone",
    "Note Early",
    "Note RunEnded",
];

/// Counts by what they count.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    counts: BTreeMap<String, u64>,
}

impl Seen {
    fn count(&mut self, what: String) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub(crate) fn fault(&mut self, name: &str) {
        self.count(format!("fault {name}"));
    }

    pub(crate) fn verb(&mut self, verb: &str) {
        self.count(format!("verb {verb}"));
    }

    pub(crate) fn effect(&mut self, effect: &Effect) {
        self.count(format!("effect {}", name(effect)));
    }

    pub(crate) fn moves(&mut self, moves: &[(NodeIx, Phase, Signal)]) {
        for (_, phase, signal) in moves {
            self.count(format!("move {phase:?}+{signal:?}"));
        }
    }

    pub(crate) fn add(&mut self, other: &Seen) {
        for (key, count) in &other.counts {
            *self.counts.entry(key.clone()).or_default() += count;
        }
    }

    /// One line for each count.
    pub(crate) fn table(&self) -> String {
        self.counts
            .iter()
            .map(|(key, count)| format!("{count:>10}  {key}\n"))
            .collect()
    }

    /// Legal pairs, effects, faults and verbs that no seed has shown, and faults of ours that one
    /// has.
    pub(crate) fn faults_of_coverage(&self) -> Vec<String> {
        let pairs = Phase::ALL.into_iter().flat_map(|phase| {
            let legal = Signal::ALL
                .into_iter()
                .filter(move |signal| phase.next(*signal).is_ok());
            legal.map(move |signal| format!("move {phase:?}+{signal:?}"))
        });
        let wanted = pairs
            .chain(EFFECTS.map(|name| format!("effect {name}")))
            .chain(FAULTS.map(|name| format!("fault {name}")))
            .chain(VERBS.map(|name| format!("verb {name}")));
        let mut missing: Vec<String> = wanted
            .filter(|key| !self.counts.contains_key(key))
            .collect();
        if self.counts.contains_key("effect Note Illegal") {
            missing.push("an illegal signal was sent".to_owned());
        }
        missing
    }
}

fn name(effect: &Effect) -> &'static str {
    match effect {
        Effect::LaunchPod { .. } => "LaunchPod",
        Effect::StopPod { .. } => "StopPod",
        Effect::ReleasePod { .. } => "ReleasePod",
        Effect::Continue => "Continue",
        Effect::AnnounceEnd => "AnnounceEnd",
        Effect::Note(Note::UnknownNode { .. }) => "Note UnknownNode",
        Effect::Note(Note::OldLaunch { .. }) => "Note OldLaunch",
        Effect::Note(Note::AlreadyDone { .. }) => "Note AlreadyDone",
        Effect::Note(Note::Early { .. }) => "Note Early",
        Effect::Note(Note::RunEnded) => "Note RunEnded",
        Effect::Note(Note::Illegal(_)) => "Note Illegal",
        Effect::Note(Note::Untold(_)) => "Note Untold",
    }
}
