//! A visit as a page: which of the core's pages, with what put in, and its status.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use usher_api::approval::Level;
use usher_notifier_core::decide::{InputFault, Refusal};
use usher_notifier_core::page::{
    self, ClosedPage, ExpiredPage, Notice, ProvePage, ReceiptPage, RequestPage, Typed,
};
use usher_notifier_core::task::CODE_MS;

use super::visit::Visit;
use super::{Pages, answer};

/// What stands in a request's form.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// What is filled in.
    pub(super) typed: Typed,
    /// Whether somebody sent it.
    pub(super) is_sent: bool,
    /// What is wrong with it.
    pub(super) faults: Vec<InputFault>,
    /// Something to say.
    pub(super) notice: Option<Notice>,
    /// Whether it is asked once more.
    pub(super) confirm: bool,
}

/// The request with its form.
pub(super) fn request(
    pages: &Pages,
    visit: &Visit,
    status: StatusCode,
    filled: &Filled,
) -> HttpResponse {
    let task = &visit.linked.task;
    let nonce = visit.nonce(pages, task.round, &task.digest);
    let body = page::request(&RequestPage {
        frame: visit.frame(pages),
        task,
        slot: visit.number(),
        token: &visit.token,
        nonce: &nonce,
        typed: &filled.typed,
        is_sent: filled.is_sent,
        faults: &filled.faults,
        notice: filled.notice.clone(),
        confirm: filled.confirm,
    });
    with_browser(pages, visit, status, body)
}

/// Asks for a proof; says nothing of the request.
pub(super) fn prove(
    pages: &Pages,
    visit: &Visit,
    status: StatusCode,
    notice: Option<Notice>,
) -> HttpResponse {
    let needs_more = visit.needed(pages) > Level::Code;
    let account = || Notice::Refused(Refusal::LevelTooLow(Level::Account));
    let code = visit.linked.slot().and_then(|slot| slot.code.as_ref());
    let now_ms = pages.now_ms();
    let body = page::prove(&ProvePage {
        frame: visit.frame(pages),
        address: visit.address(),
        token: &visit.token,
        nonce: &visit.nonce(pages, 0, ""),
        is_sent: code.is_some_and(|code| now_ms.saturating_sub(code.at_ms) < CODE_MS),
        notice: if needs_more { Some(account()) } else { notice },
    });
    with_browser(pages, visit, status, body)
}

/// Confirms the vote of this slot.
pub(super) fn receipt(pages: &Pages, visit: &Visit) -> HttpResponse {
    let body = page::receipt(&ReceiptPage {
        frame: visit.frame(pages),
        task: &visit.linked.task,
        slot: visit.number(),
        token: &visit.token,
        notice: None,
    });
    answer::html(StatusCode::OK, body)
}

/// Tells how it ended; without proof only that it did.
pub(super) fn closed(pages: &Pages, visit: &Visit) -> HttpResponse {
    let body = page::closed(&ClosedPage {
        frame: visit.frame(pages),
        task: visit.may_see(pages).then_some(&visit.linked.task),
    });
    answer::html(StatusCode::GONE, body)
}

/// Offers a fresh link.
pub(super) fn expired(
    pages: &Pages,
    visit: &Visit,
    status: StatusCode,
    notice: Option<Notice>,
) -> HttpResponse {
    let body = page::expired(&ExpiredPage {
        frame: visit.frame(pages),
        address: visit.address(),
        token: &visit.token,
        nonce: &visit.nonce(pages, 0, ""),
        notice,
    });
    with_browser(pages, visit, status, body)
}

/// Leads back to the page of the link.
pub(super) fn back(visit: &Visit, query: &str) -> HttpResponse {
    let place = format!("/a/{}{query}", visit.token);
    HttpResponse::SeeOther()
        .insert_header((actix_web::http::header::LOCATION, place))
        .finish()
}

fn with_browser(pages: &Pages, visit: &Visit, status: StatusCode, body: String) -> HttpResponse {
    let mut answer = answer::html(status, body);
    // A cookie of ours always fits into a header.
    let _ = answer.add_cookie(&visit.browser_cookie(pages));
    answer
}
