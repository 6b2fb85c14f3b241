//! The one stream of news of a runtime, routed to the keepers of the nodes.
//!
//! News of a launch that nobody has registered for wake its run; when the ledger does not know the
//! run, its processes are ended and forgotten. At most a set number of processes run at a time, the
//! rest wait here as Pending.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use actix::{Actor, AsyncContext, Context, Handler, Message, MessageResult, Recipient};
use usher_core::effect::Work;

use super::messages::{Observe, PodOrder, Report, Told};
use super::roster::Roster;
use crate::ports::runtime::{PodKey, PodNews, PodRuntime};

/// The exit code of a process that was ended before it began: 128 + SIGTERM.
const NEVER_BEGUN: i32 = 143;

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
    processes_max: usize,
    grace_ms: u64,
    clock: Arc<dyn crate::ports::clock::Clock>,
    keepers: BTreeMap<PodKey, Recipient<Told>>,
    last: BTreeMap<PodKey, PodNews>,
    running: BTreeSet<PodKey>,
    waiting: VecDeque<(PodKey, Arc<Work>)>,
    abandoned: BTreeSet<String>,
}

impl std::fmt::Debug for PodWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PodWatch")
            .field("running", &self.running.len())
            .field("waiting", &self.waiting.len())
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
        PodWatch {
            runtime,
            roster,
            runs,
            processes_max: settings.processes_max,
            grace_ms: settings.grace_ms,
            clock,
            keepers: BTreeMap::new(),
            last: BTreeMap::new(),
            running: BTreeSet::new(),
            waiting: VecDeque::new(),
            abandoned: BTreeSet::new(),
        }
    }

    fn launch(&mut self, key: PodKey, work: Arc<Work>) {
        let known = self.running.contains(&key)
            || self.last.contains_key(&key)
            || self.waiting.iter().any(|(waiting, _)| *waiting == key);
        if known {
            return;
        }
        self.waiting.push_back((key, work));
        self.fill();
    }

    /// Launches what waits while there is room.
    fn fill(&mut self) {
        while self.running.len() < self.processes_max {
            let Some((key, work)) = self.waiting.pop_front() else {
                return;
            };
            self.running.insert(key.clone());
            let work = Arc::try_unwrap(work).unwrap_or_else(|shared| (*shared).clone());
            self.runtime.launch(key, work);
        }
    }

    fn stop(&mut self, key: PodKey) {
        if let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == key) {
            self.waiting.remove(at);
            let finished_ms = self.clock.now_ms();
            let news = PodNews::Exited {
                code: NEVER_BEGUN,
                message: None,
                finished_ms,
            };
            self.tell(Told { key, news });
            return;
        }
        if let Some(news @ (PodNews::Exited { .. } | PodNews::Lost { .. })) = self.last.get(&key) {
            let news = news.clone();
            return self.tell(Told { key, news });
        }
        if !self.running.contains(&key) {
            // Committed as intent, stopped before anybody launched it: it never will be.
            let finished_ms = self.clock.now_ms();
            let news = PodNews::Exited {
                code: NEVER_BEGUN,
                message: None,
                finished_ms,
            };
            return self.tell(Told { key, news });
        }
        let grace_ms = self.grace_ms;
        self.runtime.stop(key, grace_ms);
    }

    fn release(&mut self, key: PodKey) {
        self.keepers.remove(&key);
        self.running.remove(&key);
        // Only what the runtime has told of can have a record there.
        if self.last.remove(&key).is_some() {
            self.runtime.release(key);
        }
        self.fill();
    }

    /// Takes news in: remembers them, frees the place, tells the keeper or wakes the run.
    fn tell(&mut self, told: Told) {
        let ended = matches!(told.news, PodNews::Exited { .. } | PodNews::Lost { .. });
        if ended {
            self.running.remove(&told.key);
            self.fill();
        } else {
            self.running.insert(told.key.clone());
        }
        if self.abandoned.contains(&told.key.run) {
            self.last.insert(told.key.clone(), told.news);
            return self.abandon(&told.key.run.clone());
        }
        self.last.insert(told.key.clone(), told.news.clone());
        if let Some(keeper) = self.keepers.get(&told.key) {
            let key = told.key.clone();
            if keeper.try_send(told).is_ok() {
                return;
            }
            self.keepers.remove(&key);
            self.roster.unclaimed(key);
            return;
        }
        self.roster.unclaimed(told.key);
    }

    /// Ends and forgets everything of a run that the ledger does not have.
    fn abandon(&mut self, run: &str) {
        self.abandoned.insert(run.to_owned());
        self.waiting.retain(|(key, _)| key.run != run);
        let of_run = |key: &&PodKey| key.run == run;
        let live: Vec<PodKey> = self.running.iter().filter(of_run).cloned().collect();
        let known: Vec<PodKey> = self.last.keys().filter(of_run).cloned().collect();
        for key in known.into_iter().filter(|key| !live.contains(key)) {
            self.release(key);
        }
        if live.is_empty() {
            self.abandoned.remove(run);
            let folder = self.runs.join(run);
            actix_rt::task::spawn_blocking(move || {
                if let Err(error) = std::fs::remove_dir_all(&folder)
                    && error.kind() != std::io::ErrorKind::NotFound
                {
                    tracing::warn!(%error, folder = %folder.display(), "files stay behind");
                }
            });
            return;
        }
        for key in live {
            self.runtime.stop(key, self.grace_ms);
        }
    }
}

impl Actor for PodWatch {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(super::MAILBOX);
    }
}

impl Handler<PodOrder> for PodWatch {
    type Result = ();

    fn handle(&mut self, order: PodOrder, _: &mut Context<Self>) {
        match order {
            PodOrder::Register(key, keeper) => {
                if let Some(news) = self.last.get(&key) {
                    let _ = keeper.try_send(Told {
                        key: key.clone(),
                        news: news.clone(),
                    });
                }
                self.keepers.insert(key, keeper);
            }
            PodOrder::Launch(key, work) => self.launch(key, work),
            PodOrder::Stop(key) => self.stop(key),
            PodOrder::Release(key) => self.release(key),
            PodOrder::Abandon(run) => self.abandon(&run),
        }
    }
}

impl Handler<FromRuntime> for PodWatch {
    type Result = ();

    fn handle(&mut self, message: FromRuntime, ctx: &mut Context<Self>) {
        match message {
            FromRuntime::Connected(inventory) => {
                for (key, live) in inventory {
                    if live {
                        self.running.insert(key.clone());
                    }
                    if !self.keepers.contains_key(&key) {
                        self.roster.unclaimed(key);
                    }
                }
                tracing::debug!(at = ?ctx.address(), "runtime connected");
            }
            FromRuntime::News(told) => self.tell(told),
        }
    }
}

impl Handler<Observe> for PodWatch {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Context<Self>) -> MessageResult<Observe> {
        MessageResult(Report {
            actor: "PodWatch",
            of: "process".to_owned(),
            waits_for: format!("{} processes", self.running.len()),
            waited_ms: 0,
            queued: self.waiting.len(),
            unkept: Vec::new(),
        })
    }
}
