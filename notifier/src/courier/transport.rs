//! What carries a mail away, and the answers it can give.
//!
//! ```text
//!   Parcel (bytes, one recipient) ──► Transport: Smtp | development Mailbox ──► Delivery
//! ```
//!
//! The courier knows no protocol: whatever happens on the way is one of the answers of
//! [`Delivery`], and each answer has one row in the table of the outbox (approvals §4.3).

use std::future::Future;
use std::pin::Pin;

use usher_ledger::tasks::Boxed;

/// A future that may go from thread to thread.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One mail, ready to go. Its bytes are the same at every try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The number of its row.
    pub mail: i64,
    /// The envelope's sender: where failure reports go.
    pub sender: String,
    /// The one recipient.
    pub recipient: String,
    /// Headers and body, lines ended by CR LF, the last one too.
    pub raw: Vec<u8>,
}

/// What became of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Taken for good. The development mailbox stores what it took with the same commit.
    Taken(Option<Boxed>),
    /// Nobody knows: the connection was lost after the final dot.
    Uncertain(String),
    /// Not now (4xx); the server is well.
    Later(String),
    /// The recipient is refused for good.
    Refused(String),
    /// Refused for good, but not for the recipient's sake: our sender, our content, our rights.
    Ours(String),
    /// There is no server to talk to: no connection, no TLS, no login.
    NoServer(String),
}

/// Carries mails away; many at a time.
pub trait Transport: Send + Sync {
    /// Carries one mail away. Ends within 100 seconds, whatever the other side does.
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Pending<'a, Delivery>;

    /// How many mails may be on their way at a time.
    fn parallel(&self) -> usize;

    /// Nothing is to be sent for the moment: close what has been idle for long.
    fn rest(&self) -> Pending<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
