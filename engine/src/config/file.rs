//! The file `usher.toml`: its values with their lines.

use std::io::ErrorKind;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Fault;
use super::sources::{Origin, Setting, Value, choice, in_bounds, unknown, wants};
use super::table::{KEYS, Kind, SECTIONS};

/// A larger file is no file of settings.
const BYTES_MAX: usize = 1 << 20;

/// What the file says, by the number of the setting.
pub(super) fn read(path: &Path, named: bool, faults: &mut Vec<Fault>) -> Vec<(usize, Setting)> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !named => return Vec::new(),
        Err(error) => {
            let at = path.display().to_string();
            let message = format!("cannot be read: {error}");
            faults.push(Fault { at, message });
            return Vec::new();
        }
    };
    let mut reading = Reading {
        path,
        text: &text,
        faults,
        found: Vec::new(),
    };
    reading.all();
    reading.found
}

struct Reading<'a> {
    path: &'a Path,
    text: &'a str,
    faults: &'a mut Vec<Fault>,
    found: Vec<(usize, Setting)>,
}

impl Reading<'_> {
    fn all(&mut self) {
        if self.text.len() > BYTES_MAX {
            return self.tell(0, "is larger than 1 MiB; that is no file of settings");
        }
        let text = self.text;
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            self.tell(at, error.message());
        }
        for (name, value) in table.get_ref() {
            let section = name.get_ref().as_ref();
            if !SECTIONS.contains(&section) {
                // Whoever leaves out the section has written the name of a setting.
                let of = KEYS.iter().find(|key| key.name() == section);
                let message = match of {
                    Some(key) => format!("`{section}` belongs below [{}]", key.section()),
                    None => unknown("section", section, SECTIONS.into_iter()),
                };
                self.tell(name.span().start, message);
                continue;
            }
            match value.get_ref().as_table() {
                Some(table) => self.section(section, table),
                None => {
                    let message = format!("`{section}` is a section: write [{section}]");
                    self.tell(name.span().start, message);
                }
            }
        }
    }

    fn section(&mut self, section: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let (start, name) = (name.span().start, name.get_ref().as_ref());
            let ours = KEYS.iter().filter(|key| key.section() == section);
            let found = KEYS
                .iter()
                .position(|key| key.section() == section && key.name() == name);
            let Some(at) = found else {
                let what = format!("setting of [{section}]");
                let message = unknown(&what, name, ours.map(|key| key.name()));
                self.tell(start, message);
                continue;
            };
            match self.value(KEYS[at].kind, value) {
                Ok(value) => {
                    let origin = Origin::File(self.path.to_owned(), self.line(start).0);
                    self.found.push((at, Setting { value, origin }));
                }
                Err(message) => {
                    self.tell(value.span().start, format!("{}: {message}", KEYS[at].path));
                }
            }
        }
    }

    fn value(&self, kind: Kind, value: &Spanned<DeValue<'_>>) -> Result<Value, String> {
        let value = value.get_ref();
        let text = || value.as_str().ok_or_else(|| wants(kind));
        match kind {
            Kind::Text => Ok(match text()?.trim() {
                "" => Value::None,
                text => Value::Text(text.to_owned()),
            }),
            Kind::Path => Ok(match text()?.trim() {
                "" => Value::None,
                text => {
                    let folder = self.path.parent().unwrap_or(Path::new(""));
                    Value::Path(folder.join(text))
                }
            }),
            Kind::Choice(words) => choice(words, text()?),
            Kind::Number(least, most) => {
                let number = value.as_integer().and_then(|number| {
                    let digits = number.as_str().replace('_', "");
                    i64::from_str_radix(&digits, number.radix()).ok()
                });
                in_bounds(number.ok_or_else(|| wants(kind))?, least, most)
            }
            Kind::Boolean => {
                let boolean = value.as_bool().ok_or_else(|| wants(kind))?;
                Ok(Value::Boolean(boolean))
            }
            Kind::List => {
                let list = value.as_array().ok_or_else(|| wants(kind))?;
                let texts = list.iter().map(|part| part.get_ref().as_str());
                let texts: Option<Vec<&str>> = texts.collect();
                let texts = texts.ok_or_else(|| wants(kind))?;
                Ok(Value::List(texts.into_iter().map(str::to_owned).collect()))
            }
        }
    }

    fn tell(&mut self, at: usize, message: impl Into<String>) {
        let (line, column) = self.line(at);
        self.faults.push(Fault {
            at: format!("{}:{line}:{column}", self.path.display()),
            message: message.into(),
        });
    }

    /// Line and column, in characters, of a byte of the text; both from 1.
    fn line(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before);
        (line, column.chars().count() + 1)
    }
}
