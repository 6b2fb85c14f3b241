//! The world of one seed: a clock, people, a ledger in memory, one engine that crashes.
//!
//! ```text
//!   people ─► inbox ─┐                       ┌─► ledger (Memory, fails when told to)
//!   processes ───────┼─► queue ─► turn ──────┤
//!   timers ──────────┘     ▲                 └─► effects ─► processes
//!                          └── reload, owed ◄── crash, lost guard, unknown outcome
//! ```

mod asked;
mod laws;
mod ledger;
mod outside;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use usher::turn::{Taken, take};
use usher_core::decide::EVENTS_MAX;
use usher_core::effect::Effect;
use usher_core::event::{Event, Stamped};
use usher_core::owed::owed;
use usher_core::prepared::Prepared;
use usher_core::run::{Identity, Run};
use usher_ledger::{Fence, Memory};

use crate::plans;
use crate::rng::Rng;
use crate::seen::Seen;

/// Every fault that the world knows.
pub(crate) const FAULTS: [&str; 15] = [
    "duplicate",
    "reorder",
    "drop",
    "other launch",
    "unknown node",
    "early timer",
    "late timer",
    "crash before commit",
    "crash after commit",
    "commit lost",
    "commit unknown",
    "commit twice",
    "commit refused",
    "taken over",
    "dispatch twice",
];

const START_MS: i64 = 1_700_000_000_000;

/// A world that has not ended by then never will.
const STEPS_MAX: usize = 60_000;

/// A process outside the engine.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    started_ms: i64,
    ends_ms: i64,
    code: i32,
    is_lost: bool,
    released: bool,
}

/// One seed's world.
pub(crate) struct World {
    rng: Rng,
    plan: Arc<Prepared>,
    uid: String,
    now_ms: i64,
    ledger: Memory,
    fence: Fence,
    version: i64,
    /// The run in memory; none once it is deleted.
    run: Option<Run>,
    queue: Vec<Event>,
    processes: BTreeMap<(u32, u32), Process>,
    /// Processes whose start was told to this engine.
    told: BTreeSet<(u32, u32)>,
    /// Turns that took a command and were committed, by command.
    taken: BTreeMap<i64, u32>,
    asked: u64,
    /// How often a process gets lost.
    lost_percent: u64,
    faulty: bool,
    deleted: bool,
    pub(crate) seen: Seen,
}

impl World {
    pub(crate) fn new(seed: u64) -> World {
        let mut rng = Rng::new(seed);
        let object = plans::workflow(&mut rng);
        let plan = usher_core::admit::compile(&object).unwrap_or_else(|faults| {
            let first = &faults[0];
            panic!(
                "a made plan is refused: {} at {}\n{object:#}",
                first.message, first.path
            )
        });
        let plan = Arc::new(Prepared::new(plan));
        let lost_percent = if rng.chance(40) { 30 } else { 4 };
        let uid = format!("{seed:08x}-0000-4000-8000-000000000000");
        let identity = Identity {
            uid: uid.clone(),
            name: "sim".to_owned(),
            namespace: "default".to_owned(),
            created_ms: START_MS,
            submitter: "ada".to_owned(),
        };
        let mut ledger = Memory::new();
        let fences = ledger.take_over_all("first");
        let fence = fences[usize::from(usher_ledger::part_of(&uid))];
        World {
            rng,
            run: Some(Run::new(plan.clone(), identity)),
            plan,
            uid,
            now_ms: START_MS,
            ledger,
            fence,
            version: 0,
            queue: Vec::new(),
            processes: BTreeMap::new(),
            told: BTreeSet::new(),
            taken: BTreeMap::new(),
            asked: 0,
            lost_percent,
            faulty: true,
            deleted: false,
            seen: Seen::default(),
        }
    }

    fn fault(&mut self, name: &'static str, percent: u64) -> bool {
        let hit = self.faulty && self.rng.chance(percent);
        if hit {
            self.seen.fault(name);
        }
        hit
    }

    /// Runs until the run has ended and nothing is owed or open outside.
    pub(crate) fn run_to_end(&mut self) -> Result<(), String> {
        self.be_born()?;
        for step in 0..STEPS_MAX {
            // Faults stop after a while, so that whatever hangs then hangs for ever.
            self.faulty = step < STEPS_MAX / 4;
            if self.is_over()? {
                self.check_end()?;
                if !self.retries()? {
                    return Ok(());
                }
            }
            self.people()?;
            self.answer()?;
            self.outside()?;
            self.turn()?;
            self.check_requests()?;
            if self.queue.is_empty() {
                self.advance_clock();
            }
        }
        Err(self.why_not_ended())
    }

