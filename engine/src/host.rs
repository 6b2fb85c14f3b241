//! The engine of a state directory, hosted in this process on a thread of its own.
//!
//! Start, in order: the ledger (migrated, its partitions taken over), the launcher, the actors, the
//! socket. The start after a crash is the same start: whatever is owed is done again, harmlessly.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;
use std::time::Duration;

use actix::Actor;
use anyhow::Context as _;
use tokio::sync::broadcast;
use usher_ledger::{Durability, Fence, Reader, Sqlite, Writer};
use usher_notifier::ports::Bells;

use crate::actors::engine::{Engine, MakeWatch, Open};
use crate::actors::guard::Guard;
use crate::actors::pod_watch::PodWatch;
use crate::actors::roster::Roster;
use crate::actors::shell::{PlanCache, Settings, Shell};
use crate::adapters::local::Local;
use crate::config::Config;
use crate::notifier::{Notifier, Setup};
use crate::ports::clock::{Clock, SystemClock};
use crate::reading::ReadPool;
use crate::server::read::asks_people;
use crate::server::{Api, serve};
use crate::state::{Lock, StateDir};

/// How the engine is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Settings of the engine.
    pub settings: Settings,
    /// What a commit survives.
    pub durability: Durability,
    /// Whether it remembers what others asked for: it may end before that is carried through.
    pub keeps_promises: bool,
    /// Whether pages are shown from the start; else as soon as there is something to show.
    pub pages_at_once: bool,
    /// The configuration.
    pub config: Arc<Config>,
}

/// How many threads read the ledger.
const READERS: usize = 2;

/// How many changes a slow watcher may lag behind before it skips some.
const CHANGES: usize = 4_096;

/// A hosted engine.
#[derive(Debug)]
pub struct Host {
    api: Arc<Api>,
    thread: Option<std::thread::JoinHandle<()>>,
    over: mpsc::Receiver<()>,
}

impl Host {
    /// Starts an engine; returns when it accepts clients.
    ///
    /// # Errors
    /// When the ledger cannot be opened, or the launcher or the socket do not start.
    pub fn start(state: &StateDir, lock: Lock, options: &Options) -> anyhow::Result<Host> {
        let (ready, started) = mpsc::channel();
        let (end, over) = mpsc::channel();
        let (state, options) = (state.clone(), options.clone());
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || {
                let _lock = lock;
                let system = actix_rt::System::new();
                system.block_on(async move {
                    match open(&state, &options).await {
                        Ok((api, writer, notifier)) => {
                            let _ = ready.send(Ok(api.clone()));
                            api.ended().await;
                            notifier.stop();
                            let _ = std::fs::remove_file(state.path().join("sock"));
                            writer.close();
                        }
                        Err(error) => {
                            let _ = ready.send(Err(error));
                        }
                    }
                });
                let _ = end.send(());
            })
            .context("start the engine's thread")?;
        let api = started
            .recv()
            .context("the engine's thread ended at its start")??;
        Ok(Host {
            api,
            thread: Some(thread),
            over,
        })
    }

    /// Brings the engine to its end: what is committed stays, what runs goes on under its launcher.
    /// The engine's thread may still be waiting for its last commit after five seconds; the end of
    /// the process is as good.
    pub fn stop(mut self) {
        self.api.shut_down();
        let ended = self.over.recv_timeout(Duration::from_secs(5));
        if ended.is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }

    /// Waits this long for the engine to end; whether it has.
    #[must_use]
    pub fn has_ended(&self, within: Duration) -> bool {
        !matches!(
            self.over.recv_timeout(within),
            Err(mpsc::RecvTimeoutError::Timeout)
        )
    }

    /// What the engine offers to clients.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }
}

type Opened = (Arc<Api>, usher_ledger::Handle, Arc<Notifier>);

async fn open(state: &StateDir, options: &Options) -> anyhow::Result<Opened> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let (handle, fences, mut readers) = open_ledger(state, options)?;
    // In doubt there is something for it.
    let has_work = readers
        .first_mut()
        .is_none_or(|reader| asks_people(reader.as_mut()).unwrap_or(true));
    let (changes, _) = broadcast::channel(CHANGES);
    let bells = Arc::new(Bells::default());
    let shell = Arc::new(Shell {
        writer: handle.clone(),
        readers: ReadPool::new(readers, state.runs()),
        clock,
        settings: options.settings.clone(),
        changes,
        plans: PlanCache::default(),
        roster: Arc::new(Roster::default()),
        awake: AtomicUsize::new(0),
        people: Some(bells.clone()),
    });
    let notifier = Notifier::new(Setup {
        state: state.clone(),
        config: options.config.clone(),
        writer: handle.clone(),
        clock: shell.clock.clone(),
        roster: shell.roster.clone(),
        changes: shell.changes.clone(),
        bells,
    });
    let make_watch = watch_maker(state, &shell)?;
    supervise(shell.clone(), fences, make_watch).await?;
    if options.pages_at_once {
        notifier.start()?;
    } else {
        actix_rt::spawn(notifier.clone().start_when_needed(has_work));
    }
    let api = Arc::new(Api::new(shell, options.keeps_promises, notifier.clone()));
    listen(state, api.clone())?;
    Ok((api, handle, notifier))
}

