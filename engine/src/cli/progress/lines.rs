//! A run as a log: one line for every change of a phase.

use std::collections::HashMap;

use serde_json::Value;

use crate::cli::view::Style;
use crate::cli::view::node::{Node, Workflow};
use crate::cli::view::text::safe;
use crate::cli::view::time::log_stamp;

/// What was said so far.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Phase by node id.
    nodes: HashMap<String, String>,
    workflow: String,
}

impl Lines {
    /// The lines of what changed since the last call, in the order of their times.
    pub(super) fn changes(&mut self, object: &Value, now_ms: i64, style: &Style) -> String {
        let workflow = Workflow(object);
        let mut lines = Vec::new();
        let ended = !workflow.status("finishedAt").is_empty();
        if !ended {
            self.workflow_line(&workflow, now_ms, &mut lines);
        }
        // Step and task groups say nothing that their members do not.
        let told = |node: &Node<'_>| !matches!(node.kind(), "StepGroup" | "TaskGroup");
        for node in workflow.nodes().filter(told) {
            let before = self.nodes.get(node.id()).map(String::as_str);
            if before == Some(node.phase()) {
                continue;
            }
            let at = match before {
                _ if node.is_done() => node.finished(),
                None => node.started(),
                // When a pod began to run is not in the object; we see it now.
                Some(_) => None,
            };
            let waits = if node.waits() { " (Suspended)" } else { "" };
            let text = format!("{} {}{waits}", safe(node.name()), safe(node.phase()));
            lines.push((at.unwrap_or(now_ms), with_message(text, node.message())));
            self.nodes
                .insert(node.id().to_owned(), node.phase().to_owned());
        }
        if ended {
            self.workflow_line(&workflow, now_ms, &mut lines);
        }
        lines.sort_by_key(|(at, _)| *at);
        let line = |(at, text)| format!("{} {text}\n", log_stamp(at, style));
        lines.into_iter().map(line).collect()
    }

    fn workflow_line(
        &mut self,
        workflow: &Workflow<'_>,
        now_ms: i64,
        lines: &mut Vec<(i64, String)>,
    ) {
        let phase = workflow.status("phase");
        if phase.is_empty() || phase == self.workflow {
            return;
        }
        phase.clone_into(&mut self.workflow);
        let at = match workflow.finished() {
            Some(at) => at,
            None if phase == "Running" => workflow.started().unwrap_or(now_ms),
            None => now_ms,
        };
        let text = format!("workflow {} {}", safe(workflow.name()), safe(phase));
        lines.push((at, with_message(text, workflow.status("message"))));
    }
}

fn with_message(text: String, message: &str) -> String {
    if message.is_empty() {
        text
    } else {
        format!("{text}: {}", safe(message))
    }
}
