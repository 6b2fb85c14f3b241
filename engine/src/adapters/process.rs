//! Local processes: the engine's side of the launcher.
//!
//! A task holds the connection. It starts a launcher where none answers, says again after a new
//! connection what the old one may have lost, and tells what it hears as [`News`]. News repeat
//! until they are released: who hears them must bear that.

mod book;
mod link;
mod start;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

pub use crate::launcher::output::{Cut, cut};
pub use crate::launcher::wire::{Exit, Key, Launch, OUTPUT_MAX_BYTES, State};
use crate::launcher::wire::{FromLauncher, ToLauncher, VERSION};
use book::Book;
use link::Link;
use start::Starter;

/// How long a launcher may take to say welcome: it may have to end what a dead one left.
const WELCOME: Duration = Duration::from_secs(10);

/// The first wait before another try to connect.
const RETRY_SOON: Duration = Duration::from_millis(5);

/// The longest wait before another try to connect.
const RETRY_LATE: Duration = Duration::from_secs(1);

/// How many orders are taken into one write.
const ORDERS: usize = 256;

/// Why there is no launcher.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its directory cannot be used.
    #[error("use {dir} as the launcher's directory")]
    Dir {
        /// The directory.
        dir: PathBuf,
        /// What was wrong.
        #[source]
        source: std::io::Error,
    },
    /// It cannot be started.
    #[error("start the launcher {program}")]
    Start {
        /// Its program.
        program: PathBuf,
        /// What was wrong.
        #[source]
        source: std::io::Error,
    },
}

/// Where the launcher is and who its engine is.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The state directory: the launcher's own is `launcher` in it.
    pub state: PathBuf,
    /// The program that is started with `launcher DIR`. None: this one, as it runs now, also when
    /// the file that it was started from has been replaced.
    pub program: Option<PathBuf>,
    /// The engine's version, for the launcher's log.
    pub engine_version: String,
    /// Rises with every engine of the state directory; the highest is served. None: counted in the
    /// launcher's directory, for engines that exclude each other by a lock.
    pub generation: Option<u64>,
    /// How many processes may run at a time; what is launched beyond them waits in line. None: any
    /// number.
    pub places: Option<u32>,
}

impl Settings {
    /// The usual ones.
    #[must_use]
    pub fn new(state: &Path) -> Settings {
        Settings {
            state: state.to_owned(),
            program: None,
            engine_version: env!("CARGO_PKG_VERSION").to_owned(),
            generation: None,
            places: None,
        }
    }

    /// The directory of the launcher.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.state.join("launcher")
    }
}

/// What is told of processes and their launcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A launcher serves this engine. News of each launch in the inventory follow.
    Connected {
        /// Made anew by every launcher.
        launcher_id: String,
        /// The launcher's process.
        launcher_pid: i32,
        /// The kernel's id of this boot.
        boot_id: String,
        /// Every launch that it knows and that is not released.
        inventory: Vec<(Key, State)>,
    },
    /// A process runs.
    Started {
        /// Which launch.
        key: Key,
        /// Its process.
        pid: i32,
        /// Since when, milliseconds UTC.
        at_ms: i64,
    },
    /// A process ended or could not be started.
    Exited {
        /// Which launch.
        key: Key,
        /// How.
        exit: Exit,
    },
    /// Nobody knows how a process ended; it does not run any more.
    Lost {
        /// Which launch.
        key: Key,
        /// Why.
        reason: String,
    },
    /// Answer to a stop or query: the launcher has no record of it, so it does not run.
    Unknown {
        /// Which launch.
        key: Key,
    },
    /// A newer engine is served; nothing more will be told or done.
    Superseded,
    /// There is no connection; another is being made. Told once per loss.
    Disconnected {
        /// Why.
        reason: String,
    },
}

#[derive(Debug)]
enum Order {
    Launch(Box<Launch>),
    Stop(Key, u64),
    Release(Key),
    Query(Vec<Key>),
}

/// Gives orders to the launcher. They are taken at once and sent in their order; what comes of
/// them is told as [`News`]. When all copies are dropped the connection ends; processes run on.
#[derive(Debug, Clone)]
pub struct Processes {
    orders: mpsc::UnboundedSender<Order>,
}

