//! A run as the `Workflow` object that Argo would show: the only writer of Argo's phase words.

mod edges;

use chrono::DateTime;
use serde_json::{Map, Value, json};
use usher_api::approval::PENDING_LABEL;

use crate::decide::halt;
use crate::phase::Phase;
use crate::run::{Kind, Node, NodeIx, Run, pod_name};

pub use edges::Edges;

/// Argo's word for a phase: seven words for our eleven phases.
#[must_use]
pub fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::New | Phase::Starting => "Pending",
        Phase::Running | Phase::Suspended | Phase::BackingOff | Phase::Stopping => "Running",
        Phase::Succeeded => "Succeeded",
        Phase::Failed => "Failed",
        Phase::Error => "Error",
        Phase::Skipped => "Skipped",
        Phase::Omitted => "Omitted",
    }
}

/// A time as Kubernetes writes it: RFC 3339, whole seconds, UTC.
#[must_use]
pub fn time(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).map_or_else(String::new, |time| {
        time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    })
}

/// The object as it was admitted, with the values that retries gave to its parameters.
#[must_use]
pub fn source(run: &Run) -> Value {
    let mut object = run.spec().object.clone();
    for (name, value) in &run.head.parameters {
        crate::admit::set_parameter(&mut object, name, value);
    }
    object
}

/// The whole object: metadata, spec and status.
#[must_use]
pub fn object(run: &Run) -> Value {
    let mut object = source(run);
    let identity = &run.head.identity;
    let word = run.head.phase.word();
    let metadata = entry(&mut object, "metadata");
    metadata.insert("name".into(), json!(identity.name));
    metadata.insert("namespace".into(), json!(identity.namespace));
    metadata.insert("uid".into(), json!(identity.uid));
    metadata.insert("creationTimestamp".into(), json!(time(identity.created_ms)));
    if let Value::Object(labels) = metadata.entry("labels").or_insert_with(|| json!({})) {
        if run.head.phase.is_done() {
            labels.insert("workflows.argoproj.io/completed".into(), json!("true"));
        }
        labels.insert("workflows.argoproj.io/phase".into(), json!(word));
        labels.shift_remove(PENDING_LABEL);
        // A shutdown closes the requests before their nodes end.
        let is_closed = halt::cause(run, run.head.exit_node.is_some()).is_some();
        if run.head.asking > 0 && !is_closed {
            labels.insert(PENDING_LABEL.into(), json!(run.head.asking.to_string()));
        }
        if !identity.submitter.is_empty() {
            let creator: String = identity.submitter.chars().take(63).collect();
            labels.insert("workflows.argoproj.io/creator".into(), json!(creator));
        }
    }
    let notes = metadata.entry("annotations").or_insert_with(|| json!({}));
    if let Value::Object(notes) = notes {
        notes.insert("workflows.argoproj.io/pod-name-format".into(), json!("v2"));
    }
    let spec = entry(&mut object, "spec");
    spec.remove("suspend");
    spec.remove("shutdown");
    if run.head.suspended {
        spec.insert("suspend".into(), json!(true));
    }
    if let Some(shutdown) = run.head.shutdown {
        spec.insert("shutdown".into(), json!(shutdown.word()));
    }
    if let Value::Object(object) = &mut object {
        object.insert("status".into(), status(run));
    }
    object
}

fn entry<'a>(object: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    if !object.is_object() {
        *object = json!({});
    }
    let slot = &mut object[key];
    if !slot.is_object() {
        *slot = json!({});
    }
    slot.as_object_mut().expect("it was just made an object")
}

