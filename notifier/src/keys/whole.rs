//! Writing a secret's file whole or not at all, readable by its owner alone from its first byte.

use std::fs::{File, OpenOptions};
use std::io::{Error, Result, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Makes a file that must not be there yet.
pub(super) fn make(path: &Path, text: &str) -> Result<()> {
    let beside = Beside::write(path, text)?;
    // Unlike a rename this fails when the name is taken.
    std::fs::hard_link(&beside.0, path)?;
    sync_folder(path)
}

/// Replaces a file.
pub(super) fn replace(path: &Path, text: &str) -> Result<()> {
    let beside = Beside::write(path, text)?;
    std::fs::rename(&beside.0, path)?;
    sync_folder(path)
}

/// Keeps other processes from changing the file while this lives.
pub(super) fn lock(path: &Path) -> Result<File> {
    // The file itself is replaced, its folder is not.
    let folder = File::open(folder(path))?;
    folder.lock()?;
    Ok(folder)
}

/// A complete file under another name; gone when this is.
struct Beside(PathBuf);

impl Beside {
    fn write(path: &Path, text: &str) -> Result<Beside> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        let mut bytes = [0_u8; 8];
        getrandom::fill(&mut bytes).map_err(|error| Error::other(error.to_string()))?;
        name.push(format!(".new-{:016x}", u64::from_ne_bytes(bytes)));
        let beside = Beside(path.with_file_name(name));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside.0)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(beside)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // After a rename it is gone already.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn sync_folder(path: &Path) -> Result<()> {
    File::open(folder(path))?.sync_all()
}
