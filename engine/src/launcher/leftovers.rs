//! What steps leave behind empty: output that nobody wrote, a working directory that nobody used.
//!
//! Most steps leave one or both so. Once their end is committed these are removed: a run of many
//! steps leaves few files, and the file system gives the next step what it just got back, which
//! costs a fraction of finding something new.

use std::collections::HashMap;
use std::path::PathBuf;

use super::wire::{Key, Launch};

/// Where a step's things are.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    cwd: PathBuf,
    /// Its output files, as far as they are empty.
    empty: Vec<PathBuf>,
}

impl Place {
    /// The place of a launch.
    pub(super) fn of(launch: &Launch) -> Place {
        Place {
            folder: launch.folder().to_owned(),
            cwd: launch.cwd.clone(),
            empty: Vec::new(),
        }
    }

    /// One of its output files has stayed empty.
    pub(super) fn is_empty(&mut self, output: PathBuf) {
        self.empty.push(output);
    }

    /// Removes what is empty. Only what is inside the launch's own folder is ours.
    fn clear(&self) {
        for path in &self.empty {
            let _ = std::fs::remove_file(path);
        }
        let mut inner = self.cwd.as_path();
        while inner.starts_with(&self.folder) && std::fs::remove_dir(inner).is_ok() {
            let Some(outer) = inner.parent() else { break };
            inner = outer;
        }
    }
}

/// The places of steps that have ended.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    ended: HashMap<Key, Place>,
    released: Vec<Place>,
}

impl Leftovers {
    /// A step has ended; its output is wanted until its release.
    pub(super) fn ended(&mut self, key: Key, place: Place) {
        self.ended.insert(key, place);
    }

    /// These launches are released.
    pub(super) fn release(&mut self, keys: &[Key]) {
        let places = keys.iter().filter_map(|key| self.ended.remove(key));
        self.released.extend(places);
    }

    /// Clears the places of released launches.
    pub(super) fn clear(&mut self) {
        self.released.drain(..).for_each(|place| place.clear());
    }
}
