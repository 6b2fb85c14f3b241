//! What an engine and its launcher say to each other: lines of JSON, one message each.
//!
//! Both sides ignore fields that they do not know, and answer a message that they do not know with
//! an error instead of hanging up, so that a newer engine can speak to an older launcher. The
//! version of the words is settled by `hello` and `welcome`: the lower of the two highest.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The highest version of these words that this build speaks. The lowest is 1.
pub const VERSION: u32 = 2;

/// A line longer than this ends its connection, in bytes.
pub const LINE_MAX_BYTES: usize = 64 << 20;

/// How much of one output stream is kept when a launch does not say, in bytes.
pub const OUTPUT_MAX_BYTES: u64 = 256 << 20;

/// The variable that every process of a launch carries: [`Key`] as `RUN/NODE/LAUNCH`.
pub const LAUNCH_VARIABLE: &str = "USHER_LAUNCH";

/// The variable beside it that names the launcher, by its directory: a copy of a state directory
/// holds the same launches, and must not meet the processes of the original.
pub const LAUNCHER_VARIABLE: &str = "USHER_LAUNCHER";

/// The variable of a launcher itself: it lives on when the step that happened to start it ends.
pub const DETACHED_VARIABLE: &str = "USHER_DETACHED";

/// Names one launch for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The run's uid.
    pub run: String,
    /// The node's number.
    pub node: u32,
    /// The launch number.
    pub launch: u32,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.run, self.node, self.launch)
    }
}

impl std::str::FromStr for Key {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Key, NoKey> {
        let mut parts = text.rsplitn(3, '/');
        let mut number = || parts.next().and_then(|part| part.parse().ok()).ok_or(NoKey);
        let (launch, node) = (number()?, number()?);
        let run = parts
            .next()
            .filter(|run| !run.is_empty())
            .ok_or(NoKey)?
            .to_owned();
        Ok(Key { run, node, launch })
    }
}

/// A text is not `RUN/NODE/LAUNCH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read a launch key: expected RUN/NODE/LAUNCH")]
pub struct NoKey;

/// A process to start. Its values may be secret: they are never journalled or logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// Its name. A key that the launcher knows is not started again.
    pub key: Key,
    /// Program and arguments. A program without `/` is looked up in the `PATH` of `env`.
    pub argv: Vec<String>,
    /// The whole environment; a later entry wins.
    pub env: Vec<(String, String)>,
    /// Its working directory. Inside the launch's folder it is made (mode 0700), elsewhere it must
    /// be there.
    pub cwd: PathBuf,
    /// File that takes its stdout, made here (mode 0600); its folder is the launch's own. One that
    /// is there already tells that the launch was started before.
    pub stdout: PathBuf,
    /// File that takes its stderr, in the same folder.
    pub stderr: PathBuf,
    /// Source of a script: written to `script` in the launch's folder (mode 0600), its path the
    /// last argument.
    #[serde(default)]
    pub script: Option<String>,
    /// The container's image, for the message when the program is not found; may be empty.
    #[serde(default)]
    pub image: String,
    /// How much of each stream is kept: its first and its last half, in bytes.
    #[serde(default = "output_max_bytes")]
    pub output_max_bytes: u64,
}

impl Launch {
    /// The launch's own folder: nothing of another is in it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.stdout.parent().unwrap_or(Path::new(""))
    }

    /// Whether the working directory is made: only inside of the launch's own folder.
    #[must_use]
    pub fn makes_cwd(&self) -> bool {
        let climbs = |part| matches!(part, Component::ParentDir);
        self.cwd.starts_with(self.folder()) && !self.cwd.components().any(climbs)
    }
}

fn output_max_bytes() -> u64 {
    OUTPUT_MAX_BYTES
}

impl std::fmt::Debug for Launch {
    /// Leaves out arguments, environment and script.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Launch")
            .field("key", &self.key)
            .field("program", &self.argv.first())
            .finish_non_exhaustive()
    }
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The launcher's own words when it could not be started (its code is 64 then, as Argo's).
    pub message: Option<String>,
    /// When it was started, milliseconds UTC; none when it was not.
    pub started_ms: Option<i64>,
    /// When it ended, milliseconds UTC.
    pub finished_ms: i64,
}

/// What a launcher knows of a launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its intent is journalled, its process not.
    Starting,
    /// It runs.
    Running {
        /// Its process, the leader of its group.
        pid: i32,
        /// Since when, milliseconds UTC.
        at_ms: i64,
    },
    /// It ended and waits for its release.
    Exited(Exit),
    /// Nobody knows how it ended; it waits for its release.
    Lost {
        /// Why.
        reason: String,
    },
}

