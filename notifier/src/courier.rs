//! Carries mail out of the outbox: leases it, looks again, renders it, sends it, writes it down.
//!
//! ```text
//!   due rows ─► lease ─► still wanted? ─► render (pure) ─► Transport ─► one write with the lease
//!      ▲                                                                  │
//!      └────── later: 1, 2, 5, 10, 30 min, then hourly, 5 days ◄──────────┘
//! ```
//!
//! At least once: a mail whose answer was lost goes again when its lease is over, with the same
//! bytes. Nothing is held in memory but one short batch of rows and what is on its way.
//!
//! Not here: what mails say (`usher-notifier-core`), protocols ([`crate::smtp`],
//! [`crate::mailbox`]).

mod breaker;
mod carry;
mod compose;
mod letter;
mod queue;
mod rates;
mod retry;
mod transport;
mod wanted;

use std::sync::Arc;

use crate::gate::{Gate, GateError};
use crate::ports::Ports;

pub use rates::Rates;
pub use transport::{Delivery, Parcel, Pending, Transport};

/// The way from the courier to the gate.
pub trait TellGate: Send + Sync {
    /// Mail to a slot came back for good. Said twice it is once.
    ///
    /// # Errors
    /// When it could not be recorded now: the courier says it again later.
    fn undeliverable<'a>(
        &'a self,
        task: &'a str,
        slot: u32,
        why: &'a str,
    ) -> Pending<'a, Result<(), String>>;
}

impl TellGate for Gate {
    fn undeliverable<'a>(
        &'a self,
        task: &'a str,
        slot: u32,
        why: &'a str,
    ) -> Pending<'a, Result<(), String>> {
        let why = why.to_owned();
        let event = usher_notifier_core::decide::Event::Undeliverable { slot, why };
        Box::pin(async move {
            match self.move_task(task, event).await {
                // A task that is decided, or gone with everything, needs to know nothing.
                Ok(_) | Err(GateError::Refused(_) | GateError::NotFound) => Ok(()),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}

/// Carries mail until the process ends; then it finishes what it holds, for ten seconds at most.
pub async fn run(
    ports: Ports,
    transport: Arc<dyn Transport>,
    gate: Arc<dyn TellGate>,
    rates: Rates,
) {
    queue::Queue::new(ports, transport, gate, rates).run().await;
}
