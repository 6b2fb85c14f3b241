//! Reading fields of a block: kinds, words, numbers, and that rules hold no tags.

use serde_json::{Map, Value};

use super::{Amount, COUNT_MAX, PolicyFault, Step};
use crate::code::{self, Code};
use crate::duration::parse_go_duration_ms;

/// The longest text of a block, bytes.
const TEXT_MAX: usize = 32 << 10;

/// A mapping and where it stands.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) value: &'a Map<String, Value>,
    pub(super) path: Vec<Step>,
}

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) value: &'a Value,
    pub(super) path: Vec<Step>,
}

impl<'a> Block<'a> {
    /// A field; null is none.
    pub(super) fn get(&self, key: &str) -> Option<Field<'a>> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(Field {
            value,
            path: self.path_of(key),
        })
    }

    fn path_of(&self, key: &str) -> Vec<Step> {
        let mut path = self.path.clone();
        path.push(Step::Key(key.to_owned()));
        path
    }
}

/// Collects faults while a block is read.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) faults: Vec<PolicyFault>,
}

impl Reader {
    pub(super) fn tell(&mut self, code: &'static Code, path: &[Step], message: &str) {
        self.put(code, path.to_vec(), message, ("", &[]), false);
    }

    pub(super) fn tell_field(
        &mut self,
        code: &'static Code,
        block: &Block<'_>,
        key: &str,
        message: &str,
    ) {
        self.put(code, block.path_of(key), message, ("", &[]), false);
    }

    /// A fault of the field's name.
    pub(super) fn tell_key(
        &mut self,
        code: &'static Code,
        block: &Block<'_>,
        key: &str,
        message: &str,
    ) {
        self.put(code, block.path_of(key), message, ("", &[]), true);
    }

    fn put(
        &mut self,
        code: &'static Code,
        path: Vec<Step>,
        message: &str,
        (word, known): (&str, &[&str]),
        is_key: bool,
    ) {
        self.faults.push(PolicyFault {
            code,
            path,
            message: message.to_owned(),
            word: word.to_owned(),
            known: known.iter().map(|word| (*word).to_owned()).collect(),
            is_key,
        });
    }

    fn wrong(&mut self, path: &[Step], wanted: &str, found: &Value) {
        let hint = match found {
            Value::Bool(_) | Value::Number(_) if wanted == "text" => "; put it in quotes",
            _ => "",
        };
        let message = format!("takes {wanted}, found {}{hint}", describe(found));
        self.tell(&code::WRONG_KIND, path, &message);
    }

