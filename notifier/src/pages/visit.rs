//! Who comes with which link: what must hold before a request is even looked up.
//!
//! A token that no key of ours made costs no look into the ledger; every bad one gets the same
//! answer, whatever is wrong with it (S11).

use std::net::{IpAddr, Ipv4Addr};

use actix_web::cookie::Cookie;
use actix_web::{HttpRequest, HttpResponse, web};
use usher_api::approval::Level;
use usher_notifier_core::decide::required_level;
use usher_notifier_core::page::{Frame, Trouble};
use usher_notifier_core::task::{Slot, SlotState};
use usher_notifier_core::texts::Voice;
use usher_notifier_core::token::log_name;

use super::cookies::{self, Kind, PROOF_MS};
use super::{Pages, answer};
use crate::client_address::{self, counted, cut};
use crate::gate::{GateError, Linked};

/// What a proof is bound to, beside the link and the browser.
const PROVEN: &str = "the code was right";

/// Somebody at a good link.
pub(super) struct Visit {
    /// The link's id.
    pub(super) link: [u8; 16],
    /// How the link is called in logs and cookies.
    pub(super) name: String,
    /// The token as we write it, whatever way it was typed.
    pub(super) token: String,
    /// Link and task.
    pub(super) linked: Linked,
    /// The client's network, for the record.
    pub(super) client: String,
    /// The random bytes that forms are bound to.
    pub(super) browser: String,
    /// How well it is known who this is.
    pub(super) level: Level,
}

/// What somebody at a link may see and do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// May vote.
    Open,
    /// Has voted.
    Voted,
    /// Nothing can be done here any more.
    Closed,
    /// The link is too old.
    Expired,
}

/// Opens the door to a page.
///
/// # Errors
/// The answer to who may not come in.
pub(super) async fn enter(
    pages: &Pages,
    request: &HttpRequest,
    path: Option<web::Path<String>>,
) -> Result<Visit, HttpResponse> {
    let client = client(pages, request);
    let trouble = |what| answer::trouble(pages, request, what);
    let is_post = request.method() == actix_web::http::Method::POST;
    if !is_post && !pages.limits.load(counted(client)) {
        return Err(trouble(Trouble::TooMany));
    }
    let bad = || {
        let may = pages.limits.bad_link(counted(client));
        let what = if may {
            Trouble::NotFound
        } else {
            Trouble::TooMany
        };
        answer::trouble(pages, request, what)
    };
    let ring = pages.ports().keys();
    let text = path.map(web::Path::into_inner).unwrap_or_default();
    let Ok(opened) = ring.open(&text) else {
        return Err(bad());
    };
    let Some(token) = ring.seal(opened.key, &opened.link) else {
        return Err(bad());
    };
    if is_post && !pages.limits.post(&opened.link) {
        return Err(trouble(Trouble::TooMany));
    }
    let linked = match pages.gate.of_link(&opened.link, opened.key).await {
        Ok(Some(linked)) => linked,
        Ok(None) => return Err(bad()),
        Err(fault) => return Err(unavailable(pages, request, &fault)),
    };
    if linked.slot().is_none() {
        return Err(bad());
    }
    let name = log_name(&opened.link);
    let is_https = pages.origin.is_https();
    let browser = match cookies::read(request, is_https, &name, Kind::Browser) {
        Some(known) => known,
        None => fresh().ok_or_else(|| answer::trouble(pages, request, Trouble::Unavailable))?,
    };
    let proof = cookies::read(request, is_https, &name, Kind::Proof).unwrap_or_default();
    let now_ms = pages.now_ms();
    let proven = ring.check_nonce(&proof, &opened.link, 0, PROVEN, &browser, now_ms);
    let is_proven = proven.is_ok_and(|issued| now_ms.saturating_sub(issued) <= PROOF_MS);
    Ok(Visit {
        link: opened.link,
        name,
        token,
        linked,
        client: cut(client),
        browser,
        level: if is_proven { Level::Code } else { Level::Link },
    })
}

/// The answer when the ledger cannot be asked. What is wrong goes to the log, never to the reader.
pub(super) fn unavailable(pages: &Pages, request: &HttpRequest, fault: &GateError) -> HttpResponse {
    tracing::error!(%fault, "a page cannot be served");
    answer::trouble(pages, request, Trouble::Unavailable)
}

