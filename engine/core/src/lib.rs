//! The pure half of the engine: from a workflow file to a plan, and from events to decisions.
//!
//! ```text
//!   file ──admit──► Plan ─┐
//!                         ├─ decide(run, events) ──► (run, effects)     project(run) ──► status
//!   events ───────────────┘                              owed(run) ──► effects still due
//! ```
//!
//! Nothing here reads a clock, the environment, a file or the order of a hash map: time, chance
//! and settings arrive as arguments, so a list of events replays to the same bytes.
//!
//! Not here: who runs a process (`usher::adapters`), who stores bytes (`usher-ledger`).

pub mod address;
pub mod admit;
pub mod asks;
pub mod decide;
pub mod draft;
pub mod effect;
pub mod event;
pub mod invariant;
pub mod owed;
pub mod phase;
pub mod plan;
pub mod prepared;
pub mod project;
pub mod run;
pub mod scope;
pub mod supply;
pub mod work;
