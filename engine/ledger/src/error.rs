//! What can go wrong with a ledger, and whether the writer may go on after it.

use std::path::PathBuf;
use std::sync::Arc;

/// A cause, shared: one failed commit is told to everybody in its group.
pub type Source = Arc<dyn std::error::Error + Send + Sync>;

/// Why the ledger did not do as told. Texts read after "failed to".
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened.
    #[error("open {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        #[source]
        source: Source,
    },
    /// The file is on a network file system, where locks and syncs cannot be relied on.
    #[error(
        "open {path}: it is on a network file system ({kind}); keep the ledger on a local disk"
    )]
    NetworkFileSystem {
        /// The file.
        path: PathBuf,
        /// Which file system: `NFS`.
        kind: String,
    },
    /// The file is a database of something else.
    #[error("open {path}: it is not a ledger")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer binary wrote it.
    #[error(
        "ledger is at schema {found}, this binary knows up to {known}: \
         use the newer usher that wrote it"
    )]
    Newer {
        /// The schema of the file.
        found: i64,
        /// The newest schema that this binary knows.
        known: i64,
    },
    /// A reader was opened on a file that no engine of this release has opened yet.
    #[error(
        "ledger is at schema {found}, this binary needs {needed}: \
         start the engine once, it brings the ledger up to date"
    )]
    Unmigrated {
        /// The schema of the file.
        found: i64,
        /// The schema that is needed.
        needed: i64,
    },
    /// Its runs are spread over partitions in another way.
    #[error("ledger has {found}, this binary works with {known}")]
    Partitioning {
        /// What the file says: `128 partitions by fnv1a`.
        found: String,
        /// What this binary does.
        known: String,
    },
    /// The disk is full, broken or gone, or the file is damaged. The writer must end: a sync that
    /// failed cannot be tried again.
    #[error("{what}")]
    Storage {
        /// What was being done.
        what: &'static str,
        /// What was wrong.
        #[source]
        source: Source,
    },
    /// The commit itself failed: what was to be written is on the disk whole or not at all, and
    /// only the next opening tells which. The writer must end.
    #[error("{what}: whether it is on the disk shows when the ledger is opened again")]
    InDoubt {
        /// What was being done.
        what: &'static str,
        /// What was wrong.
        #[source]
        source: Source,
    },
    /// Another process holds the ledger longer than the time-out. Nothing was written.
    #[error("{what}: another process is using the ledger")]
    Busy {
        /// What was being done.
        what: &'static str,
    },
    /// A statement failed; nothing of it was written.
    #[error("{what}")]
    Statement {
        /// What was being done.
        what: &'static str,
        /// What was wrong.
        #[source]
        source: Source,
    },
    /// The target of a backup exists.
    #[error("write the backup {path}: it exists; name a new file")]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// The target of a backup cannot be written.
    #[error("write the backup {path}")]
    Backup {
        /// The target.
        path: PathBuf,
        /// What was wrong.
        #[source]
        source: Source,
    },
    /// The command is not in the ledger: its run was removed before a turn took it.
    #[error("wait for command {id}: it went with its run")]
    Gone {
        /// The command's id.
        id: i64,
    },
    /// The writer has ended; nothing was written.
    #[error("write to the ledger: its writer has ended")]
    Closed,
    /// A fault of ours ended the writer; what was in its hands may or may not be written.
    #[error("write to the ledger: its writer panicked")]
    Panicked,
}

impl Error {
    /// Whether the process must stop writing for good.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Error::Storage { .. } | Error::InDoubt { .. } | Error::Panicked
        )
    }

    /// The error and its causes as one line, for the reason of a refused write. SQLite's error has
    /// said all that its own cause would say again with a number.
    #[must_use]
    pub fn chain(&self) -> String {
        let Some(source) = self.cause() else {
            return self.to_string();
        };
        if let Some(error) = source.downcast_ref::<Error>() {
            return format!("{self}: {}", error.chain());
        }
        let mut text = format!("{self}: {source}");
        let mut cause = source.source();
        while let Some(error) = cause.filter(|_| !source.is::<rusqlite::Error>()) {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }

    fn cause(&self) -> Option<&Source> {
        match self {
            Error::Open { source, .. }
            | Error::Storage { source, .. }
            | Error::InDoubt { source, .. }
            | Error::Statement { source, .. }
            | Error::Backup { source, .. } => Some(source),
            Error::NetworkFileSystem { .. }
            | Error::Foreign { .. }
            | Error::Newer { .. }
            | Error::Unmigrated { .. }
            | Error::Partitioning { .. }
            | Error::Busy { .. }
            | Error::Exists { .. }
            | Error::Gone { .. }
            | Error::Closed
            | Error::Panicked => None,
        }
    }
}

/// A cause in words, where no other error is the cause.
pub(crate) fn because(text: impl Into<String>) -> Source {
    Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(
        text.into(),
    ))
}
