//! The engine of a process: sees to it that every partition has a keeper and the pods a watch.
//!
//! It decides nothing about a run. The partitions were taken over before it starts (epoch + 1 each,
//! so that a predecessor's late turn writes nothing). It looks at its children five times a second
//! and makes a dead one anew from what the ledger says. Should it die itself, the host makes it
//! anew; the children live on, and the roster has their addresses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, ResponseActFuture,
    ResponseFuture, WrapFuture,
};
use usher_ledger::{Fence, Reader};

use super::guard::Guard;
use super::messages::{Observe, Report, Retire};
use super::partition::{Inventory, PartitionKeeper};
use super::pod_watch::PodWatch;
use super::shell::Shell;

/// How far ahead due times are kept in memory, milliseconds.
pub const AHEAD_MS: i64 = 600_000;

/// How many sleepers of a partition are kept in memory at a time.
pub const SLEEPERS_MAX: usize = 100_000;

/// How often the children are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Connects to the runtime and starts its watch. Called on the actors' thread.
pub type MakeWatch = Arc<dyn Fn() -> Result<Addr<PodWatch>, String> + Send + Sync>;

/// Supervises the partitions of this process and the watch of its pods.
pub struct Engine {
    shell: Arc<Shell>,
    fences: Vec<Fence>,
    make_watch: MakeWatch,
    _guard: Guard,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("fences", &self.fences.len())
            .finish_non_exhaustive()
    }
}

/// Begin: answered when every partition has a keeper that knows its runs.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), String>")]
pub struct Open;

/// Every actor's report.
#[derive(Debug, Message)]
#[rtype(result = "Vec<Report>")]
pub struct ObserveAll;

type Inventories = Result<Vec<(u16, Inventory)>, String>;

impl Engine {
    /// An engine that owns the partitions of these fences.
    #[must_use]
    pub fn new(
        shell: Arc<Shell>,
        fences: Vec<Fence>,
        make_watch: MakeWatch,
        guard: Guard,
    ) -> Engine {
        Engine {
            shell,
            fences,
            make_watch,
            _guard: guard,
        }
    }

    /// The watch, made anew if it died. Keepers that know only the dead one are retired.
    fn watch(&self) -> Result<Addr<PodWatch>, String> {
        if let Some(watch) = self.shell.roster.watch() {
            return Ok(watch);
        }
        let watch = (self.make_watch)()?;
        for keeper in self.shell.roster.keepers() {
            // Its mailbox is full: it finds out when it wakes, and ends then.
            let _ = keeper.try_send(Retire);
        }
        self.shell.roster.put_watch(watch.clone());
        Ok(watch)
    }

    /// Makes the keepers that are missing; answers their partitions.
    fn fill(&self) -> Result<Vec<u16>, String> {
        let is_watch_new = self.shell.roster.watch().is_none();
        let watch = self.watch()?;
        let mut made = Vec::new();
        for fence in &self.fences {
            if !is_watch_new && self.shell.roster.keeper(fence.part).is_some() {
                continue;
            }
            let keeper = PartitionKeeper::new(self.shell.clone(), *fence, watch.clone()).start();
            self.shell.roster.put_keeper(fence.part, keeper);
            made.push(fence.part);
        }
        Ok(made)
    }

    /// Reads what the ledger says of partitions and tells their keepers.
    fn tell_inventories(&self, parts: Vec<u16>) -> ResponseActFuture<Self, Result<(), String>> {
        let until_ms = self.shell.clock.now_ms().saturating_add(AHEAD_MS);
        let shell = self.shell.clone();
        let read = async move { read_inventories(&shell, parts, until_ms).await };
        Box::pin(read.into_actor(self).map(|found: Inventories, engine, _| {
            for (part, inventory) in found? {
                if let Some(keeper) = engine.shell.roster.keeper(part) {
                    let _ = keeper.try_send(inventory);
                }
            }
            Ok(())
        }))
    }

    /// Whoever died is made anew.
    fn look(&mut self, ctx: &mut Context<Self>) {
        match self.fill() {
            Ok(made) if made.is_empty() => {}
            Ok(made) => {
                tracing::error!(partitions = ?made, "keepers died; they are rebuilt");
                let told = self.tell_inventories(made).map(|result, _, _| {
                    if let Err(error) = result {
                        tracing::error!(error, "partitions cannot be read");
                    }
                });
                ctx.spawn(told);
            }
            Err(error) => tracing::error!(error, "the runtime's watch cannot be made"),
        }
    }
}

async fn read_inventories(shell: &Shell, parts: Vec<u16>, until_ms: i64) -> Inventories {
    shell
        .readers
        .ask(move |reader| {
            let mut found = Vec::with_capacity(parts.len());
            for part in parts {
                found.push((part, read_inventory(reader, part, until_ms)?));
            }
            Ok(found)
        })
        .await
}

/// What the ledger says of a partition.
///
/// # Errors
/// When the ledger cannot be read.
pub fn read_inventory(
    reader: &mut dyn Reader,
    part: u16,
    until_ms: i64,
) -> Result<Inventory, usher_ledger::Error> {
    let mut awake: BTreeMap<String, ()> = BTreeMap::new();
    awake.extend(reader.awake_runs(part)?.into_iter().map(|run| (run, ())));
    awake.extend(reader.pending_runs(part)?.into_iter().map(|run| (run, ())));
    let due = reader.due_runs(part, until_ms, SLEEPERS_MAX)?;
    Ok(Inventory {
        awake: awake.into_keys().collect(),
        due,
    })
}

impl Actor for Engine {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(super::MAILBOX);
    }
}

impl Handler<Open> for Engine {
    type Result = ResponseActFuture<Self, Result<(), String>>;

    fn handle(&mut self, _: Open, ctx: &mut Context<Self>) -> Self::Result {
        ctx.run_interval(LOOK_EVERY, |engine, ctx| engine.look(ctx));
        match self.fill() {
            Ok(made) => self.tell_inventories(made),
            Err(error) => Box::pin(async move { Err(error) }.into_actor(self)),
        }
    }
}

impl Handler<ObserveAll> for Engine {
    type Result = ResponseFuture<Vec<Report>>;

    fn handle(&mut self, _: ObserveAll, _: &mut Context<Self>) -> ResponseFuture<Vec<Report>> {
        let own = Report {
            actor: "Engine",
            of: format!("{} partitions", self.fences.len()),
            waits_for: String::new(),
            waited_ms: 0,
            queued: 0,
            unkept: Vec::new(),
        };
        let (keepers, watch) = (self.shell.roster.keepers(), self.shell.roster.watch());
        Box::pin(async move {
            let mut reports = vec![own];
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
