//! Times and durations as people read them, in the words that Argo uses.

use chrono::{DateTime, Local, SecondsFormat, Utc};

use super::style::Style;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Units for how long ago something was, largest first; a month counts as 30 days.
const UNITS: [(i64, &str); 7] = [
    (360 * DAY, "year"),
    (30 * DAY, "month"),
    (7 * DAY, "week"),
    (DAY, "day"),
    (HOUR, "hour"),
    (MINUTE, "minute"),
    (SECOND, "second"),
];

/// Milliseconds since 1970 of a time of an object; none if it is absent or no time.
pub(crate) fn parse(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.timestamp_millis())
}

/// `Fri Nov 27 10:00:00 +0000`.
pub(crate) fn stamp(ms: i64, style: &Style) -> String {
    const FORM: &str = "%a %b %d %H:%M:%S %z";
    let Some(time) = DateTime::<Utc>::from_timestamp_millis(ms) else {
        return format!("{ms} ms");
    };
    if style.utc {
        time.format(FORM).to_string()
    } else {
        time.with_timezone(&Local).format(FORM).to_string()
    }
}

/// `2026-11-27T10:00:00Z`, or local with its offset.
pub(crate) fn log_stamp(ms: i64, style: &Style) -> String {
    let Some(time) = DateTime::<Utc>::from_timestamp_millis(ms) else {
        return format!("{ms}ms");
    };
    if style.utc {
        time.to_rfc3339_opts(SecondsFormat::Secs, true)
    } else {
        time.with_timezone(&Local)
            .to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

/// `5 minutes ago`, for a time that was so long ago.
pub(crate) fn ago(ms: i64) -> String {
    let Some((unit, name)) = UNITS.iter().find(|(unit, _)| ms.abs() >= *unit) else {
        return "now".to_owned();
    };
    let word = if ms < 0 { "from now" } else { "ago" };
    format!("{} {word}", count(ms.abs() / unit, name))
}

fn count(number: i64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// A duration in one unit: `0s`, `59s`, `1m`, `23h`, `12d`.
pub(crate) fn short(ms: i64) -> String {
    let ms = ms.max(0);
    match ms {
        DAY.. => format!("{}d", ms / DAY),
        HOUR.. => format!("{}h", ms / HOUR),
        MINUTE.. => format!("{}m", ms / MINUTE),
        _ => format!("{}s", ms / SECOND),
    }
}

/// A duration in up to two units: `9 seconds`, `1 minute 5 seconds`, `9 days 3 hours`.
///
/// Argo writes weeks and hours from a week on and leaves the days out; we stay with days.
pub(crate) fn long(ms: i64) -> String {
    let ms = ms.max(0);
    let two = |unit: i64, name: &str, part: i64, part_name: &str| {
        format!(
            "{} {} {part_name}",
            count(ms / unit, name),
            ms % unit / part
        )
    };
    match ms {
        DAY.. => two(DAY, "day", HOUR, "hours"),
        HOUR.. => two(HOUR, "hour", MINUTE, "minutes"),
        MINUTE.. => two(MINUTE, "minute", SECOND, "seconds"),
        _ => count(ms / SECOND, "second"),
    }
}

/// From a start to an end, or to now; nothing if it has not started.
pub(crate) fn span(started: Option<i64>, finished: Option<i64>, now_ms: i64) -> i64 {
    started.map_or(0, |start| finished.unwrap_or(now_ms).saturating_sub(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UTC: Style = Style {
        color: false,
        unicode: true,
        width: None,
        utc: true,
    };

    /// One unit, cut and not rounded.
    #[test]
    fn short_durations() {
        for (ms, text) in [
            (-5, "0s"),
            (999, "0s"),
            (1_000, "1s"),
            (59_999, "59s"),
            (119_000, "1m"),
            (HOUR, "1h"),
            (47 * HOUR, "1d"),
            (12 * DAY, "12d"),
        ] {
            assert_eq!(short(ms), text);
        }
    }

    /// Two units from a minute on.
    #[test]
    fn long_durations() {
        for (ms, text) in [
            (0, "0 seconds"),
            (1_500, "1 second"),
            (59_000, "59 seconds"),
            (65_000, "1 minute 5 seconds"),
            (HOUR + MINUTE, "1 hour 1 minutes"),
            (25 * HOUR, "1 day 1 hours"),
            (9 * DAY + 3 * HOUR, "9 days 3 hours"),
        ] {
            assert_eq!(long(ms), text);
        }
    }

    /// How long ago, also in the future, with the zone written.
    #[test]
    fn stamps() {
        let at = parse("2026-11-27T10:00:00Z").unwrap_or_default();
        for (now, text) in [
            (at, "now"),
            (at + SECOND, "1 second ago"),
            (at + 5 * MINUTE, "5 minutes ago"),
            (at + 13 * DAY, "1 week ago"),
            (at + 31 * DAY, "1 month ago"),
            (at + 800 * DAY, "2 years ago"),
            (at - HOUR, "1 hour from now"),
        ] {
            assert_eq!(ago(now - at), text);
        }
        assert_eq!(stamp(at, &UTC), "Fri Nov 27 10:00:00 +0000");
        assert_eq!(log_stamp(at, &UTC), "2026-11-27T10:00:00Z");
    }

    /// A time that is none and one beyond all calendars do no harm.
    #[test]
    fn absurd_times() {
        assert_eq!(parse("<time>"), None);
        assert_eq!(log_stamp(i64::MAX, &UTC), "9223372036854775807ms");
        assert_eq!(span(None, Some(5), 9), 0);
        assert_eq!(span(Some(i64::MIN), Some(5), 9), i64::MAX);
    }
}
