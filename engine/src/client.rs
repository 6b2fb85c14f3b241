//! The other end of the engine's socket: what every command of the binary talks to.
//!
//! Whoever finds no engine becomes one if it may: [`Client::connect_or_host`] takes the lock, starts
//! an engine in this process by the ordinary restart, and connects to it like any other client.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::host::{self, Host};
use crate::server::protocol::{Answer, Request, RunRef, VERSION};
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
        /// A stable word.
        code: String,
        /// What is wrong.
        message: String,
    },
    /// The state directory is of no use.
    #[error(transparent)]
    State(#[from] crate::state::Error),
}

/// A connection to the engine.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
}

/// How long a client waits for an engine that holds the lock to open its socket.
const OPENING: Duration = Duration::from_secs(30);

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
        let mut client = Client { stream, lines };
        client.ask(&Request::Hello { version: VERSION })?;
        Ok(client)
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
            host::wait_for_change(state, Duration::from_millis(50));
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
        self.next()
    }

    /// The next answer: a watch has several.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn next(&mut self) -> Result<Answer, Error> {
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

    /// The object of a run.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn object(&mut self, run: &RunRef) -> Result<Value, Error> {
        match self.ask(&Request::Get { run: run.clone() })? {
            Answer::Object { object, .. } => Ok(*object),
            other => Err(unexpected(&other)),
        }
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
