//! The launches that a runtime has, will have, or is to forget. Pure book-keeping: it answers what
//! is to be done, the watch does it.
//!
//! Until the runtime has shown once what it has, nothing is launched and nothing is taken for never
//! begun: an engine that has just started does not know what its predecessor launched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix::Recipient;
use usher_core::effect::Work;

use crate::actors::messages::Told;
use crate::ports::runtime::{PodKey, PodNews};

/// A launch.
#[derive(Default)]
struct Pod {
    keeper: Option<Recipient<Told>>,
    place: Place,
    news: Option<PodNews>,
    /// It is to end, as soon as it is known whether it runs.
    stop: bool,
    /// Nobody wants it: once it has ended it is released.
    unwanted: bool,
}

/// Where a launch is.
#[derive(Default)]
enum Place {
    /// Nowhere: somebody only asked for it.
    #[default]
    Nowhere,
    /// In the queue, under this number.
    Queue(u64, Arc<Work>),
    /// With the runtime, alive as far as we know.
    Alive,
    /// With the runtime, ended; its record waits for the release.
    Ended,
    /// Ended without ever having been with the runtime.
    NeverBegun,
}

/// What is to be done for a stop.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Nothing yet: it is not known whether it runs.
    Wait,
    /// It never ran and never will.
    NeverBegun,
    /// It has ended: tell its end again.
    Ended(Option<PodNews>),
    /// Tell the runtime.
    Runtime,
}

/// What is to be done for a release.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Release {
    /// The runtime has no record of it.
    Nothing,
    /// The runtime is to forget it.
    Forget,
    /// It runs though nobody wants it: it is to end first.
    Kill,
}

/// All launches.
pub(super) struct Pods {
    pods: BTreeMap<PodKey, Pod>,
    queue: BTreeMap<u64, PodKey>,
    arrivals: u64,
    alive: usize,
    alive_max: usize,
    /// The runtime has shown what it has.
    shown: bool,
    /// Launches whose present standing nobody has been told.
    untold: BTreeSet<PodKey>,
}

impl Pods {
    /// None yet; at most `alive_max` will be alive by our doing.
    pub(super) fn new(alive_max: usize) -> Pods {
        Pods {
            pods: BTreeMap::new(),
            queue: BTreeMap::new(),
            arrivals: 0,
            alive: 0,
            alive_max,
            shown: false,
            untold: BTreeSet::new(),
        }
    }

