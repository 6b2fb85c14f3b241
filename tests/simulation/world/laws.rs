//! The numbered laws, checked after every event: those of a run alone (`usher_core::invariant`)
//! and those that take a ledger and processes to see.
//!
//! | law | says |
//! |---|---|
//! | INV-11 | a process is launched only when its intent is in the ledger |
//! | INV-12 | a turn writes every node that it changed |
//! | INV-13 | a process is released only after it has ended |
//! | INV-14 | a command is taken by exactly one committed turn |
//! | INV-15 | a run's version rises by one with every commit |
//! | INV-16 | events one by one and folded give the same run |
//! | INV-17 | what is loaded is what was committed |
//! | INV-18 | a node with an exit code had a process, and an ended run has none |
//! | INV-19 | a value that was put in is never parsed again |
//! | INV-22 | a request is open exactly while a node waits for it |

use usher::turn::Taken;
use usher_core::decide::{NODES_MAX, decide};
use usher_core::effect::Work;
use usher_core::event::Stamped;
use usher_core::invariant;
use usher_core::run::{Kind, Run, encode_head, encode_node};
use usher_ledger::Reader as _;

use super::World;
use super::outside::PRINTED;

impl World {
    /// The laws of a decision before it is committed.
    pub(super) fn check_decision(&mut self, taken: &Taken) -> Result<(), String> {
        self.seen.moves(&taken.moves);
        let broken = invariant::broken(&taken.run);
        if !broken.is_empty() {
            return Err(broken.join("; "));
        }
        let unowed = invariant::unowed(&taken.run, &taken.effects);
        if !unowed.is_empty() && !taken.turn.delete {
            return Err(format!("INV-10: not owed: {unowed:?}"));
        }
        let Ok(Some(loaded)) = self.ledger.load_run(&self.uid) else {
            return Ok(());
        };
        let mut written = taken.turn.nodes.iter().peekable();
        let mut old = loaded.nodes.iter().peekable();
        for (ix, node) in (0..).zip(&taken.run.nodes) {
            let before = old.next_if(|row| row.ix == ix);
            let is_written = written.next_if(|row| row.ix == ix).is_some();
            if !is_written && before.map(|row| &row.body) != Some(&encode_node(node)) {
                return Err(format!(
                    "INV-12: node {} changed and is not written",
                    node.name
                ));
            }
        }
        Ok(())
    }

    /// The laws of a world that is over.
    pub(super) fn check_end(&mut self) -> Result<(), String> {
        if let Some(run) = &self.run {
            let again = self.ledger_copy()?;
            if !is_same(run, &again) {
                return Err("INV-17: the run is not what the ledger has".to_owned());
            }
        }
        let Some(run) = &self.run else {
            return Ok(());
        };
        let answered = self.taken.values().all(|times| *times == 1);
        if !answered || self.taken.len() as u64 != self.asked {
            let (taken, asked) = (self.taken.len(), self.asked);
            return Err(format!("INV-14: {asked} commands, {taken} answered"));
        }
        for (ix, node) in (0..).zip(&run.nodes) {
            let ran = node.kind == Kind::Pod && node.exit_code.is_some();
            if ran && !self.processes.contains_key(&(ix, node.launch)) {
                return Err(format!("INV-18: node {} ended and never ran", node.name));
            }
        }
        Ok(())
    }

    fn ledger_copy(&self) -> Result<Run, String> {
        let mut ledger = self.ledger.snapshot();
        let loaded = ledger
            .load_run(&self.uid)
            .map_err(|error| error.to_string())?;
        let loaded = loaded.ok_or("INV-17: the run is not in the ledger")?;
        let nodes: Vec<(u32, Vec<u8>)> = loaded
            .nodes
            .into_iter()
            .map(|node| (node.ix, node.body))
            .collect();
        usher_core::run::decode(self.plan.clone(), &loaded.row.head, &nodes)
            .map_err(|error| error.to_string())
    }

    pub(crate) fn node_count(&self) -> usize {
        self.run.as_ref().map_or(0, |run| run.nodes.len())
    }
}

fn is_same(a: &Run, b: &Run) -> bool {
    encode_head(a) == encode_head(b) && a.nodes == b.nodes
}

/// INV-19: what a listener hears is what another printed, or its default.
pub(super) fn words_are_heard(work: &Work) -> Result<(), String> {
    match work.argv.as_slice() {
        [program, word] if program == "hear" && word != PRINTED && word != "nothing" => {
            Err(format!("INV-19: {} hears `{word}`", work.node_name))
        }
        _ => Ok(()),
    }
}

/// INV-16, as long as the bound of a turn is not met.
pub(super) fn folding_changes_nothing(run: &Run, events: &[Stamped]) -> Result<(), String> {
    // Outcomes of approvals come first in a turn, as their commits did, and all together.
    let (outcomes, rest): (Vec<Stamped>, Vec<Stamped>) =
        events.iter().cloned().partition(Stamped::is_outcome);
    let folded = decide(run.clone(), events.to_vec());
    if folded.delete {
        // What follows a delete is for nobody.
        return Ok(());
    }
    let mut single = run.clone();
    let each = rest.into_iter().map(|event| vec![event]);
    for events in [outcomes]
        .into_iter()
        .filter(|all| !all.is_empty())
        .chain(each)
    {
        let decision = decide(single, events);
        if decision.changed.len() >= NODES_MAX {
            return Ok(());
        }
        single = decision.run;
    }
    if folded.changed.len() < NODES_MAX && !is_same(&folded.run, &single) {
        return Err("INV-16: folding the events of a turn changes what they give".to_owned());
    }
    Ok(())
}
