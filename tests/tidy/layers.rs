//! Which crate may know which: the crate graph is the architecture.
//!
//! A layer that must not know a thing cannot import it. The arrows are the design's; a new crate
//! or a new arrow is a decision, and is written here.

use crate::manifest::{Manifest, manifests};
use crate::tree::File;

/// What each of our crates may depend on, among our crates.
const ARROWS: [(&str, &[&str]); 9] = [
    ("usher-api", &[]),
    ("usher-expr", &[]),
    ("usher-exec", &[]),
    ("usher-core", &["usher-api", "usher-expr"]),
    ("usher-notifier-core", &["usher-api", "usher-expr"]),
    ("usher-ledger", &["usher-api"]),
    (
        "usher-notifier",
        &["usher-api", "usher-ledger", "usher-notifier-core"],
    ),
    (
        "usher",
        &["usher-api", "usher-core", "usher-ledger", "usher-notifier"],
    ),
    (
        "suite",
        &[
            "usher",
            "usher-api",
            "usher-core",
            "usher-expr",
            "usher-ledger",
            "usher-notifier",
        ],
    ),
];

/// Crates that know neither time nor chance nor the outside, and all that they may use.
const PURE: [&str; 4] = [
    "usher-api",
    "usher-expr",
    "usher-core",
    "usher-notifier-core",
];
const USED_BY_PURE: [&str; 17] = [
    "askama",
    "chrono",
    "chrono-tz",
    "data-encoding",
    "granit-parser",
    "hmac",
    "idna",
    "indexmap",
    "pulldown-cmark",
    "regex",
    "serde",
    "serde_json",
    "serde_yaml",
    "sha2",
    "subtle",
    "thiserror",
    "unicode-normalization",
];

fn is_ours(name: &str) -> bool {
    name == "suite" || name == "usher" || name.starts_with("usher-")
}

pub(crate) fn arrows(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for Manifest {
        path,
        name,
        needs,
        for_tests,
    } in manifests(files)
    {
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            faults.push(format!("{path}: crate `{name}` is not in the design"));
            continue;
        };
        let ours = needs.iter().chain(&for_tests).filter(|need| is_ours(need));
        for need in ours.filter(|need| !allowed.contains(&need.as_str())) {
            faults.push(format!("{path}: `{name}` must not know `{need}`"));
        }
    }
    faults
}

pub(crate) fn purity(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for Manifest {
        path, name, needs, ..
    } in manifests(files)
    {
        if !PURE.contains(&name.as_str()) {
            continue;
        }
        let others = needs.iter().filter(|need| !is_ours(need));
        for need in others.filter(|need| !USED_BY_PURE.contains(&need.as_str())) {
            faults.push(format!(
                "{path}: `{name}` is pure and must not use `{need}`"
            ));
        }
    }
    faults
}

#[cfg(test)]
fn planted(name: &str, need: &str) -> [File; 1] {
    let text = format!("[package]\nname = \"{name}\"\n[dependencies]\n{need} = \"1\"\n");
    [File::planted("engine/x/Cargo.toml", &text)]
}

#[test]
fn an_arrow_that_is_not_drawn_is_found() {
    let fault = "engine/x/Cargo.toml: `usher-core` must not know `usher-ledger`";
    assert_eq!(arrows(&planted("usher-core", "usher-ledger")), [fault]);
    assert_eq!(
        arrows(&planted("usher-core", "usher-api")),
        Vec::<String>::new()
    );
    let fault = "engine/x/Cargo.toml: crate `usher-new` is not in the design";
    assert_eq!(arrows(&planted("usher-new", "serde")), [fault]);
    let fault = "engine/x/Cargo.toml: `usher` must not know `usher-exec`";
    assert_eq!(arrows(&planted("usher", "usher-exec")), [fault]);
}

#[test]
fn a_core_that_could_touch_the_world_is_found() {
    let fault = "engine/x/Cargo.toml: `usher-core` is pure and must not use `tokio`";
    assert_eq!(purity(&planted("usher-core", "tokio")), [fault]);
    assert_eq!(purity(&planted("usher", "tokio")), Vec::<String>::new());
}
