//! How a verb reaches an engine, and what it leaves behind.
//!
//! ```text
//!   looks (get, list, logs)            the engine, else the ledger alone: nothing is started
//!   stays (run, attach, watch, wait)   the engine, else this process becomes it
//!   leaves (submit, resume, stop, …)   the engine, else one in the background, which goes on
//! ```
//!
//! An engine may end at any moment. The request is then put to the next one; it carries a uid or a
//! key, so that asking twice does nothing twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::args::Global;
use super::background::For;
use super::view::{Style, Wish};
use super::{background, output};
use crate::actors::shell::Settings;
use crate::client::{Client, Error, Offline};
use crate::config::Config;
use crate::host::{self, Host};
use crate::server::protocol::{Answer, Request, RunRef};
use crate::state::{StateDir, Surroundings};
use usher_ledger::Durability;

/// How long a request is put to engine after engine.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long mail that is due may keep a process that is done.
const MOMENT: Duration = Duration::from_secs(2);

/// What becomes of the engine after the verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// The verb stays: this process may be the engine meanwhile.
    Stays,
    /// The verb leaves: the engine must go on without it.
    Leaves,
}

/// A verb at work on a state directory.
#[derive(Debug)]
pub(super) struct Session {
    /// The state directory.
    pub(super) state: StateDir,
    /// How text may look on stdout.
    pub(super) style: Style,
    /// How text may look on stderr.
    pub(super) aside: Style,
    /// The flags for every verb.
    pub(super) global: Global,
    host: Option<Host>,
    /// An engine of this process shows its pages from the start.
    pages: bool,
    /// The last look was answered by the ledger alone.
    alone: bool,
}

impl Session {
    /// Finds the state directory.
    ///
    /// # Errors
    /// When there is none that can be used.
    pub(super) fn open(global: &Global) -> anyhow::Result<Session> {
        let state = StateDir::find(global.named_state().as_deref(), &Surroundings::from_env())?;
        if let Some(notice) = &state.notice {
            output::note(notice);
        }
        Ok(Session {
            state,
            style: style(global),
            aside: style(global).aside(),
            global: global.clone(),
            host: None,
            pages: false,
            alone: false,
        })
    }

    /// Has an engine of this process show its pages from the start, whatever there is to show.
    pub(super) fn show_pages(&mut self) {
        self.pages = true;
    }

    /// Whether an engine of this process shows its pages from the start.
    pub(super) fn shows_pages(&self) -> bool {
        self.pages
    }

    /// A connection to an engine.
    ///
    /// # Errors
    /// When there is none and none can be started.
    pub(super) fn connect(&mut self, verb: Verb) -> Result<Client, Error> {
        match verb {
            Verb::Stays => {
                let options = self.options().map_err(Error::Start)?;
                // The engine of this process may have ended, though this process did not.
                if self
                    .host
                    .as_ref()
                    .is_some_and(|h| h.has_ended(Duration::ZERO))
                {
                    self.host = None;
                }
                Client::connect_or_host(&self.state, &mut self.host, &options)
            }
            Verb::Leaves => match Client::connect(&self.state) {
                Err(Error::NoEngine(_)) => {
                    background::start(&self.state, &self.global, For::Now).map_err(Error::Start)?;
                    Client::connect_patiently(&self.state)
                }
                other => other,
            },
        }
    }

