//! The project's files as text, without what is built or stored by tools.

use std::path::Path;

use suite::root;

/// A file that is text.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// From the root, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl File {
    /// A file for a rule's own test.
    #[cfg(test)]
    pub(crate) fn planted(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(crate) fn is_markdown(&self) -> bool {
        self.path.ends_with(".md")
    }

    /// The folder that holds it, without a `/` at the end; empty for the root.
    pub(crate) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Written by a tool or by a test with `UPDATE=1`, or an input whose shape is its point.
    pub(crate) fn is_given(&self) -> bool {
        let folders = [
            "tests/conformance/cases/",
            "tests/conformance/recorded/",
            "tests/golden/",
            "tests/hostile/",
        ];
        let inside = folders.iter().any(|folder| self.path.starts_with(folder));
        inside && !self.is_rust() && !self.is_markdown()
            || ["Cargo.lock", "engine/COMPAT.md"].contains(&&*self.path)
    }
}

/// Every text file of the project, by path.
pub(crate) fn project() -> Vec<File> {
    let mut files = Vec::new();
    walk(root(), "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Names of what lies in the root, sorted.
pub(crate) fn names_on_top() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(root())
        .expect("the root can be read")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in std::fs::read_dir(folder).expect("a folder can be read") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() {
            if name != "target" && name != ".git" {
                walk(&entry.path(), &format!("{path}/"), files);
            }
        } else if kind.is_file()
            && name != ".git"
            && let Ok(text) = std::fs::read_to_string(entry.path())
        {
            files.push(File { path, text });
        }
    }
}
