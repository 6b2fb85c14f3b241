//! A state directory with an engine's side of a launcher, and ways to wait for processes.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::sync::mpsc::UnboundedReceiver;
use usher::adapters::process::{Exit, Key, Launch, News, Processes, Settings, State};

/// Longer than anything takes that does not hang.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// The binary under test.
pub(crate) const USHER: &str = env!("CARGO_BIN_EXE_usher");

/// A state directory.
pub(crate) struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Home {
        Home {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn launcher(&self) -> PathBuf {
        self.path().join("launcher")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.launcher().join("journal")
    }

    /// Connects an engine and waits until it is served.
    pub(crate) async fn engine(&self) -> Engine {
        self.engine_with(None).await
    }

    /// One that wants so many processes at a time.
    pub(crate) async fn engine_with(&self, places: Option<u32>) -> Engine {
        let (processes, news) = self.begin(None, places);
        let mut engine = Engine {
            processes,
            news,
            met: Met::default(),
        };
        engine.meet().await;
        engine
    }

    pub(crate) fn start(&self, generation: Option<u64>) -> (Processes, UnboundedReceiver<News>) {
        self.begin(generation, None)
    }

    fn begin(
        &self,
        generation: Option<u64>,
        places: Option<u32>,
    ) -> (Processes, UnboundedReceiver<News>) {
        let program = Some(PathBuf::from(USHER));
        let settings = Settings {
            program,
            generation,
            places,
            ..Settings::new(self.path())
        };
        Processes::start(settings).unwrap()
    }

    /// A launch of a shell's command line.
    pub(crate) fn shell(&self, key: &Key, line: &str) -> Launch {
        let mut launch = self.command(key, &["sh", "-c", line]);
        let pipe = self.path().join("pipe").display().to_string();
        launch.env.push(("PIPE".to_owned(), pipe));
        launch
    }

    /// A launch of a program.
    pub(crate) fn command(&self, key: &Key, argv: &[&str]) -> Launch {
        let cwd = self.attempt(key);
        Launch {
            key: key.clone(),
            argv: argv.iter().map(|part| (*part).to_owned()).collect(),
            env: vec![("PATH".to_owned(), std::env::var("PATH").unwrap())],
            stdout: cwd.join("stdout"),
            stderr: cwd.join("stderr"),
            cwd,
            script: None,
            image: "docker/whalesay".to_owned(),
            output_max_bytes: 1 << 20,
        }
    }

    pub(crate) fn attempt(&self, key: &Key) -> PathBuf {
        self.path()
            .join("runs")
            .join(&key.run)
            .join(format!("{}-{}", key.node, key.launch))
    }

    /// A pipe that steps find as `$PIPE`.
    pub(crate) fn pipe(&self) -> Pipe {
        let path = self.path().join("pipe");
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, &path, FileType::Fifo, mode, 0).unwrap();
        // Held open for writing too, so that no writer's end is the end.
        let file = File::options().read(true).write(true).open(path).unwrap();
        Pipe {
            file,
            read: Vec::new(),
        }
    }
}

/// What steps say by way of a named pipe, line by line.
pub(crate) struct Pipe {
    file: File,
    read: Vec<u8>,
}

impl Pipe {
    pub(crate) fn line(&mut self, patience: Duration) -> String {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line = String::from_utf8(self.read[..end].to_vec()).unwrap();
                self.read.drain(..=end);
                return line;
            }
            assert!(is_ready(&self.file, patience), "a step says nothing");
            let mut chunk = [0; 4096];
            let count = self.file.read(&mut chunk).unwrap();
            self.read.extend_from_slice(&chunk[..count]);
        }
    }

    /// A process that a step names by its pid.
    pub(crate) fn process(&mut self) -> Process {
        self.process_within(LONG)
    }

    /// A process that a step names by its pid after long work.
    pub(crate) fn process_within(&mut self, patience: Duration) -> Process {
        Process::new(self.line(patience).parse().unwrap())
    }
}

/// A process, whosesoever child it is.
pub(crate) struct Process {
    pub(crate) pid: i32,
    pidfd: OwnedFd,
}

impl Process {
    pub(crate) fn new(pid: i32) -> Process {
        let number = Pid::from_raw(pid).unwrap();
        Process {
            pid,
            pidfd: pidfd_open(number, PidfdFlags::empty()).unwrap(),
        }
    }

    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        is_ready(&self.pidfd, time)
    }

    pub(crate) fn lives(&self) -> bool {
        !self.ends_within(Duration::ZERO)
    }

    pub(crate) fn kill(&self) {
        pidfd_send_signal(&self.pidfd, Signal::KILL).unwrap();
        assert!(self.ends_within(LONG));
    }
}

fn is_ready(fd: impl std::os::fd::AsFd, time: Duration) -> bool {
    let time = Timespec {
        tv_sec: time.as_secs().try_into().unwrap(),
        tv_nsec: time.subsec_nanos().into(),
    };
    let mut fds = [PollFd::new(&fd, PollFlags::IN)];
    poll(&mut fds, Some(&time)).unwrap() > 0
}

/// Looks again and again until something is so; only for what nobody tells.
pub(crate) fn look_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "never so: {what}");
        poll(
            &mut [],
            Some(&Timespec {
                tv_sec: 0,
                tv_nsec: 5_000_000,
            }),
        )
        .unwrap();
    }
}

/// What the last welcome said.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Met {
    pub(crate) launcher_id: String,
    pub(crate) launcher_pid: i32,
    pub(crate) boot_id: String,
    pub(crate) inventory: Vec<(Key, State)>,
}

/// An engine's side.
pub(crate) struct Engine {
    pub(crate) processes: Processes,
    pub(crate) news: UnboundedReceiver<News>,
    pub(crate) met: Met,
}

impl Engine {
    pub(crate) async fn next(&mut self) -> News {
        let news = tokio::time::timeout(LONG, self.news.recv()).await;
        news.expect("no news").expect("the client ended")
    }

    /// Waits for a connection, past other news.
    pub(crate) async fn meet(&mut self) {
        loop {
            let news = self.next().await;
            if let News::Connected {
                launcher_id,
                launcher_pid,
                boot_id,
                inventory,
            } = news
            {
                self.met = Met {
                    launcher_id,
                    launcher_pid,
                    boot_id,
                    inventory,
                };
                return;
            }
        }
    }

    /// Waits for the exit of a launch, past other news but not past its loss.
    pub(crate) async fn exit(&mut self, of: &Key) -> Exit {
        loop {
            match self.next().await {
                News::Exited { key, exit } if key == *of => return exit,
                News::Lost { key, reason } if key == *of => panic!("lost: {reason}"),
                _ => {}
            }
        }
    }

    /// Waits for the loss of a launch, past other news but not past its exit.
    pub(crate) async fn loss(&mut self, of: &Key) -> String {
        loop {
            match self.next().await {
                News::Lost { key, reason } if key == *of => return reason,
                News::Exited { key, exit } if key == *of => panic!("exited: {exit:?}"),
                _ => {}
            }
        }
    }

    /// Waits for the start of a launch.
    pub(crate) async fn start(&mut self, of: &Key) -> Process {
        loop {
            match self.next().await {
                News::Started { key, pid, .. } if key == *of => return Process::new(pid),
                News::Exited { key, exit } if key == *of => panic!("exited: {exit:?}"),
                _ => {}
            }
        }
    }

    pub(crate) fn launcher(&self) -> Process {
        Process::new(self.met.launcher_pid)
    }
}

pub(crate) fn key(launch: u32) -> Key {
    Key {
        run: "0b5e-run".to_owned(),
        node: 4,
        launch,
    }
}
