//! The keeper of one awake run: one turn in flight, everything else queued.
//!
//! ```text
//!   nodes ── Happened ──┐                                     ┌─ keepers, effects, news
//!   ledger ─ commands ──┼─► queue ──turn──► LedgerWriter ──► follow ──► the next turn
//!   clock ── deadline ──┘                                     └─ or leave
//! ```
//!
//! Events of its nodes and commands from the ledger queue up while a commit is in flight; the next
//! turn folds all of them. What follows from a turn (effects, news, keepers) happens after its
//! commit, never before. When a commit is refused or its outcome unknown, the keeper ends and is
//! rebuilt from the ledger: it has no state left to go on with by mistake.
//!
//! Not here: what a turn decides (`usher_core::decide`), processes and timers (`NodeKeeper`).

mod commands;
#[cfg(test)]
mod dying;
mod leave;
mod nodes;
mod parked;
mod queue;
mod reading;
mod turning;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix::{Actor, ActorContext, Addr, Context, Handler, MessageResult, SpawnHandle};
use usher_core::effect::Effect;
use usher_core::run::{NodeIx, Run};
use usher_ledger::Fence;

use super::guard::Guard;
use super::messages::{Observe, Report, Retire, Submit};
use super::node::NodeKeeper;
use super::partition::PartitionKeeper;
use super::pod_watch::PodWatch;
use super::shell::{Rings, Shell};
use crate::ports::runtime::PodKey;
use commands::Commands;
use queue::Queue;

/// Keeps one run.
#[derive(Debug)]
pub struct RunKeeper {
    shell: Arc<Shell>,
    partition: Addr<PartitionKeeper>,
    watch: Addr<PodWatch>,
    uid: Arc<str>,
    generation: u64,
    fence: Fence,
    state: State,
    queue: Queue,
    keepers: BTreeMap<NodeIx, Addr<NodeKeeper>>,
    /// Launches that a runtime shows and no keeper has claimed, to be looked at when the run is
    /// here.
    unclaimed: Vec<PodKey>,
    commands: Commands,
    /// A terminate of the parked run was tried: should that have failed, the next is refused.
    has_tried: bool,
    /// When the next turn is due, if it waits for company, and the timer for it.
    gather: Option<(std::time::Instant, SpawnHandle)>,
    deadline: Option<SpawnHandle>,
    leave: Option<SpawnHandle>,
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
    /// Parked for a person: takes only terminate and delete. None: its rows cannot be read.
    Parked {
        run: Option<Box<Run>>,
        version: i64,
        reason: String,
    },
    /// Gone from the ledger; the keeper asks for leave.
    Gone,
}

/// What follows a commit.
#[derive(Debug)]
struct After {
    run: Run,
    effects: Vec<Effect>,
    changed: Vec<NodeIx>,
    applied: Vec<i64>,
    delete: bool,
    rings: Rings,
    born: Option<tokio::sync::oneshot::Sender<Result<(), String>>>,
}

/// What a new keeper begins with.
#[derive(Debug)]
pub enum Begin {
    /// A run that is in the ledger.
    Wake,
    /// A run that is not yet: its first turn is its birth.
    Born(Box<Submit>),
}

/// Where a keeper stands: its run, its neighbours, its rights.
#[derive(Debug)]
pub struct Place {
    /// What every actor may use.
    pub shell: Arc<Shell>,
    /// The keeper of its partition.
    pub partition: Addr<PartitionKeeper>,
    /// The watch of its pods.
    pub watch: Addr<PodWatch>,
    /// The run's uid.
    pub uid: Arc<str>,
    /// Which keeper of the run it is.
    pub generation: u64,
    /// The right to write the run.
    pub fence: Fence,
    /// What it begins with.
    pub begin: Begin,
    /// Tells the partition when it is gone.
    pub guard: Guard,
}

impl RunKeeper {
    /// Starts a keeper for a run of a partition.
    #[must_use]
    pub fn start_for(place: Place) -> Addr<RunKeeper> {
        RunKeeper::create(move |ctx| {
            ctx.set_mailbox_capacity(super::MAILBOX);
            let since_ms = place.shell.clock.now_ms();
            place.shell.awake.fetch_add(1, Ordering::Relaxed);
            let mut keeper = RunKeeper {
                shell: place.shell,
                partition: place.partition,
                watch: place.watch,
                uid: place.uid,
                generation: place.generation,
                fence: place.fence,
                state: State::Reading { since_ms },
                queue: Queue::default(),
                keepers: BTreeMap::new(),
                unclaimed: Vec::new(),
                commands: Commands::default(),
                has_tried: false,
                gather: None,
                deadline: None,
                leave: None,
                quiet_since_ms: None,
                guard: place.guard,
            };
            match place.begin {
                Begin::Wake => keeper.read(ctx),
                Begin::Born(submit) => keeper.be_born(*submit, ctx),
            }
            keeper
        })
    }

    /// Ends at once without asking: the partition's keeper is gone or knows.
    fn end(&mut self, ctx: &mut Context<Self>) {
        self.guard.disarm();
        self.keepers.clear();
        ctx.stop();
    }
}

impl Drop for RunKeeper {
    fn drop(&mut self) {
        self.shell.awake.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Actor for RunKeeper {
    type Context = Context<Self>;
}

impl Handler<Retire> for RunKeeper {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Context<Self>) {
        self.end(ctx);
    }
}

impl Handler<Observe> for RunKeeper {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Context<Self>) -> MessageResult<Observe> {
        let now_ms = self.shell.clock.now_ms();
        let (waits_for, since_ms) = match &self.state {
            State::Reading { since_ms } => ("the ledger's rows", *since_ms),
            State::InFlight { since_ms, .. } => ("a commit", *since_ms),
            State::Here { .. } | State::Parked { .. } | State::Gone => ("", now_ms),
        };
        let unkept = match &self.state {
            State::Here { run, .. } => {
                let is_unkept = |ix: &&NodeIx| !self.keepers.get(*ix).is_some_and(Addr::connected);
                run.index.live.iter().filter(is_unkept).copied().collect()
            }
            State::Reading { .. } | State::InFlight { .. } | State::Parked { .. } | State::Gone => {
                Vec::new()
            }
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
