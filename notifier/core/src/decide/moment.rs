//! Times of a policy as instants: so long after the opening, or by a calendar and its zone.

use std::str::FromStr as _;

use chrono::{DateTime, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _};
use chrono_tz::Tz;
use usher_api::approval::{Asked, Moment};

use super::Rules;

/// Forms of a local time, and of a date alone, which is its beginning.
const LOCAL: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
];

/// The longest gap that a zone ever made: a day that was left out, and its neighbours.
const GAP_MINUTES: i64 = 49 * 60;

/// When a request times out, as its policy says; none for never.
pub(super) fn timeout_ms(asked: &Asked, rules: &Rules) -> Result<Option<i64>, String> {
    let policy = &asked.policy;
    let zone = policy.timezone.as_deref().unwrap_or(&rules.timezone);
    match policy.timeout.as_ref().map(|timeout| &timeout.when) {
        None => Ok(None),
        Some(Moment::After(ms)) => Ok(Some(asked.opened_ms.saturating_add(*ms))),
        Some(Moment::At(text)) => instant_ms(text, zone).map(Some),
    }
}

/// The instant of a time with offset, or of a local time in a zone. A time that summer time skips
/// is the next that there is; of a doubled one the first is meant.
///
/// # Errors
/// What is wrong with it.
pub(super) fn instant_ms(text: &str, zone: &str) -> Result<i64, String> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.timestamp_millis());
    }
    let zone = Tz::from_str(zone)
        .map_err(|_| format!("`{zone}` is no time zone; write one like Europe/Berlin"))?;
    let local = local(text).ok_or_else(|| {
        format!("`{text}` is no time; write 2026-11-27T18:00 or 2026-11-27T18:00:00+01:00")
    })?;
    let mut at = local;
    for _ in 0..=GAP_MINUTES {
        match zone.from_local_datetime(&at) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => {
                return Ok(at.timestamp_millis());
            }
            LocalResult::None => at = next_minute(at).ok_or("the time is out of range")?,
        }
    }
    Err(format!("`{text}` is never in {zone}"))
}

fn local(text: &str) -> Option<NaiveDateTime> {
    let times = LOCAL.iter();
    let mut times = times.filter_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    times.next().or_else(|| {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(date.and_time(NaiveTime::MIN))
    })
}

fn next_minute(at: NaiveDateTime) -> Option<NaiveDateTime> {
    let millis = at.and_utc().timestamp_millis().rem_euclid(60_000);
    at.checked_add_signed(Duration::milliseconds(60_000 - millis))
}

/// A length of time as people write it: `30d`, `1h30m`.
pub(crate) fn span(ms: i64) -> String {
    let mut left = ms.max(0) / 1000;
    let mut out = String::new();
    for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if left >= seconds {
            out.push_str(&format!("{}{unit}", left / seconds));
            left %= seconds;
        }
    }
    if out.is_empty() {
        out.push_str("0s");
    }
    out
}
