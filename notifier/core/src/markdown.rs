//! Markdown of descriptions, by an allow-list of its events: paragraphs, emphasis, lists, code,
//! tables, links to `https` and `mailto` (§4.1, S16).
//!
//! Raw HTML is shown as the text that it is, an image as its description, a heading as a strong
//! paragraph: a page has one heading of its own. A link to anywhere else is only its text. Where
//! the text of a link does not show the host that it leads to, the host is written behind it.
//!
//! This is the only place where HTML is made by hand: [`Html`] cannot be made elsewhere.

use std::fmt;

use pulldown_cmark::{Event, LinkType, Options, Parser};

use crate::clean;

mod plain;
mod rich;

#[cfg(test)]
mod tests;

/// HTML that this module made: fit to be put into a page as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(String);

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

/// Where HTML will stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// A page with a style sheet and a policy that forbids styles on elements.
    Page,
    /// A mail, where only styles on elements are sure.
    Mail,
}

/// As HTML.
#[must_use]
pub fn to_html(text: &str, place: For) -> Html {
    let text = clean::visible(text);
    Html(rich::write(parse(&text), place))
}

/// As plain text: what the text part of a mail shows.
#[must_use]
pub fn to_text(text: &str) -> String {
    let text = clean::visible(text);
    plain::write(parse(&text))
}

fn parse(text: &str) -> impl Iterator<Item = Event<'_>> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// Where a link leads, if it may lead there.
fn allowed(kind: LinkType, target: &str) -> Option<String> {
    let target = match kind {
        LinkType::Email => format!("mailto:{target}"),
        _ => target.to_owned(),
    };
    let is = |scheme: &str| {
        let head = target.get(..scheme.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    };
    let is_clean = !target
        .chars()
        .any(|sign| sign.is_whitespace() || sign.is_control());
    (is_clean && (is("https://") || is("mailto:"))).then_some(target)
}

/// The host of an `https` address, or the address of a `mailto`: what a reader must see of it.
fn destination(target: &str) -> &str {
    let rest = target.split_once(':').map_or(target, |(_, rest)| rest);
    let rest = rest.trim_start_matches('/');
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    match target
        .get(..7)
        .is_some_and(|head| head.eq_ignore_ascii_case("mailto:"))
    {
        true => &rest[..end],
        false => rest[..end].rsplit('@').next().unwrap_or_default(),
    }
}
