//! The phase of a node, and the only function that may change it.
//!
//! Every pair of phase and signal is written out: an illegal one is an [`Illegal`], never a silent
//! change. The table in `engine/core/README.md` is generated from [`Phase::next`].
//!
//! Invariants: INV-01. Not here: Argo's seven words (`project`).

use serde::{Deserialize, Serialize};

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// Made in this turn, nothing decided yet; or taken back by a retry, to be made again: such a
    /// one is shown to nobody.
    #[serde(rename = "N")]
    New,
    /// The intent to run a process is committed; Argo's Pending.
    #[serde(rename = "S")]
    Starting,
    /// A process runs, or a group has open children.
    #[serde(rename = "R")]
    Running,
    /// A suspend node waits; Argo's Running.
    #[serde(rename = "W")]
    Suspended,
    /// A retry node waits for its next attempt; Argo's Running.
    #[serde(rename = "B")]
    BackingOff,
    /// Its process was told to end and has not yet; Argo's Running.
    #[serde(rename = "T")]
    Stopping,
    /// Done well.
    #[serde(rename = "OK")]
    Succeeded,
    /// Done badly, by its own exit code, a limit or a person.
    #[serde(rename = "F")]
    Failed,
    /// Could not be carried out.
    #[serde(rename = "E")]
    Error,
    /// Its `when` was false.
    #[serde(rename = "K")]
    Skipped,
    /// Its `depends` was false.
    #[serde(rename = "O")]
    Omitted,
}

/// What may happen to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// A process is to be started for it.
    Launch,
    /// Its process runs, its children begin, or its wait between attempts is over.
    Begin,
    /// It waits for a person or a time.
    Suspend,
    /// It waits for its next attempt.
    BackOff,
    /// Its process is told to end.
    Stop,
    /// It ends well.
    Succeed,
    /// It ends badly.
    Fail,
    /// It ends in error.
    Err,
    /// It is left out: `when` was false.
    Skip,
    /// It is left out: `depends` was false.
    Omit,
    /// A person retries the run: its node is taken back, and may be made again.
    Forget,
    /// A person retries the run: the group goes on, since something in it was taken back.
    Reopen,
}

/// A signal that a phase does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signal {signal:?} is not allowed in phase {phase:?}")]
pub struct Illegal {
    /// The phase, which stays.
    pub phase: Phase,
    /// The signal that was refused.
    pub signal: Signal,
}

impl Phase {
    /// Every phase, in the order of the table.
    pub const ALL: [Phase; 11] = [
        Phase::New,
        Phase::Starting,
        Phase::Running,
        Phase::Suspended,
        Phase::BackingOff,
        Phase::Stopping,
        Phase::Succeeded,
        Phase::Failed,
        Phase::Error,
        Phase::Skipped,
        Phase::Omitted,
    ];

