//! The keeper of one partition: which of its runs are awake, and when the sleeping ones are due.
//!
//! It holds no run's state. It is the only one that wakes a run, gives it leave to sleep, and
//! rebuilds a keeper that died or that waits for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, ResponseFuture, WrapFuture};
use usher_ledger::Fence;

use super::guard::Guard;
use super::messages::{
    AskSleep, Nudge, Observe, Report, RunGone, RunOver, Sleep, Submit, Unclaimed,
};
use super::pod_watch::PodWatch;
use super::run::{Begin, RunKeeper};
use super::shell::Shell;

/// How far ahead due times are kept in memory, milliseconds.
const AHEAD_MS: i64 = 600_000;

/// How often the watchdog asks awake runs, milliseconds.
const WATCHDOG_MS: u64 = 5_000;

/// What the ledger says of a partition: runs to wake now, and sleepers by due time.
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
    due: BTreeSet<(i64, Arc<str>)>,
    generations: u64,
}

#[derive(Debug)]
struct Awake {
    keeper: Addr<RunKeeper>,
    generation: u64,
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
            due: BTreeSet::new(),
            generations: 0,
        }
    }

    fn start_keeper(&mut self, run: &Arc<str>, begin: Begin, ctx: &mut Context<Self>) {
        self.due.retain(|(_, due)| due != run);
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
        let keeper = RunKeeper::start_for(
            self.shell.clone(),
            ctx.address(),
            self.watch.clone(),
            run.clone(),
            self.fence,
            begin,
            guard,
        );
        self.awake.insert(
            run.clone(),
            Awake {
                keeper,
                generation,
                unkept: 0,
            },
        );
    }

    fn wake(&mut self, run: &str, ctx: &mut Context<Self>) {
        if self.awake.contains_key(run) {
            return;
        }
        let run: Arc<str> = Arc::from(run);
        self.start_keeper(&run, Begin::Wake, ctx);
    }

    /// Wakes runs whose time has come.
    fn ring(&mut self, ctx: &mut Context<Self>) {
        let now_ms = self.shell.clock.now_ms();
        while let Some((due_ms, run)) = self.due.first().cloned() {
            if due_ms > now_ms {
                break;
            }
            self.due.pop_first();
            self.wake(&run, ctx);
        }
        if let Some((due_ms, _)) = self.due.first()
            && due_ms - now_ms < 1_000
        {
            let wait = u64::try_from(due_ms - now_ms).unwrap_or(0) + 1;
            ctx.run_later(Duration::from_millis(wait), |keeper, ctx| keeper.ring(ctx));
        }
    }

    /// Reads the sleepers of the next minutes again.
    fn look_ahead(&mut self, ctx: &mut Context<Self>) {
        let me = ctx.address();
        let (part, until_ms) = (self.fence.part, self.shell.clock.now_ms() + AHEAD_MS);
        self.shell.readers.run(
            move |reader| match reader.due_runs(part, until_ms, 100_000) {
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

    /// Asks every awake run what it is doing, and rebuilds the one that waits for ever.
    fn watchdog(&mut self, ctx: &mut Context<Self>) {
        let patience_ms = self.shell.settings.patience_ms;
        for (run, awake) in &self.awake {
            let (run, generation) = (run.clone(), awake.generation);
            let asked = awake.keeper.send(Observe);
            let limit = Duration::from_millis(u64::try_from(patience_ms).unwrap_or(30_000));
            let ask = async move { tokio::time::timeout(limit, asked).await };
            let judge = actix::ActorFutureExt::map(
                ask.into_actor(self),
                move |answer, keeper: &mut PartitionKeeper, ctx| {
                    let report = answer.ok().and_then(Result::ok);
                    keeper.judge(&run, generation, report, ctx);
                },
            );
            ctx.spawn(judge);
        }
    }

    fn judge(
        &mut self,
        run: &Arc<str>,
        generation: u64,
        report: Option<Report>,
        ctx: &mut Context<Self>,
    ) {
        let patience_ms = self.shell.settings.patience_ms;
        let Some(awake) = self.awake.get_mut(run) else {
            return;
        };
        if awake.generation != generation {
            return;
        }
        let fault = match report {
            None => Some("does not answer".to_owned()),
            Some(report) if !report.waits_for.is_empty() && report.waited_ms > patience_ms => {
                Some(format!(
                    "has waited {} ms for {}",
                    report.waited_ms, report.waits_for
                ))
            }
            Some(report) if !report.unkept.is_empty() => {
                awake.unkept += 1;
                (awake.unkept > 1).then(|| format!("nodes {:?} have no keeper", report.unkept))
            }
            Some(_) => {
                awake.unkept = 0;
                None
            }
        };
        if let Some(fault) = fault {
            tracing::error!(%run, fault, "a run's keeper is stuck; it is rebuilt");
            let run = run.clone();
            self.start_keeper(&run, Begin::Wake, ctx);
        }
    }
}

impl Actor for PartitionKeeper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(super::MAILBOX);
        ctx.run_interval(Duration::from_secs(1), |keeper, ctx| keeper.ring(ctx));
        ctx.run_interval(Duration::from_millis(WATCHDOG_MS), |keeper, ctx| {
            keeper.watchdog(ctx)
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
                self.due.insert((due_ms, Arc::from(run)));
            }
        }
        self.ring(ctx);
    }
}

impl Handler<Nudge> for PartitionKeeper {
    type Result = ();

    fn handle(&mut self, nudge: Nudge, ctx: &mut Context<Self>) {
        match self.awake.get(nudge.run.as_str()) {
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
        match self.awake.get(news.run.as_str()) {
            Some(awake) => {
                let _ = awake.keeper.try_send(news);
            }
            None => self.wake(&news.run, ctx),
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

impl Handler<AskSleep> for PartitionKeeper {
    type Result = ();

    /// Whatever was sent to the run before this was sent through us, so it is ahead of `Sleep` in
    /// the run's mailbox; whatever comes later wakes it anew.
    fn handle(&mut self, ask: AskSleep, _: &mut Context<Self>) {
        let Some(awake) = self.awake.remove(ask.run.as_str()) else {
            return;
        };
        let run: Arc<str> = Arc::from(ask.run);
        if awake.keeper.try_send(Sleep).is_err() {
            tracing::debug!(%run, "a run ended while it fell asleep");
        }
        let horizon_ms = self.shell.clock.now_ms() + AHEAD_MS;
        if let Some(due_ms) = ask.due_ms.filter(|due_ms| *due_ms <= horizon_ms) {
            self.due.insert((due_ms, run));
        }
    }
}

impl Handler<RunOver> for PartitionKeeper {
    type Result = ();

    fn handle(&mut self, over: RunOver, _: &mut Context<Self>) {
        self.awake.remove(over.run.as_str());
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
        self.wake(&gone.run, ctx);
    }
}

impl Handler<Observe> for PartitionKeeper {
    type Result = ResponseFuture<Report>;

    fn handle(&mut self, _: Observe, _: &mut Context<Self>) -> ResponseFuture<Report> {
        let report = Report {
            actor: "PartitionKeeper",
            of: self.fence.part.to_string(),
            waits_for: String::new(),
            waited_ms: 0,
            queued: self.awake.len(),
            unkept: Vec::new(),
        };
        Box::pin(async move { report })
    }
}
