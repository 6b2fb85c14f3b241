//! Approvals and mail as values: who may decide, when it is decided, what people read.
//!
//! ```text
//!   people.yaml ──► people ─┐
//!   Asked (from the run) ───┼─► decide(task, event, world) ─► Change: task, links, mail recipes,
//!   a vote, a due time ─────┘                                 record entries, Verdict for the run
//!
//!   recipe + task ─► mail: subject, text, html        task + slot ─► page: HTML
//!   link id + key ─► token: the address               entries ─► record: hash chain, verify
//! ```
//!
//! Pure: no IO, no clock, no chance. Random bytes and the time come in with [`decide::World`].
//!
//! Not here: the transaction around a decision, HTTP, SMTP (`usher-notifier`); what the run does
//! with a verdict (`usher-core`).

pub mod address;
pub mod clean;
pub mod decide;
pub mod digest;
pub mod form;
pub mod invariant;
pub mod mail;
pub mod markdown;
pub mod page;
pub mod people;
pub mod quorum;
pub mod recipe;
pub mod record;
pub mod task;
pub mod texts;
pub mod token;
pub mod verdict;

#[cfg(test)]
mod sample;
