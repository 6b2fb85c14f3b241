//! Who keeps which partition, and who watches the pods, at this moment.
//!
//! Actors come and go: one that panicked is made anew under another address. Who wants to say
//! something to the keeper of a run asks here for its present address instead of keeping one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix::Addr;

use super::engine::Engine;
use super::messages::{Nudge, Unclaimed};
use super::partition::PartitionKeeper;
use super::pod_watch::PodWatch;
use crate::ports::runtime::PodKey;

/// The addresses of the actors that are alone in their role.
#[derive(Debug, Default)]
pub struct Roster {
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    keepers: BTreeMap<u16, Addr<PartitionKeeper>>,
    watch: Option<Addr<PodWatch>>,
    engine: Option<Addr<Engine>>,
}

impl Roster {
    /// The keeper of a run's partition, if it lives.
    #[must_use]
    pub fn keeper_of(&self, run: &str) -> Option<Addr<PartitionKeeper>> {
        self.keeper(usher_ledger::part_of(run))
    }

    /// The keeper of a partition, if it lives.
    #[must_use]
    pub fn keeper(&self, part: u16) -> Option<Addr<PartitionKeeper>> {
        self.places()
            .keepers
            .get(&part)
            .filter(|keeper| keeper.connected())
            .cloned()
    }

    /// All living keepers, by partition.
    #[must_use]
    pub fn keepers(&self) -> Vec<Addr<PartitionKeeper>> {
        let places = self.places();
        places
            .keepers
            .values()
            .filter(|keeper| keeper.connected())
            .cloned()
            .collect()
    }

    /// Puts a keeper in charge of a partition.
    pub fn put_keeper(&self, part: u16, keeper: Addr<PartitionKeeper>) {
        self.places().keepers.insert(part, keeper);
    }

    /// The watch of the pods, if it lives.
    #[must_use]
    pub fn watch(&self) -> Option<Addr<PodWatch>> {
        self.places().watch.clone().filter(Addr::connected)
    }

    /// Puts a watch in charge of the pods.
    pub fn put_watch(&self, watch: Addr<PodWatch>) {
        self.places().watch = Some(watch);
    }

    /// The engine, if it lives.
    #[must_use]
    pub fn engine(&self) -> Option<Addr<Engine>> {
        self.places().engine.clone().filter(Addr::connected)
    }

    /// Puts an engine in charge.
    pub fn put_engine(&self, engine: Addr<Engine>) {
        self.places().engine = Some(engine);
    }

    /// Tells the keeper of a run's partition that there are commands for the run. A lost word does
    /// no harm: the keeper's sweep finds them.
    pub fn nudge(&self, run: &str) {
        if let Some(keeper) = self.keeper_of(run) {
            let _ = keeper.try_send(Nudge {
                run: run.to_owned(),
            });
        }
    }

    /// Tells the keeper of a run's partition of a launch that nobody has claimed. A lost word does
    /// no harm: a keeper that is made anew wakes what must be awake.
    pub fn unclaimed(&self, key: PodKey) {
        if let Some(keeper) = self.keeper_of(&key.run) {
            let _ = keeper.try_send(Unclaimed { key });
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
