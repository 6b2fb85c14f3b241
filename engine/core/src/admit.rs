//! From a file to a plan: every fault at once, each with its place, or a plan that cannot be wrong.
//!
//! ```text
//!   bytes ──read──► Document (object + places) ──admit──► Admitted (coerced object + Plan)
//!                                                  ▲
//!                                   Overrides (`-p name=value`, `--entrypoint` …)
//! ```

use serde_json::Value;
use usher_api::code::Code;

use crate::plan::Plan;

/// One thing that is wrong with a file.
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

/// A document of a file and where each of its fields stands.
#[derive(Debug, Clone)]
pub struct Document {
    /// The object as JSON.
    pub object: Value,
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
    /// Content hash of the object without `metadata` and `status`.
    pub hash: String,
    /// Fields that are kept without effect here, each once.
    pub kept: Vec<String>,
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
    let _ = (file, bytes);
    Err(Vec::new())
}

/// Admits a document with what the caller changes.
///
/// # Errors
/// Every fault of the workflow.
pub fn admit(document: &Document, overrides: &Overrides) -> Result<Admitted, Vec<Fault>> {
    let _ = (document, overrides);
    Err(Vec::new())
}

/// Compiles an object that was admitted before.
///
/// # Errors
/// Every fault; a newer binary may have admitted what this one does not know.
pub fn compile(object: &Value) -> Result<Plan, Vec<Fault>> {
    let _ = object;
    Err(Vec::new())
}
