//! Which quoted strings are dates.
//!
//! govaluate turns a string that reads as a date into seconds since 1970, so that dates compare in
//! time and not by letter. It tries fourteen layouts; without a zone a date is taken as UTC, which
//! is the local time of Argo's controller.

use std::fmt;

/// A moment in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Seconds since 1970-01-01 00:00:00 UTC.
    pub(super) seconds: i64,
    /// How far the zone it was written in is east of UTC, in seconds.
    zone_seconds: i64,
}

/// `a b` names of day and month, `e d` days, `m` month, `Y` year, `H I p` hours, `M` minutes, `S`
/// seconds with or without a fraction, `n N` zones `-07:00 -0700`, `z Z` the same or the letter Z,
/// `t` a zone by name; all else stands for itself.
const LAYOUTS: [&str; 12] = [
    "a b e H:M:S Y",
    "a b e H:M:S t Y",
    "a b d H:M:S N Y",
    "I:Mp",
    "Y-m-dTH:M:Sz",
    "Y-m-d",
    "Y-m-d H:M",
    "Y-m-d H:M:S",
    "Y-m-d H:M:Sn",
    "Y-m-dTHZ",
    "Y-m-dTH:MZ",
    "Y-m-dTH:M:SZ",
];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// The moment that a string means, if one of the layouts fits all of it.
pub(super) fn parse(source: &str) -> Option<Moment> {
    LAYOUTS.iter().find_map(|layout| fit(layout, source))
}

struct Parts {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    zone_seconds: i64,
}

fn fit(layout: &str, source: &str) -> Option<Moment> {
    // A clock time alone falls on the first day of the year 0.
    let mut parts = Parts {
        year: 0,
        month: 1,
        day: 1,
        hour: 0,
        minute: 0,
        second: 0,
        zone_seconds: 0,
    };
    let mut rest = source;
    for item in layout.chars() {
        let rest = &mut rest;
        match item {
            'a' => drop(name(rest, &DAYS)?),
            'b' => parts.month = name(rest, &MONTHS)?,
            'e' => {
                *rest = rest.strip_prefix(' ').unwrap_or(rest);
                parts.day = number(rest, 1, 2)?;
            }
            'd' => parts.day = number(rest, 2, 2)?,
            'm' => parts.month = number(rest, 2, 2)?,
            'Y' => parts.year = number(rest, 4, 4)?,
            'H' => parts.hour = number(rest, 1, 2).filter(|hour| *hour < 24)?,
            'I' => parts.hour = number(rest, 1, 2).filter(|hour| *hour <= 12)?,
            'p' => parts.hour = parts.hour % 12 + half_of_day(rest)?,
            'M' => parts.minute = number(rest, 2, 2).filter(|minute| *minute < 60)?,
            'S' => {
                parts.second = number(rest, 2, 2).filter(|second| *second < 60)?;
                fraction(rest);
            }
            'n' | 'N' => parts.zone_seconds = offset(rest, item == 'n')?,
            'z' | 'Z' => match rest.strip_prefix('Z') {
                Some(behind) => *rest = behind,
                None => parts.zone_seconds = offset(rest, item == 'z')?,
            },
            't' => parts.zone_seconds = named_zone(rest)?,
            ' ' => {
                *rest = rest.strip_prefix(' ')?;
                *rest = rest.trim_start_matches(' ');
            }
            other => *rest = rest.strip_prefix(other)?,
        }
    }
    rest.is_empty().then_some(())?;
    parts.moment()
}

