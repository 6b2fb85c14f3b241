//! Pages for people: plain HTML without script, from what a task's row holds.
//!
//! ```text
//!   /a/TOKEN      request · confirm · receipt · closed · expired · prove
//!   anything bad  trouble: the same bytes for every address that is none
//!   /mailbox      list · mail
//! ```
//!
//! Every text is escaped by askama; the only HTML that is put in is what `markdown` makes. A page
//! refers to one style sheet ([`STYLE`], served at [`STYLE_PATH`]) and to nothing else, so it obeys
//! `default-src 'none'; style-src 'self'`.
//!
//! Names of a form's inputs: `decision` (`approve` or `reject`), `comment`, one
//! [`FIELD`]` + name` for each field of the form, and hidden `nonce`, `round`, `digest`, `confirm`
//! (`yes` on a confirm page).

use std::collections::BTreeMap;

use crate::decide::{InputFault, Refusal};
use crate::task::Task;
use crate::texts::Voice;

mod ask;
mod boxed;
pub(crate) mod ends;
mod field;
mod view;

#[cfg(test)]
pub(crate) mod tests;

/// Prefix of the names of inputs that are form fields.
pub const FIELD: &str = "field.";

/// Where the style sheet is served.
pub const STYLE_PATH: &str = "/a/style.css";

/// The style sheet of every page.
pub const STYLE: &str = include_str!("../templates/style.css");

/// What every page needs.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// How the reader is spoken to.
    pub voice: Voice,
    /// What the service calls itself.
    pub service: &'a str,
}

/// What was typed into a form; shown again with the faults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// For it or against it; none when nothing is chosen.
    pub approves: Option<bool>,
    /// The comment.
    pub comment: String,
    /// Values by the field's name, without the prefix.
    pub values: BTreeMap<String, String>,
}

/// What is said at the top of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The form was too old, or not made for this browser: look at it and send it again.
    SendAgain,
    /// Why nothing was done. [`Refusal::Input`] comes by `faults` and not here.
    Refused(Refusal),
    /// A code is under way, if one may be sent.
    CodeSent,
    /// The code was wrong; so many tries are left, 0: it is void.
    WrongCode(u32),
    /// A fresh link is under way, if one may be sent.
    LinkSent,
}

/// The request with its form; also the confirm page.
#[derive(Debug, Clone)]
pub struct RequestPage<'a> {
    /// What every page needs.
    pub frame: Frame<'a>,
    /// The task.
    pub task: &'a Task,
    /// Whose page it is.
    pub slot: u32,
    /// The token as it is spelled by `Ring::seal`.
    pub token: &'a str,
    /// The form's number.
    pub nonce: &'a str,
    /// What is filled in. Of a fresh page: [`Typed::default`], and the form's own defaults count.
    pub typed: &'a Typed,
    /// Whether `typed` is what somebody sent: then the form's own defaults do not count.
    pub is_sent: bool,
    /// What is wrong with it.
    pub faults: &'a [InputFault],
    /// Something to say.
    pub notice: Option<Notice>,
    /// Whether this asks once more before it counts (a form sent within two seconds).
    pub confirm: bool,
}

/// Asks for a proof before anything is shown (level `code`).
#[derive(Debug, Clone)]
pub struct ProvePage<'a> {
    /// What every page needs.
    pub frame: Frame<'a>,
    /// The slot's address; only its masked form is shown.
    pub address: &'a str,
    /// The token.
    pub token: &'a str,
    /// Goes with both forms of the page.
    pub nonce: &'a str,
    /// Whether a code is under way: then the field for it comes first.
    pub is_sent: bool,
    /// Something to say: a wrong code, too often, a code sent.
    pub notice: Option<Notice>,
}

/// Confirms a vote: to who has voted, at every later opening of the link.
#[derive(Debug, Clone)]
pub struct ReceiptPage<'a> {
    /// What every page needs.
    pub frame: Frame<'a>,
    /// The task.
    pub task: &'a Task,
    /// Whose vote.
    pub slot: u32,
    /// The token: where the task is open and several are asked, a link to `/a/TOKEN?change` leads
    /// back to the form.
    pub token: &'a str,
    /// Something to say.
    pub notice: Option<Notice>,
}

/// Tells how a task ended, to a slot that has not voted.
#[derive(Debug, Clone)]
pub struct ClosedPage<'a> {
    /// What every page needs.
    pub frame: Frame<'a>,
    /// The task; none when the reader has not reached the task's level: then nothing is said but
    /// that the request is closed.
    pub task: Option<&'a Task>,
}