/// One line in the log for each answer. The path is not in it: it holds the token.
pub(super) fn note(request: &HttpRequest, link: &str, answer: HttpResponse) -> HttpResponse {
    let (method, status) = (request.method().as_str(), answer.status().as_u16());
    tracing::info!(method, path = "/a/…", link, status, "page");
    answer
}

fn client(pages: &Pages, request: &HttpRequest) -> IpAddr {
    let peer = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |at| at.ip());
    let values = request.headers().get_all(client_address::HEADER);
    let texts: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    pages.proxies.client(peer, Some(&texts.join(",")))
}

/// Sixteen random bytes, hex.
fn fresh() -> Option<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Visit {
    /// The slot's number.
    pub(super) fn number(&self) -> u32 {
        self.linked.link.slot
    }

    /// The slot's address; it exists, [`enter`] has looked.
    pub(super) fn address(&self) -> &str {
        self.linked.slot().map_or("", |slot| &slot.person.address)
    }

    /// What somebody may do here, at this time.
    pub(super) fn standing(&self, now_ms: i64) -> Standing {
        let is_over = now_ms >= self.linked.link.expires_ms;
        match self.linked.slot() {
            Some(slot) if !slot.votes.is_empty() => Standing::Voted,
            Some(slot) if self.linked.row.open && slot.state == SlotState::Open => {
                match (is_over, self.linked.link.revoked) {
                    (true, _) => Standing::Expired,
                    (false, true) => Standing::Closed,
                    (false, false) => Standing::Open,
                }
            }
            _ => Standing::Closed,
        }
    }

    /// Whether the link itself still serves.
    pub(super) fn is_live(&self, now_ms: i64) -> bool {
        let link = &self.linked.link;
        self.linked.row.open && !link.revoked && now_ms < link.expires_ms
    }

    /// The proof that the request needs.
    pub(super) fn needed(&self, pages: &Pages) -> Level {
        required_level(&self.linked.task, &pages.ports().settings.rules)
    }

    /// Whether the content may be shown.
    pub(super) fn may_see(&self, pages: &Pages) -> bool {
        self.level >= self.needed(pages)
    }

    /// What the page needs: the slot's person is spoken to, whoever holds the link.
    pub(super) fn frame<'a>(&self, pages: &'a Pages) -> Frame<'a> {
        let rules = &pages.ports().settings.rules;
        let person = self.linked.slot().map(|slot| &slot.person);
        let policy = Some(&self.linked.task.asked.policy);
        let voice = Voice::of(person, policy, &rules.locale, &rules.timezone);
        answer::frame(pages, voice)
    }

    /// The number of a fresh form of this content.
    pub(super) fn nonce(&self, pages: &Pages, round: u32, digest: &str) -> String {
        let ring = pages.ports().keys();
        let nonce = ring.nonce(&self.link, round, digest, pages.now_ms(), &self.browser);
        // Without a signing key there is a form that is asked again.
        nonce.unwrap_or_default()
    }

    /// The cookie that goes with every form.
    pub(super) fn browser_cookie(&self, pages: &Pages) -> Cookie<'static> {
        let is_https = pages.origin.is_https();
        cookies::make(is_https, &self.name, Kind::Browser, self.browser.clone())
    }

    /// The cookie that says that the code was right.
    pub(super) fn proof_cookie(&self, pages: &Pages) -> Cookie<'static> {
        let proof = self.nonce(pages, 0, PROVEN);
        cookies::make(pages.origin.is_https(), &self.name, Kind::Proof, proof)
    }

    /// Looks again, after something has changed.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(super) async fn again(&mut self, pages: &Pages) -> Result<(), GateError> {
        let key = self.linked.link.key;
        if let Some(linked) = pages.gate.of_link(&self.link, key).await? {
            self.linked = linked;
        }
        Ok(())
    }
}

impl Linked {
    /// The link's slot.
    #[must_use]
    pub fn slot(&self) -> Option<&Slot> {
        self.task.slots.get(self.link.slot as usize)
    }
}
