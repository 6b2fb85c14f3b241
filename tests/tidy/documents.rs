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

/// The text of a file; empty if there is none.
fn text<'a>(files: &'a [File], path: &str) -> &'a str {
    files
        .iter()
        .find(|file| file.path == path)
        .map_or("", |file| &*file.text)
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
const GUIDES: [&str; 5] = [
    "README.md",
    "engine/README.md",
    "tests/README.md",
    "engine/core/README.md",
    "notifier/README.md",
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

/// Every suite of `tests/Cargo.toml` has its row in `tests/README.md`.
pub(crate) fn suites(files: &[File]) -> Vec<String> {
    let manifest = text(files, "tests/Cargo.toml");
    let page = text(files, "tests/README.md");
    let folders = manifest.lines().filter_map(|line| {
        let path = line.strip_prefix("path = \"")?;
        path.strip_suffix("/main.rs\"")
    });
    let is_told = |folder: &str| {
        let name = format!("| `{folder}/` |");
        page.lines()
            .any(|line| line.starts_with("| ") && line.contains(&name))
    };
    let untold = folders.filter(|folder| !is_told(folder));
    untold
        .map(|folder| format!("tests/README.md: which question answers `{folder}/`?"))
        .collect()
}

/// The law of `decide` itself, which a run alone cannot show.
const LAW_OF_DECIDE: &str =
    "| INV-10 | every effect that `decide` returns is in `owed` of the state that it returns |";

/// Laws: how their names begin, the file that has them, further ones, documents that repeat them.
const LAWS: [(&str, &str, &[&str], &[&str]); 2] = [
    (
        "INV-",
        "engine/core/src/invariant.rs",
        &[LAW_OF_DECIDE],
        &["engine/core/README.md", "engine/README.md"],
    ),
    (
        "APR-",
        "notifier/core/src/invariant.rs",
        &[],
        &["notifier/README.md"],
    ),
];

pub(crate) fn laws(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, code, further, books) in LAWS {
        let mut wanted = rows(text(files, code));
        wanted.extend(further.iter().map(|law| (*law).to_owned()));
        wanted.sort();
        let row = format!("| {name}");
        for book in books {
            let lines = text(files, book).lines();
            let table: Vec<&str> = lines.filter(|line| line.starts_with(&row)).collect();
            if table != wanted {
                let wanted = wanted.join("\n");
                faults.push(format!("{book}: the laws of {code} are\n{wanted}"));
            }
        }
    }
    faults
}

/// The table's rows as the code has them: each `name` with its `law`.
fn rows(code: &str) -> Vec<String> {
    let quoted = |key: &str| {
        let values = code.split(key).skip(1);
        values
            .filter_map(|rest| rest.split('"').next())
            .collect::<Vec<_>>()
    };
    let pairs = quoted("name: \"").into_iter().zip(quoted("law: \""));
    pairs
        .map(|(name, law)| format!("| {name} | {law} |"))
        .collect()
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
fn a_law_that_a_table_lacks_is_found() {
    let code = "name: \"INV-01\",\nlaw: \"one\",\nname: \"INV-02\",\nlaw: \"two\",\n";
    let whole = format!("see INV-03\n| INV-01 | one |\n| INV-02 | two |\n{LAW_OF_DECIDE}\n");
    let files = |book: &str| {
        [
            File::planted("engine/core/src/invariant.rs", code),
            File::planted("engine/core/README.md", &whole),
            File::planted("engine/README.md", book),
        ]
    };
    assert_eq!(laws(&files(&whole)), Vec::<String>::new());
    let fault = "engine/README.md: the laws of engine/core/src/invariant.rs are";
    let faults = laws(&files(&whole.replace("two", "three")));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].starts_with(fault), "{faults:?}");
}

#[test]
fn a_suite_that_is_not_told_of_is_found() {
    let manifest = "[lib]\npath = \"testkit/lib.rs\"\n[[test]]\npath = \"a/main.rs\"\n\
                    [[test]]\npath = \"b/main.rs\"\n";
    let files = [
        File::planted("tests/Cargo.toml", manifest),
        File::planted("tests/README.md", "see `b/`\n| Is it so? | `a/` | s |\n"),
    ];
    assert_eq!(
        suites(&files),
        ["tests/README.md: which question answers `b/`?"]
    );
}
