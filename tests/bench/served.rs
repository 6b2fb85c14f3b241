//! A server of the shipped binary, its client, and marks that steps give by a pipe.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use suite::Place;
use usher::client::Client;
use usher::server::protocol::{Answer, Request, RunRef};
use usher_core::admit::{Overrides, admit, read};

/// A server that is ready.
pub(crate) struct Served {
    pub(crate) place: Place,
    child: Child,
    /// From its start until it said that it is ready.
    pub(crate) ready: Duration,
}

impl Served {
    /// Starts a server in a place.
    pub(crate) fn start(place: Place) -> Served {
        let begun = Instant::now();
        let mut command = place.command(["server"]);
        let mut child = command
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        out.read_line(&mut line).expect("a line");
        let ready = begun.elapsed();
        assert!(line.contains("ready"), "the server said: {line}");
        Served {
            place,
            child,
            ready,
        }
    }

    /// Ends it and answers its place.
    pub(crate) fn stop(mut self) -> Place {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it lives");
        self.child.wait().expect("its end");
        self.place
    }

    pub(crate) fn client(&self) -> Client {
        suite::client(&self.place)
    }

    /// Its resident memory, MiB.
    pub(crate) fn rss_mib(&self) -> f64 {
        let status = self.proc("status");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .expect("VmRSS");
        let kib: f64 = line
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .expect("a number");
        kib / 1024.0
    }

    /// Bytes that it has handed to the kernel for writing.
    pub(crate) fn written(&self) -> f64 {
        let io = self.proc("io");
        let line = io
            .lines()
            .find_map(|line| line.strip_prefix("wchar: "))
            .expect("wchar");
        line.trim().parse().expect("a number")
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("it lives")
    }

    /// How many nodes the ledger has.
    pub(crate) fn nodes(&self) -> i64 {
        let path = self.place.state().join("ledger.db");
        let ledger = rusqlite::Connection::open(path).expect("the ledger");
        ledger
            .query_row("SELECT count(*) FROM nodes", [], |row| row.get(0))
            .expect("a count")
    }
}

/// A workflow, admitted, to be submitted as often as wanted.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    object: Value,
}

impl Flow {
    /// A workflow of templates, entered at `main`.
    pub(crate) fn of(templates: &Value) -> Flow {
        let object = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": {"generateName": "bench-"},
            "spec": {"entrypoint": "main", "templates": templates},
        });
        let documents = read("bench.json", object.to_string().as_bytes()).expect("readable");
        let admitted = admit(&documents[0], &Overrides::default()).expect("admitted");
        Flow {
            object: admitted.object,
        }
    }

    /// Submits it; answers the run.
    pub(crate) fn submit(&self, client: &mut Client, uid: String) -> RunRef {
        let request = Request::Submit {
            uid,
            detached: true,
            object: Box::new(self.object.clone()),
            name: None,
            generate_name: Some("bench-".to_owned()),
            namespace: "default".to_owned(),
            rename: false,
        };
        match client.ask(&request).expect("an answer") {
            Answer::Submitted { uid, namespace, .. } => RunRef {
                namespace,
                name: uid,
            },
            other => panic!("not submitted: {other:?}"),
        }
    }
}

/// A UUID of a number.
pub(crate) fn uid(number: usize) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

/// A step that does nothing.
pub(crate) fn nothing() -> Value {
    json!({"name": "nothing", "container": {"image": "i", "command": ["/bin/true"]}})
}

/// A pipe by which steps say that they run.
pub(crate) struct Marks {
    path: PathBuf,
    pipe: File,
}

impl Marks {
    pub(crate) fn new(folder: &Path) -> Marks {
        let path = folder.join("marks");
        if !path.exists() {
            mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
        }
        // Open for both, so that it does not end when a writer does.
        let pipe = rustix::fs::open(&path, OFlags::RDWR, Mode::empty()).expect("the pipe");
        Marks {
            path,
            pipe: File::from(pipe),
        }
    }

    /// The template of a step that says so.
    pub(crate) fn template(&self) -> Value {
        let line = format!("echo >> {}", self.path.display());
        let command = ["/bin/sh", "-c", line.as_str()];
        json!({"name": "mark", "container": {"image": "i", "command": command}})
    }

    /// Waits for the next mark.
    pub(crate) fn wait(&mut self) -> Instant {
        let mut byte = [0];
        self.pipe.read_exact(&mut byte).expect("a mark");
        Instant::now()
    }
}
