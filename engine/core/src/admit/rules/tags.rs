//! Tags: that each names something that is known where it stands (argo.md §6).
//!
//! As in Argo, a tag is looked at only if it begins like one of the language's own names; others
//! stay as they are, since scripts hold braces of many languages.

use std::collections::BTreeMap;

use usher_api::code::{self, Code};
use usher_expr::{Depends, Limits, Text};

use super::texts;
use crate::admit::at::At;
use crate::admit::faults::{Faults, near};
use crate::admit::path::shown;
use crate::admit::survey::{BodyKind, CallAt, Survey, Tmpl};

/// Fields of a step or task that a tag can name.
const CALL_FIELDS: [&str; 6] = [
    "id",
    "status",
    "startedAt",
    "finishedAt",
    "exitCode",
    "outputs.result",
];
/// Those of Argo that are not supported yet.
const CALL_FIELDS_LATER: [&str; 4] = [
    "ip",
    "hostNodeName",
    "outputs.parameters",
    "outputs.artifacts",
];
/// Names below `workflow.` that are known everywhere.
const GLOBALS: [&str; 10] = [
    "name",
    "namespace",
    "uid",
    "mainEntrypoint",
    "serviceAccountName",
    "duration",
    "creationTimestamp",
    "parameters",
    "parameters.json",
    "priority",
];
/// Those that are known when the run has ended.
const GLOBALS_AT_END: [&str; 2] = ["status", "failures"];
/// Those of Argo that are not supported yet.
const GLOBALS_LATER: [&str; 5] = [
    "outputs",
    "labels",
    "annotations",
    "scheduledTime",
    "creationTimestamp",
];

/// Tells every tag that nothing can fill.
pub(super) fn check(survey: &Survey<'_>, faults: &mut Faults<'_>) {
    for (field, owner) in [
        ("arguments", "Arguments"),
        ("retryStrategy", "RetryStrategy"),
    ] {
        if let Some(at) = survey.spec.get(field) {
            texts::each(owner, &at, &mut |at, text| {
                for tag in Text::parse(text).tags() {
                    if tag.is_expression() {
                        tell_expression(&tag.source, at, faults);
                    }
                }
            });
        }
    }
    let globals = survey
        .spec
        .get("arguments")
        .map(|at| at.items("parameters"));
    let globals: Vec<&str> = globals
        .iter()
        .flatten()
        .filter_map(|at| at.text("name"))
        .collect();
    for template in survey.templates.iter().filter(|template| template.is_used) {
        View::new(survey, template, &globals).check(faults);
    }
}

/// A name that cannot be resolved: the code, what is wrong, the name that was probably meant.
type Wrong = (&'static Code, String, Option<String>);

/// What is known inside a template.
struct View<'a, 'b> {
    survey: &'b Survey<'a>,
    template: &'b Tmpl<'a>,
    globals: &'b [&'a str],
    inputs: Vec<&'a str>,
    /// Steps or tasks by name.
    calls: BTreeMap<&'a str, usize>,
    /// What each task waits for; made when first needed.
    needs: Option<Vec<Vec<usize>>>,
}