    fn why_not_ended(&self) -> String {
        let nodes = self.run.iter().flat_map(|run| run.nodes.iter());
        let open: Vec<String> = nodes
            .filter(|node| !node.phase.is_done())
            .map(|node| format!("{} {:?}", node.name, node.phase))
            .collect();
        let head = self.run.as_ref().map(|run| &run.head);
        format!("does not end: {head:?}, open {open:?}")
    }

    /// The first turn, with the run's birth.
    fn be_born(&mut self) -> Result<(), String> {
        let run = self.run.take().ok_or("no run to be born")?;
        let event = Event::Submitted;
        let events = vec![Stamped {
            at_ms: self.now_ms,
            event,
        }];
        let taken = take(run, events, self.fence, 0).map_err(|bug| bug.to_string())?;
        self.check_decision(&taken)?;
        self.write_birth(&taken)?;
        self.after_commit(taken)
    }

    /// One turn with its crash points.
    fn turn(&mut self) -> Result<(), String> {
        if self.queue.is_empty() || self.run.is_none() {
            self.queue.clear();
            return Ok(());
        }
        if self.queue.len() > 1 && self.fault("reorder", 15) {
            let at = self.rng.below(self.queue.len() as u64 - 1);
            let at = usize::try_from(at).unwrap_or(0);
            self.queue.swap(at, at + 1);
        }
        let count = self.queue.len().min(EVENTS_MAX);
        let at_ms = self.now_ms;
        let stamp = |event| Stamped { at_ms, event };
        let events: Vec<Stamped> = self.queue.drain(..count).map(stamp).collect();
        let Some(run) = self.run.take() else {
            return Err("the run is away".to_owned());
        };
        if self.rng.chance(10) {
            laws::folding_changes_nothing(&run, &events)?;
        }
        let version = self.version;
        let taken = take(run, events, self.fence, version).map_err(|bug| bug.to_string())?;
        if self.fault("crash before commit", 3) {
            return self.reload();
        }
        self.check_decision(&taken)?;
        if !self.commit(&taken)? {
            return self.reload();
        }
        if self.fault("crash after commit", 3) {
            return self.reload();
        }
        self.after_commit(taken)
    }

    fn after_commit(&mut self, taken: Taken) -> Result<(), String> {
        let Taken {
            run, effects, turn, ..
        } = taken;
        if turn.delete {
            self.deleted = true;
        } else {
            self.run = Some(run);
        }
        let again = self.fault("dispatch twice", 10);
        self.dispatch(&effects)?;
        if again {
            self.dispatch(&effects)?;
        }
        Ok(())
    }

    /// The engine died or lost its guard: the run is what the rows say, and whatever is owed is
    /// done again.
    fn reload(&mut self) -> Result<(), String> {
        self.queue.clear();
        self.told.clear();
        self.run = self.load()?;
        let Some(run) = &self.run else {
            if self.deleted {
                return Ok(());
            }
            return Err("the run is not in the ledger".to_owned());
        };
        let owed = owed(run);
        self.dispatch(&owed)
    }

    fn dispatch(&mut self, effects: &[Effect]) -> Result<(), String> {
        for effect in effects {
            self.seen.effect(effect);
            match effect {
                Effect::LaunchPod { node, launch } => self.launch(*node, *launch)?,
                Effect::StopPod { node, launch } => self.stop(*node, *launch),
                Effect::ReleasePod { node, launch } => self.release(*node, *launch)?,
                Effect::Continue => self.queue.push(Event::Continued),
                Effect::AnnounceEnd | Effect::Note(_) => {}
            }
        }
        Ok(())
    }

    /// Nothing is queued: time goes on to the next thing that may happen.
    fn advance_clock(&mut self) {
        let next_due = self.run.as_ref().and_then(Run::next_due_ms);
        let next = next_due.into_iter().chain(self.next_end_ms()).min();
        let target = next.unwrap_or(self.now_ms + 1_000).max(self.now_ms + 1);
        // Sometimes the clock stops short, so that timers are looked at before their time.
        if self.fault("early timer", 10) {
            self.now_ms = self.now_ms.midpoint(target) + 1;
            let live = self
                .run
                .iter()
                .flat_map(|run| run.index.live.iter().take(1));
            let timers: Vec<Event> = live
                .map(|ix| Event::TimerRang { node: Some(*ix) })
                .collect();
            self.queue.extend(timers);
        } else {
            self.now_ms = target;
        }
    }
}
