//! Sudden ends of a real process: killed at any moment, and a disk that takes no more bytes.
//!
//! The test executes itself as the process that writes: it prints a line for each write that the
//! ledger has acknowledged, and afterwards every one of them must be in the file, whole.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod sudden {
    mod child;
    mod disk;
    mod kill;
}
