//! Cookies of a link: one that binds forms to a browser, one that says that a code was right.
//!
//! Each link has its own, so that a browser with two links open mixes nothing up. With TLS their
//! names begin with `__Host-`: no other host and no plain connection can plant them. `Lax` and not
//! `Strict`: a second click in the mail must find them.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time::Duration};

/// A form is good for as long as its number.
const BROWSER_SECONDS: i64 = 12 * 60 * 60;

/// A mailbox counts as proven for this long.
pub(super) const PROOF_MS: i64 = 15 * 60 * 1_000;

/// Which of a link's cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Random bytes that forms are bound to.
    Browser,
    /// A number made with a key: the code was right then.
    Proof,
}

/// The value that a request brings.
pub(super) fn read(
    request: &HttpRequest,
    is_https: bool,
    link: &str,
    kind: Kind,
) -> Option<String> {
    let cookie = request.cookie(&name(is_https, link, kind))?;
    let value = cookie.value();
    let known = value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (known && value.len() <= 64).then(|| value.to_owned())
}

/// A cookie to be kept.
pub(super) fn make(is_https: bool, link: &str, kind: Kind, value: String) -> Cookie<'static> {
    let seconds = match kind {
        Kind::Browser => BROWSER_SECONDS,
        Kind::Proof => PROOF_MS / 1_000,
    };
    Cookie::build(name(is_https, link, kind), value)
        .path("/")
        .secure(is_https)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(seconds))
        .finish()
}

fn name(is_https: bool, link: &str, kind: Kind) -> String {
    let prefix = if is_https { "__Host-" } else { "" };
    let end = match kind {
        Kind::Browser => "",
        Kind::Proof => "-proof",
    };
    format!("{prefix}usher-{link}{end}")
}
