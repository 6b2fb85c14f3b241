//! The launcher: `usher` under a hidden verb, the parent of every local process.
//!
//! Engines come and go, steps must not: so they are children of this small program, which does
//! nothing else. One thread, one `poll`; no async runtime, so that it starts fast and is little to
//! get wrong. It journals an intent before it starts a process, remembers how each ended until an
//! engine has committed that, never starts a launch twice, serves the newest engine only, and ends
//! when it has no child, no open record and no engine.

mod connection;
mod journal;
mod kernel;
pub mod output;
mod records;
mod recovery;
mod spawn;
mod steps;
pub mod wire;

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use connection::Connection;
use kernel::{boot_id, now_ms, start_ticks, timespec};
use records::Records;
use spawn::Failure;
use steps::Steps;
use wire::{Exit, FromLauncher, Key, Launch, State, ToLauncher, VERSION};

/// The exit code of a step that could not be started, as Argo's emissary has it.
const NOT_STARTED: i32 = 64;

/// The exit code of a launcher that finds another one in its directory.
const OCCUPIED: u8 = 75;

/// How long a launcher without work waits for an engine.
const IDLE: Duration = Duration::from_secs(2);

/// How often a launcher without an engine looks whether its directory is still there.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// How long new connections wait after one could not be taken.
const DEAF: Duration = Duration::from_millis(200);

