//! `retry`: an ended run goes on where it failed (argo.md §9).
//!
//! It stays the same run. What failed is taken back and made again under its old name and number,
//! the groups around it are reopened, what succeeded stays. Which nodes these are is chosen at once
//! (`choose`) and written into the head; turns then carry it out within their bounds, and nothing
//! else of the run goes on before that is done.
//!
//! Nothing of the earlier try can be taken for the new one: a node's launches are counted on, a
//! request for a decision and a mail have the number of the retry in their names.

mod choose;

use std::collections::BTreeMap;

use usher_api::command::Outcome;
use usher_api::selector::Selector;

use super::NODES_MAX;
use super::begin::{self, Ready};
use super::command::{done, refused};
use crate::draft::Draft;
use crate::run::{Again, NodeIx, Run, RunPhase};
use crate::scope;
use choose::{Asked, Choice};

/// What is asked.
#[derive(Debug)]
pub(super) struct Wish<'a> {
    /// The account that asks.
    pub(super) by: &'a str,
    /// Whether what succeeded is carried out again, too, where the selector says so.
    pub(super) restart_successful: bool,
    /// A node field selector.
    pub(super) selector: Option<&'a str>,
    /// Values of the workflow's parameters by name.
    pub(super) parameters: &'a BTreeMap<String, String>,
}

/// Lets an ended run go on, or says why not.
pub(super) fn begin(draft: &mut Draft, wish: &Wish<'_>) -> Outcome {
    let name = draft.run.head.identity.name.clone();
    let phase = draft.run.head.phase;
    if !phase.is_done() {
        let word = phase.word();
        let message = format!("workflow {name} has not ended ({word}); it cannot be retried yet");
        return refused("not-ended", message);
    }
    let selector = match wish.selector.map(Selector::parse).transpose() {
        Ok(selector) => selector,
        Err(error) => return refused("selector", error.to_string()),
    };
    if selector.is_some() && !wish.restart_successful {
        let message = "a node field selector names steps that are carried out again though they \
                       succeeded; it needs --restart-successful";
        return refused("selector", message.to_owned());
    }
    if phase == RunPhase::Succeeded && selector.is_none() {
        let message = format!(
            "workflow {name} has succeeded; --restart-successful and --node-field-selector name \
             what of it is carried out again"
        );
        return refused("succeeded", message);
    }
    let asked = Asked {
        selector: selector.as_ref(),
        // What people agreed to was shown to them with the old values.
        approvals: !wish.parameters.is_empty(),
    };
    let choice = choose::choose(&draft.run, &asked);
    if !choice.is_something {
        return refused("nothing-to-retry", nothing(&name, &asked));
    }
    start_over(draft, wish, choice);
    done(format!("workflow {name} retried"))
}

fn nothing(name: &str, asked: &Asked<'_>) -> String {
    match asked.selector {
        Some(_) => format!("no step of workflow {name} matches, and none failed"),
        None => format!(
            "in workflow {name} every failed step was followed by one that succeeded; \
             --restart-successful and --node-field-selector name what is carried out again"
        ),
    }
}

fn start_over(draft: &mut Draft, wish: &Wish<'_>, choice: Choice) {
    let now_ms = draft.now_ms;
    draft.run.add_submitter(wish.by);
    let head = &mut draft.run.head;
    head.retries = head.retries.saturating_add(1);
    head.parameters
        .extend(wish.parameters.iter().map(|(k, v)| (k.clone(), v.clone())));
    head.phase = RunPhase::Running;
    head.message.clear();
    (head.started_ms, head.finished_ms) = (Some(now_ms), None);
    (head.shutdown, head.overdue, head.exit_node) = (None, false, None);
    head.sweeps.clear();
    head.again = Some(Again {
        forget: choice.forget,
        reopen: choice.reopen,
    });
    draft.run.reindex();
}

/// Carries on with what a retry has begun, within the bound of a turn; whether nothing is left.
pub(super) fn go_on(draft: &mut Draft) -> bool {
    let Some(mut left) = draft.run.head.again.take() else {
        return true;
    };
    while draft.changed.len() < NODES_MAX
        && let Some(ix) = last_of(&mut left.forget)
    {
        draft.take_back(ix);
    }
    let mut reopened = Vec::new();
    while draft.changed.len() < NODES_MAX
        && left.forget.is_empty()
        && let Some(ix) = left.reopen.pop()
    {
        draft.reopen(ix);
        reopened.push(ix);
    }
    let is_done = left.forget.is_empty() && left.reopen.is_empty();
    draft.run.head.again = (!is_done).then_some(left);
    draft.run.reindex();
    for ix in reopened {
        renew(draft, ix);
    }
    is_done
}

/// Takes the last number out of rows of numbers.
fn last_of(rows: &mut Vec<(NodeIx, NodeIx)>) -> Option<NodeIx> {
    let (first, last) = *rows.last()?;
    rows.pop();
    if first < last {
        rows.push((first, last - 1));
    }
    Some(last)
}

/// Gives a reopened group the inputs that its call has with the new values of parameters. Where
/// the call cannot be read any more it keeps those it had.
fn renew(draft: &mut Draft, ix: NodeIx) {
    if draft.run.head.parameters.is_empty() {
        return;
    }
    if let Some(inputs) = inputs(&draft.run, ix) {
        draft.edit(ix, |node| node.inputs = inputs);
    }
}

fn inputs(run: &Run, ix: NodeIx) -> Option<Vec<String>> {
    let template = run.template(ix)?;
    let arguments = match (run.call(ix), run.boundary(ix)) {
        (Some(call), Some(boundary)) => match begin::ready(run, boundary, call).ok()? {
            Ready::Go(arguments) => arguments,
            Ready::Skip(_) => return None,
        },
        _ => scope::global_arguments(run),
    };
    begin::inputs(run, template, &arguments).ok()
}
