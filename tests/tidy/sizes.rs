//! Short files, functions and lines: what does not fit is two ideas.

use crate::code;
use crate::tree::File;

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
const COLUMNS: usize = 100;

const MEASURED: [&str; 6] = [".rs", ".md", ".sh", ".toml", ".sql", ".yaml"];

fn is_measured(file: &File) -> bool {
    let script = file.text.starts_with("#!");
    !file.is_given() && (script || MEASURED.iter().any(|end| file.path.ends_with(end)))
}

pub(crate) fn files(files: &[File]) -> Vec<String> {
    let measured = files.iter().filter(|file| is_measured(file));
    measured
        .filter_map(|file| {
            let lines = file.text.lines().count();
            let long = lines > FILE_LINES;
            long.then(|| {
                format!(
                    "{}: {lines} lines, at most {FILE_LINES}: split it",
                    file.path
                )
            })
        })
        .collect()
}

pub(crate) fn functions(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        for code::Function { name, line, lines } in code::functions(&file.text) {
            if lines > FUNCTION_LINES {
                faults.push(format!(
                    "{}:{line}: `{name}` has {lines} lines, at most {FUNCTION_LINES}: split it",
                    file.path
                ));
            }
        }
    }
    faults
}

pub(crate) fn lines(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| is_measured(file)) {
        for (number, line) in file.text.lines().enumerate() {
            let columns = line.chars().count();
            // A row of a Markdown table cannot be broken.
            let row = file.is_markdown() && line.starts_with('|');
            if columns > COLUMNS && !row {
                let place = format!("{}:{}", file.path, number + 1);
                faults.push(format!(
                    "{place}: {columns} columns, at most {COLUMNS}: break it"
                ));
            }
        }
    }
    faults
}

#[test]
fn a_long_file_is_found() {
    let file = |lines| [File::planted("engine/a.rs", &"//! A.\n".repeat(lines))];
    assert_eq!(files(&file(500)), Vec::<String>::new());
    assert_eq!(
        files(&file(501)),
        ["engine/a.rs: 501 lines, at most 500: split it"]
    );
}

#[test]
fn a_long_function_is_found() {
    let file = |lines: usize| {
        let text = format!(
            "//! A.\nfn long() {{\n{}}}\n",
            "    call();\n".repeat(lines - 2)
        );
        [File::planted("engine/a.rs", &text)]
    };
    assert_eq!(functions(&file(70)), Vec::<String>::new());
    assert_eq!(
        functions(&file(71)),
        ["engine/a.rs:2: `long` has 71 lines, at most 70: split it"]
    );
}

#[test]
fn a_long_line_is_found() {
    let file = |path: &str, columns| {
        [File::planted(
            path,
            &format!("# a\n{}", "ä".repeat(columns)),
        )]
    };
    assert_eq!(lines(&file("a.sql", 100)), Vec::<String>::new());
    assert_eq!(
        lines(&file("a.sql", 101)),
        ["a.sql:2: 101 columns, at most 100: break it"]
    );
    assert_eq!(lines(&file("Cargo.lock", 200)), Vec::<String>::new());
    assert_eq!(
        lines(&file("tests/golden/x.yaml", 200)),
        Vec::<String>::new()
    );
    let row = File::planted("a.md", &format!("| {} |\n", "x".repeat(200)));
    assert_eq!(lines(&[row]), Vec::<String>::new());
}