/// Runs a launcher in `dir` until it is not needed any more. Its standard input may be a
/// connection with an engine; its standard error takes its log.
///
/// It holds `lock`, listens on `sock` and keeps `journal`, all in `dir`. The exit code is 75 when
/// another launcher holds the lock and 1 when it cannot work there.
#[must_use]
pub fn main(dir: &Path) -> ExitCode {
    match Launcher::start(dir) {
        Ok(Some(launcher)) => launcher.run(),
        Ok(None) => ExitCode::from(OCCUPIED),
        Err(error) => {
            log(format_args!("cannot work in {}: {error}", dir.display()));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line to the log; there is nobody to hear of it when that fails.
fn log(message: std::fmt::Arguments<'_>) {
    let line = format!("{} {} {message}\n", now_ms(), std::process::id());
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Which descriptors have something, in the order that they were asked in.
struct Ready {
    listener: bool,
    connections: Vec<bool>,
    steps: Vec<bool>,
}

struct Launcher {
    _lock: File,
    listener: UnixListener,
    connections: Vec<Connection>,
    records: Records,
    steps: Steps,
    boot_id: String,
    launcher_id: String,
    /// When it last had something to live for.
    busy_at: Instant,
    check_at: Instant,
    deaf_until: Instant,
}

impl Launcher {
    /// Takes the directory over; none when another launcher has it.
    fn start(dir: &Path) -> io::Result<Option<Launcher>> {
        // Refused to the leader of a group only; a launcher started by hand may be one.
        let _ = rustix::process::setsid();
        std::env::set_current_dir(dir)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open("lock")?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        let boot_id = boot_id();
        let mut records = Records::open(Path::new("journal"), &boot_id)?;
        recovery::recover(&mut records, &boot_id);
        let _ = std::fs::remove_file("sock");
        let listener = UnixListener::bind("sock")?;
        std::fs::set_permissions("sock", std::fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        let mut id = [0; 8];
        getrandom::fill(&mut id).map_err(io::Error::other)?;
        let now = Instant::now();
        Ok(Some(Launcher {
            _lock: lock,
            listener,
            connections: inherited().into_iter().collect(),
            records,
            steps: Steps::new(),
            boot_id,
            launcher_id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
            busy_at: now,
            check_at: now + CHECK_EVERY,
            deaf_until: now,
        }))
    }

    fn run(mut self) -> ExitCode {
        loop {
            let ready = match self.wait() {
                Ok(ready) => ready,
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => {
                    log(format_args!("cannot wait: {error}"));
                    return ExitCode::FAILURE;
                }
            };
            for (key, exit) in self.steps.reap(&ready.steps) {
                self.exited(key, exit);
            }
            self.read(&ready.connections);
            if ready.listener {
                self.accept();
            }
            self.flush();
            let now = Instant::now();
            if self.steps.due().is_some_and(|due| due <= now) {
                self.steps.look(now);
            }
            if self.is_done(now) {
                let _ = std::fs::remove_file("sock");
                return ExitCode::SUCCESS;
            }
        }
    }

    fn wait(&self) -> rustix::io::Result<Ready> {
        let now = Instant::now();
        let mut fds = Vec::with_capacity(16);
        let ears = if self.deaf_until <= now {
            PollFlags::IN
        } else {
            PollFlags::empty()
        };
        fds.push(PollFd::new(&self.listener, ears));
        for connection in &self.connections {
            let behind = if connection.is_behind() {
                PollFlags::OUT
            } else {
                PollFlags::empty()
            };
            fds.push(PollFd::new(connection, PollFlags::IN | behind));
        }
        fds.extend(
            self.steps
                .pidfds()
                .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)),
        );
        let timeout = self
            .due(now)
            .map(|due| timespec(due.saturating_duration_since(now)));
        poll(&mut fds, timeout.as_ref())?;
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
        let listener = ready.next().unwrap_or(false);
        let connections = ready.by_ref().take(self.connections.len()).collect();
        Ok(Ready {
            listener,
            connections,
            steps: ready.collect(),
        })
    }

    /// When something is to be done though nothing happened.
    fn due(&self, now: Instant) -> Option<Instant> {
        let deaf = (self.deaf_until > now).then_some(self.deaf_until);
        let alone = self.connections.is_empty();
        let check = alone.then_some(self.check_at);
        let idle = (alone && self.has_no_work()).then(|| self.busy_at + IDLE);
        [self.steps.due(), deaf, check, idle]
            .into_iter()
            .flatten()
            .min()
    }

    fn has_no_work(&self) -> bool {
        self.records.is_empty() && self.steps.is_empty()
    }

    fn is_done(&mut self, now: Instant) -> bool {
        if !self.connections.is_empty() {
            (self.busy_at, self.check_at) = (now, now + CHECK_EVERY);
            return false;
        }
        if self.check_at <= now {
            self.check_at = now + CHECK_EVERY;
            if !self.records.is_in_place() {
                log(format_args!("the directory is gone"));
                self.steps.kill_all();
                return true;
            }
        }
        if !self.has_no_work() {
            self.busy_at = now;
        }
        now >= self.busy_at + IDLE
    }

    fn accept(&mut self) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => match Connection::new(stream) {
                    Ok(connection) => self.connections.push(connection),
                    Err(error) => log(format_args!("cannot take a connection: {error}")),
                },
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    log(format_args!("cannot take a connection: {error}"));
                    self.deaf_until = Instant::now() + DEAF;
                    return;
                }
            }
        }
    }

    fn read(&mut self, ready: &[bool]) {
        let numbered = ready.iter().enumerate();
        for at in numbered.filter(|(_, ready)| **ready).map(|(at, _)| at) {
            let mut batch = Vec::new();
            for message in self.connections[at].read() {
                match message {
                    // Together, so that one write journals all their intents.
                    Ok(ToLauncher::Launch(launch)) if self.is_served(at) => batch.push(*launch),
                    Ok(message) => {
                        self.launch(std::mem::take(&mut batch));
                        self.obey(at, message);
                    }
                    Err(error) => self.refuse(at, &error.to_string()),
                }
            }
            self.launch(batch);
        }
    }

    fn is_served(&self, at: usize) -> bool {
        self.connections[at].generation == Some(self.records.generation())
    }

    fn refuse(&mut self, at: usize, message: &str) {
        log(format_args!("ignored a message: {message}"));
        self.connections[at].send(&FromLauncher::Error {
            message: message.to_owned(),
        });
    }

    fn obey(&mut self, at: usize, message: ToLauncher) {
        match message {
            ToLauncher::Hello {
                v,
                engine_version,
                generation,
            } => {
                self.welcome(at, v, &engine_version, generation);
            }
            _ if !self.is_served(at) => self.refuse(at, "only the newest engine is served"),
            ToLauncher::Launch(launch) => self.launch(vec![*launch]),
            ToLauncher::Stop { key, grace_ms } => {
                if !self.steps.stop(&key, Duration::from_millis(grace_ms)) {
                    self.answer(key);
                }
            }
            ToLauncher::Release { keys } => self.records.release(keys),
            ToLauncher::Query { keys } => keys.into_iter().for_each(|key| self.answer(key)),
        }
    }

    fn welcome(&mut self, at: usize, v: u32, engine_version: &str, generation: u64) {
        if generation < self.records.generation() {
            self.connections[at].send(&FromLauncher::Superseded);
            self.connections[at].close();
            return;
        }
        for (other, connection) in self.connections.iter_mut().enumerate() {
            if other != at && connection.generation.take().is_some() {
                connection.send(&FromLauncher::Superseded);
                connection.close();
            }
        }
        self.records.serve(generation);
        log(format_args!(
            "serves engine {engine_version}, generation {generation}"
        ));
        let records = self.records.iter();
        let inventory = records.map(|(key, record)| (key.clone(), record.state.clone()));
        let welcome = FromLauncher::Welcome {
            v: v.clamp(1, VERSION),
            launcher_pid: rustix::process::getpid().as_raw_nonzero().get(),
            boot_id: self.boot_id.clone(),
            launcher_id: self.launcher_id.clone(),
            inventory: inventory.collect(),
        };
        self.connections[at].generation = Some(generation);
        self.connections[at].send(&welcome);
    }

    fn launch(&mut self, mut batch: Vec<Launch>) {
        let mut keys: Vec<Key> = Vec::with_capacity(batch.len());
        batch.retain(|launch| {
            let known = keys.contains(&launch.key);
            let state = self.records.state(&launch.key).cloned();
            if let Some(state) = state {
                tell(
                    &mut self.connections,
                    &self.records,
                    &known_answer(&launch.key, state),
                );
                return false;
            }
            if !known {
                keys.push(launch.key.clone());
            }
            !known
        });
        if batch.is_empty() {
            return;
        }
        if let Err(error) = self.records.intend(&keys) {
            let reason = format!("cannot write the launcher's journal: {error}");
            keys.into_iter()
                .for_each(|key| self.lost(key, reason.clone()));
            return;
        }
        for launch in &batch {
            self.start_step(launch);
        }
    }

    fn start_step(&mut self, launch: &Launch) {
        let key = launch.key.clone();
        match self.steps.start(launch) {
            Ok((pid, at_ms)) => {
                let number = pid.as_raw_nonzero().get();
                self.records
                    .started(key.clone(), number, start_ticks(pid), at_ms);
                self.tell(&FromLauncher::Started {
                    key,
                    pid: number,
                    at_ms,
                });
            }
            Err(Failure::Step(message)) => {
                let (code, message) = (Some(NOT_STARTED), Some(message));
                let finished_ms = now_ms();
                let exit = Exit {
                    code,
                    signal: None,
                    message,
                    started_ms: None,
                    finished_ms,
                };
                self.exited(key, exit);
            }
            Err(Failure::Host(reason)) => self.lost(key, format!("attempt lost: {reason}")),
        }
    }

    fn exited(&mut self, key: Key, exit: Exit) {
        self.records.exited(key.clone(), exit.clone());
        self.tell(&FromLauncher::Exited { key, exit });
    }

    fn lost(&mut self, key: Key, reason: String) {
        log(format_args!("{key}: {reason}"));
        self.records.lost(key.clone(), reason.clone());
        self.tell(&FromLauncher::Lost { key, reason });
    }

    /// Tells how a launch stands.
    fn answer(&mut self, key: Key) {
        let answer = match self.records.state(&key).cloned() {
            Some(state) => known_answer(&key, state),
            None => FromLauncher::Unknown { key },
        };
        self.tell(&answer);
    }

    fn tell(&mut self, message: &FromLauncher) {
        tell(&mut self.connections, &self.records, message);
    }

    fn flush(&mut self) {
        for connection in &mut self.connections {
            connection.flush();
        }
        self.connections.retain(Connection::is_open);
    }
}

/// Tells the engine that is served. Without one nothing is lost: the next gets an inventory.
fn tell(connections: &mut [Connection], records: &Records, message: &FromLauncher) {
    let served = Some(records.generation());
    if let Some(engine) = connections.iter_mut().find(|one| one.generation == served) {
        engine.send(message);
    }
}

fn known_answer(key: &Key, state: State) -> FromLauncher {
    FromLauncher::Known {
        key: key.clone(),
        state,
    }
}

/// The connection that the engine which started this launcher left as its standard input.
fn inherited() -> Option<Connection> {
    let stdin = io::stdin();
    rustix::net::sockopt::socket_type(stdin.as_fd()).ok()?;
    let fd = stdin.as_fd().try_clone_to_owned().ok()?;
    Connection::new(UnixStream::from(fd)).ok()
}