impl<'a, 'b> View<'a, 'b> {
    fn new(survey: &'b Survey<'a>, template: &'b Tmpl<'a>, globals: &'b [&'a str]) -> View<'a, 'b> {
        let inputs = template.at.get("inputs").map(|at| at.items("parameters"));
        let calls = template.calls.iter().enumerate();
        View {
            survey,
            template,
            globals,
            inputs: inputs
                .iter()
                .flatten()
                .filter_map(|at| at.text("name"))
                .collect(),
            calls: calls
                .rev()
                .map(|(index, call)| (call.name, index))
                .collect(),
            needs: None,
        }
    }

    fn check(&mut self, faults: &mut Faults<'_>) {
        let at = self.template.at.clone();
        texts::each("Template", &at, &mut |at, text| {
            self.text(at, text, None, faults);
        });
        let owner = match self.template.body {
            Some(BodyKind::Dag) => "DAGTask",
            _ => "WorkflowStep",
        };
        let template = self.template;
        for (index, call) in template.calls.iter().enumerate() {
            texts::each(owner, &call.at, &mut |at, text| {
                self.text(at, text, Some(index), faults);
            });
        }
    }

    fn text(&mut self, at: &At<'a>, text: &str, call: Option<usize>, faults: &mut Faults<'_>) {
        if !text.contains("{{") {
            return;
        }
        for tag in Text::parse(text).tags() {
            if tag.is_expression() {
                tell_expression(&tag.source, at, faults);
            } else if let Some(name) = tag.name()
                && let Err((code, what, nearest)) = self.resolve(name, call)
            {
                let message = format!("{{{{{name}}}}}: {what}");
                faults.add_near(code, &at.path, message, nearest.as_deref());
            }
        }
    }

    fn resolve(&mut self, name: &str, call: Option<usize>) -> Result<(), Wrong> {
        let Some((first, rest)) = name.split_once('.') else {
            return Ok(());
        };
        match first {
            "inputs" => self.input(rest),
            "workflow" => self.global(rest),
            "steps" | "tasks" if rest != "name" => self.inner(first, rest, call),
            "pod" => self.pod(rest),
            "outputs" | "item" => Err(later()),
            _ => Ok(()),
        }
    }

    fn input(&self, rest: &str) -> Result<(), Wrong> {
        if rest == "parameters" {
            return Ok(());
        }
        if rest.starts_with("artifacts") {
            return Err(later());
        }
        let Some(name) = rest.strip_prefix("parameters.") else {
            let near = near(rest, ["parameters"]).map(|word| format!("inputs.{word}"));
            return Err(unknown("inputs have only `parameters`".to_owned(), near));
        };
        if self.inputs.contains(&name) {
            return Ok(());
        }
        let near = near(name, self.inputs.iter().copied());
        let what = match self.template.name {
            "" => "an inline template sees only inputs of its own; hand the value over as an \
                   argument"
                .to_owned(),
            template => format!(
                "template {} has no input parameter {}",
                shown(template),
                shown(name)
            ),
        };
        Err(unknown(
            what,
            near.map(|word| format!("inputs.parameters.{word}")),
        ))
    }

    fn global(&self, rest: &str) -> Result<(), Wrong> {
        let begins = |word: &str| rest.strip_prefix(word).is_some_and(|r| r.starts_with('.'));
        if GLOBALS_AT_END.contains(&rest) {
            return match self.template.knows_end {
                true => Ok(()),
                false => Err(unknown(
                    "is known only in templates that nothing but `onExit` reaches".to_owned(),
                    None,
                )),
            };
        }
        if rest == "priority" && self.survey.spec.get("priority").is_none() {
            let what = "is known only where `spec.priority` is set".to_owned();
            return Err(unknown(what, None));
        }
        if GLOBALS.contains(&rest) {
            return Ok(());
        }
        if let Some(name) = rest.strip_prefix("parameters.") {
            if self.globals.contains(&name) {
                return Ok(());
            }
            let near = near(name, self.globals.iter().copied());
            let what = format!("`spec.arguments` has no parameter {}", shown(name));
            let near = near.map(|word| format!("workflow.parameters.{word}"));
            return Err(unknown(what, near));
        }
        if GLOBALS_LATER
            .iter()
            .any(|word| rest == *word || begins(word))
        {
            return Err(later());
        }
        let known = GLOBALS.iter().chain(&GLOBALS_AT_END).copied();
        let near = near(rest, known).map(|word| format!("workflow.{word}"));
        Err(unknown("a workflow has no such value".to_owned(), near))
    }

    fn pod(&self, rest: &str) -> Result<(), Wrong> {
        let is_pod = matches!(
            self.template.body,
            Some(BodyKind::Container | BodyKind::Script)
        );
        match (rest, is_pod) {
            ("name", true) => Ok(()),
            ("name", false) => {
                let what = "is known only in container and script templates".to_owned();
                Err(unknown(what, None))
            }
            _ => Err(unknown(
                "of a pod only the name is known".to_owned(),
                Some("pod.name".to_owned()),
            )),
        }
    }

    /// `steps.NAME.FIELD` or `tasks.NAME.FIELD`.
    fn inner(&mut self, first: &str, rest: &str, call: Option<usize>) -> Result<(), Wrong> {
        let own = match self.template.body {
            Some(BodyKind::Steps) => "steps",
            Some(BodyKind::Dag) => "tasks",
            _ => {
                let what = "a template does not see the steps or tasks around it; hand the value \
                            over as an argument";
                return Err(unknown(what.to_owned(), None));
            }
        };
        if first != own {
            let near = Some(format!("{own}.{rest}"));
            let what = format!("in this template it is called `{own}.…`");
            return Err(unknown(what, near));
        }
        let (name, field) = rest.split_once('.').unwrap_or((rest, ""));
        let word = self.template.call_word();
        let Some(index) = self.calls.get(name).copied() else {
            let near = near(name, self.calls.keys().copied());
            let near = near.map(|found| format!("{own}.{found}.{field}"));
            return Err(unknown(format!("there is no {word} {}", shown(name)), near));
        };
        self.is_before(index, call)?;
        self.field(own, &self.template.calls[index], field)
    }

    fn field(&self, own: &str, called: &CallAt<'_>, field: &str) -> Result<(), Wrong> {
        let later_field = CALL_FIELDS_LATER.iter().any(|word| {
            field
                .strip_prefix(word)
                .is_some_and(|r| r.is_empty() || r.starts_with('.'))
        });
        if later_field {
            return Err(later());
        }
        if !CALL_FIELDS.contains(&field) {
            let near = near(field, CALL_FIELDS);
            let near = near.map(|word| format!("{own}.{}.{word}", called.name));
            let what = format!("known are {}", CALL_FIELDS.join(", "));
            return Err(unknown(what, near));
        }
        let target = called
            .target
            .and_then(|ix| self.survey.templates.get(ix as usize))
            .and_then(|target| target.body);
        match (field, target) {
            ("exitCode" | "outputs.result", Some(kind)) if !is_pod(kind) => {
                let what = format!(
                    "{} calls a {} template, which has no {}",
                    shown(called.name),
                    kind.word(),
                    match field {
                        "exitCode" => "exit code",
                        _ => "result",
                    }
                );
                Err(unknown(what, None))
            }
            _ => Ok(()),
        }
    }

    /// Whether a step or task is over when the text of another is rendered.
    fn is_before(&mut self, index: usize, call: Option<usize>) -> Result<(), Wrong> {
        let Some(call) = call else {
            return Ok(());
        };
        let (named, here) = (&self.template.calls[index], &self.template.calls[call]);
        if self.template.body == Some(BodyKind::Steps) {
            let what = match named.group.cmp(&here.group) {
                std::cmp::Ordering::Less => return Ok(()),
                std::cmp::Ordering::Equal if index == call => "is this step itself".to_owned(),
                std::cmp::Ordering::Equal => {
                    format!(
                        "step {} runs beside this one, not before it",
                        shown(named.name)
                    )
                }
                std::cmp::Ordering::Greater => {
                    format!("step {} runs after this one", shown(named.name))
                }
            };
            return Err(unknown(what, None));
        }
        let needs = self.needs.get_or_insert_with(|| needs(self.template));
        if waits_for(call, index, needs) {
            return Ok(());
        }
        let what = match index == call {
            true => "is this task itself".to_owned(),
            false => format!(
                "task {} is not among those that {} depends on",
                shown(named.name),
                shown(here.name)
            ),
        };
        Err(unknown(what, None))
    }
}

