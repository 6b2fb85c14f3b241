//! The one public verb: a run and what happened give a run and what is to be done.
//!
//! ```text
//!   events ──► apply (one after the other) ──► agenda ──► work (bounded) ──► decision
//! ```
//!
//! Applying an event changes the nodes it names and puts what follows on the agenda; `work` carries
//! the agenda out until it is empty or the turn has changed [`NODES_MAX`] nodes. What is left is in
//! the state: the agenda is rebuilt from it at load, and `Effect::Continue` asks for the next turn.
//!
//! Total: an impossible, repeated or late event leaves the run as it is and gives a note.
//!
//! Invariants: INV-01 … INV-09. Not here: what a turn commits (`usher::turn`).

mod again;
mod ask;
mod begin;
mod command;
mod dag;
pub(crate) mod halt;
mod observe;
mod post;
mod retry;
mod root;
mod set;
mod steps;

use usher_api::command::Outcome;

pub(crate) use dag::{needed_tasks, targets};
pub(crate) use halt::cause as halt_cause;
pub(crate) use root::main_phase;

use crate::asks::Asks;
use crate::draft::{Birth, Draft};
use crate::effect::{Effect, Note};
use crate::event::{Event, Stamped};
use crate::phase::{Phase, Signal};
use crate::run::{Item, Kind, NodeIx, Run};

/// A turn changes at most about this many nodes (an event of its own may add one).
pub const NODES_MAX: usize = 500;

/// A turn folds at most this many events.
pub const EVENTS_MAX: usize = 256;

/// How deep template calls may nest (argo.md §0).
pub const DEPTH_MAX: u32 = 100;

/// The answer to a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The inbox row.
    pub id: i64,
    /// What became of it.
    pub outcome: Outcome,
}

/// What a turn decided. Of a run that is removed it keeps no effect that would begin something.
#[derive(Debug)]
pub struct Decision {
    /// The run after it.
    pub run: Run,
    /// Numbers of the nodes whose rows are to be written, ascending.
    pub changed: Vec<NodeIx>,
    /// What to do after the commit.
    pub effects: Vec<Effect>,
    /// What is asked of people, rows of the same commit.
    pub asks: Asks,
    /// Every phase change, in order: the node, the phase before, the signal.
    pub moves: Vec<(NodeIx, Phase, Signal)>,
    /// Answers to the commands among the events.
    pub answers: Vec<Answer>,
    /// Whether the run is to be removed with all its rows.
    pub delete: bool,
}

/// Applies `events` in order and works off what they call for.
#[must_use]
pub fn decide(run: Run, events: Vec<Stamped>) -> Decision {
    let clock_ms = run.head.clock_ms;
    let mut draft = Draft::new(run, clock_ms);
    let mut answers = Vec::new();
    let (outcomes, events): (Vec<_>, Vec<_>) = events.into_iter().partition(Stamped::is_outcome);
    take_outcomes(&mut draft, outcomes, &mut answers);
    for stamped in events {
        advance_clock(&mut draft, stamped.at_ms);
        compare_deadline(&mut draft);
        apply(&mut draft, stamped.event, &mut answers);
        // A resume or the submission lets the deadline count: it is seen before any node begins.
        compare_deadline(&mut draft);
        if !draft.delete {
            work(&mut draft);
        }
    }
    if draft.run.goes_on() {
        draft.effect(Effect::Continue);
    }
    let Draft {
        run,
        changed,
        mut effects,
        asks,
        moves,
        delete,
        ..
    } = draft;
    effects.retain(|effect| !is_overtaken(&run, delete, effect));
    Decision {
        run,
        changed: changed.into_iter().collect(),
        effects,
        asks,
        moves,
        answers,
        delete,
    }
}

/// Takes the outcomes of approvals, before all other events and before anything follows of one.
///
/// An outcome is committed while its request is open, and a request is open as long as its node
/// waits in the committed run: so it was first, whatever else has come in the meantime (a stop that
/// waits in the inbox before it, a deadline). Were one taken later, the turn could close a request
/// that is decided already, which the ledger refuses: the turn would be decided again, for ever.
fn take_outcomes(draft: &mut Draft, outcomes: Vec<Stamped>, answers: &mut Vec<Answer>) {
    if outcomes.is_empty() {
        return;
    }
    for stamped in outcomes {
        advance_clock(draft, stamped.at_ms);
        apply(draft, stamped.event, answers);
    }
    compare_deadline(draft);
    work(draft);
}

fn advance_clock(draft: &mut Draft, at_ms: i64) {
    draft.now_ms = draft.now_ms.max(at_ms);
    draft.run.head.clock_ms = draft.now_ms;
}