    /// How many are alive.
    pub(super) fn alive(&self) -> usize {
        self.alive
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether the runtime has shown what it has.
    pub(super) fn is_shown(&self) -> bool {
        self.shown
    }

    /// Who hears of a launch from now on. Answers the last news of it.
    pub(super) fn register(&mut self, key: PodKey, keeper: Recipient<Told>) -> Option<PodNews> {
        let pod = self.pods.entry(key).or_default();
        pod.keeper = Some(keeper);
        pod.news.clone()
    }

    /// Who hears of a launch.
    pub(super) fn keeper(&self, key: &PodKey) -> Option<Recipient<Told>> {
        self.pods.get(key)?.keeper.clone()
    }

    /// The last news of a launch.
    pub(super) fn news(&self, key: &PodKey) -> Option<PodNews> {
        self.pods.get(key)?.news.clone()
    }

    /// Whether somebody was told how it stands.
    pub(super) fn set_told(&mut self, key: &PodKey, is_told: bool) {
        if is_told {
            self.untold.remove(key);
        } else if self.pods.contains_key(key) {
            self.untold.insert(key.clone());
        }
    }

    /// Launches whose standing nobody was told.
    pub(super) fn untold(&self) -> Vec<PodKey> {
        self.untold.iter().cloned().collect()
    }

    /// Queues a launch; one that is known already stays where it is.
    pub(super) fn launch(&mut self, key: PodKey, work: Arc<Work>) {
        let pod = self.pods.entry(key.clone()).or_default();
        if matches!(pod.place, Place::Nowhere) && !pod.unwanted {
            pod.place = Place::Queue(self.arrivals, work);
            self.queue.insert(self.arrivals, key);
            self.arrivals += 1;
        }
    }

    /// The next one to launch, if there is room: the runtime has it from now on.
    pub(super) fn next(&mut self) -> Option<(PodKey, Arc<Work>)> {
        if !self.shown || self.alive >= self.alive_max {
            return None;
        }
        let (_, key) = self.queue.pop_first()?;
        let pod = self.pods.get_mut(&key)?;
        let Place::Queue(_, work) = std::mem::replace(&mut pod.place, Place::Alive) else {
            return None;
        };
        self.alive += 1;
        Some((key, work))
    }

    /// A launch is to end.
    pub(super) fn stop(&mut self, key: &PodKey) -> Stop {
        let shown = self.shown;
        let pod = self.pods.entry(key.clone()).or_default();
        match pod.place {
            Place::Alive => Stop::Runtime,
            Place::Ended | Place::NeverBegun => Stop::Ended(pod.news.clone()),
            Place::Nowhere | Place::Queue(..) if !shown => {
                pod.stop = true;
                Stop::Wait
            }
            Place::Nowhere | Place::Queue(..) => {
                if let Place::Queue(number, _) = &pod.place {
                    self.queue.remove(number);
                }
                pod.place = Place::NeverBegun;
                Stop::NeverBegun
            }
        }
    }

    /// The runtime shows what it has: launches that live (true) and that have ended. Answers those
    /// whose stop was waiting for this.
    pub(super) fn show(&mut self, inventory: Vec<(PodKey, bool)>) -> Vec<PodKey> {
        for (key, is_alive) in inventory {
            self.put(&key, is_alive);
            if self.pods.get(&key).is_some_and(|pod| pod.keeper.is_none()) {
                self.untold.insert(key);
            }
        }
        if std::mem::replace(&mut self.shown, true) {
            return Vec::new();
        }
        let mut stops = Vec::new();
        for (key, pod) in &mut self.pods {
            if std::mem::take(&mut pod.stop) {
                stops.push(key.clone());
            }
        }
        stops
    }

    /// The runtime tells of a launch. False when that is old news: it has ended since.
    pub(super) fn tell(&mut self, key: &PodKey, news: PodNews) -> bool {
        let is_alive = matches!(news, PodNews::Started { .. });
        let has_ended = |pod: &Pod| matches!(pod.place, Place::Ended);
        if is_alive && self.pods.get(key).is_some_and(has_ended) {
            return false;
        }
        self.put(key, is_alive);
        if let Some(pod) = self.pods.get_mut(key) {
            pod.news = Some(news);
        }
        true
    }

    /// A launch that never was with the runtime has ended so.
    pub(super) fn never_began(&mut self, key: &PodKey, news: PodNews) {
        self.pods.entry(key.clone()).or_default().news = Some(news);
    }

    /// Puts a launch where the runtime has it. What has ended does not live again.
    fn put(&mut self, key: &PodKey, is_alive: bool) {
        let pod = self.pods.entry(key.clone()).or_default();
        match pod.place {
            Place::Ended => return,
            Place::Alive => self.alive -= 1,
            Place::Queue(number, _) => {
                self.queue.remove(&number);
            }
            Place::Nowhere | Place::NeverBegun => {}
        }
        pod.place = Place::Ended;
        if is_alive {
            pod.place = Place::Alive;
            self.alive += 1;
        }
    }

    /// Whether a launch has ended and nobody wants it.
    pub(super) fn is_waste(&self, key: &PodKey) -> bool {
        let pod = self.pods.get(key);
        pod.is_some_and(|pod| pod.unwanted && !matches!(pod.place, Place::Alive))
    }

    /// The end of a launch is committed, or its run does not want it any more.
    pub(super) fn release(&mut self, key: &PodKey) -> Release {
        self.untold.remove(key);
        let Some(pod) = self.pods.get_mut(key) else {
            return Release::Nothing;
        };
        let answer = match pod.place {
            Place::Alive => {
                pod.unwanted = true;
                pod.keeper = None;
                return Release::Kill;
            }
            Place::Ended => Release::Forget,
            Place::Queue(number, _) => {
                self.queue.remove(&number);
                Release::Nothing
            }
            Place::Nowhere | Place::NeverBegun => Release::Nothing,
        };
        self.pods.remove(key);
        answer
    }

    /// The launches of a run.
    pub(super) fn of_run(&self, run: &str) -> Vec<PodKey> {
        let first = PodKey {
            run: run.to_owned(),
            node: 0,
            launch: 0,
        };
        let from = self.pods.range(first..).map(|(key, _)| key);
        from.take_while(|key| key.run == run).cloned().collect()
    }
}
