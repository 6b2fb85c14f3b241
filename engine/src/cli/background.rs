//! An engine in the background: what a verb leaves behind that does not stay itself.
//!
//! It is `usher server` in a session of its own. It ends when no run needs an engine any more: one
//! that waits for a person does not, `usher resume` starts the next.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::args::Global;
use crate::state::StateDir;

/// A log longer than this is begun anew, in bytes.
const LOG_MAX_BYTES: u64 = 1 << 20;

/// How long it may take until it accepts clients.
const PATIENCE: Timespec = Timespec {
    tv_sec: 30,
    tv_nsec: 0,
};

/// What it is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// To be the engine unless somebody is: who was faster will do.
    Now,
    /// To go on with what an engine promised: it stays even if somebody else is the engine first.
    Later,
}

/// Starts one and waits until it accepts clients, or has found that another engine does.
///
/// # Errors
/// When it cannot be started, with the end of its log.
pub(super) fn start(state: &StateDir, global: &Global, what: For) -> anyhow::Result<()> {
    let path = state.path().join("server.log");
    let log = open_log(&path).with_context(|| format!("write {}", path.display()))?;
    let from = log.metadata().map_or(0, |meta| meta.len());
    let mut child = Command::new(own_program())
        .arg0("usher")
        .args(arguments(state, global, what))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .context("start an engine in the background")?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        let mut fds = [PollFd::new(&stdout, PollFlags::IN)];
        if poll(&mut fds, Some(&PATIENCE)).context("wait for the engine")? == 0 {
            bail!(
                "process {} does not become the engine; see `usher doctor` and {}",
                child.id(),
                path.display()
            );
        }
        BufReader::new(stdout)
            .read_line(&mut line)
            .context("hear from the engine in the background")?;
    }
    if line.is_empty() {
        let said = said_since(&path, from);
        bail!("start an engine in the background: {said}");
    }
    Ok(())
}

fn arguments(state: &StateDir, global: &Global, what: For) -> Vec<std::ffi::OsString> {
    let mut all: Vec<std::ffi::OsString> = vec!["server".into(), "--background".into()];
    if what == For::Later {
        all.push("--heir".into());
    }
    let mut flag = |name: &str, value: std::ffi::OsString| {
        all.push(name.into());
        all.push(value);
    };
    flag("--state", state.path().into());
    if let Some(file) = &global.config {
        flag("--config", file.into());
    }
    for (key, value) in &global.set {
        flag("--set", format!("{key}={value}").into());
    }
    for (name, value) in [
        ("--processes", global.processes),
        ("--sleep-after-ms", global.sleep_after_ms),
        ("--grace-ms", global.grace_ms),
        ("--idle-after-ms", global.idle_after_ms),
    ] {
        if let Some(value) = value {
            flag(name, value.to_string().into());
        }
    }
    if global.power_cut_may_lose_commits {
        all.push("--power-cut-may-lose-commits".into());
    }
    all
}

/// This program as it runs, also when the file that it was started from has been replaced.
fn own_program() -> PathBuf {
    let own = Path::new("/proc/self/exe");
    match own.exists() {
        true => own.to_owned(),
        false => std::env::current_exe().unwrap_or_else(|_| own.to_owned()),
    }
}

fn open_log(path: &Path) -> std::io::Result<File> {
    let long = std::fs::metadata(path).is_ok_and(|meta| meta.len() > LOG_MAX_BYTES);
    if long {
        std::fs::remove_file(path)?;
    }
    File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

fn said_since(path: &Path, from: u64) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    let new = bytes.get(usize::try_from(from).unwrap_or(0)..);
    let text = String::from_utf8_lossy(new.unwrap_or_default());
    let text = text.trim();
    if text.is_empty() {
        return format!("it ended at once, {} says nothing", path.display());
    }
    text.strip_prefix("usher: ").unwrap_or(text).to_owned()
}
