//! Tags: that each names something that is known where it stands (argo.md §6).
//!
//! As in Argo, a tag is looked at only if it begins like one of the language's own names; others
//! stay as they are, since scripts hold braces of many languages.

mod asked;

use std::collections::{BTreeMap, BTreeSet};

use usher_api::code::{self, Code};
use usher_expr::{Depends, Limits, Tag, Text};

use super::ancestors::{Question, answers};
use super::texts;
use crate::admit::at::At;
use crate::admit::faults::Faults;
use crate::admit::path::{Path, shown};
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
pub(super) fn check(root: &At<'_>, survey: &Survey<'_>, faults: &mut Faults<'_>) {
    for (field, owner) in [
        ("arguments", "Arguments"),
        ("retryStrategy", "RetryStrategy"),
    ] {
        if let Some(at) = survey.spec.get(field) {
            texts::each(owner, &at, &mut |at, text| {
                for tag in Text::parse(text).tags() {
                    if tag.is_expression() {
                        tell_expression(tag, at, text, faults);
                    }
                }
            });
        }
    }
    let globals = survey
        .spec
        .get("arguments")
        .map(|at| at.items("parameters"));
    let globals: BTreeSet<&str> = globals
        .iter()
        .flatten()
        .filter_map(|at| at.text("name"))
        .collect();
    for template in survey.templates.iter().filter(|template| template.is_used) {
        View::new(survey, template, &globals).check(faults);
    }
    asked::notices(root, survey, &globals, faults);
}

/// A name that cannot be resolved: the code, what is wrong, the name that was probably meant.
type Wrong = (&'static Code, String, Option<String>);

/// What is known inside a template.
struct View<'a, 'b> {
    survey: &'b Survey<'a>,
    template: &'b Tmpl<'a>,
    globals: &'b BTreeSet<&'a str>,
    inputs: BTreeSet<&'a str>,
    /// Steps or tasks by name.
    calls: BTreeMap<&'a str, usize>,
    /// For each task those that it names; none in other templates.
    needs: Vec<Vec<usize>>,
    /// Tags that are known only if one task waits for another one.
    open: Vec<Open<'a>>,
}

/// A tag whose answer waits for a walk through the graph.
struct Open<'a> {
    question: Question,
    path: Path,
    text: &'a str,
    at: usize,
    name: String,
}

/// What is known about a tag.
enum Answer {
    /// It can be filled, or is none of the language.
    Fits,
    /// It is a field of this task, which must be one that the task around the tag waits for.
    NeedsTask(usize),
}

impl<'a, 'b> View<'a, 'b> {
    fn new(
        survey: &'b Survey<'a>,
        template: &'b Tmpl<'a>,
        globals: &'b BTreeSet<&'a str>,
    ) -> View<'a, 'b> {
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
            needs: match template.body {
                Some(BodyKind::Dag) => needs(template),
                _ => Vec::new(),
            },
            open: Vec::new(),
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
        self.asked(faults);
        let template = self.template;
        for (index, call) in template.calls.iter().enumerate() {
            texts::each(owner, &call.at, &mut |at, text| {
                self.text(at, text, Some(index), faults);
            });
        }
        self.tell_open(faults);
    }

    /// Answers what waited for the graph.
    fn tell_open(&mut self, faults: &mut Faults<'_>) {
        let questions: Vec<Question> = self.open.iter().map(|open| open.question).collect();
        let answers = answers(&self.needs, &questions);
        for (open, _) in self.open.iter().zip(answers).filter(|(_, waits)| !waits) {
            let [here, named] = [open.question.task, open.question.wanted]
                .map(|index| shown(self.template.calls[index].name));
            let message = format!(
                "{{{{{}}}}}: task {named} is not among those that {here} depends on",
                open.name
            );
            let at = (open.text, open.at);
            faults.add_in(&code::UNKNOWN_REFERENCE, &open.path, at, message, None);
        }
    }

    fn text(&mut self, at: &At<'a>, text: &'a str, call: Option<usize>, faults: &mut Faults<'_>) {
        if !text.contains("{{") {
            return;
        }
        for tag in Text::parse(text).tags() {
            if tag.is_expression() {
                tell_expression(tag, at, text, faults);
                continue;
            }
            let Some(name) = tag.name() else {
                continue;
            };
            match (self.resolve(name, call, faults), call) {
                (Ok(Answer::NeedsTask(wanted)), Some(task)) => self.open.push(Open {
                    question: Question { task, wanted },
                    path: at.path.clone(),
                    text,
                    at: tag.at,
                    name: name.to_owned(),
                }),
                (Ok(_), _) => {}
                (Err((code, what, nearest)), _) => {
                    let message = format!("{{{{{name}}}}}: {what}");
                    let place = (text, tag.at);
                    faults.add_in(code, &at.path, place, message, nearest.as_deref());
                }
            }
        }
    }

