//! The tree of a run as lines: box drawing, signs for phases, and the columns beside them.

use serde_json::Value;

use super::forest::{Branch, Forest};
use super::node::{Node, Workflow};
use super::style::{Style, Tint};
use super::table::{Cell, Column, Cut, Table};
use super::text::safe;
use super::time;
use super::{Form, Selector};

/// One line of a tree: what is drawn before it, and what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Blanks and box drawing.
    pub(crate) prefix: String,
    /// What stands there.
    pub(crate) what: What,
}

/// What a line of a tree shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The node at a place of the forest.
    Node(usize),
    /// So many nodes that are not shown.
    Folded(usize),
    /// Nothing: the space between two roots.
    Blank,
}

/// The four strokes of a tree.
struct Strokes {
    /// Before a child with a sibling after it.
    tee: &'static str,
    /// Before the last child.
    corner: &'static str,
    /// Before the first of several members of a step group.
    fork: &'static str,
    /// Before the only member of a step group.
    dash: &'static str,
    /// Below a line that goes on.
    pipe: &'static str,
}

const BOXES: Strokes = Strokes {
    tee: "├─",
    corner: "└─",
    fork: "┬─",
    dash: "──",
    pipe: "│ ",
};
const ASCII: Strokes = Strokes {
    tee: "|-",
    corner: "`-",
    fork: "+-",
    dash: "--",
    pipe: "| ",
};
const EMPTY: &str = "  ";

/// The lines of all roots, a blank one between two of them.
pub(crate) fn rows(forest: &Forest<'_>, selector: &Selector, style: &Style) -> Vec<Row> {
    let strokes = if style.unicode { &BOXES } else { &ASCII };
    let mut rows = Vec::new();
    for root in forest.branches(selector) {
        if !rows.is_empty() && !root.is_empty() {
            rows.push(Row {
                prefix: String::new(),
                what: What::Blank,
            });
        }
        for branch in root {
            draw(&branch, strokes, " ".to_owned(), " ", &mut rows);
        }
    }
    rows
}

/// `first` stands before the branch's own line, `below` before all lines under it.
fn draw(branch: &Branch, strokes: &Strokes, first: String, below: &str, rows: &mut Vec<Row>) {
    let group_first = match branch.node {
        Some(ix) => {
            rows.push(Row {
                prefix: first,
                what: What::Node(ix),
            });
            None
        }
        None => Some(first),
    };
    let last = branch.inner.len().saturating_sub(1);
    for (at, child) in branch.inner.iter().enumerate() {
        let stroke = match (&group_first, at) {
            (Some(_), 0) if last == 0 => strokes.dash,
            (Some(_), 0) => strokes.fork,
            (_, at) if at == last => strokes.corner,
            _ => strokes.tee,
        };
        // A group has no line of its own: its first member stands where that line would be.
        let start = group_first.as_deref().filter(|_| at == 0).unwrap_or(below);
        let under = if at == last { EMPTY } else { strokes.pipe };
        let first = format!("{start}{stroke}");
        draw(child, strokes, first, &format!("{below}{under}"), rows);
    }
}

/// A step's name may end with the number of an attempt or of an item: that stays.
const STEP: Column = Column {
    name: "STEP",
    cut: Cut::Middle,
};
const TEMPLATE: Column = Column {
    name: "TEMPLATE",
    cut: Cut::End,
};
const PODNAME: Column = Column {
    name: "PODNAME",
    cut: Cut::Middle,
};
const DURATION: Column = Column {
    name: "DURATION",
    cut: Cut::End,
};
const ARTIFACTS: Column = Column {
    name: "ARTIFACTS",
    cut: Cut::End,
};
const MESSAGE: Column = Column {
    name: "MESSAGE",
    cut: Cut::End,
};
const RESOURCES: Column = Column {
    name: "RESOURCESDURATION",
    cut: Cut::End,
};
const NODENAME: Column = Column {
    name: "NODENAME",
    cut: Cut::Middle,
};

/// What gives way on a narrow terminal: first words, then names, the step's own last. 19 columns
/// hold `Error (exit code 1)`.
const YIELDS: &[(&str, usize)] = &[
    ("MESSAGE", 24),
    ("RESOURCESDURATION", 8),
    ("ARTIFACTS", 8),
    ("NODENAME", 8),
    ("PODNAME", 11),
    ("TEMPLATE", 10),
    ("MESSAGE", 19),
    ("STEP", 20),
    ("PODNAME", 6),
    ("TEMPLATE", 6),
    ("STEP", 16),
    ("MESSAGE", 8),
    ("TEMPLATE", 4),
    ("STEP", 10),
    ("MESSAGE", 0),
];

