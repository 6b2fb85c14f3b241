//! A boxed mail as a person reads it: its bytes taken apart.

use mail_parser::{HeaderValue, Message, MessageParser};
use usher_ledger::tasks::BoxedRow;
use usher_notifier_core::page::Boxed;

/// A mail taken apart.
pub(super) struct Letter {
    /// Headers in order, decoded.
    pub(super) headers: Vec<(String, String)>,
    /// The text part.
    pub(super) text: String,
    /// The HTML part.
    pub(super) html: Option<String>,
}

/// A mail's line in the list.
pub(super) fn line(row: &BoxedRow) -> Boxed {
    let message = MessageParser::new().parse_headers(&row.mail.raw);
    let header = |name: &str| {
        let message = message.as_ref()?;
        Some(shown(message, message.header(name.to_owned())?, name))
    };
    Boxed {
        id: row.id,
        at_ms: row.mail.at_ms,
        from: header("From").unwrap_or_default(),
        to: row.mail.recipient.clone(),
        subject: header("Subject").unwrap_or_default(),
    }
}

/// The whole mail.
pub(super) fn letter(row: &BoxedRow) -> Letter {
    let Some(message) = MessageParser::new().parse(&row.mail.raw) else {
        // Nothing that we sent: shown as it is.
        return Letter {
            headers: Vec::new(),
            text: String::from_utf8_lossy(&row.mail.raw).into_owned(),
            html: None,
        };
    };
    let headers = message.headers().iter().map(|header| {
        let name = header.name().to_owned();
        let value = shown(&message, header.value(), &name);
        (name, value)
    });
    let html = message.html_part(0).filter(|part| part.is_text_html());
    Letter {
        headers: headers.collect(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        html: html
            .and_then(|part| part.text_contents())
            .map(str::to_owned),
    }
}

fn shown(message: &Message<'_>, value: &HeaderValue<'_>, name: &str) -> String {
    match value {
        HeaderValue::Text(text) => text.clone().into_owned(),
        HeaderValue::TextList(texts) => texts.join(" "),
        HeaderValue::Address(list) => {
            let one = |one: &mail_parser::Addr<'_>| {
                let address = one.address().unwrap_or_default();
                match one.name() {
                    Some(name) => format!("{name} <{address}>"),
                    None => address.to_owned(),
                }
            };
            list.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        _ => {
            let raw = message.header_raw(name.to_owned()).unwrap_or_default();
            raw.split_whitespace().collect::<Vec<_>>().join(" ")
        }
    }
}
