//! Files that no engine should run: what the reader of a fault sees, character by character.
//!
//! Each file in `files/` has the expected text beside it, under the same name and `.txt`:
//! every fault in its order, or what is admitted. `UPDATE=1 cargo test -p suite --test hostile`
//! writes the texts anew; read the difference before you commit it.

mod fuzz;
mod large;
mod running;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use usher_core::admit::{self, Overrides};

/// The folder of the files.
fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/hostile/files"))
}

/// All files that are input, by name.
fn inputs() -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).expect("the folder is there") {
        let path = entry.expect("readable").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if !name.ends_with(".txt") {
            found.insert(name, std::fs::read(&path).expect("readable"));
        }
    }
    found
}

/// What a person sees of a file: its faults, or what each document is admitted as.
fn told(name: &str, bytes: &[u8]) -> String {
    let mut out = String::new();
    let documents = match admit::read(name, bytes) {
        Ok(documents) => documents,
        Err(faults) => {
            assert!(!faults.is_empty(), "{name} is refused without a reason");
            for fault in faults {
                let _ = writeln!(out, "{fault}");
            }
            return out;
        }
    };
    for document in documents {
        match admit::admit(&document, &Overrides::default()) {
            Ok(admitted) => {
                let again = admit::compile(&admitted.object);
                assert!(
                    again.is_ok(),
                    "{name}: what is admitted compiles: {again:?}"
                );
                let _ = writeln!(out, "admitted: {} templates", admitted.plan.templates.len());
                for global in &admitted.plan.parameters {
                    let _ = writeln!(
                        out,
                        "parameter {} = {:?}",
                        global.name,
                        global.value.source()
                    );
                }
                for warning in &admitted.warnings {
                    let _ = writeln!(out, "{warning}");
                }
                for kept in admitted.kept {
                    let _ = writeln!(out, "kept without effect: {kept}");
                }
            }
            Err(faults) => {
                assert!(!faults.is_empty(), "{name} is refused without a reason");
                for fault in faults {
                    let _ = writeln!(out, "{fault}");
                }
            }
        }
    }
    out
}

/// Every file gives exactly the text beside it.
#[test]
fn every_file_says_what_is_wrong() {
    let files = inputs();
    assert!(files.len() >= 60, "only {} files", files.len());
    let is_update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for (name, bytes) in &files {
        let expected = folder().join(format!("{name}.txt"));
        let text = told(name, bytes);
        if is_update {
            std::fs::write(&expected, &text).expect("written");
        } else if std::fs::read_to_string(&expected).ok().as_ref() != Some(&text) {
            wrong.push(format!("{name} says now:\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every code that admission can give occurs in some file, so none is untested.
#[test]
fn every_code_occurs() {
    let mut text = String::new();
    for (name, bytes) in &inputs() {
        text.push_str(&told(name, bytes));
    }
    let missing: Vec<&str> = usher_api::code::ALL
        .iter()
        .map(|code| code.id)
        .filter(|id| !text.contains(id))
        .collect();
    assert!(missing.is_empty(), "no file shows {}", missing.join(", "));
}
