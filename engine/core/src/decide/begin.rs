//! Beginning a node: from a call or a template to a node with its inputs.

use usher_api::duration::{parse_duration_ms, parse_go_duration_ms};
use usher_expr::RenderError;

use super::{DEPTH_MAX, ask, post};
use crate::draft::{Birth, Draft};
use crate::effect::Effect;
use crate::phase::Signal;
use crate::plan::{Body, Call, Template, TemplateIx};
use crate::run::{Kind, NodeIx, Run};
use crate::scope::{self, NodeScope};

/// Where a node is to stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The node whose end will wait for it.
    pub parent: Option<NodeIx>,
    /// Its place there.
    pub slot: u32,
}

/// What comes of a call before its template is entered.
pub(super) enum Ready {
    /// `when` was false; the message says so.
    Skip(String),
    /// Argument values by name.
    Go(Vec<(String, String)>),
}

/// Reads `when` and puts values into the arguments of a call.
///
/// A false `when` is found before the arguments are looked at, so that they may be unresolvable
/// (argo.md §5). An argument that is nothing but a reference to an absent output is left out, so
/// that the template's default applies (argo.md §6).
pub(super) fn ready(run: &Run, boundary: NodeIx, call: &Call) -> Result<Ready, CallError> {
    let scope = NodeScope::inside(run, boundary);
    let limits = scope::limits();
    if let Some(when) = &call.when {
        let text = when.render(&scope, &limits).map_err(CallError::Text)?;
        let truth = usher_expr::evaluate_when(&text, &limits)
            .map_err(|error| CallError::When(error.to_string()))?;
        if !truth {
            return Ok(Ready::Skip(format!("when '{text}' evaluated false")));
        }
    }
    let mut arguments = Vec::with_capacity(call.arguments.len());
    for (name, text) in &call.arguments {
        match text.render(&scope, &limits) {
            Ok(value) => arguments.push((name.clone(), value)),
            Err(RenderError::Absent { .. }) if text.pure_reference().is_some() => {}
            Err(error) => return Err(CallError::Text(error)),
        }
    }
    Ok(Ready::Go(arguments))
}

/// Why a call cannot be begun.
#[derive(Debug)]
pub(super) enum CallError {
    /// A tag has no value.
    Text(RenderError),
    /// `when` is not a truth.
    When(String),
}

impl CallError {
    /// The words of Argo for it.
    pub(super) fn message(&self) -> String {
        match self {
            CallError::Text(error) => scope::render_message(error),
            CallError::When(message) => message.clone(),
        }
    }
}

/// Begins a call at a place: a node of its template, or a Skipped one.
pub(super) fn call(draft: &mut Draft, place: Place, call: &Call, ready: Ready) {
    match ready {
        Ready::Skip(message) => {
            let birth = Birth {
                kind: Kind::Skipped,
                parent: place.parent,
                slot: place.slot,
                template: Some(call.template),
                inputs: Vec::new(),
            };
            draft.make(birth, Signal::Skip, &message);
        }
        Ready::Go(arguments) => {
            template(draft, place, call.template, &arguments);
        }
    }
}

/// Begins a template at a place with these arguments.
pub(super) fn template(
    draft: &mut Draft,
    place: Place,
    at: TemplateIx,
    arguments: &[(String, String)],
) -> NodeIx {
    let plan = draft.run.plan.clone();
    let template = &plan.plan.templates[at as usize];
    let birth = |kind, inputs| Birth {
        kind,
        parent: place.parent,
        slot: place.slot,
        template: Some(at),
        inputs,
    };
    let inputs = match inputs(&draft.run, template, arguments) {
        Ok(inputs) => inputs,
        Err(message) => return draft.make(birth(Kind::Skipped, vec![]), Signal::Err, &message),
    };
    if template.body.is_group() {
        let above = place
            .parent
            .and_then(|ix| draft.run.index.depth.get(ix as usize).copied());
        if above.unwrap_or(0) >= DEPTH_MAX {
            let message = format!("maximum recursion depth {DEPTH_MAX} exceeded");
            return draft.make(birth(Kind::Skipped, inputs), Signal::Err, &message);
        }
    }
    if template.retry.is_some() {
        return draft.make(birth(Kind::Retry, inputs), Signal::Begin, "");
    }
    body(draft, place, at, inputs)
}

/// Values of a template's inputs: argument, else `value`, else `default` (argo.md §6).
pub(super) fn inputs(
    run: &Run,
    template: &Template,
    arguments: &[(String, String)],
) -> Result<Vec<String>, String> {
    let scope = NodeScope::outside(run);
    let limits = scope::limits();
    let mut values = Vec::with_capacity(template.inputs.len());
    for input in &template.inputs {
        if let Some((_, value)) = arguments.iter().find(|(name, _)| *name == input.name) {
            values.push(value.clone());
        } else if let Some(text) = input.value.as_ref().or(input.default.as_ref()) {
            let value = text
                .render(&scope, &limits)
                .map_err(|e| scope::render_message(&e))?;
            values.push(value);
        } else {
            return Err(format!("inputs.parameters.{} was not supplied", input.name));
        }
    }
    Ok(values)
}

