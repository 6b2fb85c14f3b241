//! The processes that live: the leaders, which the launcher started, and the strays, which left
//! their group and came to the launcher as orphans.
//!
//! A container ends with its first process: the kernel kills the rest at once. So does this: when
//! a leader ends its group is killed while the dead leader still holds the group's number, and so
//! is every stray of its launch, known by the environment it was born with.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, kill_process, kill_process_group, waitpid,
};

use super::ears::Ears;
use super::kernel::{Children, Owner, now_ms, owner};
use super::leftovers::{Leftovers, Place};
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
    /// Open as long as its end is to be heard.
    pidfd: Option<OwnedFd>,
    started_ms: i64,
    streams: [Stream; 2],
    place: Place,
    /// When it is killed, once it was told to end.
    kill_at: Option<Instant>,
    killed: bool,
}

/// A leader that was just started.
#[derive(Debug)]
pub(super) struct Began {
    pub(super) pid: i32,
    /// When, in clock ticks since boot, where that is known.
    pub(super) start_ticks: Option<u64>,
    /// When, milliseconds UTC.
    pub(super) at_ms: i64,
}

/// All living processes.
#[derive(Debug)]
pub(super) struct Steps {
    /// The launcher's directory, which every process of ours carries in its environment.
    dir: String,
    children: Children,
    /// What steps have as their standard input.
    null: Option<File>,
    live: HashMap<Pid, Step>,
    by_key: HashMap<Key, Pid>,
    /// Leaders that have ended and whose output was not looked at since.
    reaped: Vec<Step>,
    /// When which leaders are killed.
    kills: BTreeSet<(Instant, i32)>,
    /// Orphans by what they were when they came; a pid is theirs until we reap it.
    strays: HashMap<Pid, Owner>,
    look_at: Instant,
    look_every: Duration,
    hunt_at: Option<Instant>,
    hunt_every: Duration,
    /// What the ended ones left behind.
    pub(super) leftovers: Leftovers,
}

impl Steps {
    /// None yet, for the launcher in `dir`.
    pub(super) fn new(dir: String) -> Steps {
        Steps {
            dir,
            children: Children::new(),
            null: File::open("/dev/null").ok(),
            live: HashMap::new(),
            by_key: HashMap::new(),
            reaped: Vec::new(),
            kills: BTreeSet::new(),
            strays: HashMap::new(),
            look_at: Instant::now(),
            look_every: LOOK_SOON,
            hunt_at: None,
            hunt_every: HUNT_SOON,
            leftovers: Leftovers::default(),
        }
    }

