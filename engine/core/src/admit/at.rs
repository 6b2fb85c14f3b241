//! A value of a document together with its path: what every later pass walks with.
//!
//! The shape pass has already told wrong kinds, so a getter that meets one answers as if the field
//! were absent.

use serde_json::{Map, Value};

use super::path::Path;

/// A value and its path.
#[derive(Debug, Clone)]
pub(crate) struct At<'a> {
    /// The value.
    pub(crate) value: &'a Value,
    /// Its path.
    pub(crate) path: Path,
}

impl<'a> At<'a> {
    /// The whole document.
    pub(crate) fn root(value: &'a Value) -> At<'a> {
        At {
            value,
            path: Path::default(),
        }
    }

    /// A field, if it is there.
    pub(crate) fn get(&self, name: &str) -> Option<At<'a>> {
        Some(At {
            value: self.value.get(name)?,
            path: self.path.key(name),
        })
    }

    /// A field that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.value.get(name)?.as_str()
    }

    /// A field that is a text or a whole number, as text.
    pub(crate) fn number_text(&self, name: &str) -> Option<String> {
        match self.value.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// A field that is true; absent counts as false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.value.get(name) == Some(&Value::Bool(true))
    }

    /// The elements of a list field; none if it is absent.
    pub(crate) fn items(&self, name: &str) -> Vec<At<'a>> {
        self.get(name).map_or_else(Vec::new, |list| list.elements())
    }

    /// The elements, if this is a list. Nulls stand for elements that were already refused.
    pub(crate) fn elements(&self) -> Vec<At<'a>> {
        let Some(list) = self.value.as_array() else {
            return Vec::new();
        };
        let at = |(index, value)| At {
            value,
            path: self.path.index(index),
        };
        let there = |(_, value): &(usize, &Value)| !value.is_null();
        list.iter().enumerate().filter(there).map(at).collect()
    }

    /// The fields, if this is a mapping.
    pub(crate) fn object(&self) -> Option<&'a Map<String, Value>> {
        self.value.as_object()
    }

    /// The texts of a list field.
    pub(crate) fn texts(&self, name: &str) -> Vec<&'a str> {
        let list = self.value.get(name).and_then(Value::as_array);
        list.map_or_else(Vec::new, |list| {
            list.iter().filter_map(Value::as_str).collect()
        })
    }
}
