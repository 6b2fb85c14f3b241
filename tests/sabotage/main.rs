//! For each rule a one-line change that breaks it, and the test that must then fail for the named
//! reason. A rule whose sabotage goes unnoticed is not tested.
//!
//! A sabotage is a file `NAME.sabotage`:
//!
//! ```text
//! file: engine/core/src/owed.rs    the file to change
//! test: --workspace --test rules   what `cargo test --release` must then find red
//! red: INV-10                      a text that its output must hold
//! --- old
//! the old line, exactly once in the file
//! +++ new
//! the new line
//! ```
//!
//! All are tried in one copy of the tree, with a target folder of its own that begins with what
//! the suite has built of the crates from outside: only ours are built again.

mod copy;

use std::path::{Path, PathBuf};
use std::time::Instant;

struct Sabotage {
    name: String,
    file: PathBuf,
    test: Vec<String>,
    red: String,
    old: String,
    new: String,
}

fn parse(path: &Path) -> Sabotage {
    let text = std::fs::read_to_string(path).expect("a sabotage is text");
    let (head, change) = text.split_once("--- old\n").expect("it has an old part");
    let (old, new) = change.split_once("+++ new\n").expect("it has a new part");
    let field = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name));
        let line = line.unwrap_or_else(|| panic!("{} has no {name}", path.display()));
        line.trim().to_owned()
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

fn all() -> Vec<Sabotage> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(suite::root().join("tests/sabotage"))
        .expect("the folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "sabotage"))
        .collect();
    files.sort();
    files.iter().map(|path| parse(path)).collect()
}

impl Sabotage {
    /// The file with the change; why not, when the old text is not there exactly once.
    fn broken(&self, sound: &str) -> Result<String, String> {
        match sound.matches(&self.old).count() {
            1 => Ok(sound.replacen(&self.old, &self.new, 1)),
            times => Err(format!(
                "{}: the old text is there {times} times",
                self.name
            )),
        }
    }
}

/// Whether the tests are green, and what they said.
fn cargo_test(tree: &Path, target: &Path, args: &[String]) -> (bool, String) {
    let output = suite::cargo()
        .args(["test", "--release", "--locked", "--offline"])
        .args(args)
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", target)
        .env("RUST_BACKTRACE", "0")
        // Of ours alone, and only one line changes at a time.
        .env("CARGO_INCREMENTAL", "1")
        .output()
        .expect("cargo runs");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.success(), text)
}

/// The last lines of a long text.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

/// A sabotage that no longer fits its file would break nothing: told at once, without a build.
#[test]
fn every_sabotage_fits() {
    let all = all();
    assert!(all.len() >= 6, "{} sabotages", all.len());
    for sabotage in all {
        let sound = std::fs::read_to_string(suite::root().join(&sabotage.file));
        let sound = sound.expect("the file to change");
        sabotage
            .broken(&sound)
            .unwrap_or_else(|why| panic!("{why}"));
    }
}

#[test]
fn every_sabotage_is_found() {
    let copy = copy::Copy::make();
    let mut unseen = Vec::new();
    for sabotage in all() {
        let begun = Instant::now();
        let file = copy.tree().join(&sabotage.file);
        let sound = std::fs::read_to_string(&file).expect("the file to change");
        let broken = sabotage
            .broken(&sound)
            .unwrap_or_else(|why| panic!("{why}"));
        std::fs::write(&file, broken).expect("the change");
        let (green, output) = cargo_test(&copy.tree(), &copy.target(), &sabotage.test);
        std::fs::write(&file, sound).expect("the change back");
        let is_built = output.contains("test result:");
        let is_named = output.contains(&sabotage.red);
        let is_found = !green && is_built && is_named;
        let word = if is_found { "found" } else { "MISSED" };
        println!(
            "{word:<8} {:<32} {} s",
            sabotage.name,
            begun.elapsed().as_secs()
        );
        if !is_found {
            let name = &sabotage.name;
            let red = &sabotage.red;
            unseen.push(format!(
                "{name} (green: {green}, built: {is_built}, names `{red}`: {is_named})\n{}",
                tail(&output)
            ));
        }
    }
    assert!(unseen.is_empty(), "not found:\n{}", unseen.join("\n\n"));
}
