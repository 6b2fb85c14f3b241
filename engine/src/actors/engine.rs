//! The engine of a process: its partitions, and the way to each run's keeper.
//!
//! It decides nothing about a run. It takes the partitions over at start (epoch + 1 each, so that
//! a predecessor's late turn writes nothing), and hands every message to the partition of its run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, ResponseFuture};
use usher_ledger::Fence;

use super::messages::{Nudge, Observe, PodOrder, Report, Submit, Unclaimed};
use super::partition::{Inventory, PartitionKeeper};
use super::pod_watch::PodWatch;
use super::shell::Shell;

/// Owns the partitions of this process.
#[derive(Debug)]
pub struct Engine {
    shell: Arc<Shell>,
    fences: Vec<Fence>,
    watch: Option<Addr<PodWatch>>,
    partitions: BTreeMap<u16, Addr<PartitionKeeper>>,
}

/// The watch is there: begin.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Open {
    /// The watch of the runtime.
    pub watch: Addr<PodWatch>,
    /// What the ledger says of each partition, read before.
    pub found: Vec<(u16, Inventory)>,
}

/// Every actor's report.
#[derive(Debug, Message)]
#[rtype(result = "Vec<Report>")]
pub struct ObserveAll;

impl Engine {
    /// An engine that owns the partitions of these fences.
    #[must_use]
    pub fn new(shell: Arc<Shell>, fences: Vec<Fence>) -> Engine {
        Engine {
            shell,
            fences,
            watch: None,
            partitions: BTreeMap::new(),
        }
    }

    fn keeper(&mut self, part: u16) -> Option<Addr<PartitionKeeper>> {
        let known = self
            .partitions
            .get(&part)
            .filter(|keeper| keeper.connected());
        if let Some(keeper) = known {
            return Some(keeper.clone());
        }
        let fence = *self.fences.iter().find(|fence| fence.part == part)?;
        let watch = self.watch.clone()?;
        let keeper = PartitionKeeper::new(self.shell.clone(), fence, watch).start();
        self.partitions.insert(part, keeper.clone());
        Some(keeper)
    }

    fn of_run(&mut self, run: &str) -> Option<Addr<PartitionKeeper>> {
        self.keeper(usher_ledger::part_of(run))
    }

    /// A partition's keeper that died is made anew, with what the ledger says of it.
    fn check(&mut self, ctx: &mut Context<Self>) {
        let dead: Vec<u16> = self
            .partitions
            .iter()
            .filter(|(_, keeper)| !keeper.connected())
            .map(|(part, _)| *part)
            .collect();
        for part in dead {
            tracing::error!(part, "a partition's keeper died; it is rebuilt");
            let Some(keeper) = self.keeper(part) else {
                continue;
            };
            let until_ms = self.shell.clock.now_ms() + 600_000;
            self.shell
                .readers
                .run(move |reader| match read_inventory(reader, part, until_ms) {
                    Ok(found) => {
                        let _ = keeper.try_send(found);
                    }
                    Err(error) => tracing::error!(part, %error, "a partition cannot be read"),
                });
        }
        if let Some(watch) = &self.watch
            && !watch.connected()
        {
            tracing::error!("the runtime's watch died; the engine restarts");
            let _ = ctx;
            std::process::abort();
        }
    }
}

/// What the ledger says of a partition.
///
/// # Errors
/// When the ledger cannot be read.
pub fn read_inventory(
    reader: &mut dyn usher_ledger::Reader,
    part: u16,
    until_ms: i64,
) -> Result<Inventory, usher_ledger::Error> {
    let mut awake = reader.awake_runs(part)?;
    for run in reader.pending_runs(part)? {
        if !awake.contains(&run) {
            awake.push(run);
        }
    }
    let due = reader.due_runs(part, until_ms, 100_000)?;
    Ok(Inventory { awake, due })
}

impl Actor for Engine {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(super::MAILBOX);
        ctx.run_interval(Duration::from_millis(200), |engine, ctx| engine.check(ctx));
    }
}

impl Handler<Open> for Engine {
    type Result = ();

    fn handle(&mut self, open: Open, _: &mut Context<Self>) {
        self.watch = Some(open.watch);
        let parts: Vec<u16> = self.fences.iter().map(|fence| fence.part).collect();
        for part in parts {
            let _ = self.keeper(part);
        }
        for (part, inventory) in open.found {
            if let Some(keeper) = self.keeper(part) {
                let _ = keeper.try_send(inventory);
            }
        }
    }
}

impl Handler<Submit> for Engine {
    type Result = ();

    fn handle(&mut self, submit: Submit, _: &mut Context<Self>) {
        let uid = submit.run.head.identity.uid.clone();
        let Some(keeper) = self.of_run(&uid) else {
            let _ = submit
                .reply
                .send(Err("the engine is not open yet".to_owned()));
            return;
        };
        if let Err(error) = keeper.try_send(submit) {
            let submit = error.into_inner();
            let _ = submit
                .reply
                .send(Err("the engine is busy; try again".to_owned()));
        }
    }
}

impl Handler<Nudge> for Engine {
    type Result = ();

    fn handle(&mut self, nudge: Nudge, _: &mut Context<Self>) {
        if let Some(keeper) = self.of_run(&nudge.run) {
            let _ = keeper.try_send(nudge);
        }
    }
}

impl Handler<Unclaimed> for Engine {
    type Result = ();

    fn handle(&mut self, news: Unclaimed, _: &mut Context<Self>) {
        if let Some(keeper) = self.of_run(&news.run) {
            let _ = keeper.try_send(news);
        }
    }
}

impl Handler<PodOrder> for Engine {
    type Result = ();

    fn handle(&mut self, order: PodOrder, _: &mut Context<Self>) {
        if let Some(watch) = &self.watch {
            let _ = watch.try_send(order);
        }
    }
}

impl Handler<ObserveAll> for Engine {
    type Result = ResponseFuture<Vec<Report>>;

    fn handle(&mut self, _: ObserveAll, _: &mut Context<Self>) -> ResponseFuture<Vec<Report>> {
        let keepers: Vec<_> = self.partitions.values().cloned().collect();
        let watch = self.watch.clone();
        Box::pin(async move {
            let mut reports = Vec::new();
            for keeper in keepers {
                reports.extend(keeper.send(Observe).await);
            }
            if let Some(watch) = watch {
                reports.extend(watch.send(Observe).await);
            }
            reports
        })
    }
}
