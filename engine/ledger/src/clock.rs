//! What time it is for the ledger: rows that tell when they were written are stamped with it.
//!
//! The system's clock; only tests and simulations have another. Stamped when the write is applied,
//! so times and commits have one order.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// A clock; clones are the same clock.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The system's.
    #[must_use]
    pub fn system() -> Clock {
        Clock::new(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            let ms = since.unwrap_or_default().as_millis();
            i64::try_from(ms).unwrap_or(i64::MAX)
        })
    }

    /// A clock that tells what `now` says: milliseconds since the epoch, UTC.
    pub fn new(now: impl Fn() -> i64 + Send + Sync + 'static) -> Clock {
        Clock(Arc::new(now))
    }

    /// The time, milliseconds since the epoch, UTC.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Clock").field(&self.now_ms()).finish()
    }
}
