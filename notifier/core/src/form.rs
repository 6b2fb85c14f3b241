//! What people may enter: every value of a form is checked here, on the server, against the form
//! as it was frozen at the opening.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use usher_api::approval::{Field, FieldKind};

use crate::decide::{InputFault, InputWrong};

/// A value has at most this many characters, whatever the form says; a comment too.
pub const CHARS_MAX: usize = 4_000;

/// A value has at most this many bytes; a comment too.
pub const BYTES_MAX: usize = 16 * 1024;

/// A compiled pattern takes at most this much memory, bytes.
const PATTERN_BYTES: usize = 1 << 20;

/// Checks what was entered and brings it into its one form: without empty values, line ends as
/// `\n`, and without spaces around what is no text.
///
/// # Errors
/// Every fault of every field, in the order of the form, then the unknown ones.
pub fn check(
    form: &[Field],
    entered: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Vec<InputFault>> {
    let mut values = BTreeMap::new();
    let mut faults = Vec::new();
    for field in form {
        let raw = entered.get(&field.name).map_or("", String::as_str);
        match check_field(field, raw) {
            Ok(Some(value)) => {
                values.insert(field.name.clone(), value);
            }
            Ok(None) => {}
            Err(what) => faults.push(fault(&field.name, what)),
        }
    }
    faults.extend(unknown(form, entered));
    if faults.is_empty() {
        Ok(values)
    } else {
        Err(faults)
    }
}

/// Faults of names that the form does not have.
#[must_use]
pub fn unknown(form: &[Field], entered: &BTreeMap<String, String>) -> Vec<InputFault> {
    entered
        .keys()
        .filter(|name| !form.iter().any(|field| field.name == **name))
        .map(|name| fault(name, InputWrong::Unknown))
        .collect()
}

/// Fields whose values differ from those that were signed.
#[must_use]
pub fn differing(
    signed: &BTreeMap<String, String>,
    given: &BTreeMap<String, String>,
) -> Vec<InputFault> {
    let names: std::collections::BTreeSet<&String> = signed.keys().chain(given.keys()).collect();
    names
        .into_iter()
        .filter(|name| signed.get(*name) != given.get(*name))
        .map(|name| fault(name, InputWrong::Signed))
        .collect()
}

/// Why a form cannot be used: a pattern that is no regular expression of linear time.
#[must_use]
pub fn unusable(form: &[Field]) -> Option<String> {
    form.iter().find_map(|field| {
        let pattern = field.pattern.as_deref()?;
        let why = whole(pattern).err()?;
        Some(format!("pattern of field `{}`: {why}", field.name))
    })
}

fn fault(field: &str, what: InputWrong) -> InputFault {
    InputFault {
        field: field.to_owned(),
        what,
    }
}

/// Length and bytes of a text: what of it is too much.
#[must_use]
pub fn too_long(text: &str, chars_max: usize) -> Option<InputWrong> {
    let is_over = text.len() > BYTES_MAX || text.chars().count() > chars_max;
    is_over.then(|| InputWrong::TooLong(u32::try_from(chars_max).unwrap_or(u32::MAX)))
}

fn check_field(field: &Field, raw: &str) -> Result<Option<String>, InputWrong> {
    let value = match field.kind {
        FieldKind::Multiline => raw.replace("\r\n", "\n").replace('\r', "\n"),
        FieldKind::Choice => raw.to_owned(),
        FieldKind::Text
        | FieldKind::Integer
        | FieldKind::Number
        | FieldKind::Boolean
        | FieldKind::Date
        | FieldKind::Email => raw.trim().to_owned(),
    };
    if value.is_empty() {
        return match field.required {
            true => Err(InputWrong::Missing),
            false => Ok(None),
        };
    }
    let most = field.max_length.map_or(CHARS_MAX, |max| max as usize);
    if let Some(long) = too_long(&value, most.min(CHARS_MAX)) {
        return Err(long);
    }
    if let Some(least) = field.min_length
        && value.chars().count() < least as usize
    {
        return Err(InputWrong::TooShort(least));
    }
    check_kind(field, &value)?;
    if let Some(pattern) = &field.pattern
        && !whole(pattern).is_ok_and(|regex| regex.is_match(&value))
    {
        return Err(InputWrong::Pattern);
    }
    Ok(Some(value))
}

fn check_kind(field: &Field, value: &str) -> Result<(), InputWrong> {
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    let fits = match field.kind {
        FieldKind::Text => !value.chars().any(|c| c.is_control() && c != '\t'),
        FieldKind::Multiline => !value.chars().any(is_control),
        FieldKind::Integer => Decimal::read(value).is_some_and(|number| number.is_whole),
        FieldKind::Number => Decimal::read(value).is_some(),
        FieldKind::Boolean => matches!(value, "true" | "false"),
        FieldKind::Date => date(value).is_some(),
        FieldKind::Email => crate::address::Address::parse(value).is_ok(),
        FieldKind::Choice => {
            return match field.options.iter().any(|option| option == value) {
                true => Ok(()),
                false => Err(InputWrong::NotAnOption),
            };
        }
    };
    if !fits {
        return Err(InputWrong::NotA(field.kind));
    }
    check_bounds(field, value)
}

fn check_bounds(field: &Field, value: &str) -> Result<(), InputWrong> {
    let order = |bound: &str| match field.kind {
        FieldKind::Integer | FieldKind::Number => {
            let (value, bound) = (Decimal::read(value)?, Decimal::read(bound)?);
            Some(value.cmp(&bound))
        }
        FieldKind::Date => Some(date(value)?.cmp(&date(bound)?)),
        FieldKind::Text
        | FieldKind::Multiline
        | FieldKind::Boolean
        | FieldKind::Email
        | FieldKind::Choice => None,
    };
    if let Some(min) = &field.min
        && order(min) == Some(Ordering::Less)
    {
        return Err(InputWrong::TooSmall(min.clone()));
    }
    if let Some(max) = &field.max
        && order(max) == Some(Ordering::Greater)
    {
        return Err(InputWrong::TooLarge(max.clone()));
    }
    Ok(())
}

fn date(text: &str) -> Option<chrono::NaiveDate> {
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    plain
        .then(|| chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
        .flatten()
}

fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(PATTERN_BYTES)
        .build()
}

/// A decimal number of any length: money is compared as it was written, never rounded.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    /// Without leading zeros.
    whole: String,
    /// Without trailing zeros.
    fraction: String,
    is_whole: bool,
}

impl Decimal {
    fn read(text: &str) -> Option<Decimal> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (digits, ""),
        };
        let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let is_whole = !digits.contains('.');
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Decimal {
            is_negative: is_negative && !is_zero,
            whole,
            fraction,
            is_whole,
        })
    }

    fn cmp(&self, other: &Decimal) -> Ordering {
        let size = |a: &Decimal, b: &Decimal| {
            let longer = a.whole.len().cmp(&b.whole.len());
            longer
                .then_with(|| a.whole.cmp(&b.whole))
                .then_with(|| a.fraction.cmp(&b.fraction))
        };
        match (self.is_negative, other.is_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(self, other),
            (true, true) => size(other, self),
        }
    }
}
