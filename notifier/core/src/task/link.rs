//! Where a link stands, and the only function that says where it goes (approvals §4.3, Link).
//!
//! A link's row holds two facts, its end and whether it was taken back; the rest is read off the
//! slot and the clock by [`LinkState::of`].

use super::{Illegal, SlotState};

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkState {
    /// Leads to the request.
    Live,
    /// Its slot has voted: leads to the receipt, and to a change of the vote.
    Used,
    /// Its time is over: offers a fresh one.
    Expired,
    /// Taken back.
    Revoked,
}

/// What may happen to a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkSignal {
    /// Its slot has voted, by any way.
    Vote,
    /// Its end has come.
    Expire,
    /// The limit of the wait was moved: it lives as long.
    Extend,
    /// The slot got a newer one, is closed, or the key is dead.
    Revoke,
}

impl LinkState {
    /// Every state, in the order of the table.
    pub const ALL: [LinkState; 4] = [
        LinkState::Live,
        LinkState::Used,
        LinkState::Expired,
        LinkState::Revoked,
    ];

    /// The state after `signal`.
    ///
    /// # Errors
    /// [`Illegal`] when the pair is not allowed; the state stays as it is.
    pub fn next(self, signal: LinkSignal) -> Result<LinkState, Illegal<LinkState, LinkSignal>> {
        use LinkSignal as S;
        use LinkState as T;
        match (self, signal) {
            // A vote by the command line uses up an expired link as well.
            (T::Live | T::Used | T::Expired, S::Vote) => Ok(T::Used),
            (T::Live | T::Expired, S::Extend) => Ok(T::Live),
            (T::Used, S::Extend) => Ok(T::Used),
            (T::Live, S::Expire) => Ok(T::Expired),
            (T::Live | T::Used | T::Expired, S::Revoke) => Ok(T::Revoked),

            (T::Used | T::Expired, S::Expire)
            | (T::Revoked, S::Vote | S::Expire | S::Extend | S::Revoke) => Err(Illegal {
                state: self,
                signal,
            }),
        }
    }

    /// Where a link stands whose row says `revoked` and `expires_ms`, at `now_ms`.
    #[must_use]
    pub fn of(slot: SlotState, revoked: bool, expires_ms: i64, now_ms: i64) -> LinkState {
        if revoked {
            LinkState::Revoked
        } else if slot.has_voted() {
            LinkState::Used
        } else if expires_ms <= now_ms {
            LinkState::Expired
        } else {
            LinkState::Live
        }
    }
}

impl LinkSignal {
    /// Every signal, in the order of the table.
    pub const ALL: [LinkSignal; 4] = [
        LinkSignal::Vote,
        LinkSignal::Expire,
        LinkSignal::Extend,
        LinkSignal::Revoke,
    ];
}
