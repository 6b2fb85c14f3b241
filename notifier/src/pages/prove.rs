//! Proving a mailbox by a mailed code, and asking for a fresh link.
//!
//! Whatever is asked for goes to the slot's address and nowhere else. How often is counted in the
//! task, so that no number of processes or addresses gets round it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use usher_notifier_core::decide::{Event, Refusal, Told};
use usher_notifier_core::page::Notice;

use super::Pages;
use super::form::Form;
use super::render;
use super::visit::{self, Standing, Visit};
use super::vote::received;
use crate::gate::GateError;

/// Mails a code.
pub(super) async fn send(
    pages: web::Data<Pages>,
    request: HttpRequest,
    path: Option<web::Path<String>>,
    payload: web::Payload,
) -> HttpResponse {
    let (visit, form) = match received(&pages, &request, path, payload).await {
        Ok(got) => got,
        Err(answer) => return visit::note(&request, "-", answer),
    };
    let page = send_code(&pages, &request, &visit, &form).await;
    visit::note(&request, &visit.name, page)
}

/// Checks a code.
pub(super) async fn verify(
    pages: web::Data<Pages>,
    request: HttpRequest,
    path: Option<web::Path<String>>,
    payload: web::Payload,
) -> HttpResponse {
    let (visit, form) = match received(&pages, &request, path, payload).await {
        Ok(got) => got,
        Err(answer) => return visit::note(&request, "-", answer),
    };
    let page = try_code(&pages, &request, &visit, &form).await;
    visit::note(&request, &visit.name, page)
}

/// Mails a fresh link in place of one that has expired.
pub(super) async fn renew(
    pages: web::Data<Pages>,
    request: HttpRequest,
    path: Option<web::Path<String>>,
    payload: web::Payload,
) -> HttpResponse {
    let (visit, form) = match received(&pages, &request, path, payload).await {
        Ok(got) => got,
        Err(answer) => return visit::note(&request, "-", answer),
    };
    let page = fresh_link(&pages, &request, &visit, &form).await;
    visit::note(&request, &visit.name, page)
}

async fn send_code(
    pages: &Pages,
    request: &HttpRequest,
    visit: &Visit,
    form: &Form,
) -> HttpResponse {
    if let Some(answer) = not_here(pages, visit, form) {
        return answer;
    }
    let event = Event::SendCode {
        slot: visit.number(),
    };
    match pages.gate.move_task(&visit.linked.row.id, event).await {
        Ok(_) => render::back(visit, "?sent"),
        Err(GateError::Refused(refusal)) => told(pages, visit, refusal),
        Err(fault) => visit::unavailable(pages, request, &fault),
    }
}

async fn try_code(
    pages: &Pages,
    request: &HttpRequest,
    visit: &Visit,
    form: &Form,
) -> HttpResponse {
    if let Some(answer) = not_here(pages, visit, form) {
        return answer;
    }
    let (task, slot) = (&visit.linked.row.id, visit.number());
    let code = visit.linked.slot().and_then(|slot| slot.code.as_ref());
    let ordinal = code.map_or(0, |code| code.ordinal);
    let ring = pages.ports().keys();
    let right = code.is_some() && ring.is_code(&form.code, task, slot, ordinal);
    let event = Event::TryCode {
        slot,
        ordinal,
        right,
    };
    match pages.gate.move_task(task, event).await {
        Ok(_) if right => {
            let mut answer = render::back(visit, "");
            // Cookies of ours always fit into a header.
            let _ = answer.add_cookie(&visit.browser_cookie(pages));
            let _ = answer.add_cookie(&visit.proof_cookie(pages));
            answer
        }
        Ok(done) => match done.told {
            Told::WrongCode(left) => wrong_code(pages, visit, left),
            _ => told(pages, visit, Refusal::NoCode),
        },
        Err(GateError::Refused(refusal)) => told(pages, visit, refusal),
        Err(fault) => visit::unavailable(pages, request, &fault),
    }
}

async fn fresh_link(
    pages: &Pages,
    request: &HttpRequest,
    visit: &Visit,
    form: &Form,
) -> HttpResponse {
    match visit.standing(pages.now_ms()) {
        Standing::Expired => {}
        Standing::Closed => return render::closed(pages, visit),
        Standing::Voted | Standing::Open => return render::back(visit, ""),
    }
    if !is_ours(pages, visit, form) {
        let notice = Some(Notice::SendAgain);
        return render::expired(pages, visit, StatusCode::FORBIDDEN, notice);
    }
    let event = Event::Renew {
        slot: visit.number(),
    };
    match pages.gate.move_task(&visit.linked.row.id, event).await {
        Ok(_) => render::back(visit, "?sent"),
        Err(GateError::Refused(Refusal::Closed(_) | Refusal::SlotClosed)) => {
            render::closed(pages, visit)
        }
        Err(GateError::Refused(refusal)) => {
            let status = match refusal {
                Refusal::TooOften => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::FORBIDDEN,
            };
            render::expired(pages, visit, status, Some(Notice::Refused(refusal)))
        }
        Err(fault) => visit::unavailable(pages, request, &fault),
    }
}

/// The answer where no code is of use: the request is closed, the link too old, the proof given, or
/// the form not ours.
fn not_here(pages: &Pages, visit: &Visit, form: &Form) -> Option<HttpResponse> {
    match visit.standing(pages.now_ms()) {
        Standing::Closed => Some(render::closed(pages, visit)),
        Standing::Expired => Some(render::expired(pages, visit, StatusCode::GONE, None)),
        Standing::Open | Standing::Voted if visit.may_see(pages) => Some(render::back(visit, "")),
        Standing::Open | Standing::Voted if is_ours(pages, visit, form) => None,
        Standing::Open | Standing::Voted => {
            let notice = Some(Notice::SendAgain);
            Some(render::prove(pages, visit, StatusCode::FORBIDDEN, notice))
        }
    }
}

/// Whether the form was made for this link and this browser.
fn is_ours(pages: &Pages, visit: &Visit, form: &Form) -> bool {
    let ring = pages.ports().keys();
    let (now_ms, browser) = (pages.now_ms(), &visit.browser);
    ring.check_nonce(&form.nonce, &visit.link, 0, "", browser, now_ms)
        .is_ok()
}

fn told(pages: &Pages, visit: &Visit, refusal: Refusal) -> HttpResponse {
    let status = match refusal {
        Refusal::Closed(_) | Refusal::SlotClosed => return render::closed(pages, visit),
        Refusal::TooOften => StatusCode::TOO_MANY_REQUESTS,
        Refusal::NoCode => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::FORBIDDEN,
    };
    render::prove(pages, visit, status, Some(Notice::Refused(refusal)))
}

/// A wrong code; after the last try it is void.
fn wrong_code(pages: &Pages, visit: &Visit, left: u32) -> HttpResponse {
    let status = match left {
        0 => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    render::prove(pages, visit, status, Some(Notice::WrongCode(left)))
}
