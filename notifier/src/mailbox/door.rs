//! Who may see the development mailbox: whoever read the key on the terminal, on this machine.
//!
//! The mails hold links that decide. So the key is random and new with each process; it leaves the
//! address bar at once; and a request that came through a proxy, from another machine, or for a
//! name that is not this machine's (a page elsewhere whose name was rebound to us) is refused.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// The cookie's name.
const COOKIE: &str = "usher-mailbox";

/// The key and the cookie that stands for it.
pub(super) struct Door {
    key: String,
    cookie: String,
}

impl Door {
    /// A door with a new key.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(super) fn new() -> Result<Door, String> {
        let mut bytes = [0_u8; 20];
        getrandom::fill(&mut bytes).map_err(|error| format!("no random bytes: {error}"))?;
        let key = HEXLOWER.encode(&bytes);
        // The cookie goes to every port of this machine: it must not be the key.
        let cookie = HEXLOWER.encode(&digest("cookie", &key));
        Ok(Door { key, cookie })
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whether the request comes from this machine, and is for it.
    pub(super) fn is_local(request: &HttpRequest) -> bool {
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        let text = |name: header::HeaderName| request.headers().get(name)?.to_str().ok();
        let host = text(header::HOST).unwrap_or_default();
        let forwarded = ["x-forwarded-for", "forwarded"];
        let by_proxy = forwarded
            .iter()
            .any(|name| request.headers().contains_key(*name));
        peer.is_some_and(|ip| ip.is_loopback()) && is_this_machine(host) && !by_proxy
    }

    /// Whether this is the key. Takes as long for a wrong one.
    pub(super) fn opens(&self, key: &str) -> bool {
        digest("key", key) == digest("key", &self.key)
    }

    /// Whether the request carries the cookie.
    pub(super) fn is_open(&self, request: &HttpRequest) -> bool {
        let cookie = request.cookie(COOKIE);
        cookie
            .is_some_and(|cookie| digest("value", cookie.value()) == digest("value", &self.cookie))
    }

    pub(super) fn cookie(&self) -> Cookie<'static> {
        Cookie::build(COOKIE, self.cookie.clone())
            .path("/mailbox")
            .http_only(true)
            .same_site(SameSite::Lax)
            .finish()
    }
}

/// Hashes of two texts are compared instead of the texts, so that the time tells nothing.
fn digest(what: &str, text: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"usher mailbox\0");
    hash.update(what.as_bytes());
    hash.update(b"\0");
    hash.update(text.as_bytes());
    hash.finalize().into()
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address = name.parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that somebody can point at this machine is not this machine's.
    #[test]
    fn hosts_of_this_machine() {
        let ours = [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "127.1.2.3",
            "[::1]:80",
            "[::1]",
        ];
        for host in ours {
            assert!(is_this_machine(host), "{host}");
        }
        let others = [
            "",
            "example.org",
            "localhost.example.org",
            "127.0.0.1.example.org:80",
            "10.0.0.1",
            "[::2]:80",
            "0.0.0.0:80",
        ];
        for host in others {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    /// Keys differ, and the cookie does not tell the key.
    #[test]
    fn each_process_has_its_own_key() {
        let (one, two) = (Door::new().expect("random"), Door::new().expect("random"));
        assert_ne!(one.key, two.key);
        assert_eq!(one.key.len(), 40);
        assert_ne!(one.key, one.cookie);
        assert!(one.opens(&one.key.clone()) && !one.opens(&two.key) && !one.opens(""));
    }
}