/// Starts the engine's actor and keeps it alive: should it die, it is made anew. Its children live
/// on meanwhile, and the roster has their addresses.
pub(crate) async fn supervise(
    shell: Arc<Shell>,
    fences: Vec<Fence>,
    make_watch: MakeWatch,
) -> anyhow::Result<()> {
    let (tell, mut gone) = tokio::sync::mpsc::unbounded_channel();
    let start = move || {
        let tell = tell.clone();
        let guard = Guard::new(move |_| {
            let _ = tell.send(());
        });
        let engine = Engine::new(shell.clone(), fences.clone(), make_watch.clone(), guard).start();
        shell.roster.put_engine(engine.clone());
        engine
    };
    let opened = start().send(Open).await.context("open the engine")?;
    opened
        .map_err(anyhow::Error::msg)
        .context("open the engine")?;
    actix_rt::spawn(async move {
        while gone.recv().await.is_some() {
            tracing::error!("the engine's actor died; it is made anew");
            if let Ok(Err(error)) = start().send(Open).await {
                tracing::error!(error, "the engine's actor cannot open");
            }
        }
    });
    Ok(())
}

type Ledger = (
    usher_ledger::Handle,
    Vec<Fence>,
    Vec<Box<dyn Reader + Send>>,
);

fn open_ledger(state: &StateDir, options: &Options) -> anyhow::Result<Ledger> {
    let path = state.ledger();
    let what = || format!("open the ledger {}", path.display());
    let boot = boot_id();
    let mut ledger = Sqlite::open(&path, options.durability, &boot).with_context(what)?;
    let owner = format!("{}-{}", std::process::id(), boot);
    let fences = ledger.take_over_all(&owner).with_context(what)?;
    let needs_check = ledger.needs_check();
    let mut readers: Vec<Box<dyn Reader + Send>> = Vec::new();
    for _ in 0..READERS {
        readers.push(Box::new(Sqlite::reader(&path).with_context(what)?));
    }
    if needs_check {
        check_in_background(path.clone());
    }
    let handle = Writer::spawn(Box::new(ledger), Box::new(fatal));
    Ok((handle, fences, readers))
}

/// The writing thread cannot go on (disk full, IO error): nothing more can be promised, so the
/// process ends loudly; what is committed stays.
fn fatal(error: &usher_ledger::Error) {
    tracing::error!(%error, "the ledger cannot be written; the engine ends");
    let mut out = std::io::stderr();
    let _ = std::io::Write::write_all(
        &mut out,
        format!("usher: the ledger cannot be written: {}\n", error.chain()).as_bytes(),
    );
    std::process::exit(70);
}

/// After an unclean stop of the machine the file is looked over while the engine works.
fn check_in_background(path: PathBuf) {
    let work = move || match Sqlite::check(&path) {
        Ok(problems) if problems.is_empty() => tracing::info!("the ledger is sound"),
        Ok(problems) => {
            for problem in problems {
                tracing::error!(problem, "the ledger is damaged: restore it from a backup");
            }
        }
        Err(error) => tracing::error!(%error, "the ledger cannot be checked"),
    };
    if let Err(error) = std::thread::Builder::new()
        .name("ledger-check".to_owned())
        .spawn(work)
    {
        tracing::warn!(%error, "the ledger is not checked");
    }
}

/// What connects to the launcher and starts a watch of its processes, as often as it is asked.
fn watch_maker(state: &StateDir, shell: &Arc<Shell>) -> anyhow::Result<MakeWatch> {
    let runs = state.runs();
    std::fs::create_dir_all(&runs).context("make the folder of the runs")?;
    let (state, shell) = (state.clone(), Arc::downgrade(shell));
    Ok(Arc::new(move || {
        let shell = shell.upgrade().ok_or("the engine is ending")?;
        let (runtime, news) = Local::start(&state, shell.settings.processes_max)
            .map_err(|error| format!("start the launcher: {error}"))?;
        let (roster, clock) = (shell.roster.clone(), shell.clock.clone());
        let watch = PodWatch::new(
            Box::new(runtime),
            roster,
            runs.clone(),
            &shell.settings,
            clock,
        )
        .start();
        news.forward_to(watch.clone());
        Ok(watch)
    }))
}

fn listen(state: &StateDir, api: Arc<Api>) -> anyhow::Result<()> {
    let socket = state.socket().context("open the state directory")?;
    // Only the holder of the lock comes here: a socket that is there is a dead engine's.
    let _ = std::fs::remove_file(&socket.path);
    let listener = tokio::net::UnixListener::bind(&socket.path).context("bind the socket")?;
    std::fs::set_permissions(&socket.path, std::fs::Permissions::from_mode(0o600))
        .context("guard the socket")?;
    actix_rt::spawn(async move {
        let _socket = socket;
        serve(listener, api).await;
    });
    Ok(())
}

/// The kernel's id of this boot; empty where it has none.
#[must_use]
pub fn boot_id() -> String {
    let read = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    read.map_or_else(|_| String::new(), |id| id.trim().to_owned())
}

/// Lets a little time pass before a lock or a socket of another process is tried again: neither
/// tells when it is free.
pub(crate) fn pause(time: Duration) {
    let wait = rustix::event::Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(1),
        tv_nsec: i64::from(time.subsec_nanos()),
    };
    let _ = rustix::event::poll(&mut [], Some(&wait));
}
