//! Turns: from what waits in the queue to a write, and from its commit to what follows.

use std::time::Instant;

use actix::{ActorContext, AsyncContext, Context, Handler};
use usher_core::event::{Event, Stamped};
use usher_core::run::NodeIx;
use usher_ledger::{Birth, Outcome, Write};

use super::{After, RunKeeper, State};
use crate::actors::messages::{Committed, Happened, PodOrder, Submit};
use crate::actors::shell::{Changed, Rings};
use crate::turn;

impl RunKeeper {
    /// The first turn of a run makes it: run, plan and nodes are one commit.
    pub(super) fn be_born(&mut self, submit: Submit, ctx: &mut Context<Self>) {
        let at_ms = self.shell.clock.now_ms();
        let event = Stamped {
            at_ms,
            event: Event::Submitted,
        };
        let taken = match turn::take(*submit.run, vec![event], self.fence, 0) {
            Ok(taken) => taken,
            Err(bug) => {
                let _ = submit.reply.send(Err(bug.to_string()));
                return self.be_gone(ctx);
            }
        };
        let identity = &taken.run.head.identity;
        let rings = Rings::of(&taken.turn.people);
        let birth = Birth {
            uid: identity.uid.clone(),
            fence: self.fence,
            namespace: identity.namespace.clone(),
            name: identity.name.clone(),
            created_ms: identity.created_ms,
            plan_hash: submit.plan_hash,
            plan: submit.plan,
            head: taken.turn.head,
            scope: taken.turn.scope,
            nodes: taken.turn.nodes,
            key: None,
            people: taken.turn.people,
        };
        let after = After {
            run: taken.run,
            effects: taken.effects,
            changed: taken.changed,
            applied: Vec::new(),
            delete: false,
            rings,
            born: Some(submit.reply),
        };
        self.write(Write::Birth(Box::new(birth)), after, ctx);
    }

    /// Hands a write to the writing thread; its answer comes back as [`Committed`].
    fn write(&mut self, write: Write, after: After, ctx: &mut Context<Self>) {
        let since_ms = self.shell.clock.now_ms();
        self.state = State::InFlight {
            after: Box::new(after),
            since_ms,
        };
        let me = ctx.address();
        self.shell.writer.submit(
            write,
            Box::new(move |result| {
                let _ = me.try_send(Committed(result));
            }),
        );
    }

    /// Queues an event; it is taken at once, or with the next turn when it can wait.
    pub(super) fn happen(&mut self, event: Event, ctx: &mut Context<Self>) {
        self.quiet_since_ms = None;
        self.enqueue(event);
        self.turn(ctx);
    }

    pub(super) fn enqueue(&mut self, event: Event) {
        let at_ms = self.shell.clock.now_ms();
        self.queue.push(Stamped { at_ms, event });
    }

    /// Takes the next turn if the run is here and something waits that cannot wait longer.
    pub(super) fn turn(&mut self, ctx: &mut Context<Self>) {
        let State::Here { run, .. } = &self.state else {
            return;
        };
        if self.commands.awaited {
            return;
        }
        let Some(patience) = self.queue.patience(run.index.busy) else {
            return;
        };
        if patience.is_zero() {
            return self.take_turn(ctx);
        }
        let due = Instant::now() + patience;
        if self.gather.is_some_and(|(already, _)| already <= due) {
            return;
        }
        let timer = ctx.run_later(patience, |keeper, ctx| {
            keeper.gather = None;
            keeper.take_turn(ctx);
        });
        if let Some((_, later)) = self.gather.replace((due, timer)) {
            ctx.cancel_future(later);
        }
    }

    fn take_turn(&mut self, ctx: &mut Context<Self>) {
        if !self.partition.connected() {
            // Another keeper of the partition has another keeper of this run by now.
            return self.end(ctx);
        }
        if self.queue.is_empty() || !matches!(self.state, State::Here { .. }) {
            return;
        }
        if let Some((_, timer)) = self.gather.take() {
            ctx.cancel_future(timer);
        }
        let since_ms = self.shell.clock.now_ms();
        let here = std::mem::replace(&mut self.state, State::Reading { since_ms });
        let State::Here { run, version } = here else {
            return;
        };
        let events = self.queue.take();
        let span = tracing::debug_span!(
            "turn",
            run = %run.head.identity.name,
            uid = %self.uid,
            events = events.len(),
            event = event_name(events.first()),
            node = event_node(events.first()),
        );
        let _entered = span.enter();
        match turn::take(*run, events, self.fence, version) {
            Ok(taken) => {
                let after = After {
                    run: taken.run,
                    effects: taken.effects,
                    changed: taken.changed,
                    applied: taken
                        .turn
                        .applied
                        .iter()
                        .map(|applied| applied.id)
                        .collect(),
                    delete: taken.turn.delete,
                    rings: Rings::of(&taken.turn.people),
                    born: None,
                };
                self.write(Write::Turn(Box::new(taken.turn)), after, ctx);
            }
            Err(bug) => {
                self.park(format!("EngineBug: {}", bug.message), None, ctx);
            }
        }
    }