impl Processes {
    /// Connects to the launcher, or starts one, and goes on with that on the present tokio runtime
    /// (with time and IO switched on).
    ///
    /// # Errors
    /// When the directory cannot be used or the launcher's program does not start. What goes wrong
    /// later is told as [`News::Disconnected`].
    pub fn start(settings: Settings) -> Result<(Processes, mpsc::UnboundedReceiver<News>), Error> {
        let mut starter = Starter::new(&settings)?;
        let generation = match settings.generation {
            Some(generation) => generation,
            None => starter.next_generation()?,
        };
        let first = starter.stream()?;
        let (orders, inbox) = mpsc::unbounded_channel();
        let (news, told) = mpsc::unbounded_channel();
        let engine_version = settings.engine_version;
        let hello = ToLauncher::Hello {
            v: VERSION,
            engine_version,
            generation,
            places: settings.places,
        };
        let keeper = Keeper {
            starter,
            hello,
            orders: inbox,
            news,
            book: Book::default(),
        };
        tokio::spawn(keeper.run(first));
        Ok((Processes { orders }, told))
    }

    /// Starts a process unless its key was launched before.
    pub fn launch(&self, launch: Launch) {
        self.order(Order::Launch(Box::new(launch)));
    }

    /// Ends a process: SIGTERM to its group, SIGKILL after the grace (milliseconds).
    pub fn stop(&self, key: Key, grace_ms: u64) {
        self.order(Order::Stop(key, grace_ms));
    }

    /// The end of a launch is committed: its record may be forgotten.
    pub fn release(&self, key: Key) {
        self.order(Order::Release(key));
    }

    /// Asks how launches stand. Told as news of each, [`News::Unknown`] among them.
    pub fn query(&self, keys: Vec<Key>) {
        self.order(Order::Query(keys));
    }

    fn order(&self, order: Order) {
        // The task is gone when a newer engine is served or the runtime ends: both are told.
        let _ = self.orders.send(order);
    }
}

/// Why a connection is over.
enum End {
    /// All [`Processes`] are dropped, or nobody hears the news.
    Dropped,
    /// A newer engine is served.
    Superseded,
    /// It broke.
    Broken(std::io::Error),
}

impl From<std::io::Error> for End {
    fn from(error: std::io::Error) -> End {
        End::Broken(error)
    }
}

/// The task that holds the connection.
struct Keeper {
    starter: Starter,
    hello: ToLauncher,
    orders: mpsc::UnboundedReceiver<Order>,
    news: mpsc::UnboundedSender<News>,
    book: Book,
}

impl Keeper {
    async fn run(mut self, first: std::os::unix::net::UnixStream) {
        let mut next = Ok(first);
        let mut wait = RETRY_SOON;
        let mut told = false;
        loop {
            let end = match next {
                Ok(stream) => match self.meet(stream).await {
                    Ok(mut link) => {
                        (wait, told) = (RETRY_SOON, false);
                        self.serve(&mut link).await
                    }
                    Err(end) => end,
                },
                Err(error) => End::Broken(std::io::Error::other(error)),
            };
            match end {
                End::Dropped => return,
                End::Superseded => {
                    let _ = self.news.send(News::Superseded);
                    return;
                }
                End::Broken(error) => {
                    let reason = self.starter.explain(&error);
                    tracing::warn!(reason, "no launcher");
                    // A launcher that is just being replaced needs no words yet.
                    if !std::mem::replace(&mut told, true) {
                        let _ = self.news.send(News::Disconnected { reason });
                    }
                }
            }
            if self.news.is_closed() || self.orders.is_closed() {
                return;
            }
            sleep(wait).await;
            wait = RETRY_LATE.min(wait * 2);
            next = self.starter.stream();
        }
    }

