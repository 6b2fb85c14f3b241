//! What is told of a task, in pages and mails alike: who asks, why this reader, how it stands.

use usher_api::approval::Quorum;

use super::Voice;
use crate::clean;
use crate::people::Person;
use crate::task::{SlotState, State, Task, Vote};

/// How a request stands, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Not decided.
    Open,
    /// Approved by votes.
    Approved,
    /// Approved because nobody answered.
    ApprovedByTime,
    /// Rejected by votes.
    Rejected,
    /// Rejected because approval was out of reach.
    OutOfReach,
    /// Nobody answered in time.
    TimedOut,
    /// The requester took it back.
    Withdrawn,
    /// The run ended it.
    Cancelled,
    /// Approved outside the rules.
    ApprovedByRight,
    /// Rejected outside the rules.
    RejectedByRight,
    /// Cannot be decided.
    Faulted,
}

impl Ending {
    /// Every one.
    pub const ALL: [Ending; 11] = [
        Ending::Open,
        Ending::Approved,
        Ending::ApprovedByTime,
        Ending::Rejected,
        Ending::OutOfReach,
        Ending::TimedOut,
        Ending::Withdrawn,
        Ending::Cancelled,
        Ending::ApprovedByRight,
        Ending::RejectedByRight,
        Ending::Faulted,
    ];

    /// How a task stands.
    #[must_use]
    pub fn of(task: &Task) -> Ending {
        let decided = task.decided.as_ref();
        let is_by = |via: &str| decided.is_some_and(|decided| decided.via == via);
        let is = |decision: &str| decided.is_some_and(|decided| decided.decision == decision);
        match task.state {
            State::Opening | State::Pending | State::Unroutable => Ending::Open,
            State::Approved if is_by("timeout") => Ending::ApprovedByTime,
            State::TimedOut if is("approved") => Ending::ApprovedByTime,
            State::Approved => Ending::Approved,
            State::Rejected if decided.is_some_and(|decided| decided.reason == "outOfReach") => {
                Ending::OutOfReach
            }
            State::Rejected if is_by("timeout") => Ending::TimedOut,
            State::Rejected => Ending::Rejected,
            State::TimedOut => Ending::TimedOut,
            State::Cancelled if is("withdrawn") => Ending::Withdrawn,
            State::Cancelled => Ending::Cancelled,
            State::Overridden if is("approved") => Ending::ApprovedByRight,
            State::Overridden => Ending::RejectedByRight,
            State::Faulted => Ending::Faulted,
        }
    }

    /// Whether the request is undecided.
    #[must_use]
    pub fn is_open(self) -> bool {
        self == Ending::Open
    }
}

/// The votes in numbers. Names are not told (S42).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Persons who have approved.
    pub approvals: u32,
    /// How many approvals it takes at least.
    pub need: u32,
    /// Persons who have rejected.
    pub rejections: u32,
    /// Persons who are or were asked.
    pub asked: u32,
}

impl Tally {
    /// Counts a task's slots. `need` is the least number of seats that approve it: each vote fills
    /// one seat, so no fewer votes can do it.
    #[must_use]
    pub fn of(task: &Task) -> Tally {
        let count = |is: fn(SlotState) -> bool| {
            let slots = task.slots.iter().filter(|slot| is(slot.state)).count();
            u32::try_from(slots).unwrap_or(u32::MAX)
        };
        Tally {
            approvals: count(|state| state == SlotState::Approved),
            need: least(task),
            rejections: count(|state| state == SlotState::Rejected),
            asked: count(|state| state != SlotState::Removed),
        }
    }
}

fn least(task: &Task) -> u32 {
    let (required, free): (Vec<_>, Vec<_>) = task.entries.iter().partition(|entry| entry.required);
    let count = task.entries.len();
    let entries = match task.asked.policy.quorum {
        Quorum::Any => 1,
        Quorum::All => count,
        Quorum::Count(entries) => entries as usize,
        Quorum::Percent(part) => (count * usize::from(part)).div_ceil(100),
    };
    let mut needs: Vec<u32> = free.iter().map(|entry| entry.need).collect();
    needs.sort_unstable();
    let open = entries.saturating_sub(required.len());
    let needed = required.iter().map(|entry| entry.need);
    needed.chain(needs.into_iter().take(open)).sum()
}

