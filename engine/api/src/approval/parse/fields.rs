//! The form of a block: fields, their kinds and bounds.

use serde_json::Value;

use super::FIELDS_MAX;
use super::read::{Block, Reader, shown};
use crate::approval::{Field, FieldKind, RESERVED};
use crate::code;

const KNOWN: [&str; 12] = [
    "name",
    "type",
    "label",
    "help",
    "required",
    "default",
    "options",
    "min",
    "max",
    "minLength",
    "maxLength",
    "pattern",
];

const KINDS: [(&str, FieldKind); 8] = [
    ("text", FieldKind::Text),
    ("multiline", FieldKind::Multiline),
    ("integer", FieldKind::Integer),
    ("number", FieldKind::Number),
    ("boolean", FieldKind::Boolean),
    ("date", FieldKind::Date),
    ("email", FieldKind::Email),
    ("choice", FieldKind::Choice),
];

/// Kinds that a later part knows.
const KINDS_LATER: [&str; 3] = ["datetime", "choices", "file"];

/// The longest regular expression, bytes.
const PATTERN_MAX: usize = 1_000;

/// The most options of a field.
const OPTIONS_MAX: usize = 500;

/// The fields that a block lists.
pub(super) fn form(root: &Block<'_>, reader: &mut Reader) -> Vec<Field> {
    let block = root
        .get("form")
        .and_then(|field| reader.block(&field, "a mapping with `fields`"));
    let Some(block) = block else {
        return Vec::new();
    };
    reader.keys(&block, &["fields"], &["fill"]);
    let mut fields: Vec<Field> = Vec::new();
    for at in reader
        .list(&block, "fields", FIELDS_MAX)
        .unwrap_or_default()
    {
        let Some(block) = reader.block(&at, "a mapping with `name`") else {
            continue;
        };
        let field = field(&block, reader);
        let is_twice = fields.iter().any(|other| other.name == field.name);
        if is_twice && !field.name.is_empty() {
            let message = format!("field {} is already in the form", shown(&field.name));
            reader.tell_field(&code::DUPLICATE_NAME, &block, "name", &message);
        }
        fields.push(field);
    }
    fields
}

fn field(block: &Block<'_>, reader: &mut Reader) -> Field {
    reader.keys(block, &KNOWN, &["optionsFrom", "when"]);
    let name = reader.name(block, "name");
    if RESERVED.contains(&name.as_str()) {
        let message = format!("`{name}` is an output that only the engine writes, no form field");
        reader.tell_field(&code::BAD_NAME, block, "name", &message);
    }
    let options = options(block, reader);
    let kind = kind(block, !options.is_empty(), reader);
    let mut bound = |key: &str| block.get(key).and_then(|at| reader.plain_scalar(&at));
    let (min, max) = (bound("min"), bound("max"));
    let field = Field {
        name,
        kind,
        label: reader.tagged(block, "label"),
        help: reader.tagged(block, "help"),
        required: reader.flag(block, "required"),
        default: reader.tagged_scalar(block, "default"),
        options,
        min,
        max,
        min_length: reader.count(block, "minLength"),
        max_length: reader.count(block, "maxLength"),
        pattern: pattern(block, reader),
    };
    bounds(block, &field, reader);
    contradictions(block, &field, reader);
    field
}

fn options(block: &Block<'_>, reader: &mut Reader) -> Vec<String> {
    let list = reader.list(block, "options", OPTIONS_MAX);
    if list.as_ref().is_some_and(Vec::is_empty) {
        let message = "`options` allows no value at all; list one, or take it out";
        reader.tell_field(&code::MISSING_FIELD, block, "options", message);
    }
    let list = list.unwrap_or_default();
    list.iter()
        .filter_map(|at| reader.plain_scalar(at))
        .collect()
}

fn kind(block: &Block<'_>, has_options: bool, reader: &mut Reader) -> FieldKind {
    let unwritten = match has_options {
        true => FieldKind::Choice,
        false => FieldKind::Text,
    };
    let written = block.value.get("type").and_then(Value::as_str);
    if let Some(word) = written.filter(|word| KINDS_LATER.contains(word)) {
        let message = format!("type `{word}` comes later and is not supported yet");
        reader.tell_field(&code::NOT_SUPPORTED, block, "type", &message);
        return unwritten;
    }
    let kind = reader.word(block, "type", &KINDS).unwrap_or(unwritten);
    if has_options && kind != FieldKind::Choice {
        let message = "`options` are for fields of type choice";
        reader.tell_key(&code::SCOPE, block, "options", message);
    }
    kind
}

fn pattern(block: &Block<'_>, reader: &mut Reader) -> Option<String> {
    let pattern = reader.plain(block, "pattern")?;
    if pattern.len() > PATTERN_MAX {
        let message = format!("has {} bytes, at most {PATTERN_MAX}", pattern.len());
        reader.tell_field(&code::TOO_BIG, block, "pattern", &message);
        return None;
    }
    // These expressions take linear time; what would not is none.
    let built = regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(1 << 20)
        .build();
    if let Err(error) = built {
        let words = error.to_string();
        let last = words.lines().last().unwrap_or_default();
        let why = last.trim_start_matches("error: ");
        let message = format!("is no regular expression of linear time: {why}");
        reader.tell_field(&code::WRONG_KIND, block, "pattern", &message);
        return None;
    }
    Some(pattern)
}

/// Bounds that are none, or stand where they mean nothing.
fn bounds(block: &Block<'_>, field: &Field, reader: &mut Reader) {
    for (key, bound) in [("min", &field.min), ("max", &field.max)] {
        let Some(text) = bound.as_deref().filter(|text| !text.contains("{{")) else {
            continue;
        };
        let (fits, what) = match field.kind {
            FieldKind::Integer => (text.parse::<i64>().is_ok(), "whole number"),
            FieldKind::Number => (number(text).is_some(), "number"),
            FieldKind::Date => (is_date(text), "date such as 2026-11-27"),
            FieldKind::Text
            | FieldKind::Multiline
            | FieldKind::Boolean
            | FieldKind::Email
            | FieldKind::Choice => {
                let message = format!("`{key}` is for integer, number and date fields");
                reader.tell_key(&code::SCOPE, block, key, &message);
                continue;
            }
        };
        if !fits {
            let message = format!("{} is no {what}", shown(text));
            reader.tell_field(&code::BAD_NUMBER, block, key, &message);
        }
    }
}

/// Bounds that no value can keep, and a default that is none of the options.
fn contradictions(block: &Block<'_>, field: &Field, reader: &mut Reader) {
    let lengths = field.min_length.zip(field.max_length);
    if lengths.is_some_and(|(min, max)| min > max) {
        let message = "`minLength` is greater than `maxLength`: no value fits";
        reader.tell_field(&code::BAD_NUMBER, block, "minLength", message);
    }
    let ends = field.min.as_deref().zip(field.max.as_deref());
    let are_turned = ends.is_some_and(|(min, max)| match field.kind {
        FieldKind::Date => min > max,
        _ => number(min)
            .zip(number(max))
            .is_some_and(|(min, max)| min > max),
    });
    if are_turned {
        let message = "`min` is greater than `max`: no value fits";
        reader.tell_field(&code::BAD_NUMBER, block, "min", message);
    }
    if let Some(default) = field.default.as_ref().filter(|text| !text.contains("{{"))
        && !field.options.is_empty()
        && !field.options.contains(default)
    {
        let message = format!("{} is none of the options", shown(default));
        reader.tell_field(&code::NOT_IN_ENUM, block, "default", &message);
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// `2026-11-27`, a day that exists.
fn is_date(text: &str) -> bool {
    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}
