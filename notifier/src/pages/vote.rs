//! `POST /a/TOKEN`: a vote, if the form is one of ours, was shown long enough, and the rules agree.

use actix_web::http::StatusCode;
use actix_web::http::header::{ORIGIN, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use usher_notifier_core::decide::{Ballot, Event, InputFault, InputWrong, Refusal};
use usher_notifier_core::page::{Notice, Trouble, Typed};
use usher_notifier_core::token::BadNonce;

use super::form::{self, Form};
use super::render::{self, Filled};
use super::visit::{self, Standing, Visit};
use super::{Pages, answer};
use crate::gate::GateError;

/// A form that comes back sooner is asked again: people hardly notice, robots do.
const QUICK_MS: i64 = 2_000;

/// Takes a vote.
pub(super) async fn post(
    pages: web::Data<Pages>,
    request: HttpRequest,
    path: Option<web::Path<String>>,
    payload: web::Payload,
) -> HttpResponse {
    let (visit, form) = match received(&pages, &request, path, payload).await {
        Ok(got) => got,
        Err(answer) => return visit::note(&request, "-", answer),
    };
    let name = visit.name.clone();
    let page = cast(&pages, &request, visit, form).await;
    visit::note(&request, &name, page)
}

/// A visit with the form that it brings.
///
/// # Errors
/// The answer to what is no form of ours.
pub(super) async fn received(
    pages: &Pages,
    request: &HttpRequest,
    path: Option<web::Path<String>>,
    payload: web::Payload,
) -> Result<(Visit, Form), HttpResponse> {
    let visit = visit::enter(pages, request, path).await?;
    if !pages.origin.sent(request) {
        return Err(answer::trouble(pages, request, Trouble::Forbidden));
    }
    match form::read(request, payload).await {
        Ok(form) => Ok((visit, form)),
        Err(none) => {
            let (what, status) = none.told();
            Err(answer::trouble_as(pages, request, what, status))
        }
    }
}

async fn cast(pages: &Pages, request: &HttpRequest, visit: Visit, form: Form) -> HttpResponse {
    let now_ms = pages.now_ms();
    let standing = visit.standing(now_ms);
    match standing {
        Standing::Expired => return render::expired(pages, &visit, StatusCode::GONE, None),
        Standing::Closed => return render::closed(pages, &visit),
        Standing::Voted if is_known(&visit, &form) => return render::back(&visit, ""),
        Standing::Voted if !visit.is_live(now_ms) => return render::closed(pages, &visit),
        Standing::Voted | Standing::Open => {}
    }
    if !visit.may_see(pages) {
        refused(pages, &visit, &Refusal::LevelTooLow(visit.needed(pages))).await;
        return render::prove(pages, &visit, StatusCode::FORBIDDEN, None);
    }
    let filled = |form: Form| Filled {
        typed: form.typed,
        is_sent: true,
        ..Filled::default()
    };
    if form.nonce.is_empty() && form.typed.approves.is_none() {
        let mut filled = filled(form);
        filled.faults.push(InputFault {
            field: "decision".to_owned(),
            what: InputWrong::Missing,
        });
        return render::request(pages, &visit, StatusCode::UNPROCESSABLE_ENTITY, &filled);
    }
    match issued(pages, &visit, &form) {
        Err(BadNonce::Foreign) => {
            let mut filled = Filled::default();
            // Only a browser that says that the form is ours gets back what it sent.
            if request.headers().contains_key(ORIGIN) {
                filled = Filled {
                    typed: form.typed,
                    is_sent: true,
                    ..filled
                };
                filled.typed.approves = None;
            }
            filled.notice = Some(Notice::SendAgain);
            render::request(pages, &visit, StatusCode::FORBIDDEN, &filled)
        }
        Err(BadNonce::Old) => {
            let mut filled = filled(form);
            filled.notice = Some(Notice::SendAgain);
            render::request(pages, &visit, StatusCode::CONFLICT, &filled)
        }
        Ok(issued_ms) if is_quick(&visit, &form, now_ms.saturating_sub(issued_ms)) => {
            let mut filled = filled(form);
            filled.confirm = true;
            render::request(pages, &visit, StatusCode::OK, &filled)
        }
        Ok(_) => decide(pages, request, visit, form).await,
    }
}

/// Whether a choice comes back too quickly. What is asked again must be what was shown: a form of
/// another content goes on to be refused as that.
fn is_quick(visit: &Visit, form: &Form, after_ms: i64) -> bool {
    let task = &visit.linked.task;
    let is_shown = form.round == task.round && form.digest == task.digest;
    after_ms < QUICK_MS && is_shown && form.typed.approves.is_some()
}

/// When the form was made.
fn issued(pages: &Pages, visit: &Visit, form: &Form) -> Result<i64, BadNonce> {
    let ring = pages.ports().keys();
    let (now_ms, browser) = (pages.now_ms(), &visit.browser);
    ring.check_nonce(
        &form.nonce,
        &visit.link,
        form.round,
        &form.digest,
        browser,
        now_ms,
    )
}

/// Whether this very form was counted already: a double click, or a repeat after a lost answer.
fn is_known(visit: &Visit, form: &Form) -> bool {
    let votes = visit.linked.slot().map_or(&[][..], |slot| &slot.votes);
    !form.nonce.is_empty() && votes.iter().any(|vote| vote.nonce == form.nonce)
}

async fn decide(
    pages: &Pages,
    request: &HttpRequest,
    mut visit: Visit,
    form: Form,
) -> HttpResponse {
    let ballot = Ballot {
        slot: visit.number(),
        approves: form.typed.approves,
        comment: form.typed.comment.clone(),
        values: form.typed.values.clone(),
        round: form.round,
        digest: form.digest,
        nonce: form.nonce,
        level: visit.level,
        via: "link".to_owned(),
        person: None,
        client: visit.client.clone(),
    };
    let cast = Event::Vote(ballot);
    let refusal = match pages.gate.move_linked(&visit.linked, cast).await {
        Ok(_) => return render::back(&visit, ""),
        Err(GateError::Refused(refusal)) => refusal,
        Err(fault) => return visit::unavailable(pages, request, &fault),
    };
    if refusal.is_recorded() {
        refused(pages, &visit, &refusal).await;
    }
    // The page shows what is there now, not what was there when the form was made.
    if let Err(fault) = visit.again(pages).await {
        return visit::unavailable(pages, request, &fault);
    }
    told(pages, &visit, form.typed, refusal)
}

/// The page for a refusal; what was typed is kept where another try makes sense.
fn told(pages: &Pages, visit: &Visit, typed: Typed, refusal: Refusal) -> HttpResponse {
    let mut filled = Filled {
        typed,
        is_sent: true,
        ..Filled::default()
    };
    let status = match refusal {
        Refusal::Closed(_) | Refusal::SlotClosed => return render::closed(pages, visit),
        Refusal::LevelTooLow(_) => {
            return render::prove(pages, visit, StatusCode::FORBIDDEN, None);
        }
        Refusal::Input(faults) => {
            filled.faults = faults;
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return render::request(pages, visit, status, &filled);
        }
        Refusal::Outdated => StatusCode::CONFLICT,
        Refusal::NoDirectory => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::TooOften => StatusCode::TOO_MANY_REQUESTS,
        Refusal::NotAsked
        | Refusal::NotEntitled
        | Refusal::Separation
        | Refusal::NoCode
        | Refusal::NotAllowed(_) => StatusCode::FORBIDDEN,
    };
    if refusal == Refusal::Outdated {
        // Nobody agrees to what was not shown: the choice is made anew.
        filled.typed.approves = None;
    }
    filled.notice = Some(Notice::Refused(refusal));
    let mut page = render::request(pages, visit, status, &filled);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let soon = actix_web::http::header::HeaderValue::from_static("30");
        page.headers_mut().insert(RETRY_AFTER, soon);
    }
    page
}

/// Puts a refusal into the record. The refusal holds whether or not it can be recorded now.
pub(super) async fn refused(pages: &Pages, visit: &Visit, refusal: &Refusal) {
    let event = Event::Refused {
        actor: format!("slot:{}", visit.number()),
        reason: refusal.to_string(),
    };
    if let Err(fault) = pages.gate.move_task(&visit.linked.row.id, event).await {
        tracing::warn!(%fault, link = visit.name, "a refusal is not in the record");
    }
}
