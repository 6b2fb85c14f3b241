//! What the kernel knows of processes: who a process is, whose it is, how to end it.
//!
//! A pid alone names nobody for long. It does together with its start time, or while the process
//! is a child of ours that we have not reaped, or while we hold a pidfd of it.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant, SystemTime};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::wire::{DETACHED_VARIABLE, Key, LAUNCH_VARIABLE, LAUNCHER_VARIABLE};

/// Longer than any `stat` of a process.
const STAT_BYTES: usize = 2048;

/// Milliseconds UTC.
#[must_use]
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The kernel's id of this boot; empty where it has none.
#[must_use]
pub(super) fn boot_id() -> String {
    let read = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    read.map_or_else(|_| String::new(), |id| id.trim().to_owned())
}

/// When a process began, in clock ticks since boot (field 22 of its `stat`).
#[must_use]
pub(super) fn start_ticks(pid: Pid) -> Option<u64> {
    stat_field(pid, 22)?.parse().ok()
}

/// A field of a process's `stat`, counted from 1. The second is a name in brackets that may hold
/// anything, brackets too: the fields after it are counted from its end.
fn stat_field(pid: Pid, field: usize) -> Option<String> {
    let mut stat = [0; STAT_BYTES];
    let mut file = File::open(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The kernel gives it in one piece.
    let count = file.read(&mut stat).ok()?;
    let text = String::from_utf8_lossy(&stat[..count]);
    let (_, rest) = text.rsplit_once(')')?;
    rest.split_ascii_whitespace()
        .nth(field.checked_sub(3)?)
        .map(str::to_owned)
}

/// Whose a process is, by its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// It belongs to a launch of this launcher.
    Launch(Key),
    /// It is none of ours: another launcher, or a step of one.
    Detached,
    /// Nothing says.
    Nobody,
}

/// Reads whose a process is, as the launcher in `dir` sees it.
#[must_use]
pub(super) fn owner(pid: Pid, dir: &str) -> Owner {
    let path = format!("/proc/{}/environ", pid.as_raw_nonzero());
    std::fs::read(path).map_or(Owner::Nobody, |environ| owner_in(&environ, dir))
}

fn owner_in(environ: &[u8], dir: &str) -> Owner {
    let (mut owner, mut is_foreign) = (Owner::Nobody, false);
    for entry in environ.split(|byte| *byte == 0) {
        let Some(at) = entry.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (name, value) = (&entry[..at], &entry[at + 1..]);
        if name == DETACHED_VARIABLE.as_bytes() {
            return Owner::Detached;
        }
        let key = std::str::from_utf8(value)
            .ok()
            .and_then(|value| value.parse().ok());
        if name == LAUNCH_VARIABLE.as_bytes()
            && let Some(key) = key
        {
            owner = Owner::Launch(key);
        }
        is_foreign |= name == LAUNCHER_VARIABLE.as_bytes() && value != dir.as_bytes();
    }
    if is_foreign { Owner::Detached } else { owner }
}

/// The children of this process, the dead among them too.
#[must_use]
pub(super) fn children() -> Vec<Pid> {
    let own = rustix::process::getpid();
    let path = format!("/proc/{0}/task/{0}/children", own.as_raw_nonzero());
    if let Ok(list) = std::fs::read_to_string(path) {
        return list.split_ascii_whitespace().filter_map(parse).collect();
    }
    // A kernel without that file: every process is asked for its parent.
    let parent = own.as_raw_nonzero().to_string();
    let of_ours = |pid: &Pid| stat_field(*pid, 4).as_deref() == Some(&parent);
    all().into_iter().filter(of_ours).collect()
}

/// Every process that can be seen.
fn all() -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    names.filter_map(|name| parse(name.to_str()?)).collect()
}

fn parse(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}

/// Kills every process, wherever it went, that belongs to one of these launches, and waits for
/// their ends at most `patience`. Answers how many it killed.
pub(super) fn kill_all_of(launches: &HashSet<Key>, dir: &str, patience: Duration) -> usize {
    let deadline = Instant::now() + patience;
    let belongs = |pid: Pid| match owner(pid, dir) {
        Owner::Launch(key) => launches.contains(&key),
        Owner::Detached | Owner::Nobody => false,
    };
    let mut killed = 0;
    // What is killed while it forks leaves a child behind: look until there is none.
    loop {
        let mut dying = Vec::new();
        for pid in all().into_iter().filter(|pid| belongs(*pid)) {
            // Asked again once it is pinned: the number may have passed to somebody else.
            let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else {
                continue;
            };
            if belongs(pid) && pidfd_send_signal(&pidfd, Signal::KILL).is_ok() {
                dying.push(pidfd);
            }
        }
        killed += dying.len();
        if dying.is_empty() || !wait_for_ends(&dying, deadline) {
            return killed;
        }
    }
}

/// Waits until all of these have ended; false when the time is up before.
#[must_use]
pub(super) fn wait_for_ends(pidfds: &[OwnedFd], deadline: Instant) -> bool {
    for pidfd in pidfds {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let mut fds = [PollFd::new(pidfd, PollFlags::IN)];
            match poll(&mut fds, Some(&timespec(left))) {
                Ok(0) => return false,
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }
    true
}

/// A duration as `poll` takes it.
#[must_use]
pub(super) fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_read_from_an_environment() {
        let key = Key {
            run: "r".to_owned(),
            node: 1,
            launch: 2,
        };
        let cases: [(&[u8], Owner); 7] = [
            (
                b"A=1\0USHER_LAUNCH=r/1/2\0B=2\0",
                Owner::Launch(key.clone()),
            ),
            (
                b"USHER_LAUNCHER=/d\0USHER_LAUNCH=r/1/2\0",
                Owner::Launch(key),
            ),
            (
                b"USHER_LAUNCH=r/1/2\0USHER_LAUNCHER=/other\0",
                Owner::Detached,
            ),
            (b"USHER_LAUNCH=r/1/2\0USHER_DETACHED=1\0", Owner::Detached),
            (b"USHER_LAUNCH=nonsense\0", Owner::Nobody),
            (b"NOT_USHER_LAUNCH=r/1/2\0", Owner::Nobody),
            (b"", Owner::Nobody),
        ];
        for (environ, expected) in cases {
            assert_eq!(owner_in(environ, "/d"), expected);
        }
    }

    #[test]
    fn a_process_knows_its_start_and_its_children() {
        let own = rustix::process::getpid();
        let began = start_ticks(own);
        assert!(began.is_some_and(|ticks| ticks > 0));
        assert_eq!(began, start_ticks(own));
        let parent = stat_field(own, 4).unwrap();
        let expected = rustix::process::getppid()
            .unwrap()
            .as_raw_nonzero()
            .to_string();
        assert_eq!(parent, expected);
    }
}
