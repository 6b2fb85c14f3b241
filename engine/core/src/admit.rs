//! From a file to a plan: every fault at once, each with its place, or a plan that cannot be wrong.
//!
//! ```text
//!   bytes ──read──► Document (object + places) ──change──► object ──shape──► stored object
//!                                                 ▲                            │ survey
//!             Overrides (`-p name=value` …) ──────┘     Plan ◄──build── Survey ──rules──► faults
//! ```
//!
//! `shape` asks the field table alone; `survey` maps templates and calls; `build` tells what no
//! plan can be without; `rules` tell the rest, and only when a file is admitted. All add to one
//! list. What a sound file can hardly be meant to say is a list of its own: warnings.

mod at;
mod build;
mod change;
mod circle;
mod faults;
mod graph;
mod path;
mod people;
mod places;
mod reach;
mod read;
mod rules;
mod shape;
mod survey;
#[cfg(test)]
mod tests;

use std::fmt;

pub use change::content_hash;
pub(crate) use change::parameter as set_parameter;
use serde_json::Value;
use usher_api::code::{self, Code};

use self::at::At;
use self::faults::Faults;
use self::places::Places;
use self::survey::Survey;
use crate::plan::Plan;

/// One thing that is wrong with a file, or, by its code, one that is doubtful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its stable code.
    pub code: &'static Code,
    /// The file's name as the caller gave it; empty for an object without a file.
    pub file: String,
    /// Line, from 1; 0 when the place is not known.
    pub line: usize,
    /// Column in characters, from 1; 0 when the place is not known.
    pub column: usize,
    /// Path of the field: `spec.templates[2].dag.tasks[0].depends`.
    pub path: String,
    /// What is wrong, one line.
    pub message: String,
    /// The word that was probably meant.
    pub nearest: Option<String>,
}

impl fmt::Display for Fault {
    /// `file:line:column: CODE path: message; did you mean `x`?`, without what is not known. A
    /// warning says so before its code.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(formatter, "{}:", self.file)?;
        }
        if self.line > 0 {
            write!(formatter, "{}:{}:", self.line, self.column)?;
        }
        if !self.file.is_empty() || self.line > 0 {
            formatter.write_str(" ")?;
        }
        if self.code.is_warning() {
            formatter.write_str("warning ")?;
        }
        formatter.write_str(self.code.id)?;
        if !self.path.is_empty() {
            write!(formatter, " {}", self.path)?;
        }
        write!(formatter, ": {}", self.message)?;
        match &self.nearest {
            Some(word) => write!(formatter, "; did you mean `{word}`?"),
            None => Ok(()),
        }
    }
}

/// A document of a file and where each of its fields stands.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The object as JSON.
    pub object: Value,
    /// The file's name as the caller gave it; empty for an object without a file.
    pub file: String,
    places: Places,
}

impl Document {
    /// An object that came without a file; its faults have paths and no lines.
    #[must_use]
    pub fn of(object: Value) -> Document {
        Document {
            object,
            ..Document::default()
        }
    }
}

/// What the caller of `submit` changes in a file's object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `-p name=value`.
    pub parameters: Vec<(String, String)>,
    /// `--entrypoint`.
    pub entrypoint: Option<String>,
    /// `--name`.
    pub name: Option<String>,
    /// `--generate-name`.
    pub generate_name: Option<String>,
    /// `-n`, `--namespace`; the file's own must then be the same or absent.
    pub namespace: Option<String>,
    /// `-l`, `--labels`.
    pub labels: Vec<(String, String)>,
    /// `--serviceaccount`.
    pub service_account: Option<String>,
    /// `--priority`.
    pub priority: Option<i64>,
}

/// A workflow that can be run.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The object after coercion and overrides: what is stored.
    pub object: Value,
    /// Its plan.
    pub plan: Plan,
    /// Content hash of the object without `status`, name and namespace.
    pub hash: String,
    /// Fields that are kept without effect here, each once.
    pub kept: Vec<String>,
    /// What it can hardly be meant to say; it runs all the same.
    pub warnings: Vec<Fault>,
    /// `metadata.name`.
    pub name: Option<String>,
    /// `metadata.generateName`.
    pub generate_name: Option<String>,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
}

