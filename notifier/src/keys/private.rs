//! Reading a secret's file, and refusing one that others may read.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Why a secret's file is not read.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// It cannot be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        #[source]
        source: std::io::Error,
    },
    /// Others may read it.
    #[error(
        "{path} has mode {mode:04o}, so others may read it: `chmod 600 {path}`, and if somebody \
         may have read it, make a new secret"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It belongs to somebody else, who can change it.
    #[error("{path} belongs to another account; give it to this one with `chown`")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It is too large for what it should hold.
    #[error("{path} is larger than {bytes_max} bytes; that is no secret of this kind")]
    Large {
        /// The file.
        path: PathBuf,
        /// What it may have.
        bytes_max: u64,
    },
}

/// The text of a secret's file; none when there is no file.
///
/// # Errors
/// When it cannot be read, or others may read it.
pub fn read_private(path: &Path, bytes_max: u64) -> Result<Option<String>, PrivateError> {
    let unread = |source| PrivateError::Read {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(unread(source)),
    };
    // The file that is open is looked at, not whatever has the name by now.
    let meta = file.metadata().map_err(unread)?;
    let mode = meta.mode() & 0o7777;
    if mode & 0o077 != 0 {
        let path = path.to_owned();
        return Err(PrivateError::Open { path, mode });
    }
    let me = rustix::process::geteuid().as_raw();
    if meta.uid() != me && meta.uid() != 0 && me != 0 {
        let path = path.to_owned();
        return Err(PrivateError::Foreign { path });
    }
    let mut text = String::new();
    let most = bytes_max.saturating_add(1);
    file.take(most).read_to_string(&mut text).map_err(unread)?;
    if text.len() as u64 > bytes_max {
        let path = path.to_owned();
        return Err(PrivateError::Large { path, bytes_max });
    }
    Ok(Some(text))
}
