//! The map of a workflow's templates and calls, on which both the plan and the rules are made.
//!
//! Named templates come first, in file order, then inline ones in order of appearance. What is
//! wrong with names of templates and with calls is told here, since no plan can be without them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use usher_api::code;

use super::at::At;
use super::faults::Faults;
use super::path::{Path, shown};
use super::reach::Reach;
use crate::plan::TemplateIx;

/// All templates of a workflow.
#[derive(Debug)]
pub(crate) struct Survey<'a> {
    /// `spec`.
    pub(crate) spec: At<'a>,
    /// Named templates, then inline ones.
    pub(crate) templates: Vec<Tmpl<'a>>,
    /// The first template of each name.
    names: BTreeMap<&'a str, TemplateIx>,
}

/// A template.
#[derive(Debug)]
pub(crate) struct Tmpl<'a> {
    /// The object.
    pub(crate) at: At<'a>,
    /// Its name, empty for an inline one.
    pub(crate) name: &'a str,
    /// What it does; none if that was refused.
    pub(crate) body: Option<BodyKind>,
    /// Its steps or tasks.
    pub(crate) calls: Vec<CallAt<'a>>,
    /// Whether a run can come to it; what nothing reaches is looked at only from outside.
    pub(crate) is_used: bool,
    /// Whether only the exit handler comes to it, so that the run's end is known.
    pub(crate) knows_end: bool,
}

impl Tmpl<'_> {
    /// What its calls are named: `task` in a dag, else `step`.
    pub(crate) fn call_word(&self) -> &'static str {
        match self.body {
            Some(BodyKind::Dag) => "task",
            _ => "step",
        }
    }
}

/// The fields of which a template has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// `container`
    Container,
    /// `script`
    Script,
    /// `steps`
    Steps,
    /// `dag`
    Dag,
    /// `suspend`
    Suspend,
    /// `plugin`
    Plugin,
}

impl BodyKind {
    /// All of them.
    pub(crate) const ALL: [BodyKind; 6] = [
        BodyKind::Container,
        BodyKind::Script,
        BodyKind::Steps,
        BodyKind::Dag,
        BodyKind::Suspend,
        BodyKind::Plugin,
    ];

    /// The field's name.
    pub(crate) fn word(self) -> &'static str {
        match self {
            BodyKind::Container => "container",
            BodyKind::Script => "script",
            BodyKind::Steps => "steps",
            BodyKind::Dag => "dag",
            BodyKind::Suspend => "suspend",
            BodyKind::Plugin => "plugin",
        }
    }

    /// Whether it holds other templates.
    pub(crate) fn is_group(self) -> bool {
        matches!(self, BodyKind::Steps | BodyKind::Dag)
    }
}

/// Bodies that Argo has and that are refused by the field table.
const LATER_BODIES: [&str; 4] = ["resource", "http", "data", "containerSet"];

/// A step or a task.
#[derive(Debug)]
pub(crate) struct CallAt<'a> {
    /// The object.
    pub(crate) at: At<'a>,
    /// Its name, empty if it has none.
    pub(crate) name: &'a str,
    /// Its group among the steps; 0 for tasks.
    pub(crate) group: usize,
    /// What it calls; none if that was refused.
    pub(crate) target: Option<TemplateIx>,
}

