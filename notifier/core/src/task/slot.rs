//! Where a slot stands, and the only function that says where it goes (approvals §4.3, Slot).

use serde::{Deserialize, Serialize};

use super::Illegal;

/// Where a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SlotState {
    /// May vote.
    Open,
    /// Has approved.
    Approved,
    /// Has rejected.
    Rejected,
    /// The person may not vote any more.
    Removed,
    /// Decided without it.
    NotNeeded,
    /// The time is over.
    Expired,
}

/// What may happen to a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlotSignal {
    /// Its person votes for it.
    Approve,
    /// Its person votes against it.
    Reject,
    /// Its person is disabled, barred, or has left the groups that made it one.
    Remove,
    /// Its person is found again when people are looked for anew.
    Restore,
    /// The task is decided or closed.
    Close,
    /// The limit of the wait has passed.
    Expire,
}

impl SlotState {
    /// Every state, in the order of the table.
    pub const ALL: [SlotState; 6] = [
        SlotState::Open,
        SlotState::Approved,
        SlotState::Rejected,
        SlotState::Removed,
        SlotState::NotNeeded,
        SlotState::Expired,
    ];

    /// The state after `signal`. A vote that was given stays, whatever becomes of its person.
    ///
    /// # Errors
    /// [`Illegal`] when the pair is not allowed; the state stays as it is.
    pub fn next(self, signal: SlotSignal) -> Result<SlotState, Illegal<SlotState, SlotSignal>> {
        use SlotSignal as S;
        use SlotState as T;
        match (self, signal) {
            (T::Open | T::Approved | T::Rejected, S::Approve) => Ok(T::Approved),
            (T::Open | T::Approved | T::Rejected, S::Reject) => Ok(T::Rejected),
            (T::Open, S::Remove) => Ok(T::Removed),
            (T::Removed, S::Restore) => Ok(T::Open),
            (T::Open, S::Close) => Ok(T::NotNeeded),
            (T::Open, S::Expire) => Ok(T::Expired),

            (T::Open, S::Restore)
            | (T::Approved, S::Remove | S::Restore | S::Close | S::Expire)
            | (T::Rejected, S::Remove | S::Restore | S::Close | S::Expire)
            | (T::Removed, S::Approve | S::Reject | S::Remove | S::Close | S::Expire)
            | (T::NotNeeded, S::Approve | S::Reject | S::Remove | S::Restore)
            | (T::NotNeeded, S::Close | S::Expire)
            | (T::Expired, S::Approve | S::Reject | S::Remove | S::Restore)
            | (T::Expired, S::Close | S::Expire) => Err(Illegal {
                state: self,
                signal,
            }),
        }
    }

    /// Whether it has voted.
    #[must_use]
    pub fn has_voted(self) -> bool {
        matches!(self, SlotState::Approved | SlotState::Rejected)
    }

    /// Whether its person may vote, for the first time or again, while the task is open.
    #[must_use]
    pub fn may_vote(self) -> bool {
        self == SlotState::Open || self.has_voted()
    }
}

impl SlotSignal {
    /// Every signal, in the order of the table.
    pub const ALL: [SlotSignal; 6] = [
        SlotSignal::Approve,
        SlotSignal::Reject,
        SlotSignal::Remove,
        SlotSignal::Restore,
        SlotSignal::Close,
        SlotSignal::Expire,
    ];
}
