//! The keeper of one awake run: one turn in flight, everything else queued.
//!
//! Events of its nodes and commands from the ledger queue up while a commit is in flight; the next
//! turn folds all of them. What follows from a turn (effects, news, keepers) happens after its
//! commit, never before. When a commit is refused or its outcome unknown, the keeper ends and is
//! rebuilt from the ledger: it has no state left to go on with by mistake.
//!
//! Not here: what a turn decides (`usher_core::decide`), processes and timers (`NodeKeeper`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, SpawnHandle};
use usher_core::decide::EVENTS_MAX;
use usher_core::effect::Effect;
use usher_core::event::{Event, Stamped};
use usher_core::run::{NodeIx, Run};
use usher_ledger::{Birth, Fence, Outcome, Write};

use super::guard::Guard;
use super::messages::{
    AskSleep, CommandsRead, Committed, Happened, NodeGone, NodeOrder, NodeState, Nudge, Observe,
    PodOrder, Report, RunRead, Sleep,
};
use super::node::NodeKeeper;
use super::partition::PartitionKeeper;
use super::pod_watch::PodWatch;
use super::shell::{Changed, Shell};
use crate::ports::runtime::PodKey;
use crate::turn;

mod handlers;

/// How long a turn without effects and commands may wait for company, milliseconds.
const LAZY_MS: u64 = 1_000;

/// Keeps one run.
#[derive(Debug)]
pub struct RunKeeper {
    shell: Arc<Shell>,
    partition: Addr<PartitionKeeper>,
    watch: Addr<PodWatch>,
    uid: Arc<str>,
    fence: Fence,
    state: State,
    queue: VecDeque<Stamped>,
    keepers: BTreeMap<NodeIx, Addr<NodeKeeper>>,
    commands: Commands,
    lazy: Option<SpawnHandle>,
    quiet_since_ms: Option<i64>,
    guard: Guard,
}

/// The run, wherever it is.
#[derive(Debug)]
enum State {
    /// Being read.
    Reading { since_ms: i64 },
    /// Here, as committed.
    Here { run: Box<Run>, version: i64 },
    /// Decided, being committed.
    InFlight { after: Box<After>, since_ms: i64 },
    /// Parked for a person: takes only terminate, delete and unpark.
    Parked,
    /// Ended or gone; the keeper is about to stop.
    Over,
}

/// What follows a commit.
#[derive(Debug)]
struct After {
    run: Run,
    effects: Vec<Effect>,
    changed: Vec<NodeIx>,
    applied: Vec<i64>,
    delete: bool,
    born: Option<tokio::sync::oneshot::Sender<Result<(), String>>>,
}

/// Commands read and not yet committed.
#[derive(Debug, Default)]
struct Commands {
    /// A read is under way.
    reading: bool,
    /// A read is wanted once the one under way is back.
    again: bool,
    /// Ids in the queue or in flight.
    taken: BTreeSet<i64>,
}

/// What a new keeper begins with.
#[derive(Debug)]
pub enum Begin {
    /// A run that is in the ledger.
    Wake,
    /// A run that is not yet: its first turn is its birth.
    Born(Box<super::messages::Submit>),
}

impl RunKeeper {
    /// Starts a keeper for a run of a partition.
    #[must_use]
    pub fn start_for(
        shell: Arc<Shell>,
        partition: Addr<PartitionKeeper>,
        watch: Addr<PodWatch>,
        uid: Arc<str>,
        fence: Fence,
        begin: Begin,
        guard: Guard,
    ) -> Addr<RunKeeper> {
        RunKeeper::create(move |ctx| {
            ctx.set_mailbox_capacity(super::MAILBOX);
            let since_ms = shell.clock.now_ms();
            let mut keeper = RunKeeper {
                shell,
                partition,
                watch,
                uid,
                fence,
                state: State::Reading { since_ms },
                queue: VecDeque::new(),
                keepers: BTreeMap::new(),
                commands: Commands::default(),
                lazy: None,
                quiet_since_ms: None,
                guard,
            };
            match begin {
                Begin::Wake => keeper.read(ctx),
                Begin::Born(submit) => keeper.be_born(*submit, ctx),
            }
            keeper
        })
    }

