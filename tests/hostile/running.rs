//! Files that are admitted and become hostile when they run: what a step prints, and recursion that
//! only its depth ends. Beside each file stands what `usher run` shows of it in the end: exit code,
//! the last words, and every node with its phase, message, inputs and result.

use std::path::{Path, PathBuf};

use serde_json::Value;
use suite::{Place, nodes, phase};

fn folder() -> PathBuf {
    suite::root().join("tests/hostile/running")
}

fn text<'a>(node: &'a Value, field: &str) -> &'a str {
    node[field].as_str().unwrap_or("")
}

/// A node in one line; values as JSON, so that nothing in them is invisible.
fn line(node: &Value) -> String {
    let mut line = format!("  {} {}", text(node, "name"), text(node, "phase"));
    if !text(node, "message").is_empty() {
        line += &format!(" {}", node["message"]);
    }
    for parameter in node["inputs"]["parameters"]
        .as_array()
        .into_iter()
        .flatten()
    {
        line += &format!(" {}={}", text(parameter, "name"), parameter["value"]);
    }
    if !node["outputs"]["result"].is_null() {
        line += &format!(" result={}", node["outputs"]["result"]);
    }
    line
}

fn story(file: &Path) -> String {
    let place = Place::new();
    let file = file.display().to_string();
    let shown = place.usher(["run", file.as_str()]);
    let object = place
        .usher(["get", "@latest", "-o", "json"])
        .with_code(0)
        .json();
    let lines: Vec<String> = nodes(&object).map(line).collect();
    let first = lines.iter().take(12).cloned();
    let rest = lines.len().saturating_sub(12);
    let more = (rest > 0).then(|| format!("  and {rest} nodes more"));
    let tree: Vec<String> = first.chain(more).collect();
    // Times differ; the last words have none.
    let is_timed = |line: &str| line.get(4..5) == Some("-") && line.contains('Z');
    let words = shown
        .out
        .lines()
        .chain(shown.err.lines())
        .filter(|line| !is_timed(line));
    let words: Vec<String> = words
        .map(|line| format!("  {}", line.escape_debug()))
        .collect();
    format!(
        "exit {}, {}\n{}\nsaid:\n{}\n",
        shown.code,
        phase(&object),
        tree.join("\n"),
        words.join("\n")
    )
}

/// Each file ends as the text beside it says, and a run after it is not affected.
#[test]
fn hostile_runs_end_alone_and_in_these_words() {
    let entries = std::fs::read_dir(folder()).expect("the folder");
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let told = story(&file);
        let beside = file.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&beside, &told).expect("written");
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(told, expected, "{}", file.display());
    }
}