/// An engine's words to its launcher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToLauncher {
    /// First message of a connection.
    Hello {
        /// The highest version of these words that the engine speaks.
        v: u32,
        /// The engine's version, for the log.
        engine_version: String,
        /// Rises with every start of an engine; the highest is served.
        generation: u64,
        /// How many processes may run at a time; what is said beyond them waits in line. None: any
        /// number. A launcher of version 1 starts all that is said.
        #[serde(default)]
        places: Option<u32>,
    },
    /// Start a process, unless the key is known.
    Launch(Box<Launch>),
    /// End a process: SIGTERM to its group, SIGKILL after the grace.
    Stop {
        /// Which.
        key: Key,
        /// Milliseconds between the two.
        grace_ms: u64,
    },
    /// The ends of these are committed: their records may be forgotten.
    Release {
        /// Which.
        keys: Vec<Key>,
    },
    /// Ask for the state of these.
    Query {
        /// Which.
        keys: Vec<Key>,
    },
}

/// A launcher's words to its engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromLauncher {
    /// Answer to `Hello`.
    Welcome {
        /// The version of the words that both speak.
        v: u32,
        /// The launcher's process.
        launcher_pid: i32,
        /// The kernel's id of this boot.
        boot_id: String,
        /// Made anew by every launcher.
        launcher_id: String,
        /// Every record that is not released.
        inventory: Vec<(Key, State)>,
    },
    /// The process runs.
    Started {
        /// Which launch.
        key: Key,
        /// Its process.
        pid: i32,
        /// Since when, milliseconds UTC.
        at_ms: i64,
    },
    /// The process ended. Said again to every engine that connects, until it is released.
    Exited {
        /// Which launch.
        key: Key,
        /// How.
        exit: Exit,
    },
    /// Nobody knows how it ended. Said again like an exit.
    Lost {
        /// Which launch.
        key: Key,
        /// Why.
        reason: String,
    },
    /// Answer to a launch of a known key, and to a query.
    Known {
        /// Which launch.
        key: Key,
        /// What is known.
        state: State,
    },
    /// Answer to a stop or a query: the launcher has no record of it.
    Unknown {
        /// Which launch.
        key: Key,
    },
    /// A newer engine is served; the connection ends.
    Superseded,
    /// A message was not understood; it was ignored.
    Error {
        /// What was wrong.
        message: String,
    },
}

/// Appends a message as one line.
///
/// # Errors
/// When a path in it is not UTF-8; nothing is appended then.
pub fn encode(message: &impl Serialize, into: &mut Vec<u8>) -> serde_json::Result<()> {
    let before = into.len();
    match serde_json::to_writer(&mut *into, message) {
        Ok(()) => {
            into.push(b'\n');
            Ok(())
        }
        Err(error) => {
            into.truncate(before);
            Err(error)
        }
    }
}

/// Takes the whole lines off the front of `bytes` and reads each as a message.
pub fn decode<T: serde::de::DeserializeOwned>(bytes: &mut Vec<u8>) -> Vec<serde_json::Result<T>> {
    let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
        return Vec::new();
    };
    let lines = bytes[..end].split(|byte| *byte == b'\n');
    let messages = lines
        .filter(|line| !line.is_empty())
        .map(serde_json::from_slice)
        .collect();
    bytes.drain(..=end);
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let key = Key {
            run: "a/b".to_owned(),
            node: 3,
            launch: 7,
        };
        assert_eq!(key.to_string().parse(), Ok(key));
        for bad in ["", "x", "1/2", "/1/2", "x/y/2", "x/1/-2", "x/1/"] {
            assert_eq!(bad.parse::<Key>(), Err(NoKey), "{bad}");
        }
    }

    #[test]
    fn whole_lines_are_taken_and_the_rest_is_left() {
        let mut bytes = Vec::new();
        encode(&ToLauncher::Release { keys: Vec::new() }, &mut bytes).unwrap();
        bytes.extend_from_slice(b"\n{\"future\":{}}\n\"part");
        let messages = decode::<ToLauncher>(&mut bytes);
        assert_eq!(messages.len(), 2);
        assert_eq!(
            *messages[0].as_ref().unwrap(),
            ToLauncher::Release { keys: Vec::new() }
        );
        assert!(messages[1].is_err());
        assert_eq!(bytes, b"\"part");
    }

    #[test]
    fn a_launch_does_not_show_its_secrets() {
        let launch = Launch {
            key: Key {
                run: "r".to_owned(),
                node: 0,
                launch: 1,
            },
            argv: vec!["sh".to_owned(), "hidden-1".to_owned()],
            env: vec![("TOKEN".to_owned(), "hidden-2".to_owned())],
            cwd: PathBuf::new(),
            stdout: PathBuf::new(),
            stderr: PathBuf::new(),
            script: Some("hidden-3".to_owned()),
            image: String::new(),
            output_max_bytes: 1,
        };
        assert!(!format!("{launch:?}").contains("hidden"));
    }
}
