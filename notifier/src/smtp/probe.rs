//! Tries a mail server without sending: what `usher doctor` asks.

use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Mail, Rcpt, Rset};

use super::reply::Said;
use super::{Fault, Server, close, connect};
use crate::ports;

/// How long the whole probe may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// `host:port`.
    pub server: String,
    /// Whether the connection has TLS.
    pub tls: bool,
    /// Whether it was logged in.
    pub login: bool,
}

/// Connects, logs in and asks for leave to send from `sender` (to `recipient`); sends nothing.
///
/// # Errors
/// What does not work, with the way out.
pub async fn probe(
    smtp: &ports::Smtp,
    hello: &str,
    sender: &str,
    recipient: Option<&str>,
) -> Result<Report, Fault> {
    let server = Server::new(smtp.clone(), hello)?;
    let whole = tokio::time::timeout(PATIENCE, whole(&server, sender, recipient)).await;
    whole.unwrap_or_else(|_| Err(connect::silent(&server, PATIENCE)))
}

async fn whole(server: &Server, sender: &str, recipient: Option<&str>) -> Result<Report, Fault> {
    let mut connection = connect::connect(server).await?;
    let asked = leave(server, &mut connection, sender, recipient).await;
    if asked.is_ok() {
        let _ = connection.command(Rset).await;
    }
    close(connection).await;
    asked?;
    Ok(Report {
        server: connect::name(server),
        tls: server.tls.is_some(),
        login: server.smtp.login != ports::Login::None,
    })
}

async fn leave(
    server: &Server,
    connection: &mut AsyncSmtpConnection,
    sender: &str,
    recipient: Option<&str>,
) -> Result<(), Fault> {
    let name = connect::name(server);
    let from = sender
        .parse::<Address>()
        .map_err(|error| Fault::SenderRefused {
            server: name.clone(),
            sender: sender.to_owned(),
            reply: error.to_string(),
        })?;
    let answer = connection.command(Mail::new(Some(from), Vec::new())).await;
    if let Err(error) = answer {
        return Err(refused(&name, &error, |reply| Fault::SenderRefused {
            server: name.clone(),
            sender: sender.to_owned(),
            reply: reply.to_string(),
        }));
    }
    let Some(recipient) = recipient else {
        return Ok(());
    };
    let unknown = |reply: String| Fault::RecipientRefused {
        server: name.clone(),
        recipient: recipient.to_owned(),
        reply,
    };
    let to = recipient.parse::<Address>();
    let to = to.map_err(|error| unknown(error.to_string()))?;
    let answer = connection.command(Rcpt::new(to, Vec::new())).await;
    let Err(error) = answer else { return Ok(()) };
    Err(refused(&name, &error, |reply| match reply.denies_relay() {
        true => Fault::RelayDenied {
            server: name.clone(),
            recipient: recipient.to_owned(),
            reply: reply.to_string(),
        },
        false => unknown(reply.to_string()),
    }))
}

fn refused(
    server: &str,
    error: &lettre::transport::smtp::Error,
    permanent: impl FnOnce(&Said) -> Fault,
) -> Fault {
    match Said::of(error) {
        Some(said) if said.code / 100 == 4 => Fault::NotNow {
            server: server.to_owned(),
            reply: said.to_string(),
        },
        Some(said) => permanent(&said),
        None => Fault::Broken {
            server: server.to_owned(),
            reason: error.to_string(),
        },
    }
}
