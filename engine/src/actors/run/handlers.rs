//! What a `RunKeeper` does with each message.

use actix::{Context, Handler, MessageResult};

use super::{
    ActorContext, Changed, CommandsRead, Committed, Event, Happened, NodeGone, Nudge, Observe,
    Outcome, PodKey, Report, RunKeeper, RunRead, Sleep, Stamped, State,
};
use crate::actors::messages::Unclaimed;
use usher_core::run::NodeIx;

impl Handler<RunRead> for RunKeeper {
    type Result = ();

    /// The run is here: keepers for its live nodes, everything owed, and its commands.
    fn handle(&mut self, RunRead(read): RunRead, ctx: &mut Context<Self>) {
        let readable = match read {
            Ok(Some(readable)) => *readable,
            Ok(None) => {
                let uid = self.uid.to_string();
                let _ = self.watch.try_send(super::PodOrder::Abandon(uid));
                return self.over(ctx);
            }
            Err(error) => {
                tracing::error!(uid = %self.uid, error, "run cannot be read");
                return self.park(format!("Unreadable: {error}"), ctx);
            }
        };
        if let Some(reason) = readable.parked {
            tracing::warn!(uid = %self.uid, reason, "run is parked");
            self.state = State::Parked;
            return self.over(ctx);
        }
        let run = readable.run;
        let live: Vec<NodeIx> = run.index.live.iter().copied().collect();
        let owed = usher_core::owed::owed(&run);
        let ended = run.head.phase.is_done();
        self.keep_nodes(&run, &live, ctx);
        self.state = State::Here {
            run: Box::new(run.clone()),
            version: readable.version,
        };
        self.dispatch(&run, owed, ctx);
        self.read_commands(ctx);
        if ended {
            // Commands may still wait for an answer; the keeper stays until it is asked to sleep.
            self.quiet_since_ms = None;
        }
        self.consider_sleep(ctx);
    }
}

impl Handler<Happened> for RunKeeper {
    type Result = ();

    fn handle(&mut self, Happened(event): Happened, ctx: &mut Context<Self>) {
        self.happen(event, ctx);
    }
}

impl Handler<Nudge> for RunKeeper {
    type Result = ();

    fn handle(&mut self, _: Nudge, ctx: &mut Context<Self>) {
        self.quiet_since_ms = None;
        self.read_commands(ctx);
    }
}

impl Handler<CommandsRead> for RunKeeper {
    type Result = ();

    fn handle(&mut self, CommandsRead(read): CommandsRead, ctx: &mut Context<Self>) {
        self.commands.reading = false;
        let stale = std::mem::take(&mut self.commands.again);
        match read {
            Ok(commands) if !stale => {
                let at_ms = self.shell.clock.now_ms();
                for row in commands {
                    if !self.commands.taken.insert(row.id) {
                        continue;
                    }
                    match serde_json::from_slice(&row.body) {
                        Ok(command) => self.queue.push_back(Stamped {
                            at_ms,
                            event: Event::Commanded {
                                id: row.id,
                                command,
                            },
                        }),
                        Err(error) => {
                            let reason = format!("Unreadable: command {}: {error}", row.id);
                            return self.park(reason, ctx);
                        }
                    }
                }
            }
            Ok(_) => self.read_commands(ctx),
            Err(error) => {
                tracing::warn!(uid = %self.uid, error, "commands cannot be read; trying again");
                self.read_commands(ctx);
            }
        }
        self.turn(ctx);
        self.consider_sleep(ctx);
    }
}

impl Handler<Committed> for RunKeeper {
    type Result = ();

    fn handle(&mut self, Committed(result): Committed, ctx: &mut Context<Self>) {
        let since_ms = 0;
        let state = std::mem::replace(&mut self.state, State::Reading { since_ms });
        let State::InFlight { after, .. } = state else {
            self.state = state;
            return;
        };
        // A read that began before this commit may show commands that it has applied.
        if self.commands.reading && !after.applied.is_empty() {
            self.commands.again = true;
        }
        match result {
            Ok(Outcome::Committed { version }) => self.follow(*after, version, ctx),
            Ok(Outcome::Refused { reason }) => {
                if let Some(reply) = after.born {
                    let _ = reply.send(Err(reason));
                    return self.over(ctx);
                }
                self.park(format!("LedgerRefused: {reason}"), ctx);
            }
            Ok(Outcome::Stale | Outcome::Unknown { .. } | Outcome::Inserted { .. }) | Err(_) => {
                if let Some(reply) = after.born {
                    let _ = reply.send(Err("the ledger did not take the run".to_owned()));
                }
                // What was decided is forgotten; the guard's word has the run rebuilt.
                tracing::warn!(uid = %self.uid, "turn not committed; the run is read again");
                ctx.stop();
            }
        }
    }
}

