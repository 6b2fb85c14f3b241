//! Where time comes from: the ledger's clock. With SQLite that is the system's.

use std::sync::atomic::{AtomicI64, Ordering};

/// A source of time.
pub trait Clock: Send + Sync {
    /// Milliseconds since the epoch, UTC; never goes back.
    fn now_ms(&self) -> i64;
}

/// The system's clock, held from going back.
#[derive(Debug, Default)]
pub struct SystemClock {
    last_ms: AtomicI64,
}

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let now_ms = chrono::Utc::now().timestamp_millis();
        self.last_ms
            .fetch_max(now_ms, Ordering::Relaxed)
            .max(now_ms)
    }
}