/// Who asks, as found at the opening; else the account that submitted the run. From the record,
/// never from free text (§4.11).
#[must_use]
pub fn requester(task: &Task) -> String {
    match &task.requester {
        Some(person) => printed_person(person),
        None => submitter(task),
    }
}

/// The account that submitted the run.
#[must_use]
pub fn submitter(task: &Task) -> String {
    clean::line(&task.asked.submitter, clean::NAME_MAX)
}

/// The account that submitted the run, where it is not plainly the one who asks; all accounts where
/// it was resubmitted or retried by another.
#[must_use]
pub fn other_submitter(task: &Task) -> Option<String> {
    let account = submitter(task);
    if !task.asked.others.is_empty() {
        let names = task
            .asked
            .others
            .iter()
            .map(|one| clean::line(one, clean::NAME_MAX));
        return Some(
            std::iter::once(account)
                .chain(names)
                .collect::<Vec<_>>()
                .join(", "),
        );
    }
    let asks = task.requester.as_ref()?;
    let is_same = account == asks.id || account == asks.address || account.is_empty();
    (!is_same).then_some(account)
}

/// The workflow: `namespace/name`.
#[must_use]
pub fn workflow(task: &Task) -> String {
    let name = format!("{}/{}", task.asked.namespace, task.asked.workflow);
    clean::line(&name, clean::TITLE_MAX)
}

/// The title: one clean line.
#[must_use]
pub fn title(task: &Task) -> String {
    clean::title(&task.asked.policy.title)
}

/// Why it ended so, where the votes do not say it: a reason that was given, what the run says.
#[must_use]
pub fn reason(task: &Task) -> Option<String> {
    let decided = task.decided.as_ref()?;
    let is_told = matches!(
        task.state,
        State::Overridden | State::Cancelled | State::Faulted
    );
    let reason = clean::visible(&decided.reason);
    (is_told && !reason.trim().is_empty()).then_some(reason)
}

/// The groups and roles that a slot is asked for; empty when it is named itself.
#[must_use]
pub fn roles(task: &Task, slot: u32, voice: Voice) -> String {
    let own = task.slot(slot).map(|slot| &slot.person);
    let entries = task.entries.iter().filter(|entry| {
        let is_own = own.is_some_and(|own| entry.label == own.id || entry.label == own.address);
        entry.slots.contains(&slot) && !is_own
    });
    let labels: Vec<String> = entries
        .map(|entry| clean::line(&entry.label, clean::NAME_MAX))
        .collect();
    labels.join(voice.texts().both.comma)
}

/// Why this reader is asked.
#[must_use]
pub fn why_you(task: &Task, slot: u32, voice: Voice) -> String {
    let both = &voice.texts().both;
    match roles(task, slot, voice).as_str() {
        "" => both.named.to_owned(),
        roles => (both.as_one_of)(roles),
    }
}

/// What a vote means, as the record has it (`Task::meaning`), in the reader's language.
#[must_use]
pub fn meaning(task: &Task, slot: u32, vote: &Vote, voice: Voice) -> String {
    let both = &voice.texts().both;
    let entries = task
        .entries
        .iter()
        .filter(|entry| entry.slots.contains(&slot));
    let labels: Vec<String> = entries
        .map(|entry| clean::line(&entry.label, clean::NAME_MAX))
        .collect();
    match vote.approves {
        true => (both.approved_as)(&labels.join(both.comma)),
        false => (both.rejected_as)(""),
    }
}

/// A person as the record prints him: the name, if it is one, and always the real address (s82).
#[must_use]
pub fn printed_person(person: &Person) -> String {
    let address = clean::line(&person.address, 254);
    match clean::name(&person.name) {
        Some(name) => format!("{name} ({address})"),
        None => address,
    }
}