/// Whether a later event of the same turn has made an effect void: a launch of what was stopped, a
/// stop of what has ended, a beginning in a run that is removed, the end of one that goes on again.
fn is_overtaken(run: &Run, delete: bool, effect: &Effect) -> bool {
    let phase = |ix: NodeIx, launch: u32| {
        let node = run.node(ix).filter(|node| node.launch == launch);
        node.map(|node| node.phase)
    };
    match effect {
        Effect::LaunchPod { node, launch } => {
            delete
                || !matches!(
                    phase(*node, *launch),
                    Some(Phase::Starting | Phase::Running)
                )
        }
        Effect::StopPod { node, launch } => {
            !delete && phase(*node, *launch) != Some(Phase::Stopping)
        }
        Effect::Continue => delete,
        // A retry followed in the same turn.
        Effect::AnnounceEnd => !run.head.phase.is_done(),
        Effect::ReleasePod { .. } | Effect::Note(_) => false,
    }
}

fn compare_deadline(draft: &mut Draft) {
    if draft
        .run
        .deadline_ms()
        .is_some_and(|due_ms| due_ms <= draft.now_ms)
    {
        draft.run.head.overdue = true;
        draft.run.index.plan(Item::Halt);
    }
}

fn apply(draft: &mut Draft, event: Event, answers: &mut Vec<Answer>) {
    match event {
        Event::Submitted => root::submitted(draft),
        Event::Continued => {}
        Event::Commanded { id, command } => {
            let outcome = command::apply(draft, &command);
            answers.push(Answer { id, outcome });
        }
        Event::PodStarted {
            node,
            launch,
            started_ms,
        } => {
            observe::started(draft, node, launch, started_ms);
        }
        Event::PodFinished { node, launch, end } => observe::finished(draft, node, launch, end),
        Event::PodLost {
            node,
            launch,
            reason,
        } => observe::lost(draft, node, launch, &reason),
        Event::TimerRang { node } => timer(draft, node),
    }
}

/// A timer is only a wake-up: the committed due time decides.
fn timer(draft: &mut Draft, node: Option<NodeIx>) {
    let Some(ix) = node else {
        // The run's own deadline was compared on the way in.
        if draft.run.head.phase.is_done() {
            draft.note(Note::RunEnded);
        } else if draft.run.deadline_ms().is_some() {
            draft.note(Note::Early { node: None });
        }
        return;
    };
    let Some(found) = draft.run.node(ix) else {
        return draft.note(Note::UnknownNode { node: ix });
    };
    if found.phase.is_done() {
        return draft.note(Note::AlreadyDone { node: ix });
    }
    match found.due_ms(draft.run.head.suspended) {
        Some(due_ms) if due_ms <= draft.now_ms => {}
        Some(_) | None => return draft.note(Note::Early { node: Some(ix) }),
    }
    match found.kind {
        Kind::Retry => retry::wait_over(draft, ix),
        Kind::Pod | Kind::Suspend | Kind::Mail => observe::due(draft, ix),
        Kind::Steps | Kind::Group | Kind::Dag | Kind::Skipped => {}
    }
}

/// Works the agenda off, within the bound of a turn. While `spec.suspend` holds only processes are
/// stopped; everything else waits (argo.md §9).
fn work(draft: &mut Draft) {
    if draft.run.head.suspended {
        if !draft.run.is_halting() {
            return;
        }
        let before = draft.run.index.agenda.len();
        draft.run.index.agenda.retain(|item| *item != Item::Halt);
        if draft.run.index.agenda.len() < before {
            halt::carry_out(draft);
        }
        return;
    }
    if !again::go_on(draft) {
        return;
    }
    while draft.changed.len() < NODES_MAX && !draft.run.head.phase.is_done() {
        let Some(item) = draft.run.index.agenda.pop_front() else {
            return;
        };
        match item {
            Item::Advance(ix) => advance(draft, ix),
            Item::Task(dag, task) => dag::consider(draft, dag, task),
            Item::Tasks(dag, from) => dag::consider_from(draft, dag, from),
            Item::Halt => halt::carry_out(draft),
            Item::Sweep => command::sweep(draft),
            Item::Root => root::look(draft),
        }
    }
}

fn advance(draft: &mut Draft, ix: NodeIx) {
    let Some(node) = draft.run.node(ix) else {
        return;
    };
    if node.phase.is_done() {
        return;
    }
    match node.kind {
        Kind::Steps => steps::advance(draft, ix),
        Kind::Group => steps::advance_group(draft, ix),
        Kind::Dag => dag::advance(draft, ix),
        Kind::Retry => retry::advance(draft, ix),
        Kind::Pod | Kind::Suspend | Kind::Mail | Kind::Skipped => {}
    }
}

/// A call that could not be entered: a node in Error, as Argo makes it.
fn begin_failed(draft: &mut Draft, place: begin::Place, call: &crate::plan::Call, message: &str) {
    let birth = Birth {
        kind: Kind::Skipped,
        parent: place.parent,
        slot: place.slot,
        template: Some(call.template),
        inputs: Vec::new(),
    };
    draft.make(birth, Signal::Err, message);
}
