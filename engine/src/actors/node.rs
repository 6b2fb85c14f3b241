//! The keeper of one live node: its process and its timers.
//!
//! It never changes a phase: it tells its `RunKeeper` what happened. The observation itself lasts
//! in the runtime until the turn that applies it has committed and releases it: a keeper that is
//! made anew registers and is told again. A timer in memory is a copy of the committed due time: it
//! wakes, looks at the clock at least every second, and `decide` compares.

use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message, MessageResult, SpawnHandle,
};
use usher_core::event::{End, Event};
use usher_core::run::{Node, NodeIx};

use super::guard::Guard;
use super::messages::{Happened, NodeGone, NodeOrder, NodeState, Observe, PodOrder, Report, Told};
use super::pod_watch::PodWatch;
use super::run::RunKeeper;
use super::shell::Shell;
use crate::ports::runtime::{PodKey, PodNews};

/// A timer looks at the clock at least this often, milliseconds.
const LOOK_MS: i64 = 1_000;

/// Keeps one live node.
#[derive(Debug)]
pub struct NodeKeeper {
    shell: Arc<Shell>,
    run_keeper: Addr<RunKeeper>,
    watch: Addr<PodWatch>,
    run: Arc<str>,
    ix: NodeIx,
    node: Option<Box<Node>>,
    registered: Option<PodKey>,
    wants_result: bool,
    timer: Option<SpawnHandle>,
    due_ms: Option<i64>,
    _guard: Guard,
}

impl NodeKeeper {
    /// Starts a keeper; its first message is the node's state.
    #[must_use]
    pub fn start_for(
        shell: Arc<Shell>,
        run_keeper: Addr<RunKeeper>,
        watch: Addr<PodWatch>,
        run: Arc<str>,
        ix: NodeIx,
    ) -> Addr<NodeKeeper> {
        let parent = run_keeper.downgrade();
        let guard = Guard::new(move |_| {
            if let Some(parent) = parent.upgrade() {
                let _ = parent.try_send(NodeGone { node: ix });
            }
        });
        NodeKeeper::create(move |ctx| {
            ctx.set_mailbox_capacity(64);
            NodeKeeper {
                shell,
                run_keeper,
                watch,
                run,
                ix,
                node: None,
                registered: None,
                wants_result: false,
                timer: None,
                due_ms: None,
                _guard: guard,
            }
        })
    }

    fn key(&self) -> Option<PodKey> {
        let node = self.node.as_ref()?;
        node.has_process().then(|| PodKey {
            run: self.run.to_string(),
            node: self.ix,
            launch: node.launch,
        })
    }

    /// Hears of the node's present launch from now on.
    fn register(&mut self, ctx: &mut Context<Self>) {
        let Some(key) = self.key() else { return };
        if self.registered.as_ref() != Some(&key) {
            let order = PodOrder::Register(key.clone(), ctx.address().recipient());
            if self.watch.try_send(order).is_ok() {
                self.registered = Some(key);
            }
        }
    }

    fn tell(&mut self, event: Event, ctx: &mut Context<Self>) {
        if self.run_keeper.try_send(Happened(event.clone())).is_err() {
            if !self.run_keeper.connected() {
                return ctx.stop();
            }
            ctx.run_later(Duration::from_millis(10), move |keeper, ctx| {
                keeper.tell(event, ctx)
            });
        }
    }

    fn arm(&mut self, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        let Some(due_ms) = self.due_ms else { return };
        let left_ms = due_ms - self.shell.clock.now_ms();
        let wait_ms = u64::try_from(left_ms.clamp(1, LOOK_MS)).unwrap_or(1);
        self.timer = Some(
            ctx.run_later(Duration::from_millis(wait_ms), |keeper, ctx| {
                keeper.timer = None;
                keeper.look(ctx);
            }),
        );
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        let Some(due_ms) = self.due_ms else { return };
        if self.shell.clock.now_ms() >= due_ms {
            self.tell(
                Event::TimerRang {
                    node: Some(self.ix),
                },
                ctx,
            );
            // Should it get lost on the way, it rings again.
            self.due_ms = Some(due_ms.max(self.shell.clock.now_ms() + LOOK_MS));
        }
        self.arm(ctx);
    }

    /// From a runtime's news to an event of the core. A result is read on the reading threads.
    fn observe(&mut self, key: PodKey, news: PodNews, ctx: &mut Context<Self>) {
        let (node, launch) = (self.ix, key.launch);
        let event = match news {
            PodNews::Started { started_ms } => Event::PodStarted {
                node,
                launch,
                started_ms,
            },
            PodNews::Lost { reason } => Event::PodLost {
                node,
                launch,
                reason,
            },
            PodNews::Exited {
                code,
                message,
                finished_ms,
            } => {
                let end = End {
                    code,
                    message,
                    result: None,
                    finished_ms,
                };
                if self.wants_result {
                    let me = ctx.address();
                    return self.shell.readers.result_of(&key, move |result| {
                        let end = End { result, ..end };
                        let _ = me.try_send(Ended(Event::PodFinished { node, launch, end }));
                    });
                }
                Event::PodFinished { node, launch, end }
            }
        };
        self.tell(event, ctx);
    }
}

/// The end of the process with its result.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Ended(Event);

impl Actor for NodeKeeper {
    type Context = Context<Self>;
}

impl Handler<NodeState> for NodeKeeper {
    type Result = ();

    fn handle(&mut self, state: NodeState, ctx: &mut Context<Self>) {
        self.node = Some(state.node);
        self.due_ms = state.due_ms;
        self.wants_result = state.wants_result;
        self.register(ctx);
        self.arm(ctx);
    }
}

impl Handler<NodeOrder> for NodeKeeper {
    type Result = ();

    fn handle(&mut self, order: NodeOrder, _: &mut Context<Self>) {
        let Some(key) = self.key() else { return };
        match order {
            NodeOrder::Launch(work) => {
                let _ = self.watch.try_send(PodOrder::Launch(key, work));
            }
            NodeOrder::Stop => {
                let _ = self.watch.try_send(PodOrder::Stop(key));
            }
        }
    }
}

impl Handler<Told> for NodeKeeper {
    type Result = ();

    fn handle(&mut self, told: Told, ctx: &mut Context<Self>) {
        if self.registered.as_ref() != Some(&told.key) {
            return;
        }
        self.observe(told.key, told.news, ctx);
    }
}

impl Handler<Ended> for NodeKeeper {
    type Result = ();

    fn handle(&mut self, Ended(event): Ended, ctx: &mut Context<Self>) {
        self.tell(event, ctx);
    }
}

impl Handler<Observe> for NodeKeeper {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Context<Self>) -> MessageResult<Observe> {
        let node = self.node.as_ref();
        let waits_for = match (node.map(|node| node.has_process()), self.due_ms) {
            (Some(true), _) => "its process",
            (_, Some(_)) => "its time",
            (Some(false), None) => "a person",
            (None, None) => "its state",
        };
        let since_ms = node.map_or(0, |node| node.started_ms);
        MessageResult(Report {
            actor: "NodeKeeper",
            of: format!("{}/{}", self.run, self.ix),
            waits_for: waits_for.to_owned(),
            waited_ms: self.shell.clock.now_ms() - since_ms,
            queued: 0,
            unkept: Vec::new(),
        })
    }
}
