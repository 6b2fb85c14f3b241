//! The configuration: `usher.toml`, the environment and flags as one checked value.
//!
//! ```text
//!   flag ─► environment ─► file ─► default     the first that says something holds
//!
//!   file: --config FILE, else $USHER_CONFIG, else usher.toml in the state directory
//! ```
//!
//! Every fault is told at once, each with its place. Secrets are never values here: the file names
//! files that hold them, and these are read when they are used.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use usher_api::approval::Level;
use usher_notifier::keys::{PrivateError, read_private};
use usher_notifier::people::PERSONS_MAX;
use usher_notifier::ports::{Login, Rules, Settings, Smtp, Tls};

mod check;
mod file;
mod sources;
mod table;
#[cfg(test)]
mod tests;

pub use check::target;
pub use sources::{Origin, Sources};

/// A password or a token is shorter than this.
const SECRET_MAX: u64 = 16 << 10;

/// Certificates are shorter than this.
const ROOTS_MAX: u64 = 1 << 20;

/// A fault and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `FILE:LINE:COLUMN`, `$VARIABLE` or the flag.
    pub at: String,
    /// What is wrong, and the way out.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was written cannot be used.
    #[error("{}", lines(.0))]
    Faults(Vec<Fault>),
    /// A secret's file cannot be used.
    #[error("{setting}")]
    Secret {
        /// The setting that names it.
        setting: &'static str,
        /// What is wrong.
        #[source]
        source: PrivateError,
    },
    /// A file that a setting names is not there, or does not hold what it should.
    #[error("{setting}: {path} {why}")]
    File {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

fn lines(faults: &[Fault]) -> String {
    let texts: Vec<String> = faults.iter().map(Fault::to_string).collect();
    texts.join("\n")
}

/// Everything that can be set, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the web pages listen; loopback always. Port 0 is any that is free.
    pub listen: SocketAddr,
    /// What links begin with; none: wherever the pages listen.
    pub base_url: Option<String>,
    /// What the service calls itself.
    pub name: String,
    /// Networks of proxies that are believed.
    pub trusted_proxies: Vec<String>,
    /// How many processes run at a time; none: as many as fit the machine.
    pub processes: Option<u32>,
    /// The mail server; none: the development mailbox.
    pub mail: Option<MailServer>,
    /// The address that mail comes from.
    pub from: String,
    /// Domains that mail may go to; empty: all.
    pub domains: Vec<String>,
    /// Addresses of administrators.
    pub administrators: Vec<String>,
    /// The least proof of who votes.
    pub auth: Level,
    /// Whether silence may be an approval.
    pub allow_approve_on_timeout: bool,
    /// How long a link lives, days.
    pub link_days: i64,
    /// Language where nobody says one.
    pub locale: String,
    /// Time zone where nobody says one.
    pub timezone: String,
    /// The people file.
    pub people: PathBuf,
    /// The keys file.
    pub keys: PathBuf,
    /// The file of settings that was looked for.
    pub file: PathBuf,
    settings: sources::Settings,
}

/// A mail server as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is made safe.
    pub tls: Tls,
    /// Who logs in, and the file that holds with what.
    pub login: Option<(String, Secret)>,
    /// A file with a further root certificate, PEM.
    pub root_file: Option<PathBuf>,
    /// At most this many connections at a time.
    pub connections: u32,
}

/// A file with a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// A password, for PLAIN or LOGIN.
    Password(PathBuf),
    /// An access token, for XOAUTH2.
    Token(PathBuf),
}

/// One line of `usher config show`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// `section.name`.
    pub key: &'static str,
    /// Its value; `-` for none.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl Config {
    /// Puts a configuration together.
    ///
    /// # Errors
    /// Every fault of every source.
    pub fn load(sources: &Sources) -> Result<Config, Error> {
        let mut faults = Vec::new();
        let settings = sources::gather(sources, &mut faults);
        let config = check::build(settings, sources, &mut faults);
        match faults.is_empty() {
            true => Ok(config),
            false => Err(Error::Faults(faults)),
        }
    }

    /// Every value with its origin.
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        let rows = table::KEYS.iter().zip(&self.settings.0);
        rows.map(|(key, setting)| Shown {
            key: key.path,
            value: setting.value.to_string(),
            origin: setting.origin.clone(),
        })
        .collect()
    }

    /// Whether nobody said where to listen: then another port will do.
    #[must_use]
    pub fn listens_by_default(&self) -> bool {
        self.settings.of("server.listen").origin == Origin::Default
    }

    /// What links begin with, when the pages listen here.
    #[must_use]
    pub fn base_url(&self, bound: SocketAddr) -> String {
        let own = || format!("http://{bound}");
        self.base_url.clone().unwrap_or_else(own)
    }

    /// What the notifier is set up with. Reads the files of secrets.
    ///
    /// # Errors
    /// When one of these cannot be used.
    pub fn settings(&self, bound: SocketAddr, signing_key: u8) -> Result<Settings, Error> {
        let domain = self.from.rsplit('@').next().unwrap_or("localhost");
        Ok(Settings {
            base_url: self.base_url(bound),
            service: self.name.clone(),
            from: self.from.clone(),
            mail_domain: domain.to_owned(),
            rules: Rules {
                auth: self.auth,
                allow_approve_on_timeout: self.allow_approve_on_timeout,
                link_ms: self.link_days.saturating_mul(86_400_000),
                persons_max: PERSONS_MAX,
                domains: self.domains.clone(),
                administrators: self.administrators.clone(),
                signing_key,
                locale: self.locale.clone(),
                timezone: self.timezone.clone(),
            },
            smtp: self.mail.as_ref().map(MailServer::smtp).transpose()?,
            trusted_proxies: self.trusted_proxies.clone(),
        })
    }
}

impl MailServer {
    /// The server with its secrets.
    ///
    /// # Errors
    /// When a file that holds one cannot be used.
    pub fn smtp(&self) -> Result<Smtp, Error> {
        let login = match &self.login {
            None => Login::None,
            Some((user, Secret::Password(path))) => {
                Login::Password(user.clone(), secret("mail.password_file", path)?)
            }
            Some((user, Secret::Token(path))) => {
                Login::Token(user.clone(), secret("mail.token_file", path)?)
            }
        };
        let root = self.root_file.as_deref().map(root).transpose()?;
        Ok(Smtp {
            host: self.host.clone(),
            port: self.port,
            tls: self.tls,
            login,
            root,
            connections: self.connections,
        })
    }
}

/// The one line of a secret's file.
fn secret(setting: &'static str, path: &Path) -> Result<String, Error> {
    let fail = |why: &str| Error::File {
        setting,
        path: path.to_owned(),
        why: why.to_owned(),
    };
    let text = read_private(path, SECRET_MAX)
        .map_err(|source| Error::Secret { setting, source })?
        .ok_or_else(|| fail("is not there"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(fail("is empty"));
    }
    if line.chars().any(char::is_control) {
        return Err(fail("has more than one line"));
    }
    Ok(line.to_owned())
}

fn root(path: &Path) -> Result<Vec<u8>, Error> {
    let fail = |why: String| Error::File {
        setting: "mail.root_file",
        path: path.to_owned(),
        why,
    };
    let meta = std::fs::metadata(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
    if meta.len() > ROOTS_MAX {
        return Err(fail("is too large for a certificate".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
    let begin = b"-----BEGIN CERTIFICATE-----";
    if !bytes.windows(begin.len()).any(|part| part == begin) {
        return Err(fail("holds no certificate in PEM form".to_owned()));
    }
    Ok(bytes)
}
