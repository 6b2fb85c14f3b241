//! Two reduced objects side by side: every difference as a line.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The names of nodes by id, to make lines readable.
type Names = BTreeMap<String, String>;

/// Differences between what was recorded and what we got; none when they agree.
pub(crate) fn differences(recorded: &Value, got: &Value) -> Vec<String> {
    let mut names = Names::new();
    for object in [recorded, got] {
        for (id, node) in object["status"]["nodes"].as_object().into_iter().flatten() {
            names.insert(id.clone(), node["name"].as_str().unwrap_or(id).to_owned());
        }
    }
    let mut lines = Vec::new();
    walk(&names, "", recorded, got, &mut lines);
    lines
}

fn walk(names: &Names, at: &str, recorded: &Value, got: &Value, lines: &mut Vec<String>) {
    let (Some(left), Some(right)) = (recorded.as_object(), got.as_object()) else {
        if recorded != got {
            let (was, is) = (show(names, recorded), show(names, got));
            lines.push(format!("{at}: recorded {was}, got {is}"));
        }
        return;
    };
    let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    for key in keys {
        let label = names.get(key).unwrap_or(key);
        let place = if at.is_empty() {
            label.clone()
        } else {
            format!("{at}.{label}")
        };
        match (left.get(key), right.get(key)) {
            (Some(was), Some(is)) => walk(names, &place, was, is, lines),
            (Some(was), None) => {
                lines.push(format!(
                    "{place}: recorded {}, got nothing",
                    show(names, was)
                ));
            }
            (None, Some(is)) => {
                lines.push(format!("{place}: not recorded, got {}", show(names, is)))
            }
            (None, None) => {}
        }
    }
}

fn show(names: &Names, value: &Value) -> String {
    let mut text = value.to_string();
    if let Some(list) = value.as_array() {
        let named = list.iter().filter_map(|item| names.get(item.as_str()?));
        let named: Vec<&str> = named.map(String::as_str).collect();
        if !named.is_empty() {
            text = format!("[{}]", named.join(", "));
        }
    }
    if text.chars().count() > 300 {
        text = text.chars().take(297).chain("...".chars()).collect();
    }
    text
}

/// The limits of `# atmost: TEMPLATE N` that an object breaks, by its times in whole seconds.
pub(crate) fn broken_limits(object: &Value, at_most: &[(String, usize)]) -> Vec<String> {
    let over = |(template, limit): &(String, usize)| {
        let most = most_at_once(object, template);
        let words = format!("{most} nodes of template {template} at once, at most {limit} allowed");
        (most > *limit).then_some(words)
    };
    at_most.iter().filter_map(over).collect()
}

fn most_at_once(object: &Value, template: &str) -> usize {
    let mut edges: Vec<(&str, bool)> = Vec::new();
    for node in object["status"]["nodes"]
        .as_object()
        .into_iter()
        .flat_map(|nodes| nodes.values())
    {
        let kind = node["type"].as_str().unwrap_or_default();
        let is_own = node["templateName"] == template;
        if is_own && !matches!(kind, "Retry" | "TaskGroup" | "Skipped") {
            let times = (node["startedAt"].as_str(), node["finishedAt"].as_str());
            if let (Some(start), Some(end)) = times {
                edges.extend([(start, true), (end, false)]);
            }
        }
    }
    // An end sorts before a start of the same second.
    edges.sort_unstable();
    let (mut now, mut most) = (0_usize, 0);
    for (_, begins) in edges {
        now = if begins {
            now + 1
        } else {
            now.saturating_sub(1)
        };
        most = most.max(now);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_difference_is_a_line() {
        let a = json!({"status": {"phase": "Failed", "nodes": {
            "w-1": {"name": "w.a", "children": ["w-1"], "message": "m"}}}});
        let b = json!({"status": {"phase": "Error", "nodes": {
            "w-1": {"name": "w.a", "children": [], "type": "Pod"}}}});
        assert_eq!(
            differences(&a, &b),
            [
                "status.nodes.w.a.children: recorded [w.a], got []",
                "status.nodes.w.a.message: recorded \"m\", got nothing",
                "status.nodes.w.a.type: not recorded, got \"Pod\"",
                "status.phase: recorded \"Failed\", got \"Error\"",
            ]
        );
        assert!(differences(&a, &a).is_empty());
    }

    #[test]
    fn limits_are_counted() {
        let node = |start: u8, end: u8| {
            let time = |second| format!("2026-01-01T00:00:{second:02}Z");
            json!({"templateName": "t", "type": "Pod",
                "startedAt": time(start), "finishedAt": time(end)})
        };
        let object = json!({"status": {"nodes":
            {"a": node(0, 5), "b": node(5, 9), "c": node(6, 7)}}});
        assert!(broken_limits(&object, &[("t".to_owned(), 2)]).is_empty());
        let one = broken_limits(&object, &[("t".to_owned(), 1)]);
        assert_eq!(one, ["2 nodes of template t at once, at most 1 allowed"]);
    }
}
