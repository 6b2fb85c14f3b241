//! Where each value comes from: flag before environment before file before default.

use std::path::{Path, PathBuf};

use usher_notifier::people::nearest;

use super::Fault;
use super::file;
use super::table::{KEYS, Key, Kind, SECTIONS, number_of};

/// What a configuration is put together from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The state directory: where the file is unless it is named, and people and keys too.
    pub state: PathBuf,
    /// The file that was named; it must be there.
    pub file: Option<PathBuf>,
    /// Variables of the environment.
    pub env: Vec<(String, String)>,
    /// Values from the command line with the flag that they came by.
    pub flags: Vec<(String, String, &'static str)>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    Flag(&'static str),
    /// A variable of the environment.
    Variable(String),
    /// A line of the file.
    File(PathBuf, usize),
    /// Nobody said anything.
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Flag(flag) => write!(f, "{flag}"),
            Origin::Variable(name) => write!(f, "${name}"),
            Origin::File(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing.
    None,
    Text(String),
    Number(i64),
    Boolean(bool),
    List(Vec<String>),
    Path(PathBuf),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::None => f.write_str("-"),
            Value::Text(text) => f.write_str(text),
            Value::Number(number) => write!(f, "{number}"),
            Value::Boolean(boolean) => write!(f, "{boolean}"),
            Value::List(list) if list.is_empty() => f.write_str("-"),
            Value::List(list) => f.write_str(&list.join(", ")),
            Value::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A value with its origin.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// A value of every setting, in the order of [`KEYS`].
#[derive(Debug, Clone)]
pub(super) struct Settings(pub(super) Vec<Setting>);

impl Settings {
    pub(super) fn of(&self, path: &str) -> &Setting {
        // Every path that is asked for is written in the table: a test walks over them.
        &self.0[number_of(path).unwrap_or(0)]
    }

    pub(super) fn put(&mut self, path: &str, value: Value) {
        if let Some(at) = number_of(path) {
            self.0[at].value = value;
        }
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        match &self.of(path).value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn list(&self, path: &str) -> &[String] {
        match &self.of(path).value {
            Value::List(list) => list,
            _ => &[],
        }
    }

    pub(super) fn number(&self, path: &str) -> Option<i64> {
        match self.of(path).value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn path(&self, path: &str) -> Option<&Path> {
        match &self.of(path).value {
            Value::Path(file) => Some(file),
            _ => None,
        }
    }
}

/// The file that is read, and whether it is one that was named.
pub(super) fn file_of(sources: &Sources) -> (PathBuf, bool) {
    let variable = sources.env.iter().find(|(name, _)| name == "USHER_CONFIG");
    let variable = variable.filter(|(_, value)| !value.is_empty());
    let named = sources
        .file
        .clone()
        .or_else(|| variable.map(|(_, value)| PathBuf::from(value)));
    match named {
        Some(file) => (std::path::absolute(&file).unwrap_or(file), true),
        None => (sources.state.join("usher.toml"), false),
    }
}

/// Puts all sources together.
pub(super) fn gather(sources: &Sources, faults: &mut Vec<Fault>) -> Settings {
    let defaults = KEYS.iter().map(|key| Setting {
        value: parse(key, key.default).unwrap_or(Value::None),
        origin: Origin::Default,
    });
    let mut settings = Settings(defaults.collect());
    let (path, named) = file_of(sources);
    for (at, setting) in file::read(&path, named, faults) {
        settings.0[at] = setting;
    }
    for (name, text) in sources.env.iter().filter(|(_, text)| !text.is_empty()) {
        if let Some(at) = KEYS.iter().position(|key| key.variable() == *name) {
            let origin = Origin::Variable(name.clone());
            take(&mut settings, at, text, origin, faults);
        } else if let Some(fault) = unknown_variable(name) {
            faults.push(fault);
        }
    }
    for (path, text, flag) in &sources.flags {
        let origin = Origin::Flag(flag);
        match number_of(path) {
            Some(at) => take(&mut settings, at, text, origin, faults),
            None => faults.push(Fault {
                at: origin.to_string(),
                message: unknown("setting", path, KEYS.iter().map(|key| key.path)),
            }),
        }
    }
    settings
}

fn take(settings: &mut Settings, at: usize, text: &str, origin: Origin, faults: &mut Vec<Fault>) {
    let key = &KEYS[at];
    match parse(key, text) {
        Ok(value) => settings.0[at] = Setting { value, origin },
        Err(message) => faults.push(Fault {
            at: origin.to_string(),
            message: format!("{}: {message}", key.path),
        }),
    }
}

/// What a text from the environment or the command line is for a setting.
fn parse(key: &Key, text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(match key.kind {
            Kind::List => Value::List(Vec::new()),
            _ => Value::None,
        });
    }
    match key.kind {
        Kind::Text => Ok(Value::Text(text.to_owned())),
        Kind::Number(least, most) => {
            let number = text.parse().map_err(|_| wants(key.kind))?;
            in_bounds(number, least, most)
        }
        Kind::Boolean => text
            .parse()
            .map(Value::Boolean)
            .map_err(|_| wants(key.kind)),
        Kind::List => {
            let parts = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            Ok(Value::List(parts.map(str::to_owned).collect()))
        }
        Kind::Path => {
            let path = PathBuf::from(text);
            Ok(Value::Path(std::path::absolute(&path).unwrap_or(path)))
        }
        Kind::Choice(words) => choice(words, text),
    }
}

/// A number, if it is within its bounds.
pub(super) fn in_bounds(number: i64, least: i64, most: i64) -> Result<Value, String> {
    if (least..=most).contains(&number) {
        return Ok(Value::Number(number));
    }
    Err(wants(Kind::Number(least, most)))
}

/// A word, if it is one of these.
pub(super) fn choice(words: &[&'static str], text: &str) -> Result<Value, String> {
    if words.contains(&text) {
        return Ok(Value::Text(text.to_owned()));
    }
    Err(unknown("choice", text, words.iter().copied()))
}

/// What a setting takes, in words.
pub(super) fn wants(kind: Kind) -> String {
    match kind {
        Kind::Text | Kind::Path => "takes a text in quotes".to_owned(),
        Kind::Number(least, most) => format!("takes a whole number from {least} to {most}"),
        Kind::Boolean => "takes true or false".to_owned(),
        Kind::List => "takes a list of texts, such as [\"one\", \"two\"]".to_owned(),
        Kind::Choice(words) => format!("takes one of {}", words.join(", ")),
    }
}

/// That a word means nothing, and what was probably meant.
pub(super) fn unknown<'a>(
    what: &str,
    word: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> String {
    match nearest(word, known.clone()) {
        Some(near) => format!("`{word}` is no {what}; did you mean `{near}`?"),
        None => {
            let all: Vec<&str> = known.collect();
            format!("`{word}` is no {what}; there are {}", all.join(", "))
        }
    }
}

/// A variable that begins like ours and is none is a slip that nobody would notice.
fn unknown_variable(name: &str) -> Option<Fault> {
    let is_ours = |section: &&str| {
        let prefix = format!("USHER_{}_", section.to_uppercase());
        name.starts_with(&prefix)
    };
    let section = SECTIONS.into_iter().find(is_ours)?;
    let known: Vec<String> = KEYS
        .iter()
        .filter(|key| key.section() == section)
        .map(Key::variable)
        .collect();
    Some(Fault {
        at: format!("${name}"),
        message: unknown("setting", name, known.iter().map(String::as_str)),
    })
}
