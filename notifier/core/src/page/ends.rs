//! Proving, receipts, how it ended, expired links, and why there is no page.

use askama::Template;

use super::ask::value_rows;
use super::view::{Head, Hidden, Row, finish, hidden, said};
use super::{ClosedPage, ExpiredPage, Frame, Notice, ProvePage, ReceiptPage, Trouble};
use crate::address;
use crate::clean;
use crate::decide::Refusal;
use crate::task::{SlotState, Task, Vote};
use crate::texts::Voice;
use crate::texts::shape::Page;
use crate::texts::story::{self, Ending, Tally};

#[derive(Template)]
#[template(path = "prove.html")]
struct Prove<'a> {
    head: Head<'a>,
    page: &'static Page,
    colon: &'static str,
    token: &'a str,
    why: String,
    notice: Option<String>,
    fault: Option<String>,
    is_sent: bool,
    needs_account: bool,
    hidden: Hidden,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct Receipt<'a> {
    head: Head<'a>,
    page: &'static Page,
    token: &'a str,
    notice: Option<String>,
    stands: &'static str,
    so_far: Option<String>,
    rows: Vec<Row>,
    may_change: bool,
}

#[derive(Template)]
#[template(path = "closed.html")]
struct Closed<'a> {
    head: Head<'a>,
    page: &'static Page,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "expired.html")]
struct Expired<'a> {
    head: Head<'a>,
    page: &'static Page,
    token: &'a str,
    why: String,
    notice: Option<String>,
    hidden: Hidden,
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct NoPage<'a> {
    head: Head<'a>,
    text: &'static str,
}

/// Asks for a proof; says nothing of the request.
pub(super) fn prove(page: &ProvePage<'_>) -> String {
    let voice = page.frame.voice;
    let texts = voice.texts();
    let is_about_code = |notice: &&Notice| {
        matches!(
            notice,
            Notice::WrongCode(_) | Notice::Refused(Refusal::NoCode)
        )
    };
    let say = |notice: &Notice| said(notice, voice, page.address);
    // A wrong code belongs to its field, if the field is there.
    let fault = page
        .notice
        .as_ref()
        .filter(is_about_code)
        .filter(|_| page.is_sent);
    let notice = page.notice.as_ref().filter(|_| fault.is_none());
    let account = usher_api::approval::Level::Account;
    let title = (texts.page.waits_for)(&address::masked(page.address));
    finish(&Prove {
        head: Head::new(page.frame, title),
        page: &texts.page,
        colon: texts.both.colon,
        token: page.token,
        why: (texts.page.why_code)(page.frame.service),
        notice: notice.map(say),
        fault: fault.map(say),
        is_sent: page.is_sent,
        needs_account: page.notice == Some(Notice::Refused(Refusal::LevelTooLow(account))),
        hidden: vec![hidden("nonce", page.nonce)],
    })
}

/// Confirms a vote. A slot without a vote gets the page that tells how the request stands.
pub(super) fn receipt(page: &ReceiptPage<'_>) -> String {
    let (frame, task) = (page.frame, page.task);
    let voice = frame.voice;
    let texts = voice.texts();
    let slot = task.slot(page.slot);
    let Some((slot, vote)) = slot.and_then(|slot| Some((slot, slot.vote()?))) else {
        let task = Some(task);
        return closed(&ClosedPage { frame, task });
    };
    let ending = Ending::of(task);
    let mut rows = vec![
        Row::new(texts.page.request, story::title(task)),
        Row::new(texts.both.workflow, story::workflow(task)),
        Row::new(texts.both.printed_name, story::printed_person(&slot.person)),
    ];
    rows.extend(vote_rows(task, page.slot, vote, voice));
    let may_vote = matches!(slot.state, SlotState::Approved | SlotState::Rejected);
    finish(&Receipt {
        head: Head::new(frame, texts.page.receipt),
        page: &texts.page,
        token: page.token,
        notice: page.notice.as_ref().map(|notice| said(notice, voice, "")),
        stands: match ending {
            Ending::Open => texts.page.still_open,
            _ => (texts.both.ending)(ending),
        },
        so_far: so_far(task, voice),
        rows,
        may_change: ending.is_open() && may_vote && task.slots.len() > 1,
    })
}

/// What a vote says: to pages and mails alike.
pub(crate) fn vote_lines(
    task: &Task,
    slot: u32,
    vote: &Vote,
    voice: Voice,
) -> Vec<(String, String)> {
    let rows = vote_rows(task, slot, vote, voice).into_iter();
    rows.map(|row| (row.label, row.value)).collect()
}

/// "This is your vote, 1 of 2 so far": while it is open and several are asked.
pub(crate) fn so_far(task: &Task, voice: Voice) -> Option<String> {
    let tally = Tally::of(task);
    let is_told = Ending::of(task).is_open() && tally.asked > 1;
    let (have, need) = (voice.count(tally.approvals), voice.count(tally.need));
    is_told.then(|| (voice.texts().both.so_far)(&have, &need))
}

fn vote_rows(task: &Task, slot: u32, vote: &Vote, voice: Voice) -> Vec<Row> {
    let both = &voice.texts().both;
    let decision = match vote.approves {
        true => both.approved,
        false => both.rejected,
    };
    let mut rows = vec![
        Row::new(both.your_vote, decision),
        Row::new(both.meaning, story::meaning(task, slot, vote, voice)),
        Row::new(both.time, voice.time(vote.at_ms)),
        Row::new(both.proof, (both.level)(vote.level)),
    ];
    rows.extend(value_rows(task, &vote.values));
    if !vote.comment.is_empty() {
        rows.push(Row::new(both.comment, clean::visible(&vote.comment)));
    }
    rows.push(Row::new(both.digest, clean::line(&vote.digest, 64)));
    rows
}

/// Tells how it ended.
pub(super) fn closed(page: &ClosedPage<'_>) -> String {
    let voice = page.frame.voice;
    let texts = voice.texts();
    let mut rows = Vec::new();
    let mut title = texts.page.closed;
    if let Some(task) = page.task {
        let ending = Ending::of(task);
        // A closed row whose task has not been told yet is no longer needed all the same.
        title = match ending {
            Ending::Open => (texts.both.ending)(Ending::Cancelled),
            _ => (texts.both.ending)(ending),
        };
        rows.push(Row::new(texts.page.request, story::title(task)));
        rows.push(Row::new(texts.both.workflow, story::workflow(task)));
        if let Some(decided) = &task.decided {
            rows.push(Row::new(texts.both.time, voice.time(decided.at_ms)));
        }
        rows.extend(story::reason(task).map(|reason| Row::new(texts.page.reason, reason)));
    }
    finish(&Closed {
        head: Head::new(page.frame, title),
        page: &texts.page,
        rows,
    })
}

/// Offers a fresh link.
pub(super) fn expired(page: &ExpiredPage<'_>) -> String {
    let voice = page.frame.voice;
    let texts = voice.texts();
    let notice = page.notice.as_ref();
    finish(&Expired {
        head: Head::new(page.frame, texts.page.expired),
        page: &texts.page,
        token: page.token,
        why: (texts.page.expired_why)(&address::masked(page.address)),
        notice: notice.map(|notice| said(notice, voice, page.address)),
        hidden: vec![hidden("nonce", page.nonce)],
    })
}

/// Says why there is no page.
pub(super) fn trouble(frame: Frame<'_>, what: Trouble) -> String {
    let [title, text] = (frame.voice.texts().trouble)(what);
    finish(&NoPage {
        head: Head::new(frame, title),
        text,
    })
}
