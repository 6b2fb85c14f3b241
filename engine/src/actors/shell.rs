//! What every actor may use: the ledger's threads, the clock, the settings, the news for clients.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, Weak};

use serde_json::Value;
use tokio::sync::broadcast;
use usher_core::admit::Fault;
use usher_core::prepared::Prepared;
use usher_ledger::{Handle, Loaded, People};
use usher_notifier::ports::Bells;

use super::messages::Readable;
use super::roster::Roster;
use crate::ports::clock::Clock;
use crate::reading::ReadPool;

/// Settings of the engine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many processes may run at a time; further ones wait as Pending.
    pub processes_max: usize,
    /// How long a run only waits before it goes to sleep, milliseconds.
    pub sleep_after_ms: i64,
    /// Grace between SIGTERM and SIGKILL, milliseconds (argo.md §0: 30 s).
    pub grace_ms: u64,
    /// An actor that waits longer than this for an answer is rebuilt, milliseconds.
    pub patience_ms: i64,
}

impl Default for Settings {
    fn default() -> Settings {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Settings {
            processes_max: 2 * cores,
            sleep_after_ms: 5_000,
            grace_ms: 30_000,
            patience_ms: 30_000,
        }
    }
}

/// A run has changed: a turn of it was committed.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The run's uid.
    pub run: Arc<str>,
    /// Whether it has ended or is gone.
    pub ended: bool,
    /// Whether nothing but a person or a time will move it on.
    pub waits: bool,
}

/// Shared by all actors of a process.
pub struct Shell {
    /// The writing thread.
    pub writer: Handle,
    /// The reading threads.
    pub readers: ReadPool,
    /// The ledger's clock.
    pub clock: Arc<dyn Clock>,
    /// Settings.
    pub settings: Settings,
    /// News of committed turns.
    pub changes: broadcast::Sender<Changed>,
    /// Plans in use, by hash.
    pub plans: PlanCache,
    /// The addresses of the actors.
    pub roster: Arc<Roster>,
    /// How many runs are awake.
    pub awake: AtomicUsize,
    /// Bells of the notifier; none where no notifier is.
    pub people: Option<Arc<Bells>>,
}

/// Which bells of the notifier a commit rings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rings {
    tasks: bool,
    mails: bool,
}

impl Rings {
    /// The bells of what a turn asked of people.
    #[must_use]
    pub fn of(people: &People) -> Rings {
        Rings {
            tasks: !people.opens.is_empty() || !people.closes.is_empty(),
            mails: !people.mails.is_empty(),
        }
    }

    /// The bell of tasks alone: a stop may have closed some.
    pub const TASKS: Rings = Rings {
        tasks: true,
        mails: false,
    };
}

impl std::fmt::Debug for Shell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shell")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Plans by hash, shared while a run uses them: equal runs parse their plan once.
#[derive(Debug, Default)]
pub struct PlanCache {
    plans: Mutex<BTreeMap<String, Weak<Prepared>>>,
}

impl PlanCache {
    /// The plan of this hash, compiled from `bytes` when nobody has it.
    ///
    /// # Errors
    /// A text that names the first fault: the plan was written by a newer binary, or is damaged.
    pub fn get(&self, hash: &str, bytes: &[u8]) -> Result<Arc<Prepared>, String> {
        let known = self.lock().get(hash).and_then(Weak::upgrade);
        if let Some(plan) = known {
            return Ok(plan);
        }
        let object: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| format!("read plan {hash}: {error}"))?;
        let plan = usher_core::admit::compile(&object).map_err(|faults| {
            let first = faults
                .first()
                .map(|fault| fault.message.clone())
                .unwrap_or_default();
            format!("read plan {hash}: {first}")
        })?;
        let plan = Arc::new(Prepared::new(plan));
        self.put(hash, &plan);
        Ok(plan)
    }

    /// The plan of this hash, compiled from the object that has it when nobody has it.
    ///
    /// # Errors
    /// Every fault of the object.
    pub fn of_object(&self, hash: &str, object: &Value) -> Result<Arc<Prepared>, Vec<Fault>> {
        let known = self.lock().get(hash).and_then(Weak::upgrade);
        if let Some(plan) = known {
            return Ok(plan);
        }
        let plan = Arc::new(Prepared::new(usher_core::admit::compile(object)?));
        self.put(hash, &plan);
        Ok(plan)
    }

    /// Remembers a plan while somebody uses it.
    pub fn put(&self, hash: &str, plan: &Arc<Prepared>) {
        let mut plans = self.lock();
        plans.insert(hash.to_owned(), Arc::downgrade(plan));
        if plans.len().is_multiple_of(64) {
            plans.retain(|_, plan| plan.strong_count() > 0);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Weak<Prepared>>> {
        self.plans
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Shell {
    /// Decodes a run from its rows. Done on the reading threads.
    ///
    /// # Errors
    /// A text that says which row cannot be read, and why.
    pub fn decode(plans: &PlanCache, loaded: Loaded) -> Result<Readable, String> {
        let plan = plans.get(&loaded.row.plan, &loaded.plan)?;
        let nodes: Vec<(u32, Vec<u8>)> = loaded
            .nodes
            .into_iter()
            .map(|node| (node.ix, node.body))
            .collect();
        let run = usher_core::run::decode(plan, &loaded.row.head, &nodes)
            .map_err(|error| format!("{} of run {}", error, loaded.row.uid))?;
        Ok(Readable {
            run,
            version: loaded.row.version,
            parked: loaded.row.parked,
        })
    }

    /// Tells the notifier that a commit has something for it. It would find it by its sweep too.
    pub fn ring(&self, rings: Rings) {
        let Some(bells) = &self.people else { return };
        if rings.tasks {
            bells.tasks.notify_one();
        }
        if rings.mails {
            bells.mails.notify_one();
        }
    }

    /// Tells clients that a run has changed. Nobody listening is fine.
    pub fn announce(&self, change: Changed) {
        let _ = self.changes.send(change);
    }
}
