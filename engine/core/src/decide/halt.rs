//! Ending what must end: shutdown and the run's own deadline (argo.md §8, §9).

use super::{NODES_MAX, retry};
use crate::draft::Draft;
use crate::effect::Effect;
use crate::phase::{Phase, Signal};
use crate::plan::Shutdown;
use crate::run::{Cause, Item, Kind, NodeIx, Run};

/// Why no node may begin or go on here, if so. The exit handler is exempt from everything but
/// Terminate.
pub(crate) fn cause(run: &Run, in_exit: bool) -> Option<Cause> {
    match run.head.shutdown {
        Some(Shutdown::Terminate) => Some(Cause::Terminate),
        Some(Shutdown::Stop) if !in_exit => Some(Cause::Stop),
        Some(Shutdown::Stop) | None if run.head.overdue && !in_exit => Some(Cause::RunDeadline),
        Some(Shutdown::Stop) | None => None,
    }
}

/// The message of a waiting node that ends for this reason.
pub(super) fn wait_message(cause: Cause) -> &'static str {
    match cause {
        Cause::Stop => "Stopped with strategy 'Stop'",
        Cause::Terminate => "Stopped with strategy 'Terminate'",
        Cause::RunDeadline | Cause::Deadline | Cause::Timeout => "Step exceeded its deadline",
    }
}

/// Stops live nodes within the turn's bound.
pub(super) fn carry_out(draft: &mut Draft) {
    let suspended = draft.run.head.suspended;
    let mut from: NodeIx = 0;
    while let Some(ix) = draft.run.index.live.range(from..).next().copied() {
        from = ix + 1;
        let Some(cause) = cause(&draft.run, draft.run.index.in_exit[ix as usize]) else {
            continue;
        };
        if draft.changed.len() >= NODES_MAX {
            draft.run.index.agenda.push_front(Item::Halt);
            return;
        }
        let node = &draft.run.nodes[ix as usize];
        match (node.kind, node.phase) {
            (Kind::Pod, Phase::Starting | Phase::Running) => stop(draft, ix, cause),
            (Kind::Suspend | Kind::Mail, Phase::Suspended) if !suspended => {
                draft.signal(ix, Signal::Fail, wait_message(cause));
            }
            (Kind::Retry, Phase::BackingOff) if !suspended => retry::halted(draft, ix),
            _ => {}
        }
    }
    if suspended {
        return;
    }
    draft.run.index.plan(Item::Root);
}

/// Tells a process to end.
pub(super) fn stop(draft: &mut Draft, ix: NodeIx, cause: Cause) {
    if draft.signal(ix, Signal::Stop, "") {
        draft.edit(ix, |node| node.cause = Some(cause));
        let launch = draft.run.nodes[ix as usize].launch;
        draft.effect(Effect::StopPod { node: ix, launch });
    }
}
