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

fn build(folder: &Path) {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let output = Command::new(cargo)
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
