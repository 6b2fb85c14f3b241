//! What may lie in the root: it is a table of contents.

use crate::tree::File;

const MAY: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "README.md",
    "deploy",
    "engine",
    "examples",
    "notifier",
    "tests",
];

const MUST: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE",
    "README.md",
    "engine",
    "examples",
    "tests",
];

/// Names that may not lie in the root. What is built lies there too, and is no part of it.
pub(crate) fn strangers(names: &[String]) -> Vec<String> {
    let known = |name: &str| MAY.contains(&name) || name == "target" || name.starts_with('.');
    names.iter().filter(|name| !known(name)).cloned().collect()
}

pub(crate) fn entries(files: &[File]) -> Vec<String> {
    let first = |path: &str| path.split('/').next().unwrap_or(path).to_owned();
    let mut names: Vec<String> = files.iter().map(|file| first(&file.path)).collect();
    names.sort();
    names.dedup();
    let stranger = |name: &String| format!("{name}: put it into one of {}", MAY.join(", "));
    let mut faults: Vec<String> = strangers(&names).iter().map(stranger).collect();
    let missing = MUST
        .iter()
        .filter(|must| !names.iter().any(|name| name == *must));
    faults.extend(missing.map(|must| format!("{must}: it is missing")));
    faults
}

#[test]
fn a_stranger_and_a_gap_are_found() {
    let whole = MUST.map(|name| File::planted(name, ""));
    assert_eq!(entries(&whole), Vec::<String>::new());
    let mut files = whole[1..].to_vec();
    files.push(File::planted("scripts/a.sh", ""));
    files.push(File::planted(".gitignore", ""));
    assert_eq!(
        entries(&files),
        [
            "scripts: put it into one of Cargo.toml, Cargo.lock, LICENSE, README.md, deploy, \
             engine, examples, notifier, tests",
            "Cargo.toml: it is missing",
        ]
    );
}
