//! Tells a parent that a child actor is gone, however it went.
//!
//! actix does not restart an actor whose handler panicked; dropping the actor drops its guard, and
//! the guard's word reaches the parent, which rebuilds the child from the ledger.

/// Runs a closure when dropped, with whether the thread is panicking.
pub struct Guard {
    tell: Option<Box<dyn FnOnce(bool)>>,
}

impl Guard {
    /// A guard that calls `tell(panicked)` when it is dropped.
    #[must_use]
    pub fn new(tell: impl FnOnce(bool) + 'static) -> Guard {
        Guard {
            tell: Some(Box::new(tell)),
        }
    }

    /// Lets go without a word: the parent knows already.
    pub fn disarm(&mut self) {
        self.tell = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(tell) = self.tell.take() {
            tell(std::thread::panicking());
        }
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard")
            .field("armed", &self.tell.is_some())
            .finish()
    }
}
