//! What the writing thread holds: the ledger, and who waits for which command.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::Shared;
use super::reply::Reply;
use crate::error::Error;
use crate::port::Ledger;
use crate::rows::{Applied, Outcome, Write};
use crate::text::clean_body;

/// So many outcomes of commands that removed their own run are remembered, for an asker who comes
/// to wait when the rows are gone already.
const FAREWELLS: usize = 1_024;

pub(super) struct State {
    ledger: Box<dyn Ledger + Send>,
    shared: Arc<Shared>,
    watchers: BTreeMap<i64, Watchers>,
    farewells: VecDeque<(i64, Vec<u8>)>,
}

/// Who waits for one command.
struct Watchers {
    run: String,
    replies: Vec<Reply<Vec<u8>>>,
}

impl State {
    pub(super) fn new(ledger: Box<dyn Ledger + Send>, shared: Arc<Shared>) -> State {
        State {
            ledger,
            shared,
            watchers: BTreeMap::new(),
            farewells: VecDeque::new(),
        }
    }

    /// Commits a group and answers everybody in it; an error is the thread's end.
    pub(super) fn commit(
        &mut self,
        group: &[Write],
        replies: Vec<Reply<Outcome>>,
    ) -> Result<(), Error> {
        if group.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        let committed = self.ledger.commit(group);
        self.count(group.len(), committed.as_ref().ok(), began);
        match committed {
            Ok(outcomes) => {
                for (reply, outcome) in replies.into_iter().zip(outcomes.iter().cloned()) {
                    reply.tell(Ok(outcome));
                }
                for (write, outcome) in group.iter().zip(&outcomes) {
                    self.tell(write, outcome);
                }
                self.ledger.tend();
                Ok(())
            }
            Err(error) => {
                let unknown = matches!(error, Error::InDoubt { .. });
                let reason = error.chain();
                for reply in replies {
                    let reason = reason.clone();
                    reply.tell(match unknown {
                        true => Ok(Outcome::Unknown { reason }),
                        false => Err(error.clone()),
                    });
                }
                if error.is_fatal() { Err(error) } else { Ok(()) }
            }
        }
    }

    fn count(&self, writes: usize, outcomes: Option<&Vec<Outcome>>, began: Instant) {
        let us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let is_refused = |outcome: &&Outcome| matches!(outcome, Outcome::Refused { .. });
        let refused = outcomes.map_or(0, |all| all.iter().filter(is_refused).count());
        let mut stats = self.shared.stats();
        stats.groups += 1;
        stats.writes += u64::try_from(writes).unwrap_or(0);
        stats.refused += u64::try_from(refused).unwrap_or(0);
        stats.group_max = stats.group_max.max(writes);
        stats.last_commit_us = us;
        stats.slowest_commit_us = stats.slowest_commit_us.max(us);
    }

    /// Tells the watchers what follows from one write.
    fn tell(&mut self, write: &Write, outcome: &Outcome) {
        match outcome {
            Outcome::Committed { .. } => {
                for command in write.applied() {
                    self.answer(command.id, &Ok(as_stored(command)));
                }
                if write.deletes() {
                    self.bid_farewell(write);
                }
            }
            Outcome::Unknown { .. } => self.look_again(write),
            Outcome::Inserted { .. } | Outcome::Stale | Outcome::Refused { .. } => {}
        }
    }

    fn answer(&mut self, id: i64, outcome: &Result<Vec<u8>, Error>) {
        let Some(watchers) = self.watchers.remove(&id) else {
            return;
        };
        for reply in watchers.replies {
            reply.tell(outcome.clone());
        }
    }

    /// A run is gone with its commands: their outcomes are remembered for a while, and whoever
    /// waits for one that no turn took is told.
    fn bid_farewell(&mut self, write: &Write) {
        for command in write.applied() {
            self.remember(command);
        }
        for id in self.watched_of(write.run()) {
            self.answer(id, &Err(Error::Gone { id }));
        }
    }

    fn remember(&mut self, command: &Applied) {
        if self.farewells.iter().any(|(id, _)| *id == command.id) {
            return;
        }
        if self.farewells.len() == FAREWELLS {
            self.farewells.pop_front();
        }
        let outcome = as_stored(command);
        self.farewells.push_back((command.id, outcome));
    }

    fn watched_of(&self, run: &str) -> Vec<i64> {
        let of_run = self
            .watchers
            .iter()
            .filter(|(_, watchers)| watchers.run == run);
        of_run.map(|(id, _)| *id).collect()
    }

    /// Nobody knows what became of a write: the table does.
    fn look_again(&mut self, write: &Write) {
        for command in write.applied().iter().filter(|_| write.deletes()) {
            if matches!(self.ledger.command_state(command.id), Ok(None)) {
                self.remember(command);
            }
        }
        for id in self.watched_of(write.run()) {
            let given = write.applied().iter().find(|command| command.id == id);
            match self.ledger.command_state(id) {
                Ok(Some(state)) => {
                    if let Some(outcome) = state.outcome {
                        self.answer(id, &Ok(outcome));
                    }
                }
                // The run went, so its removal was committed, and with it these answers.
                Ok(None) => {
                    let gone = || Err(Error::Gone { id });
                    let outcome = given.map_or_else(gone, |command| Ok(as_stored(command)));
                    self.answer(id, &outcome);
                }
                Err(error) => self.answer(id, &Err(error)),
            }
        }
    }

    /// Has somebody told the outcome of a command, at once if there is one.
    pub(super) fn watch(&mut self, id: i64, reply: Reply<Vec<u8>>) {
        match self.ledger.command_state(id) {
            Ok(Some(state)) => match state.outcome {
                Some(outcome) => reply.tell(Ok(outcome)),
                None => {
                    let none = || Watchers {
                        run: state.run,
                        replies: Vec::new(),
                    };
                    self.watchers
                        .entry(id)
                        .or_insert_with(none)
                        .replies
                        .push(reply);
                }
            },
            Ok(None) => {
                let known = self.farewells.iter().find(|(farewell, _)| *farewell == id);
                let outcome = known.map(|(_, outcome)| outcome.clone());
                reply.tell(outcome.ok_or(Error::Gone { id }));
            }
            Err(error) => reply.tell(Err(error)),
        }
    }

    /// Answers everybody who waits for a command.
    pub(super) fn abandon(&mut self, error: &Error) {
        for (_, watchers) in std::mem::take(&mut self.watchers) {
            for reply in watchers.replies {
                reply.tell(Err(error.clone()));
            }
        }
    }

    pub(super) fn close(&mut self) -> Result<(), Error> {
        self.ledger.close()
    }
}

/// An outcome as the table has it, so that who waits and who reads later see the same.
fn as_stored(command: &Applied) -> Vec<u8> {
    clean_body(&command.outcome).into_owned()
}
