//! A mail's row and recipe as a parcel: the content from the notifier's core, the frame from the
//! row.

use usher_notifier_core::recipe::Recipe;
use usher_notifier_core::task::Task;

use usher_ledger::tasks::MailRow;

use super::compose::{Frame, compose};
use super::transport::Parcel;
use crate::ports::{Ports, Settings};

/// What a mail says, apart from everything that the row gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mail {
    /// One line.
    pub(super) subject: String,
    /// The text part.
    pub(super) text: String,
    /// The HTML part.
    pub(super) html: Option<String>,
    /// The header `Date`, milliseconds UTC.
    pub(super) date_ms: i64,
    /// Further headers.
    pub(super) headers: Vec<(String, String)>,
    /// The key of the mail that this one answers.
    pub(super) thread_key: Option<String>,
    /// Addresses of the header `To`; empty: the recipient.
    pub(super) to_header: Vec<String>,
    /// Addresses of the header `Cc`.
    pub(super) cc_header: Vec<String>,
}

/// The parcel of a mail: the same at every try.
pub(super) fn parcel(
    row: &MailRow,
    recipe: &Recipe,
    task: Option<&Task>,
    ports: &Ports,
) -> Result<Parcel, String> {
    let settings = &ports.settings;
    let mail = render(recipe, task, settings)?;
    let message_id = message_id(&row.mail.key, &settings.mail_domain);
    let answers = mail.thread_key.as_ref().filter(|key| **key != row.mail.key);
    let answers = answers.map(|key| self::message_id(key, &settings.mail_domain));
    let frame = Frame {
        key: &row.mail.key,
        message_id: &message_id,
        answers: answers.as_deref(),
        service: &settings.service,
        from: &settings.from,
        recipient: &row.mail.recipient,
    };
    let raw = compose(&mail, &frame).map_err(|error| error.to_string())?;
    Ok(Parcel {
        mail: row.id,
        sender: format!("bounce+{}@{}", row.id, settings.mail_domain),
        recipient: row.mail.recipient.clone(),
        raw,
    })
}

fn message_id(key: &str, domain: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let hash = Sha256::digest(key.as_bytes());
    let hex: String = hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("<{hex}@{domain}>")
}

pub(crate) fn render(
    recipe: &Recipe,
    _task: Option<&Task>,
    settings: &Settings,
) -> Result<Mail, String> {
    let mut mail = Mail {
        subject: String::new(),
        text: String::new(),
        html: None,
        date_ms: 0,
        headers: Vec::new(),
        thread_key: None,
        to_header: Vec::new(),
        cc_header: Vec::new(),
    };
    match recipe {
        Recipe::Written(written) => {
            mail.subject.clone_from(&written.subject);
            mail.text.clone_from(&written.text);
            mail.html.clone_from(&written.html);
            mail.date_ms = written.at_ms;
            mail.to_header.clone_from(&written.to);
            mail.cc_header.clone_from(&written.cc);
        }
        Recipe::Request(to) | Recipe::NoLongerNeeded(to) => {
            mail.subject = "Request".to_owned();
            mail.text = format!("{}/a/{}\n", settings.base_url, to.link);
            mail.date_ms = to.at_ms;
        }
        Recipe::Code { to, .. } | Recipe::Receipt { to, .. } => {
            mail.subject = "Code".to_owned();
            mail.date_ms = to.at_ms;
        }
        Recipe::Outcome { at_ms, .. } => {
            mail.subject = "Outcome".to_owned();
            mail.date_ms = *at_ms;
        }
        Recipe::Alert { reason, at_ms } => {
            mail.subject = "Alert".to_owned();
            mail.text.clone_from(reason);
            mail.date_ms = *at_ms;
        }
    }
    Ok(mail)
}
