//! A browser without scripts: HTTP/1.1 over a socket, cookies, and where it comes from.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::form::{Form, forms};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names are lower-case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// A header; panics without it.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.find(name)
            .unwrap_or_else(|| panic!("no header {name}: {self:?}"))
    }

    /// A header, if it is there.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The forms of the page.
    pub(crate) fn forms(&self) -> Vec<Form> {
        forms(&self.body)
    }

    /// The form that is posted to an address with this end.
    pub(crate) fn form(&self, end: &str) -> Form {
        let fits = |form: &Form| form.action.ends_with(end);
        let found = self.forms().into_iter().find(fits);
        found.unwrap_or_else(|| panic!("no form to …{end}: {}", self.body))
    }
}

/// One person's browser.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    server: SocketAddr,
    /// The address that the proxy says it comes from; empty: there is no proxy.
    pub(crate) from: String,
    pub(crate) cookies: BTreeMap<String, String>,
    origin: String,
}

impl Browser {
    pub(crate) fn new(server: SocketAddr, base_url: &str, from: &str) -> Browser {
        Browser {
            server,
            from: from.to_owned(),
            cookies: BTreeMap::new(),
            origin: base_url.to_owned(),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    /// Posts a form as a browser does.
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Answer {
        let origin = self.origin.clone();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send("POST", path, &headers, body.as_bytes()).await
    }

    /// Posts a form that was found on a page.
    pub(crate) async fn submit(&mut self, form: &Form) -> Answer {
        self.post(&form.action, &form.body()).await
    }

    /// Posts JSON to the API.
    pub(crate) async fn call(&mut self, path: &str, key: &str, body: &str) -> Answer {
        let mut headers = vec![("content-type", "application/json")];
        if !key.is_empty() {
            headers.push(("idempotency-key", key));
        }
        self.send("POST", path, &headers, body.as_bytes()).await
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            head.push_str(&format!("host: {}\r\n", self.server));
        }
        if !self.from.is_empty() {
            head.push_str(&format!("x-forwarded-for: {}\r\n", self.from));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.cookies.is_empty() {
            let pair = |(name, value): (&String, &String)| format!("{name}={value}");
            let all: Vec<String> = self.cookies.iter().map(pair).collect();
            head.push_str(&format!("cookie: {}\r\n", all.join("; ")));
        }
        if method == "POST" {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let answer = exchange(self.server, head.as_bytes(), body).await;
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for (name, value) in &answer.headers {
            if name == "set-cookie" {
                let (cookie, _) = value.split_once(';').unwrap();
                let (name, value) = cookie.split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Sends bytes as they are and reads the answer.
pub(crate) async fn exchange(server: SocketAddr, head: &[u8], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(head).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("cut: {text:?}"));
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_ascii_lowercase(), value.to_owned())
    };
    Answer {
        status,
        headers: lines.map(header).collect(),
        body: body.to_owned(),
    }
}