    /// Starts one, whose end is heard by `ears`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(&mut self, launch: &Launch, ears: &Ears) -> Result<Began, Failure> {
        let started_ms = now_ms();
        // A stray may still write to where its step's output was.
        let reused = self.leftovers.reuse(launch, self.strays.is_empty());
        let made = match make(launch, reused, self.null(), &self.dir, ears) {
            Ok(made) => made,
            Err(failure) => {
                if failure != Failure::Again {
                    let mut place = Place::of(launch);
                    place.is_empty(launch.stdout.clone());
                    place.is_empty(launch.stderr.clone());
                    self.leftovers.ended(launch.key.clone(), place);
                }
                return Err(failure);
            }
        };
        let step = Step {
            key: launch.key.clone(),
            pidfd: Some(made.pidfd),
            started_ms,
            streams: made.streams,
            place: Place::of(launch),
            kill_at: None,
            killed: false,
        };
        self.look_every = LOOK_SOON;
        let soon = Instant::now() + LOOK_SOON;
        if self.live.is_empty() || soon < self.look_at {
            self.look_at = soon;
        }
        self.by_key.insert(launch.key.clone(), made.pid);
        self.live.insert(made.pid, step);
        Ok(Began {
            pid: number(made.pid),
            start_ticks: made.start_ticks,
            at_ms: started_ms,
        })
    }

    /// Nothing to read, for one step.
    fn null(&self) -> Stdio {
        let copy = self.null.as_ref().and_then(|null| null.try_clone().ok());
        copy.map_or_else(Stdio::null, Stdio::from)
    }

    /// How many live.
    pub(super) fn living(&self) -> usize {
        self.live.len()
    }

    /// The launcher's directory.
    pub(super) fn dir(&self) -> &str {
        &self.dir
    }

    /// Whether nothing lives that this launcher must see the end of.
    pub(super) fn is_empty(&self) -> bool {
        let stays = |owner: &Owner| *owner != Owner::Detached;
        self.live.is_empty()
            && self.reaped.is_empty()
            && self.hunt_at.is_none()
            && !self.strays.values().any(stays)
    }

    /// Takes in a leader that has ended.
    pub(super) fn reap(&mut self, pid: Pid) -> Option<(Key, Exit)> {
        if !self.live.contains_key(&pid) {
            return None;
        }
        // Before it is reaped, so that the group's number cannot be another's.
        let _ = kill_process_group(pid, Signal::KILL);
        let status = match waitpid(Some(pid), WaitOptions::NOHANG) {
            Ok(None) => return None,
            Ok(Some((_, status))) => Some(status),
            Err(_) => None,
        };
        let mut step = self.live.remove(&pid)?;
        // It would be heard again and again.
        step.pidfd = None;
        self.by_key.remove(&step.key);
        if let Some(kill_at) = step.kill_at {
            self.kills.remove(&(kill_at, number(pid)));
        }
        let told = (step.key.clone(), exit(status, step.started_ms));
        self.reaped.push(step);
        Some(told)
    }

    /// Whether leaders were reaped, not settled yet, and none lives any more.
    pub(super) fn is_last_reaped(&self) -> bool {
        self.live.is_empty() && !self.reaped.is_empty()
    }

    /// Bounds the output of the leaders that were reaped and looks for what left their groups,
    /// once their ends are told: nobody waits. Before another step is started, who may get the
    /// place of one of them.
    pub(super) fn settle(&mut self) {
        if self.reaped.is_empty() {
            return;
        }
        self.hunt_every = HUNT_SOON;
        self.hunt_again(Instant::now());
        for mut step in self.reaped.drain(..) {
            for mut stream in step.streams {
                stream.bound(true);
                if let Some(path) = stream.into_empty() {
                    step.place.is_empty(path);
                }
            }
            self.leftovers.ended(step.key, step.place);
        }
    }

    /// Tells a step to end, and sees to it after the grace. An earlier end is not put off. False
    /// when it does not live.
    pub(super) fn stop(&mut self, key: &Key, grace: Duration) -> bool {
        let Some(pid) = self.by_key.get(key).copied() else {
            return false;
        };
        let Some(step) = self.live.get_mut(&pid) else {
            return false;
        };
        let now = Instant::now();
        let far = now + Duration::from_secs(86_400);
        let kill_at = now.checked_add(grace).unwrap_or(far);
        let before = step.kill_at;
        if !step.killed && before.is_none_or(|before| kill_at < before) {
            step.kill_at = Some(kill_at);
            self.kills.insert((kill_at, number(pid)));
            if let Some(before) = before {
                self.kills.remove(&(before, number(pid)));
            }
        }
        if before.is_none() && !grace.is_zero() {
            // It is not reaped yet: the number is its own.
            let _ = kill_process_group(pid, Signal::TERM);
            self.signal_strays(key, Signal::TERM);
        }
        true
    }

    /// Kills everything, for a launcher that has nothing left to serve.
    pub(super) fn kill_all(&mut self) {
        for pid in self.live.keys() {
            let _ = kill_process_group(*pid, Signal::KILL);
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
        let kill = self.kills.first().map(|(at, _)| *at);
        [kill, look, self.hunt_at].into_iter().flatten().min()
    }

    /// Does what is due: graces that are over, sizes of output, strays.
    pub(super) fn look(&mut self, now: Instant) {
        while let Some((_, pid)) = self.kills.first().copied().filter(|(at, _)| *at <= now) {
            self.kills.pop_first();
            let Some(pid) = Pid::from_raw(pid) else {
                continue;
            };
            if let Some(step) = self.live.get_mut(&pid) {
                step.killed = true;
                let key = step.key.clone();
                let _ = kill_process_group(pid, Signal::KILL);
                self.signal_strays(&key, Signal::KILL);
            }
        }
        if !self.live.is_empty() && self.look_at <= now {
            let streams = self.live.values_mut().flat_map(|step| &mut step.streams);
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
            self.hunt_again(now);
        }
    }

    fn hunt_again(&mut self, now: Instant) {
        let again = self.hunt();
        self.hunt_at = again.then(|| now + self.hunt_every);
        self.hunt_every = LOOK_LATE.min(self.hunt_every * 2);
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
            let owner = known.unwrap_or_else(|| owner(pid, &self.dir));
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
        let mut pids = self.children.pids();
        pids.retain(|pid| !self.live.contains_key(pid));
        pids
    }

    fn may_live(&self, owner: &Owner) -> bool {
        match owner {
            Owner::Detached => true,
            Owner::Launch(key) => {
                let leader = self.by_key.get(key).and_then(|pid| self.live.get(pid));
                leader.is_some_and(|step| !step.killed)
            }
            // It dropped its environment: it may be of any living step, and of no dead one alone.
            Owner::Nobody => !self.live.is_empty(),
        }
    }

    fn signal_strays(&self, key: &Key, signal: Signal) {
        for pid in self.orphans() {
            if owner(pid, &self.dir) == Owner::Launch(key.clone()) {
                let _ = kill_process(pid, signal);
            }
        }
    }
}

fn number(pid: Pid) -> i32 {
    pid.as_raw_nonzero().get()
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
