//! The launcher and its client: the real binary, real processes, real deaths.

#![allow(clippy::unwrap_used)]

#[path = "launcher/line.rs"]
mod line;
#[path = "launcher/restarts.rs"]
mod restarts;
#[path = "launcher/rig.rs"]
mod rig;
#[path = "launcher/steps.rs"]
mod steps;
#[path = "launcher/words.rs"]
mod words;
