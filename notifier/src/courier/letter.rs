//! A mail's row and recipe as a parcel: the content from the notifier's core, the frame from the
//! row.

use usher_ledger::tasks::MailRow;
use usher_notifier_core::mail::{self, Place};
use usher_notifier_core::recipe::Recipe;
use usher_notifier_core::task::Task;

use super::compose::{Frame, compose};
use super::transport::Parcel;
use crate::ports::{Ports, Settings};

/// The parcel of a mail: the same at every try.
///
/// # Errors
/// Why it cannot be made; another try will not make it better.
pub(super) fn parcel(
    row: &MailRow,
    recipe: &Recipe,
    task: Option<&Task>,
    ports: &Ports,
) -> Result<Parcel, String> {
    let settings = &ports.settings;
    let ring = ports.keys();
    let place = place(settings);
    let letter = mail::render(recipe, task, &place, &ring);
    let letter = letter.map_err(|error| error.to_string())?;
    let domain = &settings.mail_domain;
    let answers = letter.thread_key.as_ref();
    let answers = answers.filter(|key| **key != row.mail.key);
    let frame = Frame {
        key: &row.mail.key,
        message_id: &mail::message_id(&row.mail.key, domain),
        answers: answers.map(|key| mail::message_id(key, domain)),
        from: &settings.from,
        recipient: &row.mail.recipient,
    };
    let raw = compose(&letter, &frame).map_err(|error| error.to_string())?;
    let bounces = ring.verp(row.id);
    let bounces = bounces.ok_or("there is no key to sign the envelope's sender with")?;
    Ok(Parcel {
        mail: row.id,
        sender: format!("{bounces}@{domain}"),
        recipient: row.mail.recipient.clone(),
        raw,
    })
}

fn place(settings: &Settings) -> Place {
    Place {
        base_url: settings.base_url.clone(),
        service: settings.service.clone(),
        from: settings.from.clone(),
        mail_domain: settings.mail_domain.clone(),
        locale: settings.rules.locale.clone(),
        timezone: settings.rules.timezone.clone(),
    }
}