/// The lines of a tree with their heading.
pub(crate) fn lines(
    workflow: &Workflow<'_>,
    forest: &Forest<'_>,
    rows: &[Row],
    form: Form,
    now_ms: i64,
    style: &Style,
) -> Vec<String> {
    let columns = match form {
        Form::Usual => vec![STEP, TEMPLATE, PODNAME, DURATION, MESSAGE],
        Form::Short => vec![STEP, TEMPLATE, PODNAME, DURATION, MESSAGE, NODENAME],
        Form::Wide => {
            vec![
                STEP, TEMPLATE, PODNAME, DURATION, ARTIFACTS, MESSAGE, RESOURCES, NODENAME,
            ]
        }
    };
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let mut table = Table::new(columns, 2, YIELDS);
    table.head();
    for row in rows {
        let cells = match row.what {
            What::Blank => Vec::new(),
            What::Folded(count) => vec![folded(&row.prefix, count, style)],
            What::Node(ix) => {
                let node = forest.node(ix);
                let cell = |name: &&str| cell(name, row, node, workflow, now_ms, style);
                names.iter().map(cell).collect()
            }
        };
        table.push(cells);
    }
    table.lines(style)
}

fn folded(prefix: &str, count: usize, style: &Style) -> Cell {
    let dots = if style.unicode { "⋮" } else { ":" };
    Cell::plain(prefix).and(Tint::Faint, format!("{dots} {count} more"))
}

fn cell(
    column: &str,
    row: &Row,
    node: Node<'_>,
    workflow: &Workflow<'_>,
    now_ms: i64,
    style: &Style,
) -> Cell {
    let is_pod = node.kind() == "Pod";
    let text = match column {
        "STEP" => {
            let (tint, sign) = sign(node, style);
            let name = format!(" {}", safe(node.display_name()));
            return Cell::plain(&*row.prefix)
                .and(tint, sign)
                .and(Tint::Plain, name);
        }
        "TEMPLATE" => safe(&node.template()).into_owned(),
        "PODNAME" => safe(&node.pod(workflow)).into_owned(),
        "DURATION" if is_pod => time::short(time::span(node.started(), node.finished(), now_ms)),
        "ARTIFACTS" => artifacts(node),
        "MESSAGE" => safe(node.message()).into_owned(),
        "RESOURCESDURATION" => resources(node),
        "NODENAME" if is_pod => safe(node.host()).into_owned(),
        _ => String::new(),
    };
    Cell::plain(text)
}

/// The sign of a node's phase.
pub(crate) fn sign(node: Node<'_>, style: &Style) -> (Tint, &'static str) {
    let phase = node.phase();
    let tint = Tint::of_phase(phase);
    let (sign, word) = match phase {
        _ if node.waits() => ("ǁ", "Suspend"),
        "Pending" => ("◷", "Pending"),
        "Running" => ("●", "Running"),
        "Succeeded" => ("✔", "Succeeded"),
        "Skipped" => ("○", "Skipped"),
        "Failed" => ("✖", "Failed"),
        "Error" => ("⚠", "Error"),
        "Omitted" => ("○", "Omitted"),
        _ => ("?", "?"),
    };
    (tint, if style.unicode { sign } else { word })
}

fn artifacts(node: Node<'_>) -> String {
    let list = node.0["outputs"]["artifacts"]
        .as_array()
        .into_iter()
        .flatten();
    let names: Vec<&str> = list
        .filter_map(|artifact| artifact["name"].as_str())
        .collect();
    safe(&names.join(",")).into_owned()
}

/// `1m5s*(1 cpu),3s*(100Mi memory)`: seconds times the unit that Argo counts a resource in.
fn resources(node: Node<'_>) -> String {
    let list = node.0["resourcesDuration"]
        .as_object()
        .into_iter()
        .flatten();
    let one = |(name, seconds): (&String, &Value)| {
        let unit = match name.as_str() {
            "memory" => "100Mi",
            "storage" | "ephemeral-storage" => "10Gi",
            _ => "1",
        };
        let seconds = seconds.as_u64().unwrap_or(0);
        let time = match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
            (0, 0, s) => format!("{s}s"),
            (0, m, s) => format!("{m}m{s}s"),
            (h, m, s) => format!("{h}h{m}m{s}s"),
        };
        format!("{time}*({unit} {})", safe(name))
    };
    list.map(one).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Every phase has its sign and its word; a waiting suspend node has its own.
    #[test]
    fn signs() {
        let unicode = Style {
            unicode: true,
            ..Style::default()
        };
        for (kind, phase, icon, word) in [
            ("Pod", "Pending", "◷", "Pending"),
            ("Pod", "Running", "●", "Running"),
            ("Suspend", "Running", "ǁ", "Suspend"),
            ("Suspend", "Succeeded", "✔", "Succeeded"),
            ("Pod", "Failed", "✖", "Failed"),
            ("Pod", "Error", "⚠", "Error"),
            ("Skipped", "Skipped", "○", "Skipped"),
            ("Skipped", "Omitted", "○", "Omitted"),
            ("Pod", "", "?", "?"),
        ] {
            let node = json!({"type": kind, "phase": phase});
            assert_eq!(sign(Node(&node), &unicode).1, icon);
            assert_eq!(sign(Node(&node), &Style::default()).1, word);
        }
    }

    /// Resources are written as Argo writes them.
    #[test]
    fn resources_and_artifacts() {
        let node = json!({"resourcesDuration": {"cpu": 65, "memory": 3, "storage": 3600},
            "outputs": {"artifacts": [{"name": "a"}, {"name": "b"}]}});
        let text = "1m5s*(1 cpu),3s*(100Mi memory),1h0m0s*(10Gi storage)";
        assert_eq!(resources(Node(&node)), text);
        assert_eq!(artifacts(Node(&node)), "a,b");
    }
}
