//! Where a node's work runs: the port of every runtime.
//!
//! A launch is idempotent by its key; news of it repeat until it is released. News may come late,
//! twice or in another order: who hears them compares launch numbers.

use std::path::PathBuf;

use usher_core::effect::Work;

/// Names one launch for ever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodKey {
    /// The run's uid.
    pub run: String,
    /// The node's number.
    pub node: u32,
    /// The launch number.
    pub launch: u32,
}

impl PodKey {
    /// Its folder below the runs' folder: `UID/NODE-LAUNCH`.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        PathBuf::from(&self.run).join(format!("{}-{}", self.node, self.launch))
    }
}

/// What a runtime tells of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PodNews {
    /// It runs, since this time (milliseconds UTC).
    Started {
        /// When it began.
        started_ms: i64,
    },
    /// It ended.
    Exited {
        /// Exit code; 128 + signal when a signal ended it.
        code: i32,
        /// The runtime's own words, when it never ran.
        message: Option<String>,
        /// When it ended, milliseconds UTC.
        finished_ms: i64,
    },
    /// Nobody knows how it ended.
    Lost {
        /// Why.
        reason: String,
    },
}

/// A runtime for pods. Calls return at once; what comes of them is told as [`PodNews`].
pub trait PodRuntime {
    /// Starts the work unless this key was launched before.
    fn launch(&mut self, key: PodKey, work: Work);
    /// Tells it to end, and ends it by force after the grace.
    fn stop(&mut self, key: PodKey, grace_ms: u64);
    /// Its end is committed: the record may be forgotten.
    fn release(&mut self, key: PodKey);
    /// How many launches it takes beyond those that may run, so that an end is followed by the next
    /// without a word between.
    fn ahead(&self) -> usize {
        0
    }
}
