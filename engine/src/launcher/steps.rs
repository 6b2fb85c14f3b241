//! The processes that live: the leaders, which the launcher started, and the strays, which left
//! their group and came to the launcher as orphans.
//!
//! A container ends with its first process: the kernel kills the rest at once. So does this: when
//! a leader ends its group is killed while the dead leader still holds the group's number, and so
//! is every stray of its launch, known by the environment it was born with.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, kill_process, kill_process_group, waitpid,
};

use super::kernel::{Owner, children, now_ms, owner};
use super::output::Stream;
use super::spawn::{Failure, make};
use super::wire::{Exit, Key, Launch};

/// Looks at living steps are at least this far apart.
const LOOK_SOON: Duration = Duration::from_millis(20);

/// Looks at living steps are at most this far apart.
const LOOK_LATE: Duration = Duration::from_millis(200);

/// The first look for what was killed is this soon.
const HUNT_SOON: Duration = Duration::from_millis(2);

/// The leader of a launch.
#[derive(Debug)]
struct Step {
    key: Key,
    pid: Pid,
    pidfd: OwnedFd,
    started_ms: i64,
    streams: [Stream; 2],
    /// When it is killed, once it was told to end.
    kill_at: Option<Instant>,
    killed: bool,
}

/// All living processes.
#[derive(Debug)]
pub(super) struct Steps {
    live: Vec<Step>,
    /// Orphans by what they were when they came; a pid is theirs until we reap it.
    strays: HashMap<Pid, Owner>,
    look_at: Instant,
    look_every: Duration,
    hunt_at: Option<Instant>,
    hunt_every: Duration,
}

impl Steps {
    /// None yet.
    pub(super) fn new() -> Steps {
        Steps {
            live: Vec::new(),
            strays: HashMap::new(),
            look_at: Instant::now(),
            look_every: LOOK_SOON,
            hunt_at: None,
            hunt_every: HUNT_SOON,
        }
    }

