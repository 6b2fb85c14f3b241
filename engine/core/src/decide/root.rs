//! The run as a whole: its beginning, its exit handler, its end (argo.md §10, §17).

use super::begin::{self, Place};
use super::post;
use crate::draft::Draft;
use crate::effect::{Effect, Note};
use crate::phase::Phase;
use crate::plan::Shutdown;
use crate::run::{Item, Run, RunPhase};
use crate::scope;

/// The run was submitted.
pub(super) fn submitted(draft: &mut Draft) {
    if draft.run.head.started_ms.is_some() {
        return draft.note(Note::Illegal("the run was submitted before".to_owned()));
    }
    draft.run.head.started_ms = Some(draft.now_ms);
    draft.run.head.phase = RunPhase::Running;
    draft.run.index.plan(Item::Root);
}

/// Begins the entry, the exit handler, or ends the run: whatever the state calls for.
pub(super) fn look(draft: &mut Draft) {
    if draft.run.head.started_ms.is_none() || draft.run.head.phase.is_done() {
        return;
    }
    let Some(entry) = draft.run.entry() else {
        let at = draft.run.spec().entry;
        let arguments = scope::global_arguments(&draft.run);
        begin::template(
            draft,
            Place {
                parent: None,
                slot: 0,
            },
            at,
            &arguments,
        );
        return;
    };
    if !entry.phase.is_done() {
        return;
    }
    let handler = draft.run.spec().on_exit;
    let terminated = draft.run.head.shutdown == Some(Shutdown::Terminate);
    if let (Some(at), None, false) = (handler, draft.run.head.exit_node, terminated) {
        let arguments = scope::global_arguments(&draft.run);
        let ix = begin::template(
            draft,
            Place {
                parent: None,
                slot: 1,
            },
            at,
            &arguments,
        );
        draft.run.head.exit_node = Some(ix);
        return;
    }
    let exit = draft.run.head.exit_node.and_then(|ix| draft.run.node(ix));
    if exit.is_some_and(|exit| !exit.phase.is_done()) {
        return;
    }
    end(draft);
}

/// The phase of the run that the entry node gives.
pub(crate) fn main_phase(run: &Run) -> RunPhase {
    match run.entry().map(|entry| entry.phase) {
        Some(Phase::Failed) => RunPhase::Failed,
        Some(Phase::Error) => RunPhase::Error,
        Some(Phase::Succeeded | Phase::Skipped | Phase::Omitted) => RunPhase::Succeeded,
        Some(
            Phase::New
            | Phase::Starting
            | Phase::Running
            | Phase::Suspended
            | Phase::BackingOff
            | Phase::Stopping,
        ) => RunPhase::Running,
        None => RunPhase::Pending,
    }
}

/// The handler's end can only make the run's worse.
fn end(draft: &mut Draft) {
    let mut phase = main_phase(&draft.run);
    let mut message = match (phase, draft.run.entry()) {
        (RunPhase::Failed | RunPhase::Error, Some(entry)) => entry.message.clone(),
        _ => String::new(),
    };
    if let Some(exit) = draft.run.head.exit_node.and_then(|ix| draft.run.node(ix))
        && exit.phase.is_bad()
        && phase == RunPhase::Succeeded
    {
        phase = if exit.phase == Phase::Error {
            RunPhase::Error
        } else {
            RunPhase::Failed
        };
        message = exit.message.clone();
    }
    if let Some(shutdown) = draft.run.head.shutdown
        && phase != RunPhase::Succeeded
    {
        message = format!("Stopped with strategy '{}'", shutdown.word());
    }
    let head = &mut draft.run.head;
    head.phase = phase;
    head.message = message;
    head.finished_ms = Some(draft.now_ms);
    draft.run.index.agenda.clear();
    post::tell_end(draft);
    draft.effect(Effect::AnnounceEnd);
}
