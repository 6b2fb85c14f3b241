//! A record for other programs: JSON with everything, CSV for a spreadsheet.

use serde_json::{Map, Value};

use super::{Sealed, canonical};

/// Columns of the CSV, in order.
const COLUMNS: [&str; 22] = [
    "seq",
    "at",
    "namespace",
    "workflow",
    "run",
    "node",
    "task",
    "round",
    "slot",
    "action",
    "actor",
    "name",
    "via",
    "level",
    "meaning",
    "decision",
    "comment",
    "values",
    "reason",
    "before",
    "after",
    "digest",
];

/// The record as a JSON list: each entry with its `hash`, and what stands beside it as `side`.
#[must_use]
pub fn json(rows: &[Sealed]) -> Value {
    let one = |row: &Sealed| {
        let mut entry = object(&row.entry);
        entry.insert("hash".to_owned(), row.hash.as_str().into());
        if let Some(side) = &row.side {
            entry.insert("side".to_owned(), Value::Object(object(side)));
        }
        Value::Object(entry)
    };
    Value::Array(rows.iter().map(one).collect())
}

/// The record as CSV (RFC 4180) with a line of headings; the texts in place of their hashes.
#[must_use]
pub fn csv(rows: &[Sealed]) -> String {
    let mut out = COLUMNS.join(",");
    out.push_str(",hash\r\n");
    for row in rows {
        let entry = object(&row.entry);
        let side = row.side.as_deref().map(object).unwrap_or_default();
        for column in COLUMNS {
            let value = match column {
                "name" | "comment" | "values" => side.get(column),
                _ => entry.get(column),
            };
            out.push_str(&cell(&value.map(text).unwrap_or_default()));
            out.push(',');
        }
        out.push_str(&row.hash);
        out.push_str("\r\n");
    }
    out
}

fn object(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => map,
        Ok(_) | Err(_) => Map::new(),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            canonical(value)
        }
    }
}

/// A cell that no spreadsheet takes for a formula (S21).
#[must_use]
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = match is_formula {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    let plain = |c: char| !matches!(c, '"' | ',' | '\n' | '\r');
    if !is_formula && text.chars().all(plain) {
        return text;
    }
    format!("\"{}\"", text.replace('"', "\"\""))
}
