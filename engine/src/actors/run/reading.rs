//! From the ledger's rows to a run that is here: at waking, and after a turn that was not taken.

use std::time::Duration;

use actix::{AsyncContext, Context, Handler};
use usher_core::run::NodeIx;

use super::{RunKeeper, State};
use crate::actors::messages::{PodOrder, ReadError, RunRead};
use crate::actors::shell::Shell;

/// How long a keeper waits before it reads again what could not be read.
const READ_AGAIN: Duration = Duration::from_secs(1);

impl RunKeeper {
    pub(super) fn read(&mut self, ctx: &mut Context<Self>) {
        let since_ms = self.shell.clock.now_ms();
        self.state = State::Reading { since_ms };
        let me = ctx.address();
        let shell = self.shell.clone();
        self.shell
            .readers
            .load(self.uid.to_string(), move |loaded| {
                let read = match loaded {
                    Ok(Some(loaded)) => Shell::decode(&shell.plans, loaded)
                        .map(|run| Some(Box::new(run)))
                        .map_err(ReadError::Body),
                    Ok(None) => Ok(None),
                    Err(error) => Err(ReadError::Ledger(error.to_string())),
                };
                let _ = me.try_send(RunRead(read));
            });
    }
}

impl Handler<RunRead> for RunKeeper {
    type Result = ();

    /// The run is here: keepers for its live nodes, everything owed, and its commands.
    fn handle(&mut self, RunRead(read): RunRead, ctx: &mut Context<Self>) {
        let readable = match read {
            Ok(Some(readable)) => *readable,
            Ok(None) => {
                let _ = self.watch.try_send(PodOrder::Abandon(self.uid.to_string()));
                return self.be_gone(ctx);
            }
            Err(ReadError::Ledger(error)) => {
                tracing::warn!(uid = %self.uid, error, "run cannot be read; trying again");
                ctx.run_later(READ_AGAIN, |keeper, ctx| keeper.read(ctx));
                return;
            }
            Err(ReadError::Body(error)) => {
                return self.park(format!("Unreadable: {error}"), None, ctx);
            }
        };
        let version = readable.version;
        if let Some(reason) = readable.parked {
            tracing::warn!(uid = %self.uid, reason, "run is parked");
            return self.be_parked(Some(Box::new(readable.run)), version, reason, ctx);
        }
        let run = readable.run;
        let live: Vec<NodeIx> = run.index.live.iter().copied().collect();
        self.keep_nodes(&run, &live, ctx);
        let owed = usher_core::owed::owed(&run);
        self.unclaimed.clear();
        self.dispatch(&run, owed, ctx);
        self.state = State::Here {
            run: Box::new(run),
            version,
        };
        self.commands.awaited = true;
        self.arm_deadline(ctx);
        self.read_commands(ctx);
        self.turn(ctx);
        self.consider_leave(ctx);
    }
}
