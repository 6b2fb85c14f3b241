//! How much a test does, and the chance it draws from.
//!
//! Both come from `tests/run`. The seed is new at every run and printed, so that a failure can be
//! had again; the counts say whether the long tests go all the way.

/// How far the long tests go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// `tests/run full`: the counts that the project promises.
    Full,
    /// `tests/run`: a tenth of them.
    Tenth,
    /// `tests/run fast`: a hundredth.
    Fast,
}

/// The counts asked for by `USHER_TEST_COUNTS`; a tenth if it says nothing.
pub fn counts() -> Counts {
    match std::env::var("USHER_TEST_COUNTS").as_deref() {
        Ok("full") => Counts::Full,
        Ok("fast") => Counts::Fast,
        _ => Counts::Tenth,
    }
}

/// What the full count becomes under the counts asked for; never less than one.
pub fn scaled(full: usize) -> usize {
    let count = match counts() {
        Counts::Full => full,
        Counts::Tenth => full / 10,
        Counts::Fast => full / 100,
    };
    count.max(1)
}

/// The seed asked for by `USHER_TEST_SEED`, else 7. A test that uses it prints it.
pub fn seed() -> u64 {
    let seed = std::env::var("USHER_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    seed.unwrap_or(7)
}
