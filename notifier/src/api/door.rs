//! Who is let in: the account at the other end of a loopback connection, and nobody through a
//! browser that has a foreign page open.
//!
//! A page of another site can make a browser send requests to loopback, and by a name that it turns
//! to 127.0.0.1 it can even read the answers. So the `Host` must be loopback's or ours, the origin
//! too, and a call has a content type that no form can send.

use std::net::IpAddr;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use super::{Api, answer};
use crate::caller::Connection;
use crate::desk::Caller;

/// Headers of proxies. The account at the other end would be the proxy's and not the caller's.
const FORWARDED: [&str; 4] = ["x-forwarded-for", "forwarded", "via", "x-real-ip"];

/// Why somebody is not let in: status, word, text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotIn(u16, &'static str, &'static str);

impl NotIn {
    /// The answer.
    pub(super) fn answer(self) -> HttpResponse {
        answer::told(self.0, self.1, self.2)
    }
}

/// The caller of a request.
///
/// # Errors
/// Why nobody is let in.
pub(super) fn enter(api: &Api, request: &HttpRequest) -> Result<Caller, NotIn> {
    let text = |name: &str| {
        let value = request.headers().get(name)?;
        Some(value.to_str().unwrap_or("?").to_ascii_lowercase())
    };
    let host = text("host").unwrap_or_default();
    if !is_ours(api, &host) {
        let why = "the Host of the request is neither loopback nor the configured base URL's";
        return Err(NotIn(403, "bad-host", why));
    }
    let site = text("sec-fetch-site");
    let is_foreign_site = site.is_some_and(|site| site != "same-origin" && site != "none");
    let is_foreign_origin = text(header::ORIGIN.as_str()).is_some_and(|origin| {
        let host = origin.split_once("://").map_or("", |(_, host)| host);
        !is_ours(api, host)
    });
    if is_foreign_site || is_foreign_origin {
        let why = "the request comes from another site's page";
        return Err(NotIn(403, "bad-origin", why));
    }
    let unknown = |why| Err(NotIn(401, "unauthenticated", why));
    if FORWARDED
        .iter()
        .any(|name| request.headers().contains_key(*name))
    {
        return unknown("the request came through a proxy; call the loopback address directly");
    }
    let Some(peer) = request.peer_addr() else {
        return unknown("nobody knows where the request comes from");
    };
    let local = request.app_config().local_addr();
    match api.caller.account(Connection { peer, local }) {
        Some(account) => Ok(Caller {
            operator: api.operators.contains(&account),
            account,
            via: "api",
        }),
        None => unknown("nobody knows whose connection this is; call from this machine"),
    }
}

/// Whether a host (with or without a port) is loopback, or that of the base URL.
fn is_ours(api: &Api, host: &str) -> bool {
    if host == api.origin.host() {
        return true;
    }
    let bare = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
