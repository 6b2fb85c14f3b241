//! What has happened to a run and no turn has taken yet, and how soon one must.
//!
//! Most events are taken at once. That a process began changes nothing that anybody waits for: it
//! goes along with the next turn, within a second. And the ends of processes in a crowd wait a
//! moment for each other: while many more are in flight or wait for a place, the machine is the
//! limit, and a commit for each end would only take from it.

use std::collections::VecDeque;
use std::time::Duration;

use usher_core::decide::EVENTS_MAX;
use usher_core::event::{Event, Stamped};

/// How long the beginning of a process may wait.
const LAZY: Duration = Duration::from_secs(1);

/// How long the end of a process may wait in a crowd.
const GATHER: Duration = Duration::from_millis(2);

/// How many of a run's processes, in flight or waiting, are a crowd.
const CROWD: usize = 32;

/// Events that wait for a turn.
#[derive(Debug, Default)]
pub(super) struct Queue {
    events: VecDeque<Stamped>,
    /// How many of them, at the front, are outcomes of approvals.
    outcomes: usize,
    /// How many of them must be taken at once.
    urgent: usize,
    /// How many of them are ends of processes.
    ends: usize,
}

fn is_begin(event: &Event) -> bool {
    matches!(event, Event::PodStarted { .. })
}

fn is_end(event: &Event) -> bool {
    matches!(event, Event::PodFinished { .. } | Event::PodLost { .. })
}

impl Queue {
    pub(super) fn push(&mut self, stamped: Stamped) {
        self.count(&stamped.event, true);
        if stamped.is_outcome() {
            self.events.insert(self.outcomes, stamped);
            self.outcomes += 1;
        } else {
            self.events.push_back(stamped);
        }
    }

    fn count(&mut self, event: &Event, more: bool) {
        let counter = match (is_end(event), is_begin(event)) {
            (true, _) => &mut self.ends,
            (_, false) => &mut self.urgent,
            (_, true) => return,
        };
        *counter = if more {
            *counter + 1
        } else {
            counter.saturating_sub(1)
        };
    }

    /// Takes what one turn may fold, oldest first, and every outcome of an approval before it: a
    /// turn that left one for later could close what is decided already.
    pub(super) fn take(&mut self) -> Vec<Stamped> {
        let count = self.events.len().min(EVENTS_MAX.max(self.outcomes));
        self.outcomes = 0;
        let taken: Vec<Stamped> = self.events.drain(..count).collect();
        for stamped in &taken {
            self.count(&stamped.event, false);
        }
        taken
    }

    pub(super) fn clear(&mut self) {
        *self = Queue::default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// How long the next turn may wait for company, none if there is nothing to take; `busy` of
    /// the run's processes are in flight or wait for a place.
    pub(super) fn patience(&self, busy: usize) -> Option<Duration> {
        if self.events.is_empty() {
            return None;
        }
        let is_full = self.events.len() >= EVENTS_MAX;
        let is_crowd = busy >= CROWD;
        if self.urgent > 0 || is_full || (self.ends > 0 && !is_crowd) {
            return Some(Duration::ZERO);
        }
        Some(if self.ends > 0 { GATHER } else { LAZY })
    }
}

#[cfg(test)]
mod tests {
    use usher_core::event::End;

    use super::*;

    fn stamped(event: Event) -> Stamped {
        Stamped { at_ms: 0, event }
    }

    fn begin() -> Event {
        Event::PodStarted {
            node: 0,
            launch: 1,
            started_ms: 0,
        }
    }

    fn end() -> Event {
        let end = End {
            code: 0,
            message: None,
            result: None,
            finished_ms: 0,
        };
        Event::PodFinished {
            node: 0,
            launch: 1,
            end,
        }
    }

    /// Outcomes of approvals go first, all of them, in the order of their coming.
    #[test]
    fn outcomes_go_first() {
        let verdict = usher_api::approval::Verdict {
            phase: usher_api::approval::VerdictPhase::Succeeded,
            message: String::new(),
            outputs: std::collections::BTreeMap::new(),
            may_retry: false,
        };
        let settle = |id| Event::Commanded {
            id,
            command: usher_api::command::Command::Settle {
                by: String::new(),
                task: String::new(),
                node: 0,
                verdict: verdict.clone(),
            },
        };
        let mut queue = Queue::default();
        (0..EVENTS_MAX).for_each(|_| queue.push(stamped(begin())));
        let last = EVENTS_MAX as i64 + 3;
        (0..last).for_each(|id| queue.push(stamped(settle(id))));
        let taken = queue.take();
        let ids: Vec<i64> = taken
            .iter()
            .filter_map(|stamped| match stamped.event {
                Event::Commanded { id, .. } => Some(id),
                _ => None,
            })
            .collect();
        assert_eq!(ids, (0..last).collect::<Vec<i64>>());
        assert_eq!((taken.len(), queue.len()), (ids.len(), EVENTS_MAX));
        queue.push(stamped(settle(9)));
        assert!(queue.take()[0].is_outcome());
    }

    /// Only ends in a crowd and beginnings wait, and a full turn waits for nothing.
    #[test]
    fn patience_is_for_crowds_and_beginnings() {
        let mut queue = Queue::default();
        assert_eq!(queue.patience(100), None);
        queue.push(stamped(begin()));
        assert_eq!(queue.patience(0), Some(LAZY));
        queue.push(stamped(end()));
        assert_eq!(queue.patience(CROWD - 1), Some(Duration::ZERO));
        assert_eq!(queue.patience(CROWD), Some(GATHER));
        queue.push(stamped(Event::Continued));
        assert_eq!(queue.patience(CROWD), Some(Duration::ZERO));
        assert_eq!((queue.take().len(), queue.patience(CROWD)), (3, None));
        (0..=EVENTS_MAX).for_each(|_| queue.push(stamped(begin())));
        assert_eq!(queue.patience(CROWD), Some(Duration::ZERO));
        assert_eq!((queue.take().len(), queue.len()), (EVENTS_MAX, 1));
        assert_eq!(queue.patience(CROWD), Some(LAZY));
    }
}