    fn resolve(
        &self,
        name: &str,
        call: Option<usize>,
        faults: &Faults<'_>,
    ) -> Result<Answer, Wrong> {
        let fits = |()| Answer::Fits;
        let Some((first, rest)) = name.split_once('.') else {
            return Ok(Answer::Fits);
        };
        match first {
            "inputs" => self.input(rest, faults).map(fits),
            "workflow" => self.global(rest, faults).map(fits),
            "steps" | "tasks" if rest != "name" => self.inner(first, rest, call, faults),
            "pod" => self.pod(rest).map(fits),
            "outputs" | "item" => Err(later()),
            _ => Ok(Answer::Fits),
        }
    }

    fn input(&self, rest: &str, faults: &Faults<'_>) -> Result<(), Wrong> {
        if rest == "parameters" {
            return Ok(());
        }
        if rest.starts_with("artifacts") {
            return Err(later());
        }
        let Some(name) = rest.strip_prefix("parameters.") else {
            let near = faults
                .near(rest, ["parameters"])
                .map(|word| format!("inputs.{word}"));
            return Err(unknown("inputs have only `parameters`".to_owned(), near));
        };
        if self.inputs.contains(name) {
            return Ok(());
        }
        let near = faults.near(name, self.inputs.iter().copied());
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

    fn global(&self, rest: &str, faults: &Faults<'_>) -> Result<(), Wrong> {
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
            if self.globals.contains(name) {
                return Ok(());
            }
            let near = faults.near(name, self.globals.iter().copied());
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
        let near = faults
            .near(rest, known)
            .map(|word| format!("workflow.{word}"));
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
    fn inner(
        &self,
        first: &str,
        rest: &str,
        call: Option<usize>,
        faults: &Faults<'_>,
    ) -> Result<Answer, Wrong> {
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
            let near = faults.near(name, self.calls.keys().copied());
            let near = near.map(|found| format!("{own}.{found}.{field}"));
            return Err(unknown(format!("there is no {word} {}", shown(name)), near));
        };
        let called = &self.template.calls[index];
        match field.strip_prefix("outputs.parameters.") {
            Some(output) => self.output(own, called, output, faults)?,
            None => self.field(own, called, field, faults)?,
        }
        match call {
            Some(call) => self.is_before(index, call),
            None => Ok(Answer::Fits),
        }
    }

    fn field(
        &self,
        own: &str,
        called: &CallAt<'_>,
        field: &str,
        faults: &Faults<'_>,
    ) -> Result<(), Wrong> {
        let later_field = CALL_FIELDS_LATER.iter().any(|word| {
            field
                .strip_prefix(word)
                .is_some_and(|r| r.is_empty() || r.starts_with('.'))
        });
        if later_field {
            return Err(later());
        }
        if !CALL_FIELDS.contains(&field) {
            let near = faults.near(field, CALL_FIELDS);
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
    fn is_before(&self, index: usize, call: usize) -> Result<Answer, Wrong> {
        let (named, here) = (&self.template.calls[index], &self.template.calls[call]);
        let word = self.template.call_word();
        if index == call {
            return Err(unknown(format!("is this {word} itself"), None));
        }
        if word == "task" {
            return Ok(Answer::NeedsTask(index));
        }
        let name = shown(named.name);
        let what = match named.group.cmp(&here.group) {
            std::cmp::Ordering::Less => return Ok(Answer::Fits),
            std::cmp::Ordering::Equal => format!("step {name} runs beside this one, not before it"),
            std::cmp::Ordering::Greater => format!("step {name} runs after this one"),
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

fn expression(tag: &Tag) -> Wrong {
    let source = shown(&tag.source);
    let what = format!("expression tags are not supported yet: {source}");
    (&code::NOT_SUPPORTED, what, None)
}

fn tell_expression(tag: &Tag, at: &At<'_>, text: &str, faults: &mut Faults<'_>) {
    let (code, what, _) = expression(tag);
    faults.add_in(code, &at.path, (text, tag.at), what, None);
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