fn is_pod(kind: BodyKind) -> bool {
    matches!(kind, BodyKind::Container | BodyKind::Script)
}

fn unknown(what: String, nearest: Option<String>) -> Wrong {
    (&code::UNKNOWN_REFERENCE, what, nearest)
}

fn later() -> Wrong {
    (
        &code::NOT_SUPPORTED,
        "this tag is not supported yet".to_owned(),
        None,
    )
}

fn tell_expression(source: &str, at: &At<'_>, faults: &mut Faults<'_>) {
    let message = format!("expression tags are not supported yet: {}", shown(source));
    faults.add(&code::NOT_SUPPORTED, &at.path, message);
}

/// For each task the tasks that it names in `depends` or `dependencies`.
fn needs(template: &Tmpl<'_>) -> Vec<Vec<usize>> {
    let names: BTreeMap<&str, usize> = template
        .calls
        .iter()
        .enumerate()
        .map(|(index, call)| (call.name, index))
        .collect();
    let of = |call: &CallAt<'_>| {
        let text = call.at.text("depends").unwrap_or_default();
        let depends = Depends::parse(text, &Limits::default()).ok();
        let mut found: Vec<usize> = Vec::new();
        for name in depends.iter().flat_map(Depends::tasks) {
            found.extend(names.get(name));
        }
        for name in call.at.texts("dependencies") {
            found.extend(names.get(name));
        }
        found
    };
    template.calls.iter().map(of).collect()
}

/// Whether a task waits for another, directly or through others.
fn waits_for(task: usize, wanted: usize, needs: &[Vec<usize>]) -> bool {
    let mut seen = vec![false; needs.len()];
    let mut todo = vec![task];
    while let Some(task) = todo.pop() {
        if needs[task].contains(&wanted) {
            return true;
        }
        for next in &needs[task] {
            if !std::mem::replace(&mut seen[*next], true) {
                todo.push(*next);
            }
        }
    }
    false
}
