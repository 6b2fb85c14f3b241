//! What the engine's side must remember to say again after a new connection.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{Key, Launch, News, State};
use crate::launcher::wire::ToLauncher;

/// How many releases are remembered: more than can be on their way to a launcher that dies.
const RELEASES: usize = 4096;

/// Why a launch that had started is lost when no launcher has a record of it.
const FORGOTTEN: &str = "attempt lost: its launcher does not know it any more";

/// A launch that has not ended.
#[derive(Debug, Default)]
struct Live {
    /// What was asked for, until the launcher is known to have it.
    launch: Option<Box<Launch>>,
    /// The grace of the stop that was ordered, milliseconds.
    stop: Option<u64>,
}

/// What was ordered and what was heard.
#[derive(Debug, Default)]
pub(super) struct Book {
    live: HashMap<Key, Live>,
    released: VecDeque<Key>,
}

/// What a welcome leads to.
#[derive(Debug, Default)]
pub(super) struct CaughtUp {
    /// To be said to the launcher.
    pub(super) say: Vec<ToLauncher>,
    /// The launcher's records without those that were released before.
    pub(super) inventory: Vec<(Key, State)>,
    /// To be told to the engine.
    pub(super) news: Vec<News>,
}

impl Book {
    /// A launch was ordered.
    pub(super) fn launch(&mut self, launch: Box<Launch>) {
        let key = launch.key.clone();
        self.live.entry(key).or_default().launch = Some(launch);
    }

    /// A stop was ordered.
    pub(super) fn stop(&mut self, key: &Key, grace_ms: u64) {
        if let Some(live) = self.live.get_mut(key) {
            live.stop = Some(live.stop.map_or(grace_ms, |grace| grace.min(grace_ms)));
        }
    }

    /// A release was ordered.
    pub(super) fn release(&mut self, key: &Key) {
        self.live.remove(key);
        self.released.push_back(key.clone());
        if self.released.len() > RELEASES {
            self.released.pop_front();
        }
    }

    /// Something was heard of a launch.
    pub(super) fn hear(&mut self, news: &News) {
        match news {
            News::Started { key, .. } => {
                self.live.entry(key.clone()).or_default().launch = None;
            }
            News::Exited { key, .. } | News::Lost { key, .. } | News::Unknown { key } => {
                self.live.remove(key);
            }
            News::Connected { .. } | News::Superseded | News::Disconnected { .. } => {}
        }
    }

    /// Compares with what the launcher of a new connection knows.
    pub(super) fn catch_up(&mut self, inventory: Vec<(Key, State)>) -> CaughtUp {
        let released: HashSet<&Key> = self.released.iter().collect();
        let (again, inventory): (Vec<_>, Vec<_>) = inventory
            .into_iter()
            .partition(|(key, _)| released.contains(key));
        self.released.clear();
        let mut caught_up = CaughtUp::default();
        if !again.is_empty() {
            let keys: Vec<Key> = again.into_iter().map(|(key, _)| key).collect();
            // If these are not heard either, they are to be said once more.
            self.released.extend(keys.iter().cloned());
            caught_up.say.push(ToLauncher::Release { keys });
        }
        for (key, state) in &inventory {
            caught_up.news.extend(news_of(key.clone(), state.clone()));
        }
        for news in &caught_up.news {
            self.hear(news);
        }
        let known: HashSet<&Key> = inventory.iter().map(|(key, _)| key).collect();
        let mut forgotten = Vec::new();
        for (key, live) in &self.live {
            match &live.launch {
                Some(launch) if !known.contains(key) => {
                    caught_up.say.push(ToLauncher::Launch(launch.clone()));
                }
                None if !known.contains(key) => forgotten.push(key.clone()),
                _ => {}
            }
            if let Some(grace_ms) = live.stop
                && (known.contains(key) || live.launch.is_some())
            {
                caught_up.say.push(ToLauncher::Stop {
                    key: key.clone(),
                    grace_ms,
                });
            }
        }
        for key in forgotten {
            self.live.remove(&key);
            caught_up.news.push(News::Lost {
                key,
                reason: FORGOTTEN.to_owned(),
            });
        }
        caught_up.inventory = inventory;
        caught_up
    }
}

/// The news of a launch that stands so; none while it is being started.
pub(super) fn news_of(key: Key, state: State) -> Option<News> {
    match state {
        State::Starting => None,
        State::Running { pid, at_ms } => Some(News::Started { key, pid, at_ms }),
        State::Exited(exit) => Some(News::Exited { key, exit }),
        State::Lost { reason } => Some(News::Lost { key, reason }),
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

    fn launch(number: u32) -> Box<Launch> {
        Box::new(Launch {
            key: key(number),
            argv: Vec::new(),
            env: Vec::new(),
            cwd: PathBuf::new(),
            stdout: PathBuf::new(),
            stderr: PathBuf::new(),
            script: None,
            image: String::new(),
            output_max_bytes: 1,
        })
    }

    fn running(number: u32) -> (Key, State) {
        (key(number), State::Running { pid: 5, at_ms: 6 })
    }

    fn started(number: u32) -> News {
        News::Started {
            key: key(number),
            pid: 5,
            at_ms: 6,
        }
    }

    #[test]
    fn what_a_broken_connection_may_have_lost_is_said_again() {
        let mut book = Book::default();
        // 1: never heard of. 2: started and known. 3: started and forgotten. 4: released.
        // 5: sent and known. 6: of an earlier engine.
        for number in [1, 2, 3, 4, 5] {
            book.launch(launch(number));
        }
        for number in [2, 3, 4] {
            book.hear(&started(number));
        }
        book.stop(&key(1), 70);
        book.stop(&key(2), 50);
        book.stop(&key(2), 60);
        book.release(&key(4));
        let lost = (
            key(6),
            State::Lost {
                reason: "why".to_owned(),
            },
        );
        let mut told = book.catch_up(vec![running(2), running(4), running(5), lost.clone()]);
        told.say.sort_by_key(|message| format!("{message:?}"));
        let again = [
            ToLauncher::Launch(launch(1)),
            ToLauncher::Release { keys: vec![key(4)] },
            ToLauncher::Stop {
                key: key(1),
                grace_ms: 70,
            },
            ToLauncher::Stop {
                key: key(2),
                grace_ms: 50,
            },
        ];
        assert_eq!(told.say, again);
        assert_eq!(told.inventory, [running(2), running(5), lost]);
        let forgotten = News::Lost {
            key: key(3),
            reason: FORGOTTEN.to_owned(),
        };
        let why = News::Lost {
            key: key(6),
            reason: "why".to_owned(),
        };
        assert_eq!(told.news, [started(2), started(5), why, forgotten]);
        // Once more at once: only what is still open.
        let told = book.catch_up(vec![running(1), running(2), running(5)]);
        assert_eq!(told.say.len(), 2, "{:?}", told.say);
        assert_eq!(told.news, [started(1), started(2), started(5)]);
    }
}
