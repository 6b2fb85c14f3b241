//! Where the shipped binary is, and the project's own root.
//!
//! Cargo builds a package's binary for that package's tests alone. The suite is a package of its
//! own, so it asks cargo for the binary once: built already, that costs a moment; changed since,
//! no test can meet an old one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The root of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the root")
}

/// The `usher` that people get, of the profile under which this test was built.
pub fn bin() -> &'static Path {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    BIN.get_or_init(|| {
        let exe = std::env::current_exe().expect("a test knows where it is");
        // …/target/<profile>/deps/<test>
        let folder = exe
            .ancestors()
            .nth(2)
            .expect("a test lies in a target folder");
        build(folder);
        let bin = folder.join("usher");
        assert!(bin.is_file(), "cargo has built no {}", bin.display());
        bin
    })
}

/// Cargo, as it is called from a shell. What it tells this test of its package would be news to the
/// build scripts of some crates: they would run again, and again when the tests are built, and
/// everything above them with them: minutes each time.
pub fn cargo() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let mut command = Command::new(cargo);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
}

fn build(folder: &Path) {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let output = cargo()
        .args([
            "build",
            "--quiet",
            "--locked",
            "--workspace",
            "--bin",
            "usher",
        ])
        .args(["--profile", profile, "--target-dir"])
        .arg(folder.parent().expect("a profile lies in a target folder"))
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .expect("cargo can be started");
    assert!(
        output.status.success(),
        "the binary does not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
