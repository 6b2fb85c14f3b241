//! The table of `list`.

use serde_json::Value;

use super::node::{Node, Workflow};
use super::style::{Style, Tint};
use super::table::{Cell, Column, Cut, Table};
use super::text::{back, front, safe, width};
use super::time;

/// What the caller of `list` asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListOptions {
    /// `-o wide`: with counts of pods and parameters.
    pub wide: bool,
    /// `--no-headers`.
    pub no_headers: bool,
    /// `-A`: with a column of namespaces.
    pub all_namespaces: bool,
}

/// What gives way on a narrow terminal, in this order.
const YIELDS: &[(&str, usize)] = &[
    ("MESSAGE", 16),
    ("PARAMETERS", 12),
    ("NAME", 16),
    ("MESSAGE", 7),
    ("NAMESPACE", 8),
    ("NAME", 10),
    ("MESSAGE", 0),
    ("PARAMETERS", 0),
];

/// A parameter's value in `list` takes no more columns than this.
const VALUE_MAX: usize = 50;

/// The table of `list`, in the order of `objects`. It ends with a newline.
#[must_use]
pub fn list(objects: &[Value], now_ms: i64, style: &Style, options: &ListOptions) -> String {
    if objects.is_empty() {
        return "No workflows found\n".to_owned();
    }
    let mut names = vec!["NAME", "STATUS", "AGE", "DURATION", "PRIORITY", "MESSAGE"];
    if options.all_namespaces {
        names.insert(0, "NAMESPACE");
    }
    if options.wide {
        names.extend(["P/R/C", "PARAMETERS"]);
    }
    let column = |name: &&'static str| Column {
        name,
        // Generated names differ in their ends.
        cut: if *name == "NAME" {
            Cut::Middle
        } else {
            Cut::End
        },
    };
    let mut table = Table::new(names.iter().map(column).collect(), 3, YIELDS);
    if !options.no_headers {
        table.head();
    }
    for object in objects {
        let workflow = Workflow(object);
        table.push(
            names
                .iter()
                .map(|name| cell(name, &workflow, now_ms))
                .collect(),
        );
    }
    table
        .lines(style)
        .into_iter()
        .map(|line| line + "\n")
        .collect()
}

fn cell(column: &str, workflow: &Workflow<'_>, now_ms: i64) -> Cell {
    let text = match column {
        "NAMESPACE" => safe(workflow.metadata("namespace")).into_owned(),
        "NAME" => safe(workflow.name()).into_owned(),
        "STATUS" => {
            let tint = Tint::of_phase(workflow.status("phase"));
            return Cell::new(tint, safe(workflow.phase_shown()));
        }
        "AGE" => {
            let created = time::parse(workflow.metadata("creationTimestamp"));
            time::short(time::span(created, None, now_ms))
        }
        "DURATION" => time::short(time::span(workflow.started(), workflow.finished(), now_ms)),
        "PRIORITY" => workflow.0["spec"]["priority"]
            .as_i64()
            .unwrap_or(0)
            .to_string(),
        "MESSAGE" => safe(workflow.status("message")).into_owned(),
        "P/R/C" => pods(workflow),
        "PARAMETERS" => parameters(workflow),
        _ => String::new(),
    };
    Cell::plain(text)
}

/// Pods that are pending, running and completed.
fn pods(workflow: &Workflow<'_>) -> String {
    let (mut pending, mut running, mut completed) = (0, 0, 0);
    for pod in workflow.nodes().filter(|node| node.kind() == "Pod") {
        match pod {
            _ if Node::is_done(pod) => completed += 1,
            _ if pod.phase() == "Running" => running += 1,
            _ => pending += 1,
        }
    }
    format!("{pending}/{running}/{completed}")
}

fn parameters(workflow: &Workflow<'_>) -> String {
    let one = |(name, value): (&str, std::borrow::Cow<'_, str>)| {
        let value = safe(&value);
        if width(&value) <= VALUE_MAX {
            return format!("{}={value}", safe(name));
        }
        // As Argo cuts it: 32 columns of the front, 15 of the back.
        format!(
            "{}={}...{}",
            safe(name),
            front(&value, 32),
            back(&value, 15)
        )
    };
    workflow.parameters().map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn objects() -> Vec<Value> {
        let digits = "0123456789".repeat(6);
        vec![
            json!({
                "metadata": {"name": "a", "namespace": "x",
                    "creationTimestamp": "2026-11-27T10:00:00Z"},
                "spec": {"priority": 5, "arguments": {"parameters": [
                    {"name": "p", "value": "v"}, {"name": "long", "value": digits}]}},
                "status": {"phase": "Failed", "message": "child 'a-1' failed",
                    "startedAt": "2026-11-27T10:00:00Z", "finishedAt": "2026-11-27T10:01:30Z",
                    "nodes": {"1": {"type": "Pod", "phase": "Failed"},
                        "2": {"type": "Pod", "phase": "Running"},
                        "3": {"type": "Pod", "phase": "Pending"},
                        "4": {"type": "Steps", "phase": "Running"}}}
            }),
            json!({"metadata": {"name": "bb", "creationTimestamp": "2026-11-27T11:59:00Z"}}),
        ]
    }

    fn noon() -> i64 {
        time::parse("2026-11-27T12:00:00Z").expect("a time")
    }

    /// The usual table, and nothing to list.
    #[test]
    fn usual() {
        let text = "\
NAME   STATUS    AGE   DURATION   PRIORITY   MESSAGE
a      Failed    2h    1m         5          child 'a-1' failed
bb     Pending   1m    0s         0
";
        let options = ListOptions::default();
        assert_eq!(list(&objects(), noon(), &Style::default(), &options), text);
        assert_eq!(
            list(&[], 0, &Style::default(), &options),
            "No workflows found\n"
        );
    }

    /// The wide table with namespaces and without headings.
    #[test]
    fn wide() {
        let options = ListOptions {
            wide: true,
            no_headers: true,
            all_namespaces: true,
        };
        let text = format!(
            "x   a    Failed    2h   1m   5   child 'a-1' failed   1/1/1   p=v,long={}...{}\n\
             \x20   bb   Pending   1m   0s   0                        0/0/0\n",
            "01234567890123456789012345678901", "567890123456789"
        );
        assert_eq!(list(&objects(), noon(), &Style::default(), &options), text);
    }
}
