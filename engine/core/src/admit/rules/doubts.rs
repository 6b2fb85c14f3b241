//! What an approval can hardly be meant to say: warnings, which refuse nothing.
//!
//! A file with them is sound and runs. Each names what will happen, since that is what the author
//! may not expect (approvals §4.1, lint rules 10, 11, 12 and 15).

use std::collections::{BTreeMap, BTreeSet};

use usher_api::approval::{Moment, Policy, Step, Who, parse};
use usher_api::code;
use usher_api::duration::{format_duration, parse_duration_ms};
use usher_expr::Text;

use crate::admit::at::At;
use crate::admit::faults::Faults;
use crate::admit::people::{Spelled, spelled};
use crate::admit::survey::{Survey, Tmpl};
use crate::plan::TemplateIx;

/// What tags of the workflow's parameters begin with.
const WORKFLOW: &str = "workflow.parameters";

/// What tags of a template's inputs begin with.
const INPUT: &str = "inputs.parameters.";

/// Tells every doubt about the approvals that a run can come to.
pub(super) fn check(survey: &Survey<'_>, doubts: &mut Faults<'_>) {
    let mut all = Vec::new();
    for (ix, template) in (0..).zip(&survey.templates).filter(|(_, one)| one.is_used) {
        let was_muted = doubts.mute(true);
        let found = spelled(&template.at, doubts);
        doubts.mute(was_muted);
        if let Some(spelled) = found
            && let Ok(policy) = parse(&spelled.block)
        {
            all.push((ix, template, spelled, policy));
        }
    }
    if all.is_empty() {
        return;
    }
    let retried = retried(survey);
    let open = Open::new(survey);
    for (ix, template, spelled, policy) in &all {
        approvers(*ix, spelled, policy, &open, doubts);
        deadlines(survey, template, policy, doubts);
        if !policy.retry_on_reject {
            retries(survey, *ix, &retried, doubts);
        }
        timeout(template, doubts);
    }
}

/// Whoever submits a workflow should not pick who approves it.
fn approvers(
    ix: TemplateIx,
    spelled: &Spelled<'_>,
    policy: &Policy,
    open: &Open<'_>,
    doubts: &mut Faults<'_>,
) {
    for (index, approver) in policy.approvers.iter().enumerate() {
        let (field, text) = match &approver.who {
            Who::User(text) => ("user", text),
            Who::Group(text) => ("group", text),
            Who::Role(text) => ("role", text),
        };
        if approver.must_be_in.is_some() {
            continue;
        }
        let text = Text::parse(text);
        let names = text.tags().filter_map(|tag| tag.name());
        let Some(name) = names.into_iter().find(|name| open.is_open(ix, name)) else {
            continue;
        };
        let message = format!(
            "comes from a parameter of the workflow, by {{{{{name}}}}}: whoever submits it picks \
             who approves it; name a group in `mustBeIn`, in which that person must be"
        );
        let steps = [
            Step::Key("approvers".to_owned()),
            Step::Index(index),
            Step::Key(field.to_owned()),
        ];
        spelled.add(&code::OPEN_APPROVER, &steps, &message, None, doubts);
    }
}

/// A deadline that is over before the approval's own time limit.
fn deadlines(survey: &Survey<'_>, template: &Tmpl<'_>, policy: &Policy, doubts: &mut Faults<'_>) {
    let Some(Moment::After(limit_ms)) = policy.timeout.as_ref().map(|timeout| &timeout.when) else {
        return;
    };
    let field = "activeDeadlineSeconds";
    for owner in [&template.at, &survey.spec] {
        let text = owner.number_text(field);
        let Some(Ok(deadline_ms)) = text.map(|text| parse_duration_ms(&text)) else {
            continue;
        };
        if deadline_ms < *limit_ms {
            let message = format!(
                "is over after {}, before the `timeout` of the approval in {}, {}: the step then \
                 fails, whatever `timeout.result` says",
                format_duration(deadline_ms),
                template.at.path,
                format_duration(*limit_ms)
            );
            doubts.add_key(&code::EARLY_DEADLINE, &owner.path.key(field), message, None);
        }
    }
}

/// A retry strategy around an approval does not ask again.
fn retries(
    survey: &Survey<'_>,
    ix: TemplateIx,
    retried: &BTreeMap<TemplateIx, TemplateIx>,
    doubts: &mut Faults<'_>,
) {
    let path = &survey.templates[ix as usize].at.path;
    let mut tell = |owner: &At<'_>| {
        let message = format!(
            "does not ask again after a no: a rejection of the approval in {path} is final; \
             `retryOnReject: true` in the approval lets a strategy of its own template ask again"
        );
        let path = owner.path.key("retryStrategy");
        doubts.add_key(&code::FINAL_REJECTION, &path, message, None);
    };
    if survey.spec.get("retryStrategy").is_some() {
        tell(&survey.spec);
    }
    if let Some(owner) = retried.get(&ix) {
        tell(&survey.templates[*owner as usize].at);
    }
}