    /// Says hello, hears welcome, and catches up.
    async fn meet(&mut self, stream: std::os::unix::net::UnixStream) -> Result<Link, End> {
        let mut link = Link::new(stream)?;
        link.send(&self.hello)?;
        let message = timeout(WELCOME, link.first())
            .await
            .map_err(std::io::Error::from)??;
        let FromLauncher::Welcome {
            v,
            launcher_pid,
            boot_id,
            launcher_id,
            inventory,
        } = message
        else {
            return Err(match message {
                FromLauncher::Superseded => End::Superseded,
                other => End::Broken(std::io::Error::other(format!("no welcome: {other:?}"))),
            });
        };
        if !(1..=VERSION).contains(&v) {
            let text = format!("the launcher speaks version {v} of the words");
            return Err(End::Broken(std::io::Error::other(text)));
        }
        let caught_up = self.book.catch_up(inventory);
        for message in &caught_up.say {
            link.send(message)?;
        }
        let inventory = caught_up.inventory;
        self.tell(News::Connected {
            launcher_id,
            launcher_pid,
            boot_id,
            inventory,
        })?;
        caught_up
            .news
            .into_iter()
            .try_for_each(|news| self.tell(news))?;
        Ok(link)
    }

    async fn serve(&mut self, link: &mut Link) -> End {
        match self.exchange(link).await {
            Ok(()) => End::Dropped,
            Err(end) => end,
        }
    }

    async fn exchange(&mut self, link: &mut Link) -> Result<(), End> {
        let mut batch = Vec::new();
        loop {
            link.flush()?;
            tokio::select! {
                taken = self.orders.recv_many(&mut batch, ORDERS) => {
                    if taken == 0 {
                        // What was ordered is still said.
                        let _ = timeout(RETRY_LATE, link.drain()).await;
                        return Ok(());
                    }
                    self.obey(&mut batch, link)?;
                }
                heard = link.hear() => {
                    for message in heard? {
                        self.take_in(message)?;
                    }
                }
            }
        }
    }

    fn obey(&mut self, batch: &mut Vec<Order>, link: &mut Link) -> Result<(), End> {
        let mut released = Vec::new();
        for order in batch.drain(..) {
            if let Order::Release(key) = order {
                self.book.release(&key);
                released.push(key);
                continue;
            }
            if !released.is_empty() {
                link.send(&ToLauncher::Release {
                    keys: std::mem::take(&mut released),
                })?;
            }
            match order {
                Order::Launch(launch) => self.launch(launch, link)?,
                Order::Stop(key, grace_ms) => {
                    self.book.stop(&key, grace_ms);
                    link.send(&ToLauncher::Stop { key, grace_ms })?;
                }
                Order::Query(keys) => link.send(&ToLauncher::Query { keys })?,
                Order::Release(_) => {}
            }
        }
        if !released.is_empty() {
            link.send(&ToLauncher::Release { keys: released })?;
        }
        Ok(())
    }

    fn launch(&mut self, launch: Box<Launch>, link: &mut Link) -> Result<(), End> {
        let message = ToLauncher::Launch(launch);
        let said = link.send(&message);
        let ToLauncher::Launch(launch) = message else {
            return Ok(());
        };
        match said {
            Ok(()) => self.book.launch(launch),
            // A path that is not UTF-8: it can never be said.
            Err(error) => {
                let reason = format!("attempt lost: {error}");
                self.tell(News::Lost {
                    key: launch.key,
                    reason,
                })?;
            }
        }
        Ok(())
    }

    fn take_in(&mut self, message: FromLauncher) -> Result<(), End> {
        let news = match message {
            FromLauncher::Started { key, pid, at_ms } => News::Started { key, pid, at_ms },
            FromLauncher::Exited { key, exit } => News::Exited { key, exit },
            FromLauncher::Lost { key, reason } => News::Lost { key, reason },
            FromLauncher::Unknown { key } => News::Unknown { key },
            FromLauncher::Known { key, state } => match book::news_of(key, state) {
                Some(news) => news,
                None => return Ok(()),
            },
            FromLauncher::Superseded => return Err(End::Superseded),
            FromLauncher::Welcome { .. } => return Ok(()),
            FromLauncher::Error { message } => {
                tracing::warn!(message, "the launcher did not understand");
                return Ok(());
            }
        };
        self.book.hear(&news);
        self.tell(news)
    }

    fn tell(&self, news: News) -> Result<(), End> {
        self.news.send(news).map_err(|_| End::Dropped)
    }
}
