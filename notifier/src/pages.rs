//! Pages behind mailed links: show a request, take a vote, prove a mailbox, renew a link.
//!
//! ```text
//!   GET  /a/TOKEN         changes nothing           POST /a/TOKEN         the vote
//!   POST /a/TOKEN/code    mails a number            POST /a/TOKEN/verify  checks it
//!   POST /a/TOKEN/renew   mails a fresh link        GET  /a/style.css
//! ```
//!
//! Opening a link never decides, for machines open links (approvals §0.4). A vote needs a form that
//! a person filled in: its number is bound to the link, to what was shown and to the browser, and a
//! form that comes back within two seconds is asked again.
//!
//! A token stands in no log and no error: a link is called by eight digits of its hash.
//!
//! Not here: who may vote (`usher_notifier_core::decide`), what a page says (its `page`).

mod answer;
mod cookies;
mod form;
mod language;
mod prove;
mod render;
mod show;
mod visit;
mod vote;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, guard, web};
use usher_notifier_core::page::{STYLE, Trouble};

use crate::client_address::Proxies;
use crate::gate::Gate;
use crate::limits::Limits;
use crate::origin::Origin;
use crate::ports::Ports;

/// Everything that the pages need. One for all workers.
#[derive(Debug)]
pub struct Pages {
    gate: Gate,
    limits: Limits,
    proxies: Proxies,
    origin: Origin,
}

impl Pages {
    /// Pages on these ports.
    ///
    /// # Errors
    /// When the base URL or a trusted proxy of the settings cannot be read; names it.
    pub fn new(ports: Ports) -> Result<Pages, String> {
        Ok(Pages {
            limits: Limits::new(ports.clock.clone()),
            proxies: Proxies::parse(&ports.settings.trusted_proxies)
                .map_err(|fault| format!("trusted_proxies: {fault}"))?,
            origin: Origin::of(&ports.settings.base_url)?,
            gate: Gate::new(ports),
        })
    }

    fn ports(&self) -> &Ports {
        self.gate.ports()
    }

    fn now_ms(&self) -> i64 {
        self.ports().clock.now_ms()
    }
}

/// Puts the pages below `/a`.
pub fn configure(config: &mut web::ServiceConfig, pages: Arc<Pages>) {
    let headers = answer::headers(pages.origin.is_https());
    let reading = || guard::Any(guard::Get()).or(guard::Head());
    let scope = web::scope("/a")
        .app_data(web::Data::from(pages))
        .wrap(headers)
        .service(web::resource("/style.css").guard(reading()).to(style))
        .service(
            web::resource("/{token}")
                .route(web::route().guard(reading()).to(show::open))
                .route(web::post().to(vote::post))
                .default_service(web::to(no_such_method)),
        )
        .service(
            web::resource("/{token}/code")
                .route(web::post().to(prove::send))
                .default_service(web::to(no_such_method)),
        )
        .service(
            web::resource("/{token}/verify")
                .route(web::post().to(prove::verify))
                .default_service(web::to(no_such_method)),
        )
        .service(
            web::resource("/{token}/renew")
                .route(web::post().to(prove::renew))
                .default_service(web::to(no_such_method)),
        )
        .default_service(web::to(elsewhere));
    config.service(scope);
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .body(STYLE)
}

async fn no_such_method(pages: web::Data<Pages>, request: HttpRequest) -> HttpResponse {
    answer::trouble(&pages, &request, Trouble::Method)
}

async fn elsewhere(pages: web::Data<Pages>, request: HttpRequest) -> HttpResponse {
    answer::trouble(&pages, &request, Trouble::NotFound)
}

/// A body of at most 64 KiB within 15 seconds, for others that read bodies by the same limits.
///
/// # Errors
/// The status that tells why there is none, and why.
pub(crate) async fn bounded_body(
    body: impl actix_web::body::MessageBody,
) -> Result<Vec<u8>, (u16, &'static str)> {
    form::bounded(body, form::BYTES_MAX, form::TIME_MAX)
        .await
        .map_err(|none| (none.told().1, none.text()))
}
