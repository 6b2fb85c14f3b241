//! Values of `when`, with govaluate's rules: numbers are floats, bare words are strings, a string
//! that reads as a date is a number of seconds.

use std::fmt;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
    /// A truth.
    Bool(bool),
    /// A list in parentheses, for `in`.
    List(Vec<Value>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) => write!(f, "{number}"),
            Value::Text(text) => f.write_str(text),
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::List(list) => {
                let parts: Vec<String> = list.iter().map(Value::to_string).collect();
                write!(f, "[{}]", parts.join(" "))
            }
        }
    }
}

/// Seconds since the epoch, if the text is a date as govaluate reads them: `2006-01-02`, with a
/// time `15:04`, `15:04:05` after a space or `T`, and a zone.
pub(crate) fn date(text: &str) -> Option<f64> {
    let (day, time) = match text.split_once([' ', 'T']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let mut parts = day.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let mut seconds = days_from_civil(year, month, day) * 86_400;
    if let Some(time) = time {
        let time = time.strip_suffix('Z').unwrap_or(time);
        let mut parts = time.split(':');
        seconds += digits(parts.next()?, 2)? * 3_600 + digits(parts.next()?, 2)? * 60;
        if let Some(second) = parts.next() {
            seconds += digits(second, 2)?;
        }
    }
    Some(seconds as f64)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates() {
        for (text, seconds) in [
            ("1970-01-01", Some(0.0)),
            ("2024-02-29", Some(1_709_164_800.0)),
            ("1970-01-02 00:01", Some(86_460.0)),
            ("1970-01-01T00:00:05Z", Some(5.0)),
            ("1970-13-01", None),
            ("70-01-01", None),
            ("hello", None),
        ] {
            assert_eq!(date(text), seconds, "{text}");
        }
    }
}
