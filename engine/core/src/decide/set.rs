//! `node set`: phase, message and supplied outputs of waiting nodes (argo.md §9).

use std::collections::BTreeMap;

use usher_api::approval::VerdictPhase;
use usher_api::command::Outcome;
use usher_api::selector::Selector;

use super::command::{approvals_named, done, is_match, joined, refused};
use crate::draft::Draft;
use crate::phase::Signal;
use crate::run::{NodeIx, Run};
use crate::supply;

/// What is to be set.
#[derive(Debug)]
pub(super) struct Wish<'a> {
    /// Which nodes.
    pub(super) selector: &'a str,
    /// Ends them.
    pub(super) phase: Option<VerdictPhase>,
    /// Their message.
    pub(super) message: Option<&'a str>,
    /// Values by name.
    pub(super) outputs: &'a BTreeMap<String, String>,
}

/// Sets what is asked on every matching node, or on none when one does not take it.
pub(super) fn apply(draft: &mut Draft, wish: &Wish<'_>) -> Outcome {
    let name = draft.run.head.identity.name.clone();
    if wish.phase.is_none() && wish.message.is_none() && wish.outputs.is_empty() {
        let message = "nothing is to be set; give a phase, a message or an output parameter";
        return refused("nothing-to-set", message.to_owned());
    }
    let selector = match Selector::parse(wish.selector) {
        Ok(selector) => selector,
        Err(error) => return refused("selector", error.to_string()),
    };
    let live = draft.run.index.live.iter().copied();
    let found: Vec<NodeIx> = live
        .filter(|ix| is_match(&draft.run, *ix, Some(&selector)))
        .collect();
    if let Some(refusal) = approvals_named(&draft.run, &found, "node set") {
        return refusal;
    }
    if found.is_empty() {
        let message = format!(
            "no waiting node of workflow {name} matches `{}`",
            wish.selector
        );
        return refused("nothing-waits", message);
    }
    for ix in &found {
        if let Err(message) = takes(&draft.run, *ix, wish.outputs) {
            return refused("output", message);
        }
    }
    for ix in &found {
        set(draft, *ix, wish);
    }
    let nodes = if found.len() == 1 { "node" } else { "nodes" };
    done(format!("{} {nodes} of workflow {name} set", found.len()))
}

/// Whether a node has these outputs and takes these values.
fn takes(run: &Run, ix: NodeIx, outputs: &BTreeMap<String, String>) -> Result<(), String> {
    let node = run.node(ix).map(|node| node.name.to_string());
    let node = node.unwrap_or_default();
    let known = run
        .template(ix)
        .map_or(&[][..], |template| template.supplied());
    for (name, value) in outputs {
        let Some(output) = known.iter().find(|output| output.name == *name) else {
            let names: Vec<&str> = known.iter().map(|output| output.name.as_str()).collect();
            let near = usher_expr::nearest(name, names.iter().copied());
            let hint = near.map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
            return Err(format!(
                "node {node} has no output parameter `{name}` that is to be supplied{hint}"
            ));
        };
        let choices = supply::choices(run, ix, output);
        if !choices.is_empty() && !choices.contains(value) {
            return Err(format!(
                "`{value}` is no value of output parameter `{name}` of node {node}: {}",
                choices.join(", ")
            ));
        }
    }
    Ok(())
}

fn set(draft: &mut Draft, ix: NodeIx, wish: &Wish<'_>) {
    draft.edit(ix, |node| {
        let values = wish.outputs.iter();
        node.outputs
            .extend(values.map(|(name, value)| (name.clone(), value.clone())));
        node.message = joined(&node.message, wish.message.unwrap_or_default());
    });
    let signal = match wish.phase {
        None => return,
        Some(VerdictPhase::Succeeded) => Signal::Succeed,
        Some(VerdictPhase::Failed) => Signal::Fail,
        Some(VerdictPhase::Error) => Signal::Err,
    };
    let message = draft.run.nodes[ix as usize].message.clone();
    draft.signal(ix, signal, &message);
}
