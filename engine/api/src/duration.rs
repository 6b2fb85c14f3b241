//! Durations as Argo reads them, and also `d` and `w`, as people write them.
//!
//! A bare number is seconds, except where Argo wants a unit (template `timeout`, argo.md §8).

use std::fmt::Write as _;

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It cannot be read.
    #[error("`{text}` is no duration; write for example 30s, 5m, 1h30m, 2d or 1w")]
    Form {
        /// The text.
        text: String,
    },
    /// A unit is missing.
    #[error("`{text}` has no unit; write {text}s for seconds, {text}m for minutes")]
    Unit {
        /// The text.
        text: String,
    },
    /// It is longer than the engine counts.
    #[error("`{text}` is too long: at most {max_days} days")]
    TooLong {
        /// The text.
        text: String,
        /// The bound, days.
        max_days: i64,
    },
}

/// The longest duration: a hundred years.
const MAX_DAYS: i64 = 36_525;

const UNITS: [(&str, f64); 9] = [
    ("ns", 1e-6),
    ("us", 1e-3),
    ("µs", 1e-3),
    ("ms", 1.0),
    ("s", 1_000.0),
    ("m", 60_000.0),
    ("h", 3_600_000.0),
    ("d", 86_400_000.0),
    ("w", 604_800_000.0),
];

/// Milliseconds of a duration; a bare number is seconds.
///
/// # Errors
/// [`DurationError`] that names the text and the way out.
pub fn parse_duration_ms(text: &str) -> Result<i64, DurationError> {
    match text.parse::<i64>() {
        Ok(seconds) => bounded(text, seconds as f64 * 1_000.0),
        Err(_) => units_ms(text),
    }
}

/// Milliseconds of a duration that must have a unit.
///
/// # Errors
/// [`DurationError`] that names the text and the way out.
pub fn parse_go_duration_ms(text: &str) -> Result<i64, DurationError> {
    if text != "0" && text.parse::<f64>().is_ok() {
        return Err(DurationError::Unit {
            text: text.to_owned(),
        });
    }
    units_ms(text)
}

fn bounded(text: &str, ms: f64) -> Result<i64, DurationError> {
    if ms.abs() > (MAX_DAYS * 86_400_000) as f64 {
        return Err(DurationError::TooLong {
            text: text.to_owned(),
            max_days: MAX_DAYS,
        });
    }
    Ok(ms.round() as i64)
}

fn units_ms(text: &str) -> Result<i64, DurationError> {
    let form = || DurationError::Form {
        text: text.to_owned(),
    };
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() || rest.len() > 64 {
        return Err(form());
    }
    let mut ms = 0.0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(form)?;
        let number: f64 = rest[..digits].parse().map_err(|_| form())?;
        rest = &rest[digits..];
        let unit = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let (_, factor) = UNITS
            .iter()
            .find(|(word, _)| *word == &rest[..unit])
            .ok_or_else(form)?;
        ms += number * factor;
        rest = &rest[unit..];
    }
    bounded(text, sign * ms)
}

/// A duration for people: `350ms`, `4s`, `2m5s`, `1h2m`, `3d4h`; the two largest units.
#[must_use]
pub fn format_duration(ms: i64) -> String {
    if ms < 1_000 {
        return format!("{}ms", ms.max(0));
    }
    let mut left_s = ms / 1_000;
    let mut out = String::new();
    let mut units = 0;
    for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        let count = left_s / seconds;
        left_s %= seconds;
        if count > 0 {
            let _ = write!(out, "{count}{unit}");
        }
        if !out.is_empty() {
            units += 1;
        }
        if units == 2 {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads() {
        for (text, ms) in [
            ("20", Some(20_000)),
            ("0", Some(0)),
            ("20s", Some(20_000)),
            ("1h30m", Some(5_400_000)),
            ("1.5s", Some(1_500)),
            ("300ms", Some(300)),
            ("2d", Some(172_800_000)),
            ("1w", Some(604_800_000)),
            ("1w1d", Some(691_200_000)),
            ("-5s", Some(-5_000)),
            ("", None),
            ("s", None),
            ("5x", None),
            ("soon", None),
            ("1h ", None),
            ("99999999999999999999", None),
            ("9999999w", None),
            ("1.2.3s", None),
        ] {
            assert_eq!(parse_duration_ms(text).ok(), ms, "{text}");
        }
        assert!(matches!(
            parse_go_duration_ms("20"),
            Err(DurationError::Unit { .. })
        ));
        assert_eq!(parse_go_duration_ms("20s"), Ok(20_000));
        assert_eq!(parse_go_duration_ms("0"), Ok(0));
    }

    #[test]
    fn shows() {
        for (ms, text) in [
            (0, "0ms"),
            (350, "350ms"),
            (4_000, "4s"),
            (125_000, "2m5s"),
            (3_600_000, "1h"),
            (3_725_000, "1h2m"),
            (90_000_000, "1d1h"),
        ] {
            assert_eq!(format_duration(ms), text);
        }
    }
}
