//! A run that is parked for a person: nothing of it goes on, and it takes only terminate and
//! delete. Every other command is answered with the reason.

use actix::{AsyncContext, Context, Handler};
use usher_api::command::{Command, Outcome as Answer};
use usher_core::event::Event;
use usher_core::run::Run;
use usher_ledger::{Applied, Command as Row, Outcome, Write};

use super::{RunKeeper, State};
use crate::actors::messages::{PodOrder, Written, Wrote};
use crate::actors::shell::Changed;
use crate::turn::applied;

impl RunKeeper {
    /// Parks the run durably: a person must look at it. Nothing of it goes on.
    pub(super) fn park(&mut self, reason: String, run: Option<Box<Run>>, ctx: &mut Context<Self>) {
        tracing::error!(uid = %self.uid, %reason, "run parked");
        let (uid, fence) = (self.uid.to_string(), self.fence);
        self.send(
            Wrote::Park,
            Write::Park {
                run: uid,
                fence,
                reason: reason.clone(),
            },
            ctx,
        );
        self.be_parked(run, 0, reason, ctx);
    }

    /// The run is parked in the ledger, or about to be.
    pub(super) fn be_parked(
        &mut self,
        run: Option<Box<Run>>,
        version: i64,
        reason: String,
        ctx: &mut Context<Self>,
    ) {
        self.state = State::Parked {
            run,
            version,
            reason,
        };
        self.keepers.clear();
        // Commands that were queued for a turn are read again, for an answer.
        self.queue.clear();
        self.commands.taken.clear();
        self.shell.announce(Changed {
            run: self.uid.clone(),
            ended: false,
            waits: true,
        });
        self.read_commands(ctx);
    }

    fn send(&mut self, what: Wrote, write: Write, ctx: &mut Context<Self>) {
        let me = ctx.address();
        self.shell.writer.submit(
            write,
            Box::new(move |result| {
                let _ = me.try_send(Written { what, result });
            }),
        );
    }

    /// Answers commands of a parked run. A terminate is tried as an ordinary turn, which takes the
    /// run up again; if that panics too, the run stays parked and the next try is refused.
    pub(super) fn answer_parked(&mut self, rows: Vec<Row>, ctx: &mut Context<Self>) {
        let State::Parked {
            run,
            version,
            reason,
        } = &mut self.state
        else {
            return;
        };
        let mut answers = Vec::new();
        for row in rows {
            if !self.commands.taken.insert(row.id) {
                continue;
            }
            let command = serde_json::from_slice::<Command>(&row.body);
            match command {
                Ok(Command::Delete { .. }) => {
                    let message = "the parked workflow and all its rows are deleted".to_owned();
                    answers.push(applied(row.id, &Answer::Done { message }));
                    let (run, fence) = (self.uid.to_string(), self.fence);
                    let write = Write::Delete {
                        run,
                        fence,
                        applied: answers,
                    };
                    return self.send(Wrote::Delete, write, ctx);
                }
                Ok(command @ Command::Terminate { .. }) if !self.has_tried => {
                    if let Some(run) = run.take() {
                        let version = *version;
                        self.has_tried = true;
                        self.state = State::Here { run, version };
                        self.enqueue(Event::Commanded {
                            id: row.id,
                            command,
                        });
                        self.answer(answers, ctx);
                        return self.turn(ctx);
                    }
                    answers.push(applied(row.id, &refused(reason)));
                }
                Ok(_) | Err(_) => answers.push(applied(row.id, &refused(reason))),
            }
        }
        self.answer(answers, ctx);
    }

    /// Answers a command that cannot be read.
    pub(super) fn refuse_unreadable(&mut self, id: i64, error: &str, ctx: &mut Context<Self>) {
        let message = format!("the engine cannot read this command: {error}");
        let answer = Answer::Refused {
            code: "unreadable".to_owned(),
            message,
        };
        self.answer(vec![applied(id, &answer)], ctx);
    }

    fn answer(&mut self, applied: Vec<Applied>, ctx: &mut Context<Self>) {
        if applied.is_empty() {
            return;
        }
        let (run, fence) = (self.uid.to_string(), self.fence);
        self.send(
            Wrote::Answer,
            Write::Answer {
                run,
                fence,
                applied,
            },
            ctx,
        );
    }
}

fn refused(reason: &str) -> Answer {
    let message = format!(
        "the workflow is parked ({reason}): it takes only terminate and delete until a person has \
         looked at it"
    );
    Answer::Refused {
        code: "parked".to_owned(),
        message,
    }
}

impl Handler<Written> for RunKeeper {
    type Result = ();

    fn handle(&mut self, written: Written, ctx: &mut Context<Self>) {
        match (written.what, written.result) {
            (Wrote::Park | Wrote::Answer, Ok(Outcome::Committed { .. })) => {
                if written.what == Wrote::Park && matches!(self.state, State::Parked { .. }) {
                    // As committed: with its version, so that a terminate can be tried.
                    return self.read(ctx);
                }
                self.commands.taken.clear();
            }
            (Wrote::Delete, Ok(Outcome::Committed { .. })) => {
                let _ = self.watch.try_send(PodOrder::Abandon(self.uid.to_string()));
                self.shell.announce(Changed {
                    run: self.uid.clone(),
                    ended: true,
                    waits: false,
                });
                return self.be_gone(ctx);
            }
            (what, result) => {
                tracing::error!(uid = %self.uid, ?what, ?result, "a parked run was not written");
                self.commands.taken.clear();
            }
        }
        self.consider_leave(ctx);
    }
}