/// The status alone.
#[must_use]
pub fn status(run: &Run) -> Value {
    let head = &run.head;
    let mut status = Map::new();
    status.insert("phase".into(), json!(head.phase.word()));
    if !head.message.is_empty() {
        status.insert("message".into(), json!(head.message));
    }
    status.insert(
        "startedAt".into(),
        head.started_ms.map_or(Value::Null, |ms| json!(time(ms))),
    );
    status.insert(
        "finishedAt".into(),
        head.finished_ms.map_or(Value::Null, |ms| json!(time(ms))),
    );
    status.insert("progress".into(), json!(progress(run)));
    let running = run
        .nodes
        .iter()
        .any(|n| n.kind == Kind::Pod && n.phase == Phase::Running);
    let mut conditions = vec![condition("PodRunning", running)];
    if head.phase.is_done() {
        conditions.push(condition("Completed", true));
    }
    status.insert("conditions".into(), Value::from(conditions));
    let edges = Edges::of(run);
    let mut nodes = Map::new();
    for ix in 0..u32::try_from(run.nodes.len()).unwrap_or(u32::MAX) {
        let node = &run.nodes[ix as usize];
        if node.is_vacant() {
            continue;
        }
        nodes.insert(run.id_of(node), node_status(run, ix, &edges));
    }
    status.insert("nodes".into(), Value::Object(nodes));
    Value::Object(status)
}

fn condition(kind: &str, on: bool) -> Value {
    json!({"type": kind, "status": if on { "True" } else { "False" }})
}

/// Ended pods of all pods, as `N/M`.
#[must_use]
pub fn progress(run: &Run) -> String {
    let is_pod = |node: &&Node| node.kind == Kind::Pod && !node.is_vacant();
    let pods = || run.nodes.iter().filter(is_pod);
    let ended = pods().filter(|node| node.phase == Phase::Succeeded).count();
    format!("{ended}/{}", pods().count())
}

fn node_status(run: &Run, ix: NodeIx, edges: &Edges) -> Value {
    let node = &run.nodes[ix as usize];
    let mut out = Map::new();
    out.insert("id".into(), json!(run.id_of(node)));
    out.insert("name".into(), json!(&*node.name));
    out.insert("displayName".into(), json!(run.display_name(node)));
    out.insert("type".into(), json!(node.kind.word()));
    let template = run.template(ix);
    if let Some(template) = template.filter(|template| !template.name.is_empty()) {
        out.insert("templateName".into(), json!(template.name));
    }
    out.insert(
        "templateScope".into(),
        json!(format!("local/{}", run.head.identity.name)),
    );
    out.insert("phase".into(), json!(phase_word(node.phase)));
    if let Some(boundary) = run.boundary(ix).and_then(|b| run.node(b)) {
        out.insert("boundaryID".into(), json!(run.id_of(boundary)));
    }
    if !node.message.is_empty() {
        out.insert("message".into(), json!(node.message));
    }
    out.insert("startedAt".into(), json!(time(node.started_ms)));
    out.insert(
        "finishedAt".into(),
        node.finished_ms.map_or(Value::Null, |ms| json!(time(ms))),
    );
    if let Some(flag) = node_flag(run, node) {
        out.insert("nodeFlag".into(), flag);
    }
    if let Some(inputs) = inputs(run, ix) {
        out.insert("inputs".into(), inputs);
    }
    if let Some(outputs) = outputs(run, ix) {
        out.insert("outputs".into(), outputs);
    }
    let ids = |list: &[NodeIx]| -> Vec<String> {
        list.iter()
            .filter_map(|ix| run.node(*ix))
            .map(|node| run.id_of(node))
            .collect()
    };
    for (key, list) in [
        ("children", edges.children(ix)),
        ("outboundNodes", edges.outbound(ix)),
    ] {
        if !list.is_empty() {
            out.insert(key.into(), json!(ids(list)));
        }
    }
    Value::Object(out)
}

fn node_flag(run: &Run, node: &Node) -> Option<Value> {
    match node.parent {
        None if node.slot == 1 => Some(json!({"hooked": true})),
        None => None,
        Some(parent) => (run.node(parent)?.kind == Kind::Retry).then(|| json!({"retried": true})),
    }
}

