//! What a failed run failed of: the one node to look at, and the last words of its process.

use serde_json::Value;

use super::drawing::sign;
use super::forest::Forest;
use super::node::{Node, Workflow};
use super::style::{Style, Tint};
use super::text::{paragraph, safe, sign_width, width};

/// Lines of stderr that are shown.
const LAST_LINES: usize = 20;

/// The node that a failed run failed of: the first leaf that ended badly and that nothing excused.
/// None if no node is to blame, for instance if the workflow ended before its first.
#[must_use]
pub fn failed_node(object: &Value) -> Option<&Value> {
    let forest = Forest::of(&Workflow(object));
    let mut at = *forest
        .roots()
        .iter()
        .find(|ix| forest.node(**ix).is_bad())?;
    // Every node hangs below one other at most, so this ends.
    while let Some(kid) = culprit(object, &forest, at) {
        at = kid;
    }
    Some(forest.node(at).0)
}

/// Which of the nodes below a bad one made it bad; none if it is bad by itself.
fn culprit(object: &Value, forest: &Forest<'_>, at: usize) -> Option<usize> {
    let parent = forest.node(at);
    let bad = |ix: &&usize| {
        let node = forest.node(**ix);
        node.is_bad() && node.kind() != "TaskGroup"
    };
    let mut kids = forest.kids(at).iter().filter(bad).copied();
    match parent.kind() {
        // Only the last attempt counts.
        "Retry" => kids.next_back(),
        "StepGroup" | "DAG" => {
            let excused = |ix: &usize| is_excused(object, forest, parent, forest.node(*ix));
            let all: Vec<usize> = kids.collect();
            let said = |ix: &usize| names(parent.message(), forest.node(*ix).id());
            if let Some(told) = all.iter().copied().find(said) {
                return Some(told);
            }
            let blamed = all.iter().copied().filter(|ix| !excused(ix));
            let first = blamed.min_by_key(|ix| forest.node(*ix).finished());
            // All excused: the group itself says why, or our reading of the excuses is wrong.
            first.or_else(|| all.first().copied().filter(|_| parent.message().is_empty()))
        }
        _ => kids.next(),
    }
}

/// Does a message name a node, as `child 'steps-1' failed` does?
fn names(message: &str, id: &str) -> bool {
    let is_id = |sign: char| sign.is_alphanumeric() || sign == '-' || sign == '.';
    { message.split(|sign| !is_id(sign)) }.any(|word| word == id)
}

/// Did the workflow go on in spite of this node's end: by `continueOn`, or because a task that
/// depends on it ran all the same?
fn is_excused(object: &Value, forest: &Forest<'_>, group: Node<'_>, node: Node<'_>) -> bool {
    let name = own_name(node.display_name());
    let calls = calls(object, group.own_template());
    let Some(call) = calls.iter().find(|call| call["name"] == name) else {
        return false;
    };
    let key = if node.phase() == "Error" {
        "error"
    } else {
        "failed"
    };
    if call["continueOn"][key] == true {
        return true;
    }
    let ran = |call: &Value| {
        let mut siblings = forest.siblings(node);
        siblings.any(|other| {
            own_name(other.display_name()) == call["name"].as_str().unwrap_or_default()
                && other.phase() != "Omitted"
        })
    };
    calls.iter().any(|call| depends_on(call, name) && ran(call))
}

/// A loop's item without its number and value: `a(0:x)` is the step `a`.
fn own_name(display_name: &str) -> &str {
    display_name.split('(').next().unwrap_or_default()
}

/// The steps or tasks of a template by name; none if it is written inline.
fn calls<'a>(object: &'a Value, template: &str) -> Vec<&'a Value> {
    let templates = object["spec"]["templates"].as_array().into_iter().flatten();
    let Some(found) = { templates }.find(|entry| entry["name"] == template) else {
        return Vec::new();
    };
    let tasks = found["dag"]["tasks"].as_array().into_iter().flatten();
    let groups = found["steps"].as_array().into_iter().flatten();
    let steps = groups.flat_map(|group| match group {
        Value::Array(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    });
    tasks.chain(steps).collect()
}

