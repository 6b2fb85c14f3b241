//! The launcher: `usher` under a hidden verb, the parent of every local process.
//!
//! Engines come and go, steps must not: so they are children of this small program, which does
//! nothing else. One thread, one `epoll`; no async runtime, so that it starts fast and is little to
//! get wrong. It journals an intent before it starts a process, remembers how each ended until an
//! engine has committed that, never starts a launch twice, serves the newest engine only, and ends
//! when it has no child, no open record and no engine.

mod connection;
mod ears;
mod journal;
mod kernel;
mod leftovers;
mod line;
mod orders;
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

use connection::Connection;
use ears::{Ears, Source};
use kernel::{boot_id, now_ms};
use line::Line;
use records::Records;
use steps::Steps;

/// The exit code of a launcher that finds another one in its directory.
const OCCUPIED: u8 = 75;

/// How long a launcher without work waits for an engine.
const IDLE: Duration = Duration::from_secs(2);

/// How often a launcher without an engine looks whether its directory is still there.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// The number of the connection that the launcher was born with.
const INHERITED: u32 = 0;

/// How long it naps: until the engine has handed its commit to the disk.
const NAP: Duration = Duration::from_micros(120);

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

struct Launcher {
    _lock: File,
    ears: Ears,
    listener: UnixListener,
    connections: Vec<Connection>,
    /// How many connections there were.
    numbers: u32,
    records: Records,
    steps: Steps,
    line: Line,
    boot_id: String,
    launcher_id: String,
    /// When it last had something to live for.
    busy_at: Instant,
    check_at: Instant,
    deaf_until: Option<Instant>,
    /// A step was started since it last heard something.
    is_starting: bool,
    /// It ends, though an engine is there, because that wants another launcher.
    gives_way: bool,
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
        let own_dir = std::env::current_dir()?.display().to_string();
        recovery::recover(&mut records, &boot_id, &own_dir);
        let _ = std::fs::remove_file("sock");
        let listener = UnixListener::bind("sock")?;
        std::fs::set_permissions("sock", std::fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        let mut id = [0; 8];
        getrandom::fill(&mut id).map_err(io::Error::other)?;
        let ears = Ears::new()?;
        ears.hear(&listener, Source::Listener)?;
        let now = Instant::now();
        let mut launcher = Launcher {
            _lock: lock,
            ears,
            listener,
            connections: Vec::new(),
            numbers: INHERITED,
            records,
            steps: Steps::new(own_dir),
            line: Line::new(),
            boot_id,
            launcher_id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
            busy_at: now,
            check_at: now + CHECK_EVERY,
            deaf_until: None,
            is_starting: false,
            gives_way: false,
        };
        if let Some(stream) = inherited() {
            launcher.connect(stream, INHERITED);
        }
        Ok(Some(launcher))
    }

    fn run(mut self) -> ExitCode {
        loop {
            let now = Instant::now();
            let at_most = self.due(now).map(|due| due.saturating_duration_since(now));
            let heard = match self.ears.wait(at_most) {
                Ok(heard) => heard,
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => {
                    log(format_args!("cannot wait: {error}"));
                    return ExitCode::FAILURE;
                }
            };
            let mut has_napped = false;
            for source in heard {
                match source {
                    Source::Step(pid) => {
                        if let Some((key, exit)) = self.steps.reap(pid) {
                            self.exited(key, exit);
                        }
                    }
                    Source::Connection(number) => {
                        self.steps.settle();
                        self.hear(number);
                    }
                    Source::Listener => self.accept(),
                    Source::Nap => has_napped = true,
                }
            }
            // One that has ended makes room for the next.
            self.start_next();
            self.flush();
            let is_starting = std::mem::take(&mut self.is_starting);
            if has_napped || !self.naps() {
                // Nobody waits for what comes now.
                self.steps.settle();
                self.steps.leftovers.clear(Instant::now(), is_starting);
            }
            let now = Instant::now();
            // While others wait for a place, a line comes soon that takes these along.
            if self.line.is_empty() || self.records.due().is_some_and(|due| due <= now) {
                self.records.write_starts();
            }
            if self.steps.due().is_some_and(|due| due <= now) {
                self.steps.look(now);
            }
            if self.deaf_until.is_some_and(|until| until <= now) {
                self.deaf_until = None;
                self.ears
                    .mind(&self.listener, Source::Listener, true, false);
            }
            if self.gives_way || self.is_done(now) {
                self.records.settle();
                self.steps.leftovers.clear_all();
                let _ = std::fs::remove_file("sock");
                return ExitCode::SUCCESS;
            }
        }
    }

