//! Times and numbers as each language writes them. A time always shows its zone.

use chrono::{DateTime, Datelike as _, Offset as _, TimeZone as _, Timelike as _};

use super::{Lang, Voice};

const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const MONTHS_DE: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

impl Voice {
    /// A time, from milliseconds UTC: day, minute, zone and its distance from UTC. A time beyond
    /// what a calendar holds is shown as its number.
    #[must_use]
    pub fn time(self, ms: i64) -> String {
        let Some(utc) = DateTime::from_timestamp_millis(ms) else {
            return ms.to_string();
        };
        let local = self.zone.from_utc_datetime(&utc.naive_utc());
        let (year, month, day) = (local.year(), local.month(), local.day());
        let (hour, minute) = (local.hour(), local.minute());
        let name = month_name(self.lang, month);
        let zone = zone(self.zone.name(), local.offset().fix().local_minus_utc());
        match self.lang {
            Lang::En => format!("{day} {name} {year}, {hour:02}:{minute:02} ({zone})"),
            Lang::De => format!("{day}. {name} {year}, {hour:02}:{minute:02} Uhr ({zone})"),
            Lang::Zh => format!("{year}年{month}月{day}日 {hour:02}:{minute:02}（{zone}）"),
        }
    }

    /// A count, with its thousands set apart.
    #[must_use]
    pub fn count(self, count: u32) -> String {
        let digits = count.to_string();
        let mark = match self.lang {
            Lang::En | Lang::Zh => ',',
            Lang::De => '.',
        };
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(mark);
            }
            text.push(digit);
        }
        text
    }
}

fn month_name(lang: Lang, month: u32) -> &'static str {
    let names = match lang {
        Lang::De => &MONTHS_DE,
        Lang::En | Lang::Zh => &MONTHS_EN,
    };
    let at = usize::try_from(month).unwrap_or_default().saturating_sub(1);
    names.get(at).copied().unwrap_or_default()
}

/// `Europe/Berlin, UTC+01:00`; UTC alone is `UTC`.
fn zone(name: &str, seconds: i32) -> String {
    if name == "UTC" {
        return name.to_owned();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{name}, UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}
