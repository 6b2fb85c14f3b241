//! The state directory: where it is, who may write to it, who is the engine.
//!
//! ```text
//!   DIR/lock             held by the engine of this directory, and only by it
//!   DIR/sock             the engine's socket, for the other `usher` processes
//!   DIR/ledger.db        the ledger
//!   DIR/runs/UID/N-L/    files of the local attempts: stdout, stderr, the working directory
//!   DIR/launcher/        the launcher: socket, journal, log
//! ```

use std::fs::{File, TryLockError};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Why there is no state directory.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be made or written.
    #[error("use {dir} as the state directory; give another with --state DIR")]
    Use {
        /// The directory.
        dir: PathBuf,
        /// What was wrong.
        #[source]
        source: std::io::Error,
    },
    /// It is on a network file system, where locks do not hold.
    #[error("use {dir}: it is on a network file system ({kind}); give a local --state DIR")]
    Network {
        /// The directory.
        dir: PathBuf,
        /// Which kind.
        kind: String,
    },
    /// It belongs to somebody else.
    #[error("use {dir}: it belongs to another account; give another with --state DIR")]
    Foreign {
        /// The directory.
        dir: PathBuf,
    },
}

/// A usable state directory.
#[derive(Debug, Clone)]
pub struct StateDir {
    dir: PathBuf,
    /// Why it is not the usual one, for one line of notice.
    pub notice: Option<String>,
}

/// What the environment says about where state belongs.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `XDG_STATE_HOME`.
    pub xdg_state: Option<PathBuf>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime: Option<PathBuf>,
    /// The folder for temporary files.
    pub temp: PathBuf,
}

impl Surroundings {
    /// Reads them from the environment.
    #[must_use]
    pub fn from_env() -> Surroundings {
        let path = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        Surroundings {
            xdg_state: path("XDG_STATE_HOME"),
            home: path("HOME"),
            runtime: path("XDG_RUNTIME_DIR"),
            temp: std::env::temp_dir(),
        }
    }
}

