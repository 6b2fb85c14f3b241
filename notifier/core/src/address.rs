//! Mail addresses: one strict reading, so that a value can never become a second recipient or a
//! header (S19).
//!
//! Accepted is what mail really uses: a dot-atom, one `@`, a domain of letters, digits and hyphens
//! (or one that IDNA turns into that). Refused are names, comments, groups, lists, quoted local
//! parts, address literals and every control character.

use std::fmt;

/// At most this many octets (RFC 5321, path without its brackets).
const OCTETS_MAX: usize = 254;

/// At most this many octets before the `@`.
const LOCAL_MAX: usize = 64;

/// One mail address. The domain is in lower case and ASCII; the local part is as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    local: String,
    domain: String,
}

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// Nothing is there.
    #[error("an address is missing")]
    Empty,
    /// A line break, NUL or another control character.
    #[error("an address has no line breaks or control characters")]
    Control,
    /// More than 254 octets, or more than 64 before the `@`.
    #[error("an address has at most 254 octets, 64 of them before the @")]
    Long,
    /// Not exactly one `@` with something on both sides.
    #[error("an address is one name, one @ and one domain, like anna@example.org")]
    Parts,
    /// The local part has signs that are not taken.
    #[error("the part before the @ has letters, digits and .!#$%&'*+-/=?^_`{{|}}~ only")]
    Local,
    /// The domain is none.
    #[error("the part after the @ is no domain")]
    Domain,
}

impl Address {
    /// Reads one address. Blanks around it are taken off.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Address, BadAddress> {
        if text.chars().any(char::is_control) {
            return Err(BadAddress::Control);
        }
        let text = text.trim_matches(' ');
        if text.is_empty() {
            return Err(BadAddress::Empty);
        }
        let (local, domain) = text.split_once('@').ok_or(BadAddress::Parts)?;
        if local.is_empty() || domain.is_empty() || domain.contains('@') {
            return Err(BadAddress::Parts);
        }
        if !is_dot_atom(local) {
            return Err(BadAddress::Local);
        }
        let domain = host(domain).ok_or(BadAddress::Domain)?;
        if local.len() > LOCAL_MAX || local.len() + 1 + domain.len() > OCTETS_MAX {
            return Err(BadAddress::Long);
        }
        let local = local.to_owned();
        Ok(Address { local, domain })
    }

    /// The part before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The part after the `@`: lower case, ASCII.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// What a stranger may see of it: `b…@example.org`.
    #[must_use]
    pub fn masked(&self) -> String {
        let first: String = self.local.chars().take(1).collect();
        format!("{first}…@{}", self.domain)
    }

    /// What it is compared by: the whole in lower case.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}@{}", self.local.to_ascii_lowercase(), self.domain)
    }

    /// What it is compared by where nobody may be two persons: without a `+tag` too.
    #[must_use]
    pub fn separation_key(&self) -> String {
        let key = self.key();
        match (key.split_once('+'), key.rsplit_once('@')) {
            (Some((name, _)), Some((_, domain))) if !name.is_empty() => format!("{name}@{domain}"),
            _ => key,
        }
    }

    /// Whether its domain is one of these, or lies under one of them; an empty list has all.
    #[must_use]
    pub fn is_within(&self, domains: &[String]) -> bool {
        let is_in = |domain: &String| {
            let domain = domain.trim_start_matches('.').to_ascii_lowercase();
            self.domain == domain || self.domain.ends_with(&format!(".{domain}"))
        };
        domains.is_empty() || domains.iter().any(is_in)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// What a stranger may see of a text that should be an address; `…` when it is none.
#[must_use]
pub fn masked(text: &str) -> String {
    Address::parse(text).map_or_else(|_| "…".to_owned(), |address| address.masked())
}

fn is_dot_atom(local: &str) -> bool {
    let is_atom = |atom: &str| {
        let is_sign =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
        !atom.is_empty() && atom.bytes().all(is_sign)
    };
    local.split('.').all(is_atom)
}

/// The domain in lower case and ASCII; none when it is not one.
fn host(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let is_label = |label: &str| {
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(is_sign)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_number = ascii
        .rsplit('.')
        .next()?
        .bytes()
        .all(|byte| byte.is_ascii_digit());
    (ascii.split('.').all(is_label) && !is_number).then_some(ascii)
}

#[cfg(test)]
mod tests;