/// Makes the node of a template's body, without its retry strategy.
pub(super) fn body(draft: &mut Draft, place: Place, at: TemplateIx, inputs: Vec<String>) -> NodeIx {
    let plan = draft.run.plan.clone();
    let template = &plan.plan.templates[at as usize];
    let birth = |kind| Birth {
        kind,
        parent: place.parent,
        slot: place.slot,
        template: Some(at),
        inputs,
    };
    match &template.body {
        Body::Steps(_) => draft.make(birth(Kind::Steps), Signal::Begin, ""),
        Body::Dag(_) => draft.make(birth(Kind::Dag), Signal::Begin, ""),
        Body::Pod(_) => pod(draft, birth(Kind::Pod), template),
        Body::Suspend {
            duration, approval, ..
        } => {
            let ix = draft.make(birth(Kind::Suspend), Signal::Suspend, "");
            suspend(draft, ix, template, duration.as_ref());
            if let Some(approval) = approval
                && !draft.run.nodes[ix as usize].phase.is_done()
            {
                ask::open(draft, ix, approval);
            }
            ix
        }
        Body::Mail(mail) => post::begin(draft, birth(Kind::Mail), template, mail),
    }
}

fn pod(draft: &mut Draft, birth: Birth, template: &Template) -> NodeIx {
    let in_exit = in_exit(&draft.run, birth.parent, birth.slot);
    if let Some(cause) = super::halt::cause(&draft.run, in_exit) {
        return draft.make(birth, Signal::Fail, cause.message());
    }
    let ix = draft.make(birth, Signal::Launch, "");
    match checked(&draft.run, ix, template) {
        Ok(timeout) => {
            let due_ms = timeout.map(|ms| draft.now_ms.saturating_add(ms));
            // One more than it had before a retry took it back.
            let launch = draft.run.nodes[ix as usize].launch.saturating_add(1);
            draft.edit(ix, |node| {
                node.launch = launch;
                node.timeout_ms = due_ms;
            });
            draft.effect(Effect::LaunchPod { node: ix, launch });
        }
        Err(message) => {
            draft.signal(ix, Signal::Err, &message);
        }
    }
    ix
}

/// The template's timeout, if its texts have values and these can be read: the work is put together
/// once before the launch, so that no process begins whose limits nobody knows.
fn checked(run: &Run, ix: NodeIx, template: &Template) -> Result<Option<i64>, String> {
    crate::work::of(run, ix)?;
    limit_ms(run, ix, template.deadline.as_ref(), parse_duration_ms)?;
    limit_ms(run, ix, template.timeout.as_ref(), parse_go_duration_ms)
}

pub(super) fn in_exit(run: &Run, parent: Option<NodeIx>, slot: u32) -> bool {
    match parent {
        Some(parent) => run
            .index
            .in_exit
            .get(parent as usize)
            .copied()
            .unwrap_or(false),
        None => slot == 1,
    }
}

fn suspend(
    draft: &mut Draft,
    ix: NodeIx,
    template: &Template,
    duration: Option<&usher_expr::Text>,
) {
    let in_exit = draft.run.index.in_exit[ix as usize];
    if let Some(cause) = super::halt::cause(&draft.run, in_exit) {
        draft.signal(ix, Signal::Fail, super::halt::wait_message(cause));
        return;
    }
    match set_limits(draft, ix, template, duration) {
        Ok(true) => ask::over(draft, ix),
        Ok(false) => {}
        Err(message) => {
            draft.signal(ix, Signal::Err, &message);
        }
    }
}

/// Sets when a waiting node must end; whether its wait is over at once.
pub(super) fn set_limits(
    draft: &mut Draft,
    ix: NodeIx,
    template: &Template,
    duration: Option<&usher_expr::Text>,
) -> Result<bool, String> {
    let run = &draft.run;
    let wake = limit_ms(run, ix, duration, parse_duration_ms)?;
    let deadline = limit_ms(run, ix, template.deadline.as_ref(), parse_duration_ms)?;
    let timeout = limit_ms(run, ix, template.timeout.as_ref(), parse_go_duration_ms)?;
    if wake.is_some_and(|ms| ms <= 0) {
        return Ok(true);
    }
    let now_ms = draft.now_ms;
    if wake.is_some() || deadline.is_some() || timeout.is_some() {
        draft.edit(ix, |node| {
            node.wake_ms = wake.map(|ms| now_ms.saturating_add(ms));
            node.deadline_ms = deadline.map(|ms| now_ms.saturating_add(ms));
            node.timeout_ms = timeout.map(|ms| now_ms.saturating_add(ms));
        });
    }
    Ok(false)
}

/// A duration of a template with the node's values put in, milliseconds.
pub(super) fn limit_ms<E: std::fmt::Display>(
    run: &Run,
    ix: NodeIx,
    text: Option<&usher_expr::Text>,
    parse: fn(&str) -> Result<i64, E>,
) -> Result<Option<i64>, String> {
    let Some(text) = text else { return Ok(None) };
    let value = text
        .render(&NodeScope::inside(run, ix), &scope::limits())
        .map_err(|error| scope::render_message(&error))?;
    parse(value.trim())
        .map(Some)
        .map_err(|error| error.to_string())
}
