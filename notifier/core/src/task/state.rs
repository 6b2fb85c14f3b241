//! Where a task stands, and the only function that says where it goes (approvals §4.3, T1–T26).
//!
//! Every pair of state and signal is written out: an illegal one is an [`Illegal`], never a silent
//! change. The table in `notifier/README.md` is generated from [`State::next`].

use serde::{Deserialize, Serialize};

use super::Illegal;

/// Where a task stands (approvals §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// Nobody has been asked yet.
    Opening,
    /// People are asked.
    Pending,
    /// Nobody can decide; administrators are told and it is tried again.
    Unroutable,
    /// Approved.
    Approved,
    /// Rejected.
    Rejected,
    /// The limit of the wait has passed.
    TimedOut,
    /// The run ended it, or its requester.
    Cancelled,
    /// Decided outside the rules, by somebody who may.
    Overridden,
    /// Cannot be decided: a value or a rule is unusable.
    Faulted,
}

/// What may happen to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskSignal {
    /// Enough people were found: they are asked (T2, T8).
    Ask,
    /// Too few people can decide (T4, T21).
    Strand,
    /// The directory cannot be reached: try later (T7).
    Wait,
    /// A value or a rule is unusable (T6).
    Fault,
    /// A vote is kept that decides nothing yet (T9, T10).
    Count,
    /// A vote fulfils the rules (T12).
    Approve,
    /// A vote fulfils a rule of rejection, or puts approval out of reach (T13).
    Reject,
    /// The limit of the wait has passed (T18).
    TimeOut,
    /// Its requester takes it back (T17).
    Withdraw,
    /// The run has closed it (T24).
    Cancel,
    /// Somebody decides outside the rules (T25).
    Override,
}

impl State {
    /// Every state, in the order of the table.
    pub const ALL: [State; 9] = [
        State::Opening,
        State::Pending,
        State::Unroutable,
        State::Approved,
        State::Rejected,
        State::TimedOut,
        State::Cancelled,
        State::Overridden,
        State::Faulted,
    ];

    /// The state after `signal`.
    ///
    /// # Errors
    /// [`Illegal`] when the pair is not allowed; the state stays as it is.
    pub fn next(self, signal: TaskSignal) -> Result<State, Illegal<State, TaskSignal>> {
        use State as T;
        use TaskSignal as S;
        match (self, signal) {
            (T::Opening | T::Unroutable, S::Ask) => Ok(T::Pending),
            (T::Opening | T::Pending | T::Unroutable, S::Strand) => Ok(T::Unroutable),
            (T::Opening | T::Unroutable, S::Wait) => Ok(self),
            (T::Opening, S::Fault) => Ok(T::Faulted),
            // People are missing, not votes: what is voted meanwhile is kept, and a veto holds.
            (T::Pending | T::Unroutable, S::Count) => Ok(self),
            (T::Pending, S::Approve) => Ok(T::Approved),
            (T::Pending | T::Unroutable, S::Reject) => Ok(T::Rejected),
            (T::Pending | T::Unroutable, S::TimeOut) => Ok(T::TimedOut),
            (T::Pending | T::Unroutable, S::Withdraw) => Ok(T::Cancelled),
            (T::Opening | T::Pending | T::Unroutable, S::Cancel) => Ok(T::Cancelled),
            (T::Opening | T::Pending | T::Unroutable, S::Override) => Ok(T::Overridden),

            (T::Opening, S::Count | S::Approve | S::Reject | S::TimeOut | S::Withdraw)
            | (T::Pending, S::Ask | S::Wait | S::Fault)
            | (T::Unroutable, S::Fault | S::Approve)
            | (T::Approved, S::Ask | S::Strand | S::Wait | S::Fault | S::Count | S::Approve)
            | (T::Approved, S::Reject | S::TimeOut | S::Withdraw | S::Cancel | S::Override)
            | (T::Rejected, S::Ask | S::Strand | S::Wait | S::Fault | S::Count | S::Approve)
            | (T::Rejected, S::Reject | S::TimeOut | S::Withdraw | S::Cancel | S::Override)
            | (T::TimedOut, S::Ask | S::Strand | S::Wait | S::Fault | S::Count | S::Approve)
            | (T::TimedOut, S::Reject | S::TimeOut | S::Withdraw | S::Cancel | S::Override)
            | (T::Cancelled, S::Ask | S::Strand | S::Wait | S::Fault | S::Count | S::Approve)
            | (T::Cancelled, S::Reject | S::TimeOut | S::Withdraw | S::Cancel | S::Override)
            | (T::Overridden, S::Ask | S::Strand | S::Wait | S::Fault | S::Count | S::Approve)
            | (T::Overridden, S::Reject | S::TimeOut | S::Withdraw | S::Cancel | S::Override)
            | (T::Faulted, S::Ask | S::Strand | S::Wait | S::Fault | S::Count | S::Approve)
            | (T::Faulted, S::Reject | S::TimeOut | S::Withdraw | S::Cancel | S::Override) => {
                Err(Illegal {
                    state: self,
                    signal,
                })
            }
        }
    }

    /// Whether it can still be decided.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, State::Opening | State::Pending | State::Unroutable)
    }

    /// The word in the task's row.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            State::Opening => "Opening",
            State::Pending => "Pending",
            State::Unroutable => "Unroutable",
            State::Approved => "Approved",
            State::Rejected => "Rejected",
            State::TimedOut => "TimedOut",
            State::Cancelled => "Cancelled",
            State::Overridden => "Overridden",
            State::Faulted => "Faulted",
        }
    }
}

impl TaskSignal {
    /// Every signal, in the order of the table.
    pub const ALL: [TaskSignal; 11] = [
        TaskSignal::Ask,
        TaskSignal::Strand,
        TaskSignal::Wait,
        TaskSignal::Fault,
        TaskSignal::Count,
        TaskSignal::Approve,
        TaskSignal::Reject,
        TaskSignal::TimeOut,
        TaskSignal::Withdraw,
        TaskSignal::Cancel,
        TaskSignal::Override,
    ];
}
