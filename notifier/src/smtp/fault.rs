//! Why there is no talking to a mail server, each with the way out. `usher doctor` shows these.

use std::io;
use std::sync::Arc;

/// Why a mail server cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// Its name is not known.
    #[error("the mail server's name `{host}` is not known: check it, and that DNS answers")]
    HostUnknown {
        /// The name.
        host: String,
        /// What the resolver said.
        #[source]
        source: Arc<io::Error>,
    },
    /// Nobody listens.
    #[error("{server} refuses the connection: check the port, and that the mail server runs")]
    ConnectionRefused {
        /// `host:port`.
        server: String,
    },
    /// No answer.
    #[error("{server} gave no answer within {seconds} s: check the port and the firewall")]
    Silent {
        /// `host:port`.
        server: String,
        /// The patience.
        seconds: u64,
    },
    /// Another fault of the network.
    #[error("{server} cannot be reached")]
    Unreachable {
        /// `host:port`.
        server: String,
        /// What happened.
        #[source]
        source: Arc<io::Error>,
    },
    /// Without TLS, to another machine.
    #[error(
        "{server} is not this machine: mail goes there only with TLS (`implicit` or `starttls`)"
    )]
    TlsNeeded {
        /// `host:port`.
        server: String,
    },
    /// The server cannot do what is required.
    #[error(
        "{server} offers no STARTTLS, and nothing is sent without: \
         try `implicit` on port 465, or another server"
    )]
    NoStartTls {
        /// `host:port`.
        server: String,
    },
    /// What answers is no TLS.
    #[error(
        "{server} does not speak TLS from the first byte: \
         try `starttls` (port 587), or port 465"
    )]
    NotTls {
        /// `host:port`.
        server: String,
    },
    /// The certificate is not good.
    #[error("the certificate of {server} is not believed: {reason}")]
    Certificate {
        /// `host:port`.
        server: String,
        /// Why, and what to do.
        reason: String,
    },
    /// Another fault of TLS.
    #[error("no TLS with {server}: {reason}")]
    Tls {
        /// `host:port`.
        server: String,
        /// Why.
        reason: String,
    },
    /// The further root certificate.
    #[error("the further root certificate cannot be read: {reason}; give a PEM file")]
    Root {
        /// Why.
        reason: String,
    },
    /// The server does not want to talk.
    #[error("{server} does not want to talk to us: {reply}")]
    Turned {
        /// `host:port`.
        server: String,
        /// What it said.
        reply: String,
    },
    /// It does not speak SMTP, or hung up.
    #[error("{server} broke off: {reason}; check that this is the port of a mail server")]
    Broken {
        /// `host:port`.
        server: String,
        /// What happened.
        reason: String,
    },
    /// No way of logging in that both know.
    #[error("{server} offers no login that fits: {reason}; check login and TLS")]
    NoLogin {
        /// `host:port`.
        server: String,
        /// What is missing.
        reason: String,
    },
    /// The login.
    #[error("{server} refuses the login of `{user}`: {reply}; check name and secret")]
    LoginRefused {
        /// `host:port`.
        server: String,
        /// The name.
        user: String,
        /// What it said.
        reply: String,
    },
    /// The sender.
    #[error(
        "{server} refuses the sender `{sender}`: {reply}; \
         check the domain of mail, and what this login may send as"
    )]
    SenderRefused {
        /// `host:port`.
        server: String,
        /// The sender.
        sender: String,
        /// What it said.
        reply: String,
    },
    /// The recipient, because we are who we are.
    #[error(
        "{server} does not carry mail of ours to `{recipient}`: {reply}; \
         log in, or have this machine allowed to relay"
    )]
    RelayDenied {
        /// `host:port`.
        server: String,
        /// The recipient.
        recipient: String,
        /// What it said.
        reply: String,
    },
    /// The recipient.
    #[error("{server} refuses the recipient `{recipient}`: {reply}; check the address")]
    RecipientRefused {
        /// `host:port`.
        server: String,
        /// The recipient.
        recipient: String,
        /// What it said.
        reply: String,
    },
    /// Not now.
    #[error("{server} puts us off: {reply}; try again later")]
    NotNow {
        /// `host:port`.
        server: String,
        /// What it said.
        reply: String,
    },
}

impl Fault {
    /// The fault and its causes as one line.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}
