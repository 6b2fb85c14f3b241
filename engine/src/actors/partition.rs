//! The keeper of one partition: which of its runs are awake, and when the sleeping ones are due.
//!
//! It holds no run's state. It alone wakes a run, gives it leave to go, and rebuilds a keeper that
//! died or that waits for ever.
//!
//! Leave takes two steps, so that nothing falls between: the run asks, the leave is given, and the
//! run says whether it is gone or whether something came since it asked. What comes for it in the
//! meantime is noted here and told afterwards.

#[cfg(test)]
mod dying;
mod sleepers;
mod watchdog;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message, MessageResult, SpawnHandle,
};
use usher_ledger::Fence;

use super::engine::{AHEAD_MS, SLEEPERS_MAX};
use super::guard::Guard;
use super::messages::{
    AskLeave, Leave, Left, Nudge, Observe, Report, Retire, RunGone, Submit, Unclaimed,
};
use super::pod_watch::PodWatch;
use super::run::{Begin, RunKeeper};
use super::shell::Shell;
use sleepers::Sleepers;

/// A timer for sleepers looks at the clock at least this often, milliseconds.
const LOOK_MS: i64 = 1_000;

/// A keeper that ended by a fault is rebuilt after this while, so that one whose turns are never
/// taken does not keep the machine busy.
const REBUILD_AFTER: Duration = Duration::from_millis(20);

/// What the ledger says of a partition: runs to wake, and sleepers by due time.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Inventory {
    /// Runs to wake.
    pub awake: Vec<String>,
    /// Sleeping runs and when they are due, milliseconds UTC.
    pub due: Vec<(i64, String)>,
}

/// Keeps one partition.
#[derive(Debug)]
pub struct PartitionKeeper {
    shell: Arc<Shell>,
    fence: Fence,
    watch: Addr<PodWatch>,
    awake: BTreeMap<Arc<str>, Awake>,
    sleepers: Sleepers,
    alarm: Option<SpawnHandle>,
    generations: u64,
}

#[derive(Debug)]
struct Awake {
    keeper: Addr<RunKeeper>,
    generation: u64,
    /// Leave is given and not answered yet: when the run would be due (maybe never).
    leaving: Option<Option<i64>>,
    /// Something came for the run while its leave was not answered.
    nudged: bool,
    /// How often in a row a live node was found without a keeper.
    unkept: u32,
}

impl PartitionKeeper {
    /// A keeper of the partition that `fence` names.
    #[must_use]
    pub fn new(shell: Arc<Shell>, fence: Fence, watch: Addr<PodWatch>) -> PartitionKeeper {
        PartitionKeeper {
            shell,
            fence,
            watch,
            awake: BTreeMap::new(),
            sleepers: Sleepers::default(),
            alarm: None,
            generations: 0,
        }
    }

    fn start_keeper(&mut self, run: &Arc<str>, begin: Begin, ctx: &mut Context<Self>) {
        self.sleepers.remove(run);
        self.generations += 1;
        let generation = self.generations;
        let me = ctx.address();
        let gone = run.to_string();
        let guard = Guard::new(move |panicked| {
            let _ = me.try_send(RunGone {
                run: gone,
                generation,
                panicked,
            });
        });
        let keeper = RunKeeper::start_for(super::run::Place {
            shell: self.shell.clone(),
            partition: ctx.address(),
            watch: self.watch.clone(),
            uid: run.clone(),
            generation,
            fence: self.fence,
            begin,
            guard,
        });
        let awake = Awake {
            keeper,
            generation,
            leaving: None,
            nudged: false,
            unkept: 0,
        };
        self.awake.insert(run.clone(), awake);
    }

    fn wake(&mut self, run: &str, ctx: &mut Context<Self>) {
        if !self.awake.contains_key(run) {
            self.start_keeper(&Arc::from(run), Begin::Wake, ctx);
        }
    }

    /// Wakes the runs whose time has come, and sets the alarm for the next.
    fn ring(&mut self, ctx: &mut Context<Self>) {
        let now_ms = self.shell.clock.now_ms();
        while let Some(run) = self.sleepers.pop_due(now_ms) {
            self.wake(&run, ctx);
        }
        if let Some(alarm) = self.alarm.take() {
            ctx.cancel_future(alarm);
        }
        let Some(due_ms) = self.sleepers.first_ms() else {
            return;
        };
        let wait_ms = (due_ms - now_ms).clamp(1, LOOK_MS);
        let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(1));
        self.alarm = Some(ctx.run_later(wait, |keeper, ctx| {
            keeper.alarm = None;
            keeper.ring(ctx);
        }));
    }

    /// Reads the sleepers of the next minutes again.
    fn look_ahead(&mut self, ctx: &mut Context<Self>) {
        let me = ctx.address();
        let part = self.fence.part;
        let until_ms = self.shell.clock.now_ms().saturating_add(AHEAD_MS);
        self.shell.readers.run(
            move |reader| match reader.due_runs(part, until_ms, SLEEPERS_MAX) {
                Ok(due) => {
                    let _ = me.try_send(Inventory {
                        awake: Vec::new(),
                        due,
                    });
                }
                Err(error) => tracing::warn!(part, %error, "due runs cannot be read"),
            },
        );
    }

    /// Looks for commands that nobody was told of: a nudge is only a word, and words get lost.
    fn sweep(&mut self, ctx: &mut Context<Self>) {
        let me = ctx.address();
        let part = self.fence.part;
        self.shell
            .readers
            .run(move |reader| match reader.pending_runs(part) {
                Ok(runs) => {
                    for run in runs {
                        let _ = me.try_send(Nudge { run });
                    }
                }
                Err(error) => tracing::warn!(part, %error, "commands cannot be looked for"),
            });
    }
}

