//! What the kernel knows of processes: who a process is, whose it is, how to end it.
//!
//! A pid alone names nobody for long. It does together with its start time, or while the process
//! is a child of ours that we have not reaped, or while we hold a pidfd of it.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant, SystemTime};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::time::{ClockId, clock_gettime};

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

/// Ticks of the kernel's clock in a second, as it shows them to programs on every machine.
const TICKS: u64 = 100;

/// Clock ticks since boot, as the kernel counts them for the start of a process.
#[must_use]
pub(super) fn ticks_now() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    let (seconds, nanos) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
    seconds.unwrap_or(0) * TICKS + nanos.unwrap_or(0) / (1_000_000_000 / TICKS)
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

/// The children of this process, asked for as often as a step ends.
#[derive(Debug)]
pub(super) struct Children {
    /// The kernel's list of them, kept open; none where the kernel has no such file.
    list: Option<File>,
}

impl Children {
    /// Of this process, whose only thread this is.
    pub(super) fn new() -> Children {
        let own = rustix::process::getpid().as_raw_nonzero();
        let list = File::open(format!("/proc/{own}/task/{own}/children")).ok();
        Children { list }
    }

    /// All of them, the dead too.
    #[must_use]
    pub(super) fn pids(&self) -> Vec<Pid> {
        if let Some(text) = self.list.as_ref().and_then(|list| read_again(list).ok()) {
            return text.split_ascii_whitespace().filter_map(parse).collect();
        }
        // Every process is asked for its parent.
        let parent = rustix::process::getpid().as_raw_nonzero().to_string();
        let of_ours = |pid: &Pid| stat_field(*pid, 4).as_deref() == Some(&parent);
        all().into_iter().filter(of_ours).collect()
    }
}

/// Reads a file that the kernel writes anew for each reader, from its beginning.
fn read_again(mut file: &File) -> std::io::Result<String> {
    file.rewind()?;
    let (mut bytes, mut chunk) = (Vec::new(), [0; STAT_BYTES]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    }
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

    /// What the clock shows around a start is what the kernel notes of it.
    #[test]
    fn the_clock_and_the_kernel_count_the_same_ticks() {
        for _ in 0..20 {
            let before = ticks_now();
            let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
            let after = ticks_now();
            let began = start_ticks(Pid::from_child(&child)).unwrap();
            child.wait().unwrap();
            assert!(
                (before..=after).contains(&began),
                "{before} {began} {after}"
            );
        }
    }

    #[test]
    fn a_process_knows_its_start_and_its_children() {
        let own = rustix::process::getpid();
        let began = start_ticks(own);
        assert!(began.is_some_and(|ticks| ticks > 0));
        assert_eq!(began, start_ticks(own));
        let children = Children::new();
        let mut sleeper = std::process::Command::new("/bin/sleep");
        let mut child = sleeper.arg("60").spawn().unwrap();
        let pid = Pid::from_child(&child);
        // Whoever started it is a thread of the test, which the list of the first one leaves out.
        let lists = Children { list: None }.pids();
        assert!(lists.contains(&pid), "{lists:?}");
        assert_eq!(children.list.is_some(), children.pids() == children.pids());
        child.kill().unwrap();
        child.wait().unwrap();
        let parent = stat_field(own, 4).unwrap();
        let expected = rustix::process::getppid()
            .unwrap()
            .as_raw_nonzero()
            .to_string();
        assert_eq!(parent, expected);
    }
}
