//! The four tables of states and signals.

use usher_notifier_core::invariant;
use usher_notifier_core::task::{
    CODE_MS, Code, CodeState, LinkSignal, LinkState, SlotSignal, SlotState, State, TaskSignal,
    tables,
};

const README: &str = include_str!("../../../README.md");

/// No signal moves a task that is closed, none leads back to `Opening`, and only a count of votes
/// or of tries leaves a state as it is.
#[test]
fn closed_is_closed() {
    for state in State::ALL {
        for signal in TaskSignal::ALL {
            let Ok(next) = state.next(signal) else {
                continue;
            };
            assert!(state.is_open(), "{state:?} took {signal:?}");
            let stays = matches!(
                signal,
                TaskSignal::Count | TaskSignal::Wait | TaskSignal::Strand
            );
            assert_eq!(
                next == state,
                stays && next == state,
                "{state:?} {signal:?}"
            );
            assert!(next != State::Opening || state == State::Opening);
        }
    }
}

/// Silence and missing people never approve: only a vote does, and only while people are asked.
#[test]
fn only_a_vote_approves() {
    let approving: Vec<(State, TaskSignal)> = State::ALL
        .into_iter()
        .flat_map(|state| TaskSignal::ALL.map(|signal| (state, signal)))
        .filter(|(state, signal)| state.next(*signal) == Ok(State::Approved))
        .collect();
    assert_eq!(approving, [(State::Pending, TaskSignal::Approve)]);
}

/// A vote that was given is never taken away, and a slot that is closed stays so.
#[test]
fn votes_and_ends_stay() {
    for state in SlotState::ALL {
        for signal in SlotSignal::ALL {
            let Ok(next) = state.next(signal) else {
                continue;
            };
            assert!(!matches!(state, SlotState::NotNeeded | SlotState::Expired));
            assert!(
                !state.has_voted() || next.has_voted(),
                "{state:?} {signal:?}"
            );
        }
    }
}

/// A link that was taken back never works again, and what a row says is read in one way.
#[test]
fn a_revoked_link_stays_revoked() {
    for signal in LinkSignal::ALL {
        assert!(LinkState::Revoked.next(signal).is_err());
    }
    let of = |slot, revoked| LinkState::of(slot, revoked, 1_000, 999);
    assert_eq!(of(SlotState::Open, false), LinkState::Live);
    assert_eq!(of(SlotState::Approved, false), LinkState::Used);
    assert_eq!(of(SlotState::Approved, true), LinkState::Revoked);
    let at_end = LinkState::of(SlotState::Open, false, 1_000, 1_000);
    assert_eq!(at_end, LinkState::Expired);
}

/// A code is good for ten minutes and five tries.
#[test]
fn a_code_has_an_end() {
    let code = |tries| Code {
        ordinal: 1,
        at_ms: 0,
        tries,
    };
    assert_eq!(CodeState::of(None, 0), CodeState::None);
    assert_eq!(CodeState::of(Some(&code(4)), CODE_MS - 1), CodeState::Good);
    assert_eq!(CodeState::of(Some(&code(4)), CODE_MS), CodeState::Old);
    assert_eq!(CodeState::of(Some(&code(5)), 0), CodeState::Void);
}

/// The README shows the tables as they are, every pair.
#[test]
fn the_readme_has_the_tables() {
    for table in tables() {
        assert!(
            README.contains(&table),
            "a table of notifier/README.md is not:\n{table}"
        );
    }
}

/// The README shows the laws as they are checked, in order of number.
#[test]
fn the_readme_has_the_laws() {
    let tasks = invariant::TASK.iter().map(|law| (law.name, law.law));
    let moves = invariant::MOVE.iter().map(|law| (law.name, law.law));
    let wanted: Vec<String> = tasks
        .chain(moves)
        .map(|(name, law)| format!("| {name} | {law} |"))
        .collect();
    let lines = README.lines();
    let found: Vec<&str> = lines.filter(|line| line.starts_with("| APR-")).collect();
    assert_eq!(found, wanted);
    assert!(wanted.is_sorted());
}
