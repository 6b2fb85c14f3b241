//! What a mail server's refusal means, by the stage at which it came (approvals §4.3).
//!
//! The digits of RFC 3463 decide where a server gives them, the digits of RFC 5321 otherwise, and
//! its words only for one thing: that it does not relay for us.

use std::fmt;

use crate::courier::Delivery;

/// Where in the dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA` and what follows.
    Content,
}

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// Its three digits.
    pub(super) code: u16,
    /// Its words.
    pub(super) text: String,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

impl Said {
    /// The refusal in an error of the library; none when the server said nothing.
    pub(super) fn of(error: &lettre::transport::smtp::Error) -> Option<Said> {
        let code = u16::from(error.status()?);
        let text = std::error::Error::source(error).map(ToString::to_string);
        Some(Said {
            code,
            text: text.unwrap_or_default(),
        })
    }

    /// Subject and detail of an enhanced status code (RFC 3463) that agrees with the reply.
    fn enhanced(&self) -> Option<(u16, u16)> {
        let word = self.text.split_whitespace().next()?;
        let mut numbers = word.split('.').map(|part| part.parse::<u16>().ok());
        let (class, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
        (numbers.next().is_none() && class == self.code / 100).then_some((subject, detail))
    }

    /// Whether it is the words of a server that does not relay for us.
    pub(super) fn denies_relay(&self) -> bool {
        let words = self.text.to_ascii_lowercase();
        let policy = self.enhanced().is_some_and(|(subject, _)| subject == 7);
        policy || words.contains("relay") || words.contains("authenticat")
    }

    /// Whether the server ends the connection with it.
    pub(super) fn hangs_up(&self) -> bool {
        self.code == 421
    }
}

/// What becomes of the mail.
pub(super) fn meaning(stage: Stage, said: &Said) -> Delivery {
    let text = said.to_string();
    match said.code {
        421 => Delivery::NoServer(text),
        400..=499 => Delivery::Later(text),
        _ if blames_recipient(stage, said) => Delivery::Refused(text),
        _ => Delivery::Ours(text),
    }
}

fn blames_recipient(stage: Stage, said: &Said) -> bool {
    match (stage, said.enhanced()) {
        (Stage::Sender, _) => false,
        // 5.1.7 and 5.1.8 are about the sender's address.
        (_, Some((1, detail))) => detail != 7 && detail != 8,
        (_, Some((2, _))) => true,
        (Stage::Recipient, Some((4, _))) => true,
        (_, Some(_)) | (Stage::Content, None) => false,
        (Stage::Recipient, None) => matches!(said.code, 550..=554 | 556) && !said.denies_relay(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(stage: Stage, reply: &str) -> &'static str {
        let (code, text) = reply.split_once(' ').expect("a code and words");
        let said = Said {
            code: code.parse().expect("three digits"),
            text: text.to_owned(),
        };
        match meaning(stage, &said) {
            Delivery::Taken(_) => "taken",
            Delivery::Uncertain(_) => "uncertain",
            Delivery::Later(_) => "later",
            Delivery::Refused(_) => "refused",
            Delivery::Ours(_) => "ours",
            Delivery::NoServer(_) => "no server",
        }
    }

    /// Replies of well-known servers, and what the outbox makes of each.
    #[test]
    fn replies_of_servers() {
        use Stage::{Content, Recipient, Sender};
        let table = [
            (Sender, "451 4.3.0 try later", "later"),
            (Sender, "421 4.7.0 too many connections", "no server"),
            (Sender, "550 5.1.8 sender domain not found", "ours"),
            (Sender, "553 5.7.1 not owned by user", "ours"),
            (Sender, "530 5.7.0 authentication required", "ours"),
            (Recipient, "450 4.2.0 greylisted", "later"),
            (Recipient, "452 4.2.2 mailbox full", "later"),
            (Recipient, "550 5.1.1 user unknown", "refused"),
            (Recipient, "550 no such user here", "refused"),
            (Recipient, "550 5.2.1 mailbox disabled", "refused"),
            (Recipient, "552 5.2.2 over quota", "refused"),
            (Recipient, "550 5.4.1 recipient address rejected", "refused"),
            (Recipient, "550 5.1.7 bad sender address", "ours"),
            (Recipient, "554 5.7.1 relay access denied", "ours"),
            (Recipient, "550 relaying denied", "ours"),
            (Recipient, "550 authentication required", "ours"),
            (Recipient, "530 must issue STARTTLS first", "ours"),
            (Recipient, "501 5.5.4 syntax", "ours"),
            (Recipient, "503 bad sequence", "ours"),
            (Recipient, "550 4.1.1 digits that do not agree", "refused"),
            (Content, "451 4.3.2 try later", "later"),
            (Content, "550 5.1.1 unknown, found out late", "refused"),
            (Content, "554 5.2.2 over quota", "refused"),
            (Content, "554 5.7.1 looks like spam", "ours"),
            (Content, "552 5.3.4 too big", "ours"),
            (Content, "550 rejected", "ours"),
        ];
        for (stage, reply, wanted) in table {
            assert_eq!(word(stage, reply), wanted, "{stage:?} {reply}");
        }
    }
}