fn depends_on(call: &Value, name: &str) -> bool {
    let listed = call["dependencies"]
        .as_array()
        .is_some_and(|list| list.iter().any(|x| x == name));
    let is_name = |sign: char| sign.is_alphanumeric() || sign == '-' || sign == '_';
    let words = call["depends"]
        .as_str()
        .unwrap_or_default()
        .split(|sign| !is_name(sign));
    listed || { words }.any(|word| word == name)
}

/// What `run` prints last when a run fails: the node, its message and exit code, and the last 20
/// lines of its stderr. It ends with a newline.
#[must_use]
pub fn failure(object: &Value, stderr_tail: &str, style: &Style) -> String {
    let workflow = Workflow(object);
    let Some(node) = failed_node(object).map(Node) else {
        let title = format!(
            "{} {}",
            safe(workflow.name()),
            safe(workflow.status("phase"))
        );
        return titled("✖", &title, workflow.status("message"), style);
    };
    let title = format!("{} {}", safe(node.name()), safe(node.phase()));
    let mut out = titled(sign(node, style).1, &title, node.message(), style);
    let template = node.template();
    let facts = [
        (!template.is_empty()).then(|| format!("template {}", safe(&template))),
        node.exit_code()
            .map(|code| format!("exit code {}", safe(code))),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    if !facts.is_empty() {
        out.push_str(&paragraph(&facts.join(", "), 2, Tint::Plain, style));
    }
    if node.kind() == "Pod" {
        out.push_str(&last_words(stderr_tail, style));
    }
    out
}

/// `✖ NAME Failed: MESSAGE`, or the message below if both do not fit side by side.
fn titled(mark: &str, title: &str, message: &str, style: &Style) -> String {
    let message = safe(message);
    let title = if style.unicode {
        format!("{mark} {title}")
    } else {
        title.to_owned()
    };
    let both = width(&title) + 2 + width(&message);
    if message.is_empty() {
        return paragraph(&title, 0, Tint::Bad, style);
    }
    if style.width.is_none_or(|room| both <= room) {
        return format!("{}: {message}\n", style.paint(Tint::Bad, &title));
    }
    let title = paragraph(&title, 0, Tint::Bad, style);
    title + &paragraph(&message, 2, Tint::Plain, style)
}

fn last_words(stderr: &str, style: &Style) -> String {
    let lines: Vec<&str> = stderr.trim_end().lines().collect();
    if lines.is_empty() {
        return "  stderr is empty\n".to_owned();
    }
    let skipped = lines.len().saturating_sub(LAST_LINES);
    // Who gives us exactly so many may have cut them off from more.
    let title = if lines.len() < LAST_LINES {
        "  stderr:\n".to_owned()
    } else {
        format!("  stderr, the last {LAST_LINES} lines:\n")
    };
    let shown = lines[skipped..].iter().map(|line| {
        let line = as_seen(line);
        let room = style
            .width
            .map_or(usize::MAX, |width| width.saturating_sub(4).max(8));
        chop(&safe(&line), room)
    });
    title + &shown.collect::<String>()
}

/// A line as a terminal would leave it: without colours, tabs as blanks, and of a line that was
/// written over only what stands there in the end.
fn as_seen(line: &str) -> String {
    let line = line
        .trim_end_matches('\r')
        .rsplit('\r')
        .next()
        .unwrap_or_default();
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("\x1b[") {
        out.push_str(&rest[..at]);
        let body = &rest[at + 2..];
        let Some(end) = body.find(|sign: char| ('@'..='~').contains(&sign)) else {
            rest = &rest[at..];
            break;
        };
        rest = &body[end + 1..];
    }
    out.push_str(rest);
    out.replace('\t', "    ")
}

/// A line of a step's output in pieces that fit; nothing of it is left out.
fn chop(line: &str, room: usize) -> String {
    let mut out = String::from("    ");
    let mut used = 0;
    for sign in line.chars() {
        used += sign_width(sign);
        if used > room {
            out.push_str("\n    ");
            used = sign_width(sign);
        }
        out.push(sign);
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests;
