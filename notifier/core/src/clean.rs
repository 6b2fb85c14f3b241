//! What strangers wrote, made fit for one line or for a page: no breaks that would be a header,
//! no signs that turn the reading direction or cannot be seen (S20, S22).
//!
//! Titles, subjects and names lose such signs. In comments and descriptions they are shown as
//! markers: there, what somebody wrote is evidence.

use unicode_normalization::UnicodeNormalization as _;

/// At most this many characters of a title.
pub const TITLE_MAX: usize = 200;

/// At most this many characters of a mail's subject.
pub const SUBJECT_MAX: usize = 120;

/// At most this many characters of a person's name.
pub const NAME_MAX: usize = 80;

/// One line of at most `max` characters: NFC, breaks and blanks become one blank, what is not seen
/// goes. A cut line ends with `…`.
#[must_use]
pub fn line(text: &str, max: usize) -> String {
    // Bounded before anything that costs: a combining sign may shrink, never grow, what is left.
    let mut line = String::new();
    let mut has_gap = false;
    for sign in text.chars().filter(|sign| !is_unseen(*sign)).nfc() {
        if sign.is_whitespace() || sign.is_control() {
            has_gap = !line.is_empty();
            continue;
        }
        if has_gap {
            line.push(' ');
            has_gap = false;
        }
        line.push(sign);
        if line.len() > max.saturating_mul(4).saturating_add(4) {
            break;
        }
    }
    cut(&line, max)
}

/// A title: one line of at most 200 characters.
#[must_use]
pub fn title(text: &str) -> String {
    line(text, TITLE_MAX)
}

/// A mail's subject: one line of at most 120 characters.
#[must_use]
pub fn subject(text: &str) -> String {
    line(text, SUBJECT_MAX)
}

/// The name that an address is shown with. None when there is nothing to show, or when the name
/// looks like an address itself: then only the real address is shown.
#[must_use]
pub fn name(text: &str) -> Option<String> {
    let name = line(text, NAME_MAX);
    let is_trick = name.contains(['@', '＠', '<', '>', '"']);
    (!name.is_empty() && !is_trick).then_some(name)
}

/// Several lines with everything to be seen: NFC, breaks as `\n`, and what would turn or hide text
/// as a marker such as `[U+202E]`.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    let mut signs = text.nfc().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\r' => {
                if signs.peek() == Some(&'\n') {
                    signs.next();
                }
                seen.push('\n');
            }
            '\n' | '\t' => seen.push(sign),
            '\u{2028}' | '\u{2029}' => seen.push('\n'),
            _ if is_unseen(sign) || sign.is_control() => {
                seen.push_str(&format!("[U+{:04X}]", u32::from(sign)));
            }
            _ => seen.push(sign),
        }
    }
    seen
}

/// Whether a text may stand in a header as it is: no control character.
#[must_use]
pub fn is_header_safe(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// The body of a mail that a workflow wrote: breaks as `\n`, other control characters as markers.
/// They are not a reason to refuse it: a notice of a failure has to arrive, whatever the failed
/// command has printed.
#[must_use]
pub fn body(text: &str) -> String {
    let mut body = String::with_capacity(text.len());
    for sign in text.replace("\r\n", "\n").chars() {
        match sign {
            '\r' => body.push('\n'),
            '\n' | '\t' => body.push(sign),
            _ if sign.is_control() => body.push_str(&format!("[U+{:04X}]", u32::from(sign))),
            _ => body.push(sign),
        }
    }
    body
}

fn cut(line: &str, max: usize) -> String {
    if line.chars().count() <= max {
        return line.to_owned();
    }
    let kept: String = line.chars().take(max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Signs that turn the direction of reading, or take no room: bidi controls, zero-width signs,
/// soft hyphen, invisible operators, tags, the byte order mark.
fn is_unseen(sign: char) -> bool {
    matches!(
        sign,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests;
