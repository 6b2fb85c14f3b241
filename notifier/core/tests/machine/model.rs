//! A naive model of the rules of deciding: tries every seating of everybody who approves. Slow, and
//! plainly right.

use usher_api::approval::RejectRule;
use usher_notifier_core::task::Entry;

/// What a voter has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Nothing,
    Yes,
    No,
    /// Taken out.
    Gone,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Undecided,
    Approved,
    Rejected,
    OutOfReach,
}

/// Whether some seating of these slots satisfies enough entries.
pub(crate) fn is_enough(entries: &[Entry], quorum: u32, slots: &[u32]) -> bool {
    let mut filled = vec![0; entries.len()];
    seat(entries, quorum, slots, &mut filled)
}

fn seat(entries: &[Entry], quorum: u32, slots: &[u32], filled: &mut Vec<u32>) -> bool {
    let Some((first, rest)) = slots.split_first() else {
        let is_full = |at: usize| filled[at] >= entries[at].need;
        let full = (0..entries.len()).filter(|at| is_full(*at)).count();
        let required = (0..entries.len()).all(|at| !entries[at].required || is_full(at));
        return required && full >= quorum as usize;
    };
    for at in 0..entries.len() {
        if entries[at].slots.contains(first) {
            filled[at] += 1;
            let found = seat(entries, quorum, rest, filled);
            filled[at] -= 1;
            if found {
                return true;
            }
        }
    }
    seat(entries, quorum, rest, filled)
}

/// How votes stand, by number of slot.
pub(crate) fn outcome(
    entries: &[Entry],
    quorum: u32,
    reject: RejectRule,
    said: &[Said],
) -> Outcome {
    let who = |wanted: &[Said]| -> Vec<u32> {
        let numbered = (0..).zip(said);
        let chosen = numbered.filter(|(_, said)| wanted.contains(said));
        chosen.map(|(number, _)| number).collect()
    };
    let against = who(&[Said::No]).len();
    let most = match reject {
        RejectRule::Veto => 1,
        RejectRule::Threshold => usize::MAX,
        RejectRule::Count(count) => count as usize,
    };
    if against >= most {
        Outcome::Rejected
    } else if is_enough(entries, quorum, &who(&[Said::Yes])) {
        Outcome::Approved
    } else if is_enough(entries, quorum, &who(&[Said::Yes, Said::Nothing])) {
        Outcome::Undecided
    } else {
        Outcome::OutOfReach
    }
}
