//! What engines tell the launcher, and what it does and answers.

use std::collections::HashSet;
use std::time::Duration;

use super::connection::Connection;
use super::kernel::{kill_all_of, now_ms};
use super::records::Records;
use super::spawn::Failure;
use super::wire::{Exit, FromLauncher, Key, Launch, State, ToLauncher, VERSION};
use super::{Launcher, log};

/// The exit code of a step that could not be started, as Argo's emissary has it.
const NOT_STARTED: i32 = 64;

/// The exit code of a step that was ended before its turn came: 128 + SIGTERM.
const NEVER_BEGUN: i32 = 143;

/// How long the ends of processes that nobody knows of any more are waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a launch is lost whose folder is there though no record of it is.
const UNRECORDED: &str = "attempt lost: it was started before, and its record is gone";

/// This build, as engines of it name themselves.
const BUILD: &str = env!("CARGO_PKG_VERSION");

impl Launcher {
    /// Reads a connection and obeys.
    pub(super) fn hear(&mut self, number: u32) {
        let numbered = |one: &Connection| one.number == number;
        let Some(at) = self.connections.iter().position(numbered) else {
            return;
        };
        let mut batch = Vec::new();
        for message in self.connections[at].read() {
            match message {
                // Together, so that one write journals all their intents.
                Ok(ToLauncher::Launch(launch)) if self.is_served(at) => batch.push(*launch),
                Ok(message) => {
                    self.launch(std::mem::take(&mut batch));
                    self.obey(at, message);
                }
                Err(error) => self.refuse(at, &error.to_string()),
            }
        }
        self.launch(batch);
    }

    fn is_served(&self, at: usize) -> bool {
        self.connections[at].generation == Some(self.records.generation())
    }

    fn refuse(&mut self, at: usize, message: &str) {
        log(format_args!("ignored a message: {message}"));
        self.connections[at].send(&FromLauncher::Error {
            message: message.to_owned(),
        });
    }

    fn obey(&mut self, at: usize, message: ToLauncher) {
        match message {
            ToLauncher::Hello {
                v,
                engine_version,
                generation,
                places,
            } => {
                if self.welcome(at, v, &engine_version, generation) {
                    self.line.serve(places);
                }
            }
            _ if !self.is_served(at) => self.refuse(at, "only the newest engine is served"),
            ToLauncher::Launch(launch) => self.launch(vec![*launch]),
            ToLauncher::Stop { key, grace_ms } => {
                if self.line.leave(&key) {
                    self.never_began(key);
                } else if !self.steps.stop(&key, Duration::from_millis(grace_ms)) {
                    self.answer(key);
                }
            }
            ToLauncher::Release { keys } => {
                self.records.release(&keys);
                self.steps.leftovers.release(&keys);
            }
            ToLauncher::Query { keys } => keys.into_iter().for_each(|key| self.answer(key)),
        }
    }

    /// Answers whether this engine is served from now on.
    fn welcome(&mut self, at: usize, v: u32, engine_version: &str, generation: u64) -> bool {
        if generation < self.records.generation() {
            self.connections[at].send(&FromLauncher::Superseded);
            self.connections[at].close();
            return false;
        }
        let made_by_it = self.connections[at].number == super::INHERITED;
        if engine_version != BUILD && self.has_no_work() && !made_by_it {
            // Its own launcher knows it better, and nothing is lost: it makes one when we hang up.
            log(format_args!("gives way to engine {engine_version}"));
            self.gives_way = true;
            return false;
        }
        for (other, connection) in self.connections.iter_mut().enumerate() {
            if other != at && connection.generation.take().is_some() {
                connection.send(&FromLauncher::Superseded);
                connection.close();
            }
        }
        self.records.serve(generation);
        log(format_args!(
            "serves engine {engine_version}, generation {generation}"
        ));
        let records = self.records.iter();
        let inventory = records.map(|(key, record)| (key.clone(), record.state.clone()));
        let welcome = FromLauncher::Welcome {
            v: v.clamp(1, VERSION),
            launcher_pid: rustix::process::getpid().as_raw_nonzero().get(),
            boot_id: self.boot_id.clone(),
            launcher_id: self.launcher_id.clone(),
            inventory: inventory.collect(),
        };
        self.connections[at].generation = Some(generation);
        self.connections[at].send(&welcome);
        true
    }

