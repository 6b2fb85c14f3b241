//! The reading pool: threads that read the ledger and decode runs, so that no actor waits for IO.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};

use usher_ledger::{Command, Error, Loaded, Reader};

use crate::ports::runtime::PodKey;

/// At most this much of a process's stdout becomes a result: the last 256 KiB (argo.md §6).
pub const RESULT_MAX: u64 = 256 * 1024;

type Job = Box<dyn FnOnce(&mut dyn Reader) + Send>;

/// Threads with a reader each.
#[derive(Debug, Clone)]
pub struct ReadPool {
    jobs: mpsc::Sender<Job>,
    runs: Arc<PathBuf>,
}

impl ReadPool {
    /// Starts one thread per reader. `runs` is the folder of the local attempts' files.
    #[must_use]
    pub fn new(readers: Vec<Box<dyn Reader + Send>>, runs: PathBuf) -> ReadPool {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let inbox = Arc::new(Mutex::new(inbox));
        for (number, mut reader) in readers.into_iter().enumerate() {
            let inbox = inbox.clone();
            let work = move || {
                loop {
                    let job = match inbox.lock() {
                        Ok(inbox) => inbox.recv(),
                        Err(_) => return,
                    };
                    let Ok(job) = job else { return };
                    job(&mut *reader);
                }
            };
            let name = format!("reader-{number}");
            if let Err(error) = std::thread::Builder::new().name(name).spawn(work) {
                tracing::error!(%error, "a reading thread does not start");
            }
        }
        ReadPool {
            jobs,
            runs: Arc::new(runs),
        }
    }

    /// Does a piece of reading on one of the threads.
    pub fn run(&self, job: impl FnOnce(&mut dyn Reader) + Send + 'static) {
        // The threads end with the process; nobody is left to hear of it then.
        let _ = self.jobs.send(Box::new(job));
    }

    /// Reads a run's rows and hands them over on the reading thread.
    pub fn load(
        &self,
        run: String,
        then: impl FnOnce(Result<Option<Loaded>, Error>) + Send + 'static,
    ) {
        self.run(move |reader| then(reader.load_run(&run)));
    }

    /// Reads a run's unapplied commands in id order.
    pub fn commands(
        &self,
        run: String,
        then: impl FnOnce(Result<Vec<Command>, Error>) + Send + 'static,
    ) {
        self.run(move |reader| then(reader.pending_commands(&run)));
    }

    /// Reads and waits for the answer, for callers on a tokio runtime.
    ///
    /// # Errors
    /// A text when the ledger cannot be read or the process is ending.
    pub async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut dyn Reader) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, String> {
        let (tell, told) = tokio::sync::oneshot::channel();
        self.run(move |reader| {
            let _ = tell.send(job(reader));
        });
        match told.await {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(_) => Err("the engine is ending".to_owned()),
        }
    }

    /// Reads the stdout of a launch as a result; none when there is no such file.
    pub fn result_of(&self, key: &PodKey, then: impl FnOnce(Option<String>) + Send + 'static) {
        let path = self.runs.join(key.folder()).join("stdout");
        self.run(move |_| then(read_result(&path)));
    }

    /// The folder of the local attempts' files.
    #[must_use]
    pub fn runs(&self) -> &std::path::Path {
        &self.runs
    }
}

/// The last 256 KiB of a file as text: one trailing newline taken off, U+0000 replaced as in the
/// ledger.
fn read_result(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let len = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(len.saturating_sub(RESULT_MAX)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(RESULT_MAX).read_to_end(&mut bytes).ok()?;
    let mut text = String::from_utf8_lossy(&bytes).replace('\0', "\u{fffd}");
    if text.ends_with('\n') {
        text.pop();
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One newline goes, the last 256 KiB stay, and what is no text is replaced.
    #[test]
    fn a_result_is_the_end_of_stdout() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("stdout");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("a file");
            read_result(&path)
        };
        assert_eq!(read(b""), Some(String::new()));
        assert_eq!(read(b"one\n\n"), Some("one\n".to_owned()));
        assert_eq!(read(b"a\0b\xffc"), Some("a\u{fffd}b\u{fffd}c".to_owned()));
        let mut long = vec![b'x'; 300 * 1024];
        long.push(b'\n');
        assert_eq!(read(&long).map(|text| text.len()), Some(256 * 1024 - 1));
        assert_eq!(read_result(&folder.path().join("none")), None);
    }
}
