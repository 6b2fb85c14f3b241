//! Mail addresses as far as a file and a run must know them: one or several, and nothing else.
//!
//! A value may end in a header of a mail, so what could begin another header, another recipient or
//! a comment is refused here already. Who sends reads each address again, by the full rules.

/// The longest address, bytes.
const BYTES_MAX: usize = 254;

/// The most addresses of one list.
const ADDRESSES_MAX: usize = 100;

/// The addresses of a text with commas between.
///
/// # Errors
/// A sentence that names the first piece that is no address.
pub fn list(text: &str) -> Result<Vec<String>, String> {
    let mut all: Vec<String> = Vec::new();
    for piece in text.split(',') {
        let address = piece.trim_matches([' ', '\t']);
        one(address)?;
        if !all.iter().any(|known| known == address) {
            all.push(address.to_owned());
        }
    }
    if all.len() > ADDRESSES_MAX {
        return Err(format!(
            "{} addresses are too many, at most {ADDRESSES_MAX}",
            all.len()
        ));
    }
    Ok(all)
}

fn one(address: &str) -> Result<(), String> {
    let no = |why: &str| {
        let cut: String = address.chars().take(64).collect();
        Err(format!("{cut:?} is no mail address: {why}"))
    };
    if address.is_empty() {
        return no("it is empty");
    }
    if address.len() > BYTES_MAX {
        return no("it is longer than 254 bytes");
    }
    let Some((local, domain)) = address.split_once('@') else {
        return no("it has no @; write name@example.org");
    };
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if local.is_empty() || local.len() > 64 || !local.chars().all(is_atom) {
        return no("before the @ stand 1 to 64 letters, digits and signs such as . - _ +");
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return no("dots before the @ stand between other characters");
    }
    let is_label = |label: &str| {
        let fits = |c: char| c.is_alphanumeric() || c == '-';
        !label.is_empty()
            && label.chars().all(fits)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if !domain.split('.').all(is_label) {
        return no("after the @ stands a domain such as example.org");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One address or several with commas; doubles are one.
    #[test]
    fn lists() {
        let read = |text: &str| list(text).expect("addresses");
        assert_eq!(read("a@example.org"), ["a@example.org"]);
        assert_eq!(
            read("a@example.org, b+c@example.org,a@example.org"),
            ["a@example.org", "b+c@example.org"]
        );
        assert_eq!(read("x@bücher.example"), ["x@bücher.example"]);
    }

    /// Nothing that could become a header, a second recipient, a name or a comment is an address.
    #[test]
    fn what_is_none() {
        for text in [
            "",
            "a",
            "a@",
            "@example.org",
            "a@b@c.org",
            "a@example.org\r\nBcc: x@evil.example",
            "a@example.org\nBcc",
            "a b@example.org",
            "Boss <a@example.org>",
            "\"a\"@example.org",
            "a@example.org (boss)",
            "a@example.org;b@example.org",
            ".a@example.org",
            "a..b@example.org",
            "a@-example.org",
            "a@example..org",
            "a@example.org,",
            "a@example.org\u{0}",
            "a@exa\u{202e}mple.org",
        ] {
            list(text).expect_err(text);
        }
        list(&format!("{}@example.org", "a".repeat(65))).expect_err("too long");
    }
}