impl<'a> Survey<'a> {
    /// Maps a shaped object.
    pub(crate) fn new(root: &At<'a>, faults: &mut Faults<'_>) -> Option<Survey<'a>> {
        let Some(spec) = root.get("spec") else {
            if !faults.excuse(&root.path, "spec") {
                faults.add(
                    &code::MISSING_FIELD,
                    &root.path.key("spec"),
                    "`spec` is missing",
                );
            }
            return None;
        };
        let mut survey = Survey {
            spec,
            templates: Vec::new(),
            names: BTreeMap::new(),
        };
        let reach = Reach::new(survey.spec.value);
        survey.collect_named(&reach, faults);
        // Inline templates are appended while the list is walked, so the walk needs no recursion.
        let mut next = 0;
        while next < survey.templates.len() {
            faults.mute(!survey.templates[next].is_used);
            survey.collect_calls(next, faults);
            next += 1;
        }
        faults.mute(false);
        Some(survey)
    }

    fn collect_named(&mut self, reach: &Reach<'_>, faults: &mut Faults<'_>) {
        let list = self.spec.items("templates");
        let is_told = ["templates", "workflowTemplateRef"]
            .iter()
            .any(|field| faults.excuse(&self.spec.path, field));
        if list.is_empty() && !is_told {
            let path = self.spec.path.key("templates");
            faults.add(
                &code::MISSING_FIELD,
                &path,
                "`templates` is missing or empty",
            );
        }
        for at in list {
            let name = at.text("name").unwrap_or_default();
            if name.is_empty() && !faults.excuse(&at.path, "name") {
                let path = at.path.key("name");
                faults.add(&code::MISSING_FIELD, &path, "a template needs a `name`");
            }
            let ix = self.push(at, name, faults);
            self.templates[ix as usize].is_used = reach.holds(name);
            self.templates[ix as usize].knows_end = reach.only_exit(name);
            if name.is_empty() {
                continue;
            }
            if let Some(first) = self.names.get(name) {
                let first = &self.templates[*first as usize].at.path;
                let message = format!("template {} is already defined at {first}", shown(name));
                let path = self.templates[ix as usize].at.path.key("name");
                faults.add(&code::DUPLICATE_NAME, &path, message);
            } else {
                self.names.insert(name, ix);
            }
        }
    }

    fn push(&mut self, at: At<'a>, name: &'a str, faults: &mut Faults<'_>) -> TemplateIx {
        let ix = self.templates.len() as TemplateIx;
        // Without a body there is no plan, whether anything calls the template or not.
        let was_muted = faults.mute(false);
        let body = body_of(&at, faults);
        faults.mute(was_muted);
        self.templates.push(Tmpl {
            at,
            name,
            body,
            calls: Vec::new(),
            is_used: true,
            knows_end: false,
        });
        ix
    }

    fn collect_calls(&mut self, ix: usize, faults: &mut Faults<'_>) {
        let template = &self.templates[ix];
        let found: Vec<(At<'a>, usize)> = match template.body {
            Some(BodyKind::Steps) => {
                let groups = template.at.items("steps");
                let in_group = |(group, list): (usize, At<'a>)| {
                    list.elements().into_iter().map(move |at| (at, group))
                };
                groups.into_iter().enumerate().flat_map(in_group).collect()
            }
            Some(BodyKind::Dag) => {
                let tasks = template.at.get("dag").map(|dag| dag.items("tasks"));
                tasks
                    .unwrap_or_default()
                    .into_iter()
                    .map(|at| (at, 0))
                    .collect()
            }
            Some(BodyKind::Container | BodyKind::Script | BodyKind::Suspend | BodyKind::Plugin)
            | None => return,
        };
        let what = template.call_word();
        let mut calls = Vec::with_capacity(found.len());
        let mut seen: BTreeMap<&str, Path> = BTreeMap::new();
        for (at, group) in found {
            let name = at.text("name").unwrap_or_default();
            check_call_name(&at, name, what, &mut seen, faults);
            let target = self.target(&at, ix, what, faults);
            calls.push(CallAt {
                at,
                name,
                group,
                target,
            });
        }
        self.templates[ix].calls = calls;
    }

    /// What a call calls: a named template or the inline one, which is then added.
    fn target(
        &mut self,
        at: &At<'a>,
        owner: usize,
        what: &str,
        faults: &mut Faults<'_>,
    ) -> Option<TemplateIx> {
        match (at.text("template"), at.get("inline")) {
            (Some(name), None) => self.find(name, &at.path.key("template"), faults),
            (None, Some(inline)) => {
                let ix = self.push(inline, "", faults) as usize;
                self.templates[ix].is_used = self.templates[owner].is_used;
                self.templates[ix].knows_end = self.templates[owner].knows_end;
                Some(ix as TemplateIx)
            }
            (Some(_), Some(inline)) => {
                let message = "stands beside `template`; a call has one of them";
                faults.add_key(&code::SCOPE, &inline.path, message, None);
                None
            }
            (None, None) => {
                let is_told = ["template", "inline", "templateRef"]
                    .iter()
                    .any(|field| faults.excuse(&at.path, field));
                if !is_told {
                    let message = format!("a {what} needs a `template` or an `inline`");
                    faults.add(&code::MISSING_FIELD, &at.path.key("template"), message);
                }
                None
            }
        }
    }

    /// The template of a name.
    pub(crate) fn find(
        &self,
        name: &str,
        path: &Path,
        faults: &mut Faults<'_>,
    ) -> Option<TemplateIx> {
        let found = self.names.get(name).copied();
        if found.is_none() && name.contains("{{") {
            let message = "tags in the name of a template are not supported yet";
            faults.add(&code::NOT_SUPPORTED, path, message);
        } else if found.is_none()
            && !(self.names.is_empty() && faults.excuse(&self.spec.path, "templates"))
        {
            let message = format!("there is no template {}", shown(name));
            let near = faults.near(name, self.names.keys().copied());
            faults.add_near(&code::UNKNOWN_TEMPLATE, path, message, near);
        }
        found
    }
}