fn inputs(run: &Run, ix: NodeIx) -> Option<Value> {
    let node = run.node(ix)?;
    if node.inputs.is_empty() {
        return None;
    }
    let template = run.template(ix)?;
    let list: Vec<Value> = template
        .inputs
        .iter()
        .zip(&node.inputs)
        .map(|(input, value)| {
            let mut entry = input.declared.clone();
            if let Some(Ok(default)) = input.default.as_ref().map(|text| {
                text.render(
                    &crate::scope::NodeScope::outside(run),
                    &crate::scope::limits(),
                )
            }) {
                entry.insert("default".into(), json!(default));
            }
            if node.kind == Kind::Suspend
                && let Some(words) = crate::supply::choices_in(value)
            {
                entry.insert("default".into(), json!(words.first()));
                entry.insert("enum".into(), json!(words));
            }
            entry.insert("value".into(), json!(value));
            Value::Object(entry)
        })
        .collect();
    Some(json!({ "parameters": list }))
}

fn outputs(run: &Run, ix: NodeIx) -> Option<Value> {
    let node = run.node(ix)?;
    let mut out = Map::new();
    if let Some(list) = output_parameters(run, ix, node) {
        out.insert("parameters".into(), list);
    }
    if let Some(code) = node.exit_code {
        out.insert("exitCode".into(), json!(code.to_string()));
    }
    if let Some(result) = &node.result {
        out.insert("result".into(), json!(result));
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

/// Supplied outputs: with their values, or as they are declared while nobody has given one.
fn output_parameters(run: &Run, ix: NodeIx, node: &Node) -> Option<Value> {
    let has_them = node.kind == Kind::Suspend || (node.kind == Kind::Retry && node.phase.is_done());
    let supplied = run.template(ix)?.supplied();
    if !has_them || supplied.is_empty() {
        return None;
    }
    let entry = |output: &crate::plan::Supplied| {
        let mut entry = output.declared.clone();
        if let Some(value) = node.outputs.get(&output.name) {
            entry.shift_remove("valueFrom");
            entry.insert("value".into(), json!(value));
        }
        Value::Object(entry)
    };
    Some(Value::from(supplied.iter().map(entry).collect::<Vec<_>>()))
}

/// A field of a node as node field selectors name it (argo.md §9); none for an unknown field.
#[must_use]
pub fn node_field(run: &Run, ix: NodeIx, field: &str) -> Option<String> {
    let node = run.node(ix)?;
    let template = || {
        run.template(ix)
            .map_or("", |template| template.name.as_str())
    };
    match field {
        "displayName" => Some(run.display_name(node)),
        "id" => Some(run.id_of(node)),
        "name" => Some(node.name.to_string()),
        "templateName" => Some(template().to_owned()),
        "phase" => Some(phase_word(node.phase).to_owned()),
        "templateRef.name" | "templateRef.template" => Some(String::new()),
        _ => {
            let name = field
                .strip_prefix("inputs.parameters.")?
                .strip_suffix(".value")?;
            let at = run
                .template(ix)?
                .inputs
                .iter()
                .position(|input| input.name == name)?;
            node.inputs.get(at).cloned()
        }
    }
}

/// `workflow.failures`: the nodes that ended badly as a JSON list inside a quoted string, `"null"`
/// with its quotes when there is none (argo.md §6: it is decoded twice).
#[must_use]
pub fn failures(run: &Run) -> String {
    let workflow = &run.head.identity.name;
    let list: Vec<Value> = (0..)
        .zip(&run.nodes)
        .filter(|(_, node)| node.phase.is_bad())
        .map(|(ix, node)| {
            let template = run
                .template(ix)
                .map_or("", |template| template.name.as_str());
            json!({
                "displayName": run.display_name(node),
                "message": node.message,
                "templateName": template,
                "phase": phase_word(node.phase),
                "podName": pod_name(workflow, template, &node.name),
                "finishedAt": node.finished_ms.map(time),
            })
        })
        .collect();
    let list = if list.is_empty() {
        Value::Null
    } else {
        Value::from(list)
    };
    Value::from(list.to_string()).to_string()
}
