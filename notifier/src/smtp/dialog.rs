//! One mail over one connection.

use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailParameter};

use super::reply::{Said, Stage, meaning};
use crate::courier::{Delivery, Parcel};

/// How it went.
pub(super) enum Step {
    /// The mail has its answer.
    Done(Delivery),
    /// The server had hung up before it heard of the mail.
    HungUp(String),
}

/// Sends, within this time. Also tells whether the connection is good for another mail.
pub(super) async fn send(
    connection: &mut AsyncSmtpConnection,
    parcel: &Parcel,
    patience: Duration,
) -> (Step, bool) {
    let mut at = None;
    let talk = tokio::time::timeout(patience, talk(connection, parcel, &mut at)).await;
    let error = match talk {
        Ok(Ok(())) => return (Step::Done(Delivery::Taken(None)), true),
        Ok(Err(Trouble::Address(reason))) => {
            return (Step::Done(Delivery::Refused(reason)), true);
        }
        Ok(Err(Trouble::Smtp(error))) => error,
        Err(_) => {
            let seconds = patience.as_secs();
            let text = format!("the mail server took longer than {seconds} s");
            let delivery = match at {
                Some(At::Body) => Delivery::Uncertain(text),
                _ => Delivery::NoServer(text),
            };
            return (Step::Done(delivery), false);
        }
    };
    let stage = match at {
        None | Some(At::Sender) => Stage::Sender,
        Some(At::Recipient) => Stage::Recipient,
        Some(At::Data | At::Body) => Stage::Content,
    };
    if let Some(said) = Said::of(&error) {
        if said.hangs_up() && stage == Stage::Sender {
            return (Step::HungUp(said.to_string()), false);
        }
        let good = !said.hangs_up() && reset(connection, patience).await;
        return (Step::Done(meaning(stage, &said)), good);
    }
    let text = format!("the connection to the mail server was lost: {error}");
    match at {
        None | Some(At::Sender) => (Step::HungUp(text), false),
        Some(At::Recipient | At::Data) => (Step::Done(Delivery::NoServer(text)), false),
        Some(At::Body) => (Step::Done(Delivery::Uncertain(text)), false),
    }
}

/// How far it came.
#[derive(Debug, Clone, Copy)]
enum At {
    Sender,
    Recipient,
    Data,
    /// From here on nobody but the server knows.
    Body,
}

enum Trouble {
    Smtp(Error),
    Address(String),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Smtp(error)
    }
}

async fn talk(
    connection: &mut AsyncSmtpConnection,
    parcel: &Parcel,
    at: &mut Option<At>,
) -> Result<(), Trouble> {
    let parse = |text: &str| {
        let parsed = text.parse::<Address>();
        parsed.map_err(|error| Trouble::Address(format!("`{text}` is no mail address: {error}")))
    };
    let (sender, recipient) = (parse(&parcel.sender)?, parse(&parcel.recipient)?);
    let mut parameters = Vec::new();
    if !parcel.recipient.is_ascii() || !parcel.sender.is_ascii() {
        let can = connection
            .server_info()
            .supports_feature(Extension::SmtpUtfEight);
        if !can {
            let text = "the mail server carries no addresses beyond ASCII (SMTPUTF8)";
            return Err(Trouble::Address(text.to_owned()));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    *at = Some(At::Sender);
    connection
        .command(Mail::new(Some(sender), parameters))
        .await?;
    *at = Some(At::Recipient);
    connection.command(Rcpt::new(recipient, Vec::new())).await?;
    *at = Some(At::Data);
    connection.command(Data).await?;
    *at = Some(At::Body);
    // The last line end belongs to the final dot, which the library writes.
    let body = parcel.raw.strip_suffix(b"\r\n").unwrap_or(&parcel.raw);
    connection.message(body).await?;
    Ok(())
}

/// Forgets a mail that was refused, so that the connection can carry the next one.
async fn reset(connection: &mut AsyncSmtpConnection, patience: Duration) -> bool {
    let reset = tokio::time::timeout(patience, connection.command(Rset)).await;
    matches!(reset, Ok(Ok(_)))
}
