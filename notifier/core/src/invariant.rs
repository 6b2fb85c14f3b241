//! The numbered laws of a task and of its moves. Tests check them after every move of every script.
//!
//! Each law is a name, a sentence and a check; a check returns what it found wrong.

use std::collections::BTreeSet;

use crate::decide::{Change, is_among};
use crate::digest::digest;
use crate::quorum::{Standing, is_satisfied, standing, voted, wanted};
use crate::task::{CODE_TRIES, SlotState, State, Task, TaskSignal, Vote};

/// A law.
#[derive(Debug, Clone, Copy)]
pub struct Invariant<Check> {
    /// Its number: `APR-03`.
    pub name: &'static str,
    /// What it says.
    pub law: &'static str,
    check: Check,
}

/// A check of a task as it is stored.
pub type OfTask = fn(&Task) -> Option<String>;

/// A check of a move: the task before it, and all that goes with it.
pub type OfMove = fn(&Task, &Change) -> Option<String>;

/// All laws of a stored task, in order of number.
pub const TASK: [Invariant<OfTask>; 14] = [
    Invariant {
        name: "APR-01",
        law: "an open task has no outcome; a closed one has one, not before its opening",
        check: ends_are_ends,
    },
    Invariant {
        name: "APR-02",
        law: "nobody is asked while a task is opening; whoever is asked serves an entry",
        check: slots_serve,
    },
    Invariant {
        name: "APR-03",
        law: "no two slots are of one person",
        check: persons_are_distinct,
    },
    Invariant {
        name: "APR-04",
        law: "a slot stands as its last vote says; who is removed or too late has no vote",
        check: slots_fit_votes,
    },
    Invariant {
        name: "APR-05",
        law: "a pending task is undecided: no rule is fulfilled and approval is in reach",
        check: pending_is_undecided,
    },
    Invariant {
        name: "APR-06",
        law: "an approved task has its quorum, a rejected one has a vote against it",
        check: outcomes_have_votes,
    },
    Invariant {
        name: "APR-07",
        law: "nobody who asks for an approval has a vote, unless the policy says so",
        check: requesters_have_no_vote,
    },
    Invariant {
        name: "APR-08",
        law: "all approvals stand for the same values, and the task has these",
        check: values_are_one,
    },
    Invariant {
        name: "APR-09",
        law: "a closed task has no open slot, no link, no code and nothing due",
        check: closed_is_quiet,
    },
    Invariant {
        name: "APR-10",
        law: "a task that cannot be asked is tried again, and the reason is known",
        check: nothing_is_forgotten,
    },
    Invariant {
        name: "APR-11",
        law: "a code has at most five wrong tries; three codes an hour, three links a day",
        check: limits_hold,
    },
    Invariant {
        name: "APR-12",
        law: "every vote has its own entry of the record, and no form counts twice",
        check: votes_are_numbered,
    },
    Invariant {
        name: "APR-13",
        law: "silence decides only where the policy says so, and not before its time",
        check: silence_waits,
    },
    Invariant {
        name: "APR-14",
        law: "what people were shown is what was asked: the digest fits, and every vote names it",
        check: digest_fits,
    },
];

/// All laws of a move, in order of number.
pub const MOVE: [Invariant<OfMove>; 7] = [
    Invariant {
        name: "APR-20",
        law: "a state moves by its table alone, and a closed task stays as it is",
        check: moves_by_table,
    },
    Invariant {
        name: "APR-21",
        law: "the record only grows, and joins on to its end",
        check: record_grows,
    },
    Invariant {
        name: "APR-22",
        law: "no slot and no vote is ever taken away",
        check: votes_stay,
    },
    Invariant {
        name: "APR-23",
        law: "the run hears of an outcome once: with the move that ends the task",
        check: outcome_is_told_once,
    },
    Invariant {
        name: "APR-24",
        law: "mail goes to slots, the requester and administrators only, each under its own key",
        check: mail_is_addressed,
    },
    Invariant {
        name: "APR-25",
        law: "nobody is asked by mail who has no slot in force",
        check: requests_have_slots,
    },
    Invariant {
        name: "APR-26",
        law: "a task is looked at again when it says so",
        check: due_is_true,
    },
];

