//! `doctor`: does everything here work, and if not, what to do about it.
//!
//! Every check looks at the thing itself: the lock is asked for, the ledger is read, a launcher is
//! started and made to run a process. Nothing of it touches the state of a running engine.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use usher_ledger::{Reader as _, SCHEMA, Sqlite};

use super::args::Global;
use super::output;
use super::session::style;
use super::submit::now_ms;
use super::{DONE, FAILED};
use crate::client::{Client, Error};
use crate::host::{self, boot_id};
use crate::state::{StateDir, Surroundings};

mod launcher;

/// No clock is right that shows an earlier time than this: 2026-01-01, milliseconds UTC.
const EARLIEST_MS: i64 = 1_767_225_600_000;

/// An engine that holds the lock opens its socket within this time.
const MOMENT: Duration = Duration::from_secs(5);

/// What a check found.
struct Finding {
    what: &'static str,
    said: String,
    /// What to do, when it is not as it should be.
    way_out: Option<&'static str>,
}

fn good(what: &'static str, said: impl Into<String>) -> Finding {
    Finding {
        what,
        said: said.into(),
        way_out: None,
    }
}

fn bad(what: &'static str, said: impl Into<String>, way_out: &'static str) -> Finding {
    Finding {
        what,
        said: said.into(),
        way_out: Some(way_out),
    }
}

/// `usher doctor`.
pub(super) fn doctor(global: &Global) -> anyhow::Result<u8> {
    let unicode = style(global).unicode;
    let mut sick = 0;
    let mut tell = |finding: Finding| -> anyhow::Result<()> {
        sick += usize::from(finding.way_out.is_some());
        output::print(&shown(&finding, unicode))
    };
    tell(clock_is_set())?;
    tell(boot())?;
    tell(shell())?;
    match StateDir::find(global.named_state().as_deref(), &Surroundings::from_env()) {
        Ok(state) => {
            tell(directory(&state))?;
            tell(engine(&state))?;
            tell(ledger(&state))?;
            tell(clock_goes_on(&state))?;
            tell(launcher::check(&state))?;
        }
        Err(error) => tell(bad(
            "state directory",
            said(&error),
            "name a directory on a local disk that you may write to: --state DIR",
        ))?,
    }
    if sick > 0 {
        output::note(&format!("{sick} of these must be put right"));
        return Ok(FAILED);
    }
    Ok(DONE)
}

fn shown(finding: &Finding, unicode: bool) -> String {
    let sign = match (&finding.way_out, unicode) {
        (None, true) => "✔",
        (None, false) => "ok ",
        (Some(_), true) => "✖",
        (Some(_), false) => "BAD",
    };
    let mut line = format!("{sign} {:<16} {}\n", finding.what, finding.said);
    if let Some(way_out) = finding.way_out {
        line += &format!("  what to do: {way_out}\n");
    }
    line
}

/// An error with its causes, on one line.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

fn clock_is_set() -> Finding {
    let now = chrono::Utc::now().format("%Y-%m-%d %H:%M:%S UTC");
    if now_ms() < EARLIEST_MS {
        let way_out = "set the clock of this machine; due times are computed from it";
        return bad("clock", format!("says {now}"), way_out);
    }
    good("clock", format!("says {now}"))
}

fn boot() -> Finding {
    let id = boot_id();
    if id.is_empty() {
        return bad(
            "boot",
            "/proc/sys/kernel/random/boot_id cannot be read",
            "mount /proc; without it a step of an earlier boot cannot be told from a live one",
        );
    }
    good("boot", id)
}

fn shell() -> Finding {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("sh"))
        .find(|file| file.is_file());
    match found {
        Some(file) => good("shell", file.display().to_string()),
        None => bad(
            "shell",
            "there is no `sh` on PATH",
            "add it to PATH; steps that call it would fail with exit code 64",
        ),
    }
}

fn directory(state: &StateDir) -> Finding {
    let kind = rustix::fs::statfs(state.path()).map(|fs| format!("{:#x}", fs.f_type));
    let kind = kind.unwrap_or_else(|error| error.to_string());
    let dir = state.path().display();
    match &state.notice {
        // It works, but is not where it is looked for.
        Some(notice) => good("state directory", format!("{dir} ({notice})")),
        None => good(
            "state directory",
            format!("{dir} (local, file system {kind})"),
        ),
    }
}

fn engine(state: &StateDir) -> Finding {
    // An engine that begins or ends holds the lock for a moment without a socket.
    let until = Instant::now() + MOMENT;
    loop {
        match Client::connect(state) {
            Ok(client) => return good("engine", format!("process {} answers", client.pid())),
            Err(Error::NoEngine(_)) => {}
            Err(error) => {
                let way_out = "end the engine, or use the usher of its release";
                return bad("engine", said(&error), way_out);
            }
        }
        match state.try_lock() {
            Ok(Some(_)) => return good("engine", "none; the lock is free"),
            Ok(None) if Instant::now() < until => {
                host::pause(Duration::from_millis(5));
            }
            Ok(None) => {
                let lock = state.path().join("lock");
                let text = format!("a process holds {} and does not answer", lock.display());
                let way_out = "find it with `fuser` or `lsof` on the file, and end it";
                return bad("engine", text, way_out);
            }
            Err(error) => {
                let way_out = "see to it that the file can be locked";
                return bad("engine", said(&error), way_out);
            }
        }
    }
}

fn ledger(state: &StateDir) -> Finding {
    let path = state.ledger();
    if !path.exists() {
        return good("ledger", "none yet");
    }
    let way_out = "restore it from a backup (`usher db backup` makes them)";
    match Sqlite::check(&path) {
        Ok(problems) if problems.is_empty() => {
            let counts = Sqlite::reader(&path).and_then(|mut reader| reader.counts());
            match counts {
                Ok(counts) => good(
                    "ledger",
                    format!(
                        "is sound: schema {SCHEMA}, {} workflows, {} unfinished, {} parked",
                        counts.runs, counts.unfinished, counts.parked
                    ),
                ),
                Err(error) => bad("ledger", error.chain(), way_out),
            }
        }
        Ok(problems) => bad("ledger", problems.join("; "), way_out),
        Err(error @ usher_ledger::Error::Newer { .. }) => {
            bad("ledger", error.chain(), "use the newer usher that wrote it")
        }
        Err(error) => bad("ledger", error.chain(), way_out),
    }
}

fn clock_goes_on(state: &StateDir) -> Finding {
    let path = state.ledger();
    let newest = if path.exists() {
        let rows = Sqlite::reader(&path).and_then(|mut reader| reader.list_runs(None, 1));
        rows.ok().and_then(|rows| rows.into_iter().next())
    } else {
        None
    };
    match newest {
        Some(row) if row.created_ms > now_ms() + 1_000 => bad(
            "time",
            format!("workflow {} was submitted in the future", row.name),
            "the clock went back; set it, or wait until it has caught up",
        ),
        Some(row) => good(
            "time",
            format!("has gone on since {} was submitted", row.name),
        ),
        None => good("time", "nothing to compare it with yet"),
    }
}

/// A folder below the state directory that is removed at the end.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left is small and harmless.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
