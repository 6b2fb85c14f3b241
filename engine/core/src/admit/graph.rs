//! The graph of a dag template: what each task waits for, and that nothing waits for itself.

use std::collections::BTreeMap;

use usher_api::code;
use usher_expr::{Depends, Limits, Text};

use super::at::At;
use super::circle;
use super::faults::Faults;
use super::path::{Path, shown};
use super::survey::Tmpl;
use crate::plan::{Call, Dag, Task};

/// Longer expressions are not repeated in messages: the place shows where.
const LINE_MAX: usize = 64;

/// Makes the graph of a dag; `calls` are its tasks in order.
pub(crate) fn dag(template: &Tmpl<'_>, calls: Vec<Call>, faults: &mut Faults<'_>) -> Option<Dag> {
    let at = template.at.get("dag")?;
    let names: BTreeMap<&str, usize> = template
        .calls
        .iter()
        .enumerate()
        .rev()
        .map(|(index, call)| (call.name, index))
        .collect();
    let mixes = mixes(template);
    let mut tasks = Vec::with_capacity(calls.len());
    for (call, place) in calls.into_iter().zip(&template.calls) {
        let (depends, needs) = waits(&place.at, mixes, &names, faults);
        tasks.push(Task {
            call,
            depends,
            needs,
        });
    }
    let edges: Vec<Vec<usize>> = tasks.iter().map(|task| task.needs.clone()).collect();
    for circle in circle::circles(&edges) {
        tell_circle(&circle, template, faults);
    }
    Some(Dag {
        tasks,
        target: at
            .text("target")
            .filter(|text| !text.is_empty())
            .map(Text::parse),
        fail_fast: at.value.get("failFast").and_then(|flag| flag.as_bool()) != Some(false),
    })
}

/// Whether some tasks use `depends` and others `dependencies`.
fn mixes(template: &Tmpl<'_>) -> bool {
    let uses = |field| template.calls.iter().any(|call| has(&call.at, field));
    uses("depends") && uses("dependencies")
}

fn has(at: &At<'_>, field: &str) -> bool {
    match field {
        "depends" => at.text(field).is_some_and(|text| !text.is_empty()),
        _ => !at.texts(field).is_empty(),
    }
}

/// What a task waits for, and the indices of the tasks named.
fn waits(
    at: &At<'_>,
    mixes: bool,
    names: &BTreeMap<&str, usize>,
    faults: &mut Faults<'_>,
) -> (Option<Depends>, Vec<usize>) {
    if has(at, "depends") {
        let path = at.path.key("depends");
        if mixes {
            let message = "`depends` and `dependencies` cannot both be used in one dag";
            faults.add_key(&code::SCOPE, &path, message, None);
        }
        let text = at.text("depends").unwrap_or_default();
        return match Depends::parse(text, &Limits::default()) {
            Ok(depends) => {
                let needs = mentioned(&depends, text, &path, names, faults);
                (Some(depends), needs)
            }
            Err(error) => {
                tell_unreadable(&error, text, &path, faults);
                (None, Vec::new())
            }
        };
    }
    let list = at.items("dependencies");
    if list.is_empty() {
        return (None, Vec::new());
    }
    let mut wanted: Vec<(&str, Path)> = Vec::with_capacity(list.len());
    for item in &list {
        wanted.extend(item.value.as_str().map(|name| (name, item.path.clone())));
    }
    let owned: Vec<String> = wanted.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut needs = resolve(wanted, names, faults);
    let mut seen = std::collections::BTreeSet::new();
    needs.retain(|index| seen.insert(*index));
    (Some(Depends::from_dependencies(&owned)), needs)
}

/// The tasks that an expression mentions.
fn mentioned(
    depends: &Depends,
    text: &str,
    path: &Path,
    names: &BTreeMap<&str, usize>,
    faults: &mut Faults<'_>,
) -> Vec<usize> {
    let mut needs = Vec::new();
    for name in depends.tasks() {
        match names.get(name) {
            Some(index) => needs.push(*index),
            None => {
                let message = format!("there is no task {} in this dag", shown(name));
                let near = faults.near(name, names.keys().copied());
                let at = match faults.is_heard() {
                    true => (text, word_at(text, name)),
                    false => (text, 0),
                };
                faults.add_in(&code::BAD_DEPENDS, path, at, message, near);
            }
        }
    }
    needs
}

/// The first byte where a name stands in an expression as a word of its own.
fn word_at(text: &str, name: &str) -> usize {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let stands_alone = |(at, _): &(usize, &str)| {
        let (before, after) = (&text[..*at], &text[at + name.len()..]);
        !before.ends_with(is_name) && !before.ends_with('.') && !after.starts_with(is_name)
    };
    let found = text.match_indices(name).find(stands_alone);
    found.map_or(0, |(at, _)| at)
}

fn resolve(
    wanted: Vec<(&str, Path)>,
    names: &BTreeMap<&str, usize>,
    faults: &mut Faults<'_>,
) -> Vec<usize> {
    let mut needs = Vec::with_capacity(wanted.len());
    for (name, path) in wanted {
        match names.get(name) {
            Some(index) => needs.push(*index),
            None => {
                let message = format!("there is no task {} in this dag", shown(name));
                let near = faults.near(name, names.keys().copied());
                faults.add_near(&code::BAD_DEPENDS, &path, message, near);
            }
        }
    }
    needs
}

fn tell_unreadable(
    error: &usher_expr::DependsError,
    text: &str,
    path: &Path,
    faults: &mut Faults<'_>,
) {
    let nearest = match error {
        usher_expr::DependsError::Selector { nearest, .. } => *nearest,
        _ => None,
    };
    let message = match text.len() > LINE_MAX || text.contains('\n') {
        true => error.to_string(),
        false => format!("{error}, in {}", shown(text)),
    };
    faults.add_in(
        &code::BAD_DEPENDS,
        path,
        (text, error.at()),
        message,
        nearest,
    );
}

fn tell_circle(circle: &[usize], template: &Tmpl<'_>, faults: &mut Faults<'_>) {
    let shown = circle::show(circle, |index| template.calls[index].name);
    let Some(first) = circle.first().map(|index| &template.calls[*index].at) else {
        return;
    };
    let field = match has(first, "depends") {
        true => "depends",
        false => "dependencies",
    };
    let message = format!("tasks wait for each other: {shown}");
    faults.add(&code::CYCLE, &first.path.key(field), message);
}
