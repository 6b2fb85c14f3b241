//! Documents that are true: their links and paths lead somewhere, their tables match the code.

use crate::tree::File;

/// Whether a path from the root is a file or a folder of the project.
fn exists(files: &[File], path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let inside = |file: &File| {
        file.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    path.is_empty() || files.iter().any(inside)
}

/// A path as seen from a folder, without its `.` and `..`.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Lines of prose with their numbers: what stands in a fence is no link.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((number + 1, line))
    })
}

pub(crate) fn links(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.is_markdown() && !file.path.starts_with("tests/conf"))
    {
        for (number, line) in prose(&file.text) {
            for rest in line.split("](").skip(1) {
                let goal = rest.split(')').next().unwrap_or(rest);
                let path = goal.split('#').next().unwrap_or(goal);
                let outside = goal.contains("://") || goal.starts_with("mailto:");
                if !outside && !exists(files, &join(file.folder(), path)) {
                    faults.push(format!("{}:{number}: `{goal}` is not there", file.path));
                }
            }
        }
    }
    faults
}

/// Documents in which a path in backticks is a promise.
const GUIDES: [&str; 4] = [
    "README.md",
    "engine/README.md",
    "tests/README.md",
    "engine/core/README.md",
];

pub(crate) fn paths(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| GUIDES.contains(&&*file.path)) {
        for (number, line) in prose(&file.text) {
            let quoted = line.split('`').skip(1).step_by(2);
            for path in quoted.filter(|text| is_path(text)) {
                let near = join(file.folder(), path);
                let source = join(&join(file.folder(), "src"), path);
                let found = [path, &near, &source]
                    .iter()
                    .any(|path| exists(files, path));
                if !found {
                    faults.push(format!("{}:{number}: `{path}` is not there", file.path));
                }
            }
        }
    }
    faults
}

/// `a/b.rs`, `b.rs`, `README.md` or `a/`: a name that can only be a path of ours.
fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let named = [".rs", ".md", ".toml", ".sql"]
        .iter()
        .any(|end| text.ends_with(end));
    let folder = text.ends_with('/') && text.len() > 1;
    (named || folder) && !text.starts_with(['/', '.', '-']) && text.chars().all(plain)
}

pub(crate) fn decisions(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.is_markdown() && file.path.contains("/decisions/"))
    {
        for part in ["## Context", "## Decision", "## Consequences"] {
            if !file.text.lines().any(|line| line == part) {
                faults.push(format!("{}: it has no `{part}`", file.path));
            }
        }
    }
    faults
}

pub(crate) fn laws(files: &[File]) -> Vec<String> {
    let of = |path: &str, from: fn(&str) -> Vec<String>| {
        files
            .iter()
            .find(|file| file.path == path)
            .map(|file| from(&file.text))
    };
    let code = of("engine/core/src/invariant.rs", numbers);
    let table = of("engine/core/README.md", |text| {
        let rows = text.lines().filter(|line| line.starts_with("| INV-"));
        numbers(&rows.collect::<Vec<_>>().join("\n"))
    });
    if code == table {
        return Vec::new();
    }
    vec![format!(
        "engine/core/README.md has {table:?}, engine/core/src/invariant.rs {code:?}"
    )]
}

/// Every `INV-nn` of a text, sorted, once.
fn numbers(text: &str) -> Vec<String> {
    let two = |rest: &&str| rest.chars().take(2).filter(char::is_ascii_digit).count() == 2;
    let mut found: Vec<String> = text
        .split("INV-")
        .skip(1)
        .filter(two)
        .map(|rest| format!("INV-{}", &rest[..2]))
        .collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn a_link_to_nothing_is_found() {
    let text = "[a](../b.md#part) [c](https://example.org)\n```\n[x](y)\n```\n[d](gone.md)\n";
    let files = [File::planted("docs/a.md", text), File::planted("b.md", "")];
    assert_eq!(links(&files), ["docs/a.md:5: `gone.md` is not there"]);
}

#[test]
fn a_path_to_nothing_is_found() {
    let text = "`turn.rs`, `core/`, `usher run`, `gone.rs` and `/etc/x.toml`\n";
    let files = [
        File::planted("engine/README.md", text),
        File::planted("engine/src/turn.rs", ""),
        File::planted("engine/core/a.rs", ""),
    ];
    assert_eq!(
        paths(&files),
        ["engine/README.md:1: `gone.rs` is not there"]
    );
}

#[test]
fn a_decision_without_consequences_is_found() {
    let text = "# A\n\n## Context\n\n## Decision\n";
    let file = File::planted("engine/decisions/0001-a.md", text);
    assert_eq!(
        decisions(&[file]),
        ["engine/decisions/0001-a.md: it has no `## Consequences`"]
    );
}

#[test]
fn a_law_that_the_table_lacks_is_found() {
    let file = |table: &str| {
        [
            File::planted("engine/core/src/invariant.rs", "\"INV-01\", \"INV-02\""),
            File::planted("engine/core/README.md", table),
        ]
    };
    let whole = "see INV-03\n| INV-01 | a |\n| INV-02 | b |\n";
    assert_eq!(laws(&file(whole)), Vec::<String>::new());
    assert_eq!(
        laws(&file("| INV-01 | a |\n")),
        [
            r#"engine/core/README.md has Some(["INV-01"]), engine/core/src/invariant.rs Some(["INV-01", "INV-02"])"#
        ]
    );
}