/// Checks every law of a stored task; returns the broken ones as `APR-nn: what`.
#[must_use]
pub fn broken(task: &Task) -> Vec<String> {
    TASK.iter()
        .filter_map(|law| (law.check)(task).map(|what| format!("{}: {what}", law.name)))
        .collect()
}

/// Checks every law of a move and of the task after it; returns the broken ones.
#[must_use]
pub fn broken_by(before: &Task, change: &Change) -> Vec<String> {
    let of_moves = MOVE
        .iter()
        .filter_map(|law| (law.check)(before, change).map(|what| format!("{}: {what}", law.name)));
    of_moves.chain(broken(&change.task)).collect()
}

fn ends_are_ends(task: &Task) -> Option<String> {
    match (&task.decided, task.state.is_open()) {
        (None, true) => None,
        (Some(end), false) if end.at_ms >= task.asked.opened_ms => None,
        (Some(_), false) => Some("it ended before it began".to_owned()),
        (Some(end), true) => Some(format!("it is open and {}", end.decision)),
        (None, false) => Some(format!("it is {:?} without an outcome", task.state)),
    }
}

fn slots_serve(task: &Task) -> Option<String> {
    if task.state == State::Opening && !task.slots.is_empty() {
        return Some("slots while opening".to_owned());
    }
    let mut served = BTreeSet::new();
    for entry in &task.entries {
        let numbers: BTreeSet<u32> = entry.slots.iter().copied().collect();
        if numbers.len() < entry.slots.len() || numbers.iter().any(|n| task.slot(*n).is_none()) {
            return Some(format!("entry {} has slots {:?}", entry.label, entry.slots));
        }
        served.extend(numbers);
    }
    let wrong = (0..)
        .zip(&task.slots)
        .find(|(number, slot)| (slot.state == SlotState::Removed) == served.contains(number))?;
    Some(format!("slot {} is {:?}", wrong.0, wrong.1.state))
}

fn persons_are_distinct(task: &Task) -> Option<String> {
    let mut ids: Vec<&str> = task.slots.iter().map(|slot| &*slot.person.id).collect();
    ids.sort_unstable();
    let twice = ids.windows(2).find(|pair| pair[0] == pair[1])?;
    Some(format!("{} has two slots", twice[0]))
}

fn slots_fit_votes(task: &Task) -> Option<String> {
    let fits = |state: SlotState, vote: Option<&Vote>| match state {
        SlotState::Approved => vote.is_some_and(|vote| vote.approves),
        SlotState::Rejected => vote.is_some_and(|vote| !vote.approves),
        SlotState::Open | SlotState::Removed | SlotState::NotNeeded | SlotState::Expired => {
            vote.is_none()
        }
    };
    let wrong = task
        .slots
        .iter()
        .find(|slot| !fits(slot.state, slot.vote()))?;
    Some(format!("{} is {:?}", wrong.person.id, wrong.state))
}

fn pending_is_undecided(task: &Task) -> Option<String> {
    let stands = standing(task);
    let is_wrong = task.state == State::Pending && stands != Standing::Undecided;
    is_wrong.then(|| format!("it is pending and {stands:?}"))
}

fn outcomes_have_votes(task: &Task) -> Option<String> {
    let approving = voted(task, SlotState::Approved);
    let quorum = wanted(task.asked.policy.quorum, task.entries.len());
    let is_satisfied = is_satisfied(&task.entries, quorum, &approving);
    match task.state {
        State::Approved if !is_satisfied => Some(format!("approved by slots {approving:?}")),
        State::Rejected if voted(task, SlotState::Rejected).is_empty() => {
            Some("rejected by nobody".to_owned())
        }
        _ => None,
    }
}

