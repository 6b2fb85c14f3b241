//! Bounds the files that steps write their output to.
//!
//! Steps write straight into their files, so nothing stands between a step and the disk but this:
//! a look at the sizes every now and then. What lies between the first and the last half of the
//! bound is given back to the file system, as a hole, so that the writer does not notice and
//! offsets stay true. Where holes are not known the file is shortened to its first half instead.
//! A small file beside it (`stdout.cut`) says what is missing.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, OFlags, fallocate};
use rustix::io::Errno;

/// Holes begin and end at multiples of this, in bytes.
const BLOCK_BYTES: u64 = 4096;

/// What is missing from the middle of a stream's file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cut {
    /// Where in the file the missing part begins, in bytes.
    pub from: u64,
    /// Where in the file it ends; equal to `from` where the file was shortened.
    pub to: u64,
    /// How many bytes of output are missing.
    pub bytes: u64,
}

/// What is missing from the output file at `path`; none when it is whole. A reader shows what is
/// before `from`, that `bytes` bytes are missing, and what is after `to`.
#[must_use]
pub fn cut(path: &Path) -> Option<Cut> {
    let text = std::fs::read_to_string(beside(path)).ok()?;
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(Cut {
        from: next()?,
        to: next()?,
        bytes: next()?,
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".cut");
    PathBuf::from(name)
}

/// A stream's file while its step lives.
#[derive(Debug)]
pub struct Stream {
    path: PathBuf,
    device: u64,
    inode: u64,
    max_bytes: u64,
    seen_bytes: u64,
    cut: Cut,
}

impl Stream {
    /// The stream that was just opened at `path`.
    ///
    /// # Errors
    /// When the file does not tell what it is.
    pub fn new(path: &Path, file: &File, max_bytes: u64) -> std::io::Result<Stream> {
        Ok(Stream::of(path, &file.metadata()?, max_bytes))
    }

    /// The stream that was just opened at `path`, as it shows itself.
    #[must_use]
    pub fn of(path: &Path, meta: &Metadata, max_bytes: u64) -> Stream {
        Stream {
            path: path.to_owned(),
            device: meta.dev(),
            inode: meta.ino(),
            max_bytes: max_bytes.max(4 * BLOCK_BYTES),
            seen_bytes: meta.len(),
            cut: Cut::default(),
        }
    }

    /// The same file, still empty, under another name and with another bound.
    #[must_use]
    pub fn moved(self, path: &Path, max_bytes: u64) -> Stream {
        Stream {
            path: path.to_owned(),
            max_bytes: max_bytes.max(4 * BLOCK_BYTES),
            ..self
        }
    }

    /// Looks at the file and cuts what is too much; at the `last` look, all of it. Answers whether
    /// it grows so fast that the next look should be soon.
    pub fn bound(&mut self, last: bool) -> bool {
        let Ok(meta) = std::fs::symlink_metadata(&self.path) else {
            return false;
        };
        if !self.is_ours(&meta) {
            self.seen_bytes = u64::MAX;
            return false;
        }
        let size = meta.len();
        let grown = size.saturating_sub(self.seen_bytes);
        self.seen_bytes = size;
        if size > self.max_bytes {
            self.cut_to_bound(size, last);
        }
        grown > self.max_bytes / 8
    }

    /// The file's path, if it was empty at the last look.
    #[must_use]
    pub fn into_empty(self) -> Option<PathBuf> {
        (self.seen_bytes == 0).then_some(self.path)
    }

    /// A step may have put another file there: that one is not ours to cut.
    fn is_ours(&self, meta: &Metadata) -> bool {
        meta.is_file() && meta.dev() == self.device && meta.ino() == self.inode
    }

    fn cut_to_bound(&mut self, size: u64, last: bool) {
        let half = (self.max_bytes / 2).next_multiple_of(BLOCK_BYTES);
        let end = size.saturating_sub(half);
        let to = end - end % BLOCK_BYTES;
        let step = if last { 0 } else { self.max_bytes / 8 };
        if to <= half || to <= self.cut.to.saturating_add(step) {
            return;
        }
        let flags = i32::from_ne_bytes(OFlags::NOFOLLOW.bits().to_ne_bytes());
        let opened = File::options()
            .write(true)
            .custom_flags(flags)
            .open(&self.path);
        let Ok(file) = opened else { return };
        if !file.metadata().is_ok_and(|meta| self.is_ours(&meta)) {
            return;
        }
        let holes = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        match fallocate(&file, holes, half, to - half) {
            Ok(()) => {
                self.cut = Cut {
                    from: half,
                    to,
                    bytes: to - half,
                }
            }
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                if file.set_len(half).is_ok() {
                    let bytes = self.cut.bytes.saturating_add(size - half);
                    self.cut = Cut {
                        from: half,
                        to: half,
                        bytes,
                    };
                    self.seen_bytes = half;
                }
            }
            Err(_) => return,
        }
        let Cut { from, to, bytes } = self.cut;
        // Without the note a reader sees the hole as zeroes: nothing else breaks.
        let _ = std::fs::write(beside(&self.path), format!("{from} {to} {bytes}\n"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const MAX: u64 = 64 << 10;

    fn stream(dir: &Path) -> (Stream, File) {
        let path = dir.join("stdout");
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap();
        (Stream::new(&path, &file, MAX).unwrap(), file)
    }

    #[test]
    fn the_middle_of_long_output_is_given_back() {
        let dir = tempfile::tempdir().unwrap();
        let (mut stream, mut file) = stream(dir.path());
        let path = dir.path().join("stdout");
        file.write_all(b"first").unwrap();
        assert!(!stream.bound(false));
        assert_eq!(cut(&path), None);
        for _ in 0..20 {
            file.write_all(&[b'x'; 100_000]).unwrap();
            assert!(stream.bound(false));
        }
        file.write_all(b"last").unwrap();
        stream.bound(true);
        let cut = cut(&path).unwrap();
        assert_eq!(cut.from, MAX / 2);
        assert_eq!(cut.bytes, cut.to - cut.from);
        let meta = std::fs::metadata(&path).unwrap();
        assert_eq!(meta.len(), 2_000_009);
        assert!(meta.len() - cut.to <= MAX / 2 + BLOCK_BYTES);
        assert!(
            meta.blocks() * 512 <= MAX + 4 * BLOCK_BYTES,
            "{} blocks",
            meta.blocks()
        );
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.starts_with(b"firstx") && bytes.ends_with(b"xlast"));
    }

    #[test]
    fn a_file_that_took_the_place_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (mut stream, _file) = stream(dir.path());
        let path = dir.path().join("stdout");
        let other = dir.path().join("other");
        std::fs::write(&other, vec![b'y'; 1_000_000]).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        stream.bound(true);
        std::fs::remove_file(&path).unwrap();
        std::fs::rename(&other, &path).unwrap();
        stream.bound(true);
        assert_eq!(std::fs::read(&path).unwrap(), vec![b'y'; 1_000_000]);
        assert_eq!(cut(&path), None);
    }
}
