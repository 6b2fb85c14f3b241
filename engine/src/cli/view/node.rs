//! One node of `status.nodes`, and the workflow around it, read as what Argo's fields mean.

use std::borrow::Cow;

use serde_json::Value;
use usher_core::run::pod_name;

use super::time;

/// A node of a status.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a>(pub(crate) &'a Value);

impl<'a> Node<'a> {
    fn text(self, key: &str) -> &'a str {
        self.0[key].as_str().unwrap_or_default()
    }

    pub(crate) fn id(self) -> &'a str {
        self.text("id")
    }

    pub(crate) fn name(self) -> &'a str {
        self.text("name")
    }

    pub(crate) fn display_name(self) -> &'a str {
        self.text("displayName")
    }

    /// `Pod`, `Steps`, `StepGroup` and so on.
    pub(crate) fn kind(self) -> &'a str {
        self.text("type")
    }

    pub(crate) fn phase(self) -> &'a str {
        self.text("phase")
    }

    pub(crate) fn message(self) -> &'a str {
        self.text("message")
    }

    /// The id of the steps or dag node that this node is inside of.
    pub(crate) fn boundary(self) -> &'a str {
        self.text("boundaryID")
    }

    pub(crate) fn host(self) -> &'a str {
        self.text("hostNodeName")
    }

    pub(crate) fn exit_code(self) -> Option<&'a str> {
        self.0["outputs"]["exitCode"].as_str()
    }

    pub(crate) fn children(self) -> impl Iterator<Item = &'a str> {
        self.0["children"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }

    /// Is it over, so that nothing about it changes any more?
    pub(crate) fn is_done(self) -> bool {
        matches!(
            self.phase(),
            "Succeeded" | "Failed" | "Error" | "Skipped" | "Omitted"
        )
    }

    /// Did it end badly?
    pub(crate) fn is_bad(self) -> bool {
        matches!(self.phase(), "Failed" | "Error")
    }

    /// Does it wait for a person or a time?
    pub(crate) fn waits(self) -> bool {
        self.kind() == "Suspend" && self.phase() == "Running"
    }

    pub(crate) fn started(self) -> Option<i64> {
        time::parse(self.text("startedAt"))
    }

    pub(crate) fn finished(self) -> Option<i64> {
        time::parse(self.text("finishedAt"))
    }

    /// The template as `get` names it: `template`, or `workflow-template/template`.
    pub(crate) fn template(self) -> Cow<'a, str> {
        let reference = &self.0["templateRef"];
        match (reference["name"].as_str(), reference["template"].as_str()) {
            (Some(name), Some(template)) => Cow::Owned(format!("{name}/{template}")),
            _ => Cow::Borrowed(self.text("templateName")),
        }
    }

    /// The template's own name, without the object that it comes from.
    pub(crate) fn own_template(self) -> &'a str {
        self.0["templateRef"]["template"]
            .as_str()
            .unwrap_or(self.text("templateName"))
    }

    /// The name of its pod, or nothing if it has none.
    pub(crate) fn pod(self, workflow: &Workflow<'_>) -> String {
        if self.kind() != "Pod" {
            return String::new();
        }
        if workflow.old_pod_names() {
            return self.id().to_owned();
        }
        pod_name(workflow.name(), self.own_template(), self.name())
    }
}

/// A `Workflow` object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workflow<'a>(pub(crate) &'a Value);

impl<'a> Workflow<'a> {
    pub(crate) fn metadata(self, key: &str) -> &'a str {
        self.0["metadata"][key].as_str().unwrap_or_default()
    }

    pub(crate) fn status(self, key: &str) -> &'a str {
        self.0["status"][key].as_str().unwrap_or_default()
    }

    pub(crate) fn name(self) -> &'a str {
        self.metadata("name")
    }

    fn old_pod_names(self) -> bool {
        self.0["metadata"]["annotations"]["workflows.argoproj.io/pod-name-format"] == "v1"
    }

    pub(crate) fn nodes(self) -> impl Iterator<Item = Node<'a>> {
        self.0["status"]["nodes"]
            .as_object()
            .into_iter()
            .flat_map(|nodes| nodes.values().map(Node))
    }

    pub(crate) fn started(self) -> Option<i64> {
        time::parse(self.status("startedAt"))
    }

    pub(crate) fn finished(self) -> Option<i64> {
        time::parse(self.status("finishedAt"))
    }

    /// Its phase, with what Argo adds in brackets: `Running (Suspended)`, `Failed (Terminated)`.
    pub(crate) fn phase_shown(self) -> &'a str {
        let spec = &self.0["spec"];
        match self.status("phase") {
            "Running" if spec["suspend"] == true || self.nodes().any(Node::waits) => {
                "Running (Suspended)"
            }
            "Failed"
                if spec["shutdown"]
                    .as_str()
                    .is_some_and(|word| !word.is_empty()) =>
            {
                "Failed (Terminated)"
            }
            "" if self.metadata("creationTimestamp").is_empty() => "Unknown",
            "" => "Pending",
            phase => phase,
        }
    }

    /// Its parameters that have a value, in their order.
    pub(crate) fn parameters(self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        named_values(&self.0["spec"]["arguments"]["parameters"])
    }

    /// Its global outputs, in their order.
    pub(crate) fn outputs(self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        named_values(&self.0["status"]["outputs"]["parameters"])
    }
}

fn named_values(list: &Value) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    list.as_array().into_iter().flatten().filter_map(|entry| {
        let value = match &entry["value"] {
            Value::Null => return None,
            Value::String(text) => Cow::Borrowed(text.as_str()),
            other => Cow::Owned(other.to_string()),
        };
        Some((entry["name"].as_str()?, value))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The bracketed additions, and what a new object is called.
    #[test]
    fn phases_shown() {
        for (object, shown) in [
            (json!({}), "Unknown"),
            (json!({"metadata": {"creationTimestamp": "x"}}), "Pending"),
            (json!({"status": {"phase": "Running"}}), "Running"),
            (
                json!({"spec": {"suspend": true}, "status": {"phase": "Running"}}),
                "Running (Suspended)",
            ),
            (
                json!({"status": {"phase": "Running",
                    "nodes": {"a": {"type": "Suspend", "phase": "Running"}}}}),
                "Running (Suspended)",
            ),
            (
                json!({"spec": {"shutdown": "Stop"}, "status": {"phase": "Failed"}}),
                "Failed (Terminated)",
            ),
        ] {
            assert_eq!(Workflow(&object).phase_shown(), shown, "{object}");
        }
    }

    /// Pod names of both forms, also of a template of another object.
    #[test]
    fn pods() {
        let mut object = json!({"metadata": {"name": "steps-z2zdn"}});
        let node = json!({"id": "steps-z2zdn-27420706", "name": "steps-z2zdn[0].hello1",
            "type": "Pod", "templateName": "whalesay"});
        let pod = Node(&node).pod(&Workflow(&object));
        assert_eq!(pod, "steps-z2zdn-whalesay-27420706");
        object["metadata"]["annotations"] = json!({"workflows.argoproj.io/pod-name-format": "v1"});
        assert_eq!(Node(&node).pod(&Workflow(&object)), "steps-z2zdn-27420706");
        let node = json!({"templateRef": {"name": "shared", "template": "build"}});
        assert_eq!(Node(&node).template(), "shared/build");
        assert_eq!(Node(&node).pod(&Workflow(&object)), "");
    }
}
