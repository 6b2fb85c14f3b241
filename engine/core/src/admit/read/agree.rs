//! Whether the typed reading of a document says what stands there.
//!
//! YAML has corners that parsers read differently. A person who approves a file and the engine that
//! runs it must mean the same, so a document in such a corner is refused.

use serde_json::Value;
use usher_api::code;

use super::number::{Number, boolean, is_null, number};
use crate::admit::faults::Faults;
use crate::admit::path::{Path, shown};
use crate::admit::places::{Inner, Places};

/// Compares the tree of places with the typed reading, and tells every difference.
pub(super) fn check(places: &Places, value: &Value, faults: &mut Faults<'_>) {
    compare(places, value, &Path::default(), faults);
}

fn compare(places: &Places, value: &Value, path: &Path, faults: &mut Faults<'_>) {
    match (&places.inner, value) {
        (Inner::Fields(fields), Value::Object(object)) => {
            for (name, (_, field)) in fields {
                match object.get(name) {
                    Some(value) => compare(field, value, &path.key(name), faults),
                    None => tell(field, &path.key(name), faults),
                }
            }
            if object.len() != fields.len() {
                tell(places, path, faults);
            }
        }
        (Inner::Elements(elements), Value::Array(list)) if elements.len() == list.len() => {
            for (at, (element, value)) in elements.iter().zip(list).enumerate() {
                compare(element, value, &path.index(at), faults);
            }
        }
        (Inner::Scalar { text, is_plain, .. }, value) if agrees(text, *is_plain, value) => {}
        _ => tell(places, path, faults),
    }
}

fn agrees(text: &str, is_plain: bool, value: &Value) -> bool {
    match value {
        Value::String(read) if is_plain => {
            read == text && !is_null(text) && boolean(text).is_none() && number(text).is_none()
        }
        Value::String(read) => read == text,
        Value::Null => is_plain && is_null(text),
        Value::Bool(read) => is_plain && boolean(text) == Some(*read),
        Value::Number(read) => is_plain && is_number(text, read),
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn is_number(text: &str, read: &serde_json::Number) -> bool {
    match number(text) {
        Some(Number::Whole(whole)) => match (read.as_i64(), read.as_u64()) {
            (Some(read), _) => whole == i128::from(read),
            (None, Some(read)) => whole == i128::from(read),
            (None, None) => read.as_f64() == Some(whole as f64),
        },
        Some(Number::Fraction(fraction)) => read.as_f64() == Some(fraction),
        None => false,
    }
}

fn tell(places: &Places, path: &Path, faults: &mut Faults<'_>) {
    let message = match &places.inner {
        Inner::Scalar { text, .. } => format!(
            "YAML readers do not agree what {} is; put it in quotes, or write it plainly",
            shown(text)
        ),
        _ => "YAML readers do not agree what this is; write it in plain block style".to_owned(),
    };
    faults.add_at(&code::TWO_READINGS, places.place, path, message);
}

/// Whether two readings are equal; `1000` and `1e3` are.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => left == right,
    }
}
