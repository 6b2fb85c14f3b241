//! The development mailbox: where mail lands while no mail server is configured.
//!
//! It is the last transport of the same courier. What it takes is stored by the very commit that
//! marks the mail as sent, byte for byte as a server would have got it. Its pages are for whoever
//! started the process: the door lets nobody else in.

mod door;
mod pages;
mod read;

use std::sync::Arc;

use usher_ledger::tasks::Boxed;

use crate::courier::{Delivery, Parcel, Pending, Transport};
use crate::ports::Clock;

pub use pages::{MailboxPages, configure};

/// Mails that are on their way at a time: each is one commit and no more.
const PARALLEL: usize = 16;

/// Takes every mail.
pub struct Mailbox {
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailbox")
    }
}

impl Mailbox {
    /// A mailbox whose mails arrive by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Mailbox {
        Mailbox { clock }
    }
}

impl Transport for Mailbox {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Pending<'a, Delivery> {
        let boxed = Boxed {
            at_ms: self.clock.now_ms(),
            sender: parcel.sender.clone(),
            recipient: parcel.recipient.clone(),
            raw: parcel.raw.clone(),
        };
        Box::pin(std::future::ready(Delivery::Taken(Some(boxed))))
    }

    fn parallel(&self) -> usize {
        PARALLEL
    }
}
