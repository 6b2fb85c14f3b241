//! The world of one seed: a clock, processes, people, a ledger, and what goes wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use usher_api::command::Command;
use usher_core::decide::{Decision, EVENTS_MAX, decide};
use usher_core::effect::Effect;
use usher_core::event::{End, Event, Stamped};
use usher_core::invariant;
use usher_core::owed::owed;
use usher_core::prepared::Prepared;
use usher_core::run::{Identity, Kind, Run, encode_head, encode_node};

use crate::plans;
use crate::rng::Rng;

/// Every fault that the world knows.
pub(crate) const FAULTS: [&str; 8] = [
    "duplicate",
    "reorder",
    "drop",
    "other launch",
    "crash before commit",
    "crash after commit",
    "commit refused",
    "dispatch twice",
];

/// How often what was seen.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    pub(crate) moves: BTreeMap<String, u64>,
    pub(crate) effects: BTreeMap<&'static str, u64>,
    pub(crate) faults: BTreeMap<&'static str, u64>,
}

impl Seen {
    pub(crate) fn add(&mut self, other: &Seen) {
        for (key, count) in &other.moves {
            *self.moves.entry(key.clone()).or_default() += count;
        }
        for (key, count) in &other.effects {
            *self.effects.entry(key).or_default() += count;
        }
        for (key, count) in &other.faults {
            *self.faults.entry(key).or_default() += count;
        }
    }

    pub(crate) fn table(&self) -> String {
        let line = |(key, count): (String, u64)| format!("{key:>24} {count}\n");
        let moves = self.moves.iter().map(|(key, count)| (key.clone(), *count));
        let effects = self.effects.iter().map(|(key, count)| ((*key).to_owned(), *count));
        let faults = self.faults.iter().map(|(key, count)| ((*key).to_owned(), *count));
        moves.chain(effects).chain(faults).map(line).collect()
    }
}

/// What is on disk: rows as bytes, and which commands are applied.
#[derive(Debug, Default, Clone)]
struct Rows {
    version: i64,
    head: Vec<u8>,
    nodes: BTreeMap<u32, Vec<u8>>,
    commands: BTreeMap<i64, (Command, bool)>,
}

/// A process outside the engine.
#[derive(Debug, Clone)]
struct Process {
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
    now_ms: i64,
    run: Option<Run>,
    rows: Rows,
    queue: Vec<Event>,
    processes: BTreeMap<(u32, u32), Process>,
    told: BTreeSet<(u32, u32)>,
    answers: BTreeMap<i64, u32>,
    next_command: i64,
    faulty: bool,
    pub(crate) seen: Seen,
}

const START_MS: i64 = 1_700_000_000_000;

/// A world that has not ended by then never will.
const STEPS_MAX: usize = 60_000;

impl World {
    pub(crate) fn new(seed: u64) -> World {
        let mut rng = Rng::new(seed);
        let plan = loop {
            let object = plans::workflow(&mut rng);
            match usher_core::admit::compile(&object) {
                Ok(plan) => break plan,
                Err(faults) => {
                    let first = &faults[0];
                    panic!("a made plan is refused: {} at {}\n{object:#}", first.message, first.path)
                }
            }
        };
        let plan = Arc::new(Prepared::new(plan));
        let identity = Identity {
            uid: format!("uid-{seed}"),
            name: "sim".to_owned(),
            namespace: "default".to_owned(),
            created_ms: START_MS,
            submitter: "me".to_owned(),
        };
        let run = Run::new(plan.clone(), identity);
        let rows = Rows { head: encode_head(&run), ..Rows::default() };
        World {
            rng,
            plan,
            now_ms: START_MS,
            run: Some(run),
            rows,
            queue: vec![Event::Submitted],
            processes: BTreeMap::new(),
            told: BTreeSet::new(),
            answers: BTreeMap::new(),
            next_command: 0,
            faulty: true,
            seen: Seen::default(),
        }
    }

    pub(crate) fn node_count(&self) -> usize {
        self.rows.nodes.len()
    }

    pub(crate) fn last_bytes(&self) -> Vec<u8> {
        self.rows.nodes.values().flatten().copied().chain(self.rows.head.clone()).collect()
    }

