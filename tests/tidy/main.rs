//! Is the tree tidy? Sizes, layers, words and documents, held from the first day.
//!
//! Every rule is a function from the project's files to a list of faults, so that it can be given
//! a file with a planted fault. A fault names the file, the line and the way out.

mod code;
mod documents;
mod layers;
mod manifest;
mod sizes;
mod top;
mod tree;
mod words;

use tree::File;

type Rule = fn(&[File]) -> Vec<String>;

const RULES: [(&str, Rule); 16] = [
    ("files are short", sizes::files),
    ("functions are short", sizes::functions),
    ("lines are short", sizes::lines),
    ("modules lie beside their folder", words::module_files),
    ("a file says first what it is", words::beginnings),
    ("nothing is left half done", words::unfinished),
    ("no path of one machine", words::machine_paths),
    ("one word per idea", words::synonyms),
    ("crates know only what they may", layers::arrows),
    ("the cores are pure", layers::purity),
    ("the top is a table of contents", top::entries),
    ("links lead somewhere", documents::links),
    ("paths that documents name are there", documents::paths),
    ("decisions have their three parts", documents::decisions),
    ("the laws' table is true", documents::laws),
    ("every suite says what it answers", documents::suites),
];

/// Every rule, on the project as it is.
#[test]
fn the_project_is_tidy() {
    let files = tree::project();
    assert!(
        files.len() > 50,
        "the tree was not read: {} files",
        files.len()
    );
    let mut faults = Vec::new();
    for (name, rule) in RULES {
        faults.extend(rule(&files).iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// The folders on top, which files alone do not show.
#[test]
fn nothing_else_lies_on_top() {
    assert_eq!(top::strangers(&tree::names_on_top()), Vec::<String>::new());
}

/// A person types `tests/run`, the build server `.ci/run`.
#[test]
fn the_commands_can_be_run() {
    for name in ["tests/run", ".ci/run"] {
        let file = std::fs::metadata(suite::root().join(name)).expect("it is there");
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.permissions());
        assert_eq!(mode & 0o111, 0o111, "{name} may be executed by everybody");
    }
}
