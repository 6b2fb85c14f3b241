//! For each invariant and security rule a one-line change that breaks it, and the test that must
//! then fail for the named reason. A rule whose sabotage goes unnoticed is not tested.
//!
//! A sabotage is a file `NAME.sabotage`:
//!
//! ```text
//! file: engine/core/src/owed.rs          the file to change
//! test: -p usher-core --test simulation  what `cargo test --release` must then find red
//! red: INV-10                            a text that its output must hold
//! --- old
//! the old line, exactly once in the file
//! +++ new
//! the new line
//! ```

use std::path::{Path, PathBuf};
use std::process::Command;

struct Sabotage {
    name: String,
    file: PathBuf,
    test: Vec<String>,
    red: String,
    old: String,
    new: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ is in the tree")
        .to_owned()
}

fn parse(path: &Path) -> Sabotage {
    let text = std::fs::read_to_string(path).expect("a sabotage is text");
    let (head, change) = text.split_once("--- old\n").expect("it has an old part");
    let (old, new) = change.split_once("+++ new\n").expect("it has a new part");
    let field = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{} has no {name}", path.display()))
            .trim()
            .to_owned()
    };
    Sabotage {
        name: path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned(),
        file: PathBuf::from(field("file:")),
        test: field("test:")
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        red: field("red:"),
        old: old.to_owned(),
        new: new.to_owned(),
    }
}

/// Copies what is needed to build: manifests, sources, and what tests read.
fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a readable folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name == "target" || name == ".git" {
            continue;
        }
        let (source, goal) = (entry.path(), to.join(&*name));
        if entry.file_type().expect("a type").is_dir() {
            copy_tree(&source, &goal);
        } else {
            std::fs::copy(&source, &goal).expect("a copy");
        }
    }
}

fn target() -> PathBuf {
    let exe = std::env::current_exe().expect("a path");
    // …/target/release/deps/sabotage-…
    exe.ancestors().nth(3).expect("a target folder").to_owned()
}

fn cargo_test(tree: &Path, args: &[String]) -> (bool, String) {
    let output = Command::new(env!("CARGO"))
        .args(["test", "--release", "--locked", "--offline"])
        .args(args)
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", target())
        .env("USHER_SIM_SEEDS", "400")
        .output()
        .expect("cargo runs");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn every_sabotage_is_found() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("tests/sabotage"))
        .expect("the folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "sabotage"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there is no sabotage");
    let tree = tempfile::tempdir().expect("a folder");
    copy_tree(&root(), tree.path());
    let mut unseen = Vec::new();
    for path in files {
        let sabotage = parse(&path);
        let file = tree.path().join(&sabotage.file);
        let sound = std::fs::read_to_string(&file).expect("the file to change");
        let times = sound.matches(&sabotage.old).count();
        assert_eq!(
            times, 1,
            "{}: the old text is there {times} times",
            sabotage.name
        );
        let broken = sound.replacen(&sabotage.old, &sabotage.new, 1);
        std::fs::write(&file, broken).expect("the change");
        let (green, output) = cargo_test(tree.path(), &sabotage.test);
        std::fs::write(&file, sound).expect("the change back");
        let named = output.contains(&sabotage.red);
        println!(
            "{:<28} {}",
            sabotage.name,
            if !green && named { "found" } else { "MISSED" }
        );
        if green || !named {
            let tail: Vec<&str> = output.lines().rev().take(30).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            unseen.push(format!(
                "{} (green: {green}, names `{}`: {named})\n{}",
                sabotage.name,
                sabotage.red,
                tail.join("\n")
            ));
        }
    }
    assert!(unseen.is_empty(), "not found:\n{}", unseen.join("\n\n"));
}