    fn fault(&mut self, name: &'static str, percent: u64) -> bool {
        let hit = self.faulty && self.rng.chance(percent);
        if hit {
            *self.seen.faults.entry(name).or_default() += 1;
        }
        hit
    }

    /// Runs until the run has ended and nothing is owed or open outside.
    pub(crate) fn run_to_end(&mut self) -> Result<(), String> {
        for step in 0..STEPS_MAX {
            // Faults stop after a while, so that whatever hangs then hangs for ever.
            self.faulty = step < STEPS_MAX / 4;
            if self.is_over() {
                return self.check_end();
            }
            self.people();
            self.outside();
            self.turn()?;
            if self.queue.is_empty() {
                self.advance_clock();
            }
        }
        let run = self.run.as_ref().map(|run| format!("{:?}", run.head));
        let open: Vec<String> = self
            .run
            .iter()
            .flat_map(|run| run.nodes.iter())
            .filter(|node| !node.phase.is_done())
            .map(|node| format!("{} {:?}", node.name, node.phase))
            .collect();
        Err(format!("does not end: {run:?}, open {open:?}"))
    }

    fn is_over(&self) -> bool {
        let ended = self.run.as_ref().is_some_and(|run| run.head.phase.is_done());
        let answered = self.rows.commands.values().all(|(_, applied)| *applied);
        ended && answered && self.processes.values().all(|process| process.released)
    }

    fn check_end(&self) -> Result<(), String> {
        if let Some((id, times)) = self.answers.iter().find(|(_, times)| **times != 1) {
            return Err(format!("command {id} was answered {times} times"));
        }
        let run = self.run.as_ref().ok_or("no run")?;
        for (ix, node) in (0..).zip(&run.nodes) {
            let process = self.processes.get(&(ix, node.launch));
            let ran = node.kind == Kind::Pod && node.exit_code.is_some_and(|code| code != 143);
            if ran && process.is_none() {
                return Err(format!("node {} has an exit code and never ran", node.name));
            }
        }
        Ok(())
    }

    /// People and timers of the world: commands now and then.
    fn people(&mut self) {
        let waits = self.run.as_ref().is_some_and(|run| !run.is_busy());
        let percent = if waits { 40 } else { 2 };
        if !self.rng.chance(percent) {
            return;
        }
        let by = "ada".to_owned();
        let command = match self.rng.below(40) {
            0 => Command::Stop { by, message: None, selector: None },
            1 => Command::Terminate { by },
            2 | 3 => Command::Suspend { by },
            4..=6 => {
                let selector = Some(format!("displayName=t{}", self.rng.below(4)));
                Command::Resume { by, selector }
            }
            7 => {
                let selector = Some("phase=Running".to_owned());
                Command::Stop { by, message: Some("no".to_owned()), selector }
            }
            _ => Command::Resume { by, selector: None },
        };
        self.next_command += 1;
        self.rows.commands.insert(self.next_command, (command, false));
    }

    /// What is outside tells: commands in id order, ends of processes, timers. Observations may be
    /// told twice, late, not at all this time, or with another launch's number.
    fn outside(&mut self) {
        let Some(run) = &self.run else { return };
        let queued: BTreeSet<i64> = self
            .queue
            .iter()
            .filter_map(|event| match event {
                Event::Commanded { id, .. } => Some(*id),
                _ => None,
            })
            .collect();
        let mut events: Vec<Event> = self
            .rows
            .commands
            .iter()
            .filter(|(id, (_, applied))| !applied && !queued.contains(id))
            .map(|(id, (command, _))| Event::Commanded { id: *id, command: command.clone() })
            .collect();
        for (due_ms, ix) in &run.index.dues {
            if *due_ms <= self.now_ms {
                events.push(Event::TimerRang { node: Some(*ix) });
            }
        }
        if run.deadline_ms().is_some_and(|due_ms| due_ms <= self.now_ms) {
            events.push(Event::TimerRang { node: None });
        }
        let observed: Vec<((u32, u32), Process)> = self
            .processes
            .iter()
            .filter(|(_, process)| !process.released)
            .map(|(key, process)| (*key, process.clone()))
            .collect();
        for (key, process) in observed {
            self.observe(key, &process, &mut events);
        }
        self.queue.extend(events);
    }

