//! As much of a browser as a played demonstration needs: pages, forms, cookies, one connection a
//! request, to a loopback address only.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, ensure};

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A page may be this long, bytes.
const PAGE_MAX: u64 = 32 << 20;

/// How many characters the secret of a link has.
const TOKEN: usize = 55;

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Page {
    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The value of a hidden field of its form.
    #[must_use]
    pub fn hidden(&self, name: &str) -> Option<&str> {
        let mark = format!("name=\"{name}\"");
        let is_field = |tag: &&str| tag.starts_with("input") && tag.contains(&mark);
        let field = self.body.split('<').find(is_field)?;
        field.split("value=\"").nth(1)?.split('"').next()
    }

    /// The cookies that it sets, as a browser sends them back.
    #[must_use]
    pub fn cookies(&self) -> String {
        let pairs = self
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
            .filter_map(|(_, value)| value.split(';').next());
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// The path of the first approver page that it links to.
    #[must_use]
    pub fn link(&self) -> Option<String> {
        self.body.match_indices("/a/").find_map(|(at, _)| {
            let rest = self.body.get(at + 3..)?;
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
            let token = rest.get(..end.unwrap_or(rest.len()))?;
            (token.len() == TOKEN).then(|| format!("/a/{token}"))
        })
    }
}

/// A browser on one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    at: SocketAddr,
}

impl Browser {
    /// A browser on the site of a loopback address.
    ///
    /// # Errors
    /// When it is no such address.
    pub fn new(host: &str) -> anyhow::Result<Browser> {
        let at: SocketAddr = host.parse().with_context(|| format!("reach {host}"))?;
        ensure!(at.ip().is_loopback(), "{host} is not on this machine");
        Ok(Browser { at })
    }

    /// Where it is, `127.0.0.1:N`.
    #[must_use]
    pub fn host(&self) -> String {
        self.at.to_string()
    }

    /// Asks for a page.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn get(&self, path: &str, cookies: &str) -> anyhow::Result<Page> {
        self.ask("GET", path, &[("Cookie", cookies)], "")
    }

    /// Posts a form from a page of the site.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn post(&self, path: &str, cookies: &str, form: &[(&str, &str)]) -> anyhow::Result<Page> {
        let field = |(name, value): &(&str, &str)| format!("{}={}", encoded(name), encoded(value));
        let body: Vec<String> = form.iter().map(field).collect();
        let origin = format!("http://{}", self.at);
        let headers = [
            ("Cookie", cookies),
            ("Origin", origin.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        self.ask("POST", path, &headers, &body.join("&"))
    }

    /// One request with these headers; empty ones are left out.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn ask(
        &self,
        verb: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> anyhow::Result<Page> {
        let what = || format!("{verb} a page of {}", self.at);
        let mut stream = TcpStream::connect_timeout(&self.at, PATIENCE).with_context(what)?;
        stream.set_read_timeout(Some(PATIENCE)).with_context(what)?;
        let mut request = format!(
            "{verb} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.at,
            body.len()
        );
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(body);
        stream.write_all(request.as_bytes()).with_context(what)?;
        let mut bytes = Vec::new();
        let read = stream.take(PAGE_MAX).read_to_end(&mut bytes);
        read.with_context(what)?;
        Ok(page(&bytes))
    }
}

fn encoded(text: &str) -> String {
    let byte = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => (*byte as char).to_string(),
        other => format!("%{other:02X}"),
    };
    text.as_bytes().iter().map(byte).collect()
}

fn page(bytes: &[u8]) -> Page {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = match end {
        Some(end) => (&bytes[..end], &bytes[end + 4..]),
        None => (bytes, &bytes[..0]),
    };
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .unwrap_or(0);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = match chunked {
        true => unchunked(body),
        false => body.to_vec(),
    };
    Page {
        status,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&body[..end])
            .ok()
            .and_then(|text| usize::from_str_radix(text.trim(), 16).ok())
            .unwrap_or(0);
        let Some(chunk) = body.get(end + 2..end + 2 + size).filter(|c| !c.is_empty()) else {
            break;
        };
        whole.extend_from_slice(chunk);
        body = body.get(end + 4 + size..).unwrap_or_default();
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer is taken apart; a chunked body is put together.
    #[test]
    fn an_answer_is_read() {
        let plain = b"HTTP/1.1 303 See Other\r\nLocation: /x\r\nSet-Cookie: a=b; Path=/\r\n\r\nhi";
        let read = page(plain);
        assert_eq!((read.status, &*read.body), (303, "hi"));
        assert_eq!(read.header("location"), Some("/x"));
        assert_eq!(read.cookies(), "a=b");
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                        3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(page(chunked).body, "abcde");
        assert_eq!(page(b"nonsense").status, 0);
    }

    /// Hidden fields and links are found; what is no link is not.
    #[test]
    fn forms_and_links_are_found() {
        let token = "k".repeat(TOKEN);
        let body = format!(
            "<a href=\"/a/style.css\">x</a><a href=\"http://h/a/{token}\">y</a>\
             <input type=\"hidden\" name=\"nonce\" value=\"n1\">"
        );
        let page = Page {
            status: 200,
            headers: Vec::new(),
            body,
        };
        assert_eq!(page.link(), Some(format!("/a/{token}")));
        assert_eq!(page.hidden("nonce"), Some("n1"));
        assert_eq!(page.hidden("other"), None);
    }

    /// Nothing but this machine is reached.
    #[test]
    fn only_loopback_is_reached() {
        assert!(Browser::new("192.0.2.1:80").is_err());
        assert!(Browser::new("example.org:80").is_err());
        assert!(Browser::new("127.0.0.1:80").is_ok());
    }
}
