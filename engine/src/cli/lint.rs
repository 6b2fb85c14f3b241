//! `lint`: every fault of files, folders or stdin, and every warning. A warning refuses nothing, as
//! with `argo lint`: it does not change the exit code.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use usher_core::admit::{Admitted, Fault, Overrides};

use super::args::{Global, LintArgs};
use super::session::style;
use super::submit::{admit_all, kept, read_file, warnings};
use super::view::{self, Style};
use super::{DONE, INVALID, output};
use crate::policies;
use crate::state::{StateDir, Surroundings};

/// Files of a folder that are looked at.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Folders are looked through this deep.
const DEPTH_MAX: usize = 32;

/// What was found in all files.
#[derive(Debug, Default)]
struct Found {
    /// Files that cannot be run.
    bad: usize,
    /// Sound workflows.
    workflows: usize,
    /// Warnings, which make no file bad.
    warnings: usize,
    /// Everything, for programs; the text was printed as it was found.
    rows: Vec<Value>,
}

/// `usher lint`.
pub(super) fn lint(global: &Global, args: &LintArgs) -> anyhow::Result<u8> {
    let style = style(global);
    let mut files = Vec::new();
    for path in &args.paths {
        if let Err(error) = find(path, 0, &mut files) {
            output::note(&format!("read {}: {error}", path.display()));
            return Ok(INVALID);
        }
    }
    let in_words = args.output.is_none();
    let mut found = Found::default();
    for path in &files {
        let text = look(path, global, &style, &mut found);
        if in_words {
            output::print(&text)?;
        }
    }
    if files.is_empty() {
        output::note("there is no .yaml, .yml or .json file");
        return Ok(INVALID);
    }
    if !in_words {
        output::print(&view::json(&Value::from(found.rows)))?;
    }
    if found.bad > 0 {
        let files = counted(files.len(), "file");
        output::note(&format!("{} of {files} cannot be run", found.bad));
        return Ok(INVALID);
    }
    if in_words {
        let warnings = match found.warnings {
            0 => String::new(),
            count => format!(", {}", counted(count, "warning")),
        };
        let workflows = counted(found.workflows, "workflow");
        output::print(&format!("no faults{warnings} in {workflows}\n"))?;
    }
    Ok(DONE)
}

/// `1 file`, `2 files`.
fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// Looks at one file; gives what is to be said of it in words.
fn look(path: &Path, global: &Global, style: &Style, found: &mut Found) -> String {
    let (name, bytes) = match read_file(path) {
        Ok(read) => read,
        Err(error) => {
            output::complain(&error);
            found.bad += 1;
            let message = format!("{error:#}");
            found.rows.push(bare(&path.display().to_string(), &message));
            return String::new();
        }
    };
    let all = match admit_all(&name, &bytes, &Overrides::default()) {
        Ok(all) => all,
        Err(faults) => {
            found.bad += 1;
            found.rows.extend(faults.iter().map(row));
            return view::faults(&faults, Some(&String::from_utf8_lossy(&bytes)), style);
        }
    };
    found.workflows += all.len();
    for what in all.iter().filter_map(kept) {
        output::note(&format!("{name}: kept without effect here: {what}"));
    }
    let mut text = warnings(&all, &bytes, style);
    for warning in all.iter().flat_map(|one| &one.warnings) {
        found.warnings += 1;
        found.rows.push(row(warning));
    }
    let faults = unknown(&all, global);
    found.bad += usize::from(!faults.is_empty());
    for fault in &faults {
        text.push_str(&format!("{name}: {fault}\n"));
        found.rows.push(bare(&name, fault));
    }
    text
}

/// A fault or a warning of a file, for programs.
fn row(fault: &Fault) -> Value {
    let severity = match fault.code.is_warning() {
        true => "warning",
        false => "error",
    };
    json!({
        "file": fault.file, "line": fault.line, "column": fault.column, "severity": severity,
        "code": fault.code.id, "path": fault.path, "message": fault.message,
        "nearest": fault.nearest,
    })
}

/// What is wrong without being a fault of the text.
fn bare(file: &str, message: &str) -> Value {
    json!({"file": file, "severity": "error", "message": message})
}

/// What the settings and the people of this machine say against the approvals of a file.
fn unknown(all: &[Admitted], global: &Global) -> Vec<String> {
    if all.iter().all(|one| one.plan.approvals().next().is_none()) {
        return Vec::new();
    }
    let around = Surroundings::from_env();
    let config = StateDir::find(global.named_state().as_deref(), &around)
        .map_err(anyhow::Error::from)
        .and_then(|state| super::config::load(global, state.path()));
    match config {
        Ok(config) => all
            .iter()
            .flat_map(|one| policies::faults(&one.plan, &config))
            .collect(),
        Err(error) => vec![format!("its approvals cannot be looked at: {error:#}")],
    }
}

fn find(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path == Path::new("-") || !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        // Links to folders may go round in a circle.
        if entry.file_type()?.is_dir() && depth < DEPTH_MAX {
            find(&path, depth + 1, files)?;
        } else if ending.is_some_and(|ending| ENDINGS.contains(&ending)) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
