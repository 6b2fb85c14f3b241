//! How a source file begins, and the words that must not stand in it.

use crate::code;
use crate::tree::File;

pub(crate) fn module_files(files: &[File]) -> Vec<String> {
    let named = |file: &&File| file.path.ends_with(concat!("/mod", ".rs"));
    files
        .iter()
        .filter(named)
        .map(|file| {
            let folder = file.folder();
            format!("{}: name it {folder}.rs, beside its folder", file.path)
        })
        .collect()
}

pub(crate) fn beginnings(files: &[File]) -> Vec<String> {
    let rust = files.iter().filter(|file| file.is_rust());
    rust.filter(|file| !file.text.starts_with("//! "))
        .map(|file| {
            format!(
                "{}: begin with `//! ` and what it owns or decides",
                file.path
            )
        })
        .collect()
}

/// Words of code that say "not finished", "not tested" or "hope".
const UNFINISHED: [(&str, &str); 6] = [
    ("todo!", "finish it"),
    ("unimplemented!", "finish it"),
    ("dbg!", "take it out"),
    ("#[ignore", "run it or take it out"),
    ("#[should_panic", "look at the result instead"),
    ("thread::sleep", "wait for the thing itself"),
];

/// A mark that says "later", wherever it stands.
const LATER: [&str; 2] = [concat!("FIX", "ME"), concat!("TO", "DO")];

pub(crate) fn unfinished(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| !file.is_given()) {
        let bare = if file.is_rust() {
            code::bare(&file.text)
        } else {
            String::new()
        };
        for (number, (line, bare)) in lines_of(&file.text, &bare).enumerate() {
            let place = format!("{}:{}", file.path, number + 1);
            for (word, out) in UNFINISHED {
                if bare.contains(word) {
                    faults.push(format!("{place}: `{word}`: {out}"));
                }
            }
            for word in LATER {
                if has_word(line, word) {
                    faults.push(format!("{place}: `{word}`: do it, or write an issue"));
                }
            }
        }
    }
    faults
}

fn lines_of<'a>(text: &'a str, bare: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    text.lines().zip(bare.lines().chain(std::iter::repeat("")))
}

/// Folders that only one machine has.
const PATHS: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
];

pub(crate) fn machine_paths(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.path != "Cargo.lock") {
        for (number, line) in file.text.lines().enumerate() {
            for path in PATHS {
                let mut found = line.match_indices(path);
                if found.any(|(at, _)| stands_alone(&line[..at])) {
                    let place = format!("{}:{}", file.path, number + 1);
                    faults.push(format!(
                        "{place}: `{path}` is a path of one machine: take it out"
                    ));
                }
            }
        }
    }
    faults
}

/// Whether a path that begins after this text begins at the root.
fn stands_alone(before: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || "._-/}$~*".contains(c);
    !before.ends_with(part)
}

/// Second words for what the glossary names already.
const SYNONYMS: [(&str, &str); 7] = [
    ("task run", "node"),
    ("step instance", "node"),
    ("workflow instance", "run"),
    ("workflow execution", "run"),
    ("work item", "launch"),
    ("pod attempt", "launch"),
    ("approval gate", "task"),
];

pub(crate) fn synonyms(files: &[File]) -> Vec<String> {
    let ours = |file: &&File| {
        let engine = file.path.starts_with("engine/") || file.path.starts_with("notifier/");
        (engine && (file.is_rust() || file.is_markdown())) || file.path == "README.md"
    };
    let mut faults = Vec::new();
    for file in files.iter().filter(ours).filter(|file| !file.is_given()) {
        for (number, line) in file.text.lines().enumerate() {
            let line = line.to_lowercase();
            for (word, right) in SYNONYMS {
                if has_word(&line, word) {
                    let place = format!("{}:{}", file.path, number + 1);
                    faults.push(format!("{place}: `{word}`: the glossary says `{right}`"));
                }
            }
        }
    }
    faults
}

fn has_word(line: &str, word: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        !letter(line[..at].chars().next_back()) && !letter(line[at + word.len()..].chars().next())
    })
}

#[test]
fn a_module_file_in_its_folder_is_found() {
    let file = File::planted(concat!("engine/src/a/mod", ".rs"), "//! A.\n");
    let path = file.path.clone();
    let fault = format!("{path}: name it engine/src/a.rs, beside its folder");
    assert_eq!(module_files(&[file]), [fault]);
    assert_eq!(
        module_files(&[File::planted("engine/src/a.rs", "")]),
        Vec::<String>::new()
    );
}

#[test]
fn a_file_that_does_not_say_what_it_is_is_found() {
    let bad = File::planted("engine/a.rs", "use std::fmt;\n");
    let good = File::planted("engine/b.rs", "//! Owns b.\n");
    let fault = "engine/a.rs: begin with `//! ` and what it owns or decides";
    assert_eq!(beginnings(&[bad, good]), [fault]);
}

#[test]
fn half_done_work_is_found() {
    let text = format!(
        "//! A.\nfn f() {{ {}!() }}\n#[{}]\n// {}: later\nlet s = \"dbg!\";\nstd::{}(x);\n",
        "todo",
        "ignore = \"slow\"",
        concat!("FIX", "ME"),
        concat!("thread::", "sleep"),
    );
    let faults = unfinished(&[File::planted("engine/a.rs", &text)]);
    let later = format!(
        "engine/a.rs:4: `{}`: do it, or write an issue",
        concat!("FIX", "ME")
    );
    assert_eq!(
        faults,
        [
            "engine/a.rs:2: `todo!`: finish it",
            "engine/a.rs:3: `#[ignore`: run it or take it out",
            &later,
            "engine/a.rs:6: `thread::sleep`: wait for the thing itself",
        ]
    );
}

#[test]
fn a_path_of_one_machine_is_found() {
    let path = concat!("/wo", "rk/");
    let bad = File::planted("a.md", &format!("see {path}main"));
    let good = File::planted("b.md", &format!("see tests{path}main"));
    let fault = format!("a.md:1: `{path}` is a path of one machine: take it out");
    assert_eq!(machine_paths(&[bad, good]), [fault]);
}

#[test]
fn a_second_word_for_an_idea_is_found() {
    let bad = File::planted("engine/a.rs", "//! Ends a Task Run.\n");
    let good = File::planted("engine/b.rs", "//! The task runs.\n");
    let fault = "engine/a.rs:1: `task run`: the glossary says `node`";
    assert_eq!(synonyms(&[bad, good]), [fault]);
}
