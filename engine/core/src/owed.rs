//! Every effect that a committed state may still lack.
//!
//! Effects are never stored: after a wake, a take-over, a reload or a commit of unknown outcome the
//! shell carries out what this lists. Each is harmless when it was carried out already.
//!
//! Law: every effect that `decide` returns, notes aside, is in `owed` of the state it returns
//! (INV-09).

use crate::effect::Effect;
use crate::phase::Phase;
use crate::run::{NodeIx, Run};

/// The effects owed by a run: launches and stops of live nodes, releases of ended ones.
#[must_use]
pub fn owed(run: &Run) -> Vec<Effect> {
    let mut effects = Vec::new();
    for (ix, _) in (0..).zip(&run.nodes) {
        add(run, ix, &mut effects);
    }
    if run.head.phase.is_done() {
        effects.push(Effect::AnnounceEnd);
    } else if run.goes_on() {
        effects.push(Effect::Continue);
    }
    effects
}

/// The effects owed to one node.
#[must_use]
pub fn owed_to(run: &Run, ix: NodeIx) -> Vec<Effect> {
    let mut effects = Vec::new();
    add(run, ix, &mut effects);
    effects
}

fn add(run: &Run, ix: NodeIx, effects: &mut Vec<Effect>) {
    let Some(node) = run.node(ix) else { return };
    if node.launch == 0 {
        return;
    }
    let launch = node.launch;
    for old in 1..launch {
        effects.push(Effect::ReleasePod {
            node: ix,
            launch: old,
        });
    }
    effects.push(match node.phase {
        Phase::Stopping => Effect::StopPod { node: ix, launch },
        Phase::Starting | Phase::Running if node.has_process() => {
            Effect::LaunchPod { node: ix, launch }
        }
        // It has ended; a node that a retry took back, and what stands in its place, had it before.
        _ => Effect::ReleasePod { node: ix, launch },
    });
}
