//! Steps: groups one after the other, the steps of a group side by side (argo.md §3).

use super::NODES_MAX;
use super::begin::{self, Place};
use crate::draft::{Birth, Draft};
use crate::phase::Signal;
use crate::plan::Body;
use crate::run::{Cause, Item, Kind, NodeIx, Run};

/// Looks at a steps node: makes its next group, or ends it.
pub(super) fn advance(draft: &mut Draft, ix: NodeIx) {
    let groups = match draft.run.template(ix).map(|template| &template.body) {
        Some(Body::Steps(groups)) => groups.len(),
        Some(Body::Pod(_) | Body::Dag(_) | Body::Suspend { .. } | Body::Mail(_)) | None => return,
    };
    let made = draft.run.index.kids[ix as usize].len();
    if let Some(last) = draft.run.index.kids[ix as usize].last().copied() {
        let group = &draft.run.nodes[last as usize];
        if !group.phase.is_done() {
            return;
        }
        if group.phase.is_bad() {
            let message = group.message.clone();
            draft.signal(ix, Signal::Fail, &message);
            return;
        }
    }
    if made >= groups {
        draft.signal(ix, Signal::Succeed, "");
        return;
    }
    let birth = Birth {
        kind: Kind::Group,
        parent: Some(ix),
        slot: u32::try_from(made).unwrap_or(u32::MAX),
        template: None,
        inputs: Vec::new(),
    };
    draft.make(birth, Signal::Begin, "");
}

/// Looks at a group: makes its steps within the turn's bound, or ends it when all are done.
pub(super) fn advance_group(draft: &mut Draft, ix: NodeIx) {
    let plan = draft.run.plan.clone();
    let node = &draft.run.nodes[ix as usize];
    let (Some(steps), slot) = (node.parent, node.slot as usize) else {
        return;
    };
    let Some(template) = draft.run.nodes[steps as usize].template else {
        return;
    };
    let Body::Steps(groups) = &plan.plan.templates[template as usize].body else {
        return;
    };
    let Some(calls) = groups.get(slot) else {
        return;
    };
    let made = draft.run.index.kids[ix as usize].len();
    if made < calls.len() {
        // References of the whole group are looked at before its first step: an error there is
        // the group's, which then has no child.
        if made == 0
            && let Some(error) = calls
                .iter()
                .find_map(|call| begin::ready(&draft.run, steps, call).err())
        {
            let message = format!("failed to resolve references: {}", error.message());
            draft.signal(ix, Signal::Err, &message);
            return;
        }
        make_steps(draft, ix, steps, calls);
        return;
    }
    if draft.run.index.open[ix as usize] > 0 {
        return;
    }
    if let Some(message) = unsupplied(&draft.run, ix) {
        draft.signal(ix, Signal::Err, &message);
        return;
    }
    match unexcused(&draft.run, ix) {
        Some(message) => draft.signal(ix, Signal::Fail, &message),
        None => draft.signal(ix, Signal::Succeed, ""),
    };
}

fn make_steps(draft: &mut Draft, ix: NodeIx, steps: NodeIx, calls: &[crate::plan::Call]) {
    let first = first_missing(&draft.run, ix);
    for (slot, call) in (0_u32..).zip(calls).skip(first) {
        if draft.run.kid_at(ix, slot).is_some() {
            continue;
        }
        if draft.changed.len() >= NODES_MAX {
            draft.run.index.plan(Item::Advance(ix));
            return;
        }
        let place = Place {
            parent: Some(ix),
            slot,
        };
        match begin::ready(&draft.run, steps, call) {
            Ok(ready) => begin::call(draft, place, call, ready),
            // Checked for the whole group; earlier groups do not change any more.
            Err(error) => {
                let message = error.message();
                super::begin_failed(draft, place, call, &message);
            }
        }
    }
    // Steps that were done at birth tell nobody later.
    draft.run.index.plan(Item::Advance(ix));
}

/// From which step on some of a group may be missing: after the last one made, unless a retry took
/// some before it back.
fn first_missing(run: &Run, ix: NodeIx) -> usize {
    let kids = &run.index.kids[ix as usize];
    let last = kids.last().and_then(|last| run.node(*last));
    match last {
        Some(last) if last.slot as usize + 1 == kids.len() => kids.len(),
        Some(_) | None => 0,
    }
}

/// Argo's sentence about the first child whose wait was over without a value for its outputs.
fn unsupplied(run: &Run, ix: NodeIx) -> Option<String> {
    let kids = &run.index.kids[ix as usize];
    let found = kids.iter().find(|child_ix| {
        let child = &run.nodes[**child_ix as usize];
        let is_own = child.kind == Kind::Suspend && child.task.is_none() && child.is_final;
        let call = run.call(**child_ix);
        is_own && !call.is_some_and(|call| call.continue_on.excuses(child.phase))
    })?;
    let child = &run.nodes[*found as usize];
    Some(format!(
        "step group deemed errored due to child {} error: {}",
        child.name, child.message
    ))
}

/// The message of the first child that ended badly and is not excused by its `continueOn`.
fn unexcused(run: &Run, ix: NodeIx) -> Option<String> {
    for child_ix in &run.index.kids[ix as usize] {
        let child = &run.nodes[*child_ix as usize];
        let excused = run
            .call(*child_ix)
            .is_some_and(|call| call.continue_on.excuses(child.phase));
        if child.phase.is_bad() && !excused {
            if child.cause == Some(Cause::Timeout) {
                return Some(Cause::Timeout.message().to_owned());
            }
            return Some(format!("child '{}' failed", run.id_of(child)));
        }
    }
    None
}
