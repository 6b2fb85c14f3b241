//! A mail as bytes. The same row and content give the same bytes, at every try and on every
//! machine: `Message-ID`, `Date` and the MIME boundary are made from the row, never from chance.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes, MessageBuilder, MultiPart, SinglePart};
use sha2::{Digest as _, Sha256};

use usher_notifier_core::mail::Mail;

/// What the row and the settings give to a mail.
#[derive(Debug, Clone)]
pub(crate) struct Frame<'a> {
    /// The row's key.
    pub(crate) key: &'a str,
    /// The `Message-ID`, with its angle brackets.
    pub(crate) message_id: &'a str,
    /// The `Message-ID` of the mail that this one answers.
    pub(crate) answers: Option<String>,
    /// The address that mail comes from.
    pub(crate) from: &'a str,
    /// The recipient: the header `To` where the content names nobody.
    pub(crate) recipient: &'a str,
}

/// Why a mail cannot be made. Its content is at fault, or the settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComposeError {
    /// An address.
    #[error("`{address}` is no mail address: {reason}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// A header's name.
    #[error("`{0}` is no name of a header")]
    Header(String),
    /// The library refuses it.
    #[error("the mail cannot be put together: {0}")]
    Library(#[from] lettre::error::Error),
}

/// The bytes of a mail. Lines end with CR LF, the last one too.
pub(crate) fn compose(mail: &Mail, frame: &Frame<'_>) -> Result<Vec<u8>, ComposeError> {
    let seconds = u64::try_from(mail.date_ms.max(0) / 1000).unwrap_or(0);
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let from = Mailbox::new(name(&mail.from_name), address(frame.from)?);
    let mut builder = lettre::Message::builder()
        .date(date)
        .message_id(Some(frame.message_id.to_owned()))
        .from(from)
        .subject(line(&mail.subject));
    builder = addressed(builder, mail, frame)?;
    if let Some(first) = &frame.answers {
        builder = builder.in_reply_to(first.clone()).references(first.clone());
    }
    for (header, value) in &mail.headers {
        let name = HeaderName::new_from_ascii(header.clone())
            .map_err(|_| ComposeError::Header(header.clone()))?;
        builder = builder.raw_header(HeaderValue::new(name, line(value)));
    }
    // The envelope is ours: without one the library would derive it from the headers, and fail.
    let envelope = lettre::address::Envelope::new(None, vec![address(frame.recipient)?])?;
    let builder = builder.envelope(envelope);
    let text = part(ContentType::TEXT_PLAIN, &mail.text);
    let message = match &mail.html {
        Some(html) => {
            let boundary = boundary(frame.key, &[&mail.text, html]);
            let parts = MultiPart::alternative()
                .boundary(boundary)
                .singlepart(text)
                .singlepart(part(ContentType::TEXT_HTML, html));
            builder.multipart(parts)?
        }
        None => builder.singlepart(text)?,
    };
    let mut raw = message.formatted();
    if !raw.ends_with(b"\r\n") {
        raw.extend_from_slice(b"\r\n");
    }
    Ok(raw)
}

fn addressed(
    builder: MessageBuilder,
    mail: &Mail,
    frame: &Frame<'_>,
) -> Result<MessageBuilder, ComposeError> {
    let mut to = list(&mail.to_header)?;
    let cc = list(&mail.cc_header)?;
    if mail.to_header.is_empty() && mail.cc_header.is_empty() {
        to.push(Mailbox::new(None, address(frame.recipient)?));
    }
    let mut builder = builder;
    for mailbox in to {
        builder = builder.to(mailbox);
    }
    for mailbox in cc {
        builder = builder.cc(mailbox);
    }
    Ok(builder)
}

fn list(texts: &[String]) -> Result<Mailboxes, ComposeError> {
    let mut list = Mailboxes::new();
    for text in texts {
        list.push(Mailbox::new(None, address(text)?));
    }
    Ok(list)
}

/// One address, without a name: what stands in a header must be what was checked.
pub(crate) fn address(text: &str) -> Result<Address, ComposeError> {
    text.parse().map_err(|error| ComposeError::Address {
        address: line(text),
        reason: format!("{error}"),
    })
}

fn name(text: &str) -> Option<String> {
    let name = line(text);
    (!name.trim().is_empty()).then_some(name)
}

/// One line: what would end it, or a header, becomes a space. The texts are cleaned long before
/// this; here it is the last door.
fn line(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    let unix = text.replace("\r\n", "\n").replace('\r', "\n");
    let whole = unix.replace('\0', "\u{fffd}");
    // The library ends each part with a line end of its own.
    let whole = whole.trim_end_matches('\n').to_owned();
    SinglePart::builder().header(kind).body(whole)
}

/// A line that no part contains, made from the row's key.
fn boundary(key: &str, parts: &[&str]) -> String {
    let mut counter = 0_u32;
    loop {
        let mut hash = Sha256::new();
        hash.update(b"usher mail boundary\0");
        hash.update(key.as_bytes());
        hash.update(counter.to_be_bytes());
        let text: String = hash.finalize()[..15]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if !parts.iter().any(|part| part.contains(&text)) {
            return text;
        }
        counter += 1;
    }
}

#[cfg(test)]
mod tests;
