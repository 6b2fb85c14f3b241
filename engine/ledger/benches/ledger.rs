//! What the ledger costs beside a bare loop on the same disk in the same run, as JSON lines.
//!
//! `cargo bench -p usher-ledger [-- FOLDER]`; figures of a shared machine vary, the ratios to the
//! floor less. A folder in memory takes the syncs away and shows what is left: our own work.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has no result"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use usher_ledger::{
    Birth, Durability, Fence, Handle, Head, Ledger, NodeRow, PARTITIONS, Quiet, Reader, Sqlite,
    Turn, Write, Writer, part_of,
};

const COMMITS: usize = 2_000;
const GROUP: usize = 100;
const SLEEPERS: usize = 100_000;

/// Says to this program that it is a process of its own that opens a ledger.
const WAKE: &str = "wake";

const UPDATE: &str = "UPDATE runs SET body = ?2 WHERE id = ?1";
const INSERT: &str = "INSERT INTO nodes VALUES (?1, ?2, ?3)";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [verb, path] = &*arguments
        && verb == WAKE
    {
        return wake(Path::new(path));
    }
    let named = arguments.iter().find(|argument| !argument.starts_with('-'));
    let here = named.map_or_else(|| std::env::current_dir().unwrap(), PathBuf::from);
    let folder = tempfile::tempdir_in(here).unwrap();
    let place = |name: &str| folder.path().join(name);
    turns(&place("floor.db"), &place("turns.db"));
    large_runs(&place("large.db"));
    sleepers(&place("sleepers.db"));
}

/// Prints one line: how often, the middle, the tail, and how many in a second.
fn tell(name: &str, each: usize, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| {
        let index = (times.len() * share / 1_000).min(times.len() - 1);
        times[index].as_secs_f64() * 1e3
    };
    let total: f64 = times.iter().map(Duration::as_secs_f64).sum();
    let per_second = (times.len() * each) as f64 / total;
    println!(
        "{{\"name\":\"{name}\",\"n\":{},\"p50_ms\":{:.3},\"p99_ms\":{:.3},\"max_ms\":{:.3},\
         \"per_s\":{per_second:.0}}}",
        times.len(),
        at(500),
        at(990),
        at(1_000),
    );
}

fn timed(times: &mut Vec<Duration>, work: impl FnOnce()) {
    let began = Instant::now();
    work();
    times.push(began.elapsed());
}

/// A bare loop that writes what a turn must at least write: one row that changes, two that are
/// added, one commit.
struct Floor {
    connection: Connection,
    ix: i64,
}

impl Floor {
    fn new(path: &Path) -> Floor {
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = wal; PRAGMA synchronous = full;
                 CREATE TABLE runs (id INTEGER PRIMARY KEY, body BLOB);
                 CREATE TABLE nodes (run INTEGER, ix INTEGER, body BLOB, PRIMARY KEY (run, ix))
                 WITHOUT ROWID;
                 INSERT INTO runs WITH RECURSIVE n(i) AS
                 (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99) SELECT i, x'00' FROM n;",
            )
            .unwrap();
        Floor { connection, ix: 0 }
    }

    fn commit(&mut self, runs: usize) {
        self.ix += 2;
        let body = format!("{:0300}", self.ix);
        self.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for run in 0..runs as i64 {
            let mut update = self.connection.prepare_cached(UPDATE).unwrap();
            update.execute((run, &body)).unwrap();
            let mut insert = self.connection.prepare_cached(INSERT).unwrap();
            for ix in [self.ix, self.ix + 1] {
                insert.execute((run, ix, &body)).unwrap();
            }
        }
        self.connection.execute_batch("COMMIT").unwrap();
    }
}

fn head(quiet: Quiet, body: &[u8]) -> Head {
    Head {
        phase: "Running".to_owned(),
        parked: None,
        started_ms: Some(1),
        finished_ms: None,
        quiet,
        body: body.to_vec(),
    }
}

