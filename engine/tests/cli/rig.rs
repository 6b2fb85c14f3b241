//! A place to call the binary in: a state directory, and pipes by which steps speak and wait.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// Longer than anything takes that does not hang.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A state directory, a folder for files, and two pipes: steps find them as `$SAY`, to tell the
/// test a line, and `$GATE`, to wait for a line from it. `$LOG` is a file to leave traces in.
pub(crate) struct Place {
    dir: tempfile::TempDir,
    say: Lines,
    gate: File,
}

/// What a command said, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Itself, if the command ended with this code.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Said {
        assert_eq!(
            self.code, code,
            "--- out\n{}\n--- err\n{}",
            self.out, self.err
        );
        self
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Place {
    pub(crate) fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let pipe = |name: &str| {
            let path = dir.path().join(name);
            mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
            // Open for both, so that no end of the other side is the end of the pipe.
            File::options().read(true).write(true).open(path).unwrap()
        };
        let (say, gate) = (Lines::new(pipe("say")), pipe("gate"));
        Place { dir, say, gate }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path().join("state")
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A workflow of steps that run one after the other, each a line of shell.
    pub(crate) fn steps(&self, name: &str, lines: &[&str]) -> PathBuf {
        self.file(&format!("{name}.yaml"), &steps(name, lines))
    }

    /// What steps left in `$LOG`, line by line.
    pub(crate) fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path().join("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The next line that a step says.
    pub(crate) fn hear(&mut self) -> String {
        self.say.line()
    }

    /// Lets one waiting step go on.
    pub(crate) fn open_gate(&mut self) {
        self.gate.write_all(b"\n").unwrap();
    }

    /// `usher` in this place, not yet started.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path())
            .env("TMPDIR", self.path())
            .env("USHER_STATE", self.state())
            .env("SAY", self.path().join("say"))
            .env("GATE", self.path().join("gate"))
            .env("LOG", self.path().join("log"))
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn start<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Started {
        Started::new(self.command(args).spawn().unwrap())
    }

    /// Runs `usher` to its end.
    pub(crate) fn usher<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Said {
        self.start(args).end()
    }

    /// The phase of a workflow.
    pub(crate) fn phase(&self, name: &str) -> String {
        let object = self.usher(["get", name, "-o", "json"]).with_code(0).json();
        object["status"]["phase"].as_str().unwrap().to_owned()
    }
}

/// The text of a workflow of steps that run one after the other.
pub(crate) fn steps(name: &str, lines: &[&str]) -> String {
    let mut text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  name: {name}\n\
         spec:\n  entrypoint: main\n  templates:\n  - name: main\n    steps:\n"
    );
    for at in 0..lines.len() {
        text += &format!("    - - name: s{at}\n        template: t{at}\n");
    }
    for (at, line) in lines.iter().enumerate() {
        text += &match line.strip_prefix("suspend:") {
            Some(rest) => format!("  - name: t{at}\n    suspend: {rest}\n"),
            None => {
                let line = serde_json::to_string(line).unwrap();
                format!(
                    "  - name: t{at}\n    container:\n      image: alpine\n      \
                     command: [sh, -c, {line}]\n"
                )
            }
        };
    }
    text
}

/// A command that was started.
pub(crate) struct Started {
    child: Child,
    out: Lines,
    err: Lines,
}

impl Started {
    pub(crate) fn new(mut child: Child) -> Started {
        let file = |fd: Option<std::os::fd::OwnedFd>| Lines::new(File::from(fd.unwrap()));
        let out = file(child.stdout.take().map(Into::into));
        let err = file(child.stderr.take().map(Into::into));
        Started { child, out, err }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line on stdout.
    pub(crate) fn line(&mut self) -> String {
        self.out.line()
    }

    /// Waits for a line on stdout that contains this.
    pub(crate) fn line_with(&mut self, what: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(what) {
                return line;
            }
        }
    }

    /// Waits for a line on stderr that contains this.
    pub(crate) fn note_with(&mut self, what: &str) -> String {
        loop {
            let line = self.err.line();
            if line.contains(what) {
                return line;
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end; tells what it said and was not read before.
    #[track_caller]
    pub(crate) fn end(mut self) -> Said {
        let pidfd = pidfd_open(Pid::from_child(&self.child), PidfdFlags::empty()).unwrap();
        // Read on while it lives: a full pipe would hold it up.
        let deadline = Instant::now() + LONG;
        while !is_ready(&pidfd, Duration::ZERO) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.child.kill().unwrap();
                let (out, err) = (self.out.all(), self.err.all());
                panic!("it does not end\n--- out\n{out}\n--- err\n{err}");
            }
            let open =
                [&self.out, &self.err].map(|lines| (!lines.ended).then(|| lines.file.as_fd()));
            wait_for_one(open.into_iter().flatten().chain([pidfd.as_fd()]), left);
            self.out.take_in();
            self.err.take_in();
        }
        let status = self.child.wait().unwrap();
        Said {
            code: status.code().unwrap_or(-1),
            out: self.out.all(),
            err: self.err.all(),
        }
    }
}

/// A pipe that is read line by line.
pub(crate) struct Lines {
    file: File,
    read: Vec<u8>,
    ended: bool,
}

impl Lines {
    fn new(file: File) -> Lines {
        Lines {
            file,
            read: Vec::new(),
            ended: false,
        }
    }

    fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line = String::from_utf8(self.read[..end].to_vec()).unwrap();
                self.read.drain(..=end);
                return line;
            }
            assert!(!self.ended, "it ended without another line");
            assert!(is_ready(&self.file, LONG), "nothing is said");
            self.take_in();
        }
    }

    /// Reads what is there.
    fn take_in(&mut self) {
        while !self.ended && is_ready(&self.file, Duration::ZERO) {
            let mut chunk = [0; 65_536];
            let count = self.file.read(&mut chunk).unwrap();
            self.ended = count == 0;
            self.read.extend_from_slice(&chunk[..count]);
        }
    }

    /// All that is left; nobody may be about to write more.
    fn all(&mut self) -> String {
        self.take_in();
        String::from_utf8(std::mem::take(&mut self.read)).unwrap()
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: time.as_secs().try_into().unwrap(),
        tv_nsec: time.subsec_nanos().into(),
    }
}

fn is_ready(fd: impl AsFd, time: Duration) -> bool {
    let mut fds = [PollFd::new(&fd, PollFlags::IN)];
    poll(&mut fds, Some(&timespec(time))).unwrap() > 0
}

fn wait_for_one<'a>(fds: impl Iterator<Item = BorrowedFd<'a>>, time: Duration) {
    let mut fds: Vec<_> = fds
        .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
        .collect();
    poll(&mut fds, Some(&timespec(time))).unwrap();
}

/// Looks again and again until something is so; only for what nobody tells.
pub(crate) fn look_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "never so: {what}");
        poll(&mut [], Some(&timespec(Duration::from_millis(5)))).unwrap();
    }
}
