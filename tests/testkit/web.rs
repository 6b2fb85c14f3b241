//! The pages of a running engine, as a person's browser sees them: mailbox, links, forms.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mail_parser::MessageParser;
use usher::cli::demo::browser::{Browser, Page};

use crate::{Place, until};

/// How old a page must be before a decision on it counts at once.
const HUMAN: Duration = Duration::from_millis(2_050);

/// A mail of the development mailbox.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its number.
    pub id: u64,
    /// Where it went.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The raw bytes.
    pub raw: String,
    /// The path of the approver page that it links to, if it does.
    pub link: Option<String>,
}

/// The web side of an engine.
#[derive(Debug, Clone)]
pub struct Web {
    /// Asks for pages.
    pub browser: Browser,
    key: String,
}

impl Web {
    /// Waits until the engine of a place has its pages, and finds them as its owner does.
    #[must_use]
    pub fn of(place: &Place) -> Web {
        until("the mailbox to have an address", || {
            let said = place.usher(["mailbox"]);
            let url = said
                .out
                .split_whitespace()
                .find(|w| w.starts_with("http"))?;
            let (host, path) = url.strip_prefix("http://")?.split_once('/')?;
            let browser = Browser::new(host).ok()?;
            browser.get("/mailbox", "").ok()?;
            let key = path.split_once("key=")?.1.to_owned();
            Some(Web { browser, key })
        })
    }

    /// A page.
    #[must_use]
    pub fn get(&self, path: &str, cookies: &str) -> Page {
        self.browser.get(path, cookies).expect("a page")
    }

    /// Every mail of the mailbox, the oldest first.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        let cookies = self
            .get(&format!("/mailbox?key={}", self.key), "")
            .cookies();
        let list = self.get("/mailbox", &cookies);
        let mut ids: Vec<u64> = list
            .body
            .split("href=\"/mailbox/")
            .skip(1)
            .filter_map(|rest| rest.split(['"', '/']).next()?.parse().ok())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter()
            .map(|id| Letter::read(id, &self.get(&format!("/mailbox/{id}/raw"), &cookies).body))
            .collect()
    }

    /// Waits for a mail to this address that has a link.
    #[must_use]
    pub fn request_to(&self, address: &str) -> Letter {
        until(&format!("a request to {address}"), || {
            let wanted = |letter: &Letter| letter.to == address && letter.link.is_some();
            self.letters().into_iter().rev().find(wanted)
        })
    }

    /// Decides as a person does: opens the link, looks at it for two seconds, chooses, submits.
    /// Answers with what comes in the end, after the redirect.
    pub fn decide(&self, link: &str, approves: bool, more: &[(&str, &str)]) -> Page {
        let opened = self.get(link, "");
        let since = Instant::now();
        assert_eq!(opened.status, 200, "{}", opened.body);
        let cookies = opened.cookies();
        let hidden: BTreeMap<&str, &str> = ["nonce", "round", "digest"]
            .into_iter()
            .filter_map(|name| Some((name, opened.hidden(name)?)))
            .collect();
        let mut form: Vec<(&str, &str)> = hidden.into_iter().collect();
        form.push(("decision", if approves { "approve" } else { "reject" }));
        form.extend_from_slice(more);
        // The rule is about a person's time, which nothing tells but the clock.
        while let Some(left) = HUMAN.checked_sub(since.elapsed()) {
            std::thread::park_timeout(left);
        }
        let posted = self.browser.post(link, &cookies, &form).expect("a page");
        match posted.header("location") {
            Some(place) => {
                let host = self.browser.host();
                let path = place.split(host.as_str()).last().unwrap_or(place);
                self.get(path, &cookies)
            }
            None => posted,
        }
    }
}

impl Letter {
    /// Reads the raw bytes of a mail with this number.
    ///
    /// Panics if they are no mail.
    #[must_use]
    pub fn read(id: u64, raw: &str) -> Letter {
        let parsed = MessageParser::default().parse(raw.as_bytes());
        let parsed = parsed.unwrap_or_else(|| panic!("no mail: {raw}"));
        let to = parsed.to().and_then(|to| to.first());
        let text = parsed.body_text(0).unwrap_or_default().into_owned();
        let shown = Page {
            status: 200,
            headers: Vec::new(),
            body: text.clone(),
        };
        Letter {
            id,
            to: to
                .and_then(|to| to.address.as_deref())
                .unwrap_or_default()
                .to_owned(),
            subject: parsed.subject().unwrap_or_default().to_owned(),
            text,
            raw: raw.to_owned(),
            link: shown.link(),
        }
    }
}
