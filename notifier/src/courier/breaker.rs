//! Whether the mail server is left alone for a while (approvals §4.10).
//!
//! ```text
//!            5 faults in a row                  the time is over
//!   closed ────────────────────► open 1 min ───────────────────────► one probe
//!     ▲                              ▲                                │   │
//!     └───────── an answer ──────────┼────────────────────────────────┘   │
//!                                    └──── a fault: 2, 4, 8, 15 min ◄─────┘
//! ```

/// So many faults in a row open it.
const FAULTS: u32 = 5;

/// The longest pause.
const LONGEST_MIN: i64 = 15;

const MINUTE_MS: i64 = 60_000;

/// What may be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leave {
    /// As much as there is.
    All,
    /// One mail, to see whether the server is back.
    One,
    /// Nothing before this time.
    Wait(i64),
    /// Nothing until the probe is back.
    Probing,
}

/// Counts faults of the server. A mail that is refused for its own sake is none.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    faults: u32,
    opened: u32,
    until_ms: Option<i64>,
    probing: bool,
}

impl Breaker {
    /// What may be sent at this time.
    pub(crate) fn leave(&self, now_ms: i64) -> Leave {
        match self.until_ms {
            None => Leave::All,
            Some(_) if self.probing => Leave::Probing,
            Some(until) if now_ms < until => Leave::Wait(until),
            Some(_) => Leave::One,
        }
    }

    /// The one mail is on its way.
    pub(crate) fn probe(&mut self) {
        self.probing = true;
    }

    /// The probe came to nothing: the mail was not to be sent after all.
    pub(crate) fn nothing(&mut self, probe: bool) {
        if probe {
            self.probing = false;
        }
    }

    /// The server gave an answer. True when it had been left alone.
    pub(crate) fn good(&mut self) -> bool {
        let was_open = self.until_ms.is_some();
        *self = Breaker::default();
        was_open
    }

    /// The server did not answer, or wants nothing from us. Tells until when it is left alone, if
    /// that begins now.
    pub(crate) fn bad(&mut self, probe: bool, now_ms: i64) -> Option<i64> {
        if self.until_ms.is_some() && !probe {
            return None;
        }
        self.probing = false;
        self.faults = self.faults.saturating_add(1);
        if self.until_ms.is_none() && self.faults < FAULTS {
            return None;
        }
        let minutes = 1_i64.checked_shl(self.opened).unwrap_or(LONGEST_MIN);
        self.opened = (self.opened + 1).min(6);
        let until = now_ms.saturating_add(minutes.min(LONGEST_MIN) * MINUTE_MS);
        self.until_ms = Some(until);
        Some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five faults open it, one probe at a time tries, the pauses grow to a quarter of an hour.
    #[test]
    fn pauses_grow() {
        let mut breaker = Breaker::default();
        for _ in 0..4 {
            assert_eq!(breaker.bad(false, 0), None);
            assert_eq!(breaker.leave(0), Leave::All);
        }
        let mut until = breaker.bad(false, 0).expect("it opens");
        assert_eq!(until, MINUTE_MS);
        assert_eq!(breaker.leave(until - 1), Leave::Wait(until));
        // One that was on its way already says nothing new.
        assert_eq!(breaker.bad(false, 10), None);
        for minutes in [2, 4, 8, 15, 15, 15] {
            assert_eq!(breaker.leave(until), Leave::One);
            breaker.probe();
            assert_eq!(breaker.leave(until), Leave::Probing);
            let next = breaker.bad(true, until).expect("it stays open");
            assert_eq!(next, until + minutes * MINUTE_MS);
            until = next;
        }
        breaker.probe();
        assert!(breaker.good());
        assert_eq!(breaker.leave(until), Leave::All);
        assert!(!breaker.good());
    }

    /// Faults that are not in a row do not open it.
    #[test]
    fn an_answer_starts_the_count_anew() {
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            for _ in 0..4 {
                assert_eq!(breaker.bad(false, 0), None);
            }
            breaker.good();
        }
    }

    /// A probe whose mail was cancelled gives the next one its turn.
    #[test]
    fn a_cancelled_probe_lets_another_try() {
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            breaker.bad(false, 0);
        }
        breaker.probe();
        breaker.nothing(true);
        assert_eq!(breaker.leave(MINUTE_MS), Leave::One);
    }
}
