//! Whether a form comes from a page of ours: `Origin` and `Sec-Fetch-Site` (S10).
//!
//! Our origin is that of the configured base URL, never of the `Host` header.

use actix_web::HttpRequest;
use actix_web::http::header;

/// Scheme, host and port of the base URL, as a browser writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The origin of a base URL.
    ///
    /// # Errors
    /// When it is no http or https URL.
    pub fn of(base_url: &str) -> Result<Origin, String> {
        let wrong = || format!("base_url: {base_url:?} is no address like https://ask.example.org");
        let (scheme, rest) = base_url.split_once("://").ok_or_else(wrong)?;
        let scheme = scheme.to_ascii_lowercase();
        let usual = match scheme.as_str() {
            "https" => ":443",
            "http" => ":80",
            _ => return Err(wrong()),
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host
            .strip_suffix(usual)
            .unwrap_or(host)
            .to_ascii_lowercase();
        if host.is_empty() || host.contains(['@', ' ', '\\']) {
            return Err(wrong());
        }
        Ok(Origin(format!("{scheme}://{host}")))
    }

    /// Whether browsers reach it by TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Its host, with the port if it is not the usual one.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, host)| host)
    }

    /// Whether a request may come from a page of ours. What sends neither header is no browser of
    /// today; then the form's number alone decides.
    #[must_use]
    pub fn sent(&self, request: &HttpRequest) -> bool {
        let text = |name: header::HeaderName| {
            let value = request.headers().get(name)?;
            Some(value.to_str().unwrap_or("null").to_ascii_lowercase())
        };
        let site = text(header::HeaderName::from_static("sec-fetch-site"));
        let same_site = site.is_none_or(|site| site == "same-origin" || site == "none");
        let ours = text(header::ORIGIN).is_none_or(|origin| origin == self.0);
        same_site && ours
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn sent(headers: &[(&'static str, &'static str)]) -> bool {
        let origin = Origin::of("https://Ask.example.org:443/x").unwrap();
        let mut request = TestRequest::post();
        for header in headers {
            request = request.insert_header(*header);
        }
        origin.sent(&request.to_http_request())
    }

    /// Only our own pages, as browsers tell it.
    #[test]
    fn foreign_forms_are_known() {
        assert!(sent(&[
            ("origin", "https://ask.example.org"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(sent(&[("sec-fetch-site", "none")]));
        assert!(sent(&[]));
        assert!(!sent(&[("origin", "https://evil.example")]));
        assert!(!sent(&[("origin", "null")]));
        assert!(!sent(&[("origin", "http://ask.example.org")]));
        assert!(!sent(&[
            ("origin", "https://ask.example.org"),
            ("sec-fetch-site", "cross-site")
        ]));
        assert!(!sent(&[("sec-fetch-site", "same-site")]));
    }

    /// A base URL that is none is told at the start.
    #[test]
    fn base_urls_are_read() {
        assert_eq!(
            Origin::of("http://127.0.0.1:8080").unwrap().host(),
            "127.0.0.1:8080"
        );
        assert!(!Origin::of("http://a").unwrap().is_https());
        for wrong in ["ask.example.org", "ftp://a", "https://", "https://u@h"] {
            let told = Origin::of(wrong).unwrap_err();
            let full = format!("base_url: {wrong:?} is no address like https://ask.example.org");
            assert_eq!(told, full);
        }
    }
}
