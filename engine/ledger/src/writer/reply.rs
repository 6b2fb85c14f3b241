//! A reply that always comes: told once, or told by itself when it is dropped.

use crate::error::Error;

/// Whoever waits for one answer.
pub(super) struct Reply<T>(Option<Tell<T>>);

type Tell<T> = Box<dyn FnOnce(Result<T, Error>) + Send>;

impl<T> Reply<T> {
    pub(super) fn new(tell: Tell<T>) -> Reply<T> {
        Reply(Some(tell))
    }

    pub(super) fn tell(mut self, result: Result<T, Error>) {
        if let Some(tell) = self.0.take() {
            tell(result);
        }
    }
}

impl<T> Drop for Reply<T> {
    /// Nobody answered: the thread ended, in order or by a panic, with this in its hands.
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell(Err(if std::thread::panicking() {
                Error::Panicked
            } else {
                Error::Closed
            }));
        }
    }
}
