//! Plain scalars that are no text: numbers, booleans and null, as Kubernetes' tools read them.

/// Words that are true or false when they stand without quotes.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(false)
        }
        _ => None,
    }
}

/// Whether a text without quotes is null.
pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Whether a text without quotes is an infinity or no number at all.
pub(super) fn is_not_finite(text: &str) -> bool {
    let word = text.trim_start_matches(['-', '+']);
    matches!(word, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
}

/// A number as written: whole, or with a fraction or an exponent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// A whole number.
    Whole(i128),
    /// Any other.
    Fraction(f64),
}

/// The number that a plain text is, if it is one.
pub(super) fn number(text: &str) -> Option<Number> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let digits: String = digits.chars().filter(|c| *c != '_').collect();
    let radix = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, radix)| Some((digits.strip_prefix(prefix)?, radix)));
    let (rest, radix) = match radix {
        Some(found) => found,
        None if is_legacy_octal(&digits) => (&digits[1..], 8),
        None => (digits.as_str(), 10),
    };
    if rest.starts_with(|c: char| c.is_ascii_hexdigit())
        && let Ok(whole) = i128::from_str_radix(rest, radix)
    {
        return Some(Number::Whole(sign * whole));
    }
    let is_decimal = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    if radix != 10 || !rest.chars().all(is_decimal) {
        return None;
    }
    let fraction: f64 = rest.parse().ok()?;
    Some(Number::Fraction(fraction * sign as f64))
}

/// `0755`: octal in YAML 1.1, as Kubernetes' tools read it.
fn is_legacy_octal(digits: &str) -> bool {
    digits.len() > 1
        && digits.starts_with('0')
        && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The spellings of `reference` tools: whole numbers in all radixes, fractions, and no others.
    #[test]
    fn reads_numbers() {
        for (text, expected) in [
            ("0", Some(Number::Whole(0))),
            ("-17", Some(Number::Whole(-17))),
            ("+1", Some(Number::Whole(1))),
            ("1_000", Some(Number::Whole(1_000))),
            ("0x1F", Some(Number::Whole(31))),
            ("0o755", Some(Number::Whole(493))),
            ("0755", Some(Number::Whole(493))),
            ("0b101", Some(Number::Whole(5))),
            ("1.10", Some(Number::Fraction(1.1))),
            ("1e3", Some(Number::Fraction(1_000.0))),
            (".5", Some(Number::Fraction(0.5))),
            ("08", Some(Number::Whole(8))),
            ("", None),
            ("-", None),
            ("1.2.3", None),
            ("12:30:45", None),
            ("2001-01-01", None),
            (".inf", None),
            ("0x", None),
            ("--1", None),
            ("word", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