    /// Whether it naps before it puts things in order: when the last step has ended. What was just
    /// told leads to a commit, and on a busy machine, or one that packs its work on few
    /// processors, this would only keep the engine from it; but while the disk is at work nobody
    /// is kept from anything.
    fn naps(&self) -> bool {
        self.steps.is_last_reaped() && self.ears.nap(NAP)
    }

    /// When something is to be done though nothing happened.
    fn due(&self, now: Instant) -> Option<Instant> {
        let alone = self.connections.is_empty();
        let idle = (alone && self.has_no_work()).then(|| self.busy_at + IDLE);
        let sending = self.connections.iter().filter_map(Connection::due).min();
        let clearing = self.steps.leftovers.due();
        let starts = self.records.due();
        let own = [
            self.steps.due(),
            self.deaf_until,
            idle,
            sending,
            clearing,
            starts,
        ];
        let check = self.check_at.max(now);
        own.into_iter().flatten().chain([check]).min()
    }

    fn has_no_work(&self) -> bool {
        self.records.is_empty() && self.steps.is_empty() && self.line.is_empty()
    }

    fn is_done(&mut self, now: Instant) -> bool {
        if self.check_at <= now {
            self.check_at = now + CHECK_EVERY;
            if !self.records.is_in_place() {
                log(format_args!("the directory is gone"));
                self.steps.kill_all();
                return true;
            }
        }
        if !self.connections.is_empty() || !self.has_no_work() {
            self.busy_at = now;
        }
        now >= self.busy_at + IDLE
    }

    fn accept(&mut self) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    self.numbers = self.numbers.wrapping_add(1).max(INHERITED + 1);
                    self.connect(stream, self.numbers);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    log(format_args!("cannot take a connection: {error}"));
                    self.ears
                        .mind(&self.listener, Source::Listener, false, false);
                    self.deaf_until = Some(Instant::now() + DEAF);
                    return;
                }
            }
        }
    }

    fn connect(&mut self, stream: UnixStream, number: u32) {
        let taken = Connection::new(stream, number).and_then(|connection| {
            self.ears.hear(&connection, Source::Connection(number))?;
            Ok(connection)
        });
        match taken {
            Ok(connection) => self.connections.push(connection),
            Err(error) => log(format_args!("cannot take a connection: {error}")),
        }
    }

    fn flush(&mut self) {
        for connection in &mut self.connections {
            let was_behind = connection.was_behind;
            connection.flush();
            connection.was_behind = connection.is_behind();
            let source = Source::Connection(connection.number);
            if !connection.is_open() {
                self.ears.forget(&*connection);
            } else if connection.was_behind != was_behind {
                self.ears
                    .mind(&*connection, source, true, connection.was_behind);
            }
        }
        self.connections.retain(Connection::is_open);
        let served = Some(self.records.generation());
        if !self.connections.iter().any(|one| one.generation == served) {
            self.line.forget();
        }
    }
}

/// The connection that the engine which started this launcher left as its standard input.
fn inherited() -> Option<UnixStream> {
    let stdin = io::stdin();
    rustix::net::sockopt::socket_type(stdin.as_fd()).ok()?;
    let fd = stdin.as_fd().try_clone_to_owned().ok()?;
    Some(UnixStream::from(fd))
}
