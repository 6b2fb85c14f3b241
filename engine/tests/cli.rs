//! The command line: the real binary, on state directories of its own.

#![allow(clippy::unwrap_used)]

#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/engines.rs"]
mod engines;
#[path = "cli/looking.rs"]
mod looking;
#[path = "cli/mailbox.rs"]
mod mailbox;
#[path = "cli/rig.rs"]
mod rig;
#[path = "cli/running.rs"]
mod running;
#[path = "cli/setup.rs"]
mod setup;
#[path = "cli/sink.rs"]
mod sink;
#[path = "cli/words.rs"]
mod words;
