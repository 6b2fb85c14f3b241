//! The bounds within which every expression is read and evaluated.
//!
//! They stand in one place so that a caller can tighten all of them together in a test, and so that
//! no evaluator invents its own.

/// Bounds on reading and evaluating one text. What exceeds one ends in an error that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deeply parentheses may nest.
    pub depth: usize,
    /// How many tokens an expression may have, and how many steps its evaluation may take.
    pub steps: usize,
    /// How long a text, a result or a string made on the way may be, in bytes.
    pub bytes: usize,
    /// How many tags one text may render, inner tags counted.
    pub tags: usize,
}

impl Default for Limits {
    /// Far above what a person writes, far below what hurts: depth 64, 10,000 steps, 1 MiB,
    /// 10,000 tags.
    fn default() -> Self {
        Limits {
            depth: 64,
            steps: 10_000,
            bytes: 1 << 20,
            tags: 10_000,
        }
    }
}
