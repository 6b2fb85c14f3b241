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

    /// Every mail, the oldest first, as the list shows it.
    pub(super) fn letters(&self) -> anyhow::Result<Vec<Letter>> {
        let list = self.browser.get("/mailbox", &self.cookies)?;
        let mut letters: Vec<(u64, Letter)> =
            list.body.split("<li>").skip(1).filter_map(letter).collect();
        letters.sort_by_key(|(id, _)| *id);
        Ok(letters.into_iter().map(|(_, letter)| letter).collect())
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

/// An item of the mailbox's list, and its number.
fn letter(item: &str) -> Option<(u64, Letter)> {
    let (_, rest) = item.split_once("href=\"/mailbox/")?;
    let id: u64 = rest.split('"').next()?.parse().ok()?;
    let (_, rest) = rest.split_once('>')?;
    let (subject, rest) = rest.split_once("</a>")?;
    let is_address = |word: &&str| word.contains('@');
    let to = rest
        .split(|c: char| c.is_whitespace() || c == '<' || c == '>')
        .find(is_address)?;
    let letter = Letter {
        path: format!("/mailbox/{id}"),
        to: to.to_owned(),
        subject: unescaped(subject),
    };
    Some((id, letter))
}

/// Text that a page shows, without the escapes that templates make.
fn unescaped(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The first two of the three approve. By address, since mails to several come in any order.
pub(super) fn vote(visit: &Visit<'_>, mut requests: Vec<Letter>) -> anyhow::Result<()> {
    requests.sort_by(|one, other| one.to.cmp(&other.to));
    output::print(&format!("GET  /mailbox    {} mails\n", requests.len()))?;
    for letter in &requests {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The list is read as a person reads it.
    #[test]
    fn the_list_is_read() {
        let item = "<a href=\"/mailbox/7\" dir=\"auto\">Costs &lt; 5 &amp; more</a>\n\
                    <p class=\"when\">To: ada@example.org<br>27 November</p></li>";
        let wanted = Letter {
            path: "/mailbox/7".to_owned(),
            to: "ada@example.org".to_owned(),
            subject: "Costs < 5 & more".to_owned(),
        };
        assert_eq!(letter(item), Some((7, wanted)));
        assert_eq!(letter("<p>nothing</p>"), None);
    }
}