    fn read(&mut self, ctx: &mut Context<Self>) {
        let me = ctx.address();
        let plans = self.shell.clone();
        self.shell
            .readers
            .load(self.uid.to_string(), move |loaded| {
                let read = match loaded {
                    Ok(Some(loaded)) => {
                        Shell::decode(&plans.plans, loaded).map(|run| Some(Box::new(run)))
                    }
                    Ok(None) => Ok(None),
                    Err(error) => Err(error.to_string()),
                };
                let _ = me.try_send(RunRead(read));
            });
    }

    fn be_born(&mut self, submit: super::messages::Submit, ctx: &mut Context<Self>) {
        let at_ms = self.shell.clock.now_ms();
        let event = Stamped {
            at_ms,
            event: Event::Submitted,
        };
        match turn::take(*submit.run, vec![event], self.fence, 0) {
            Ok(taken) => {
                let identity = &taken.run.head.identity;
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
                };
                let after = After {
                    run: taken.run,
                    effects: taken.effects,
                    changed: taken.changed,
                    applied: Vec::new(),
                    delete: false,
                    born: Some(submit.reply),
                };
                self.write(Write::Birth(Box::new(birth)), after, ctx);
            }
            Err(bug) => {
                let _ = submit.reply.send(Err(bug.to_string()));
                self.over(ctx);
            }
        }
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

