//! The process that writes, and what is expected of the file that it leaves.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;

use usher_ledger::{
    Applied, Birth, Durability, Fence, Head, NodeRow, Outcome, Quiet, Reader, Sqlite, Turn, Write,
    Writer, part_of,
};

/// Says to the test that it is the child, and where the ledger is.
const LEDGER: &str = "USHER_TEST_LEDGER";

/// Runs that the child writes side by side.
const RUNS: usize = 8;

/// Plays the child if this process is one; it ends only when the ledger fails.
pub(super) fn play() {
    if let Some(path) = std::env::var_os(LEDGER) {
        write_for_ever(Path::new(&path));
        std::process::exit(0);
    }
}

/// Starts this test again as the child; `shell`, if not empty, is run by `sh` before.
pub(super) fn start(test: &str, ledger: &Path, shell: &str) -> Child {
    let own = std::env::current_exe().unwrap();
    let script = format!("{shell} exec \"$0\" --exact {test} --nocapture");
    Command::new("sh")
        .args(["-c", &script])
        .arg(own)
        .env(LEDGER, ledger)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the child says: `run version command` for each acknowledged turn, `end …` for its end.
pub(super) fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = |line: String| line.strip_prefix("said ").map(str::to_owned);
    lines.map_while(Result::ok).filter_map(said)
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody listens any more once the test is over.
    let _ = out.write_all(format!("said {line}\n").as_bytes());
    let _ = out.flush();
}

/// Takes up every run and turns it over and over, as fast as the ledger acknowledges.
fn write_for_ever(path: &Path) {
    let mut ledger = Sqlite::open(path, Durability::Full, "boot").unwrap();
    let fences = ledger.take_over_all("child").unwrap();
    let mut versions = BTreeMap::new();
    for number in 0..RUNS {
        let uid = format!("u{number}");
        let row = ledger.run_row(&uid).unwrap();
        versions.insert(uid, row.map_or(0, |row| row.version));
    }
    let (tell_end, end) = channel();
    let on_fatal = Box::new(move |error: &usher_ledger::Error| drop(tell_end.send(error.chain())));
    let handle = Writer::spawn(Box::new(ledger), on_fatal);
    let (tell, told) = channel();
    let send = |uid: &str, version: i64| {
        let (tell, run) = (tell.clone(), uid.to_owned());
        let reply = move |outcome| drop(tell.send((run, version, outcome)));
        handle.submit(write(&fences, uid, version), Box::new(reply));
    };
    for (uid, version) in &versions {
        send(uid, *version);
    }
    for (uid, version, outcome) in told {
        match outcome {
            Ok(Outcome::Committed { version: now }) if now == version + 1 => {
                say(&format!("{uid} {now}"));
                send(&uid, now);
            }
            Ok(other @ (Outcome::Stale | Outcome::Refused { .. })) => panic!("{uid}: {other:?}"),
            // The end: what became of this one nobody has been told.
            _ => break,
        }
    }
    say(&format!("end {}", end.recv().unwrap()));
}

/// The birth of a run, or its next turn; every body says the version that it makes.
fn write(fences: &[Fence], uid: &str, version: i64) -> Write {
    let text = format!("version {}", version + 1).into_bytes();
    let head = Head {
        phase: "Running".to_owned(),
        parked: None,
        started_ms: None,
        finished_ms: None,
        quiet: Quiet::Awake,
        body: text.clone(),
    };
    let node = |ix: u32| NodeRow {
        ix,
        parent: ix.checked_sub(1),
        live: true,
        body: [&*text, b" ", &*vec![b'x'; 2_000]].concat(),
    };
    let nodes = vec![node(0), node(1), node(2)];
    let fence = fences[usize::from(part_of(uid))];
    if version > 0 {
        return Write::Turn(Box::new(Turn {
            run: uid.to_owned(),
            fence,
            version,
            head,
            scope: Some(text),
            nodes,
            applied: Vec::<Applied>::new(),
            delete: false,
            people: <_>::default(),
        }));
    }
    Write::Birth(Box::new(Birth {
        uid: uid.to_owned(),
        fence,
        namespace: "default".to_owned(),
        name: uid.to_owned(),
        created_ms: 1,
        plan_hash: "hash".to_owned(),
        plan: vec![],
        head,
        scope: Some(text),
        nodes,
        key: None,
        people: <_>::default(),
    }))
}

/// The file opens, every run is whole and at least at its acknowledged version; at most one turn of
/// each was in flight, so it is at most one further. What is found counts as acknowledged then.
pub(super) fn assert_kept(path: &Path, acknowledged: &mut BTreeMap<String, i64>) {
    drop(Sqlite::open(path, Durability::Full, "boot").unwrap());
    assert_eq!(Sqlite::check_fully(path).unwrap(), [""; 0]);
    let mut reader = Sqlite::reader(path).unwrap();
    for (uid, version) in acknowledged {
        let loaded = reader.load_run(uid).unwrap().unwrap();
        let found = loaded.row.version;
        let allowed = *version..=*version + 1;
        assert!(allowed.contains(&found), "{uid}: {found}, {version}");
        *version = found;
        let text = format!("version {found}").into_bytes();
        assert_eq!(
            (&loaded.row.head, loaded.scope.as_ref()),
            (&text, Some(&text))
        );
        assert_eq!(loaded.nodes.len(), 3);
        for node in &loaded.nodes {
            assert!(node.body.starts_with(&[&*text, b" "].concat()), "{uid}");
        }
    }
}

/// Notes an acknowledged turn; they must rise one by one.
pub(super) fn note(acknowledged: &mut BTreeMap<String, i64>, line: &str) {
    let (uid, version) = line.split_once(' ').unwrap();
    let version: i64 = version.parse().unwrap();
    let before = acknowledged.insert(uid.to_owned(), version);
    assert!(
        before.is_none_or(|before| version == before + 1),
        "{line} after {before:?}"
    );
}
