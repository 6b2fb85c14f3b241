//! Hostile titles, subjects, names and comments.

use super::*;

/// Goal: whatever a title holds, the subject is one short line without tricks.
#[test]
fn s80_a_hostile_title_becomes_one_short_line() {
    let hostile = format!(
        "Invoice\r\nBcc: x@evil.example\0 \u{202e}gpj.exe\u{200b}\u{feff} {}",
        "x".repeat(5_000)
    );
    let subject = subject(&hostile);
    assert!(is_header_safe(&subject));
    assert_eq!(subject.chars().count(), 120);
    assert!(
        subject.starts_with("Invoice Bcc: x@evil.example gpj.exe xxx"),
        "{subject}"
    );
    assert!(subject.ends_with("x…"));
    assert_eq!(title(&hostile).chars().count(), 200);
    assert_eq!(line("a\u{2028}b\u{85}c\td", 20), "a b c d");
    assert_eq!(line("   ", 20), "");
    assert_eq!(line("abc", 3), "abc");
    assert_eq!(line("abcd", 3), "ab…");
}

/// Goal: one spelling for what looks alike: `e` and an accent are one character.
#[test]
fn composed_and_taken_apart_are_the_same() {
    assert_eq!(line("e\u{301}", 20), "\u{e9}");
    assert_eq!(visible("e\u{301}"), "\u{e9}");
    // An unseen sign between the two does not hide them from each other.
    assert_eq!(line("e\u{200b}\u{301}", 20), "\u{e9}");
}

/// Goal: a name that plays an address is not shown at all.
#[test]
fn s82_a_name_that_plays_an_address_is_not_shown() {
    assert_eq!(name("Anna Lind"), Some("Anna Lind".to_owned()));
    assert_eq!(name("Anna\r\nLind"), Some("Anna Lind".to_owned()));
    assert_eq!(name("\"boss@example.org\" <evil@evil.example>"), None);
    assert_eq!(name("boss＠example.org"), None);
    assert_eq!(name("\u{202e}"), None);
}

/// Goal: in a comment nothing is hidden and nothing turned.
#[test]
fn unseen_signs_are_shown_in_comments() {
    assert_eq!(
        visible("a\u{202e}b\r\nc\rd\te\0\u{200b}"),
        "a[U+202E]b\nc\nd\te[U+0000][U+200B]"
    );
}

/// Goal: a body keeps its breaks and shows every other control sign.
#[test]
fn a_body_has_no_control_signs() {
    assert_eq!(
        body("a\r\nb\tc\rd\n.\n\u{1b}[2J\0"),
        "a\nb\tc\nd\n.\n[U+001B][2J[U+0000]"
    );
    assert_eq!(body("\u{200f}\u{5d0}"), "\u{200f}\u{5d0}");
    assert!(!is_header_safe("a\nb"));
    assert!(is_header_safe("a b"));
}
