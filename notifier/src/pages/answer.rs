//! Answers: the headers that every page has, and the pages that say nothing of any request.

use actix_web::http::{StatusCode, header};
use actix_web::middleware::DefaultHeaders;
use actix_web::{HttpRequest, HttpResponse};
use usher_notifier_core::page::{self, Frame, Trouble};
use usher_notifier_core::texts::Voice;

use super::{Pages, language};

/// Whoever is told to come again may do so after so many seconds.
const RETRY_AFTER: &str = "30";

/// The policy of S7.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'";

/// The headers of S5 to S8, for every answer below `/a`.
///
/// `same-origin` and not `no-referrer`: with the latter browsers send `Origin: null` with our own
/// forms, which could not be told from a foreign one then.
pub(super) fn headers(is_https: bool) -> DefaultHeaders {
    let all = DefaultHeaders::new()
        .add((header::REFERRER_POLICY, "same-origin"))
        .add((header::CACHE_CONTROL, "no-store"))
        .add((header::CONTENT_SECURITY_POLICY, POLICY))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::X_FRAME_OPTIONS, "DENY"))
        .add(("x-robots-tag", "noindex, nofollow"));
    if is_https {
        all.add((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"))
    } else {
        all
    }
}

/// A page.
pub(super) fn html(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(body)
}

/// A page about no request, in the language of the browser: who reads it is not known.
pub(super) fn trouble(pages: &Pages, request: &HttpRequest, what: Trouble) -> HttpResponse {
    trouble_as(pages, request, what, what.status())
}

/// The same with a status of its own.
pub(super) fn trouble_as(
    pages: &Pages,
    request: &HttpRequest,
    what: Trouble,
    status: u16,
) -> HttpResponse {
    let rules = &pages.ports().settings.rules;
    let accepted = request.headers().get(header::ACCEPT_LANGUAGE);
    let accepted = accepted.and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut voice = Voice::of(None, None, &rules.locale, &rules.timezone);
    voice.lang = language::choose(accepted).unwrap_or(voice.lang);
    let body = page::trouble(frame(pages, voice), what);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = html(status, body);
    let headers = answer.headers_mut();
    match what {
        Trouble::TooMany | Trouble::Unavailable => {
            headers.insert(
                header::RETRY_AFTER,
                header::HeaderValue::from_static(RETRY_AFTER),
            );
        }
        Trouble::Method => {
            let allowed = header::HeaderValue::from_static("GET, HEAD, POST");
            headers.insert(header::ALLOW, allowed);
        }
        Trouble::NotFound
        | Trouble::TooLarge
        | Trouble::Forbidden
        | Trouble::NoKey
        | Trouble::Form => {}
    }
    answer
}

/// What every page needs.
pub(super) fn frame(pages: &Pages, voice: Voice) -> Frame<'_> {
    Frame {
        voice,
        service: &pages.ports().settings.service,
    }
}