fn check_call_name<'a>(
    at: &At<'a>,
    name: &'a str,
    what: &str,
    seen: &mut BTreeMap<&'a str, Path>,
    faults: &mut Faults<'_>,
) {
    let path = at.path.key("name");
    if name.is_empty() {
        if !faults.excuse(&at.path, "name") {
            faults.add(
                &code::MISSING_FIELD,
                &path,
                format!("a {what} needs a `name`"),
            );
        }
    } else if let Some(first) = seen.get(name) {
        let message = format!("{what} {} is already at {first}", shown(name));
        faults.add(&code::DUPLICATE_NAME, &path, message);
    } else {
        seen.insert(name, at.path.clone());
    }
}

fn body_of(at: &At<'_>, faults: &mut Faults<'_>) -> Option<BodyKind> {
    let mut found = BodyKind::ALL
        .into_iter()
        .filter(|kind| at.value.get(kind.word()).is_some());
    match (found.next(), found.next()) {
        (Some(kind), None) => Some(kind),
        (Some(first), Some(second)) => {
            let message = format!(
                "stands beside `{}`; a template does one thing",
                first.word()
            );
            faults.add_key(&code::BODY, &at.path.key(second.word()), message, None);
            None
        }
        (None, _) => {
            let words = BodyKind::ALL.map(BodyKind::word);
            let mut bodies = words.iter().chain(&LATER_BODIES);
            if !bodies.any(|word| faults.excuse(&at.path, word)) {
                let message = "has none of container, script, steps, dag, suspend and plugin";
                faults.add(&code::BODY, &at.path, message);
            }
            None
        }
    }
}

/// Names whose `outputs.result` some text of a template mentions.
///
/// One walk for all names: asking for each name would be quadratic.
pub(crate) fn results_mentioned(template: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut todo = vec![template];
    while let Some(value) = todo.pop() {
        match value {
            Value::String(text) => note_results(text, &mut names),
            Value::Array(list) => todo.extend(list),
            Value::Object(fields) => todo.extend(fields.values()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    names
}

fn note_results(text: &str, names: &mut BTreeSet<String>) {
    for (at, _) in text.match_indices(".outputs.result") {
        let before = &text[..at];
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let bare = before.trim_end_matches(['\'', '"', ']']);
        let name = &bare[bare.trim_end_matches(is_name).len()..];
        if !name.is_empty() {
            names.insert(name.to_owned());
        }
    }
}