    fn observe(&mut self, key: (u32, u32), process: &Process, events: &mut Vec<Event>) {
        let (node, launch) = key;
        if process.ends_ms > self.now_ms {
            if self.told.insert(key) && !self.fault("drop", 20) {
                let started_ms = process.started_ms;
                events.push(Event::PodStarted { node, launch, started_ms });
            }
            return;
        }
        if self.fault("drop", 20) {
            return;
        }
        let event = if process.is_lost {
            Event::PodLost { node, launch, reason: "attempt lost".to_owned() }
        } else {
            let end = End {
                code: process.code,
                message: None,
                result: None,
                finished_ms: process.ends_ms,
            };
            Event::PodFinished { node, launch, end }
        };
        if self.fault("duplicate", 10) {
            events.push(event.clone());
        }
        if self.fault("other launch", 5) {
            let end = End { code: 0, message: None, result: None, finished_ms: self.now_ms };
            events.push(Event::PodFinished { node, launch: launch + 7, end });
        }
        events.push(event);
    }

    /// One turn with its crash points.
    fn turn(&mut self) -> Result<(), String> {
        if self.queue.is_empty() {
            return Ok(());
        }
        if self.queue.len() > 1 && self.fault("reorder", 15) {
            let at = usize::try_from(self.rng.below(self.queue.len() as u64 - 1)).unwrap_or(0);
            if !matches!(self.queue[at], Event::Submitted) {
                self.queue.swap(at, at + 1);
            }
        }
        let count = self.queue.len().min(EVENTS_MAX);
        let at_ms = self.now_ms;
        let events = self.queue.drain(..count).map(|event| Stamped { at_ms, event }).collect();
        let Some(run) = self.run.take() else { return Err("the run is away".to_owned()) };
        let decision = decide(run, events);
        if self.fault("crash before commit", 3) {
            return self.reload();
        }
        self.check(&decision)?;
        if self.fault("commit refused", 3) {
            return self.reload();
        }
        self.commit(&decision)?;
        if self.fault("crash after commit", 3) {
            return self.reload();
        }
        self.run = Some(decision.run);
        let again = self.fault("dispatch twice", 10);
        self.dispatch(&decision.effects)?;
        if again {
            self.dispatch(&decision.effects)?;
        }
        Ok(())
    }

    fn check(&mut self, decision: &Decision) -> Result<(), String> {
        for (_, phase, signal) in &decision.moves {
            *self.seen.moves.entry(format!("{phase:?}+{signal:?}")).or_default() += 1;
        }
        let broken = invariant::broken(&decision.run);
        if !broken.is_empty() {
            return Err(broken.join("; "));
        }
        let unowed = invariant::unowed(&decision.run, &decision.effects);
        if !unowed.is_empty() && !decision.delete {
            return Err(format!("INV-10: not owed: {unowed:?}"));
        }
        let changed: BTreeSet<u32> = decision.changed.iter().copied().collect();
        for (ix, node) in (0..).zip(&decision.run.nodes) {
            if !changed.contains(&ix) && self.rows.nodes.get(&ix) != Some(&encode_node(node)) {
                return Err(format!("node {} changed and is not written", node.name));
            }
        }
        Ok(())
    }

    fn commit(&mut self, decision: &Decision) -> Result<(), String> {
        for answer in &decision.answers {
            let row = self.rows.commands.get_mut(&answer.id).ok_or("an unknown command")?;
            if row.1 {
                return Err(format!("command {} is applied twice", answer.id));
            }
            row.1 = true;
            *self.answers.entry(answer.id).or_default() += 1;
        }
        self.rows.version += 1;
        self.rows.head = encode_head(&decision.run);
        for ix in &decision.changed {
            if let Some(node) = decision.run.node(*ix) {
                self.rows.nodes.insert(*ix, encode_node(node));
            }
        }
        Ok(())
    }

