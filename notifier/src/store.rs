//! The way to the ledger: reads on threads that may wait, writes through the writing thread.

use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};
use usher_ledger::tasks::TaskReader;
use usher_ledger::{Error, Handle, Outcome, Write};

/// A reader that may go from thread to thread.
pub type Reading = Box<dyn TaskReader + Send>;

/// Opens a further reader.
pub type OpenReader = Arc<dyn Fn() -> Result<Reading, Error> + Send + Sync>;

/// At most this many reads at a time.
const READS_MAX: usize = 4;

/// The ledger as the notifier sees it. Clones share it.
#[derive(Clone)]
pub struct Store {
    writer: Handle,
    open: OpenReader,
    idle: Arc<std::sync::Mutex<Vec<Reading>>>,
    permits: Arc<Semaphore>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// A store over a writing thread and readers that `open` makes.
    #[must_use]
    pub fn new(writer: Handle, open: OpenReader) -> Store {
        Store {
            writer,
            open,
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(READS_MAX)),
        }
    }

    /// Reads.
    ///
    /// # Errors
    /// When the ledger cannot be read, or the process is ending.
    pub async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut dyn TaskReader) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _permit = self.permits.acquire().await.map_err(|_| Error::Closed)?;
        let (idle, open) = (self.idle.clone(), self.open.clone());
        let work = move || {
            let kept = lock(&idle).pop();
            let mut reader = match kept {
                Some(reader) => reader,
                None => open()?,
            };
            let answer = job(&mut *reader);
            lock(&idle).push(reader);
            answer
        };
        let answer = tokio::task::spawn_blocking(work).await;
        answer.unwrap_or(Err(Error::Closed))
    }

    /// Writes; the answer comes after the commit.
    ///
    /// # Errors
    /// When nothing was written, or nobody knows ([`Error::InDoubt`]).
    pub async fn write(&self, write: Write) -> Result<Outcome, Error> {
        let (tell, told) = oneshot::channel();
        let reply = move |result| {
            let _ = tell.send(result);
        };
        self.writer.submit(write, Box::new(reply));
        told.await.unwrap_or(Err(Error::Closed))
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
