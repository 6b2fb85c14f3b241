//! A letter: what a mail says, once, before it becomes a text part and an HTML part. Both are made
//! from it, so neither can say more than the other.

use askama::Template;

use crate::markdown::{self, Html};
use crate::texts::Voice;
use crate::texts::shape::MailTexts;

/// Above this many bytes the HTML part is left out: mail programs would cut it.
pub(super) const HTML_MAX: usize = 100_000;

/// What a mail says.
#[derive(Debug, Default)]
pub(super) struct Letter {
    pub(super) subject: String,
    /// Sentences before the title.
    pub(super) lead: Vec<String>,
    pub(super) title: String,
    /// A mailed code.
    pub(super) code: Option<String>,
    /// Labels and values.
    pub(super) rows: Vec<(String, String)>,
    /// Sentences behind them.
    pub(super) notes: Vec<String>,
    /// Markdown.
    pub(super) description: Option<String>,
    /// The address of the one button.
    pub(super) link: Option<String>,
    /// Sentences at the end.
    pub(super) tail: Vec<String>,
}

/// The colours of a mail.
pub(super) struct Look {
    pub(super) paper: &'static str,
    pub(super) ink: &'static str,
    pub(super) soft: &'static str,
    pub(super) accent: &'static str,
    pub(super) on_accent: &'static str,
}

pub(super) static LIGHT: Look = Look {
    paper: "#ffffff",
    ink: "#1b1b1f",
    soft: "#4a4a55",
    accent: "#1d4fa8",
    on_accent: "#ffffff",
};

pub(super) static DARK: Look = Look {
    paper: "#16161a",
    ink: "#f0f0f4",
    soft: "#b9b9c4",
    accent: "#a8c5ff",
    on_accent: "#10214a",
};

#[derive(Template)]
#[template(path = "mail.html")]
struct MailHtml<'a> {
    lang: &'static str,
    subject: &'a str,
    light: &'static Look,
    dark: &'static Look,
    letter: &'a Letter,
    description: Option<Html>,
    texts: &'static MailTexts,
}

impl Letter {
    /// The text part.
    pub(super) fn text(&self, voice: Voice) -> String {
        let texts = voice.texts();
        let mut blocks = self.lead.clone();
        blocks.push(self.title.clone());
        blocks.extend(self.code.clone());
        let colon = texts.both.colon;
        let rows = self.rows.iter();
        let rows: Vec<String> = rows
            .map(|(label, value)| format!("{label}{colon}{}", hanging(value)))
            .collect();
        if !rows.is_empty() {
            blocks.push(rows.join("\n"));
        }
        blocks.extend(self.notes.iter().cloned());
        let description = self.description.as_deref().map(markdown::to_text);
        blocks.extend(description.filter(|text| !text.is_empty()));
        if let Some(link) = &self.link {
            blocks.push(format!("{}{}\n{link}", texts.mail.button, colon.trim_end()));
        }
        blocks.extend(self.tail.iter().cloned());
        let mut text = blocks.join("\n\n");
        text.push('\n');
        text
    }

    /// The HTML part; none when it would be too long.
    pub(super) fn html(&self, voice: Voice) -> Option<String> {
        let description = self.description.as_deref();
        let template = MailHtml {
            lang: voice.lang.tag(),
            subject: &self.subject,
            light: &LIGHT,
            dark: &DARK,
            letter: self,
            description: description.map(|text| markdown::to_html(text, markdown::For::Mail)),
            texts: &voice.texts().mail,
        };
        let html = template.render().ok()?;
        (html.len() <= HTML_MAX).then_some(html)
    }
}

/// A value of several lines hangs under its label, so that no line of it plays another label.
fn hanging(value: &str) -> String {
    value.replace('\n', "\n    ")
}
