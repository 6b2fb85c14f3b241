//! What a launch costs beside the floor: one process made and waited for by `posix_spawn`.
//!
//! `cargo bench -p usher --bench launcher`. Floor and launches take turns in the same run, so that
//! what else the machine does hits both. Prints one line of JSON per measurement; times in µs.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{WaitOptions, waitpid};
use tokio::sync::mpsc::UnboundedReceiver;
use usher::adapters::process::{Key, Launch, News, Processes, Settings};

/// A step that does nothing.
const NOTHING: &str = "/bin/true";

/// Launches or processes between two changes of turn.
const TURN: u32 = 100;

/// In flight at a time in the parallel measurement.
const ABREAST: u32 = 4;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let home = tempfile::tempdir().unwrap();
        let settings = Settings {
            program: Some(PathBuf::from(env!("CARGO_BIN_EXE_usher"))),
            ..Settings::new(home.path())
        };
        let (processes, news) = Processes::start(settings).unwrap();
        let env = std::env::vars().collect();
        let mut bench = Bench {
            dir: home.path().join("runs"),
            processes,
            news,
            env,
            next: 0,
            launcher: 0,
        };
        bench.sequence(1).await;
        one_by_one(&mut bench, 2_000).await;
        abreast(&mut bench, 1_000).await;
        let (rss, shared) = memory(bench.launcher);
        println!("{{\"what\":\"launcher\",\"rss_kb\":{rss},\"of_it_file_kb\":{shared}}}");
    });
}

async fn one_by_one(bench: &mut Bench, count: u32) {
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..count / TURN {
        floor.extend((0..TURN).map(|_| bare()));
        ours.extend(bench.sequence(TURN).await);
    }
    let (floor, ours) = (median(floor), median(ours));
    let over = ours - 1.15 * floor;
    println!(
        "{{\"what\":\"one by one\",\"n\":{count},\"floor_us\":{floor:.0},\"launch_us\":{ours:.0},\
         \"above_1.15_floors_us\":{over:.0},\"allowed_us\":100}}"
    );
}

async fn abreast(bench: &mut Bench, count: u32) {
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..count / TURN {
        floor.push(bare_abreast(TURN));
        ours.push(bench.abreast(TURN).await);
    }
    let (floor, ours) = (median(floor), median(ours));
    let factor = ours / floor;
    println!(
        "{{\"what\":\"{ABREAST} abreast\",\"n\":{count},\"floor_us\":{:.0},\"launch_us\":{:.0},\
         \"factor\":{factor:.2},\"allowed\":1.2}}",
        floor / f64::from(TURN),
        ours / f64::from(TURN),
    );
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

fn command() -> Command {
    let mut command = Command::new(NOTHING);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn bare() -> Duration {
    let before = Instant::now();
    command().spawn().unwrap().wait().unwrap();
    before.elapsed()
}

#[allow(clippy::zombie_processes, reason = "waited for by number")]
fn bare_abreast(count: u32) -> Duration {
    let before = Instant::now();
    let (mut made, mut ended) = (0, 0);
    while ended < count {
        while made < count && made - ended < ABREAST {
            command().spawn().unwrap();
            made += 1;
        }
        // The launcher is a child too, and does not end here.
        waitpid(None, WaitOptions::empty()).unwrap();
        ended += 1;
    }
    before.elapsed()
}

/// Resident memory of a process in KB, and how much of it is of files.
fn memory(pid: i32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_ascii_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap()
    };
    (field("VmRSS:"), field("RssFile:"))
}

struct Bench {
    dir: PathBuf,
    processes: Processes,
    news: UnboundedReceiver<News>,
    env: Vec<(String, String)>,
    next: u32,
    launcher: i32,
}

impl Bench {
    fn launch(&mut self) {
        self.next += 1;
        let key = Key {
            run: "b".to_owned(),
            node: self.next,
            launch: 1,
        };
        let dir: &Path = &self.dir.join(&key.run).join(format!("{}-1", self.next));
        self.processes.launch(Launch {
            key,
            argv: vec![NOTHING.to_owned()],
            env: self.env.clone(),
            cwd: dir.join("work"),
            stdout: dir.join("stdout"),
            stderr: dir.join("stderr"),
            script: None,
            image: String::new(),
            output_max_bytes: 1 << 20,
        });
    }

    /// Waits for the end of one launch and releases it.
    async fn end(&mut self) {
        loop {
            match self.news.recv().await.unwrap() {
                News::Exited { key, exit } => {
                    assert_eq!(exit.code, Some(0));
                    self.processes.release(key);
                    return;
                }
                News::Connected { launcher_pid, .. } => self.launcher = launcher_pid,
                News::Lost { reason, .. } | News::Disconnected { reason } => panic!("{reason}"),
                _ => {}
            }
        }
    }

    async fn sequence(&mut self, count: u32) -> Vec<Duration> {
        let mut times = Vec::new();
        for _ in 0..count {
            let before = Instant::now();
            self.launch();
            self.end().await;
            times.push(before.elapsed());
        }
        times
    }

    async fn abreast(&mut self, count: u32) -> Duration {
        let before = Instant::now();
        (0..ABREAST).for_each(|_| self.launch());
        for ended in 1..=count {
            self.end().await;
            if ended + ABREAST <= count {
                self.launch();
            }
        }
        before.elapsed()
    }
}
