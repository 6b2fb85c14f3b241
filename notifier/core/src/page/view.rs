//! What templates share: the head of a page, rows of a list, notices, hidden inputs.

use askama::Template;

use super::{Frame, Notice};
use crate::address;
use crate::texts::{Texts, Voice};

/// The head of a page.
pub(super) struct Head<'a> {
    pub(super) lang: &'static str,
    pub(super) title: String,
    pub(super) service: &'a str,
    pub(super) texts: &'static Texts,
}

impl<'a> Head<'a> {
    pub(super) fn new(frame: Frame<'a>, title: impl Into<String>) -> Head<'a> {
        Head {
            lang: frame.voice.lang.tag(),
            title: title.into(),
            service: frame.service,
            texts: frame.voice.texts(),
        }
    }
}

/// A label and what belongs to it.
pub(super) struct Row {
    pub(super) label: String,
    /// Beside the label, in brackets; may be empty.
    pub(super) note: String,
    pub(super) value: String,
}

impl Row {
    pub(super) fn new(label: impl Into<String>, value: impl Into<String>) -> Row {
        Row {
            label: label.into(),
            note: String::new(),
            value: value.into(),
        }
    }
}

/// Names and values of hidden inputs.
pub(super) type Hidden = Vec<(String, String)>;

/// A hidden input.
pub(super) fn hidden(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// What a notice says. `address` is shown masked.
pub(super) fn said(notice: &Notice, voice: Voice, address: &str) -> String {
    let texts = voice.texts();
    let masked = address::masked(address);
    match notice {
        Notice::SendAgain => texts.form.send_again.to_owned(),
        Notice::Refused(refusal) => (texts.refusal)(refusal),
        Notice::CodeSent => (texts.page.code_sent)(&masked),
        Notice::WrongCode(left) => (texts.page.wrong_code)(*left),
        Notice::LinkSent => (texts.page.link_sent)(&masked),
    }
}

/// Renders. Writing into a text does not fail; if it ever did, an empty page says nothing wrong.
pub(super) fn finish(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}
