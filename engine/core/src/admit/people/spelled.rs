//! The two spellings of an approval as one: a block of values, and where each of them stands.
//!
//! The native block is part of the document. The annotation is a text that holds a document of its
//! own: it is read with the same care as the file, and a place in it is a place in the file.

use std::borrow::Cow;

use serde_json::Value;
use usher_api::approval::{ANNOTATION, PolicyFault, Step};
use usher_api::code;

use crate::admit::at::At;
use crate::admit::faults::Faults;
use crate::admit::path::Path;
use crate::admit::places::Place;
use crate::admit::{Document, read};

/// A block as written.
#[derive(Debug)]
pub(crate) struct Spelled<'a> {
    /// The block.
    pub(crate) block: Cow<'a, Value>,
    /// The field that holds it.
    pub(crate) at: At<'a>,
    /// Where the annotation's own values stand; none for the native block.
    inner: Option<Document>,
}

/// The annotations of a template: those of its `metadata`, and its own.
pub(crate) fn annotations<'a>(template: &At<'a>) -> Vec<At<'a>> {
    let metadata = template.get("metadata");
    let of_metadata = metadata.and_then(|at| at.get("annotations"));
    let own = template.get("annotations");
    of_metadata.into_iter().chain(own).collect()
}

/// The approval of a suspend template, if it has one.
pub(crate) fn spelled<'a>(template: &At<'a>, faults: &mut Faults<'_>) -> Option<Spelled<'a>> {
    let native = template.get("suspend").and_then(|at| at.get("approval"));
    let notes: Vec<At<'a>> = annotations(template)
        .iter()
        .filter_map(|at| at.get(ANNOTATION))
        .collect();
    let mut all: Vec<&At<'a>> = native.iter().chain(&notes).collect();
    if all.len() > 1 {
        let message = format!(
            "stands beside {}; an approval is spelled once, as `suspend.approval` or as the \
             annotation `{ANNOTATION}`",
            all[0].path
        );
        faults.add_key(&code::SCOPE, &all[1].path, message, None);
        return None;
    }
    let at = all.pop()?.clone();
    if notes.is_empty() {
        return Some(Spelled {
            block: Cow::Borrowed(at.value),
            at,
            inner: None,
        });
    }
    let Some(text) = at.value.as_str() else {
        let message = "takes text: the block in YAML, for example after `|`";
        faults.add(&code::WRONG_KIND, &at.path, message);
        return None;
    };
    let inner = document(text, &at.path, faults)?;
    Some(Spelled {
        block: Cow::Owned(inner.object.clone()),
        at,
        inner: Some(inner),
    })
}

/// The one document of an annotation's text.
fn document(text: &str, path: &Path, faults: &mut Faults<'_>) -> Option<Document> {
    let documents = match read::read("", text.as_bytes()) {
        Ok(documents) => documents,
        Err(found) => {
            for fault in found {
                let place = (fault.line as u32, fault.column as u32);
                let message = match fault.path.as_str() {
                    "" => fault.message,
                    inner => format!("{inner}: {}", fault.message),
                };
                let near = fault.nearest.as_deref();
                let at = offset(text, place);
                faults.add_in(fault.code, path, (text, at), message, near);
            }
            return None;
        }
    };
    let count = documents.len();
    let mut documents = documents.into_iter();
    match (documents.next(), count) {
        (Some(document), 1) => Some(document),
        _ => {
            let message = "holds more than one document; an approval is one block";
            faults.add(&code::SYNTAX, path, message);
            None
        }
    }
}

/// The byte of a text at a line and column.
fn offset(text: &str, (line, column): Place) -> usize {
    let above = (line as usize).saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(above).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let right = (column as usize).saturating_sub(1);
    let along = rest.char_indices().nth(right).map_or(0, |(at, _)| at);
    before + along
}

impl<'a> Spelled<'a> {
    /// Tells a fault of the policy at its place.
    pub(crate) fn tell(&self, fault: &PolicyFault, faults: &mut Faults<'_>) {
        let near = match fault.word.as_str() {
            "" => None,
            word => faults.near(word, fault.known.iter().map(String::as_str)),
        };
        let near = near.map(str::to_owned);
        let steps = &fault.path;
        let PolicyFault { code, message, .. } = fault;
        self.put(code, steps, fault.is_key, message, near.as_deref(), faults);
    }

    /// Tells a fault of the value at a path of the block.
    pub(crate) fn add(
        &self,
        code: &'static usher_api::code::Code,
        steps: &[Step],
        message: &str,
        near: Option<&str>,
        faults: &mut Faults<'_>,
    ) {
        self.put(code, steps, false, message, near, faults);
    }

    fn put(
        &self,
        code: &'static usher_api::code::Code,
        steps: &[Step],
        is_key: bool,
        message: &str,
        near: Option<&str>,
        faults: &mut Faults<'_>,
    ) {
        let Some(inner) = &self.inner else {
            let path = below(&self.at.path, steps);
            match is_key {
                true => faults.add_key(code, &path, message, near),
                false => faults.add_near(code, &path, message, near),
            }
            return;
        };
        let path = below(&Path::default(), steps);
        let spot = inner.places.locate(&path);
        let text = self.at.value.as_str().unwrap_or_default();
        let place = if is_key { spot.key } else { spot.value };
        let message = match steps {
            [] => message.to_owned(),
            _ => format!("{}: {message}", spot.path),
        };
        let at = offset(text, place);
        faults.add_in(code, &self.at.path, (text, at), message, near);
    }

    /// Every text of the block with its path.
    pub(crate) fn texts(&self) -> Vec<(Vec<Step>, &str)> {
        let mut found = Vec::new();
        let mut todo: Vec<(Vec<Step>, &Value)> = vec![(Vec::new(), &self.block)];
        while let Some((path, value)) = todo.pop() {
            let then = |step: Step| {
                let mut path = path.clone();
                path.push(step);
                path
            };
            match value {
                Value::String(text) => found.push((path, text.as_str())),
                Value::Array(list) => {
                    let inner = list.iter().enumerate();
                    todo.extend(inner.map(|(at, value)| (then(Step::Index(at)), value)));
                }
                Value::Object(fields) => {
                    let inner = fields.iter();
                    todo.extend(inner.map(|(key, value)| (then(Step::Key(key.clone())), value)));
                }
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        found.sort_by_key(|(steps, _)| shown(steps));
        found
    }
}

fn below(path: &Path, steps: &[Step]) -> Path {
    steps.iter().fold(path.clone(), |path, step| match step {
        Step::Key(key) => path.key(key),
        Step::Index(at) => path.index(*at),
    })
}

fn shown(steps: &[Step]) -> String {
    below(&Path::default(), steps).to_string()
}