/// Reads a file of one or many YAML or JSON documents.
///
/// # Errors
/// Every fault of the text.
pub fn read(file: &str, bytes: &[u8]) -> Result<Vec<Document>, Vec<Fault>> {
    read::read(file, bytes)
}

/// Admits a document with what the caller changes.
///
/// # Errors
/// Every fault of the workflow.
pub fn admit(document: &Document, overrides: &Overrides) -> Result<Admitted, Vec<Fault>> {
    let mut faults = Faults::new(&document.file, &document.places);
    if !is_workflow(&document.object, &mut faults) {
        return Err(faults.finish());
    }
    let changed = change::apply(&document.object, overrides, &mut faults);
    let shaped = shape::shape(&changed, &mut faults);
    let mut doubts = Faults::new(&document.file, &document.places);
    let plan = Survey::new(&At::root(&shaped.object), &mut faults).and_then(|survey| {
        rules::check(&shaped.object, &survey, &mut faults);
        let plan = build::build(&shaped.object, &survey, &mut faults)?;
        if faults.is_empty() {
            rules::doubt(&survey, &mut doubts);
        }
        Some(plan)
    });
    match plan {
        Some(plan) if faults.is_empty() => {
            let hash = content_hash(&shaped.object);
            let metadata = |name: &str| {
                let text = shaped.object.get("metadata")?.get(name)?.as_str()?;
                (!text.is_empty()).then(|| text.to_owned())
            };
            Ok(Admitted {
                name: metadata("name"),
                generate_name: metadata("generateName"),
                namespace: metadata("namespace"),
                plan,
                hash,
                kept: shaped.kept,
                warnings: doubts.finish(),
                object: shaped.object,
            })
        }
        _ => Err(faults.finish()),
    }
}

/// Compiles an object that was admitted before.
///
/// Only what a plan cannot be without is checked again, not the rules about values: rules may
/// become stricter, and a run that was admitted must still wake.
///
/// # Errors
/// Every fault; a newer binary may have admitted what this one does not know.
pub fn compile(object: &Value) -> Result<Plan, Vec<Fault>> {
    let places = Places::default();
    let mut faults = Faults::new("", &places);
    if !is_workflow(object, &mut faults) {
        return Err(faults.finish());
    }
    let shaped = shape::shape(object, &mut faults);
    let plan = Survey::new(&At::root(&shaped.object), &mut faults)
        .and_then(|survey| build::build(&shaped.object, &survey, &mut faults));
    match plan {
        Some(plan) if faults.is_empty() => Ok(plan),
        _ => Err(faults.finish()),
    }
}

/// Argo's other kinds.
const OTHER_KINDS: [&str; 4] = [
    "WorkflowTemplate",
    "ClusterWorkflowTemplate",
    "CronWorkflow",
    "WorkflowEventBinding",
];

/// Whether the document is of the one kind that can be run; nothing else about it is told if not.
fn is_workflow(object: &Value, faults: &mut Faults<'_>) -> bool {
    let root = At::root(object);
    let before = faults.is_empty();
    let wanted = [("apiVersion", "argoproj.io/v1alpha1"), ("kind", "Workflow")];
    if object.as_object().is_none() {
        faults.add(
            &code::NOT_A_WORKFLOW,
            &root.path,
            "the document is no mapping",
        );
    }
    for (field, word) in wanted {
        let path = root.path.key(field);
        match root.text(field) {
            Some(found) if found == word => {}
            Some(found) => {
                let message = format!("is {}; only `{word}` can be run", path::shown(found));
                // A word that Argo knows is no slip for another one.
                let near = match OTHER_KINDS.contains(&found) {
                    true => None,
                    false => usher_expr::nearest(found, [word]),
                };
                faults.add_near(&code::NOT_A_WORKFLOW, &path, message, near);
            }
            None if object.is_object() => {
                let message = format!("`{field}: {word}` is missing");
                faults.add(&code::NOT_A_WORKFLOW, &path, message);
            }
            None => {}
        }
    }
    before == faults.is_empty()
}