fn requesters_have_no_vote(task: &Task) -> Option<String> {
    let voters = task.slots.iter().filter(|slot| slot.state.has_voted());
    let mut barred = voters.filter(|slot| is_among(&task.barred, &slot.person));
    let wrong = barred
        .next()
        .filter(|_| !task.asked.policy.requester_may_approve)?;
    Some(format!("{} asks and votes", wrong.person.id))
}

fn values_are_one(task: &Task) -> Option<String> {
    let approving = task.slots.iter();
    let mut votes = approving
        .filter(|slot| slot.state == SlotState::Approved)
        .filter_map(|slot| slot.vote())
        .peekable();
    if votes.peek().is_none() {
        return (!task.values.is_empty()).then(|| "values of nobody".to_owned());
    }
    let is_closed = !task.state.is_open();
    let wrong = votes.find(|vote| !vote.erased && vote.values != task.values)?;
    Some(format!(
        "vote {} has other values (closed: {is_closed})",
        wrong.seq
    ))
}

fn closed_is_quiet(task: &Task) -> Option<String> {
    if task.state.is_open() {
        return None;
    }
    if let Some(due_ms) = task.due_ms().or(task.opening.next_ms) {
        return Some(format!("closed and due at {due_ms}"));
    }
    let loud = |slot: &&crate::task::Slot| {
        slot.state == SlotState::Open || slot.link.is_some() || slot.code.is_some()
    };
    let wrong = task.slots.iter().find(loud)?;
    Some(format!("{} is {:?}", wrong.person.id, wrong.state))
}

fn nothing_is_forgotten(task: &Task) -> Option<String> {
    let is_lost = match task.state {
        State::Opening => task.opening.next_ms.is_none(),
        State::Unroutable => task.opening.next_ms.is_none() || task.opening.reason.is_empty(),
        _ => false,
    };
    is_lost.then(|| format!("{:?} and nothing moves it on", task.state))
}

fn limits_hold(task: &Task) -> Option<String> {
    let wrong = task.slots.iter().find(|slot| {
        let tries = slot.code.as_ref().map_or(0, |code| code.tries);
        let times = [&slot.codes_sent, &slot.renewals, &slot.resent];
        tries > CODE_TRIES || times.iter().any(|times| times.len() > 3)
    })?;
    Some(format!("{} had more than is allowed", wrong.person.id))
}

fn votes_are_numbered(task: &Task) -> Option<String> {
    let mut seqs = BTreeSet::new();
    for slot in &task.slots {
        let mut nonces = BTreeSet::new();
        for vote in &slot.votes {
            if vote.seq == 0 || vote.seq > task.chain.seq || !seqs.insert(vote.seq) {
                return Some(format!(
                    "a vote of {} has entry {}",
                    slot.person.id, vote.seq
                ));
            }
            if !vote.nonce.is_empty() && !nonces.insert((&vote.via, &vote.nonce)) {
                return Some(format!("{} voted twice by one form", slot.person.id));
            }
        }
    }
    None
}

fn silence_waits(task: &Task) -> Option<String> {
    let by_time = task.decided.as_ref().filter(|end| end.via == "timeout");
    let Some(end) = by_time else {
        return (task.state == State::TimedOut).then(|| "timed out by something else".to_owned());
    };
    let Some(limit_ms) = task.limit_ms else {
        return Some("timed out without a limit".to_owned());
    };
    (end.at_ms < limit_ms).then(|| format!("timed out at {}, limit {limit_ms}", end.at_ms))
}

fn digest_fits(task: &Task) -> Option<String> {
    if !task.slots.is_empty() && task.digest != digest(&task.asked) {
        return Some("the digest is of something else".to_owned());
    }
    let mut votes = task.slots.iter().flat_map(|slot| &slot.votes);
    let wrong = votes.find(|vote| vote.digest != task.digest)?;
    Some(format!("vote {} signs something else", wrong.seq))
}

