//! Usher: the engine's shell around the pure core.
//!
//! Composition only: who decides is `usher-core`, who stores is `usher-ledger`.

pub mod actors;
pub mod adapters;
pub mod cli;
pub mod client;
pub mod config;
pub mod host;
pub mod launcher;
pub mod notifier;
pub mod policies;
pub mod ports;
pub mod reading;
pub mod server;
pub mod state;
pub mod telemetry;
pub mod turn;
