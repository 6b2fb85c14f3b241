//! Do the nine shapes of the article run unchanged, and their variants for the branch not reached?
//!
//! `shapes/` holds the files as people know them from Argo's own pages. `cowsay`, `runA` and
//! `python` are stand-ins on PATH. A variant is the same file with one text replaced.

mod flow;
mod simple;
mod waiting;

use serde_json::Value;
use suite::{Place, Said, root};

/// The text of a shape.
fn shape(name: &str) -> String {
    let path = root()
        .join("tests/article/shapes")
        .join(format!("{name}.yaml"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A shape with one text replaced, which stands there once.
fn variant(name: &str, old: &str, new: &str) -> String {
    let text = shape(name);
    assert_eq!(
        text.matches(old).count(),
        1,
        "`{old}` stands once in {name}"
    );
    text.replace(old, new)
}

/// A place with the stand-ins that every shape may need. What `cowsay` is told is kept in `said`;
/// it fails with 3 for the word in `fails`.
fn place() -> Place {
    let place = Place::new();
    let folder = place.folder().display().to_string();
    place.stand_in(
        "cowsay",
        &format!(
            "echo \"$*\" >> {folder}/said\n\
             if [ \"$*\" = \"$(cat {folder}/fails 2>/dev/null)\" ]; then exit 3; fi\n\
             echo \"< $* >\""
        ),
    );
    place
}

/// Runs a workflow to its end, with `-o json`.
fn run(place: &Place, text: &str, arguments: &[&str]) -> Said {
    place.file("workflow.yaml", text);
    place.usher(
        ["run", "workflow.yaml", "-o", "json"]
            .iter()
            .chain(arguments),
    )
}

/// Runs a workflow that succeeds.
fn succeeds(place: &Place, text: &str, arguments: &[&str]) -> Value {
    let object = run(place, text, arguments).with_code(0).json();
    assert_eq!(suite::phase(&object), "Succeeded");
    object
}

/// Runs a workflow that fails.
fn fails(place: &Place, text: &str, arguments: &[&str]) -> Value {
    let object = run(place, text, arguments).with_code(1).json();
    assert_eq!(
        suite::phase(&object),
        "Failed",
        "{}",
        suite::message(&object)
    );
    object
}

/// What all steps of the newest run wrote.
fn logs(place: &Place) -> String {
    place.usher(["logs", "@latest"]).with_code(0).out
}
