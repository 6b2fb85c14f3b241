//! From bytes to documents: limits, characters, places, and two readings that must agree.
//!
//! ```text
//!   bytes ─limits, UTF-8─► text ─events──► Places (own tree) ─┐
//!                            └──typed────► Value ─────────────┴─agree─► Document
//! ```
//!
//! The own tree is built first: it enforces the limits before anything is expanded.

mod agree;
mod number;
mod tree;

use serde_json::Value;
use usher_api::code;

use super::faults::Faults;
use super::path::Path;
use super::places::{Inner, Place, Places};
use super::{Document, Fault};

/// The longest file, bytes.
const BYTES_MAX: usize = 2 << 20;
/// The most documents in a file.
const DOCUMENTS_MAX: usize = 64;
/// The most values in a file, keys not counted.
const VALUES_MAX: usize = 500_000;
/// The most levels of lists and mappings, aliases written out.
const DEPTH_MAX: usize = 64;
/// How much larger aliases may make a file.
const GROWTH_MAX: u64 = 10;

/// Reads a file of one or many documents; empty ones are left out.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Vec<Document>, Vec<Fault>> {
    let nowhere = Places::default();
    let mut faults = Faults::new(file, &nowhere);
    let Some(text) = text(bytes, &mut faults) else {
        return Err(faults.finish());
    };
    let mut trees = tree::documents(text, &mut faults);
    trees.retain(|places| !is_empty(places));
    if !faults.is_empty() {
        return Err(faults.finish());
    }
    let Some(values) = values(text, trees.len(), &mut faults) else {
        return Err(faults.finish());
    };
    let mut documents = Vec::with_capacity(values.len());
    for (places, object) in trees.into_iter().zip(values) {
        agree::check(&places, &object, &mut faults);
        documents.push(Document {
            object,
            file: file.to_owned(),
            places,
        });
    }
    if documents.is_empty() && faults.is_empty() {
        let message = "the file holds no document";
        faults.add_at(&code::NOT_A_WORKFLOW, (1, 1), &Path::default(), message);
    }
    match faults.is_empty() {
        true => Ok(documents),
        false => Err(faults.finish()),
    }
}

/// The text of a file, if it is within bounds and made of printable characters.
fn text<'a>(bytes: &'a [u8], faults: &mut Faults<'_>) -> Option<&'a str> {
    let root = Path::default();
    if bytes.len() > BYTES_MAX {
        let message = format!("the file has {} bytes, at most {BYTES_MAX}", bytes.len());
        faults.add(&code::TOO_BIG, &root, message);
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let place = place_after(std::str::from_utf8(good).unwrap_or_default());
            let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
            let message = format!("the file is not UTF-8: byte 0x{byte:02x}");
            faults.add_at(&code::CHARACTERS, place, &root, message);
            return None;
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (at, c) in text.char_indices().filter(|(_, c)| is_control(*c)).take(20) {
        let message = format!("control character U+{:04X}; take it out", u32::from(c));
        faults.add_at(&code::CHARACTERS, place_after(&text[..at]), &root, message);
    }
    faults.is_empty().then_some(text)
}

/// Characters that no field takes: all control characters but tab and line ends.
fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')
}

/// The place of what follows a text.
fn place_after(before: &str) -> Place {
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[begin..].chars().count() + 1;
    (line as u32, column as u32)
}

/// The typed reading of the text: one value for each document.
fn values(text: &str, count: usize, faults: &mut Faults<'_>) -> Option<Vec<Value>> {
    let root = Path::default();
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_documents: DOCUMENTS_MAX + 1,
            max_depth: DEPTH_MAX + 1,
            max_nodes: usize::MAX,
            max_events: usize::MAX,
            enforce_alias_anchor_ratio: false,
        },
        emit_comments: false,
        legacy_octal_numbers: true,
        with_snippet: false,
    };
    let values = match serde_yaml::from_multiple_with_options::<Value>(text, options) {
        Ok(mut values) => {
            values.retain(|value| !value.is_null());
            values
        }
        Err(error) => {
            let place = error.location().map_or((0, 0), |location| {
                (location.line() as u32, location.column() as u32)
            });
            let message = match error.without_snippet().to_string().split_once(" at line ") {
                Some((message, _)) => message.to_owned(),
                None => error.without_snippet().to_string(),
            };
            faults.add_at(&code::SYNTAX, place, &root, message);
            return None;
        }
    };
    if values.len() != count {
        let message = "it is not clear where its documents begin and end";
        faults.add_at(&code::TWO_READINGS, (1, 1), &root, message);
        return None;
    }
    if let [only] = values.as_slice()
        && text.trim_start().starts_with(['{', '['])
        && let Ok(json) = serde_json::from_str::<Value>(text)
        && !agree::same(&json, only)
    {
        let message = "read as JSON it says something else than read as YAML";
        faults.add_at(&code::TWO_READINGS, (1, 1), &root, message);
    }
    Some(values)
}

/// Whether a document says nothing: `---` and no more.
fn is_empty(places: &Places) -> bool {
    match &places.inner {
        Inner::Scalar { text, is_plain, .. } => *is_plain && number::is_null(text),
        Inner::None | Inner::Fields(_) | Inner::Elements(_) => false,
    }
}
