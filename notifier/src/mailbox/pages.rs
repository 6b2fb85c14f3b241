//! The pages of the development mailbox.
//!
//! ```text
//!   GET /mailbox?key=…  sets a cookie, and goes on without the key
//!   GET /mailbox        the list        GET /mailbox/ID       one mail
//!   GET /mailbox/ID/raw its bytes       GET /mailbox/ID/html  its HTML part, for a sandboxed frame
//! ```

use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::middleware::DefaultHeaders;
use actix_web::{HttpRequest, HttpResponse, guard, web};
use serde::Deserialize;
use usher_ledger::Error;
use usher_ledger::tasks::BoxedRow;
use usher_notifier_core::page::{self, BOXED_POLICY, BoxedPage, Frame, Trouble};
use usher_notifier_core::texts::{Lang, Voice};

use super::door::Door;
use super::read;
use crate::ports::Ports;

/// Mails of one page of the list.
const PAGE: usize = 50;

/// No further page is asked for: the mailbox keeps a bounded number of mails.
const PAGES_MAX: usize = 1000;

/// Of the pages around a mail.
const POLICY: &str = "default-src 'none'; style-src 'self'; frame-src 'self'; \
     form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// The pages; one for all workers.
pub struct MailboxPages {
    ports: Ports,
    door: Door,
}

impl std::fmt::Debug for MailboxPages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailboxPages").finish_non_exhaustive()
    }
}

impl MailboxPages {
    /// Pages with a new key.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn new(ports: Ports) -> Result<MailboxPages, String> {
        let door = Door::new()?;
        Ok(MailboxPages { ports, door })
    }

    /// The path that opens the mailbox, with the key: to be shown once, on a terminal, and to be
    /// written nowhere.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/mailbox?key={}", self.door.key())
    }

    fn frame(&self, request: &HttpRequest) -> Frame<'_> {
        let rules = &self.ports.settings.rules;
        let mut voice = Voice::of(None, None, &rules.locale, &rules.timezone);
        let accepted = request.headers().get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok());
        let first = accepted.and_then(|wishes| wishes.split([',', ';']).next());
        voice.lang = first.and_then(Lang::parse).unwrap_or(voice.lang);
        Frame {
            voice,
            service: &self.ports.settings.service,
        }
    }

    fn trouble(&self, request: &HttpRequest, what: Trouble) -> HttpResponse {
        let status = StatusCode::from_u16(what.status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        html(status, page::trouble(self.frame(request), what))
    }

    /// What is wrong with who asks.
    fn refuse(&self, request: &HttpRequest) -> Option<HttpResponse> {
        let may = Door::is_local(request) && self.door.is_open(request);
        (!may).then(|| self.trouble(request, Trouble::NoKey))
    }

    fn unavailable(&self, request: &HttpRequest, error: &Error) -> HttpResponse {
        tracing::warn!(error = %error.chain(), "the mailbox cannot be read");
        self.trouble(request, Trouble::Unavailable)
    }

    /// The mail of an address, or the answer instead of it.
    async fn mail(&self, request: &HttpRequest, id: &str) -> Result<BoxedRow, HttpResponse> {
        if let Some(refusal) = self.refuse(request) {
            return Err(refusal);
        }
        let Ok(id) = id.parse::<i64>() else {
            return Err(self.trouble(request, Trouble::NotFound));
        };
        match self.ports.store.read(move |r| r.boxed_mail(id)).await {
            Ok(Some(row)) => Ok(row),
            Ok(None) => Err(self.trouble(request, Trouble::NotFound)),
            Err(error) => Err(self.unavailable(request, &error)),
        }
    }
}