    /// Lines up those that are not known, and answers how the known ones stand.
    fn launch(&mut self, batch: Vec<Launch>) {
        for launch in batch {
            match self.records.state(&launch.key).cloned() {
                Some(state) => self.tell(&known_answer(launch.key, state)),
                None => self.line.join(launch),
            }
        }
        self.start_next();
    }

    /// Starts those whose turn it is.
    pub(super) fn start_next(&mut self) {
        let batch = self.line.next(self.steps.living());
        if batch.is_empty() {
            return;
        }
        let keys: Vec<Key> = batch.iter().map(|launch| launch.key.clone()).collect();
        if let Err(error) = self.records.intend(&keys) {
            let reason = format!("attempt lost: cannot write the launcher's journal: {error}");
            for key in keys {
                self.lost(key, reason.clone());
            }
            return;
        }
        for launch in &batch {
            self.start_step(launch);
        }
    }

    fn start_step(&mut self, launch: &Launch) {
        let key = launch.key.clone();
        match self.steps.start(launch, &self.ears) {
            Ok(began) => {
                self.is_starting = true;
                let (pid, at_ms) = (began.pid, began.at_ms);
                self.records
                    .started(key.clone(), pid, began.start_ticks, at_ms);
                self.tell(&FromLauncher::Started { key, pid, at_ms });
            }
            Err(Failure::Step(message)) => {
                let (code, message) = (Some(NOT_STARTED), Some(message));
                let finished_ms = now_ms();
                let exit = Exit {
                    code,
                    signal: None,
                    message,
                    started_ms: None,
                    finished_ms,
                };
                self.exited(key, exit);
            }
            Err(Failure::Host(reason)) => self.lost(key, format!("attempt lost: {reason}")),
            Err(Failure::Again) => {
                // Perhaps it still runs, as a child of a launcher whose directory was removed.
                kill_all_of(&HashSet::from([key.clone()]), self.steps.dir(), PATIENCE);
                self.lost(key, UNRECORDED.to_owned());
            }
        }
    }

    /// Said, and ended before its turn came.
    fn never_began(&mut self, key: Key) {
        let exit = Exit {
            code: Some(NEVER_BEGUN),
            signal: None,
            message: None,
            started_ms: None,
            finished_ms: now_ms(),
        };
        self.exited(key, exit);
    }

    /// A step ended, or was never started.
    pub(super) fn exited(&mut self, key: Key, exit: Exit) {
        self.records.exited(key.clone(), exit.clone());
        self.tell(&FromLauncher::Exited { key, exit });
    }

    fn lost(&mut self, key: Key, reason: String) {
        log(format_args!("{key}: {reason}"));
        self.records.lost(key.clone(), reason.clone());
        self.tell(&FromLauncher::Lost { key, reason });
    }

    /// Tells how a launch stands.
    fn answer(&mut self, key: Key) {
        let answer = match self.records.state(&key).cloned() {
            Some(state) => known_answer(key, state),
            None if self.line.has(&key) => known_answer(key, State::Starting),
            None => FromLauncher::Unknown { key },
        };
        self.tell(&answer);
    }

    fn tell(&mut self, message: &FromLauncher) {
        tell(&mut self.connections, &self.records, message);
    }
}

/// Tells the engine that is served. Without one nothing is lost: the next gets an inventory.
fn tell(connections: &mut [Connection], records: &Records, message: &FromLauncher) {
    let served = Some(records.generation());
    let Some(engine) = connections.iter_mut().find(|one| one.generation == served) else {
        return;
    };
    if matches!(message, FromLauncher::Started { .. }) {
        engine.send_soon(message);
    } else {
        engine.send(message);
    }
}

fn known_answer(key: Key, state: State) -> FromLauncher {
    FromLauncher::Known { key, state }
}
