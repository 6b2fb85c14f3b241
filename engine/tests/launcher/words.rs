//! The words of the protocol, as engines of other versions may say them.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::rig::{Home, LONG, USHER, key};

/// A connection on which anything can be said.
struct Raw {
    reader: BufReader<UnixStream>,
}

impl Raw {
    fn new(stream: UnixStream) -> Raw {
        stream.set_read_timeout(Some(LONG)).unwrap();
        Raw {
            reader: BufReader::new(stream),
        }
    }

    /// Starts a launcher with this as its first connection.
    fn start(home: &Home) -> (Raw, std::process::Child) {
        std::fs::create_dir_all(home.launcher()).unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let launcher = Command::new(USHER)
            .arg("launcher")
            .arg(home.launcher())
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        (Raw::new(ours), launcher)
    }

    fn connect(home: &Home) -> Raw {
        Raw::new(UnixStream::connect(home.launcher().join("sock")).unwrap())
    }

    fn say(&mut self, message: &Value) {
        self.reader
            .get_mut()
            .write_all(format!("{message}\n").as_bytes())
            .unwrap();
    }

    /// The next message: its name and its content. None at the end of the connection.
    fn hear(&mut self) -> Option<(String, Value)> {
        let mut line = String::new();
        if self.reader.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        Some(match serde_json::from_str(&line).unwrap() {
            Value::String(name) => (name, Value::Null),
            Value::Object(mut map) => {
                let name = map.keys().next().unwrap().clone();
                let content = map.remove(&name).unwrap();
                (name, content)
            }
            other => panic!("{other}"),
        })
    }

    fn hear_named(&mut self, expected: &str) -> Value {
        let (name, content) = self.hear().expect("the launcher hung up");
        assert_eq!(name, expected, "{content}");
        content
    }
}

fn hello(v: u32, engine_version: &str, generation: u64) -> Value {
    let hello = json!({
        "v": v, "engine_version": engine_version, "generation": generation, "new": {}
    });
    json!({"hello": hello})
}

/// The version of this build.
const OWN: &str = env!("CARGO_PKG_VERSION");

#[test]
fn a_newer_engine_and_an_older_launcher_agree_on_the_older_words() {
    let home = Home::new();
    let (mut engine, mut launcher) = Raw::start(&home);
    engine.say(&hello(99, "9.9.9", 7));
    let welcome = engine.hear_named("welcome");
    assert_eq!(welcome["v"], 2);
    assert_eq!(welcome["launcher_pid"], launcher.id());
    engine.say(&json!({"launch_elsewhere": {"key": key(1)}}));
    assert!(
        engine.hear_named("error")["message"]
            .as_str()
            .unwrap()
            .contains("launch_elsewhere")
    );
    engine.reader.get_mut().write_all(b"\xff{]\n").unwrap();
    engine.hear_named("error");
    let mut launch = serde_json::to_value(home.shell(&key(1), "exit 4")).unwrap();
    launch["cpu_max"] = json!(2);
    engine.say(&json!({"launch": launch}));
    engine.hear_named("started");
    assert_eq!(engine.hear_named("exited")["exit"]["code"], 4);
    engine.say(&json!({"release": {"keys": [key(1)], "why": "committed"}}));
    drop(engine);
    assert!(launcher.wait().unwrap().success());
}

#[test]
fn only_the_newest_engine_is_served() {
    let home = Home::new();
    let (mut first, _launcher) = Raw::start(&home);
    first.say(&json!({"query": {"keys": [key(1)]}}));
    first.hear_named("error");
    first.say(&hello(1, OWN, 5));
    first.hear_named("welcome");
    let mut second = Raw::connect(&home);
    second.say(&hello(1, OWN, 6));
    second.hear_named("welcome");
    first.hear_named("superseded");
    assert_eq!(first.hear(), None);
    let mut late = Raw::connect(&home);
    late.say(&hello(1, OWN, 5));
    late.hear_named("superseded");
    assert_eq!(late.hear(), None);
    // The same engine, on a new connection.
    let mut again = Raw::connect(&home);
    again.say(&hello(1, OWN, 6));
    again.hear_named("welcome");
    second.hear_named("superseded");
    again.say(&json!({"query": {"keys": [key(1)]}}));
    again.hear_named("unknown");
}

#[test]
fn a_second_launcher_in_a_directory_ends_at_once() {
    let home = Home::new();
    let (mut engine, _launcher) = Raw::start(&home);
    engine.say(&hello(1, OWN, 1));
    engine.hear_named("welcome");
    let (mut other, mut second) = Raw::start(&home);
    assert_eq!(second.wait().unwrap().code(), Some(75));
    assert_eq!(other.hear(), None);
    engine.say(&json!({"query": {"keys": [key(1)]}}));
    engine.hear_named("unknown");
}

#[test]
fn an_older_launcher_serves_a_newer_engine_as_long_as_it_has_work_and_then_gives_way() {
    let home = Home::new();
    let (mut engine, mut launcher) = Raw::start(&home);
    engine.say(&hello(1, OWN, 1));
    engine.hear_named("welcome");
    engine.say(&json!({"launch": home.shell(&key(1), "exec sleep 1000")}));
    assert_eq!(engine.hear_named("started")["key"]["launch"], 1);
    let mut newer = Raw::connect(&home);
    newer.say(&hello(2, "9.9.9", 2));
    let welcome = newer.hear_named("welcome");
    assert_eq!(
        (&welcome["v"], &welcome["inventory"][0][0]["launch"]),
        (&json!(2), &json!(1))
    );
    newer.say(&json!({"stop": {"key": key(1), "grace_ms": 0}}));
    newer.hear_named("exited");
    newer.say(&json!({"release": {"keys": [key(1)]}}));
    let mut next = Raw::connect(&home);
    next.say(&hello(2, "9.9.9", 3));
    // No welcome: the engine starts a launcher of its own.
    assert_eq!(next.hear(), None);
    assert!(launcher.wait().unwrap().success());
    assert!(!home.launcher().join("sock").exists());
}
