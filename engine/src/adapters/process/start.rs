//! Finds the launcher or starts one.
//!
//! The launcher holds a lock on its directory, so that two that are started at once do not both
//! work; the one that has none ends, and its engine connects to the other.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use super::{Error, Settings};
use crate::launcher::wire::{DETACHED_VARIABLE, LAUNCH_VARIABLE, LAUNCHER_VARIABLE};

/// A log longer than this is begun anew, in bytes.
const LOG_MAX_BYTES: u64 = 1 << 20;

/// Finds and starts launchers.
#[derive(Debug)]
pub(super) struct Starter {
    dir: PathBuf,
    program: PathBuf,
    /// Launchers that were started from here and may have to be reaped.
    children: Vec<Child>,
}

impl Starter {
    /// Makes the launcher's directory.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn new(settings: &Settings) -> Result<Starter, Error> {
        let program = settings.program.clone().unwrap_or_else(own_program);
        let starter = Starter {
            dir: settings.dir(),
            program,
            children: Vec::new(),
        };
        starter.make_dir()?;
        Ok(starter)
    }

    fn make_dir(&self) -> Result<(), Error> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir);
        made.map_err(|source| self.dir_error(source))
    }

    fn dir_error(&self, source: io::Error) -> Error {
        Error::Dir {
            dir: self.dir.clone(),
            source,
        }
    }

    /// The number of this engine among all of this directory. It rises with the clock too: a count
    /// that a loss of power took away must not leave the next engine below the journal's.
    ///
    /// # Errors
    /// When it cannot be counted.
    pub(super) fn next_generation(&self) -> Result<u64, Error> {
        let path = self.dir.join("generation");
        let before = match std::fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().unwrap_or(0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(self.dir_error(error)),
        };
        let generation = now_ms().max(before + 1);
        let fresh = self.dir.join("generation.new");
        std::fs::write(&fresh, format!("{generation}\n"))
            .and_then(|()| std::fs::rename(&fresh, &path))
            .map_err(|error| self.dir_error(error))?;
        Ok(generation)
    }

    /// A connection to the launcher that listens, or to a new one.
    ///
    /// # Errors
    /// When neither can be had.
    pub(super) fn stream(&mut self) -> Result<UnixStream, Error> {
        self.children
            .retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        self.make_dir()?;
        match self.connect() {
            Ok(stream) => Ok(stream),
            Err(_) => self.spawn(),
        }
    }

    fn connect(&self) -> io::Result<UnixStream> {
        // Socket paths end at 108 bytes; this one is short however long the directory's is.
        let dir = File::open(&self.dir)?;
        UnixStream::connect(format!("/proc/self/fd/{}/sock", dir.as_raw_fd()))
    }

    fn spawn(&mut self) -> Result<UnixStream, Error> {
        let fail = |source| Error::Start {
            program: self.program.clone(),
            source,
        };
        let (ours, theirs) = UnixStream::pair().map_err(fail)?;
        let log = open_log(&self.dir.join("launcher.log")).map_err(|e| self.dir_error(e))?;
        let child = Command::new(&self.program)
            .arg0("usher")
            .arg(OsStr::new("launcher"))
            .arg(std::path::absolute(&self.dir).map_err(fail)?)
            // What a step starts by the way is not the step's.
            .env_remove(LAUNCH_VARIABLE)
            .env_remove(LAUNCHER_VARIABLE)
            .env(DETACHED_VARIABLE, "1")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(fail)?;
        self.children.push(child);
        Ok(ours)
    }

    /// Says why there is no connection, with the launcher's own end where it is known.
    pub(super) fn explain(&mut self, error: &io::Error) -> String {
        let mut reason = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the launcher hung up".to_owned(),
            _ => error.to_string(),
        };
        if let Some(child) = self.children.last_mut()
            && let Ok(Some(status)) = child.try_wait()
        {
            let log = self.dir.join("launcher.log");
            reason = format!(
                "{reason}; it ended with {status}, its log is {}",
                log.display()
            );
        }
        reason
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}

/// This program as it runs now, also when its file was replaced or removed.
fn own_program() -> PathBuf {
    let own = Path::new("/proc/self/exe");
    match own.exists() {
        true => own.to_owned(),
        false => std::env::current_exe().unwrap_or_else(|_| own.to_owned()),
    }
}

fn open_log(path: &Path) -> io::Result<File> {
    let file = File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    if file.metadata()?.len() > LOG_MAX_BYTES {
        file.set_len(0)?;
    }
    Ok(file)
}