    /// The phase after `signal`.
    ///
    /// # Errors
    /// [`Illegal`] when the pair is not allowed; the phase stays as it is.
    pub fn next(self, signal: Signal) -> Result<Phase, Illegal> {
        use Phase as P;
        use Signal as S;
        match (self, signal) {
            (P::New, S::Launch) => Ok(P::Starting),
            (P::New | P::Starting | P::BackingOff, S::Begin) => Ok(P::Running),
            (P::New, S::Suspend) => Ok(P::Suspended),
            (P::New, S::Skip) => Ok(P::Skipped),
            (P::New, S::Omit) => Ok(P::Omitted),
            (P::Running, S::BackOff) => Ok(P::BackingOff),
            (P::Starting | P::Running, S::Stop) => Ok(P::Stopping),
            (P::Starting | P::Running | P::Suspended, S::Succeed) => Ok(P::Succeeded),
            (P::New | P::Starting | P::Running | P::Suspended, S::Fail | S::Err)
            | (P::BackingOff, S::Fail | S::Err)
            | (P::Stopping, S::Fail) => Ok(if signal == S::Fail {
                P::Failed
            } else {
                P::Error
            }),
            (P::Succeeded | P::Failed | P::Error | P::Skipped | P::Omitted, S::Forget) => {
                Ok(P::New)
            }
            (P::Succeeded | P::Failed | P::Error, S::Reopen) => Ok(P::Running),

            (P::New | P::Starting | P::Running | P::Suspended, S::Forget | S::Reopen)
            | (P::BackingOff | P::Stopping, S::Forget | S::Reopen)
            | (P::Skipped | P::Omitted, S::Reopen)
            | (P::New, S::BackOff | S::Stop | S::Succeed)
            | (P::Starting, S::Launch | S::Suspend | S::BackOff | S::Skip | S::Omit)
            | (P::Running, S::Launch | S::Begin | S::Suspend | S::Skip | S::Omit)
            | (P::Suspended, S::Launch | S::Begin | S::Suspend | S::BackOff | S::Stop)
            | (P::Suspended, S::Skip | S::Omit)
            | (P::BackingOff, S::Launch | S::Suspend | S::BackOff | S::Stop | S::Succeed)
            | (P::BackingOff, S::Skip | S::Omit)
            | (P::Stopping, S::Launch | S::Begin | S::Suspend | S::BackOff | S::Stop)
            | (P::Stopping, S::Succeed | S::Err | S::Skip | S::Omit)
            | (P::Succeeded, S::Launch | S::Begin | S::Suspend | S::BackOff | S::Stop)
            | (P::Succeeded, S::Succeed | S::Fail | S::Err | S::Skip | S::Omit)
            | (P::Failed, S::Launch | S::Begin | S::Suspend | S::BackOff | S::Stop)
            | (P::Failed, S::Succeed | S::Fail | S::Err | S::Skip | S::Omit)
            | (P::Error, S::Launch | S::Begin | S::Suspend | S::BackOff | S::Stop)
            | (P::Error, S::Succeed | S::Fail | S::Err | S::Skip | S::Omit)
            | (P::Skipped, S::Launch | S::Begin | S::Suspend | S::BackOff | S::Stop)
            | (P::Skipped, S::Succeed | S::Fail | S::Err | S::Skip | S::Omit)
            | (P::Omitted, S::Launch | S::Begin | S::Suspend | S::BackOff | S::Stop)
            | (P::Omitted, S::Succeed | S::Fail | S::Err | S::Skip | S::Omit) => Err(Illegal {
                phase: self,
                signal,
            }),
        }
    }

    /// Whether nothing more will happen to the node (Argo's "fulfilled"), but by a retry.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(
            self,
            Phase::Succeeded | Phase::Failed | Phase::Error | Phase::Skipped | Phase::Omitted
        )
    }

    /// Whether it ended Failed or in Error.
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, Phase::Failed | Phase::Error)
    }
}

impl Signal {
    /// Every signal, in the order of the table.
    pub const ALL: [Signal; 12] = [
        Signal::Launch,
        Signal::Begin,
        Signal::Suspend,
        Signal::BackOff,
        Signal::Stop,
        Signal::Succeed,
        Signal::Fail,
        Signal::Err,
        Signal::Skip,
        Signal::Omit,
        Signal::Forget,
        Signal::Reopen,
    ];
}

/// The table of all pairs as markdown, for `engine/core/README.md`.
#[must_use]
pub fn table() -> String {
    let mut out = String::from("| phase |");
    for signal in Signal::ALL {
        out.push_str(&format!(" {signal:?} |"));
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(Signal::ALL.len()));
    for phase in Phase::ALL {
        out.push_str(&format!("\n| **{phase:?}** |"));
        for signal in Signal::ALL {
            match phase.next(signal) {
                Ok(next) => out.push_str(&format!(" {next:?} |")),
                Err(_) => out.push_str(" – |"),
            }
        }
    }
    out.push('\n');
    out
}
