//! The launches that wait here for a place, in the order in which the engine said them.
//!
//! An engine says a few launches more than may run at a time, so that the end of one is followed by
//! the next at once, without a word between the two. What waits is in no journal: its engine has it
//! written down, and says it again to the launcher that it meets next.

use std::collections::{HashSet, VecDeque};

use super::wire::{Key, Launch};

/// What waits, and for how many places.
#[derive(Debug)]
pub(super) struct Line {
    places: usize,
    waiting: VecDeque<Launch>,
    keys: HashSet<Key>,
}

impl Line {
    /// Empty, with places for all.
    pub(super) fn new() -> Line {
        Line {
            places: usize::MAX,
            waiting: VecDeque::new(),
            keys: HashSet::new(),
        }
    }

    /// Another engine is served, which wants so many processes at a time; none: all that it says.
    /// What its predecessor has said is forgotten.
    pub(super) fn serve(&mut self, places: Option<u32>) {
        let wanted = places.map(|places| usize::try_from(places).unwrap_or(usize::MAX));
        self.places = wanted.map_or(usize::MAX, |places| places.max(1));
        self.forget();
    }

    /// Nobody is there who would want to know how these end.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
        self.keys.clear();
    }

    /// Whether it waits.
    #[must_use]
    pub(super) fn has(&self, key: &Key) -> bool {
        self.keys.contains(key)
    }

    /// Whether nothing waits.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes the last place; whoever waits already stays where it is.
    pub(super) fn join(&mut self, launch: Launch) {
        if self.keys.insert(launch.key.clone()) {
            self.waiting.push_back(launch);
        }
    }

    /// Leaves without having been started. False when it does not wait.
    pub(super) fn leave(&mut self, key: &Key) -> bool {
        if !self.keys.remove(key) {
            return false;
        }
        self.waiting.retain(|launch| launch.key != *key);
        true
    }

    /// Those whose turn it is while so many live.
    pub(super) fn next(&mut self, living: usize) -> Vec<Launch> {
        let free = self.places.saturating_sub(living).min(self.waiting.len());
        let next: Vec<Launch> = self.waiting.drain(..free).collect();
        for launch in &next {
            self.keys.remove(&launch.key);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn key(launch: u32) -> Key {
        Key {
            run: "r".to_owned(),
            node: 1,
            launch,
        }
    }

    fn launch(number: u32) -> Launch {
        Launch {
            key: key(number),
            argv: Vec::new(),
            env: Vec::new(),
            cwd: PathBuf::new(),
            stdout: PathBuf::new(),
            stderr: PathBuf::new(),
            script: None,
            image: String::new(),
            output_max_bytes: 0,
        }
    }

    fn numbers(launches: &[Launch]) -> Vec<u32> {
        launches.iter().map(|launch| launch.key.launch).collect()
    }

    /// Places are given in order, also after one has left; nobody waits twice.
    #[test]
    fn a_line_moves_on_as_places_are_free() {
        let mut line = Line::new();
        line.serve(Some(2));
        for number in [5, 3, 9, 3, 1] {
            line.join(launch(number));
        }
        assert_eq!(numbers(&line.next(1)), [5]);
        assert!(line.next(2).is_empty());
        assert!(line.has(&key(9)));
        assert!(line.leave(&key(9)));
        assert!(!line.leave(&key(9)));
        assert!(!line.has(&key(9)));
        assert_eq!(numbers(&line.next(0)), [3, 1]);
        assert!(line.is_empty());
        // It may come again, as after a lost word.
        line.join(launch(3));
        assert!(line.next(7).is_empty());
        line.serve(None);
        assert!(line.is_empty());
        line.join(launch(8));
        assert_eq!(numbers(&line.next(7)), [8]);
    }
}
