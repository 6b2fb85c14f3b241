//! Reduces a `Workflow` object to what two engines must agree on.
//!
//! Kept: name, labels and annotations that no tool sets for itself, `spec.suspend` and
//! `spec.shutdown`, phase, message, outputs, conditions, and of each node its identity, phase,
//! message, edges, inputs and outputs. Sorted: whatever has its order from timing. Times are only
//! there or not. Long values become their length and hash.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::volatile;

const NODE_FIELDS: [&str; 16] = [
    "id",
    "name",
    "displayName",
    "type",
    "templateName",
    "templateRef",
    "templateScope",
    "phase",
    "boundaryID",
    "message",
    "children",
    "outboundNodes",
    "nodeFlag",
    "inputs",
    "outputs",
    "daemoned",
];

/// A value longer than this many characters is shown by its length and hash.
const LONG: usize = 1_000;

/// The reduced form; `places` are the case's volatile ones.
pub(crate) fn reduce(object: &Value, places: &[String]) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".into(), object["metadata"]["name"].clone());
    for key in ["labels", "annotations"] {
        let table: Map<String, Value> = entries(&object["metadata"][key])
            .filter(|(name, _)| !is_tools_own(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        put(&mut metadata, key, Value::Object(table));
    }
    let mut out = Map::new();
    out.insert("metadata".into(), Value::Object(metadata));
    out.insert("status".into(), status(&object["status"]));
    let mut spec = Map::new();
    for key in ["suspend", "shutdown"] {
        let value = &object["spec"][key];
        if *value != Value::Bool(false) {
            put(&mut spec, key, value.clone());
        }
    }
    put(&mut out, "spec", Value::Object(spec));
    let mut out = Value::Object(out);
    for place in places {
        volatile::blur(&mut out, place);
    }
    out
}

fn status(status: &Value) -> Value {
    let mut out = Map::new();
    for key in ["phase", "message"] {
        put(&mut out, key, status[key].clone());
    }
    let mut conditions: Vec<Value> = list(&status["conditions"])
        .filter(|condition| condition["type"] != "PodRunning")
        .map(|condition| json!({"type": condition["type"], "status": condition["status"]}))
        .collect();
    sort_by(&mut conditions, "type");
    put(&mut out, "conditions", Value::from(conditions));
    put(&mut out, "outputs", values(&status["outputs"]));
    let nodes = entries(&status["nodes"]).map(|(id, value)| (id.clone(), node(value)));
    out.insert("nodes".into(), Value::Object(nodes.collect()));
    Value::Object(out)
}

fn node(node: &Value) -> Value {
    let mut out = Map::new();
    for key in NODE_FIELDS {
        let value = match key {
            "inputs" | "outputs" => values(&node[key]),
            "children" | "outboundNodes" => {
                let mut ids: Vec<Value> = list(&node[key]).cloned().collect();
                ids.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
                Value::from(ids)
            }
            "message" => node[key]
                .as_str()
                .map_or(Value::Null, |text| json!(no_caller(text))),
            _ => node[key].clone(),
        };
        put(&mut out, key, value);
    }
    for key in ["startedAt", "finishedAt"] {
        if node[key].as_str().is_some_and(|time| !time.is_empty()) {
            out.insert(key.into(), json!("<time>"));
        }
    }
    Value::Object(out)
}

/// Inputs or outputs: parameters and artifacts by name, artifacts without their places.
fn values(io: &Value) -> Value {
    let mut out = Map::new();
    for (key, value) in entries(io) {
        match key.as_str() {
            "parameters" => {
                let mut parameters: Vec<Value> = list(value).cloned().collect();
                for parameter in &mut parameters {
                    if let Some(value) = parameter.get_mut("value") {
                        *value = short(value);
                    }
                }
                sort_by(&mut parameters, "name");
                put_some(&mut out, key, Value::from(parameters));
            }
            "artifacts" => {
                let is_log = |name: &Value| name.as_str().is_some_and(|n| n.ends_with("-logs"));
                let mut artifacts: Vec<Value> = list(value)
                    .map(|artifact| &artifact["name"])
                    .filter(|name| !is_log(name))
                    .map(|name| json!({"name": name}))
                    .collect();
                sort_by(&mut artifacts, "name");
                put_some(&mut out, key, Value::from(artifacts));
            }
            "result" => {
                out.insert(key.clone(), short(value));
            }
            _ => put_some(&mut out, key, value.clone()),
        }
    }
    Value::Object(out)
}

/// Inserts what is not empty.
fn put(out: &mut Map<String, Value>, key: &str, value: Value) {
    if value != json!("") {
        put_some(out, key, value);
    }
}

/// Inserts what is not empty; an empty text is something here.
fn put_some(out: &mut Map<String, Value>, key: &str, value: Value) {
    if value != Value::Null && value != json!([]) && value != json!({}) {
        out.insert(key.into(), value);
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn sort_by(list: &mut [Value], key: &str) {
    list.sort_by(|a, b| a[key].as_str().cmp(&b[key].as_str()));
}

fn short(value: &Value) -> Value {
    match value.as_str() {
        Some(text) if text.chars().count() > LONG => {
            let hash: String = Sha256::digest(text)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            json!(format!(
                "<{} characters, sha256 {hash}>",
                text.chars().count()
            ))
        }
        _ => value.clone(),
    }
}

/// Labels and annotations that tools and servers set for their own purposes.
fn is_tools_own(name: &str) -> bool {
    const EXACT: [&str; 6] = [
        "pod-name-format",
        "trace-id",
        "span-id",
        "action",
        "workflow-archiving-status",
        "controller-instanceid",
    ];
    name.starts_with("kubectl.kubernetes.io/")
        || name
            .strip_prefix("workflows.argoproj.io/")
            .is_some_and(|rest| {
                EXACT.contains(&rest) || rest.starts_with("creator") || rest.starts_with("actor")
            })
}

/// Who resumed or stopped a node differs between systems: `Resumed by: <caller>`.
fn no_caller(text: &str) -> String {
    for verb in ["Resumed", "Stopped", "Terminated", "Suspended"] {
        let words = format!("{verb} by: ");
        let Some((before, after)) = text.split_once(&words) else {
            continue;
        };
        let end = if after.starts_with("map[") {
            after.find(']').map(|at| at + 1)
        } else {
            Some(after.find(char::is_whitespace).unwrap_or(after.len()))
        };
        if let Some(end) = end.filter(|end| *end > 0) {
            return format!("{before}{words}<caller>{}", &after[end..]);
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record is reduced already: reducing it again changes nothing.
    #[test]
    fn records_stay_as_they_are() {
        for case in crate::case::all() {
            assert_eq!(
                reduce(&case.recorded, &case.head.volatile),
                case.recorded,
                "{}",
                case.name
            );
        }
    }

    #[test]
    fn what_is_reduced() {
        let object = json!({
            "metadata": {
                "name": "a", "uid": "u",
                "labels": {"workflows.argoproj.io/creator-email": "x", "mine": "1"},
                "annotations": {"workflows.argoproj.io/pod-name-format": "v2"}
            },
            "spec": {"suspend": false, "entrypoint": "main"},
            "status": {
                "phase": "Succeeded", "startedAt": "2026-01-01T00:00:00Z",
                "conditions": [
                    {"type": "PodRunning", "status": "False"},
                    {"type": "Completed", "status": "True", "message": "m"}
                ],
                "nodes": {"a": {
                    "id": "a", "startedAt": "2026-01-01T00:00:00Z", "finishedAt": null,
                    "message": "Resumed by: map[User:ada] at last", "children": ["a-2", "a-1"],
                    "outputs": {
                        "result": "", "exitCode": "0", "parameters": [],
                        "artifacts": [{"name": "main-logs"}, {"name": "x", "s3": {"key": "k"}}]
                    }
                }}
            }
        });
        assert_eq!(
            reduce(&object, &[]),
            json!({
                "metadata": {"name": "a", "labels": {"mine": "1"}},
                "status": {
                    "phase": "Succeeded",
                    "conditions": [{"type": "Completed", "status": "True"}],
                    "nodes": {"a": {
                        "id": "a", "startedAt": "<time>",
                        "message": "Resumed by: <caller> at last", "children": ["a-1", "a-2"],
                        "outputs": {"result": "", "exitCode": "0", "artifacts": [{"name": "x"}]}
                    }}
                }
            })
        );
    }

    /// The figures come from `sha256sum`.
    #[test]
    fn long_values_become_hashes() {
        let long = "a".repeat(1_001);
        assert_eq!(short(&json!("a".repeat(1_000))), json!("a".repeat(1_000)));
        assert_eq!(short(&json!(long)), json!(LONG_A));
    }

    const LONG_A: &str = "<1001 characters, sha256 \
         bb0381c13e0817201355e7d700b7623f0e985287add78712a11407c9f754efc8>";
}
