//! A copy of the tree to be spoilt, with a target folder that has the crates from outside already.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The copy; it goes with this value.
pub(crate) struct Copy {
    folder: TempDir,
}

impl Copy {
    /// Copies sources and manifests, and links what was built of other people's crates.
    pub(crate) fn make() -> Copy {
        let ours = target();
        // Beside what is linked, so that a link can be made.
        let folder = tempfile::tempdir_in(&ours).expect("a folder");
        let copy = Copy { folder };
        copy_tree(suite::root(), &copy.tree(), &ours);
        for part in ["deps", ".fingerprint", "build"] {
            let from = ours.join("release").join(part);
            if from.is_dir() {
                link_tree(&from, &copy.target().join("release").join(part), true);
            }
        }
        copy
    }

    pub(crate) fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.folder.path().join("target")
    }
}

/// The target folder of this build: …/target/release/deps/sabotage-…
fn target() -> PathBuf {
    let exe = std::env::current_exe().expect("a path");
    exe.ancestors().nth(3).expect("a target folder").to_owned()
}

fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).expect("a readable folder");
    let entry = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.expect("an entry");
        (
            entry.file_name().to_string_lossy().into_owned(),
            entry.path(),
        )
    };
    entries.map(entry).collect()
}

fn copy_tree(from: &Path, to: &Path, target: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for (name, path) in entries(from) {
        if name == ".git" || path == target || path.join("CACHEDIR.TAG").exists() {
            continue;
        }
        if path.is_dir() {
            copy_tree(&path, &to.join(&name), target);
        } else {
            fs::copy(&path, to.join(&name)).expect("a copy");
        }
    }
}

/// Links files, which keeps their times: cargo goes by them. Ours at the top are left out.
fn link_tree(from: &Path, to: &Path, top: bool) {
    fs::create_dir_all(to).expect("a folder");
    for (name, path) in entries(from) {
        if top && is_ours(&name) {
            continue;
        }
        let goal = to.join(&name);
        if path.is_dir() {
            link_tree(&path, &goal, false);
        } else if fs::hard_link(&path, &goal).is_err() {
            let time = path.metadata().and_then(|about| about.modified());
            fs::copy(&path, &goal).expect("a copy");
            let file = fs::File::options()
                .write(true)
                .open(&goal)
                .expect("the copy");
            file.set_modified(time.expect("a time"))
                .expect("set its time");
        }
    }
}

/// Whether an artifact is of one of our crates: they are built again anyway.
fn is_ours(name: &str) -> bool {
    let name = name.strip_prefix("lib").unwrap_or(name);
    ["usher", "suite"].iter().any(|ours| name.starts_with(ours))
}