    /// Starts one. Answers its pid and when it began, milliseconds UTC.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(&mut self, launch: &Launch) -> Result<(Pid, i64), Failure> {
        let started_ms = now_ms();
        let made = make(launch)?;
        let (pid, pidfd, streams) = (made.pid, made.pidfd, made.streams);
        let key = launch.key.clone();
        let step = Step {
            key,
            pid,
            pidfd,
            started_ms,
            streams,
            kill_at: None,
            killed: false,
        };
        self.look_every = LOOK_SOON;
        let soon = Instant::now() + LOOK_SOON;
        if self.live.is_empty() || soon < self.look_at {
            self.look_at = soon;
        }
        self.live.push(step);
        Ok((pid, started_ms))
    }

    /// Their descriptors, in the order that [`Steps::reap`] takes.
    pub(super) fn pidfds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.live.iter().map(|step| step.pidfd.as_fd())
    }

    /// Whether nothing lives that this launcher must see the end of.
    pub(super) fn is_empty(&self) -> bool {
        let stays = |owner: &Owner| *owner != Owner::Detached;
        self.live.is_empty() && self.hunt_at.is_none() && !self.strays.values().any(stays)
    }

    /// Takes in those that have ended: `ended` says so for each of [`Steps::pidfds`].
    pub(super) fn reap(&mut self, ended: &[bool]) -> Vec<(Key, Exit)> {
        let mut exits = Vec::new();
        // From the back: what is moved to a freed place was looked at before.
        for at in (0..self.live.len().min(ended.len()))
            .rev()
            .filter(|at| ended[*at])
        {
            let pid = self.live[at].pid;
            // Before it is reaped, so that the group's number cannot be another's.
            let _ = kill_process_group(pid, Signal::KILL);
            let status = match waitpid(Some(pid), WaitOptions::NOHANG) {
                Ok(None) => continue,
                Ok(Some((_, status))) => Some(status),
                Err(_) => None,
            };
            let mut step = self.live.swap_remove(at);
            for stream in &mut step.streams {
                stream.bound(true);
            }
            exits.push((step.key, exit(status, step.started_ms)));
        }
        if !exits.is_empty() {
            self.hunt_every = HUNT_SOON;
            self.hunt_at = Some(Instant::now());
        }
        exits
    }

    /// Tells a step to end, and sees to it after the grace. An earlier end is not put off. False
    /// when it does not live.
    pub(super) fn stop(&mut self, key: &Key, grace: Duration) -> bool {
        let Some(step) = self.live.iter_mut().find(|step| step.key == *key) else {
            return false;
        };
        let now = Instant::now();
        let far = now + Duration::from_secs(86_400);
        let kill_at = now.checked_add(grace).unwrap_or(far);
        let first = step.kill_at.is_none();
        step.kill_at = Some(step.kill_at.map_or(kill_at, |at| at.min(kill_at)));
        if first && !grace.is_zero() {
            // It is not reaped yet: the number is its own.
            let _ = kill_process_group(step.pid, Signal::TERM);
            self.signal_strays(key, Signal::TERM);
        }
        true
    }

    /// Kills everything, for a launcher that has nothing left to serve.
    pub(super) fn kill_all(&mut self) {
        for step in &self.live {
            let _ = kill_process_group(step.pid, Signal::KILL);
        }
        for (pid, owner) in &self.strays {
            if *owner != Owner::Detached {
                let _ = kill_process(*pid, Signal::KILL);
            }
        }
    }

    /// When [`Steps::look`] is due.
    pub(super) fn due(&self) -> Option<Instant> {
        let look = (!self.live.is_empty()).then_some(self.look_at);
        let kills = self
            .live
            .iter()
            .filter(|step| !step.killed)
            .filter_map(|step| step.kill_at);
        kills.chain(look).chain(self.hunt_at).min()
    }

    /// Does what is due: graces that are over, sizes of output, strays.
    pub(super) fn look(&mut self, now: Instant) {
        let over = |step: &Step| !step.killed && step.kill_at.is_some_and(|at| at <= now);
        for at in 0..self.live.len() {
            if over(&self.live[at]) {
                self.live[at].killed = true;
                let _ = kill_process_group(self.live[at].pid, Signal::KILL);
                let key = self.live[at].key.clone();
                self.signal_strays(&key, Signal::KILL);
            }
        }
        if !self.live.is_empty() && self.look_at <= now {
            let streams = self.live.iter_mut().flat_map(|step| &mut step.streams);
            let fast = streams
                .filter_map(|stream| stream.bound(false).then_some(()))
                .count()
                > 0;
            self.look_every = if fast {
                LOOK_SOON
            } else {
                LOOK_LATE.min(self.look_every * 2)
            };
            self.look_at = now + self.look_every;
            self.hunt_at = self.hunt_at.or(Some(now));
        }
        if self.hunt_at.is_some_and(|at| at <= now) {
            let again = self.hunt();
            self.hunt_at = again.then(|| now + self.hunt_every);
            self.hunt_every = LOOK_LATE.min(self.hunt_every * 2);
        }
    }

    /// Reaps dead strays, kills those whose step has ended. Answers whether some are dying.
    fn hunt(&mut self) -> bool {
        let mut seen = HashMap::new();
        let mut dying = false;
        for pid in self.orphans() {
            if !matches!(waitpid(Some(pid), WaitOptions::NOHANG), Ok(None)) {
                continue;
            }
            // Nobody's is asked again: between two programs a process has no environment.
            let known = self
                .strays
                .remove(&pid)
                .filter(|known| *known != Owner::Nobody);
            let owner = known.unwrap_or_else(|| owner(pid));
            if !self.may_live(&owner) {
                let _ = kill_process(pid, Signal::KILL);
                dying = true;
            }
            seen.insert(pid, owner);
        }
        self.strays = seen;
        dying
    }

    /// Children that are no leaders.
    fn orphans(&self) -> Vec<Pid> {
        let mut pids = children();
        pids.retain(|pid| !self.live.iter().any(|step| step.pid == *pid));
        pids
    }

    fn may_live(&self, owner: &Owner) -> bool {
        match owner {
            Owner::Detached => true,
            Owner::Launch(key) => self
                .live
                .iter()
                .any(|step| step.key == *key && !step.killed),
            // It dropped its environment: it may be of any living step, and of no dead one alone.
            Owner::Nobody => !self.live.is_empty(),
        }
    }

    fn signal_strays(&self, key: &Key, signal: Signal) {
        for pid in self.orphans() {
            if owner(pid) == Owner::Launch(key.clone()) {
                let _ = kill_process(pid, signal);
            }
        }
    }
}

fn exit(status: Option<WaitStatus>, started_ms: i64) -> Exit {
    let code = status.and_then(WaitStatus::exit_status);
    let signal = status.and_then(WaitStatus::terminating_signal);
    let message = (code.is_none() && signal.is_none())
        .then(|| "its exit code was taken by another process".to_owned());
    Exit {
        code,
        signal,
        message,
        started_ms: Some(started_ms),
        finished_ms: now_ms(),
    }
}