    /// The root as a mapping.
    pub(super) fn root<'a>(&mut self, value: &'a Value) -> Option<Block<'a>> {
        let field = Field {
            value,
            path: Vec::new(),
        };
        self.block(&field, "a mapping with at least `title` and `approvers`")
    }

    pub(super) fn block<'a>(&mut self, at: &Field<'a>, wanted: &str) -> Option<Block<'a>> {
        match at.value.as_object() {
            Some(value) => Some(Block {
                value,
                path: at.path.clone(),
            }),
            None => {
                self.wrong(&at.path, wanted, at.value);
                None
            }
        }
    }

    /// Tells keys that are unknown, and those that come later.
    pub(super) fn keys(&mut self, block: &Block<'_>, known: &[&str], later: &[&str]) {
        for key in block.value.keys() {
            if known.contains(&key.as_str()) {
                continue;
            }
            if later.contains(&key.as_str()) {
                let message = format!("`{key}` comes later and is not supported yet");
                self.tell_key(&code::NOT_SUPPORTED, block, key, &message);
                continue;
            }
            let message = format!("an approval has no field {} here", shown(key));
            let all: Vec<&str> = known.iter().chain(later).copied().collect();
            let path = block.path_of(key);
            self.put(&code::UNKNOWN_FIELD, path, &message, (key, &all), true);
        }
    }

    /// A text for people or a name: it may hold tags.
    pub(super) fn tagged(&mut self, block: &Block<'_>, key: &str) -> Option<String> {
        let field = block.get(key)?;
        let text = self.text(&field)?;
        self.bounded(&field, &text);
        Some(text)
    }

    /// A text that takes numbers and booleans as written, and may hold tags.
    pub(super) fn tagged_scalar(&mut self, block: &Block<'_>, key: &str) -> Option<String> {
        self.scalar(&block.get(key)?)
    }

    /// The text of a scalar, without tags.
    pub(super) fn plain_scalar(&mut self, field: &Field<'_>) -> Option<String> {
        let text = self.scalar(field)?;
        self.literal(field, &text);
        Some(text)
    }

    fn scalar(&mut self, field: &Field<'_>) -> Option<String> {
        let text = match field.value {
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            _ => self.text(field)?,
        };
        self.bounded(field, &text);
        Some(text)
    }

    fn text(&mut self, field: &Field<'_>) -> Option<String> {
        match field.value {
            Value::String(text) => Some(text.clone()),
            other => {
                self.wrong(&field.path, "text", other);
                None
            }
        }
    }

    /// A text without tags.
    pub(super) fn plain(&mut self, block: &Block<'_>, key: &str) -> Option<String> {
        let field = block.get(key)?;
        let text = self.text(&field)?;
        self.literal(&field, &text);
        Some(text)
    }

    /// A name that must be there, without tags; empty when it is refused.
    pub(super) fn name(&mut self, block: &Block<'_>, key: &str) -> String {
        let name = self.plain(block, key);
        if block.get(key).is_none() || name.as_deref() == Some("") {
            let message = format!("`{key}` is missing or empty");
            self.tell_field(&code::MISSING_FIELD, block, key, &message);
        }
        name.unwrap_or_default()
    }

    /// The title: it must be there.
    pub(super) fn title(&mut self, block: &Block<'_>) -> String {
        let title = self.tagged(block, "title");
        let is_empty = title.as_deref().is_some_and(|text| text.trim().is_empty());
        if block.get("title").is_none() || is_empty {
            let message = "an approval needs a `title`: what is it that somebody approves?";
            self.tell_field(&code::MISSING_FIELD, block, "title", message);
        }
        title.unwrap_or_default()
    }

    fn bounded(&mut self, field: &Field<'_>, text: &str) {
        if text.len() > TEXT_MAX {
            let message = format!("has {} bytes, at most {TEXT_MAX}", text.len());
            self.tell(&code::TOO_BIG, &field.path, &message);
        }
    }

    /// Tells tags where rules stand.
    pub(super) fn literal(&mut self, field: &Field<'_>, text: &str) {
        if text.contains("{{") {
            let message = "takes no tags: a rule is written in the file, so that no parameter can \
                           change it";
            self.tell(&code::SCOPE, &field.path, message);
        }
        self.bounded(field, text);
    }

    /// Whether a field holds tags where none may stand, which is told.
    fn is_tagged(&mut self, field: &Field<'_>) -> bool {
        let text = field.value.as_str().unwrap_or_default();
        self.literal(field, text);
        text.contains("{{")
    }

    /// True or false; absent is false.
    pub(super) fn flag(&mut self, block: &Block<'_>, key: &str) -> bool {
        let Some(field) = block.get(key) else {
            return false;
        };
        if let Value::Bool(flag) = field.value {
            return *flag;
        }
        if !self.is_tagged(&field) {
            self.wrong(&field.path, "true or false", field.value);
        }
        false
    }

    /// One of some words.
    pub(super) fn word<T: Clone>(
        &mut self,
        block: &Block<'_>,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let field = block.get(key)?;
        if self.is_tagged(&field) {
            return None;
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let Some(text) = field.value.as_str() else {
            let wanted = format!("one of {}", known.join(", "));
            self.wrong(&field.path, &wanted, field.value);
            return None;
        };
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let message = format!("{} is none of {}", shown(text), known.join(", "));
            let path = field.path;
            self.put(&code::NOT_IN_ENUM, path, &message, (text, &known), false);
        }
        found.map(|(_, value)| value.clone())
    }

    /// A list of at most `most` elements.
    pub(super) fn list<'a>(
        &mut self,
        block: &Block<'a>,
        key: &str,
        most: usize,
    ) -> Option<Vec<Field<'a>>> {
        let field = block.get(key)?;
        let Some(list) = field.value.as_array() else {
            self.wrong(&field.path, "a list", field.value);
            return None;
        };
        if list.len() > most {
            let message = format!("has {} entries, at most {most}", list.len());
            self.tell(&code::TOO_BIG, &field.path, &message);
        }
        let at = |(index, value)| {
            let mut path = field.path.clone();
            path.push(Step::Index(index));
            Field { value, path }
        };
        Some(list.iter().enumerate().take(most).map(at).collect())
    }

    /// A count, a part in percent, or one of `words`.
    pub(super) fn amount(
        &mut self,
        block: &Block<'_>,
        key: &str,
        words: &[&str],
        what: &str,
    ) -> Option<Amount> {
        let field = block.get(key)?;
        if self.is_tagged(&field) {
            return None;
        }
        let text = match field.value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            other => {
                self.wrong(&field.path, what, other);
                return None;
            }
        };
        if let Some(at) = words.iter().position(|word| *word == text) {
            return Some(Amount::Word(at));
        }
        if let Some(Ok(percent)) = text.strip_suffix('%').map(str::parse::<u8>) {
            if (1..=100).contains(&percent) {
                return Some(Amount::Percent(percent));
            }
            self.tell(&code::BAD_NUMBER, &field.path, "a part is from 1% to 100%");
            return None;
        }
        match text.parse::<u32>() {
            Ok(count) if (1..=COUNT_MAX).contains(&count) => return Some(Amount::Count(count)),
            Ok(_) => {
                let message = format!("{text} is out of bounds: from 1 to {COUNT_MAX}");
                self.tell(&code::BAD_NUMBER, &field.path, &message);
            }
            Err(_) => {
                let message = format!("{} is not {what}", shown(&text));
                let path = field.path;
                self.put(&code::NOT_IN_ENUM, path, &message, (&text, words), false);
            }
        }
        None
    }

    /// A whole number of at most 32 bits.
    pub(super) fn count(&mut self, block: &Block<'_>, key: &str) -> Option<u32> {
        let field = block.get(key)?;
        let number = field.value.as_u64();
        let found = number.and_then(|number| u32::try_from(number).ok());
        if found.is_none() && !self.is_tagged(&field) {
            self.wrong(&field.path, "a whole number", field.value);
        }
        found
    }

    /// A length of time, milliseconds: `90s`, `2h45m`, `30d`, `P3D`.
    pub(super) fn span(&mut self, block: &Block<'_>, key: &str) -> Option<i64> {
        let text = self.plain(block, key)?;
        if text.contains("{{") {
            return None;
        }
        let read = match text.starts_with('P') {
            true => iso_ms(&text).ok_or_else(|| {
                format!("{} is no ISO 8601 duration in weeks or less", shown(&text))
            }),
            false => parse_go_duration_ms(&text).map_err(|error| error.to_string()),
        };
        match read {
            Ok(ms) if ms > 0 => return Some(ms),
            Ok(_) => {
                let message = format!("{} is no time to wait", shown(&text));
                self.tell_field(&code::BAD_DURATION, block, key, &message);
            }
            Err(message) => self.tell_field(&code::BAD_DURATION, block, key, &message),
        }
        None
    }
}

