//! What a condition computes with.

use std::fmt;

use super::number;

/// A value while a condition is evaluated. Displays as it stands in messages.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Nothing: `()`, or a conditional without its last part.
    Nil,
    Bool(bool),
    Number(f64),
    Text(String),
    /// What commas make; the right side of `in`.
    List(Vec<Value>),
}

impl Value {
    pub(super) fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    /// How many values it holds: the steps that comparing it takes beyond the first.
    pub(super) fn weight(&self) -> usize {
        match self {
            Value::List(items) => items.iter().map(|item| 1 + item.weight()).sum(),
            Value::Nil | Value::Bool(_) | Value::Number(_) | Value::Text(_) => 0,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Nil => formatter.write_str("<nil>"),
            Value::Bool(value) => write!(formatter, "{value}"),
            Value::Number(value) => formatter.write_str(&number::written(*value)),
            Value::Text(value) => formatter.write_str(value),
            Value::List(items) => {
                formatter.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    let space = if index == 0 { "" } else { " " };
                    write!(formatter, "{space}{item}")?;
                }
                formatter.write_str("]")
            }
        }
    }
}
