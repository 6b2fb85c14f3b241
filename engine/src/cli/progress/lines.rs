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

/// A line that is to be said.
struct Line {
    at: i64,
    rank: (i8, i64),
    text: String,
}

impl Lines {
    /// The lines of what changed since the last call, in the order of their times.
    pub(super) fn changes(&mut self, object: &Value, now_ms: i64, style: &Style) -> String {
        let workflow = Workflow(object);
        let mut lines: Vec<Line> = Vec::new();
        self.workflow_line(&workflow, now_ms, &mut lines);
        // Step and task groups say nothing that their members do not.
        let told = |node: &Node<'_>| !matches!(node.kind(), "StepGroup" | "TaskGroup");
        for (order, node) in (0..).zip(workflow.nodes()).filter(|(_, node)| told(node)) {
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
            lines.push(Line {
                at: at.unwrap_or(now_ms),
                rank: rank(&workflow, node, order),
                text: with_message(text, node.message()),
            });
            self.nodes
                .insert(node.id().to_owned(), node.phase().to_owned());
        }
        // Times of objects are whole seconds, ours is not.
        lines.sort_by_key(|line| (line.at.div_euclid(1_000), line.rank));
        let line = |line: Line| format!("{} {}\n", log_stamp(line.at, style), line.text);
        lines.into_iter().map(line).collect()
    }

    fn workflow_line(&mut self, workflow: &Workflow<'_>, now_ms: i64, lines: &mut Vec<Line>) {
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
        let is_over = workflow.finished().is_some();
        let rank = (if is_over { i8::MAX } else { i8::MIN }, 0);
        let text = with_message(text, workflow.status("message"));
        lines.push(Line { at, rank, text });
    }
}

/// Where a line stands among those of the same second: a group ends after what is inside of it,
/// and the exit handler comes after everything else.
fn rank(workflow: &Workflow<'_>, node: Node<'_>, order: i64) -> (i8, i64) {
    let below = node.name().strip_prefix(workflow.name());
    let is_handler = below.is_some_and(|rest| rest.starts_with(".onExit"));
    let ends_group = node.is_done() && matches!(node.kind(), "Steps" | "DAG" | "Retry");
    let class = 2 * i8::from(is_handler) + i8::from(ends_group);
    (class, if ends_group { -order } else { order })
}

fn with_message(text: String, message: &str) -> String {
    if message.is_empty() {
        text
    } else {
        format!("{text}: {}", safe(message))
    }
}
