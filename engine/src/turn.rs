//! One turn: events → decide → one write. The only way in which a run changes.
//!
//! ```text
//!   RunKeeper ── take ──► decide (pure, panic caught) ──► rows as bytes ──► LedgerWriter
//!        ▲                                                                      │ one commit
//!        └──────────────── effects, keepers, news ◄── Committed ────────────────┘
//! ```
//!
//! The run is given away and comes back only with the commit: who failed to commit has no state
//! left to go on with by mistake.

mod people;

use std::panic::{AssertUnwindSafe, catch_unwind};

use usher_api::command::Outcome;
use usher_core::decide::decide;
use usher_core::effect::Effect;
use usher_core::event::Stamped;
use usher_core::phase::{Phase, Signal};
use usher_core::run::{NodeIx, Run, encode_head, encode_node};
use usher_ledger::{Applied, Fence, Head, NodeRow, Quiet, Turn};

/// A decision ready to be committed.
#[derive(Debug)]
pub struct Taken {
    /// The run as it is once the write is committed.
    pub run: Run,
    /// What to do then.
    pub effects: Vec<Effect>,
    /// Nodes whose keepers are to be told.
    pub changed: Vec<NodeIx>,
    /// Every phase change, in order: the node, the phase before, the signal.
    pub moves: Vec<(NodeIx, Phase, Signal)>,
    /// The write.
    pub turn: Turn,
}

/// `decide` panicked: a fault of ours. The run is to be parked.
#[derive(Debug, thiserror::Error)]
#[error("a fault in the engine: {message}")]
pub struct EngineBug {
    /// What the panic said.
    pub message: String,
}

/// Decides about events and encodes what is to be written.
///
/// # Errors
/// [`EngineBug`] when `decide` panicked; the run is lost to the caller, who parks it.
pub fn take(
    run: Run,
    events: Vec<Stamped>,
    fence: Fence,
    version: i64,
) -> Result<Taken, EngineBug> {
    let decision = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        tests::poison(&run, &events);
        decide(run, events)
    }))
    .map_err(|panic| EngineBug {
        message: panic_text(&*panic),
    })?;
    log_notes(&decision.run, &decision.effects);
    log_moves(&decision.run, &decision.moves);
    let run = decision.run;
    let nodes = decision
        .changed
        .iter()
        .filter_map(|ix| node_row(&run, *ix))
        .collect();
    let turn = Turn {
        run: run.head.identity.uid.clone(),
        fence,
        version,
        head: head(&run),
        scope: None,
        nodes,
        applied: decision
            .answers
            .iter()
            .map(|answer| applied(answer.id, &answer.outcome))
            .collect(),
        delete: decision.delete,
        people: people::rows(&run, decision.asks),
    };
    Ok(Taken {
        run,
        effects: decision.effects,
        changed: decision.changed,
        moves: decision.moves,
        turn,
    })
}

/// The short columns of a run's row.
#[must_use]
pub fn head(run: &Run) -> Head {
    Head {
        phase: run.head.phase.word().to_owned(),
        parked: None,
        started_ms: run.head.started_ms,
        finished_ms: run.head.finished_ms,
        quiet: quiet(run),
        body: encode_head(run),
    }
}

/// When the run next needs an actor.
#[must_use]
pub fn quiet(run: &Run) -> Quiet {
    if run.is_busy() {
        return Quiet::Awake;
    }
    match run.next_due_ms() {
        Some(due_ms) if !run.head.phase.is_done() => Quiet::Until(due_ms),
        Some(_) | None => Quiet::Forever,
    }
}

fn node_row(run: &Run, ix: NodeIx) -> Option<NodeRow> {
    let node = run.node(ix)?;
    Some(NodeRow {
        ix,
        parent: node.parent,
        live: node.is_live(),
        body: encode_node(node),
    })
}

/// A command with what became of it, as the ledger stores it.
pub(crate) fn applied(id: i64, outcome: &Outcome) -> Applied {
    let outcome = serde_json::to_vec(outcome).unwrap_or_default();
    Applied { id, outcome }
}

fn log_notes(run: &Run, effects: &[Effect]) {
    for effect in effects {
        if let Effect::Note(note) = effect {
            tracing::debug!(run = %run.head.identity.name, ?note, "event changed nothing");
        }
    }
}

fn log_moves(run: &Run, moves: &[(NodeIx, Phase, Signal)]) {
    if !tracing::enabled!(tracing::Level::INFO) {
        return;
    }
    for (ix, before, signal) in moves {
        let Some(node) = run.node(*ix) else { continue };
        tracing::info!(
            run = %run.head.identity.name,
            node = %node.name,
            ?before,
            ?signal,
            "phase changed"
        );
    }
}

/// What a panic said, as text.
#[must_use]
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}

#[cfg(test)]
mod tests {
    use usher_core::event::Event;

    use super::*;

    /// A run of this name meets a fault of the engine at every turn but its first and a terminate.
    pub(super) fn poison(run: &Run, events: &[Stamped]) {
        let first = events.first().map(|stamped| &stamped.event);
        let is_first = matches!(first, Some(Event::Submitted));
        let is_command = matches!(first, Some(Event::Commanded { .. }));
        let name = run.head.identity.name.as_str();
        if name == "poison" && !is_first && !is_command || name == "venom" && !is_first {
            panic!("a fault that a test has planted");
        }
    }

    /// What a panic said is kept, whatever its kind.
    #[test]
    fn a_panic_has_words() {
        for (panic, words) in [
            (catch_unwind(|| panic!("plain")), "plain"),
            (catch_unwind(|| panic!("number {}", 7)), "number 7"),
            (
                catch_unwind(|| std::panic::panic_any(7)),
                "a panic without words",
            ),
        ] {
            assert_eq!(panic_text(&*panic.expect_err("it panics")), words);
        }
    }
}