/// Puts the pages below `/mailbox`. To be called only while no mail server is configured.
pub fn configure(config: &mut web::ServiceConfig, pages: Arc<MailboxPages>) {
    let headers = DefaultHeaders::new()
        .add((header::REFERRER_POLICY, "no-referrer"))
        .add((header::CACHE_CONTROL, "no-store"))
        .add((header::CONTENT_SECURITY_POLICY, POLICY))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add(("x-robots-tag", "noindex, nofollow"));
    let reading = || guard::Any(guard::Get()).or(guard::Head());
    let scope = web::scope("/mailbox")
        .app_data(web::Data::from(pages))
        .wrap(headers)
        .service(web::resource("").guard(reading()).to(list))
        .service(web::resource("/{id}").guard(reading()).to(mail))
        .service(web::resource("/{id}/raw").guard(reading()).to(raw))
        .service(web::resource("/{id}/html").guard(reading()).to(part))
        .default_service(web::to(elsewhere));
    config.service(scope);
}

/// What the list is asked for.
#[derive(Deserialize)]
struct Asked {
    key: Option<String>,
    page: Option<usize>,
}

async fn list(
    pages: web::Data<MailboxPages>,
    request: HttpRequest,
    asked: Option<web::Query<Asked>>,
) -> HttpResponse {
    let Some(web::Query(asked)) = asked else {
        return pages.trouble(&request, Trouble::NotFound);
    };
    if let Some(key) = asked.key {
        if !Door::is_local(&request) || !pages.door.opens(&key) {
            return pages.trouble(&request, Trouble::Forbidden);
        }
        return HttpResponse::SeeOther()
            .insert_header((header::LOCATION, "/mailbox"))
            .cookie(pages.door.cookie())
            .finish();
    }
    if let Some(refusal) = pages.refuse(&request) {
        return refusal;
    }
    let begin = asked.page.unwrap_or(0).min(PAGES_MAX) * PAGE;
    let rows = pages
        .ports
        .store
        .read(move |r| r.boxed(begin + PAGE + 1))
        .await;
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) => return pages.unavailable(&request, &error),
    };
    let older = (rows.len() > begin + PAGE).then(|| format!("/mailbox?page={}", begin / PAGE + 1));
    let shown = rows.iter().skip(begin).take(PAGE);
    let lines: Vec<page::Boxed> = shown.map(read::line).collect();
    let body = page::mailbox_list(pages.frame(&request), &lines, older.as_deref());
    html(StatusCode::OK, body)
}

async fn mail(
    pages: web::Data<MailboxPages>,
    request: HttpRequest,
    id: web::Path<String>,
) -> HttpResponse {
    let row = match pages.mail(&request, &id).await {
        Ok(row) => row,
        Err(answer) => return answer,
    };
    let letter = read::letter(&row);
    let body = page::mailbox_mail(&BoxedPage {
        frame: pages.frame(&request),
        mail: &read::line(&row),
        headers: &letter.headers,
        text: &letter.text,
        has_html: letter.html.is_some(),
        base_url: &pages.ports.settings.base_url,
    });
    html(StatusCode::OK, body)
}

async fn raw(
    pages: web::Data<MailboxPages>,
    request: HttpRequest,
    id: web::Path<String>,
) -> HttpResponse {
    match pages.mail(&request, &id).await {
        Ok(row) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(row.mail.raw),
        Err(answer) => answer,
    }
}

async fn part(
    pages: web::Data<MailboxPages>,
    request: HttpRequest,
    id: web::Path<String>,
) -> HttpResponse {
    let row = match pages.mail(&request, &id).await {
        Ok(row) => row,
        Err(answer) => return answer,
    };
    let Some(content) = read::letter(&row).html else {
        return pages.trouble(&request, Trouble::NotFound);
    };
    let mut answer = html(StatusCode::OK, page::boxed_html(&content));
    let policy = header::HeaderValue::from_static(BOXED_POLICY);
    answer
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    answer
}

async fn elsewhere(pages: web::Data<MailboxPages>, request: HttpRequest) -> HttpResponse {
    pages.trouble(&request, Trouble::NotFound)
}

fn html(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(body)
}
