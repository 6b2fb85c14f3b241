//! kill -9 of the engine at random moments under load: nothing lost, nothing doubled, all end.
//!
//! Every step writes its identity to a file outside the engine. At each cycle there are at least
//! 200 live runs and up to 60 processes at a time; the engine is killed after a random while and
//! started again on the same state. 200 cycles in `full`, a tenth of them otherwise.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use suite::bin;

/// Runs alive at the beginning of every cycle.
const LIVE: usize = 220;

/// Steps of a run.
const STEPS: usize = 4;

/// Runs submitted at a time, in one file.
const BATCH: usize = 20;

fn cycles() -> usize {
    let full = std::env::var("USHER_TEST_COUNTS").is_ok_and(|counts| counts == "full");
    if full { 200 } else { 20 }
}

struct Engine {
    child: Child,
}

impl Engine {
    /// Starts a server and waits until it says that it is ready.
    fn start(state: &Path) -> Engine {
        let mut child = Command::new(bin())
            .args(["server", "--processes", "60", "--state"])
            .arg(state)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let out = child.stdout.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).expect("it says that it is ready");
        assert!(line.contains("ready"), "the server said: {line}");
        Engine { child }
    }

    fn kill(mut self) {
        self.child.kill().expect("kill -9");
        self.child.wait().expect("it is reaped");
    }
}

fn usher(state: &Path, args: &[&str]) -> String {
    let output = Command::new(bin())
        .args(args)
        .arg("--state")
        .arg(state)
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    assert!(
        output.status.success(),
        "usher {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn batch(folder: &Path, marks: &Path) -> PathBuf {
    let path = folder.join("batch.yaml");
    let mut file = std::fs::File::create(&path).expect("a file");
    for _ in 0..BATCH {
        writeln!(
            file,
            "---\napiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{generateName: k-}}\n\
             spec:\n  entrypoint: main\n  templates:\n  - name: main\n    steps:"
        )
        .expect("written");
        for step in 0..STEPS {
            writeln!(file, "    - - {{name: s{step}, template: mark}}").expect("written");
        }
        writeln!(
            file,
            "  - name: mark\n    container:\n      image: busybox\n      command: [sh, -c]\n      \
             args: ['sleep 0.2; echo {{{{node.name}}}} >> {}']",
            marks.display()
        )
        .expect("written");
    }
    path
}

fn phases(state: &Path) -> BTreeMap<String, String> {
    let list: serde_json::Value =
        serde_json::from_str(&usher(state, &["list", "-o", "json"])).expect("json");
    list["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or("").to_owned();
            (text(&item["metadata"]["name"]), text(&item["status"]["phase"]))
        })
        .collect()
}

fn live(state: &Path) -> usize {
    phases(state).values().filter(|phase| *phase == "Running" || *phase == "Pending").count()
}

/// Lets an amount of time go by while the engine works: the moment of the kill is the point.
fn let_work(state: &Path, time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        let left = until - Instant::now();
        usher::host::wait_for_change_in(state, left.min(Duration::from_millis(50)));
    }
}

#[test]
fn nothing_is_lost_or_doubled() {
    let seed: u64 =
        std::env::var("USHER_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    println!("seed {seed}");
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state");
    std::fs::create_dir(&state).expect("a folder");
    let marks = folder.path().join("marks");
    std::fs::write(&marks, "").expect("a file");
    let file = batch(folder.path(), &marks);
    let file = file.to_str().expect("a path of text");
    let mut chance = seed | 1;
    let mut names: Vec<String> = Vec::new();
    let mut restarts = Vec::new();
    for _ in 0..cycles() {
        let begun = Instant::now();
        let engine = Engine::start(&state);
        restarts.push(begun.elapsed());
        let mut alive = live(&state);
        while alive < LIVE {
            let out = usher(&state, &["submit", file, "-o", "name"]);
            names.extend(out.lines().map(str::to_owned));
            alive += BATCH;
        }
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let_work(&state, Duration::from_millis(50 + (chance >> 33) % 900));
        engine.kill();
    }
    let engine = Engine::start(&state);
    let until = Instant::now() + Duration::from_secs(600);
    while live(&state) > 0 {
        assert!(Instant::now() < until, "runs do not end: {:?}", phases(&state));
        let_work(&state, Duration::from_millis(500));
    }
    let ended = phases(&state);
    engine.kill();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for line in std::fs::read_to_string(&marks).expect("the marks").lines() {
        *seen.entry(line.to_owned()).or_default() += 1;
    }
    for name in &names {
        assert_eq!(ended.get(name).map(String::as_str), Some("Succeeded"), "run {name}");
        for step in 0..STEPS {
            let mark = format!("{name}[{step}].s{step}");
            assert_eq!(seen.get(&mark), Some(&1), "{mark} ran this often");
        }
    }
    assert_eq!(seen.len(), names.len() * STEPS, "steps of runs that nobody was told of");
    restarts.sort();
    println!(
        "{} cycles, {} runs, {} steps; restart p50 {:?}, max {:?}",
        cycles(),
        names.len(),
        seen.len(),
        restarts[restarts.len() / 2],
        restarts[restarts.len() - 1]
    );
}