    /// The engine died: the run is what the rows say, and everything owed is done again.
    fn reload(&mut self) -> Result<(), String> {
        let nodes: Vec<(u32, Vec<u8>)> =
            self.rows.nodes.iter().map(|(ix, body)| (*ix, body.clone())).collect();
        let run = usher_core::run::decode(self.plan.clone(), &self.rows.head, &nodes)
            .map_err(|error| error.to_string())?;
        self.queue.clear();
        self.told.clear();
        if run.head.started_ms.is_none() {
            self.queue.push(Event::Submitted);
        }
        let owed = owed(&run);
        self.run = Some(run);
        self.dispatch(&owed)
    }

    fn dispatch(&mut self, effects: &[Effect]) -> Result<(), String> {
        for effect in effects {
            *self.seen.effects.entry(name(effect)).or_default() += 1;
            match effect {
                Effect::LaunchPod { node, launch } => self.launch(*node, *launch)?,
                Effect::StopPod { node, launch } => self.stop(*node, *launch),
                Effect::ReleasePod { node, launch } => {
                    if let Some(process) = self.processes.get_mut(&(*node, *launch)) {
                        if process.ends_ms > self.now_ms {
                            return Err(format!("node {node} is released while it runs"));
                        }
                        process.released = true;
                    }
                }
                Effect::Continue => self.queue.push(Event::Continued),
                Effect::AnnounceEnd | Effect::Note(_) => {}
            }
        }
        Ok(())
    }

    /// Idempotent by key, as a runtime is; a launch whose intent is not in the rows is a fault.
    fn launch(&mut self, node: u32, launch: u32) -> Result<(), String> {
        if self.processes.contains_key(&(node, launch)) {
            return Ok(());
        }
        if !self.rows.nodes.contains_key(&node) {
            return Err(format!("node {node} is launched and its intent is not committed"));
        }
        let work = self.run.as_ref().map(|run| usher_core::work::of(run, node));
        if !matches!(work, Some(Ok(_))) {
            return Err(format!("node {node} has no work: {work:?}"));
        }
        let code = match self.rng.below(10) {
            0..=5 => 0,
            6 | 7 => 1,
            8 => 137,
            _ => 3,
        };
        let process = Process {
            started_ms: self.now_ms,
            ends_ms: self.now_ms + i64::try_from(self.rng.below(50_000)).unwrap_or(0),
            code,
            is_lost: self.rng.chance(4),
            released: false,
        };
        self.processes.insert((node, launch), process);
        Ok(())
    }

    fn stop(&mut self, node: u32, launch: u32) {
        let now_ms = self.now_ms;
        match self.processes.get_mut(&(node, launch)) {
            Some(process) if process.ends_ms > now_ms => {
                process.ends_ms = now_ms + 10;
                process.code = 143;
            }
            Some(_) => {}
            None => {
                // Stopped before it was launched: it never runs.
                let process = Process {
                    started_ms: now_ms,
                    ends_ms: now_ms,
                    code: 143,
                    is_lost: false,
                    released: false,
                };
                self.processes.insert((node, launch), process);
            }
        }
    }

    /// Nothing is queued: time goes on to the next thing that may happen.
    fn advance_clock(&mut self) {
        let next_due = self.run.as_ref().and_then(Run::next_due_ms);
        let next_end = self
            .processes
            .values()
            .filter(|process| !process.released)
            .map(|process| process.ends_ms)
            .filter(|ends_ms| *ends_ms > self.now_ms)
            .min();
        let next = next_due.into_iter().chain(next_end).min();
        let target = next.unwrap_or(self.now_ms + 1_000).max(self.now_ms + 1);
        // Sometimes the clock stops short, so that timers are looked at early.
        let early = self.rng.chance(10);
        self.now_ms = if early { (self.now_ms + target) / 2 + 1 } else { target };
        if early && let Some(run) = &self.run {
            let live: Vec<u32> = run.index.live.iter().copied().take(1).collect();
            self.queue.extend(live.into_iter().map(|ix| Event::TimerRang { node: Some(ix) }));
        }
    }
}

fn name(effect: &Effect) -> &'static str {
    match effect {
        Effect::LaunchPod { .. } => "LaunchPod",
        Effect::StopPod { .. } => "StopPod",
        Effect::ReleasePod { .. } => "ReleasePod",
        Effect::Continue => "Continue",
        Effect::AnnounceEnd => "AnnounceEnd",
        Effect::Note(_) => "Note",
    }
}
