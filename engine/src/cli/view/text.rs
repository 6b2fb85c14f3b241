//! Text that is safe to show and fits: what a step wrote must not drive the terminal.
//!
//! Widths are counted in columns and never too low: a sign that some terminals draw in two
//! columns counts as two.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

use super::style::{Style, Tint};

/// Makes an emoji of the sign before it, which may then take one more column.
const EMOJI_FOLLOWS: char = '\u{fe0f}';

/// Replaces what moves the cursor, changes colours or turns the direction of writing by an escape
/// that can be read: `\n`, `\x1b`, `\u{202e}`.
pub(crate) fn safe(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for sign in text.chars() {
        match sign {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if !is_unsafe(sign) => out.push(sign),
            _ if sign.is_ascii() => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\x{:02x}", u32::from(sign));
            }
            _ => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(sign));
            }
        }
    }
    Cow::Owned(out)
}

/// A JSON text with the same signs as JSON writes them; line ends between its parts stay. JSON has
/// no such sign outside of its strings.
pub(crate) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for sign in json.chars() {
        if sign == '\n' || !is_unsafe(sign) {
            out.push(sign);
            continue;
        }
        for unit in sign.encode_utf16(&mut [0; 2]) {
            // Writing to a string does not fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// Does a terminal act upon this sign, or hide with it what it shows?
pub(crate) fn is_unsafe(sign: char) -> bool {
    sign.is_control()
        || matches!(sign,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Columns that a sign takes at most.
pub(crate) fn sign_width(sign: char) -> usize {
    if sign == EMOJI_FOLLOWS {
        1
    } else {
        sign.width().unwrap_or(0)
    }
}

/// Columns that a text takes at most.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(sign_width).sum()
}

/// The sign that says that something was left out.
pub(crate) fn ellipsis(style: &Style) -> &'static str {
    if style.unicode { "…" } else { "..." }
}

/// As much of the front of a text as `room` columns hold.
pub(crate) fn front(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, sign) in text.char_indices() {
        used += sign_width(sign);
        if used > room {
            return &text[..at];
        }
    }
    text
}

/// As much of the back of a text as `room` columns hold.
pub(crate) fn back(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, sign) in text.char_indices().rev() {
        used += sign_width(sign);
        if used > room {
            return &text[at + sign.len_utf8()..];
        }
    }
    text
}

/// A text in at most `room` columns, its middle left out: the hash at a pod name's end tells more
/// than what stands before it.
pub(crate) fn without_middle<'a>(text: &'a str, room: usize, style: &Style) -> Cow<'a, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    let dots = front(ellipsis(style), room);
    let rest = room - width(dots);
    let head = front(text, rest / 2);
    let tail = back(&text[head.len()..], rest - width(head));
    Cow::Owned(format!("{head}{dots}{tail}"))
}

/// Breaks a text into lines of at most `room` columns, between words where that is possible.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<&str> {
    let room = room.max(2);
    let mut lines = Vec::new();
    let mut rest = text;
    while width(rest) > room {
        let fits = front(rest, room);
        let ends_word = rest[fits.len()..].starts_with(' ');
        let cut = match fits.rfind(' ').filter(|at| *at > 0 && !ends_word) {
            Some(at) => at,
            // No sign takes more than two columns, so at least one is cut off.
            None => fits.len(),
        };
        lines.push(rest[..cut].trim_end());
        rest = rest[cut..].trim_start_matches(' ');
    }
    lines.push(rest);
    lines
}

/// A text as whole lines that fit, each behind `indent` blanks and in one colour.
pub(crate) fn paragraph(text: &str, indent: usize, tint: Tint, style: &Style) -> String {
    let room = style
        .width
        .map_or(usize::MAX, |width| width.saturating_sub(indent));
    let line = |part: &str| format!("{}{}\n", " ".repeat(indent), style.paint(tint, part));
    wrap(text, room).into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNICODE: Style = Style {
        color: false,
        unicode: true,
        width: None,
        utc: true,
    };

    /// Nothing that a terminal acts upon passes; what can be read stays as it is.
    #[test]
    fn unsafe_signs_become_escapes() {
        for (given, shown) in [
            ("plain Größe 漢字 👍🏽", "plain Größe 漢字 👍🏽"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
            ("\0\x7f\u{9b}31m", "\\x00\\x7f\\u{9b}31m"),
            ("abc\u{202e}txt.exe\u{2066}", "abc\\u{202e}txt.exe\\u{2066}"),
        ] {
            assert_eq!(safe(given), shown);
        }
    }

    /// Wide signs count as two columns, combining ones as none, an emoji never too low.
    #[test]
    fn widths() {
        for (text, columns) in [("abc", 3), ("漢字", 4), ("e\u{301}", 1), ("⚠\u{fe0f}", 2)] {
            assert_eq!(width(text), columns, "{text}");
        }
    }

    /// Cutting never splits a sign and never exceeds the room.
    #[test]
    fn cutting_fits() {
        assert_eq!(front("漢字x", 3), "漢");
        assert_eq!(back("x漢字", 3), "字");
        for (room, shown) in [(9, "steps-…06"), (10, "steps-…706"), (1, "…"), (0, "")] {
            let cut = without_middle("steps-z2zdn-27420706", room, &UNICODE);
            assert!(width(&cut) <= room, "{cut}");
            if room < 2 {
                assert_eq!(cut, shown);
            }
        }
        assert_eq!(
            without_middle("steps-z2zdn-27420706", 9, &UNICODE),
            "step…0706"
        );
    }

    /// Lines break between words, and inside a word that is too long.
    #[test]
    fn wrapping() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("漢字漢字", 1), ["漢", "字", "漢", "字"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
