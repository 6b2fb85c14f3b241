//! Tags in what is asked of people: approvals in both spellings, mail steps, notices; and the
//! outputs that people give.

use std::collections::BTreeSet;

use serde_json::Value;
use usher_api::approval::NOTIFY_ANNOTATION;
use usher_expr::Text;

use super::{View, Wrong, expression, later, unknown};
use crate::admit::at::At;
use crate::admit::faults::Faults;
use crate::admit::path::shown;
use crate::admit::people::spelled;
use crate::admit::survey::{BodyKind, CallAt, Survey, Tmpl};

/// Tags of the annotation `usher.flow/notify`: it sees the workflow and its end.
pub(super) fn notices<'a>(
    root: &At<'a>,
    survey: &Survey<'a>,
    globals: &BTreeSet<&'a str>,
    faults: &mut Faults<'_>,
) {
    let notes = root.get("metadata").and_then(|at| at.get("annotations"));
    let Some(note) = notes.and_then(|at| at.get(NOTIFY_ANNOTATION)) else {
        return;
    };
    let end = Tmpl {
        at: survey.spec.clone(),
        name: "",
        body: None,
        calls: Vec::new(),
        is_used: true,
        knows_end: true,
    };
    if let Some(text) = note.value.as_str() {
        View::new(survey, &end, globals).text(&note, text, None, faults);
    }
}

impl<'a> View<'a, '_> {
    /// Texts of approvals and mail steps, which no type of the table describes.
    pub(super) fn asked(&mut self, faults: &mut Faults<'_>) {
        let template = self.template;
        if let Some(plugin) = template.at.get("plugin") {
            for (at, text) in leaves(plugin) {
                self.text(&at, text, None, faults);
            }
        }
        let was_muted = faults.mute(true);
        let spelled = spelled(&template.at, faults);
        faults.mute(was_muted);
        let Some(spelled) = spelled else { return };
        for (steps, text) in spelled.texts() {
            for tag in Text::parse(text).tags() {
                let (code, what, near) = match tag.name() {
                    _ if tag.is_expression() => expression(tag),
                    Some(name) => match self.resolve(name, None, faults) {
                        Ok(_) => continue,
                        Err((code, what, near)) => (code, format!("{{{{{name}}}}}: {what}"), near),
                    },
                    None => continue,
                };
                spelled.add(code, &steps, &what, near.as_deref(), faults);
            }
        }
    }

    /// `….outputs.parameters.NAME`: so far only suspend templates have such.
    pub(super) fn output(
        &self,
        own: &str,
        called: &CallAt<'_>,
        output: &str,
        faults: &Faults<'_>,
    ) -> Result<(), Wrong> {
        let target = called
            .target
            .and_then(|ix| self.survey.templates.get(ix as usize));
        let Some(target) = target.filter(|target| target.body == Some(BodyKind::Suspend)) else {
            return Err(later());
        };
        let list = target.at.get("outputs").map(|at| at.items("parameters"));
        let names: Vec<&str> = list
            .iter()
            .flatten()
            .filter_map(|at| at.text("name"))
            .collect();
        if names.contains(&output) {
            return Ok(());
        }
        let near = faults.near(output, names.iter().copied());
        let near = near.map(|word| format!("{own}.{}.outputs.parameters.{word}", called.name));
        let what = format!(
            "what {} calls has no output parameter {}",
            shown(called.name),
            shown(output)
        );
        Err(unknown(what, near))
    }
}

/// Every text below a value.
fn leaves<'a>(root: At<'a>) -> Vec<(At<'a>, &'a str)> {
    let mut found = Vec::new();
    let mut todo = vec![root];
    while let Some(at) = todo.pop() {
        match at.value {
            Value::String(text) => found.push((at, text.as_str())),
            Value::Object(fields) => todo.extend(fields.keys().filter_map(|key| at.get(key))),
            Value::Array(_) => todo.extend(at.elements()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    found
}
