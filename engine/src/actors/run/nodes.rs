//! A run's nodes: a keeper for each live one, and the effects that a commit asked for.

use std::sync::Arc;
use std::time::Duration;

use actix::{Addr, AsyncContext, Context, Handler};
use usher_core::effect::Effect;
use usher_core::event::Event;
use usher_core::run::{NodeIx, Run};

use super::{RunKeeper, State};
use crate::actors::messages::{NodeGone, NodeOrder, NodeState, PodOrder, Unclaimed};
use crate::actors::node::NodeKeeper;
use crate::ports::runtime::PodKey;

/// How soon a dead node's keeper is looked at again while the run is being committed.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl RunKeeper {
    /// Gives every live node among `changed` a keeper with its committed state, and lets go the
    /// keepers of those that are done.
    pub(super) fn keep_nodes(&mut self, run: &Run, changed: &[NodeIx], ctx: &mut Context<Self>) {
        for ix in changed {
            let Some(node) = run.node(*ix) else { continue };
            if !node.is_live() {
                self.keepers.remove(ix);
                continue;
            }
            let keeper = self.keepers.entry(*ix).or_insert_with(|| {
                let (shell, watch) = (self.shell.clone(), self.watch.clone());
                NodeKeeper::start_for(shell, ctx.address(), watch, self.uid.clone(), *ix)
            });
            let state = NodeState {
                node: Box::new(node.clone()),
                due_ms: node.due_ms(run.head.suspended),
                wants_result: run.call(*ix).is_some_and(|call| call.captures_result),
            };
            if keeper.try_send(state).is_err() {
                // It died in this instant; its guard tells us, and it is made anew then.
                self.keepers.remove(ix);
            }
        }
    }

    /// Carries effects out, in order.
    pub(super) fn dispatch(&mut self, run: &Run, effects: Vec<Effect>, ctx: &mut Context<Self>) {
        for effect in effects {
            match effect {
                Effect::LaunchPod { node, launch } => match usher_core::work::of(run, node) {
                    Ok(work) => self.order(node, NodeOrder::Launch(Arc::new(work))),
                    Err(reason) => self.happen(
                        Event::PodLost {
                            node,
                            launch,
                            reason,
                        },
                        ctx,
                    ),
                },
                Effect::StopPod { node, .. } => self.order(node, NodeOrder::Stop),
                Effect::ReleasePod { node, launch } => {
                    let key = PodKey {
                        run: self.uid.to_string(),
                        node,
                        launch,
                    };
                    let _ = self.watch.try_send(PodOrder::Release(key));
                }
                Effect::Continue => self.happen(Event::Continued, ctx),
                Effect::AnnounceEnd => {
                    tracing::info!(
                        run = %run.head.identity.name,
                        phase = run.head.phase.word(),
                        "run ended"
                    );
                }
                Effect::Note(_) => {}
            }
        }
    }

    fn order(&mut self, node: NodeIx, order: NodeOrder) {
        if let Some(keeper) = self.keepers.get(&node) {
            let _ = keeper.try_send(order);
        }
    }

    /// A launch that a runtime still shows is released when it is done here or unknown.
    pub(super) fn release_if_done(&self, run: &Run, key: PodKey) {
        let is_wanted = run
            .node(key.node)
            .is_some_and(|node| node.launch == key.launch && node.has_process());
        if !is_wanted {
            let _ = self.watch.try_send(PodOrder::Release(key));
        }
    }

    /// Makes the keeper of a live node anew and gives it what is owed to its node.
    fn rebuild_keeper(&mut self, run: &Run, ix: NodeIx, ctx: &mut Context<Self>) {
        let Some(node) = run.node(ix).filter(|node| node.is_live()) else {
            return;
        };
        tracing::error!(uid = %self.uid, node = %node.name, "a node's keeper died; it is rebuilt");
        self.keep_nodes(run, &[ix], ctx);
        let owed = usher_core::owed::owed_to(run, ix);
        self.dispatch(run, owed, ctx);
    }
}

impl Handler<NodeGone> for RunKeeper {
    type Result = ();

    /// A node's keeper is gone: by our will, or it died and its node needs another.
    fn handle(&mut self, NodeGone { node }: NodeGone, ctx: &mut Context<Self>) {
        if self.keepers.get(&node).is_some_and(Addr::connected) {
            return;
        }
        self.keepers.remove(&node);
        let since_ms = self.shell.clock.now_ms();
        match std::mem::replace(&mut self.state, State::Reading { since_ms }) {
            State::Here { run, version } => {
                self.rebuild_keeper(&run, node, ctx);
                self.state = State::Here { run, version };
                self.turn(ctx);
            }
            // The commit at hand gives it a keeper if it is still live; look again then.
            state @ (State::InFlight { .. } | State::Reading { .. }) => {
                let is_live = match &state {
                    State::InFlight { after, .. } => after
                        .run
                        .node(node)
                        .is_some_and(usher_core::run::Node::is_live),
                    _ => false,
                };
                self.state = state;
                if is_live {
                    let me = ctx.address();
                    ctx.run_later(LOOK_AGAIN, move |_, _| {
                        let _ = me.try_send(NodeGone { node });
                    });
                }
            }
            state @ (State::Parked { .. } | State::Gone) => self.state = state,
        }
    }
}

impl Handler<Unclaimed> for RunKeeper {
    type Result = ();

    fn handle(&mut self, Unclaimed { key }: Unclaimed, _: &mut Context<Self>) {
        match &self.state {
            State::Here { run, .. } => self.release_if_done(run, key),
            State::Reading { .. } | State::InFlight { .. } => self.unclaimed.push(key),
            State::Parked { .. } | State::Gone => {}
        }
    }
}