    /// Takes the next turn if the run is here and something waits.
    fn turn(&mut self, ctx: &mut Context<Self>) {
        if self.queue.is_empty() {
            return;
        }
        let State::Here { .. } = self.state else {
            return;
        };
        if let Some(lazy) = self.lazy.take() {
            ctx.cancel_future(lazy);
        }
        let State::Here { run, version } =
            std::mem::replace(&mut self.state, State::Reading { since_ms: 0 })
        else {
            return;
        };
        let count = self.queue.len().min(EVENTS_MAX);
        let events: Vec<Stamped> = self.queue.drain(..count).collect();
        let span = tracing::debug_span!(
            "turn",
            run = %run.head.identity.name,
            uid = %self.uid,
            events = events.len(),
            first = event_name(events.first()),
            node = ?event_node(events.first()),
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
                    born: None,
                };
                self.write(Write::Turn(Box::new(taken.turn)), after, ctx);
            }
            Err(bug) => self.park(format!("EngineBug: {}", bug.message), ctx),
        }
    }

    /// Queues an event; it is taken at once, or with the next turn when it can wait.
    fn happen(&mut self, event: Event, ctx: &mut Context<Self>) {
        let at_ms = self.shell.clock.now_ms();
        let can_wait = matches!(event, Event::PodStarted { .. });
        self.queue.push_back(Stamped { at_ms, event });
        self.quiet_since_ms = None;
        if !can_wait {
            self.turn(ctx);
        } else if self.lazy.is_none() {
            let wait = Duration::from_millis(LAZY_MS);
            self.lazy = Some(ctx.run_later(wait, |keeper, ctx| {
                keeper.lazy = None;
                keeper.turn(ctx);
            }));
        }
    }

    /// Parks the run durably: a person must look at it. Nothing of it goes on.
    fn park(&mut self, reason: String, ctx: &mut Context<Self>) {
        tracing::error!(uid = %self.uid, %reason, "run parked");
        let uid = self.uid.to_string();
        let fence = self.fence;
        self.shell.writer.submit(
            Write::Park {
                run: uid,
                fence,
                reason,
            },
            Box::new(|result| {
                if let Err(error) = result {
                    tracing::error!(%error, "the reason of a parked run is not in the ledger");
                }
            }),
        );
        self.state = State::Parked;
        self.keepers.clear();
        self.shell.announce(Changed {
            run: self.uid.clone(),
            ended: false,
            waits: true,
        });
        self.over(ctx);
    }

    /// The keeper's work is done: its partition forgets it.
    fn over(&mut self, ctx: &mut Context<Self>) {
        if !matches!(self.state, State::Parked) {
            self.state = State::Over;
        }
        self.guard.disarm();
        let _ = self.partition.try_send(super::messages::RunOver {
            run: self.uid.to_string(),
        });
        ctx.stop();
    }

    /// What follows a commit, in order: keepers, effects, news, the next turn.
    fn follow(&mut self, after: After, version: i64, ctx: &mut Context<Self>) {
        for id in &after.applied {
            self.commands.taken.remove(id);
        }
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
            return self.over(ctx);
        }
        self.keep_nodes(&run, &after.changed, ctx);
        self.dispatch(&run, after.effects, ctx);
        if ended {
            return self.over(ctx);
        }
        self.state = State::Here {
            run: Box::new(run),
            version,
        };
        self.turn(ctx);
        self.consider_sleep(ctx);
    }

    /// Gives every live node among `changed` a keeper with its committed state, and lets go the
    /// keepers of those that are done.
    fn keep_nodes(&mut self, run: &Run, changed: &[NodeIx], ctx: &mut Context<Self>) {
        for ix in changed {
            let Some(node) = run.node(*ix) else { continue };
            if !node.is_live() {
                self.keepers.remove(ix);
                continue;
            }
            let keeper = self.keepers.entry(*ix).or_insert_with(|| {
                NodeKeeper::start_for(
                    self.shell.clone(),
                    ctx.address(),
                    self.watch.clone(),
                    self.uid.clone(),
                    *ix,
                )
            });
            let state = NodeState {
                node: Box::new(node.clone()),
                due_ms: node.due_ms(run.head.suspended),
                wants_result: run.call(*ix).is_some_and(|call| call.captures_result),
            };
            if keeper.try_send(state).is_err() {
                // It died in this instant; its guard has told us, and it is made anew.
                self.keepers.remove(ix);
            }
        }
    }

    fn dispatch(&mut self, run: &Run, effects: Vec<Effect>, ctx: &mut Context<Self>) {
        for effect in effects {
            match effect {
                Effect::LaunchPod { node, .. } => match usher_core::work::of(run, node) {
                    Ok(work) => self.order(node, NodeOrder::Launch(Arc::new(work))),
                    Err(message) => {
                        let launch = run.node(node).map_or(0, |node| node.launch);
                        self.happen(
                            Event::PodLost {
                                node,
                                launch,
                                reason: message,
                            },
                            ctx,
                        );
                    }
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

    fn read_commands(&mut self, ctx: &mut Context<Self>) {
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

    /// A run that only waits goes to sleep after a while: no actor, no memory.
    fn consider_sleep(&mut self, ctx: &mut Context<Self>) {
        let State::Here { run, .. } = &self.state else {
            return;
        };
        let now_ms = self.shell.clock.now_ms();
        let after_ms = self.shell.settings.sleep_after_ms;
        let due_ms = run.next_due_ms();
        let soon = due_ms.is_some_and(|due_ms| due_ms <= now_ms.saturating_add(after_ms));
        if run.is_busy() || soon || !self.queue.is_empty() || self.commands.reading {
            self.quiet_since_ms = None;
            return;
        }
        let since_ms = *self.quiet_since_ms.get_or_insert(now_ms);
        if now_ms - since_ms >= after_ms {
            let _ = self.partition.try_send(AskSleep {
                run: self.uid.to_string(),
                due_ms,
            });
        } else {
            let wait = u64::try_from(after_ms - (now_ms - since_ms))
                .unwrap_or(0)
                .max(1);
            ctx.run_later(Duration::from_millis(wait), |keeper, ctx| {
                keeper.consider_sleep(ctx)
            });
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

impl Actor for RunKeeper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        // The run's own deadline; nodes have keepers for theirs.
        ctx.run_interval(Duration::from_secs(1), |keeper, ctx| {
            keeper.check_deadline(ctx)
        });
    }
}

impl RunKeeper {
    fn check_deadline(&mut self, ctx: &mut Context<Self>) {
        let State::Here { run, .. } = &self.state else {
            return;
        };
        let now_ms = self.shell.clock.now_ms();
        let Some(due_ms) = run.deadline_ms() else {
            return;
        };
        if due_ms <= now_ms {
            self.happen(Event::TimerRang { node: None }, ctx);
        } else if due_ms - now_ms < 1_000 {
            let wait = Duration::from_millis(u64::try_from(due_ms - now_ms).unwrap_or(0) + 1);
            ctx.run_later(wait, |keeper, ctx| keeper.check_deadline(ctx));
        }
    }
}