fn moves_by_table(before: &Task, change: &Change) -> Option<String> {
    let (old, new) = (before.state, change.task.state);
    // One decision may open a task and strand it again, or the other way round.
    let reach = |from: State| TaskSignal::ALL.map(|signal| from.next(signal).ok());
    let once = reach(old).into_iter().flatten();
    let mut all = once.flat_map(|next| reach(next).into_iter().flatten().chain([next]));
    if old != new && !all.any(|next| next == new) {
        return Some(format!("{old:?} became {new:?}"));
    }
    let is_same = before.decided == change.task.decided && old == new;
    (!old.is_open() && !is_same).then(|| format!("closed as {old:?}, then changed"))
}

fn record_grows(before: &Task, change: &Change) -> Option<String> {
    let mut end = before.chain.clone();
    for entry in &change.record {
        if entry.seq != end.seq + 1 || entry.prev != end.hash {
            return Some(format!("entry {} does not join on", entry.seq));
        }
        end.seq = entry.seq;
        end.hash.clone_from(&entry.hash);
    }
    (end != change.task.chain).then(|| "the task remembers another end".to_owned())
}

fn votes_stay(before: &Task, change: &Change) -> Option<String> {
    for (number, old) in before.slots.iter().enumerate() {
        let Some(new) = change.task.slots.get(number) else {
            return Some(format!("{} lost the slot", old.person.id));
        };
        let is_kept = |(old, new): (&Vote, &Vote)| {
            old == new || (new.erased && old.seq == new.seq && old.approves == new.approves)
        };
        let kept = new.votes.len() >= old.votes.len();
        if old.person != new.person || !kept || !old.votes.iter().zip(&new.votes).all(is_kept) {
            return Some(format!("{} lost a vote", old.person.id));
        }
    }
    None
}

fn outcome_is_told_once(before: &Task, change: &Change) -> Option<String> {
    let ends = before.state.is_open() && !change.task.state.is_open();
    let by_run = change
        .task
        .decided
        .as_ref()
        .is_some_and(|end| end.decision == "cancelled");
    let wanted = ends && !by_run;
    (change.verdict.is_some() != wanted).then(|| format!("outcome: {}", change.verdict.is_some()))
}

fn mail_is_addressed(before: &Task, change: &Change) -> Option<String> {
    let mut keys = BTreeSet::new();
    for post in &change.mails {
        let slot = post.slot.map(|number| change.task.slot(number));
        let fits = match (slot, post.kind) {
            (Some(Some(slot)), _) => slot.person.address == post.recipient,
            (Some(None), _) => false,
            (None, "outcome") => {
                let requester = change.task.requester.as_ref();
                requester.is_some_and(|requester| requester.address == post.recipient)
            }
            (None, kind) => kind == "alert",
        };
        if !fits || !keys.insert(&post.key) {
            return Some(format!("mail {} to {}", post.key, post.recipient));
        }
    }
    let is_closed = !before.state.is_open() && !change.mails.is_empty();
    is_closed.then(|| "mail after the end".to_owned())
}

fn requests_have_slots(_: &Task, change: &Change) -> Option<String> {
    let mut requests = change.mails.iter().filter(|post| post.kind == "request");
    let wrong = requests.find(|post| {
        let slot = post.slot.and_then(|number| change.task.slot(number));
        !slot.is_some_and(|slot| slot.state.may_vote() && slot.link.is_some())
    })?;
    Some(format!("request {} without a link", wrong.key))
}

fn due_is_true(_: &Task, change: &Change) -> Option<String> {
    let due_ms = change.task.due_ms();
    (change.due_ms != due_ms).then(|| format!("due {:?}, says {due_ms:?}", change.due_ms))
}
