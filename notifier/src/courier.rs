//! Carries mail out of the outbox: leases it, looks again, renders it, sends it, writes it down.
//!
//! ```text
//!   due rows ─► lease ─► still wanted? ─► render (pure) ─► Transport ─► one write with the lease
//! ```

mod breaker;
mod rates;
mod retry;
mod transport;

pub use rates::Rates;
pub use transport::{Delivery, Parcel, Pending, Transport};