impl Actor for PartitionKeeper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(super::MAILBOX);
        ctx.run_interval(watchdog::EVERY, |keeper, ctx| {
            keeper.watchdog(ctx);
            keeper.sweep(ctx);
        });
        let half = Duration::from_millis(u64::try_from(AHEAD_MS / 2).unwrap_or(300_000));
        ctx.run_interval(half, |keeper, ctx| keeper.look_ahead(ctx));
    }
}

impl Handler<Inventory> for PartitionKeeper {
    type Result = ();

    fn handle(&mut self, inventory: Inventory, ctx: &mut Context<Self>) {
        for run in inventory.awake {
            self.wake(&run, ctx);
        }
        for (due_ms, run) in inventory.due {
            if !self.awake.contains_key(run.as_str()) {
                self.sleepers.put(Arc::from(run), due_ms);
            }
        }
        self.ring(ctx);
    }
}

impl Handler<Nudge> for PartitionKeeper {
    type Result = ();

    fn handle(&mut self, nudge: Nudge, ctx: &mut Context<Self>) {
        match self.awake.get_mut(nudge.run.as_str()) {
            Some(awake) if awake.leaving.is_some() => awake.nudged = true,
            Some(awake) => {
                let _ = awake.keeper.try_send(nudge);
            }
            // A keeper that wakes reads the commands itself.
            None => self.wake(&nudge.run, ctx),
        }
    }
}

impl Handler<Unclaimed> for PartitionKeeper {
    type Result = ();

    fn handle(&mut self, news: Unclaimed, ctx: &mut Context<Self>) {
        match self.awake.get_mut(news.key.run.as_str()) {
            Some(awake) if awake.leaving.is_some() => awake.nudged = true,
            Some(awake) => {
                let _ = awake.keeper.try_send(news);
            }
            // A keeper that wakes releases whatever is done.
            None => self.wake(&news.key.run, ctx),
        }
    }
}

impl Handler<Submit> for PartitionKeeper {
    type Result = ();

    fn handle(&mut self, submit: Submit, ctx: &mut Context<Self>) {
        let run: Arc<str> = Arc::from(submit.run.head.identity.uid.as_str());
        self.start_keeper(&run, Begin::Born(Box::new(submit)), ctx);
    }
}

impl Handler<AskLeave> for PartitionKeeper {
    type Result = ();

    fn handle(&mut self, ask: AskLeave, _: &mut Context<Self>) {
        let Some(awake) = self.awake.get_mut(ask.run.as_str()) else {
            return;
        };
        if awake.generation == ask.generation && awake.keeper.try_send(Leave).is_ok() {
            awake.leaving = Some(ask.due_ms);
        }
    }
}

impl Handler<Left> for PartitionKeeper {
    type Result = ();

    fn handle(&mut self, left: Left, ctx: &mut Context<Self>) {
        let Some(awake) = self.awake.get_mut(left.run.as_str()) else {
            return;
        };
        if awake.generation != left.generation {
            return;
        }
        let due_ms = awake.leaving.take().flatten();
        let nudged = std::mem::take(&mut awake.nudged);
        if !left.gone {
            if nudged {
                let _ = awake.keeper.try_send(Nudge { run: left.run });
            }
            return;
        }
        self.awake.remove(left.run.as_str());
        if nudged {
            return self.wake(&left.run, ctx);
        }
        let horizon_ms = self.shell.clock.now_ms().saturating_add(AHEAD_MS);
        if let Some(due_ms) = due_ms.filter(|due_ms| *due_ms <= horizon_ms) {
            self.sleepers.put(Arc::from(left.run), due_ms);
            self.ring(ctx);
        }
    }
}

impl Handler<RunGone> for PartitionKeeper {
    type Result = ();

    fn handle(&mut self, gone: RunGone, ctx: &mut Context<Self>) {
        let Some(awake) = self.awake.get(gone.run.as_str()) else {
            return;
        };
        if awake.generation != gone.generation {
            return;
        }
        if gone.panicked {
            tracing::error!(run = gone.run, "a run's keeper panicked; it is rebuilt");
        }
        self.awake.remove(gone.run.as_str());
        ctx.run_later(REBUILD_AFTER, move |keeper, ctx| {
            keeper.wake(&gone.run, ctx)
        });
    }
}

impl Handler<Retire> for PartitionKeeper {
    type Result = ();

    fn handle(&mut self, retire: Retire, ctx: &mut Context<Self>) {
        for awake in self.awake.values() {
            let _ = awake.keeper.try_send(retire);
        }
        ctx.stop();
    }
}

impl Handler<Observe> for PartitionKeeper {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Context<Self>) -> MessageResult<Observe> {
        MessageResult(Report {
            actor: "PartitionKeeper",
            of: self.fence.part.to_string(),
            waits_for: format!("{} sleepers", self.sleepers.len()),
            waited_ms: 0,
            queued: self.awake.len(),
            unkept: Vec::new(),
        })
    }
}
