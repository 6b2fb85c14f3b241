//! The first pass: every field is known, has the right kind, and is supported.
//!
//! Driven by the field table alone. It gives back the object as it is stored: nulls are gone,
//! numbers and booleans are text where Argo takes them as text, a single step is a group of one,
//! and what an engine wrote (`status`, `metadata.uid` …) is left out.

use serde_json::{Map, Number, Value};
use usher_api::code;
use usher_api::fields::{Field, Fields, Kind, State};

use super::faults::Faults;
use super::path::{Path, shown};

/// How deeply objects may nest, as in the file.
const DEPTH_MAX: usize = 64;

/// Fields that the engine sets; those of a submitted file say nothing.
const WRITTEN_BY_ENGINE: [(&str, &str); 9] = [
    ("Workflow", "status"),
    ("ObjectMeta", "uid"),
    ("ObjectMeta", "resourceVersion"),
    ("ObjectMeta", "creationTimestamp"),
    ("ObjectMeta", "selfLink"),
    ("ObjectMeta", "generation"),
    ("ObjectMeta", "deletionTimestamp"),
    ("ObjectMeta", "deletionGracePeriodSeconds"),
    ("ObjectMeta", "managedFields"),
];

/// What the pass gives.
#[derive(Debug)]
pub(crate) struct Shaped {
    /// The object as it is stored.
    pub(crate) object: Value,
    /// Paths without indices of fields that are kept without effect, each once, in file order.
    pub(crate) kept: Vec<String>,
}

/// Checks an object against the table and gives it the form in which it is stored.
pub(crate) fn shape(object: &Value, faults: &mut Faults<'_>) -> Shaped {
    let mut pass = Pass {
        fields: Fields::table(),
        faults,
        kept: Vec::new(),
    };
    let object = pass.object("Workflow", object, &Path::default());
    Shaped {
        object: object.unwrap_or_default(),
        kept: pass.kept,
    }
}

struct Pass<'a, 'b> {
    fields: &'static Fields,
    faults: &'a mut Faults<'b>,
    kept: Vec<String>,
}

impl Pass<'_, '_> {
    fn object(&mut self, owner: &str, value: &Value, path: &Path) -> Option<Value> {
        let Some(given) = value.as_object() else {
            return self.wrong(path, "a mapping", value);
        };
        if path.depth() > DEPTH_MAX {
            let message = format!("nests deeper than {DEPTH_MAX} levels");
            self.faults.add(&code::TOO_BIG, path, message);
            return None;
        }
        let mut out = Map::new();
        for (name, value) in given {
            let path = path.key(name);
            let Some(field) = self.fields.find(owner, name) else {
                self.unknown(owner, name, &path);
                continue;
            };
            if value.is_null() || !self.takes(owner, field, value, &path) {
                continue;
            }
            if let Some(value) = self.value(&field.kind, value, &path) {
                out.insert(name.clone(), value);
            }
        }
        Some(Value::Object(out))
    }

    /// Whether the field goes into the stored object; tells the refused and notes the kept ones.
    fn takes(&mut self, owner: &str, field: &Field, value: &Value, path: &Path) -> bool {
        match field.state {
            State::Works => true,
            State::Later => {
                let message = format!("`{}` is not supported yet", field.name);
                self.faults
                    .add_key(&code::NOT_SUPPORTED, path, message, None);
                false
            }
            State::Kept => {
                if WRITTEN_BY_ENGINE.contains(&(owner, &field.name)) {
                    return false;
                }
                let shown = path.without_indices();
                let is_heard = owner == "Template" && is_heard(&field.name, value);
                if !is_heard && !self.kept.contains(&shown) {
                    self.kept.push(shown);
                }
                true
            }
        }
    }

    fn unknown(&mut self, owner: &str, name: &str, path: &Path) {
        let known = self.fields.of(owner);
        let near = self
            .faults
            .near(name, known.iter().map(|field| field.name.as_str()));
        let place = match owner {
            "Workflow" => "a Workflow".to_owned(),
            _ => format!("this {owner}"),
        };
        let mut message = format!("there is no field {} in {place}", shown(name));
        let is_slip = near.is_some_and(|near| near.starts_with(name) || name.starts_with(near));
        let mut near = near;
        let owners = self.owners_of(name);
        if !is_slip && !owners.is_empty() {
            message.push_str(&format!("; it is a field of {}", owners.join(" and ")));
            near = None;
        }
        self.faults
            .add_key(&code::UNKNOWN_FIELD, path, message, near);
    }

