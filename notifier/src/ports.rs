//! What the notifier needs from outside, as traits, and its settings.

use std::sync::Arc;

use tokio::sync::{Notify, watch};
pub use usher_notifier_core::decide::Rules;
use usher_notifier_core::people::People;
use usher_notifier_core::token::Ring;

use crate::store::Store;

/// The ledger's clock. With SQLite that is the system's; only tests have another.
pub trait Clock: Send + Sync {
    /// Milliseconds since the epoch, UTC.
    fn now_ms(&self) -> i64;
}

/// Where people come from: a file now; LDAP, SCIM or OIDC later.
pub trait Directory: Send + Sync {
    /// Everybody, as of now. Cheap: a directory that is far away answers from its cache.
    ///
    /// # Errors
    /// When it cannot be reached, or what it says cannot be read; the text says why.
    fn people(&self) -> Result<Arc<People>, String>;
}

/// Tells whoever keeps a run that its inbox has something. A lost call only delays.
pub trait Wake: Send + Sync {
    /// Look at this run's inbox.
    fn wake(&self, run: &str);

    /// A request of this run stands otherwise, and nothing of it is for the run itself: whoever
    /// looks on may look again.
    fn changed(&self, _run: &str) {}
}

/// Rung after a commit, so that nobody waits for the next sweep.
#[derive(Debug, Default)]
pub struct Bells {
    /// A task is due.
    pub tasks: Notify,
    /// A mail is due.
    pub mails: Notify,
}

/// How the notifier is set up. Comes from `usher.toml`, the environment and flags.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people reach the pages, without a slash at its end: `https://approvals.example.org`.
    pub base_url: String,
    /// What the service calls itself in mails and pages.
    pub service: String,
    /// The address that mail comes from.
    pub from: String,
    /// The domain of Message-IDs and of the envelope's sender.
    pub mail_domain: String,
    /// The rules of the installation.
    pub rules: Rules,
    /// The mail server; none: the development mailbox.
    pub smtp: Option<Smtp>,
    /// Proxies whose forwarded headers are believed, as networks in CIDR form.
    pub trusted_proxies: Vec<String>,
}

/// A mail server.
#[derive(Clone)]
pub struct Smtp {
    /// Its name; also what its certificate must name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is made safe.
    pub tls: Tls,
    /// Who logs in, and how.
    pub login: Login,
    /// A further root certificate, PEM.
    pub root: Option<Vec<u8>>,
    /// At most this many connections at a time.
    pub connections: u32,
}

/// How a connection is made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS, and nothing without it.
    StartTls,
    /// None; only to a loopback address.
    None,
}

/// Who logs in.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// Nobody.
    None,
    /// Name and password, by PLAIN or LOGIN.
    Password(String, String),
    /// Name and access token, by XOAUTH2.
    Token(String, String),
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Login::None => f.write_str("None"),
            Login::Password(name, _) => write!(f, "Password({name:?}, ..)"),
            Login::Token(name, _) => write!(f, "Token({name:?}, ..)"),
        }
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// Everything that the parts of the notifier share.
#[derive(Clone)]
pub struct Ports {
    /// The ledger.
    pub store: Store,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// People.
    pub directory: Arc<dyn Directory>,
    /// Keys of links, pages and codes. Replaced when keys are added or retired.
    pub ring: watch::Receiver<Arc<Ring>>,
    /// The engine's ear.
    pub wake: Arc<dyn Wake>,
    /// Bells.
    pub bells: Arc<Bells>,
    /// Settings.
    pub settings: Arc<Settings>,
    /// Turns true when the process ends: loops finish what they hold and return.
    pub ending: watch::Receiver<bool>,
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ports")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Ports {
    /// The keys as of now.
    #[must_use]
    pub fn keys(&self) -> Arc<Ring> {
        self.ring.borrow().clone()
    }
}
