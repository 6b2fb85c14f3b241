//! The other end of the engine's socket: what every command of the binary talks to.
//!
//! Whoever finds no engine becomes one if it may: [`Client::connect_or_host`] takes the lock,
//! starts an engine in this process by the ordinary restart, and connects to it like any other.
//! [`Offline`] answers from the ledger alone, so that looking at a run starts nothing.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use usher_ledger::{Sqlite, SqliteReader};

use crate::actors::shell::PlanCache;
use crate::host::{self, Host};
use crate::server::protocol::{Answer, Request, VERSION};
use crate::server::read::{self, Shelf};
use crate::state::StateDir;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No engine runs on the state directory.
    #[error("no engine runs on {0}; start one with `usher server`")]
    NoEngine(String),
    /// The engine could not be started here.
    #[error("start the engine")]
    Start(#[source] anyhow::Error),
    /// The connection broke: the engine ended.
    #[error("the engine went away")]
    Gone(#[source] std::io::Error),
    /// The engine's words are not understood.
    #[error("understand the engine's answer")]
    Words(#[source] serde_json::Error),
    /// The engine says no.
    #[error("{message}")]
    Refused {
        /// A stable word, as [`Answer::Failed`] has it.
        code: String,
        /// What is wrong.
        message: String,
    },
    /// The ledger cannot be read without an engine.
    #[error("read the ledger")]
    Ledger(#[source] usher_ledger::Error),
    /// The state directory is of no use.
    #[error(transparent)]
    State(#[from] crate::state::Error),
}

impl Error {
    /// Whether the same request to the next engine may be answered.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        match self {
            Error::Gone(_) => true,
            Error::Refused { code, .. } => code == "ending",
            _ => false,
        }
    }

    /// Whether the run that was asked for is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::Refused { code, .. } if code == "not-found")
    }
}

/// A connection to the engine.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
    pid: u32,
}

/// How long a client waits for an engine that holds the lock to open its socket.
const OPENING: Duration = Duration::from_secs(30);

/// How often such a client looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl Client {
    /// Connects to the engine of a state directory.
    ///
    /// # Errors
    /// [`Error::NoEngine`] when there is none.
    pub fn connect(state: &StateDir) -> Result<Client, Error> {
        let none = || Error::NoEngine(state.path().display().to_string());
        let socket = state.socket().map_err(|_| none())?;
        let stream = UnixStream::connect(&socket.path).map_err(|_| none())?;
        let lines = BufReader::new(stream.try_clone().map_err(Error::Gone)?);
        let mut client = Client {
            stream,
            lines,
            pid: 0,
        };
        match client.ask(&Request::Hello { version: VERSION }) {
            Ok(Answer::Hello { pid, .. }) => client.pid = pid,
            Ok(other) => return Err(unexpected(&other)),
            // Its engine ended between the two.
            Err(Error::Gone(_)) => return Err(none()),
            Err(error) => return Err(error),
        }
        Ok(client)
    }

    /// The engine's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// A handle that ends the connection from another thread.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn hang_up(&self) -> Result<UnixStream, Error> {
        self.stream.try_clone().map_err(Error::Gone)
    }

    /// Connects to an engine that is about to open its socket.
    ///
    /// # Errors
    /// As [`Client::connect`], after half a minute.
    pub fn connect_patiently(state: &StateDir) -> Result<Client, Error> {
        let until = Instant::now() + OPENING;
        loop {
            match Client::connect(state) {
                Err(Error::NoEngine(_)) if Instant::now() < until => {
                    host::pause(LOOK_AGAIN);
                }
                other => return other,
            }
        }
    }

    /// Connects, or starts the engine in this process when nobody is it.
    ///
    /// # Errors
    /// When neither works within half a minute.
    pub fn connect_or_host(
        state: &StateDir,
        host: &mut Option<Host>,
        options: &host::Options,
    ) -> Result<Client, Error> {
        let until = Instant::now() + OPENING;
        loop {
            match Client::connect(state) {
                Err(Error::NoEngine(_)) => {}
                other => return other,
            }
            if host.is_none()
                && let Some(lock) = state.try_lock()?
            {
                *host = Some(Host::start(state, lock, options).map_err(Error::Start)?);
                continue;
            }
            if Instant::now() > until {
                return Err(Error::NoEngine(state.path().display().to_string()));
            }
            // Somebody holds the lock and is about to open its socket, or to let go.
            host::pause(LOOK_AGAIN);
        }
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// [`Error::Refused`] when the engine says no, [`Error::Gone`] when it ended.
    pub fn ask(&mut self, request: &Request) -> Result<Answer, Error> {
        let mut line = serde_json::to_vec(request).map_err(Error::Words)?;
        line.push(b'\n');
        self.stream.write_all(&line).map_err(Error::Gone)?;
        self.hear()
    }

    /// The next answer: a watch has several.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn hear(&mut self) -> Result<Answer, Error> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).map_err(Error::Gone)?;
        if read == 0 {
            return Err(Error::Gone(std::io::ErrorKind::UnexpectedEof.into()));
        }
        match serde_json::from_str(&line).map_err(Error::Words)? {
            Answer::Failed { code, message } => Err(Error::Refused { code, message }),
            answer => Ok(answer),
        }
    }
}

/// Answers from the ledger alone, while no engine runs.
#[derive(Debug)]
pub struct Offline {
    reader: SqliteReader,
    plans: PlanCache,
    runs: PathBuf,
}

impl Offline {
    /// Opens the ledger for reading; none when there is none yet.
    ///
    /// # Errors
    /// When it cannot be read, or an engine must bring it up to date first.
    pub fn open(state: &StateDir) -> Result<Option<Offline>, Error> {
        let path = state.ledger();
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(Offline {
            reader: Sqlite::reader(&path).map_err(Error::Ledger)?,
            plans: PlanCache::default(),
            runs: state.runs(),
        }))
    }

    /// Answers a request that only reads.
    ///
    /// # Errors
    /// [`Error::Refused`] as an engine would.
    pub fn ask(&mut self, request: &Request) -> Result<Answer, Error> {
        let shelf = Shelf {
            plans: &self.plans,
            runs: &self.runs,
        };
        match read::answer(&mut self.reader, shelf, request) {
            Some(Answer::Failed { code, message }) => Err(Error::Refused { code, message }),
            Some(answer) => Ok(answer),
            None => Err(Error::Refused {
                code: "bad-request".to_owned(),
                message: "this needs an engine".to_owned(),
            }),
        }
    }

    /// Whether a run needs an engine by itself.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn needs_engine(&mut self) -> Result<bool, Error> {
        read::needs_engine(&mut self.reader).map_err(Error::Ledger)
    }

    /// When the next mail is to be sent, milliseconds UTC; one that is being sent has a time
    /// in the future.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn next_mail(&mut self) -> Result<Option<i64>, Error> {
        use usher_ledger::tasks::TaskReader as _;
        self.reader.next_mail_due().map_err(Error::Ledger)
    }

    /// Whether one of these runs is there and has not ended.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn is_any_unfinished(&mut self, uids: &[String]) -> Result<bool, Error> {
        use usher_ledger::Reader as _;
        for uid in uids {
            let row = self.reader.run_row(uid).map_err(Error::Ledger)?;
            if row.is_some_and(|row| row.finished_ms.is_none() && row.parked.is_none()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// An answer of another kind than the request's.
#[must_use]
pub fn unexpected(answer: &Answer) -> Error {
    Error::Refused {
        code: "internal".to_owned(),
        message: format!("unexpected: {answer:?}"),
    }
}
