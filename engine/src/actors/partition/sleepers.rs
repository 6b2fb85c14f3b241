//! The sleeping runs of a partition that are due within the next minutes, by time and by run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Who sleeps until when.
#[derive(Debug, Default)]
pub(super) struct Sleepers {
    by_time: BTreeSet<(i64, Arc<str>)>,
    by_run: BTreeMap<Arc<str>, i64>,
}

impl Sleepers {
    /// Notes that a run sleeps until `due_ms` (UTC); a later word about it counts.
    pub(super) fn put(&mut self, run: Arc<str>, due_ms: i64) {
        self.remove(&run);
        self.by_time.insert((due_ms, run.clone()));
        self.by_run.insert(run, due_ms);
    }

    /// Forgets a run: it is awake, or gone.
    pub(super) fn remove(&mut self, run: &Arc<str>) {
        if let Some(due_ms) = self.by_run.remove(run) {
            self.by_time.remove(&(due_ms, run.clone()));
        }
    }

    /// Takes the first run that is due at `now_ms`.
    pub(super) fn pop_due(&mut self, now_ms: i64) -> Option<Arc<str>> {
        let (due_ms, run) = self.by_time.first()?;
        if *due_ms > now_ms {
            return None;
        }
        let run = run.clone();
        self.remove(&run);
        Some(run)
    }

    /// When the first one is due, milliseconds UTC.
    pub(super) fn first_ms(&self) -> Option<i64> {
        self.by_time.first().map(|(due_ms, _)| *due_ms)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_run.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The earliest comes first, the last word about a run counts, and nobody comes early.
    #[test]
    fn wakes_in_order_and_not_early() {
        let mut sleepers = Sleepers::default();
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        sleepers.put(a.clone(), 10);
        sleepers.put(b.clone(), 20);
        sleepers.put(a.clone(), 30);
        assert_eq!((sleepers.len(), sleepers.first_ms()), (2, Some(20)));
        assert_eq!(sleepers.pop_due(19), None);
        assert_eq!(sleepers.pop_due(30), Some(b));
        sleepers.remove(&a);
        assert_eq!((sleepers.pop_due(99), sleepers.len()), (None, 0));
    }
}
