//! Text and bodies as every database takes them: without U+0000.
//!
//! PostgreSQL refuses it in text and its escape in JSON, SQLite takes both (E8). So every adapter
//! replaces it on entry by U+FFFD, in look-ups too, and both hold the same.

use std::borrow::Cow;

/// The text with U+0000 replaced by U+FFFD.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// [`clean`] for a text that may be missing.
pub(crate) fn clean_some(text: Option<&String>) -> Option<Cow<'_, str>> {
    text.map(|text| clean(text))
}

/// A body with the JSON escape of U+0000 replaced by that of U+FFFD, which is as long. A backslash
/// that is itself escaped begins no escape: `\\u0000` stays.
pub(crate) fn clean_body(body: &[u8]) -> Cow<'_, [u8]> {
    let mut cleaned = Cow::Borrowed(body);
    let mut at = 0;
    while let Some(step) = body.get(at..).and_then(|rest| find(rest, b'\\')) {
        let escape = at + step;
        if body.get(escape + 1..escape + 6) == Some(b"u0000")
            && let Some(digits) = cleaned.to_mut().get_mut(escape + 2..escape + 6)
        {
            digits.copy_from_slice(b"fffd");
        }
        at = escape + 2;
    }
    cleaned
}

fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    bytes.iter().position(|byte| *byte == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only an escape that is one is replaced; nothing is copied where nothing is replaced.
    #[test]
    fn bodies() {
        let cases = [
            (r#"{"a":"b"}"#, r#"{"a":"b"}"#),
            (r#"{"a":"\u0000"}"#, r#"{"a":"\ufffd"}"#),
            (r#"{"a":"\u0000\u0000x"}"#, r#"{"a":"\ufffd\ufffdx"}"#),
            (r#"{"a":"\\u0000"}"#, r#"{"a":"\\u0000"}"#),
            (r#"{"a":"\\\u0000"}"#, r#"{"a":"\\\ufffd"}"#),
            (r#"{"a":"\u00001"}"#, r#"{"a":"\ufffd1"}"#),
            (r#"{"a":"\u0001"}"#, r#"{"a":"\u0001"}"#),
            (r"\u000", r"\u000"),
            (r"\", r"\"),
            ("", ""),
        ];
        for (body, clean) in cases {
            let found = clean_body(body.as_bytes());
            assert_eq!(found, clean.as_bytes(), "{body}");
            assert_eq!(matches!(found, Cow::Borrowed(_)), body == clean, "{body}");
        }
    }

    /// A NUL in a text is replaced, a text without one is not copied.
    #[test]
    fn texts() {
        assert_eq!(clean("a\0b\0"), "a\u{fffd}b\u{fffd}");
        assert!(matches!(clean("ab"), Cow::Borrowed("ab")));
    }
}
