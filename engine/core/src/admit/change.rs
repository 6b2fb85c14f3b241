//! What the caller of `submit` changes in a file's object, and the hash of the result.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use usher_api::code;

use super::Overrides;
use super::faults::Faults;
use super::path::{Path, shown};

/// The object with the changes in it. Where the file's object has another form than it should, it
/// stays as it is; the shape pass says so.
pub(crate) fn apply(object: &Value, overrides: &Overrides, faults: &mut Faults<'_>) -> Value {
    let mut object = object.clone();
    metadata(&mut object, overrides, faults);
    let spec_fields = [
        ("entrypoint", overrides.entrypoint.clone().map(Value::from)),
        (
            "serviceAccountName",
            overrides.service_account.clone().map(Value::from),
        ),
        ("priority", overrides.priority.map(Value::from)),
    ];
    for (name, value) in spec_fields {
        if let Some(value) = value
            && let Some(spec) = field(&mut object, "spec")
        {
            spec.insert(name.to_owned(), value);
        }
    }
    for (name, value) in &overrides.parameters {
        parameter(&mut object, name, value);
    }
    object
}

/// A field that is a mapping; made when it is absent.
fn field<'a>(owner: &'a mut Value, name: &str) -> Option<&'a mut Map<String, Value>> {
    let fields = owner.as_object_mut()?;
    let value = fields.entry(name).or_insert_with(|| json!({}));
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut()
}

fn metadata(object: &mut Value, overrides: &Overrides, faults: &mut Faults<'_>) {
    if *overrides == Overrides::default() {
        return;
    }
    let Some(metadata) = field(object, "metadata") else {
        return;
    };
    if let Some(name) = &overrides.generate_name {
        metadata.insert("generateName".to_owned(), json!(name));
        // A name in the file would win over the one to be made.
        metadata.shift_remove("name");
    }
    if let Some(name) = &overrides.name {
        metadata.insert("name".to_owned(), json!(name));
    }
    if let Some(wanted) = &overrides.namespace {
        match metadata.get("namespace").and_then(Value::as_str) {
            Some(given) if !given.is_empty() && given != wanted => {
                let path = Path::default().key("metadata").key("namespace");
                let message = format!(
                    "is {}, but {} was asked for; leave one of them out",
                    shown(given),
                    shown(wanted)
                );
                faults.add(&code::BAD_NAME, &path, message);
            }
            _ => {
                metadata.insert("namespace".to_owned(), json!(wanted));
            }
        }
    }
    if overrides.labels.is_empty() {
        return;
    }
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    if let Some(labels) = labels.as_object_mut() {
        for (name, value) in &overrides.labels {
            labels.insert(name.clone(), json!(value));
        }
    }
}

/// Sets a parameter's value, or adds the parameter, as `argo submit -p` does.
pub(crate) fn parameter(object: &mut Value, name: &str, value: &str) {
    let Some(arguments) = object
        .get_mut("spec")
        .and_then(|spec| field(spec, "arguments"))
    else {
        return;
    };
    let list = arguments.entry("parameters").or_insert_with(|| json!([]));
    if list.is_null() {
        *list = json!([]);
    }
    let Some(list) = list.as_array_mut() else {
        return;
    };
    let found = list
        .iter_mut()
        .find(|entry| entry.get("name").and_then(Value::as_str) == Some(name));
    match found.and_then(Value::as_object_mut) {
        Some(entry) => {
            entry.insert("value".to_owned(), json!(value));
        }
        None => list.push(json!({"name": name, "value": value})),
    }
}

/// Content hash of an object without `status` and without what is each run's own (name, namespace),
/// 64 hexadecimal digits. Labels and annotations count: the stored object has them. The order of
/// keys does not count.
pub fn content_hash(object: &Value) -> String {
    let mut content = object.clone();
    if let Some(fields) = content.as_object_mut() {
        fields.shift_remove("status");
    }
    if let Some(fields) = content.get_mut("metadata").and_then(Value::as_object_mut) {
        fields.shift_remove("name");
        fields.shift_remove("namespace");
    }
    content.sort_all_objects();
    let digest = Sha256::digest(content.to_string().as_bytes());
    digest
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