    /// Puts a request to an engine, and to the next one should it end meanwhile.
    ///
    /// # Errors
    /// What the engine says, or that there is none.
    pub(super) fn ask(&mut self, verb: Verb, request: &Request) -> Result<Answer, Error> {
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = match self.connect(verb) {
                Ok(mut client) => client.ask(request),
                Err(error @ Error::NoEngine(_)) if Instant::now() < until => Err(error),
                Err(error) => return Err(error),
            };
            let again = |error: &Error| error.is_ending() || matches!(error, Error::NoEngine(_));
            match answer {
                Err(error) if again(&error) && Instant::now() < until => {
                    host::pause(Duration::from_millis(5));
                }
                answer => return answer,
            }
        }
    }

    /// Answers a request that only looks, without starting anything.
    ///
    /// # Errors
    /// What the engine or the ledger says.
    pub(super) fn look(&mut self, request: &Request) -> Result<Answer, Error> {
        match Client::connect(&self.state) {
            Ok(mut client) => match client.ask(request) {
                Err(error) if error.is_ending() => {}
                answer => return answer,
            },
            Err(Error::NoEngine(_)) => {}
            Err(error) => return Err(error),
        }
        match Offline::open(&self.state) {
            Ok(Some(mut offline)) => {
                self.alone = true;
                offline.ask(request)
            }
            Ok(None) => nothing(&self.state, request),
            // An older release wrote the ledger: an engine brings it up to date.
            Err(Error::Ledger(usher_ledger::Error::Unmigrated { .. })) => {
                self.ask(Verb::Stays, request)
            }
            Err(error) => Err(error),
        }
    }

    /// A command line to type next, for this state directory.
    pub(super) fn hint(&self, verb: &str, run: &RunRef) -> String {
        let mut line = format!("usher {verb} {}", run.name);
        if run.namespace != super::submit::NAMESPACE {
            line += &format!(" -n {}", run.namespace);
        }
        if let Some(dir) = &self.global.state {
            line += &format!(" --state {}", dir.display());
        }
        line
    }

    /// Says so if what was looked at stands still, because there is no engine to go on with it.
    pub(super) fn note_standstill(&self) {
        if !self.alone {
            return;
        }
        let needs = Offline::open(&self.state).map(|offline| match offline {
            Some(mut offline) => offline.needs_engine().unwrap_or(false),
            None => false,
        });
        if needs.unwrap_or(false) {
            output::note(
                "no engine runs, so nothing goes on; `usher attach WORKFLOW` or `usher server` \
                 changes that",
            );
        }
    }

    /// How an engine of this process is to run.
    fn options(&self) -> anyhow::Result<host::Options> {
        let config = super::config::load(&self.global, self.state.path())?;
        let mut options = options(&self.global, Arc::new(config));
        options.pages_at_once = self.pages;
        Ok(options)
    }

    /// The engine of this process, if it is one.
    pub(super) fn host(&self) -> Option<&Host> {
        self.host.as_ref()
    }

    /// Takes the engine's part if nobody has it.
    ///
    /// # Errors
    /// When the engine does not start.
    pub(super) fn try_host(&mut self) -> anyhow::Result<bool> {
        let Some(lock) = self.state.try_lock()? else {
            return Ok(false);
        };
        let options = host::Options {
            keeps_promises: false,
            ..self.options()?
        };
        let host = Host::start(&self.state, lock, &options);
        self.host = Some(host.context("start the engine")?);
        Ok(true)
    }

    /// Ends the engine of this process, if it is one, whatever is left to do.
    pub(super) fn dismiss(&mut self) {
        if let Some(host) = self.host.take() {
            host.stop();
        }
    }

    /// Ends the engine of this process, if it is one. What others asked it to carry through is
    /// handed to an engine in the background, and so is mail that is still to be sent; whether it
    /// goes on with what others asked.
    pub(super) fn end(&mut self) -> bool {
        let Some(host) = self.host.take() else {
            return false;
        };
        let promised = host.api().promised();
        self.let_mail_leave();
        host.stop();
        let (goes_on, mail_waits) = match self.left(&promised) {
            Ok((false, false)) => return false,
            Ok(left) => left,
            Err(error) => {
                output::complain(&error.into());
                return false;
            }
        };
        if let Err(error) = background::start(&self.state, &self.global, For::Later) {
            output::complain(&error);
            output::note(match goes_on {
                true => "workflows are left unfinished; `usher server` goes on with them",
                false => "mail is left to be sent; `usher server` sends it",
            });
            return false;
        }
        if mail_waits && !goes_on {
            output::note("mail is still to be sent; an engine in the background sends it");
        }
        goes_on
    }

    /// Gives the courier of this process a moment for mail that is due: it spares an engine in the
    /// background for what takes no time.
    fn let_mail_leave(&self) {
        let end = Instant::now() + MOMENT;
        let is_due = || {
            let offline = Offline::open(&self.state).ok()??;
            let due_ms = { offline }.next_mail().ok()??;
            Some(due_ms <= super::submit::now_ms())
        };
        while is_due() == Some(true) && Instant::now() < end {
            host::pause(Duration::from_millis(20));
        }
    }

    /// Whether promised runs are left that an engine can move on, and whether mail is left.
    fn left(&self, promised: &[String]) -> Result<(bool, bool), Error> {
        let Some(mut offline) = Offline::open(&self.state)? else {
            return Ok((false, false));
        };
        // What waits for a person needs no engine: who answers starts the next.
        let goes_on = !promised.is_empty()
            && offline.needs_engine()?
            && offline.is_any_unfinished(promised)?;
        Ok((goes_on, offline.next_mail()?.is_some()))
    }
}

/// The answers of a state directory in which nothing ever ran.
fn nothing(state: &StateDir, request: &Request) -> Result<Answer, Error> {
    match request {
        Request::List { .. } => Ok(Answer::Objects {
            objects: Vec::new(),
        }),
        _ => Err(Error::Refused {
            code: "not-found".to_owned(),
            message: format!("no workflow ever ran in {}", state.path().display()),
        }),
    }
}

/// The style that the flags ask for.
pub(super) fn style(global: &Global) -> Style {
    Style::of_terminal(wish(global))
}

fn wish(global: &Global) -> Wish {
    Wish {
        no_color: global.no_color,
        no_utf8: global.no_utf8,
        utc: global.utc,
    }
}

/// How an engine started here is to run, but for its pages.
fn options(global: &Global, config: Arc<Config>) -> host::Options {
    let mut settings = Settings::default();
    if let Some(processes) = config.processes {
        settings.processes_max = usize::try_from(processes).unwrap_or(usize::MAX);
    }
    if let Some(ms) = global.sleep_after_ms {
        settings.sleep_after_ms = i64::from(ms);
    }
    if let Some(ms) = global.grace_ms {
        settings.grace_ms = u64::from(ms);
    }
    host::Options {
        settings,
        durability: if global.power_cut_may_lose_commits {
            Durability::Normal
        } else {
            Durability::Full
        },
        keeps_promises: true,
        pages_at_once: false,
        config,
    }
}
