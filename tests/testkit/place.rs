//! A folder with a state, a home and a PATH of its own, in which a test calls `usher`.

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::bin;

/// Longer than any step of any test takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a command said, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Said {
    /// The standard output as JSON.
    ///
    /// Panics, with all that was said, if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// Itself, if the command ended with this code.
    ///
    /// Panics, with all that was said, if it did not.
    pub fn with_code(self, code: i32) -> Said {
        assert_eq!(
            self.code, code,
            "exit code\n--- out\n{}\n--- err\n{}",
            self.out, self.err
        );
        self
    }
}

/// A place of one's own; it is removed at the end.
#[derive(Debug)]
pub struct Place {
    folder: tempfile::TempDir,
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

impl Place {
    /// Makes the folder, with `state`, `home` and `bin` in it.
    pub fn new() -> Place {
        let folder = tempfile::Builder::new()
            .prefix("usher-")
            .tempdir()
            .expect("a folder");
        for name in ["state", "home", "bin"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        Place { folder }
    }

    /// The folder itself, where commands run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        self.folder().join("state")
    }

    /// Writes a file into the folder and returns its path.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::write(&path, text).expect("a file can be written");
        path
    }

    /// The text of a file in the folder; empty if there is none.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder().join(name)).unwrap_or_default()
    }

    /// Puts a shell script of this name on the PATH of what runs here.
    pub fn stand_in(&self, name: &str, script: &str) {
        let path = self.folder().join("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file can be written");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("a file can be made a program");
    }

    /// `usher` with these arguments, in a clean environment, not yet started.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut path = self.folder().join("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()));
        let mut command = Command::new(bin());
        command
            .args(args)
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder().join("home"))
            .env("USHER_STATE", self.state())
            .env("TZ", "UTC")
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs `usher` to its end.
    pub fn usher<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Said {
        let child = self.command(args).spawn().expect("the binary starts");
        finish(child, PATIENCE)
    }

    /// Starts `usher` and lets it run.
    pub fn start<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Child {
        self.command(args).spawn().expect("the binary starts")
    }
}

/// Waits for the end of a started command.
///
/// Panics if it does not end in time; it is killed then.
pub fn wait(child: Child) -> Said {
    finish(child, PATIENCE)
}

fn finish(mut child: Child, patience: Duration) -> Said {
    let pid = Pid::from_child(&child);
    let out = child.stdout.take();
    let err = child.stderr.take();
    let (tell, told) = channel();
    std::thread::scope(|scope| {
        let out = scope.spawn(|| text(out));
        let err = scope.spawn(|| text(err));
        scope.spawn(move || tell.send(child.wait()));
        let late = match told.recv_timeout(patience) {
            Ok(status) => Ok(status.expect("a child can be waited for")),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                // Nothing to do if it has just ended: the wait ends either way.
                let _ = kill_process(pid, Signal::KILL);
                Err(())
            }
        };
        let out = out.join().expect("a reader ends with its pipe");
        let err = err.join().expect("a reader ends with its pipe");
        let Ok(status) = late else {
            panic!("no end after {patience:?}\n--- out\n{out}\n--- err\n{err}");
        };
        Said {
            code: code(status),
            out,
            err,
        }
    })
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

fn text(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