/// Offers a fresh link for one that has expired. Says nothing of the request.
#[derive(Debug, Clone)]
pub struct ExpiredPage<'a> {
    /// What every page needs.
    pub frame: Frame<'a>,
    /// The slot's address; only its masked form is shown.
    pub address: &'a str,
    /// The token.
    pub token: &'a str,
    /// Goes with the form.
    pub nonce: &'a str,
    /// Something to say: too often, link sent.
    pub notice: Option<Notice>,
}

/// Why there is no page, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// 404: no such address.
    NotFound,
    /// 429: too many requests.
    TooMany,
    /// 413: the body is too large.
    TooLarge,
    /// 503: the ledger cannot be reached.
    Unavailable,
    /// 403: the form came from elsewhere.
    Forbidden,
    /// 403: the development mailbox, opened without its key.
    NoKey,
    /// 405: not GET, HEAD or POST.
    Method,
    /// 415 and 400: no form.
    Form,
}

impl Trouble {
    /// Every one.
    pub const ALL: [Trouble; 8] = [
        Trouble::NotFound,
        Trouble::TooMany,
        Trouble::TooLarge,
        Trouble::Unavailable,
        Trouble::Forbidden,
        Trouble::NoKey,
        Trouble::Method,
        Trouble::Form,
    ];

    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Trouble::NotFound => 404,
            Trouble::TooMany => 429,
            Trouble::TooLarge => 413,
            Trouble::Unavailable => 503,
            Trouble::Forbidden | Trouble::NoKey => 403,
            Trouble::Method => 405,
            Trouble::Form => 415,
        }
    }
}

/// A mail in the development mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boxed {
    /// Its number: its page is `/mailbox/ID`, `/mailbox/ID/raw` its bytes, `/mailbox/ID/html` its
    /// HTML part (see [`boxed_html`]).
    pub id: i64,
    /// When it was taken, milliseconds UTC.
    pub at_ms: i64,
    /// Who sent it: `From`.
    pub from: String,
    /// Whom it is for: the envelope's recipient.
    pub to: String,
    /// Its subject, decoded.
    pub subject: String,
}

/// One mail of the development mailbox.
#[derive(Debug, Clone)]
pub struct BoxedPage<'a> {
    /// What every page needs.
    pub frame: Frame<'a>,
    /// Its line in the list.
    pub mail: &'a Boxed,
    /// Its headers in order, decoded.
    pub headers: &'a [(String, String)],
    /// Its text part; addresses that begin with `base_url` are links.
    pub text: &'a str,
    /// Whether it has an HTML part.
    pub has_html: bool,
    /// Where people reach the pages.
    pub base_url: &'a str,
}

/// The request with its form, or the confirm page. What is confirmed must be chosen: without a
/// choice it is the form.
#[must_use]
pub fn request(page: &RequestPage<'_>) -> String {
    match page.typed.approves {
        Some(approves) if page.confirm => ask::confirm(page, approves),
        _ => ask::request(page),
    }
}

/// Asks for a proof.
#[must_use]
pub fn prove(page: &ProvePage<'_>) -> String {
    ends::prove(page)
}

/// Confirms a vote.
#[must_use]
pub fn receipt(page: &ReceiptPage<'_>) -> String {
    ends::receipt(page)
}

/// Tells how it ended.
#[must_use]
pub fn closed(page: &ClosedPage<'_>) -> String {
    ends::closed(page)
}

/// Offers a fresh link.
#[must_use]
pub fn expired(page: &ExpiredPage<'_>) -> String {
    ends::expired(page)
}

/// Says why there is no page. Depends on nothing else, so every bad address gets the same bytes.
#[must_use]
pub fn trouble(frame: Frame<'_>, what: Trouble) -> String {
    ends::trouble(frame, what)
}

/// The development mailbox, newest first. `older` is the address of the next page, if there is one.
#[must_use]
pub fn mailbox_list(frame: Frame<'_>, mails: &[Boxed], older: Option<&str>) -> String {
    boxed::list(frame, mails, older)
}

/// One mail of the development mailbox.
#[must_use]
pub fn mailbox_mail(page: &BoxedPage<'_>) -> String {
    boxed::one(page)
}

/// The HTML part of a mail as `/mailbox/ID/html` serves it, to be shown in a sandboxed frame: links
/// open a window of their own. Serve it with the policy [`BOXED_POLICY`].
#[must_use]
pub fn boxed_html(html: &str) -> String {
    // At the end, so that the mail still begins with its doctype.
    format!("{html}<base target=\"_blank\">")
}

/// Content-Security-Policy of `/mailbox/ID/html`: styles of the mail's own, links that open
/// windows, nothing else. The page around it needs `frame-src 'self'` beside the usual.
pub const BOXED_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'self'; \
     sandbox allow-popups allow-popups-to-escape-sandbox";
