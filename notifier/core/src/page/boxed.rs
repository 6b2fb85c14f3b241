//! The development mailbox: its list and one mail.

use askama::Template;

use super::view::{Head, Row, finish};
use super::{Boxed, BoxedPage, Frame};
use crate::clean;
use crate::texts::Voice;
use crate::texts::shape::Mailbox;

#[derive(Template)]
#[template(path = "mailbox.html")]
struct List<'a> {
    head: Head<'a>,
    mailbox: &'static Mailbox,
    colon: &'static str,
    mails: Vec<Line>,
    older: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "boxed.html")]
struct One<'a> {
    head: Head<'a>,
    mailbox: &'static Mailbox,
    id: i64,
    rows: Vec<Row>,
    text: Vec<Piece<'a>>,
    has_html: bool,
    headers: Vec<Row>,
}

struct Line {
    id: i64,
    subject: String,
    to: String,
    time: String,
}

/// A part of a text: an address of ours, or anything else.
struct Piece<'a> {
    text: &'a str,
    is_link: bool,
}

pub(super) fn list(frame: Frame<'_>, mails: &[Boxed], older: Option<&str>) -> String {
    let texts = frame.voice.texts();
    let line = |mail: &Boxed| Line {
        id: mail.id,
        subject: subject(mail, frame.voice),
        to: clean::line(&mail.to, 254),
        time: frame.voice.time(mail.at_ms),
    };
    finish(&List {
        head: Head::new(frame, texts.mailbox.title),
        mailbox: &texts.mailbox,
        colon: texts.both.colon,
        mails: mails.iter().map(line).collect(),
        older,
    })
}

pub(super) fn one(page: &BoxedPage<'_>) -> String {
    let (frame, mail) = (page.frame, page.mail);
    let texts = frame.voice.texts();
    let headers = page.headers.iter();
    finish(&One {
        head: Head::new(frame, subject(mail, frame.voice)),
        mailbox: &texts.mailbox,
        id: mail.id,
        rows: vec![
            Row::new(texts.mailbox.from, clean::line(&mail.from, 500)),
            Row::new(texts.mailbox.to, clean::line(&mail.to, 254)),
            Row::new(texts.both.time, frame.voice.time(mail.at_ms)),
        ],
        text: pieces(page.text, page.base_url),
        has_html: page.has_html,
        headers: headers
            .map(|(name, value)| Row::new(name.as_str(), clean::visible(value)))
            .collect(),
    })
}

fn subject(mail: &Boxed, voice: Voice) -> String {
    match clean::line(&mail.subject, 500).as_str() {
        "" => voice.texts().mailbox.no_subject.to_owned(),
        subject => subject.to_owned(),
    }
}

/// Cuts a text at the addresses that begin with the base URL. The signs of such an address are
/// letters, digits, `/` and `-`; anything else ends it.
fn pieces<'a>(text: &'a str, base_url: &str) -> Vec<Piece<'a>> {
    let begin = format!("{base_url}/");
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(&begin) {
        let tail = &rest[at + begin.len()..];
        let is_part = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '/' | '-');
        let end = tail.find(|sign| !is_part(sign)).unwrap_or(tail.len());
        let (before, link) = (&rest[..at], &rest[at..at + begin.len() + end]);
        pieces.push(Piece {
            text: before,
            is_link: false,
        });
        pieces.push(Piece {
            text: link,
            is_link: true,
        });
        rest = &tail[end..];
    }
    pieces.push(Piece {
        text: rest,
        is_link: false,
    });
    pieces
}