impl Handler<NodeGone> for RunKeeper {
    type Result = ();

    /// A node's keeper died: a new one from the committed node, with what is owed to it.
    fn handle(&mut self, NodeGone { node }: NodeGone, ctx: &mut Context<Self>) {
        if self.keepers.get(&node).is_some_and(actix::Addr::connected) {
            return;
        }
        self.keepers.remove(&node);
        let run = match &self.state {
            State::Here { run, .. } => (**run).clone(),
            // The commit at hand gives it a keeper if it is still live; look again then.
            State::InFlight { .. } | State::Reading { .. } => {
                let me = actix::AsyncContext::address(ctx);
                actix::AsyncContext::run_later(
                    ctx,
                    std::time::Duration::from_millis(5),
                    move |_, _| {
                        let _ = me.try_send(NodeGone { node });
                    },
                );
                return;
            }
            State::Parked | State::Over => return,
        };
        if run.node(node).is_some_and(usher_core::run::Node::is_live) {
            self.keep_nodes(&run, &[node], ctx);
            let owed = usher_core::owed::owed(&run);
            let own = owed.into_iter().filter(|effect| match effect {
                super::Effect::LaunchPod { node: of, .. }
                | super::Effect::StopPod { node: of, .. } => *of == node,
                super::Effect::ReleasePod { .. }
                | super::Effect::Continue
                | super::Effect::AnnounceEnd
                | super::Effect::Note(_) => false,
            });
            self.dispatch(&run, own.collect(), ctx);
        }
    }
}

impl Handler<Sleep> for RunKeeper {
    type Result = ();

    /// The partition has forgotten us; whatever comes now wakes the run anew. What came between
    /// the question and the leave does so as well: the leave is not taken by halves.
    fn handle(&mut self, _: Sleep, ctx: &mut Context<Self>) {
        self.guard.disarm();
        let is_here = matches!(self.state, State::Here { .. });
        if !is_here || self.commands.reading || !self.queue.is_empty() {
            let run = self.uid.to_string();
            let _ = self.partition.try_send(Nudge { run });
        }
        self.shell.announce(Changed {
            run: self.uid.clone(),
            ended: false,
            waits: true,
        });
        ctx.stop();
    }
}

impl Handler<Unclaimed> for RunKeeper {
    type Result = ();

    /// The runtime still shows a launch that no node keeps: if it is done here, it is released.
    fn handle(&mut self, _: Unclaimed, _: &mut Context<Self>) {
        let State::Here { run, .. } = &self.state else {
            return;
        };
        for effect in usher_core::owed::owed(run) {
            if let super::Effect::ReleasePod { node, launch } = effect {
                let key = PodKey {
                    run: self.uid.to_string(),
                    node,
                    launch,
                };
                let _ = self.watch.try_send(super::PodOrder::Release(key));
            }
        }
    }
}

impl Handler<Observe> for RunKeeper {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Context<Self>) -> MessageResult<Observe> {
        let now_ms = self.shell.clock.now_ms();
        let (waits_for, since_ms) = match &self.state {
            State::Reading { since_ms } if *since_ms > 0 => ("the ledger's rows", *since_ms),
            State::InFlight { since_ms, .. } => ("a commit", *since_ms),
            State::Reading { .. } | State::Here { .. } | State::Parked | State::Over => {
                ("", now_ms)
            }
        };
        let unkept = match &self.state {
            State::Here { run, .. } => {
                let kept =
                    |ix: &&NodeIx| !self.keepers.get(*ix).is_some_and(actix::Addr::connected);
                run.index.live.iter().filter(kept).copied().collect()
            }
            State::Reading { .. } | State::InFlight { .. } | State::Parked | State::Over => vec![],
        };
        MessageResult(Report {
            actor: "RunKeeper",
            of: self.uid.to_string(),
            waits_for: waits_for.to_owned(),
            waited_ms: now_ms - since_ms,
            queued: self.queue.len(),
            unkept,
        })
    }
}
