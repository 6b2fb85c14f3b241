//! Room for the write-ahead log, made before it is needed and while nobody waits.
//!
//! A sync is dear when the file grew: the file system must write its own books too (on ext4 half
//! of the time of a small commit). SQLite writes the log over from its beginning once it was moved
//! into the file, so only a young log grows. Here it grows ahead, a quarter of a MiB at a time,
//! after the replies to a commit. The room is zeros, not a hole or a reservation: those must be
//! entered in the books when they are first written. A frame of zeros is none to SQLite, and what
//! follows the last good frame is nothing to it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The log's own head, in bytes.
const HEAD_BYTES: u64 = 32;

/// A page in the log with the head of its frame, in bytes.
const FRAME_BYTES: u64 = 4_096 + 24;

/// Room is made when less than this is left, in bytes: more than most commits take.
const LEAST_BYTES: u64 = 64 << 10;

/// So much is made at a time, in bytes.
static ZEROS: [u8; 256 << 10] = [0; 256 << 10];

/// The room after a log.
#[derive(Debug)]
pub(super) struct Room {
    log: PathBuf,
    /// Where the log's last frame ends, in bytes.
    used: u64,
    /// The file is known to be at least this long, in bytes.
    ready: u64,
}

impl Room {
    /// For the log of the ledger at `path`.
    pub(super) fn beside(path: &Path) -> Room {
        let mut log = OsString::from(path);
        log.push("-wal");
        Room {
            log: PathBuf::from(log),
            used: 0,
            ready: 0,
        }
    }

    /// The log has so many pages after a commit.
    pub(super) fn log_has(&mut self, pages: u64) {
        self.used = HEAD_BYTES + pages * FRAME_BYTES;
    }

    /// Makes room if little is left. To be called by the only writer of the log, between commits.
    /// Without room the next commit is dearer, nothing else: errors are let be. Should it be the
    /// disk's, SQLite meets it too, and ends the writer.
    pub(super) fn make(&mut self) {
        if self.used + LEAST_BYTES <= self.ready {
            return;
        }
        // Also after a failure: then it is tried again a little later, not at each commit.
        let made = self.grow().unwrap_or(0);
        self.ready = made.max(self.used + 2 * LEAST_BYTES);
    }

    /// Answers how long the file is then.
    fn grow(&self) -> io::Result<u64> {
        let file = File::options().write(true).open(&self.log)?;
        let length = file.metadata()?.len();
        if self.used + LEAST_BYTES <= length {
            return Ok(length);
        }
        let from = length.max(self.used);
        file.write_all_at(&ZEROS, from)?;
        file.sync_data()?;
        Ok(from + ZEROS.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Room is made once for many commits, after what is there, and never for a log that is gone.
    #[test]
    fn room_is_made_behind_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("ledger.db-wal");
        let mut room = Room::beside(&dir.path().join("ledger.db"));
        room.log_has(1);
        room.make();
        assert!(!log.exists());
        std::fs::write(&log, vec![7; 100_000]).unwrap();
        room.log_has(10);
        room.make();
        assert_eq!(std::fs::metadata(&log).unwrap().len(), 100_000);
        room.log_has(40);
        room.make();
        let made = std::fs::read(&log).unwrap();
        assert_eq!(made.len(), 164_832 + 262_144);
        assert!(made[..100_000].iter().all(|byte| *byte == 7));
        assert!(made[100_000..].iter().all(|byte| *byte == 0));
        room.log_has(80);
        room.make();
        assert_eq!(std::fs::read(&log).unwrap(), made);
        // Begun anew: what is there is room enough.
        room.log_has(1);
        room.make();
        assert_eq!(std::fs::read(&log).unwrap(), made);
    }
}