fn node(ix: u32, body: &[u8]) -> NodeRow {
    NodeRow {
        ix,
        parent: (ix > 0).then_some(0),
        live: true,
        body: body.to_vec(),
    }
}

fn birth(fences: &[Fence], uid: &str, quiet: Quiet, nodes: u32) -> Write {
    let body = vec![b'x'; 300];
    Write::Birth(Box::new(Birth {
        uid: uid.to_owned(),
        fence: fences[usize::from(part_of(uid))],
        namespace: "default".to_owned(),
        name: format!("approve-{uid}"),
        created_ms: 1,
        plan_hash: "hash".to_owned(),
        plan: vec![b'p'; 1_000],
        head: head(quiet, &body),
        scope: Some(b"{}".to_vec()),
        nodes: (0..nodes).map(|ix| node(ix, &body)).collect(),
        key: None,
        people: <_>::default(),
    }))
}

/// A turn that adds two nodes.
fn turn(fences: &[Fence], uid: &str, version: i64) -> Write {
    let body = format!("{version:0300}").into_bytes();
    let ix = u32::try_from(version).unwrap() * 2;
    Write::Turn(Box::new(Turn {
        run: uid.to_owned(),
        fence: fences[usize::from(part_of(uid))],
        version,
        head: head(Quiet::Awake, &body),
        scope: None,
        nodes: vec![node(ix, &body), node(ix + 1, &body)],
        applied: vec![],
        delete: false,
        people: <_>::default(),
    }))
}

fn open(path: &Path) -> (Sqlite, Vec<Fence>) {
    let mut ledger = Sqlite::open(path, Durability::Full, "boot").unwrap();
    let fences = ledger.take_over_all("bench").unwrap();
    (ledger, fences)
}

/// Turns alone, in groups, and through the writing thread; before each one the floor's commit of
/// the same rows, so that both meet the same disk.
fn turns(floor: &Path, path: &Path) {
    let mut floor = Floor::new(floor);
    let (mut ledger, fences) = open(path);
    let uids: Vec<String> = (0..GROUP).map(|number| format!("u{number}")).collect();
    let births = |uid: &String| birth(&fences, uid, Quiet::Awake, 1);
    let group: Vec<_> = uids.iter().map(births).collect();
    ledger.commit(&group).unwrap();
    let mut versions = vec![1; GROUP];
    for each in [1, GROUP] {
        let (mut bare, mut ours) = (vec![], vec![]);
        for _ in 0..COMMITS / each.min(20) {
            timed(&mut bare, || floor.commit(each));
            let next = |(uid, version): (&String, &i64)| turn(&fences, uid, *version);
            let group: Vec<_> = uids.iter().zip(&versions).take(each).map(next).collect();
            timed(&mut ours, || drop(ledger.commit(&group).unwrap()));
            versions
                .iter_mut()
                .take(each)
                .for_each(|version| *version += 1);
        }
        tell(&format!("floor, {each} in a commit"), each, bare);
        tell(&format!("turns, {each} in a commit"), each, ours);
    }
    let handle = Writer::spawn(Box::new(ledger), Box::new(|error| panic!("{error}")));
    let (mut bare, mut ours) = (vec![], vec![]);
    for _ in 0..COMMITS {
        timed(&mut bare, || floor.commit(1));
        let write = turn(&fences, "u1", versions[1]);
        timed(&mut ours, || submit(&handle, write));
        versions[1] += 1;
    }
    tell("floor, 1 in a commit, again", 1, bare);
    tell("turns, through the writer, alone", 1, ours);
    handle.close();
}

fn submit(handle: &Handle, write: Write) {
    let (tell, told) = channel();
    handle.submit(write, Box::new(move |outcome| tell.send(outcome).unwrap()));
    drop(told.recv().unwrap().unwrap());
}

