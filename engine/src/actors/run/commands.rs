//! A run's commands: read from the ledger in id order, each taken by one turn.
//!
//! A nudge only says *look*: all unapplied commands are read, and there is no high-water mark,
//! since ids may become visible out of order (E6).

use std::collections::BTreeSet;
use std::time::Duration;

use actix::{AsyncContext, Context, Handler};
use usher_core::event::Event;
use usher_ledger::Command;

use super::{RunKeeper, State};
use crate::actors::messages::{CommandsRead, Nudge};

/// How long a keeper waits before it reads again what could not be read.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// Commands read and not yet committed.
#[derive(Debug, Default)]
pub(super) struct Commands {
    /// A read is under way.
    pub(super) reading: bool,
    /// Another read is wanted when the one under way is back.
    again: bool,
    /// What the read under way brings may be applied already: only the next one counts.
    doubtful: bool,
    /// The run was read and its commands were not yet: no turn is taken before. A deadline that is
    /// over would else be decided without an outcome that waits in the inbox, again and again.
    pub(super) awaited: bool,
    /// Ids in the queue or in flight.
    pub(super) taken: BTreeSet<i64>,
}

impl Commands {
    /// A turn with commands was committed: a read that began before may show them as open.
    pub(super) fn doubt(&mut self) {
        if self.reading {
            (self.again, self.doubtful) = (true, true);
        }
    }
}

impl RunKeeper {
    pub(super) fn read_commands(&mut self, ctx: &mut Context<Self>) {
        if self.commands.reading {
            self.commands.again = true;
            return;
        }
        self.commands.reading = true;
        let me = ctx.address();
        self.shell
            .readers
            .commands(self.uid.to_string(), move |read| {
                let _ = me.try_send(CommandsRead(read.map_err(|error| error.to_string())));
            });
    }

    fn take_commands(&mut self, rows: Vec<Command>, ctx: &mut Context<Self>) {
        if matches!(self.state, State::Parked { .. }) {
            return self.answer_parked(rows, ctx);
        }
        for row in rows {
            if !self.commands.taken.insert(row.id) {
                continue;
            }
            match serde_json::from_slice(&row.body) {
                Ok(command) => self.enqueue(Event::Commanded {
                    id: row.id,
                    command,
                }),
                // A command of a newer binary: refused, so that whoever gave it is told.
                Err(error) => self.refuse_unreadable(row.id, &error.to_string(), ctx),
            }
        }
        self.turn(ctx);
    }
}

impl Handler<Nudge> for RunKeeper {
    type Result = ();

    fn handle(&mut self, _: Nudge, ctx: &mut Context<Self>) {
        self.quiet_since_ms = None;
        match self.state {
            // Whoever reads the run reads its commands afterwards.
            State::Reading { .. } | State::Gone => {}
            State::Here { .. } | State::InFlight { .. } | State::Parked { .. } => {
                self.read_commands(ctx);
            }
        }
    }
}

impl Handler<CommandsRead> for RunKeeper {
    type Result = ();

    fn handle(&mut self, CommandsRead(read): CommandsRead, ctx: &mut Context<Self>) {
        self.commands.reading = false;
        let again = std::mem::take(&mut self.commands.again);
        let doubtful = std::mem::take(&mut self.commands.doubtful);
        match read {
            Ok(rows) if !doubtful => {
                self.commands.awaited = false;
                self.take_commands(rows, ctx);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(uid = %self.uid, error, "commands cannot be read; trying again");
                ctx.run_later(READ_AGAIN, |keeper, ctx| keeper.read_commands(ctx));
            }
        }
        if again {
            self.read_commands(ctx);
        }
        self.consider_leave(ctx);
    }
}
