//! `doctor`: does everything here work, and if not, what to do about it.
//!
//! Every check looks at the thing itself: the lock is asked for, the ledger is read, a launcher is
//! started and made to run a process. Nothing of it touches the state of a running engine.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use usher_ledger::{Reader as _, SCHEMA, Sqlite};

use super::args::{DoctorArgs, DoctorVerb, Global};
use super::session::style;
use super::submit::now_ms;
use super::{DONE, FAILED};
use super::{config, output};
use crate::client::{Client, Error};
use crate::host::{self, boot_id};
use crate::state::{StateDir, Surroundings};

mod asking;
mod launcher;
mod mail;

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

/// Tells findings, and counts those that are not as they should be.
struct Teller {
    unicode: bool,
    sick: usize,
    /// Why nothing more can be told.
    gone: Option<anyhow::Error>,
}

impl Teller {
    fn tell(&mut self, finding: Finding) {
        self.sick += usize::from(finding.way_out.is_some());
        if self.gone.is_none() {
            self.gone = output::print(&shown(&finding, self.unicode)).err();
        }
    }

    fn end(self) -> anyhow::Result<u8> {
        if let Some(error) = self.gone {
            return Err(error);
        }
        if self.sick > 0 {
            output::note(&format!("{} of these must be put right", self.sick));
            return Ok(FAILED);
        }
        Ok(DONE)
    }
}

/// `usher doctor`.
pub(super) fn doctor(global: &Global, args: &DoctorArgs) -> anyhow::Result<u8> {
    let mut teller = Teller {
        unicode: style(global).unicode,
        sick: 0,
        gone: None,
    };
    let found = StateDir::find(global.named_state().as_deref(), &Surroundings::from_env());
    match (found, &args.verb) {
        (Ok(state), Some(DoctorVerb::Mail { to })) => mail(global, &state, to, &mut teller),
        (found, _) => all(global, found, &mut teller),
    }
    teller.end()
}

/// `usher doctor mail`.
fn mail(global: &Global, state: &StateDir, to: &str, teller: &mut Teller) {
    match config::load(global, state.path()) {
        Ok(config) => mail::send(&config, to, &mut |finding| teller.tell(finding)),
        Err(error) => teller.tell(unconfigured(&error)),
    }
}

/// Every check.
fn all(global: &Global, found: Result<StateDir, crate::state::Error>, teller: &mut Teller) {
    teller.tell(clock_is_set());
    teller.tell(boot());
    teller.tell(shell());
    let state = match found {
        Ok(state) => state,
        Err(error) => {
            return teller.tell(bad(
                "state directory",
                said(&error),
                "name a directory on a local disk that you may write to: --state DIR",
            ));
        }
    };
    teller.tell(directory(&state));
    let engine = engine(&state);
    let engine_runs = engine.way_out.is_none() && !engine.said.starts_with("none");
    teller.tell(engine);
    teller.tell(ledger(&state));
    teller.tell(asking::time(&state));
    teller.tell(launcher::check(&state));
    match config::load(global, state.path()) {
        Ok(config) => {
            teller.tell(asking::settings(&config));
            teller.tell(asking::people(&config));
            teller.tell(asking::keys(&config));
            teller.tell(asking::base_url(&config, &state, engine_runs));
            teller.tell(mail::server(&config));
        }
        Err(error) => teller.tell(unconfigured(&error)),
    }
    teller.tell(asking::queue(&state));
}

fn unconfigured(error: &anyhow::Error) -> Finding {
    let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    let text = causes.join(": ").replace('\n', "\n    ");
    bad(
        "settings",
        text,
        "put these right; `usher config show` lists every setting",
    )
}

/// Waits for an answer of the network, here and now.
fn wait_for<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| said(&error))?;
    Ok(runtime.block_on(future))
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

/// A folder below the state directory that is removed at the end.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left is small and harmless.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
