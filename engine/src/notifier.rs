//! The notifier inside this process: a thread with its pages, its timers and its courier.
//!
//! ```text
//!   a turn that asks of people ──► Bells ──► (first ring: start) ──► timers, courier
//!   browser ──► listener ──► pages ──► gate ──► ledger ──► Waker ──► keeper of the run
//! ```
//!
//! A run without people never pays for it: unless it is asked for at once (`usher server`), it
//! starts when the ledger has something for it, or at the first ring. It knows the engine by
//! nothing but the ports of `usher-notifier`.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::{App, HttpServer, web as route};
use anyhow::Context as _;
use tokio::sync::{broadcast, watch};
use usher_ledger::tasks::TaskReader as _;
use usher_ledger::{Handle, Sqlite};
use usher_notifier::api::{self, Api};
use usher_notifier::caller::{LocalAccounts, account_name};
use usher_notifier::courier;
use usher_notifier::desk::Desk;
use usher_notifier::gate::Gate;
use usher_notifier::keys::{Follower, Keys};
use usher_notifier::mailbox::{self, MailboxPages};
use usher_notifier::pages::{self, Pages};
use usher_notifier::people::FileDirectory;
use usher_notifier::ports::{Bells, Clock, Ports, Wake};
use usher_notifier::smtp::Smtp;
use usher_notifier::store::{OpenReader, Reading, Store};
use usher_notifier::timers;

use crate::actors::roster::Roster;
use crate::actors::shell::Changed;
use crate::config::Config;
use crate::state::StateDir;

pub mod web;

use web::Web;

/// How long loops may take to finish what they hold when the process ends.
const FAREWELL: Duration = Duration::from_secs(3);

/// What the notifier is made of.
#[derive(Clone)]
pub struct Setup {
    /// The state directory.
    pub state: StateDir,
    /// The configuration.
    pub config: Arc<Config>,
    /// The writing thread.
    pub writer: Handle,
    /// The ledger's clock.
    pub clock: Arc<dyn crate::ports::clock::Clock>,
    /// Who keeps the runs.
    pub roster: Arc<Roster>,
    /// Where those listen who watch a run.
    pub changes: broadcast::Sender<Changed>,
    /// Rung by turns.
    pub bells: Arc<Bells>,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// The notifier of a process, started or not.
#[derive(Debug)]
pub struct Notifier {
    setup: Setup,
    running: Mutex<Option<Running>>,
}

struct Running {
    desk: Desk,
    web: Web,
    ending: watch::Sender<bool>,
    thread: std::thread::JoinHandle<()>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("web", &self.web)
            .finish_non_exhaustive()
    }
}

/// The engine's clock as the notifier sees it.
struct EngineClock(Arc<dyn crate::ports::clock::Clock>);

impl Clock for EngineClock {
    fn now_ms(&self) -> i64 {
        self.0.now_ms()
    }
}

/// Nudges the keeper of a run, and tells those who watch it.
struct Waker {
    roster: Arc<Roster>,
    changes: broadcast::Sender<Changed>,
}

impl Wake for Waker {
    fn wake(&self, run: &str) {
        self.roster.nudge(run);
    }

    fn changed(&self, run: &str) {
        // Nobody watches when this fails.
        let _ = self.changes.send(Changed {
            run: run.into(),
            ended: false,
            waits: true,
        });
    }
}

impl Notifier {
    /// One that is not started yet.
    #[must_use]
    pub fn new(setup: Setup) -> Arc<Notifier> {
        Arc::new(Notifier {
            setup,
            running: Mutex::new(None),
        })
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.setup.config
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where its pages are, once it is started.
    #[must_use]
    pub fn web(&self) -> Option<Web> {
        self.running().as_ref().map(|running| running.web.clone())
    }

    /// The desk for calls from the socket; starts it if it is not.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn desk(&self) -> anyhow::Result<Desk> {
        self.start()?;
        let running = self.running();
        let running = running.as_ref().context("the notifier has ended")?;
        Ok(running.desk.clone())
    }

    /// Starts it, unless it is started.
    ///
    /// # Errors
    /// When the configuration, the keys or the listener are of no use.
    pub fn start(&self) -> anyhow::Result<()> {
        let mut running = self.running();
        if running.is_none() {
            *running = Some(start(&self.setup).context("start the notifier")?);
        }
        Ok(())
    }

    /// Starts it at the first ring of a bell, or now when the ledger has something for it.
    pub async fn start_when_needed(self: Arc<Notifier>, has_work: bool) {
        let bells = &self.setup.bells;
        if !has_work {
            tokio::select! {
                () = bells.tasks.notified() => bells.tasks.notify_one(),
                () = bells.mails.notified() => bells.mails.notify_one(),
            }
        }
        if let Err(error) = self.start() {
            tracing::error!(%error, "the notifier does not start");
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            let mut out = std::io::stderr();
            let line = format!("usher: {}; approvals and mail wait\n", causes.join(": "));
            // Nobody is left to hear of it when this fails.
            let _ = std::io::Write::write_all(&mut out, line.as_bytes());
        }
    }

    /// Ends it: what is in hand is finished, the rest stays in the ledger.
    pub fn stop(&self) {
        let Some(running) = self.running().take() else {
            return;
        };
        let _ = running.ending.send(true);
        let _ = running.thread.join();
    }
}

