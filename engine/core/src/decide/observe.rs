//! What processes and timers tell: started, finished, lost, due.

use usher_api::duration::parse_duration_ms;

use super::{ask, begin, halt, retry};
use crate::draft::Draft;
use crate::effect::{Effect, Note};
use crate::event::End;
use crate::phase::{Phase, Signal};
use crate::run::{Cause, Kind, NodeIx};

/// Whether an observation speaks of the node's present process; notes why not. An observation of
/// another launch is never applied: it is another process's.
fn is_present(draft: &mut Draft, ix: NodeIx, launch: u32) -> bool {
    let Some(node) = draft.run.node(ix) else {
        draft.note(Note::UnknownNode { node: ix });
        return false;
    };
    let present = node.launch;
    if launch != present {
        draft.note(Note::OldLaunch {
            node: ix,
            launch,
            present,
        });
        return false;
    }
    if !node.has_process() {
        draft.note(Note::AlreadyDone { node: ix });
        return false;
    }
    true
}

/// The process runs: its own deadline begins to count (argo.md §8).
pub(super) fn started(draft: &mut Draft, ix: NodeIx, launch: u32, started_ms: i64) {
    if !is_present(draft, ix, launch) {
        return;
    }
    if draft.run.nodes[ix as usize].phase != Phase::Starting {
        draft.note(Note::AlreadyDone { node: ix });
        return;
    }
    match deadline_ms(draft, ix, started_ms) {
        Ok(deadline) => {
            if draft.signal(ix, Signal::Begin, "") {
                draft.edit(ix, |node| node.deadline_ms = deadline);
            }
        }
        Err(message) => {
            // The value cannot be read: the process must not go on without its limit.
            halt::stop(draft, ix, Cause::Deadline);
            draft.edit(ix, |node| node.message = message);
        }
    }
}

/// The earlier of the template's `activeDeadlineSeconds` and, from the second attempt on, the
/// strategy's `maxDuration` (argo.md §7: it becomes the deadline of the next pod).
fn deadline_ms(draft: &Draft, ix: NodeIx, started_ms: i64) -> Result<Option<i64>, String> {
    let run = &draft.run;
    let text = run
        .template(ix)
        .and_then(|template| template.deadline.as_ref());
    let own = begin::limit_ms(run, ix, text, parse_duration_ms)?;
    let own = own.map(|ms| started_ms.saturating_add(ms));
    let node = &run.nodes[ix as usize];
    let above = node
        .parent
        .filter(|p| run.nodes[*p as usize].kind == Kind::Retry);
    let outer = match above {
        Some(parent) if node.slot > 0 => retry::give_up_ms(run, parent)?,
        Some(_) | None => None,
    };
    Ok(own.into_iter().chain(outer).min())
}

/// The process ended.
pub(super) fn finished(draft: &mut Draft, ix: NodeIx, launch: u32, end: End) {
    if !is_present(draft, ix, launch) {
        return release(draft, ix, launch);
    }
    let End {
        code,
        message,
        result,
        finished_ms,
    } = end;
    let now_ms = draft.now_ms;
    let finished_ms = finished_ms.clamp(draft.run.nodes[ix as usize].started_ms, now_ms);
    draft.edit(ix, |node| {
        node.exit_code = Some(code);
        node.result = result;
    });
    let node = &draft.run.nodes[ix as usize];
    let told = node.cause.map(|cause| match node.message.as_str() {
        "" => cause.message().to_owned(),
        own => own.to_owned(),
    });
    match told {
        Some(message) => draft.signal(ix, Signal::Fail, &message),
        None if code == 0 => draft.signal(ix, Signal::Succeed, ""),
        None => {
            // The runtime's own words stand as they are; the container's code is Argo's sentence.
            let code_words = || format!("main: Error (exit code {code})");
            draft.signal(ix, Signal::Fail, &message.unwrap_or_else(code_words))
        }
    };
    draft.edit(ix, |node| node.finished_ms = Some(finished_ms));
    draft.effect(Effect::ReleasePod { node: ix, launch });
}

/// Nobody knows how the process ended.
pub(super) fn lost(draft: &mut Draft, ix: NodeIx, launch: u32, reason: &str) {
    if !is_present(draft, ix, launch) {
        return release(draft, ix, launch);
    }
    match draft.run.nodes[ix as usize].cause {
        Some(cause) => draft.signal(ix, Signal::Fail, cause.message()),
        None => draft.signal(ix, Signal::Err, reason),
    };
    draft.effect(Effect::ReleasePod { node: ix, launch });
}

/// A record whose launch is done here may be forgotten there, however often it is shown.
fn release(draft: &mut Draft, ix: NodeIx, launch: u32) {
    let node = draft.run.node(ix);
    if node
        .is_some_and(|node| launch < node.launch || (launch == node.launch && !node.has_process()))
    {
        draft.effect(Effect::ReleasePod { node: ix, launch });
    }
}

/// A due time of a pod or of a waiting node has come.
pub(super) fn due(draft: &mut Draft, ix: NodeIx) {
    let now_ms = draft.now_ms;
    let node = &draft.run.nodes[ix as usize];
    let is_over = |due: Option<i64>| due.is_some_and(|due_ms| due_ms <= now_ms);
    let cause = if is_over(node.deadline_ms) {
        Some(Cause::Deadline)
    } else if is_over(node.timeout_ms) {
        Some(Cause::Timeout)
    } else {
        None
    };
    match (node.kind, cause) {
        (Kind::Pod, Some(cause)) => halt::stop(draft, ix, cause),
        // The wait was over first: it ended well.
        (Kind::Suspend, _) if is_over(node.wake_ms) && earliest(node) == node.wake_ms => {
            ask::over(draft, ix);
        }
        (Kind::Suspend | Kind::Mail, Some(cause)) => {
            draft.edit(ix, |node| node.cause = Some(cause));
            draft.signal(ix, Signal::Fail, halt::wait_message(cause));
        }
        _ => draft.note(Note::Early { node: Some(ix) }),
    }
}

fn earliest(node: &crate::run::Node) -> Option<i64> {
    [node.wake_ms, node.deadline_ms, node.timeout_ms]
        .into_iter()
        .flatten()
        .min()
}