impl StateDir {
    /// The directory named by the user, or the usual one, or a fall-back with a notice.
    ///
    /// # Errors
    /// When a named directory cannot be used, or no fall-back can be either.
    pub fn find(named: Option<&Path>, around: &Surroundings) -> Result<StateDir, Error> {
        if let Some(named) = named {
            // Absolute: the launcher and the background engine work in directories of their own.
            let absolute = std::path::absolute(named).map_err(|source| Error::Use {
                dir: named.to_owned(),
                source,
            });
            let dir = absolute?;
            check(&dir)?;
            return Ok(StateDir { dir, notice: None });
        }
        let usual = around
            .xdg_state
            .clone()
            .or_else(|| around.home.as_ref().map(|home| home.join(".local/state")))
            .map(|base| base.join("usher"));
        let why = match &usual {
            Some(dir) => match check(dir) {
                Ok(()) => {
                    return Ok(StateDir {
                        dir: dir.clone(),
                        notice: None,
                    });
                }
                Err(error) => reason(&error),
            },
            None => "there is no home directory".to_owned(),
        };
        let account = rustix::process::geteuid().as_raw();
        let candidates = [
            around.runtime.as_ref().map(|dir| dir.join("usher")),
            Some(around.temp.join(format!("usher-{account}"))),
        ];
        let mut last = None;
        for dir in candidates.into_iter().flatten() {
            match own(&dir).and_then(|()| check(&dir)) {
                Ok(()) => {
                    let notice = format!("{why}; state is kept in {}", dir.display());
                    return Ok(StateDir {
                        dir,
                        notice: Some(notice),
                    });
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or(Error::Foreign {
            dir: around.temp.clone(),
        }))
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// The ledger's file.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.dir.join("ledger.db")
    }

    /// The folder of the local attempts' files.
    #[must_use]
    pub fn runs(&self) -> PathBuf {
        self.dir.join("runs")
    }

    /// Takes the engine's lock, if nobody has it.
    ///
    /// # Errors
    /// When the lock file cannot be opened or locked for another reason.
    pub fn try_lock(&self) -> Result<Option<Lock>, Error> {
        let fail = |source| Error::Use {
            dir: self.dir.clone(),
            source,
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.dir.join("lock"))
            .map_err(fail)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(fail(source)),
        }
    }

    /// A path to the engine's socket that is short however long the directory's is: socket paths
    /// end at 108 bytes.
    ///
    /// # Errors
    /// When the directory cannot be opened.
    pub fn socket(&self) -> std::io::Result<SocketPath> {
        let dir = File::open(&self.dir)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/sock", dir.as_raw_fd()));
        Ok(SocketPath { _dir: dir, path })
    }
}

/// The engine's lock; whoever holds it is the engine and the only writer.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// A short path to the socket, good while this lives.
#[derive(Debug)]
pub struct SocketPath {
    _dir: File,
    /// The path.
    pub path: PathBuf,
}

fn reason(error: &Error) -> String {
    match error {
        Error::Use { dir, source } => format!("{} cannot be written ({source})", dir.display()),
        Error::Network { dir, kind } => format!("{} is on {kind}", dir.display()),
        Error::Foreign { dir } => format!("{} belongs to another account", dir.display()),
    }
}

/// Sees that nobody else put something where everybody may write: it would be theirs.
fn own(dir: &Path) -> Result<(), Error> {
    let account = rustix::process::geteuid().as_raw();
    match std::fs::symlink_metadata(dir) {
        Ok(meta) if meta.is_dir() && meta.uid() == account => Ok(()),
        Ok(_) => Err(Error::Foreign {
            dir: dir.to_owned(),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::Use {
            dir: dir.to_owned(),
            source,
        }),
    }
}

/// Makes the directory if need be and sees whether it can be used.
fn check(dir: &Path) -> Result<(), Error> {
    let fail = |source| Error::Use {
        dir: dir.to_owned(),
        source,
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(fail)?;
    let meta = std::fs::metadata(dir).map_err(fail)?;
    let account = rustix::process::geteuid().as_raw();
    if meta.uid() != account && account != 0 {
        return Err(Error::Foreign {
            dir: dir.to_owned(),
        });
    }
    if let Some(kind) = usher_ledger::network_kind(dir) {
        return Err(Error::Network {
            dir: dir.to_owned(),
            kind,
        });
    }
    let probe = dir.join(format!(".probe-{}", std::process::id()));
    std::fs::write(&probe, b"").map_err(fail)?;
    std::fs::remove_file(&probe).map_err(fail)?;
    if meta.permissions().mode() & 0o077 != 0 && meta.uid() == account {
        // What steps print may be secret: nobody else reads here.
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700)).map_err(fail)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An unwritable home falls back with one line that says why and where.
    #[test]
    fn falls_back_with_a_notice() {
        let temp = tempfile::tempdir().expect("a folder");
        let file = temp.path().join("file");
        std::fs::write(&file, b"").expect("a file");
        let around = Surroundings {
            xdg_state: None,
            home: Some(file),
            runtime: None,
            temp: temp.path().to_owned(),
        };
        let found = StateDir::find(None, &around).expect("the fall-back works");
        let notice = found.notice.as_deref().expect("it is told");
        assert!(notice.contains("cannot be written"), "{notice}");
        assert!(found.path().starts_with(temp.path()));
    }

    /// A fall-back that somebody else prepared is not used, not by root either.
    #[test]
    fn a_fall_back_of_others_is_refused() {
        let temp = tempfile::tempdir().expect("a folder");
        let account = rustix::process::geteuid().as_raw();
        let trap = temp.path().join(format!("usher-{account}"));
        std::fs::create_dir(temp.path().join("theirs")).expect("a folder");
        std::os::unix::fs::symlink(temp.path().join("theirs"), &trap).expect("a link");
        let around = Surroundings {
            temp: temp.path().to_owned(),
            ..Surroundings::default()
        };
        let error = StateDir::find(None, &around).expect_err("refused");
        assert!(matches!(error, Error::Foreign { .. }), "{error}");
    }

    /// A named directory is used or refused, never replaced.
    #[test]
    fn a_named_directory_has_no_fall_back() {
        let temp = tempfile::tempdir().expect("a folder");
        let file = temp.path().join("file");
        std::fs::write(&file, b"").expect("a file");
        let error = StateDir::find(Some(&file), &Surroundings::default()).expect_err("refused");
        assert!(error.to_string().contains("--state DIR"), "{error}");
    }

    /// Only one holder at a time.
    #[test]
    fn one_lock() {
        let temp = tempfile::tempdir().expect("a folder");
        let state = StateDir::find(Some(temp.path()), &Surroundings::default()).expect("usable");
        let lock = state.try_lock().expect("works").expect("is free");
        assert!(state.try_lock().expect("works").is_none());
        drop(lock);
        assert!(state.try_lock().expect("works").is_some());
    }
}