impl Parts {
    fn moment(&self) -> Option<Moment> {
        let is_leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let days_in_month = match self.month {
            2 => 28 + i64::from(is_leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=days_in_month).contains(&self.day) {
            return None;
        }
        let days = days_from_civil(self.year, self.month, self.day);
        let clock = (self.hour * 60 + self.minute) * 60 + self.second;
        let seconds = days * 86_400 + clock - self.zone_seconds;
        Some(Moment {
            seconds,
            zone_seconds: self.zone_seconds,
        })
    }
}

/// Days since 1970-01-01. Years begin in March here, so that a leap day is the last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

/// A number of so many digits at least and at most.
fn number(rest: &mut &str, least: usize, most: usize) -> Option<i64> {
    let digits = rest
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    let (number, behind) = rest.split_at_checked(digits)?;
    *rest = behind;
    if digits < least {
        None
    } else {
        number.parse().ok()
    }
}

/// The place of a name in its list, counted from 1. Case does not matter.
fn name(rest: &mut &str, names: &[&str]) -> Option<i64> {
    let (name, behind) = rest.split_at_checked(3)?;
    let at = names
        .iter()
        .position(|known| known.eq_ignore_ascii_case(name))?;
    *rest = behind;
    i64::try_from(at + 1).ok()
}

fn half_of_day(rest: &mut &str) -> Option<i64> {
    let (half, behind) = rest.split_at_checked(2)?;
    *rest = behind;
    match half {
        "AM" => Some(0),
        "PM" => Some(12),
        _ => None,
    }
}

/// Parts of a second, which do not count, but may be there.
fn fraction(rest: &mut &str) {
    if let Some(digits) = rest.strip_prefix(['.', ',']) {
        let behind = digits.trim_start_matches(|c: char| c.is_ascii_digit());
        if behind.len() < digits.len() {
            *rest = behind;
        }
    }
}

/// `+07:00` or `+0700`, in seconds.
fn offset(rest: &mut &str, has_colon: bool) -> Option<i64> {
    let sign = match rest.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    *rest = &rest[1..];
    let hours = number(rest, 2, 2).filter(|hours| *hours <= 24)?;
    if has_colon {
        *rest = rest.strip_prefix(':')?;
    }
    let minutes = number(rest, 2, 2).filter(|minutes| *minutes < 60)?;
    Some(sign * (hours * 60 + minutes) * 60)
}

/// `UTC`, `GMT+2` or another name. Where a zone of another name lies is unknown, so it counts as
/// UTC.
fn named_zone(rest: &mut &str) -> Option<i64> {
    if let Some(behind) = rest.strip_prefix("GMT") {
        *rest = behind;
        let sign = if behind.starts_with('-') { -1 } else { 1 };
        if let Some(mut digits) = behind.strip_prefix(['+', '-'])
            && let Some(hours) = number(&mut digits, 1, 2).filter(|hours| *hours < 24)
        {
            *rest = digits;
            return Some(sign * hours * 3600);
        }
        return Some(0);
    }
    let length = rest
        .bytes()
        .take(6)
        .take_while(u8::is_ascii_uppercase)
        .count();
    let (name, behind) = rest.split_at_checked(length)?;
    let is_zone = match length {
        3 => true,
        4 => name.ends_with('T') || name == "WITA",
        5 => name.ends_with('T'),
        _ => false,
    };
    *rest = behind;
    is_zone.then_some(0)
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.seconds + self.zone_seconds;
        let (days, clock) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} "
        )?;
        if self.zone_seconds == 0 {
            return formatter.write_str("+0000 UTC");
        }
        let sign = if self.zone_seconds < 0 { '-' } else { '+' };
        let minutes = self.zone_seconds.abs() / 60;
        let zone = format!("{sign}{:02}{:02}", minutes / 60, minutes % 60);
        write!(formatter, "{zone} {zone}")
    }
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    // A year has 365 or 366 days, so this one is at or a little behind the right one.
    let mut year = 1970 + days.div_euclid(365).max(days.div_euclid(366));
    while days_from_civil(year, 1, 1) > days {
        year -= 1;
    }
    let month = (1..=12)
        .rev()
        .find(|month| days_from_civil(year, *month, 1) <= days)
        .unwrap_or(1);
    (year, month, days - days_from_civil(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn dates_are_recognised() {
        let rows: &[(&str, i64)] = &[
            ("1970-01-01", 0),
            ("2024-02-29", 1_709_164_800),
            ("2024-02-29 12:30", 1_709_209_800),
            ("2024-02-29 12:30:15", 1_709_209_815),
            ("2024-02-29 12:30:15.75", 1_709_209_815),
            ("2024-02-29 12:30:15+02:00", 1_709_202_615),
            ("2024-02-29T12:30:15Z", 1_709_209_815),
            ("2024-02-29T12:30:15.123456789Z", 1_709_209_815),
            ("2024-02-29T12:30:15-01:30", 1_709_215_215),
            ("2024-02-29T12:30:15-0130", 1_709_215_215),
            ("2024-02-29T12Z", 1_709_208_000),
            ("2024-02-29T12:30+0000", 1_709_209_800),
            ("Thu Feb 29 12:30:15 2024", 1_709_209_815),
            ("thu feb  9 12:30:15 2024", 1_707_481_815),
            ("Thu Feb 29 12:30:15 UTC 2024", 1_709_209_815),
            ("Thu Feb 29 12:30:15 CEST 2024", 1_709_209_815),
            ("Thu Feb 29 12:30:15 GMT+2 2024", 1_709_202_615),
            ("Thu Feb 29 12:30:15 +0200 2024", 1_709_202_615),
            ("3:04PM", -62_167_164_960),
            ("12:00AM", -62_167_219_200),
            ("12:00PM", -62_167_176_000),
            ("1969-12-31", -86_400),
            ("0000-01-01", -62_167_219_200),
            ("9999-12-31", 253_402_214_400),
        ];
        for (source, seconds) in rows {
            assert_eq!(
                parse(source).map(|moment| moment.seconds),
                Some(*seconds),
                "{source}"
            );
        }
    }

    #[test]
    fn other_strings_are_not() {
        let rows = [
            "",
            " ",
            "2024",
            "2024-1-1",
            "2024-13-01",
            "2024-00-10",
            "2023-02-29",
            "2024-04-31",
            "2024-01-01 ",
            " 2024-01-01",
            "2024-01-01T",
            "2024-01-01 24:00",
            "2024-01-01 10:60",
            "2024-01-01 10:00:61",
            "2024-01-01T10:00:00",
            "15:04",
            "13:04PM",
            "3:04pm",
            "é",
            "2024-é",
            "12-é",
            "é:04PM",
            "Thu Feb 29 12:30:15 cest 2024",
            "Foo Feb 29 12:30:15 2024",
            "+",
            "Z",
            "2024-01-01 10:00:00+",
            "2024-01-01 10:00:00+é",
            "20240101",
            "2024-01-01x",
        ];
        for source in rows {
            assert_eq!(parse(source), None, "{source}");
        }
    }

    #[test]
    fn moments_print_as_in_messages() {
        let rows = [
            ("2024-02-29", "2024-02-29 00:00:00 +0000 UTC"),
            ("2024-12-31 23:59:59", "2024-12-31 23:59:59 +0000 UTC"),
            ("0000-01-01", "0000-01-01 00:00:00 +0000 UTC"),
            (
                "2000-03-01T01:00:00-02:30",
                "2000-03-01 01:00:00 -0230 -0230",
            ),
        ];
        for (source, expected) in rows {
            let moment = parse(source).map(|moment| moment.to_string());
            assert_eq!(moment.as_deref(), Some(expected), "{source}");
        }
    }
}
