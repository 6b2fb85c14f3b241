//! Asks and tells people: the gate, approver pages, the mail courier, timers.
//!
//! ```text
//!   page, REST, socket ─► gate ─► decide (pure) ─► one Write::Task ─► run's inbox ─► Wake
//!   due rows           ─► timers ─► gate
//!   due mails          ─► courier ─► lease ─► render (pure) ─► SMTP | development mailbox
//! ```
//!
//! Tasks have no actor: the gate is built like a turn (read, pure function, one conditional
//! write), and one loop a process reads due rows.
//!
//! Not here: who may decide and what people read (`usher-notifier-core`), the engine: this crate
//! can live in a process of its own.

pub mod api;
pub mod bounce;
pub mod caller;
pub mod client_address;
pub mod courier;
pub mod desk;
pub mod gate;
pub mod keys;
pub mod limits;
pub mod mailbox;
pub mod origin;
pub mod pages;
pub mod people;
pub mod ports;
pub mod reach;
pub mod smtp;
pub mod store;
pub mod timers;

pub use usher_notifier_core::{recipe, verdict};