/// `P1W`, `P3DT12H`, `PT45M`; months and years have no fixed length and are not read.
fn iso_ms(text: &str) -> Option<i64> {
    let rest = text.strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (rest, ""),
    };
    let is_made_of = |part: &str, units: &str| {
        let fits = |c: char| c.is_ascii_digit() || units.contains(c);
        part.chars().all(fits)
    };
    if rest.is_empty() || !is_made_of(date, "WD") || !is_made_of(time, "HMS") {
        return None;
    }
    parse_go_duration_ms(&format!("{date}{time}").to_ascii_lowercase()).ok()
}

/// A value as a person would call it.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(flag) => format!("the boolean {flag}"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text {}", shown(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

/// A text of a file inside a message: on one line, in quotes, cut when it is long.
pub(super) fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(64).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}

#[cfg(test)]
mod tests {
    use super::iso_ms;

    /// Weeks, days and what is shorter; nothing whose length depends on the calendar.
    #[test]
    fn iso_durations() {
        for (text, ms) in [
            ("P1W", Some(604_800_000)),
            ("P3DT12H", Some(302_400_000)),
            ("PT45M", Some(2_700_000)),
            ("PT1H30S", Some(3_630_000)),
            ("P", None),
            ("PT", None),
            ("P1DT", None),
            ("P1M", None),
            ("P1Y", None),
            ("PT1D", None),
            ("P-1D", None),
            ("P 1D", None),
        ] {
            assert_eq!(iso_ms(text), ms, "{text}");
        }
    }
}
