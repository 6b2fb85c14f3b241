//! Reading the files that steps write to, while they grow and with what is missing from them.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::adapters::process::cut;

/// Read at most this much at once, in bytes.
const CHUNK: u64 = 1 << 20;

/// A line longer than this is told in pieces, in bytes.
const LINE_MAX: usize = 1 << 20;

/// The last lines of a file are looked for in this many bytes.
const TAIL_BYTES: u64 = 1 << 20;

/// A file that is read line by line, from where the last reading ended.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    at: u64,
    rest: Vec<u8>,
}

impl Lines {
    /// A file from its beginning.
    pub(super) fn new(path: PathBuf) -> Lines {
        Lines {
            path,
            at: 0,
            rest: Vec::new(),
        }
    }

    /// The lines that were finished since the last call, without their ends; what cannot be read is
    /// taken as not written yet. With `is_end` also what has no line's end.
    pub(super) fn next(&mut self, is_end: bool, tell: &mut dyn FnMut(&str)) {
        let _ = self.read(tell);
        if is_end && !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            tell(&text(&rest));
        }
    }

    fn read(&mut self, tell: &mut dyn FnMut(&str)) -> std::io::Result<()> {
        let mut file = File::open(&self.path)?;
        loop {
            let mut until = file.metadata()?.len();
            let missing = cut(&self.path).filter(|cut| self.at < cut.to.max(cut.from + 1));
            if let Some(cut) = missing {
                if self.at >= cut.from {
                    self.finish(tell);
                    tell(&format!("[{} bytes of output are missing here]", cut.bytes));
                    self.at = cut.to.max(cut.from + 1);
                    if cut.to == cut.from {
                        return Ok(());
                    }
                    continue;
                }
                until = cut.from;
            }
            if self.at >= until {
                return Ok(());
            }
            file.seek(SeekFrom::Start(self.at))?;
            let mut bytes = Vec::new();
            let count = (&file)
                .take((until - self.at).min(CHUNK))
                .read_to_end(&mut bytes)?;
            if count == 0 {
                return Ok(());
            }
            self.at += u64::try_from(count).unwrap_or(0);
            self.split(&bytes, tell);
        }
    }

    fn split(&mut self, bytes: &[u8], tell: &mut dyn FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.rest.len() > LINE_MAX {
                self.finish(tell);
            }
        }
    }

    fn finish(&mut self, tell: &mut dyn FnMut(&str)) {
        if !self.rest.is_empty() {
            tell(&text(&self.rest));
            self.rest.clear();
        }
    }
}

/// A line's bytes as text, without its end.
fn text(bytes: &[u8]) -> String {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

/// The last lines of a file, each with its end; empty when there is none.
pub(super) fn last_lines(path: &Path, count: usize) -> String {
    let Ok(mut file) = File::open(path) else {
        return String::new();
    };
    let len = file.metadata().map_or(0, |meta| meta.len());
    let from = len.saturating_sub(TAIL_BYTES);
    let mut bytes = Vec::new();
    let read = file
        .seek(SeekFrom::Start(from))
        .and_then(|_| file.take(TAIL_BYTES).read_to_end(&mut bytes));
    if read.is_err() {
        return String::new();
    }
    let whole = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = whole.lines().collect();
    let last = &lines[lines.len().saturating_sub(count)..];
    last.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &mut Lines, is_end: bool) -> Vec<String> {
        let mut all = Vec::new();
        lines.next(is_end, &mut |line| all.push(line.to_owned()));
        all
    }

    /// Lines are told once, when they are whole or the file has ended.
    #[test]
    fn lines_as_they_come() {
        let temp = tempfile::tempdir().expect("a folder");
        let path = temp.path().join("stdout");
        let mut lines = Lines::new(path.clone());
        assert!(heard(&mut lines, false).is_empty(), "not there yet");
        std::fs::write(&path, "one\ntw").expect("written");
        assert_eq!(heard(&mut lines, false), ["one"]);
        std::fs::write(&path, "one\ntwo\r\nthree").expect("written");
        assert_eq!(heard(&mut lines, false), ["two"]);
        assert_eq!(heard(&mut lines, true), ["three"]);
        assert!(heard(&mut lines, true).is_empty());
    }

    /// A hole in the middle is told once, in its place, and is not read.
    #[test]
    fn a_hole_is_told() {
        let temp = tempfile::tempdir().expect("a folder");
        let path = temp.path().join("stdout");
        std::fs::write(&path, "ab\nXXXXyz\n").expect("written");
        std::fs::write(temp.path().join("stdout.cut"), "3 7 4\n").expect("written");
        let mut lines = Lines::new(path);
        assert_eq!(
            heard(&mut lines, true),
            ["ab", "[4 bytes of output are missing here]", "yz"]
        );
    }

    /// The tail of a file, also of one without a last line's end.
    #[test]
    fn tails() {
        let temp = tempfile::tempdir().expect("a folder");
        let path = temp.path().join("stderr");
        assert_eq!(last_lines(&path, 2), "");
        std::fs::write(&path, "a\nb\nc").expect("written");
        assert_eq!(last_lines(&path, 2), "b\nc\n");
        assert_eq!(last_lines(&path, 9), "a\nb\nc\n");
    }
}
