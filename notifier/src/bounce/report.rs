//! A delivery report (RFC 3464) as values. Only its fields count, never its prose.

use mail_parser::{HeaderName, Message, MessageParser, MimeHeaders as _};

/// Where a report says to whom it was sent: the envelope's address stands in one of them.
const ADDRESSED: [&str; 4] = ["To", "Delivered-To", "X-Original-To", "Envelope-To"];

/// Of what a report says so much is kept, characters.
const WHAT_MAX: usize = 400;

/// At most so many recipients are read.
const GROUPS_MAX: usize = 50;

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    addresses: Vec<String>,
    groups: Vec<Group>,
}

/// What it says of one recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Group {
    action: String,
    status: String,
    recipients: Vec<String>,
    diagnostic: String,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The address takes no mail.
    Hard,
    /// Not now: a full mailbox, a server that did not answer for days.
    Soft,
    /// It failed for a reason that says nothing of the address.
    Unclear,
    /// It did not fail.
    Nothing,
}

impl Report {
    /// Reads a report; none when it is none.
    pub(super) fn parse(raw: &[u8]) -> Option<Report> {
        let message = MessageParser::new().parse(raw)?;
        let kind = message.content_type()?;
        let of_status = kind
            .attribute("report-type")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("delivery-status"));
        let is_report = kind.ctype().eq_ignore_ascii_case("multipart")
            && kind.subtype()?.eq_ignore_ascii_case("report")
            && of_status;
        if !is_report {
            return None;
        }
        let fields = fields(&message)?;
        let groups: Vec<Group> = groups(&fields).collect();
        (!groups.is_empty()).then(|| Report {
            addresses: addresses(&message),
            groups,
        })
    }

    /// Addresses that the report may have been sent to.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.addresses.iter().map(String::as_str)
    }

    /// What it means for this recipient, and what it says of it.
    pub(super) fn about(&self, recipient: &str) -> (Meaning, String) {
        let is_it = |group: &&Group| {
            let same = |one: &String| one.eq_ignore_ascii_case(recipient);
            group.recipients.iter().any(same)
        };
        // Each mail has one recipient: a report that names another was forwarded there.
        let group = self.groups.iter().find(is_it).or(self.groups.first());
        group.map_or((Meaning::Nothing, String::new()), |group| {
            (group.meaning(), group.what())
        })
    }
}

impl Group {
    fn meaning(&self) -> Meaning {
        if self.action != "failed" {
            return Meaning::Nothing;
        }
        let mut numbers = self.status.split('.').map(|part| part.parse::<u16>().ok());
        let mut next = || numbers.next().flatten();
        match (next(), next(), next()) {
            (Some(4), _, _) | (Some(5), Some(2), Some(2)) => Meaning::Soft,
            (Some(5), Some(1), Some(7 | 8)) => Meaning::Unclear,
            (Some(5), Some(1), _)
            | (Some(5), Some(2), Some(0 | 1))
            | (Some(5), Some(4), Some(1 | 4)) => Meaning::Hard,
            _ => Meaning::Unclear,
        }
    }

    fn what(&self) -> String {
        let text = format!("{} {} {}", self.action, self.status, self.diagnostic);
        let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        clean.take(WHAT_MAX).collect::<String>().trim().to_owned()
    }
}

/// The part of the report's fields.
fn fields(message: &Message<'_>) -> Option<String> {
    let is_status = |kind: &mail_parser::ContentType<'_>| {
        let sub = kind.subtype().unwrap_or_default();
        let known = ["delivery-status", "global-delivery-status"];
        kind.ctype().eq_ignore_ascii_case("message")
            && known.iter().any(|one| sub.eq_ignore_ascii_case(one))
    };
    let mut parts = message.parts.iter();
    let part = parts.find(|part| part.content_type().is_some_and(is_status))?;
    Some(String::from_utf8_lossy(part.contents()).into_owned())
}

/// Groups of fields after the first, which is about the report as a whole.
fn groups(fields: &str) -> impl Iterator<Item = Group> {
    let mut groups = vec![Vec::<String>::new()];
    for line in fields.lines() {
        let line = line.trim_end();
        let last = groups.len() - 1;
        if line.is_empty() {
            if !groups[last].is_empty() {
                groups.push(Vec::new());
            }
        } else if line.starts_with([' ', '\t'])
            && let Some(folded) = groups[last].last_mut()
        {
            folded.push(' ');
            folded.push_str(line.trim());
        } else {
            groups[last].push(line.to_owned());
        }
    }
    let recipients = groups.into_iter().skip(1).filter(|lines| !lines.is_empty());
    recipients.take(GROUPS_MAX).map(|lines| {
        let mut group = Group::default();
        for line in &lines {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            // `rfc822; ada@example.org`: what kind of value it is, then the value.
            let typed = value
                .split_once(';')
                .map_or(value, |(_, value)| value.trim());
            match name.trim().to_ascii_lowercase().as_str() {
                "action" => group.action = value.to_ascii_lowercase(),
                "status" => group.status = first_word(value),
                "final-recipient" | "original-recipient" => {
                    group.recipients.push(typed.to_owned());
                }
                "diagnostic-code" => group.diagnostic = typed.to_owned(),
                _ => {}
            }
        }
        group
    })
}

fn first_word(value: &str) -> String {
    value
        .split([' ', '('])
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn addresses(message: &Message<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for name in ADDRESSED {
        let name = HeaderName::parse(name).unwrap_or(HeaderName::To);
        for value in message.header_values(name) {
            if let Some(list) = value.as_address() {
                let addresses = list.iter().filter_map(|one| one.address());
                found.extend(addresses.map(str::to_owned));
            } else if let Some(text) = value.as_text() {
                let bare = text.trim().trim_matches(['<', '>']);
                found.push(bare.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
