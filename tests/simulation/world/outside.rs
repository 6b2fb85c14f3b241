//! What is outside the engine: people who ask for things, processes, and how they are seen. What
//! is seen may come twice, late, not at all this time, or with another launch's number.

use usher_api::command::Command;
use usher_core::event::{End, Event};

use super::{Process, World, laws};

/// A run is retried so often at most.
const RETRIES_MAX: u32 = 3;

impl World {
    /// People ask for something now and then.
    pub(super) fn people(&mut self) -> Result<(), String> {
        let waits = self.run.as_ref().is_some_and(|run| !run.is_busy());
        let percent = if waits { 60 } else { 5 };
        if self.deleted || !self.rng.chance(percent) {
            return Ok(());
        }
        let by = "ada".to_owned();
        let command = match self.rng.below(60) {
            0 | 1 => Command::Stop {
                by,
                message: None,
                selector: None,
            },
            2 | 15 => Command::Terminate { by },
            3..=6 => Command::Suspend { by },
            7..=10 => {
                let selector = Some(format!("displayName=t{}", self.rng.below(4)));
                Command::Resume { by, selector }
            }
            11 | 12 => Command::Stop {
                by,
                message: Some("no".to_owned()),
                selector: Some("phase=Running".to_owned()),
            },
            13 => {
                let selector = Some("displayName=".to_owned());
                Command::Resume { by, selector }
            }
            14 => Command::Delete { by },
            16 => self.retry(),
            _ => Command::Resume { by, selector: None },
        };
        self.ask(&command)
    }

    /// A retry, of what failed or of some that succeeded, too; sometimes with a new value.
    fn retry(&mut self) -> Command {
        let selectors = ["phase=Succeeded", "displayName=t1", "templateName="];
        let selector = self.rng.chance(40).then(|| {
            let at = self.rng.below(selectors.len() as u64);
            selectors[usize::try_from(at).unwrap_or(0)].to_owned()
        });
        let value = ("word".to_owned(), "again".to_owned());
        Command::Retry {
            by: "ben".to_owned(),
            restart_successful: selector.is_some(),
            selector,
            parameters: self.rng.chance(20).then_some(value).into_iter().collect(),
        }
    }

    /// Whether somebody has the ended run go on once more; not for ever.
    pub(super) fn retries(&mut self) -> Result<bool, String> {
        let done = self.run.as_ref().map_or(u32::MAX, |run| run.head.retries);
        if self.deleted || done >= RETRIES_MAX || !self.rng.chance(50) {
            return Ok(false);
        }
        let command = self.retry();
        self.ask(&command)?;
        Ok(true)
    }

    /// What can be seen now: open commands in the order of their ids, due times, processes.
    pub(super) fn outside(&mut self) -> Result<(), String> {
        let mut events = self.open_commands()?;
        let Some(run) = &self.run else {
            self.stop_unwanted();
            return Ok(());
        };
        for (due_ms, ix) in &run.index.dues {
            if *due_ms <= self.now_ms {
                events.push(Event::TimerRang { node: Some(*ix) });
            }
        }
        if run
            .deadline_ms()
            .is_some_and(|due_ms| due_ms <= self.now_ms)
        {
            events.push(Event::TimerRang { node: None });
        }
        if run.head.phase.is_done() && self.fault("late timer", 80) {
            events.push(Event::TimerRang { node: None });
        }
        let open: Vec<((u32, u32), Process)> = self
            .processes
            .iter()
            .filter(|(_, process)| !process.released)
            .map(|(key, process)| (*key, process.clone()))
            .collect();
        for (key, process) in open {
            self.observe(key, &process, &mut events);
        }
        self.queue.extend(events);
        Ok(())
    }

    fn observe(&mut self, key: (u32, u32), process: &Process, events: &mut Vec<Event>) {
        let (node, launch) = key;
        if process.ends_ms > self.now_ms {
            if !self.told.contains(&key) && !self.fault("drop", 20) {
                self.told.insert(key);
                let started_ms = process.started_ms;
                events.push(Event::PodStarted {
                    node,
                    launch,
                    started_ms,
                });
            }
            return;
        }
        if self.fault("drop", 20) {
            return;
        }
        let event = if process.is_lost {
            Event::PodLost {
                node,
                launch,
                reason: "attempt lost".to_owned(),
            }
        } else {
            let end = end(process.code, process.ends_ms);
            Event::PodFinished { node, launch, end }
        };
        if self.fault("duplicate", 10) {
            events.push(event.clone());
        }
        if self.fault("other launch", 5) {
            let end = end(0, self.now_ms);
            events.push(Event::PodFinished {
                node,
                launch: launch + 7,
                end,
            });
        }
        if self.fault("unknown node", 2) {
            let reason = "never there".to_owned();
            events.push(Event::PodLost {
                node: node + 1_000_000,
                launch,
                reason,
            });
        }
        if self.fault("late timer", 5) {
            events.push(Event::TimerRang { node: Some(node) });
            events.push(Event::TimerRang { node: None });
        }
        events.push(event);
    }

    /// Idempotent by node and launch, as a runtime is; the intent must be in the ledger.
    pub(super) fn launch(&mut self, node: u32, launch: u32) -> Result<(), String> {
        if self.processes.contains_key(&(node, launch)) {
            return Ok(());
        }
        if !self.is_intended(node, launch)? {
            return Err(format!(
                "INV-11: node {node} is launched before its intent is committed"
            ));
        }
        let work = self.run.as_ref().map(|run| usher_core::work::of(run, node));
        match &work {
            Some(Ok(work)) => laws::words_are_heard(work)?,
            other => return Err(format!("node {node} has no work: {other:?}")),
        }
        let lost = self.lost_percent;
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
            is_lost: self.rng.chance(lost),
            released: false,
        };
        self.processes.insert((node, launch), process);
        Ok(())
    }

    pub(super) fn stop(&mut self, node: u32, launch: u32) {
        let now_ms = self.now_ms;
        let never = Process {
            started_ms: now_ms,
            ends_ms: now_ms,
            code: 143,
            is_lost: false,
            released: false,
        };
        // Stopped before it was launched: it never runs.
        let process = self.processes.entry((node, launch)).or_insert(never);
        if process.ends_ms > now_ms {
            process.ends_ms = now_ms + 10;
            process.code = 143;
        }
    }

    pub(super) fn release(&mut self, node: u32, launch: u32) -> Result<(), String> {
        let now_ms = self.now_ms;
        if let Some(process) = self.processes.get_mut(&(node, launch)) {
            if process.ends_ms > now_ms {
                return Err(format!(
                    "INV-13: node {node} is released while its process runs"
                ));
            }
            process.released = true;
        }
        Ok(())
    }

    /// The run is gone: its processes are nobody's, and are ended and forgotten at sight.
    fn stop_unwanted(&mut self) {
        let now_ms = self.now_ms;
        for process in self.processes.values_mut() {
            process.ends_ms = process.ends_ms.min(now_ms);
            process.released = true;
        }
    }

    /// When the next process ends.
    pub(super) fn next_end_ms(&self) -> Option<i64> {
        let open = self.processes.values().filter(|process| !process.released);
        open.map(|process| process.ends_ms)
            .filter(|ends_ms| *ends_ms > self.now_ms)
            .min()
    }
}

/// What every process prints: a value that would be something else if it were parsed again.
pub(super) const PRINTED: &str = "{{workflow.name}} {{=1 + 1}} '";

fn end(code: i32, finished_ms: i64) -> End {
    End {
        code,
        message: None,
        result: Some(PRINTED.to_owned()),
        finished_ms,
    }
}
