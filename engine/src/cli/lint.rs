//! `lint`: every fault of files, folders or stdin.

use std::path::{Path, PathBuf};

use usher_core::admit::{Admitted, Overrides};

use super::args::{Global, LintArgs};
use super::session::style;
use super::submit::{admit_all, kept, read_file};
use super::{DONE, INVALID, output, view};
use crate::policies;
use crate::state::{StateDir, Surroundings};

/// Files of a folder that are looked at.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Folders are looked through this deep.
const DEPTH_MAX: usize = 32;

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
    let mut bad = 0_usize;
    let mut workflows = 0;
    for path in &files {
        let (name, bytes) = match read_file(path) {
            Ok(read) => read,
            Err(error) => {
                output::complain(&error);
                bad += 1;
                continue;
            }
        };
        match admit_all(&name, &bytes, &Overrides::default()) {
            Ok(all) => {
                workflows += all.len();
                let faults = unknown(&all, global);
                for fault in &faults {
                    output::print(&format!("{name}: {fault}\n"))?;
                }
                bad += usize::from(!faults.is_empty());
                for what in all.iter().filter_map(kept) {
                    output::note(&format!("{name}: kept without effect here: {what}"));
                }
            }
            Err(faults) => {
                bad += 1;
                let text = String::from_utf8_lossy(&bytes);
                output::print(&view::faults(&faults, Some(&text), &style))?;
            }
        }
    }
    if files.is_empty() {
        output::note("there is no .yaml, .yml or .json file");
        return Ok(INVALID);
    }
    if bad > 0 {
        let files = files.len();
        let s = if files == 1 { "" } else { "s" };
        output::note(&format!("{bad} of {files} file{s} cannot be run"));
        return Ok(INVALID);
    }
    let s = if workflows == 1 { "" } else { "s" };
    output::print(&format!("no faults in {workflows} workflow{s}\n"))?;
    Ok(DONE)
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
