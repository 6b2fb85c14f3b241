//! Follows the keys file while the process runs: `usher keys add` needs no restart.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use usher_notifier_core::token::Ring;

use super::Keys;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Gives every new state of the file to whoever watches.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    keys: Keys,
    ring: watch::Sender<Arc<Ring>>,
    fault: Option<String>,
}

impl Follower {
    /// Begins with keys that were just read from the file; the receiver is for the ports.
    #[must_use]
    pub fn new(path: PathBuf, keys: Keys) -> (Follower, watch::Receiver<Arc<Ring>>) {
        let (ring, watched) = watch::channel(Arc::new(keys.ring()));
        let follower = Follower {
            path,
            keys,
            ring,
            fault: None,
        };
        (follower, watched)
    }

    /// Looks again and again until the process ends.
    pub async fn run(mut self, mut ending: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.look(),
                ended = ending.wait_for(|ending| *ending) => {
                    // Whoever could tell is gone, too.
                    let _ = ended;
                    return;
                }
            }
        }
    }

    /// Takes in what the file says now. A file that cannot be used changes nothing: links that are
    /// out stay good.
    pub fn look(&mut self) {
        let fault = match Keys::load(&self.path) {
            Ok(Some(keys)) => {
                if keys != self.keys {
                    let numbers: Vec<u8> = keys.shown().iter().map(|key| key.number).collect();
                    let signing = keys.ring().signing();
                    tracing::info!(?numbers, signing, "keys changed");
                    self.ring.send_replace(Arc::new(keys.ring()));
                    self.keys = keys;
                }
                None
            }
            Ok(None) => Some(format!("the keys file {} is gone", self.path.display())),
            Err(error) => Some(said(&error)),
        };
        if fault != self.fault {
            if let Some(fault) = &fault {
                tracing::error!("{fault}; the keys read before stay in use");
            }
            self.fault = fault;
        }
    }
}

/// An error with its causes.
fn said(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}