fn start(setup: &Setup) -> anyhow::Result<Running> {
    let last = Web::read(&setup.state);
    let config = &setup.config;
    let wanted = (!config.listens_by_default()).then_some(config.listen);
    let listener = web::listen(wanted, last.as_ref().map(|web| web.at))?;
    let at = listener.local_addr().context("listen on loopback")?;
    let (ending, ended) = watch::channel(false);
    let (ports, keys) = ports(setup, at, ended)?;
    let desk = Desk::new(ports.clone());
    let sites = Sites::new(&ports)?;
    let web = Web {
        at,
        mailbox: sites.mailbox.as_ref().map(|pages| pages.path()),
    };
    web.write(&setup.state)?;
    let (tell, told) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("notifier".to_owned())
        .spawn(move || {
            let system = actix_web::rt::System::new();
            system.block_on(serve(ports, keys, sites, listener, tell));
        })
        .context("start the notifier's thread")?;
    told.recv()
        .context("the notifier's thread ended at its start")??;
    Ok(Running {
        desk,
        web,
        ending,
        thread,
    })
}

fn ports(
    setup: &Setup,
    at: SocketAddr,
    ending: watch::Receiver<bool>,
) -> anyhow::Result<(Ports, Follower)> {
    let config = &setup.config;
    let path = setup.state.ledger();
    let used = || {
        let links = Sqlite::reader(&path).and_then(|mut reader| reader.link_keys());
        let links = links.map_err(|error| error.chain())?;
        Ok(links.into_iter().map(|(key, _)| key).collect())
    };
    let keys = Keys::load_or_make(&config.keys, setup.clock.now_ms(), used)?;
    let settings = config.settings(at, keys.ring().signing())?;
    let (follower, ring) = Follower::new(config.keys.clone(), keys);
    let open: OpenReader = Arc::new(move || Ok(Box::new(Sqlite::reader(&path)?) as Reading));
    let ports = Ports {
        store: Store::new(setup.writer.clone(), open),
        clock: Arc::new(EngineClock(setup.clock.clone())),
        directory: Arc::new(FileDirectory::new(&config.people)),
        ring,
        wake: Arc::new(Waker {
            roster: setup.roster.clone(),
            changes: setup.changes.clone(),
        }),
        bells: setup.bells.clone(),
        settings: Arc::new(settings),
        ending,
    };
    Ok((ports, follower))
}

/// What is served.
#[derive(Debug, Clone)]
struct Sites {
    pages: Arc<Pages>,
    api: Arc<Api>,
    /// None when mail goes to a server.
    mailbox: Option<Arc<MailboxPages>>,
}

impl Sites {
    fn new(ports: &Ports) -> anyhow::Result<Sites> {
        let boxed = || MailboxPages::new(ports.clone());
        let operators = vec![account_name(rustix::process::geteuid().as_raw())];
        let api = Api::new(ports.clone(), Arc::new(LocalAccounts), operators);
        let mailbox = ports.settings.smtp.is_none().then(boxed).transpose();
        Ok(Sites {
            pages: Arc::new(Pages::new(ports.clone()).map_err(anyhow::Error::msg)?),
            api: Arc::new(api.map_err(anyhow::Error::msg)?),
            mailbox: mailbox.map_err(anyhow::Error::msg)?.map(Arc::new),
        })
    }

    fn configure(self, routes: &mut route::ServiceConfig) {
        pages::configure(routes, self.pages);
        api::configure(routes, self.api);
        if let Some(boxed) = self.mailbox {
            mailbox::configure(routes, boxed);
        }
    }
}

/// The thread's work, until the process ends.
async fn serve(
    ports: Ports,
    keys: Follower,
    sites: Sites,
    listener: std::net::TcpListener,
    tell: std::sync::mpsc::Sender<anyhow::Result<()>>,
) {
    let app = move || {
        let sites = sites.clone();
        App::new().configure(move |routes| sites.configure(routes))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener);
    let server = match server {
        Ok(server) => server.run(),
        Err(error) => {
            let _ = tell.send(Err(error).context("serve the pages"));
            return;
        }
    };
    let handle = server.handle();
    let transport: Arc<dyn courier::Transport> = match &ports.settings.smtp {
        Some(smtp) => match Smtp::new(smtp.clone(), &ports.settings.mail_domain) {
            Ok(smtp) => Arc::new(smtp),
            Err(fault) => {
                let _ = tell.send(Err(fault).context("use the mail server"));
                return;
            }
        },
        None => Arc::new(mailbox::Mailbox::new(ports.clock.clone())),
    };
    let loops = [
        actix_web::rt::spawn(keys.run(ports.ending.clone())),
        actix_web::rt::spawn(timers::run(ports.clone())),
        actix_web::rt::spawn(courier::run(
            ports.clone(),
            transport,
            Arc::new(Gate::new(ports.clone())),
            courier::Rates::default(),
        )),
        actix_web::rt::spawn(async move {
            let _ = server.await;
        }),
    ];
    let _ = tell.send(Ok(()));
    let mut ending = ports.ending.clone();
    let _ = ending.wait_for(|ends| *ends).await;
    handle.stop(false).await;
    for one in loops {
        let _ = tokio::time::timeout(FAREWELL, one).await;
    }
}