    /// What follows a commit, in order: news, keepers, effects, the next turn.
    fn follow(&mut self, after: After, version: i64, ctx: &mut Context<Self>) {
        for id in &after.applied {
            self.commands.taken.remove(id);
        }
        self.shell.ring(after.rings);
        if let Some(reply) = after.born {
            let _ = reply.send(Ok(()));
        }
        let run = after.run;
        let ended = run.head.phase.is_done() || after.delete;
        self.shell.announce(Changed {
            run: self.uid.clone(),
            ended,
            waits: !run.is_busy() && !ended,
        });
        if after.delete {
            let _ = self.watch.try_send(PodOrder::Abandon(self.uid.to_string()));
            return self.be_gone(ctx);
        }
        self.keep_nodes(&run, &after.changed, ctx);
        self.dispatch(&run, after.effects, ctx);
        for key in std::mem::take(&mut self.unclaimed) {
            self.release_if_done(&run, key);
        }
        self.state = State::Here {
            run: Box::new(run),
            version,
        };
        self.arm_deadline(ctx);
        self.turn(ctx);
        self.consider_leave(ctx);
    }
}

impl Handler<Happened> for RunKeeper {
    type Result = ();

    fn handle(&mut self, Happened(event): Happened, ctx: &mut Context<Self>) {
        self.happen(event, ctx);
    }
}

impl Handler<Committed> for RunKeeper {
    type Result = ();

    fn handle(&mut self, Committed(result): Committed, ctx: &mut Context<Self>) {
        let since_ms = self.shell.clock.now_ms();
        let state = std::mem::replace(&mut self.state, State::Reading { since_ms });
        let State::InFlight { after, .. } = state else {
            self.state = state;
            return;
        };
        // A read that began before this commit may show commands that it has applied.
        if !after.applied.is_empty() {
            self.commands.doubt();
        }
        match result {
            Ok(Outcome::Committed { version }) => self.follow(*after, version, ctx),
            Ok(Outcome::Refused { reason }) => {
                if let Some(reply) = after.born {
                    let _ = reply.send(Err(reason));
                    return self.be_gone(ctx);
                }
                self.park(format!("LedgerRefused: {reason}"), None, ctx);
            }
            Ok(Outcome::Stale | Outcome::Unknown { .. } | Outcome::Inserted { .. }) | Err(_) => {
                if let Some(reply) = after.born {
                    let _ = reply.send(Err("the ledger did not take the run".to_owned()));
                }
                // What was decided is forgotten; the guard's word has the run rebuilt.
                tracing::warn!(uid = %self.uid, "turn not committed; the run is read again");
                self.keepers.clear();
                ctx.stop();
            }
        }
    }
}

fn event_name(event: Option<&Stamped>) -> &'static str {
    match event.map(|stamped| &stamped.event) {
        Some(Event::Submitted) => "Submitted",
        Some(Event::Continued) => "Continued",
        Some(Event::Commanded { .. }) => "Commanded",
        Some(Event::PodStarted { .. }) => "PodStarted",
        Some(Event::PodFinished { .. }) => "PodFinished",
        Some(Event::PodLost { .. }) => "PodLost",
        Some(Event::TimerRang { .. }) => "TimerRang",
        None => "none",
    }
}

fn event_node(event: Option<&Stamped>) -> Option<NodeIx> {
    match &event?.event {
        Event::PodStarted { node, .. }
        | Event::PodFinished { node, .. }
        | Event::PodLost { node, .. } => Some(*node),
        Event::TimerRang { node } => *node,
        Event::Submitted | Event::Continued | Event::Commanded { .. } => None,
    }
}