    /// The first types of the table that have a field of this name.
    fn owners_of(&self, name: &str) -> Vec<&'static str> {
        let types = self.fields.types().iter();
        types
            .filter(|owner| self.fields.find(owner, name).is_some())
            .map(String::as_str)
            .take(2)
            .collect()
    }

    fn value(&mut self, kind: &Kind, value: &Value, path: &Path) -> Option<Value> {
        match kind {
            Kind::Any => Some(value.clone()),
            Kind::Text => match value {
                Value::String(_) => Some(value.clone()),
                _ => self.wrong(path, "text", value),
            },
            Kind::Scalar => match scalar_text(value) {
                Some(text) => Some(Value::String(text)),
                None => self.wrong(path, "text", value),
            },
            Kind::Bool => match value {
                Value::Bool(_) => Some(value.clone()),
                _ => self.wrong(path, "true or false", value),
            },
            Kind::Int => match whole(value) {
                Some(number) => Some(Value::from(number)),
                None => self.wrong(path, "a whole number", value),
            },
            Kind::Number => match (value, whole(value)) {
                (Value::String(_), _) => Some(value.clone()),
                (_, Some(number)) => Some(Value::from(number)),
                _ => self.wrong(path, "a whole number, or text with one", value),
            },
            Kind::Texts => self.list(value, path, "a list of texts", &Kind::Text),
            Kind::Scalars => self.list(value, path, "a list of texts", &Kind::Scalar),
            Kind::Map => self.map(value, path),
            Kind::Object(of) => self.object(of, value, path),
            Kind::List(of) => self.list(value, path, "a list", &Kind::Object(of.clone())),
            Kind::Lists(of) => self.groups(value, path, of),
        }
    }

    fn list(&mut self, value: &Value, path: &Path, what: &str, of: &Kind) -> Option<Value> {
        let Some(list) = value.as_array() else {
            return self.wrong(path, what, value);
        };
        let mut out = Vec::with_capacity(list.len());
        for (at, value) in list.iter().enumerate() {
            // A wrong element leaves a null, so that those after it keep their index.
            out.push(self.value(of, value, &path.index(at)).unwrap_or_default());
        }
        Some(Value::Array(out))
    }

    /// Groups of steps; a step that stands where a group should is a group of one.
    fn groups(&mut self, value: &Value, path: &Path, of: &str) -> Option<Value> {
        let Some(list) = value.as_array() else {
            return self.wrong(path, "a list of lists", value);
        };
        let mut out = Vec::with_capacity(list.len());
        for (at, value) in list.iter().enumerate() {
            let path = path.index(at);
            if value.is_object() {
                let one = self.object(of, value, &path.index(0));
                out.push(Value::Array(vec![one.unwrap_or_default()]));
            } else {
                let kind = Kind::Object(of.to_owned());
                let group = self.list(value, &path, "a list of steps", &kind);
                out.push(group.unwrap_or_default());
            }
        }
        Some(Value::Array(out))
    }

    fn map(&mut self, value: &Value, path: &Path) -> Option<Value> {
        let Some(given) = value.as_object() else {
            return self.wrong(path, "a mapping of texts", value);
        };
        let mut out = Map::new();
        for (name, value) in given {
            if let Some(value) = self.value(&Kind::Text, value, &path.key(name)) {
                out.insert(name.clone(), value);
            }
        }
        Some(Value::Object(out))
    }

    fn wrong(&mut self, path: &Path, wanted: &str, found: &Value) -> Option<Value> {
        let hint = match (wanted, found) {
            ("text", Value::Bool(_) | Value::Number(_)) => "; put it in quotes",
            ("true or false", Value::String(text)) if as_flag(text) => "; take the quotes off",
            ("a whole number", Value::String(text)) if text.parse::<i64>().is_ok() => {
                "; take the quotes off"
            }
            ("a list of texts", Value::String(_)) => "; put it in brackets",
            _ => "",
        };
        let written = match found {
            Value::Bool(flag) => self
                .faults
                .written(path)
                .filter(|word| *word != flag.to_string()),
            _ => None,
        };
        let message = match written {
            Some(word) => format!("takes {wanted}, and `{word}` is {found} in YAML{hint}"),
            None => format!("takes {wanted}, found {}{hint}", describe(found)),
        };
        self.faults.add(&code::WRONG_KIND, path, message);
        None
    }
}

/// Whether a field of a template holds nothing but annotations that have an effect.
fn is_heard(name: &str, value: &Value) -> bool {
    let ours = |key: &String| {
        key.starts_with("usher.flow/") || key == "workflows.argoproj.io/display-name"
    };
    let annotations = match (name, value.as_object()) {
        ("annotations", Some(annotations)) => Some(annotations),
        ("metadata", Some(metadata)) if metadata.len() == 1 => {
            metadata.get("annotations").and_then(Value::as_object)
        }
        _ => None,
    };
    annotations.is_some_and(|all| all.keys().all(ours))
}

fn as_flag(text: &str) -> bool {
    matches!(text, "true" | "false")
}

/// A value as a person would call it.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(flag) => format!("the boolean {flag}"),
        Value::Number(number) => format!("the number {}", number_text(number)),
        Value::String(text) => format!("the text {}", shown(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

/// Text of a scalar as Argo writes it: `1e3` is `1000`, `yes` is `true`.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number_text(number)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number without exponent, as short as it can be.
fn number_text(number: &Number) -> String {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(whole), _, _) => whole.to_string(),
        (None, Some(whole), _) => whole.to_string(),
        (None, None, Some(fraction)) => fraction.to_string(),
        (None, None, None) => number.to_string(),
    }
}

/// A whole number within 64 bits; `1e3` is one.
fn whole(value: &Value) -> Option<i64> {
    let number = value.as_number()?;
    if let Some(whole) = number.as_i64() {
        return Some(whole);
    }
    let fraction = number.as_f64()?;
    // Beyond 2^53 a float no longer says which whole number was meant.
    let is_whole = fraction.fract() == 0.0 && fraction.abs() <= 9_007_199_254_740_992.0;
    (is_whole && number.is_f64()).then_some(fraction as i64)
}
