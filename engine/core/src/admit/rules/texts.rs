//! Every text of a template that is rendered when it runs, found by the field table.

use serde_json::Value;
use usher_api::fields::{Fields, Kind, State};

use crate::admit::at::At;

/// Fields whose texts have a scope of their own.
const ELSEWHERE: [&str; 3] = ["inline", "steps", "tasks"];

/// Calls `visit` for each text below an object of type `owner`. Calls and inline templates in it
/// are left out, since their texts have a scope of their own, and so are fields without effect.
pub(super) fn each<'a>(owner: &str, at: &At<'a>, visit: &mut dyn FnMut(&At<'a>, &'a str)) {
    let Some(object) = at.object() else {
        return;
    };
    for name in object.keys() {
        let Some(field) = Fields::table().find(owner, name) else {
            continue;
        };
        if field.state != State::Works || ELSEWHERE.contains(&name.as_str()) {
            continue;
        }
        if let Some(at) = at.get(name) {
            value(&field.kind, &at, visit);
        }
    }
}

fn value<'a>(kind: &Kind, at: &At<'a>, visit: &mut dyn FnMut(&At<'a>, &'a str)) {
    match kind {
        Kind::Text | Kind::Scalar | Kind::Number => {
            if let Value::String(text) = at.value {
                visit(at, text);
            }
        }
        Kind::Texts | Kind::Scalars => {
            for at in at.elements() {
                value(&Kind::Text, &at, visit);
            }
        }
        Kind::Object(of) => each(of, at, visit),
        Kind::List(of) => {
            for at in at.elements() {
                each(of, &at, visit);
            }
        }
        Kind::Int | Kind::Bool | Kind::Any | Kind::Map | Kind::Lists(_) => {}
    }
}
