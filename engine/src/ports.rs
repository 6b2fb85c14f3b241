//! What the shell needs from outside, as traits: a runtime for pods and a clock.
//!
//! The ledger's port is a crate of its own (`usher-ledger`).

pub mod clock;
pub mod runtime;