/// The template's own `timeout` is not the approval's.
fn timeout(template: &Tmpl<'_>, doubts: &mut Faults<'_>) {
    if template.at.get("timeout").is_some() {
        let message = "is the template's, not the approval's: here it ends the wait as a deadline \
                       does, and the step fails; in Argo it counts only while a step is Pending, \
                       which this one never is; write `timeout` into the approval";
        let path = template.at.path.key("timeout");
        doubts.add_key(&code::FOREIGN_TIMEOUT, &path, message, None);
    }
}

/// For each template at or below one with a retry strategy of its own, such a one.
fn retried(survey: &Survey<'_>) -> BTreeMap<TemplateIx, TemplateIx> {
    let owners = (0..).zip(&survey.templates);
    let owners = owners.filter(|(_, one)| one.is_used && one.at.get("retryStrategy").is_some());
    let mut all: BTreeMap<TemplateIx, TemplateIx> = owners.map(|(ix, _)| (ix, ix)).collect();
    let mut left: Vec<TemplateIx> = all.keys().copied().collect();
    while let Some(ix) = left.pop() {
        let owner = all[&ix];
        for call in &survey.templates[ix as usize].calls {
            if let Some(target) = call.target.filter(|target| !all.contains_key(target)) {
                all.insert(target, owner);
                left.push(target);
            }
        }
    }
    all
}

/// An input of a template.
type Input<'a> = (TemplateIx, &'a str);

/// Inputs that a parameter of the workflow comes to, directly or through others.
struct Open<'a>(BTreeSet<Input<'a>>);

impl<'a> Open<'a> {
    fn new(survey: &Survey<'a>) -> Open<'a> {
        let mut open: BTreeSet<Input<'a>> = BTreeSet::new();
        let mut flows: BTreeMap<(TemplateIx, String), Vec<Input<'a>>> = BTreeMap::new();
        // Who gives what: a text of the template `from` to an input.
        let mut give = |from: TemplateIx, to: Input<'a>, text: Option<&str>| {
            for tag in Text::parse(text.unwrap_or_default()).tags() {
                let name = tag.name().unwrap_or_default();
                if name.starts_with(WORKFLOW) {
                    open.insert(to);
                } else if let Some(input) = name.strip_prefix(INPUT) {
                    flows.entry((from, input.to_owned())).or_default().push(to);
                }
            }
        };
        for (ix, template) in (0..).zip(&survey.templates) {
            for (name, at) in parameters(&template.at, "inputs") {
                give(ix, (ix, name), at.text("value").or(at.text("default")));
            }
            for call in &template.calls {
                let Some(target) = call.target else { continue };
                for (name, at) in parameters(&call.at, "arguments") {
                    give(ix, (target, name), at.text("value"));
                }
            }
        }
        for root in ["entrypoint", "onExit"].map(|field| survey.spec.text(field)) {
            let named = survey
                .templates
                .iter()
                .position(|one| Some(one.name) == root);
            let Some(ix) = named.and_then(|ix| TemplateIx::try_from(ix).ok()) else {
                continue;
            };
            // An input of the first template takes the workflow's parameter of its name.
            open.extend(parameters(&survey.spec, "arguments").map(|(name, _)| (ix, name)));
        }
        let mut left: Vec<Input<'a>> = open.iter().copied().collect();
        while let Some((ix, name)) = left.pop() {
            let next = flows.get(&(ix, name.to_owned())).into_iter().flatten();
            left.extend(next.filter(|to| open.insert(**to)));
        }
        Open(open)
    }

    /// Whether a parameter of the workflow is in what a tag of a template stands for.
    fn is_open(&self, ix: TemplateIx, tag: &str) -> bool {
        let input = tag.strip_prefix(INPUT);
        tag.starts_with(WORKFLOW) || input.is_some_and(|name| self.0.contains(&(ix, name)))
    }
}

/// The parameters of a field, with their names.
fn parameters<'a>(owner: &At<'a>, field: &str) -> impl Iterator<Item = (&'a str, At<'a>)> {
    let list = owner.get(field).map(|at| at.items("parameters"));
    let list = list.unwrap_or_default().into_iter();
    list.filter_map(|at| Some((at.text("name")?, at)))
}
