//! The words that all parts share: commands, selectors, durations, fields of the API, fault codes.
//!
//! Not here: what a workflow does (`usher-core`), how it is stored (`usher-ledger`).

pub mod approval;
pub mod code;
pub mod command;
pub mod duration;
pub mod fields;
pub mod selector;
pub mod uuid;