fn large_runs(path: &Path) {
    let (mut ledger, fences) = open(path);
    for (uid, nodes) in [("u1000", 1_000), ("u50000", 50_000)] {
        let mut times = Vec::new();
        let write = [birth(&fences, uid, Quiet::Awake, nodes)];
        timed(&mut times, || drop(ledger.commit(&write).unwrap()));
        tell(&format!("birth of {nodes} nodes"), 1, times);
        let mut reader = Sqlite::reader(path).unwrap();
        let mut times = Vec::new();
        for _ in 0..20 {
            timed(&mut times, || {
                let loaded = reader.load_run(uid).unwrap().unwrap();
                assert_eq!(loaded.nodes.len(), nodes as usize);
            });
        }
        tell(&format!("load of {nodes} nodes"), 1, times);
    }
}

/// Resident memory of this process, KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// A hundred thousand runs that wait for a person, a tenth of them with a far due time.
fn sleepers(path: &Path) {
    let (mut ledger, fences) = open(path);
    let mut times = Vec::new();
    for first in (0..SLEEPERS).step_by(250) {
        let bear = |number: usize| {
            let quiet = match number % 10 {
                0 => Quiet::Until(1 << 50),
                _ => Quiet::Forever,
            };
            birth(&fences, &format!("{number:08x}-0000-4000"), quiet, 5)
        };
        let group: Vec<_> = (first..first + 250).map(bear).collect();
        timed(&mut times, || drop(ledger.commit(&group).unwrap()));
    }
    tell("births of 5 nodes, 250 in a commit", 250, times);
    ledger.close().unwrap();
    drop(ledger);
    let bytes = std::fs::metadata(path).unwrap().len();
    println!(
        "{{\"name\":\"bytes of a sleeper\",\"bytes\":{}}}",
        bytes as usize / SLEEPERS
    );

    let empty = path.with_extension("empty");
    drop(Sqlite::open(&empty, Durability::Full, "boot").unwrap());
    for path in [&*empty, path] {
        let own = std::env::current_exe().unwrap();
        let ended = Command::new(own).arg(WAKE).arg(path).status();
        assert!(ended.unwrap().success());
    }
    let (mut ledger, fences) = open(path);
    let mut reader = Sqlite::reader(path).unwrap();
    let mut times = Vec::new();
    for _ in 0..20 {
        timed(&mut times, || inventory(&mut reader));
    }
    tell(
        "awake, pending and due of all partitions, 100,000 asleep",
        1,
        times,
    );
    let mut times = Vec::new();
    for number in (0..SLEEPERS).step_by(97) {
        let uid = format!("{number:08x}-0000-4000");
        timed(&mut times, || {
            let loaded = reader.load_run(&uid).unwrap().unwrap();
            let write = [turn(&fences, &uid, loaded.row.version)];
            drop(ledger.commit(&write).unwrap());
        });
    }
    tell("load and turn of a sleeper", 1, times);
    let mut times = Vec::new();
    timed(&mut times, || drop(reader.list_runs(None, 20).unwrap()));
    tell("list of 20 of 100,000", 1, times);
    let mut times = Vec::new();
    timed(&mut times, || drop(reader.counts()));
    tell("counts of 100,000", 1, times);
}

/// What an engine does with the ledger at its start, in a process of its own.
fn wake(path: &Path) {
    let before = resident();
    let began = Instant::now();
    let opened = open(path);
    let mut readers = [(); 2].map(|()| Sqlite::reader(path).unwrap());
    for reader in &mut readers {
        inventory(reader);
    }
    println!(
        "{{\"name\":\"a start on {}\",\"ms\":{:.3},\"resident_kib\":{},\"grown_kib\":{}}}",
        path.file_name().unwrap().display(),
        began.elapsed().as_secs_f64() * 1e3,
        resident(),
        resident().saturating_sub(before),
    );
    drop(opened);
}

fn inventory(reader: &mut dyn Reader) {
    for part in 0..PARTITIONS {
        assert_eq!(reader.awake_runs(part).unwrap().len(), 0);
        assert_eq!(reader.pending_runs(part).unwrap().len(), 0);
        assert_eq!(reader.due_runs(part, 1 << 40, 100_000).unwrap().len(), 0);
    }
}
