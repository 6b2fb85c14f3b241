//! The one stream of news of a runtime, routed to the keepers of the nodes.
//!
//! News of a launch that nobody has registered for wake its run; when the ledger does not know the
//! run, its processes are ended and forgotten. At most a set number of processes run at a time, the
//! rest wait here as Pending.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, Message, MessageResult};

use super::messages::{Observe, PodOrder, Report, Told};
use super::roster::Roster;
use crate::ports::runtime::{PodKey, PodNews, PodRuntime};
use pods::{Pods, Release, Stop};

mod pods;
#[cfg(test)]
mod tests;

/// The exit code of a process that was ended before it began: 128 + SIGTERM.
const NEVER_BEGUN: i32 = 143;

/// How often launches that nobody has claimed are spoken of again.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// Something from the runtime.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub enum FromRuntime {
    /// The runtime is there; these launches of its have no end yet (true) or wait for a release.
    Connected(Vec<(PodKey, bool)>),
    /// News of a launch.
    News(Told),
}

/// Watches a runtime.
pub struct PodWatch {
    runtime: Box<dyn PodRuntime>,
    roster: Arc<Roster>,
    runs: PathBuf,
    grace_ms: u64,
    clock: Arc<dyn crate::ports::clock::Clock>,
    pods: Pods,
    /// Runs that are gone from the ledger and still have launches here.
    abandoned: BTreeSet<String>,
}

impl std::fmt::Debug for PodWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PodWatch")
            .field("alive", &self.pods.alive())
            .field("waiting", &self.pods.waiting())
            .finish_non_exhaustive()
    }
}

impl PodWatch {
    /// A watch of `runtime`, whose files are below `runs`.
    #[must_use]
    pub fn new(
        runtime: Box<dyn PodRuntime>,
        roster: Arc<Roster>,
        runs: PathBuf,
        settings: &super::shell::Settings,
        clock: Arc<dyn crate::ports::clock::Clock>,
    ) -> PodWatch {
        let alive_max = settings.processes_max.saturating_add(runtime.ahead());
        PodWatch {
            runtime,
            roster,
            runs,
            grace_ms: settings.grace_ms,
            clock,
            pods: Pods::new(alive_max),
            abandoned: BTreeSet::new(),
        }
    }

    /// Launches what waits while there is room.
    fn fill(&mut self) {
        while let Some((key, work)) = self.pods.next() {
            let work = Arc::try_unwrap(work).unwrap_or_else(|shared| (*shared).clone());
            self.runtime.launch(key, work);
        }
    }

    fn stop(&mut self, key: PodKey) {
        match self.pods.stop(&key) {
            Stop::Wait => {}
            Stop::NeverBegun => self.never_began(key),
            Stop::Ended(Some(news)) => self.pass_on(key, news),
            // The end is in the inventory; the news of it are on their way.
            Stop::Ended(None) => {}
            Stop::Runtime => self.runtime.stop(key, self.grace_ms),
        }
    }

    /// Committed as intent and ended before anybody launched it: it never will be.
    fn never_began(&mut self, key: PodKey) {
        let news = PodNews::Exited {
            code: NEVER_BEGUN,
            message: None,
            finished_ms: self.clock.now_ms(),
        };
        self.pods.never_began(&key, news.clone());
        self.pass_on(key, news);
    }

    fn release(&mut self, key: PodKey) {
        match self.pods.release(&key) {
            Release::Nothing => {}
            Release::Forget => self.runtime.release(key),
            Release::Kill => self.runtime.stop(key, 0),
        }
        self.fill();
    }

    /// Takes news in: remembers them, frees the place, tells the keeper or wakes the run.
    fn hear(&mut self, Told { key, news }: Told) {
        if !self.pods.tell(&key, news.clone()) {
            return;
        }
        if self.pods.is_waste(&key) {
            let run = key.run.clone();
            self.release(key);
            return self.bury(&run);
        }
        self.fill();
        self.pass_on(key, news);
    }

    fn pass_on(&mut self, key: PodKey, news: PodNews) {
        let told = Told {
            key: key.clone(),
            news,
        };
        let keeper = self.pods.keeper(&key);
        let is_told = keeper.is_some_and(|keeper| keeper.try_send(told).is_ok());
        self.pods.set_told(&key, is_told);
        if !is_told {
            self.roster.unclaimed(key);
        }
    }

    /// Speaks again of what nobody has claimed: a word to a keeper that was just dying is lost.
    fn sweep(&mut self) {
        for key in self.pods.untold() {
            match self.pods.news(&key) {
                Some(news) => self.pass_on(key, news),
                None => self.roster.unclaimed(key),
            }
        }
    }

    /// Ends and forgets everything of a run that the ledger does not have.
    fn abandon(&mut self, run: &str) {
        self.abandoned.insert(run.to_owned());
        for key in self.pods.of_run(run) {
            match self.pods.release(&key) {
                Release::Nothing => {}
                Release::Forget => self.runtime.release(key),
                Release::Kill => self.runtime.stop(key, self.grace_ms),
            }
        }
        self.fill();
        self.bury(run);
    }

    /// Removes the files of an abandoned run when nothing of it lives any more.
    fn bury(&mut self, run: &str) {
        let is_over = self.pods.is_shown() && self.pods.of_run(run).is_empty();
        if !is_over || !self.abandoned.remove(run) {
            return;
        }
        let folder = self.runs.join(run);
        actix_rt::task::spawn_blocking(move || {
            if let Err(error) = std::fs::remove_dir_all(&folder)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, folder = %folder.display(), "files stay behind");
            }
        });
    }

    fn connected(&mut self, inventory: Vec<(PodKey, bool)>) {
        let keys: Vec<PodKey> = inventory.iter().map(|(key, _)| key.clone()).collect();
        let stops = self.pods.show(inventory);
        for key in stops {
            self.stop(key);
        }
        for run in self.abandoned.clone() {
            self.abandon(&run);
        }
        self.fill();
        for key in keys {
            if self.pods.keeper(&key).is_none() {
                self.roster.unclaimed(key);
            }
        }
    }
}

impl Actor for PodWatch {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(super::MAILBOX);
        ctx.run_interval(SWEEP_EVERY, |watch, _| watch.sweep());
    }
}

impl Handler<PodOrder> for PodWatch {
    type Result = ();

    fn handle(&mut self, order: PodOrder, _: &mut Context<Self>) {
        match order {
            PodOrder::Register(key, keeper) => {
                if let Some(news) = self.pods.register(key.clone(), keeper) {
                    self.pass_on(key, news);
                } else {
                    self.pods.set_told(&key, true);
                }
            }
            PodOrder::Launch(key, work) => {
                self.pods.launch(key, work);
                self.fill();
            }
            PodOrder::Stop(key) => self.stop(key),
            PodOrder::Release(key) => self.release(key),
            PodOrder::Abandon(run) => self.abandon(&run),
        }
    }
}

impl Handler<FromRuntime> for PodWatch {
    type Result = ();

    fn handle(&mut self, message: FromRuntime, _: &mut Context<Self>) {
        match message {
            FromRuntime::Connected(inventory) => self.connected(inventory),
            FromRuntime::News(told) => self.hear(told),
        }
    }
}

impl Handler<Observe> for PodWatch {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Context<Self>) -> MessageResult<Observe> {
        MessageResult(Report {
            actor: "PodWatch",
            of: "process".to_owned(),
            waits_for: format!("{} processes", self.pods.alive()),
            waited_ms: 0,
            queued: self.pods.waiting(),
            unkept: Vec::new(),
        })
    }
}
