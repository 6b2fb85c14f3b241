//! The text of `get`: what the workflow is, how it stands, and its tree.

use serde_json::Value;

use super::forest::Forest;
use super::node::Workflow;
use super::style::{Style, Tint};
use super::table::{Cell, Cut};
use super::text::{safe, width, wrap};
use super::{Form, GetOptions, drawing, time};

/// Columns of the labels, the blank after them included.
const LABELS: usize = 21;

/// Writes label and value lines; a value that is too long goes on below itself.
struct Header<'a> {
    style: &'a Style,
    out: String,
}

impl Header<'_> {
    fn field(&mut self, label: &str, value: &str) {
        self.tinted(Tint::Plain, label, value);
    }

    fn tinted(&mut self, tint: Tint, label: &str, value: &str) {
        let label = safe(label);
        let blanks = LABELS.saturating_sub(width(&label)).max(1);
        let label = format!("{label}{}", " ".repeat(blanks));
        let value = safe(value);
        let indent = width(&label);
        let Some(room) = self.style.width else {
            self.line(Cell::plain(label).and(tint, value));
            return;
        };
        let mut start = label;
        for part in wrap(&value, room.saturating_sub(indent).max(8)) {
            let line = Cell::plain(start).and(tint, part);
            self.line(line.cut(room, Cut::End, self.style));
            start = " ".repeat(indent);
        }
    }

    fn line(&mut self, line: Cell) {
        self.out.push_str(line.text(self.style).trim_end());
        self.out.push('\n');
    }
}

/// The whole text of `get`: the header, an empty line, the tree. It ends with a newline.
#[must_use]
pub fn get(object: &Value, now_ms: i64, style: &Style, options: &GetOptions) -> String {
    let workflow = Workflow(object);
    let tree = tree_with(object, now_ms, style, options);
    if options.form == Form::Short {
        return tree;
    }
    let mut header = Header {
        style,
        out: String::new(),
    };
    about(&mut header, &workflow);
    times(&mut header, &workflow, now_ms);
    for (title, values) in [
        ("Parameters:", workflow.parameters().collect::<Vec<_>>()),
        ("Output Parameters:", workflow.outputs().collect::<Vec<_>>()),
    ] {
        if !values.is_empty() {
            header.field(title, "");
        }
        for (name, value) in values {
            header.field(&format!("  {name}:"), &value);
        }
    }
    if tree.is_empty() {
        header.out
    } else {
        format!("{}\n{tree}", header.out)
    }
}

fn about(header: &mut Header<'_>, workflow: &Workflow<'_>) {
    header.field("Name:", workflow.name());
    header.field("Namespace:", workflow.metadata("namespace"));
    let account = workflow.0["spec"]["serviceAccountName"]
        .as_str()
        .unwrap_or("unset");
    header.field("ServiceAccount:", account);
    let tint = Tint::of_phase(workflow.status("phase"));
    header.tinted(tint, "Status:", workflow.phase_shown());
    if !workflow.status("message").is_empty() {
        header.field("Message:", workflow.status("message"));
    }
    let conditions = workflow.0["status"]["conditions"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if !conditions.is_empty() {
        header.field("Conditions:", "");
    }
    for condition in conditions {
        let text = |key: &str| condition[key].as_str().unwrap_or_default();
        let value = if text("message").is_empty() {
            text("status")
        } else {
            text("message")
        };
        header.field(&format!(" {}", text("type")), value);
    }
}

fn times(header: &mut Header<'_>, workflow: &Workflow<'_>, now_ms: i64) {
    let style = header.style;
    let (started, finished) = (workflow.started(), workflow.finished());
    let created = time::parse(workflow.metadata("creationTimestamp"));
    for (label, at) in [
        ("Created:", created),
        ("Started:", started),
        ("Finished:", finished),
    ] {
        if let Some(at) = at {
            let stamp = time::stamp(at, style);
            let long = format!("{stamp} ({})", time::ago(now_ms.saturating_sub(at)));
            // How long ago it was is told where there is room for it.
            let fits = style.width.is_none_or(|room| LABELS + width(&long) <= room);
            header.field(label, if fits { &long } else { &stamp });
        }
    }
    if started.is_some() {
        header.field(
            "Duration:",
            &time::long(time::span(started, finished, now_ms)),
        );
    }
    let progress = workflow.status("progress");
    if !progress.is_empty() {
        header.field("Progress:", progress);
    }
}

/// The tree alone with its heading, one line a node; nothing if there is no node yet.
#[must_use]
pub fn tree(object: &Value, now_ms: i64, style: &Style) -> String {
    tree_with(object, now_ms, style, &GetOptions::default())
}

fn tree_with(object: &Value, now_ms: i64, style: &Style, options: &GetOptions) -> String {
    let workflow = Workflow(object);
    let forest = Forest::of(&workflow);
    if forest.roots().is_empty() {
        return String::new();
    }
    let rows = drawing::rows(&forest, &options.selector, style);
    let lines = drawing::lines(&workflow, &forest, &rows, options.form, now_ms, style);
    lines.into_iter().map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A new workflow has no tree and no times; a value with line ends stays on its line.
    #[test]
    fn a_new_workflow() {
        let object = json!({"metadata": {"name": "w", "namespace": "default"},
            "spec": {"arguments": {"parameters": [
                {"name": "text", "value": "a\nb"}, {"name": "none"}, {"name": "n", "value": 1}]}}});
        let style = Style {
            utc: true,
            ..Style::default()
        };
        let text = "\
Name:                w
Namespace:           default
ServiceAccount:      unset
Status:              Unknown
Parameters:
  text:              a\\nb
  n:                 1
";
        assert_eq!(get(&object, 0, &style, &GetOptions::default()), text);
    }

    /// On a narrow terminal a long message goes on below itself.
    #[test]
    fn a_long_message() {
        let object = json!({"metadata": {"name": "w"},
            "status": {"phase": "Error", "message": "the entrypoint does not exist"}});
        let style = Style {
            width: Some(36),
            color: true,
            ..Style::default()
        };
        let text = "\
Name:                w
Namespace:
ServiceAccount:      unset
Status:              \x1b[31mError\x1b[0m
Message:             the entrypoint
                     does not exist
";
        assert_eq!(get(&object, 0, &style, &GetOptions::default()), text);
    }
}
