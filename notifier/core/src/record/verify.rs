//! Whether a record is what was written: its numbers, its chain, and every text beside it.

use serde_json::{Map, Value};

use super::{HIDDEN, Sealed, canonical, salted};
use crate::digest::sha256;
use crate::task::Chain;

/// The first place where a record is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq}: {why}")]
pub struct FirstBad {
    /// The entry's number.
    pub seq: u32,
    /// What is wrong with it.
    pub why: String,
}

/// Recomputes a record from its first entry. What was cut off at its end is only seen with the
/// task's own memory of the end: [`verify_whole`].
///
/// # Errors
/// The first bad place.
pub fn verify(rows: &[Sealed]) -> Result<(), FirstBad> {
    let erased = erased(rows);
    let mut end = Chain::default();
    for row in rows {
        let wanted = end.seq + 1;
        let bad = |why: &str| FirstBad {
            seq: wanted,
            why: why.to_owned(),
        };
        if row.seq != wanted {
            return Err(bad(&format!("missing; entry {} follows", row.seq)));
        }
        if sha256(&row.entry) != row.hash {
            return Err(bad("its text does not fit its hash"));
        }
        let entry = read(&row.entry).ok_or_else(|| bad("its text is not an entry"))?;
        if canonical(&Value::Object(entry.clone())) != row.entry {
            return Err(bad("its text is not in its one form"));
        }
        let says = |key: &str| entry.get(key).cloned().unwrap_or(Value::Null);
        if says("seq") != row.seq {
            return Err(bad("its text has another number"));
        }
        if row.prev != end.hash || says("prev") != row.prev.as_str() {
            return Err(bad("it does not join on to the entry before"));
        }
        if let Some(why) = side_is_wrong(row, &entry, erased.contains(&row.seq)) {
            return Err(bad(&why));
        }
        end = Chain {
            seq: row.seq,
            hash: row.hash.clone(),
        };
    }
    Ok(())
}

/// As [`verify`], and the record ends where the task says that it ends.
///
/// # Errors
/// The first bad place.
pub fn verify_whole(rows: &[Sealed], end: &Chain) -> Result<(), FirstBad> {
    verify(rows)?;
    let seq = rows.last().map_or(0, |row| row.seq);
    let hash = rows.last().map_or("", |row| &row.hash);
    if seq < end.seq {
        return Err(FirstBad {
            seq: seq + 1,
            why: format!("missing; the task has {} entries", end.seq),
        });
    }
    if seq > end.seq || hash != end.hash {
        return Err(FirstBad {
            seq: end.seq.max(1),
            why: "it is not the end that the task remembers".to_owned(),
        });
    }
    Ok(())
}

/// Numbers of entries whose erasure the record tells.
fn erased(rows: &[Sealed]) -> std::collections::BTreeSet<u32> {
    let entries = rows.iter().filter_map(|row| read(&row.entry));
    let erasures = entries.filter(|entry| entry.get("action").is_some_and(|a| a == "erased"));
    erasures
        .filter_map(|entry| entry.get("of").and_then(Value::as_u64))
        .filter_map(|seq| u32::try_from(seq).ok())
        .collect()
}

fn side_is_wrong(row: &Sealed, entry: &Map<String, Value>, is_erased: bool) -> Option<String> {
    let has = HIDDEN.iter().any(|key| entry.contains_key(*key));
    let Some(side) = &row.side else {
        return (has && !is_erased)
            .then(|| "its text beside is gone and no entry says that it was erased".to_owned());
    };
    let Some(side) = read(side) else {
        return Some("its text beside cannot be read".to_owned());
    };
    let wrong = HIDDEN.iter().find(|key| {
        let hash = salted(&side, key);
        hash.as_deref() != entry.get(**key).and_then(Value::as_str)
    })?;
    Some(format!("its {wrong} does not fit its hash"))
}

fn read(text: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Some(map),
        Ok(_) | Err(_) => None,
    }
}
