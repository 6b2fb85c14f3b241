//! What must stand in no log and on no terminal: the tokens of all links that a ledger knows, the
//! keys that they are made with, the key of the development mailbox.

use std::collections::HashSet;

use serde_json::Value;
use usher_notifier::keys::Keys;

use crate::{Place, Rows};

/// So much of a secret is as good as the secret: nothing else has these letters in this order.
const PART: usize = 24;

/// How the one line begins that shows the mailbox's key: to whoever starts an engine, on purpose.
const MAILBOX: &str = "usher: no mail server is set up: mail is in the development mailbox, http";

/// The secrets of a place.
#[derive(Debug, Default)]
pub struct Secrets {
    parts: HashSet<String>,
    count: usize,
}

impl Secrets {
    /// All that the place knows by now.
    ///
    /// Panics if it has no ledger or no keys.
    pub fn of(place: &Place) -> Secrets {
        let mut secrets = Secrets::default();
        let path = place.state().join("keys.json");
        let keys = Keys::load(&path).expect("keys").expect("a keys file");
        let ring = keys.ring();
        let rows = Rows::of(place);
        let links = rows.all("SELECT id, key FROM links", [], |row| {
            Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, u8>(1)?))
        });
        for (link, key) in links {
            secrets.add(&ring.seal(key, &link).expect("a key of the ring"));
        }
        let file = std::fs::read_to_string(&path).expect("the keys file");
        secrets.add_texts(
            &serde_json::from_str(&file).expect("JSON"),
            keys.deployment(),
        );
        let web = std::fs::read_to_string(place.state().join("web.json")).expect("its address");
        if let Some((_, key)) = web.split_once("key=") {
            secrets.add(key.split('"').next().unwrap_or_default());
        }
        secrets
    }

    /// One more.
    pub fn add(&mut self, secret: &str) {
        let secret = secret.to_lowercase();
        assert!(secret.len() >= PART, "too short to be looked for");
        self.count += 1;
        let ends = secret.len() - PART;
        for from in [0, ends / 2, ends] {
            self.parts.insert(secret[from..from + PART].to_owned());
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Panics if a secret, or a part of one that is as good, stands in what was said. It is not
    /// shown; the line's beginning is, up to it.
    pub fn assert_untold(&self, what: &str, said: &str) {
        for (number, line) in said.lines().enumerate() {
            if line.starts_with(MAILBOX) {
                continue;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(at) = self.find(&lower) {
                let before = line.get(..at).unwrap_or_default();
                panic!("{what}: line {}: a secret follows: {before}", number + 1);
            }
        }
    }

    fn find(&self, line: &str) -> Option<usize> {
        let mut begin = 0;
        let sign = |c: char| c.is_ascii_alphanumeric() || "+/=_-".contains(c);
        for word in line.split(|c| !sign(c)) {
            let last = word.len().checked_sub(PART);
            let found = last.and_then(|last| {
                (0..=last).find(|at| {
                    word.get(*at..at + PART)
                        .is_some_and(|part| self.parts.contains(part))
                })
            });
            if let Some(at) = found {
                return Some(begin + at);
            }
            begin += word.len() + 1;
        }
        None
    }

    fn add_texts(&mut self, value: &Value, but: &str) {
        match value {
            Value::String(text) if text.len() >= 32 && text != but => self.add(text),
            Value::Array(all) => all.iter().for_each(|one| self.add_texts(one, but)),
            Value::Object(all) => all.values().for_each(|one| self.add_texts(one, but)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "04g6k0v2q8h4jz1m5nxtd3y7c9ra2b6e0f8s4wp1";

    /// A part is found wherever it stands, in whatever case; what is shorter is nobody's.
    #[test]
    fn parts_of_secrets_are_found() {
        let mut secrets = Secrets::default();
        secrets.add(SECRET);
        for said in [
            format!("at /a/{SECRET}?change"),
            format!("token=\"{}\"", &SECRET[..PART]),
            format!("…{}", &SECRET[SECRET.len() - PART..]),
        ] {
            assert!(secrets.find(&said).is_some(), "{said}");
        }
        assert_eq!(secrets.find(&SECRET[..PART - 1]), None);
        assert_eq!(
            secrets.find("a link 5f0c77aa, and nothing of its token"),
            None
        );
    }
}
