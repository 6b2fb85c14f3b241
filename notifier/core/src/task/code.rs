//! Where a mailed code stands, and the only function that says where it goes (approvals §4.3, S13).

use super::{Code, Illegal};

/// How long a code is good, milliseconds: ten minutes.
pub const CODE_MS: i64 = 10 * 60 * 1000;

/// So many wrong tries make it void.
pub const CODE_TRIES: u32 = 5;

/// Where the code of a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodeState {
    /// None was sent, or the last one was used.
    None,
    /// One was sent and may be typed in.
    Good,
    /// Guessed at too often.
    Void,
    /// Its time is over.
    Old,
}

/// What may happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodeSignal {
    /// A new one is sent.
    Send,
    /// The right digits were typed in.
    Right,
    /// Wrong ones were, and tries are left.
    Wrong,
    /// Wrong ones were, for the last time.
    LastWrong,
    /// Its time is over.
    Expire,
}

impl CodeState {
    /// Every state, in the order of the table.
    pub const ALL: [CodeState; 4] = [
        CodeState::None,
        CodeState::Good,
        CodeState::Void,
        CodeState::Old,
    ];

    /// The state after `signal`.
    ///
    /// # Errors
    /// [`Illegal`] when the pair is not allowed; the state stays as it is.
    pub fn next(self, signal: CodeSignal) -> Result<CodeState, Illegal<CodeState, CodeSignal>> {
        use CodeSignal as S;
        use CodeState as T;
        match (self, signal) {
            (T::None | T::Good | T::Void | T::Old, S::Send) => Ok(T::Good),
            (T::Good, S::Right) => Ok(T::None),
            (T::Good, S::Wrong) => Ok(T::Good),
            (T::Good, S::LastWrong) => Ok(T::Void),
            (T::Good, S::Expire) => Ok(T::Old),

            (T::None | T::Void | T::Old, S::Right | S::Wrong | S::LastWrong | S::Expire) => {
                Err(Illegal {
                    state: self,
                    signal,
                })
            }
        }
    }

    /// Where a slot's code stands at `now_ms`.
    #[must_use]
    pub fn of(code: Option<&Code>, now_ms: i64) -> CodeState {
        match code {
            None => CodeState::None,
            Some(code) if code.tries >= CODE_TRIES => CodeState::Void,
            Some(code) if now_ms.saturating_sub(code.at_ms) >= CODE_MS => CodeState::Old,
            Some(_) => CodeState::Good,
        }
    }
}

impl CodeSignal {
    /// Every signal, in the order of the table.
    pub const ALL: [CodeSignal; 5] = [
        CodeSignal::Send,
        CodeSignal::Right,
        CodeSignal::Wrong,
        CodeSignal::LastWrong,
        CodeSignal::Expire,
    ];
}
