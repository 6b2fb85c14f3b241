//! What a person clicks, walked over HTTP: the mailbox, a link, a choice, the receipt.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::browser::{Browser, Page};
use crate::cli::output;
use crate::host;
use crate::notifier::web::Web;

/// A page must be so old before a decision on it counts at once; a person takes longer.
const HUMAN: Duration = Duration::from_millis(2_050);

/// A mail as the mailbox shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    /// Its page.
    path: String,
    /// Where it went.
    pub(super) to: String,
    /// Its subject.
    pub(super) subject: String,
}

/// A visit of the mailbox.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    browser: &'a Browser,
    cookies: String,
}

impl<'a> Visit<'a> {
    /// Opens the mailbox with its key.
    pub(super) fn begin(browser: &'a Browser, web: &Web) -> anyhow::Result<Visit<'a>> {
        let path = web.mailbox.as_deref().unwrap_or("/mailbox");
        let entry = browser.get(path, "")?;
        let cookies = entry.cookies();
        ensure!(
            !cookies.is_empty(),
            "the mailbox does not open: {}",
            entry.status
        );
        Ok(Visit { browser, cookies })
    }

    /// Every mail, the oldest first, by the raw view: its headers say where it went.
    pub(super) fn letters(&self) -> anyhow::Result<Vec<Letter>> {
        let list = self.browser.get("/mailbox", &self.cookies)?;
        let id = |rest: &str| rest.split(['"', '/']).next()?.parse::<u64>().ok();
        let mut ids: Vec<u64> = list
            .body
            .split("href=\"/mailbox/")
            .skip(1)
            .filter_map(id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(|id| self.letter(id)).collect()
    }

    fn letter(&self, id: u64) -> anyhow::Result<Letter> {
        let raw = self
            .browser
            .get(&format!("/mailbox/{id}/raw"), &self.cookies)?;
        let header = |name: &str| {
            let line = raw.body.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        let to = header("To:");
        let address = to.rsplit('<').next().unwrap_or(&to);
        Ok(Letter {
            path: format!("/mailbox/{id}"),
            to: address.trim_end_matches('>').to_owned(),
            subject: header("Subject:"),
        })
    }

    fn link(&self, letter: &Letter) -> anyhow::Result<String> {
        let page = self.browser.get(&letter.path, &self.cookies)?;
        page.link().context("the mail has no link")
    }

    /// Decides by a link as a person does, and comes to the receipt.
    fn approve(&self, link: &str) -> anyhow::Result<Page> {
        let opened = self.browser.get(link, "")?;
        let since = Instant::now();
        ensure!(opened.status == 200, "the link answers {}", opened.status);
        let hidden = |name| opened.hidden(name).unwrap_or_default();
        let form = [
            ("nonce", hidden("nonce")),
            ("round", hidden("round")),
            ("digest", hidden("digest")),
            ("decision", "approve"),
            ("comment", ""),
        ];
        if let Some(left) = HUMAN.checked_sub(since.elapsed()) {
            host::pause(left);
        }
        let cookies = opened.cookies();
        let posted = self.browser.post(link, &cookies, &form)?;
        ensure!(
            posted.status == 303,
            "the decision is answered {}",
            posted.status
        );
        let receipt = self.browser.get(link, &cookies)?;
        ensure!(
            receipt.status == 200,
            "the receipt answers {}",
            receipt.status
        );
        Ok(receipt)
    }
}

/// The first two of the three approve.
pub(super) fn vote(visit: &Visit<'_>, requests: &[Letter]) -> anyhow::Result<()> {
    output::print(&format!("GET  /mailbox    {} mails\n", requests.len()))?;
    for letter in requests {
        output::print(&format!(
            "                 {}: {}\n",
            letter.to, letter.subject
        ))?;
    }
    for letter in requests.iter().take(2) {
        let link = visit.link(letter)?;
        output::print(&format!("GET  /a/…        as {}\n", letter.to))?;
        visit.approve(&link)?;
        output::print("POST /a/…        approved, after two seconds of reading\n")?;
    }
    output::print("\n")
}
