//! The numbered laws of a committed run. Tests check them after every event of every simulation.
//!
//! Each law is a name, a sentence and a check; a check returns what it found wrong.

use crate::decide::halt_cause;
use crate::effect::Effect;
use crate::owed::owed;
use crate::phase::Phase;
use crate::run::{Item, Kind, Node, NodeIx, Run};

/// A law.
#[derive(Debug, Clone, Copy)]
pub struct Invariant {
    /// Its number: `INV-03`.
    pub name: &'static str,
    /// What it says.
    pub law: &'static str,
    check: fn(&Run) -> Option<String>,
}

/// All laws that a run alone can show, in order of number.
pub const ALL: [Invariant; 11] = [
    Invariant {
        name: "INV-01",
        law: "no node is New unless a retry took it back, and a node's phase fits its kind",
        check: phases_fit,
    },
    Invariant {
        name: "INV-02",
        law: "children, counts, live nodes and due times are what a rebuild from the rows gives",
        check: index_is_true,
    },
    Invariant {
        name: "INV-03",
        law: "a node that is done has an end not before its start, and no unfinished child",
        check: ends_are_ends,
    },
    Invariant {
        name: "INV-04",
        law: "a run that has ended has no unfinished node and an end time",
        check: ended_is_quiet,
    },
    Invariant {
        name: "INV-05",
        law: "every unfinished node has something that will move it on",
        check: nothing_is_forgotten,
    },
    Invariant {
        name: "INV-06",
        law: "a node with a process has a launch number, and only pods have processes",
        check: launches_are_numbered,
    },
    Invariant {
        name: "INV-07",
        law: "no two nodes share a name",
        check: names_are_unique,
    },
    Invariant {
        name: "INV-08",
        law: "no exit handler begins before the entry is done",
        check: exit_comes_last,
    },
    Invariant {
        name: "INV-09",
        law: "every live process is owed its launch or its stop",
        check: processes_are_owed,
    },
    Invariant {
        name: "INV-20",
        law: "nothing goes on that a shutdown or the run's deadline ends",
        check: halted_is_quiet,
    },
    Invariant {
        name: "INV-21",
        law: "a node that waits for an approval or for mail says for which, and no other does",
        check: waits_are_named,
    },
];

/// Checks every law; returns the broken ones as `INV-nn: what`.
#[must_use]
pub fn broken(run: &Run) -> Vec<String> {
    ALL.iter()
        .filter_map(|law| (law.check)(run).map(|what| format!("{}: {what}", law.name)))
        .collect()
}

/// INV-10: every effect that a decision returned, notes aside, is owed by the state it returned.
#[must_use]
pub fn unowed(run: &Run, effects: &[Effect]) -> Vec<Effect> {
    let owed = owed(run);
    effects
        .iter()
        .filter(|effect| !matches!(effect, Effect::Note(_)) && !owed.contains(effect))
        .cloned()
        .collect()
}

fn phases_fit(run: &Run) -> Option<String> {
    let fits = |kind: Kind, phase: Phase| match phase {
        Phase::New => run.head.retries > 0,
        Phase::Starting | Phase::Stopping => kind == Kind::Pod,
        Phase::Running => kind != Kind::Skipped && kind != Kind::Suspend,
        Phase::Suspended => matches!(kind, Kind::Suspend | Kind::Mail),
        Phase::BackingOff => kind == Kind::Retry,
        Phase::Skipped | Phase::Omitted => kind == Kind::Skipped,
        Phase::Succeeded => kind != Kind::Skipped,
        Phase::Failed | Phase::Error => true,
    };
    let wrong = run.nodes.iter().find(|node| !fits(node.kind, node.phase))?;
    Some(format!(
        "node {} of kind {:?} is {:?}",
        wrong.name, wrong.kind, wrong.phase
    ))
}

fn index_is_true(run: &Run) -> Option<String> {
    let mut again = run.clone();
    again.reindex();
    let (old, new) = (&run.index, &again.index);
    let done = run.head.phase.is_done();
    let parts = [
        ("children", old.kids == new.kids),
        ("open counts", old.open == new.open),
        ("vacant places", old.vacant == new.vacant),
        ("depths", old.depth == new.depth),
        ("exit flags", old.in_exit == new.in_exit),
        ("live nodes", old.live == new.live),
        ("busy count", old.busy == new.busy),
        ("due times", old.dues == new.dues),
        ("done count", old.done == new.done),
        ("waiting approvals", run.head.asking == again.head.asking),
        ("names", run.nodes == again.nodes),
        ("dag tasks", done || same_tasks(run, &again)),
    ];
    parts
        .iter()
        .find(|(_, same)| !same)
        .map(|(what, _)| format!("{what} differ from a rebuild"))
}

fn same_tasks(run: &Run, again: &Run) -> bool {
    run.index.tasks.len() == again.index.tasks.len()
        && run
            .index
            .tasks
            .iter()
            .zip(&again.index.tasks)
            .all(|((a, old), (b, new))| {
                let same = old.nodes == new.nodes && old.needed == new.needed;
                a == b && same && old.awaits == new.awaits && old.left == new.left
            })
}

fn ends_are_ends(run: &Run) -> Option<String> {
    for (ix, node) in run.nodes.iter().enumerate() {
        if node.phase.is_done() {
            if node
                .finished_ms
                .is_none_or(|end_ms| end_ms < node.started_ms)
            {
                return Some(format!("node {} has a wrong end time", node.name));
            }
            if run.index.open[ix] > 0 {
                return Some(format!(
                    "node {} ended with {} open",
                    node.name, run.index.open[ix]
                ));
            }
        } else if node.finished_ms.is_some() {
            return Some(format!(
                "node {} has an end time and is not done",
                node.name
            ));
        }
    }
    None
}

fn ended_is_quiet(run: &Run) -> Option<String> {
    if !run.head.phase.is_done() {
        return run
            .head
            .finished_ms
            .map(|_| "a run that goes on has an end time".to_owned());
    }
    if run.head.finished_ms.is_none() {
        return Some("an ended run has no end time".to_owned());
    }
    let is_open = |node: &&Node| !node.phase.is_done() && !node.is_vacant();
    let open = run.nodes.iter().find(is_open)?;
    Some(format!(
        "the run ended while {} is {:?}",
        open.name, open.phase
    ))
}

fn nothing_is_forgotten(run: &Run) -> Option<String> {
    if run.head.phase.is_done() || run.head.started_ms.is_none() {
        return None;
    }
    if run.entry().is_none() && !run.index.agenda.contains(&Item::Root) {
        return Some("a begun run has no node and does not plan one".to_owned());
    }
    for (ix, node) in (0..).zip(&run.nodes) {
        if node.phase.is_done() || node.is_live() || node.is_vacant() {
            continue;
        }
        let open = run.index.open[ix as usize] > 0;
        let planned = run.index.agenda.iter().any(|item| match item {
            Item::Advance(at) | Item::Task(at, _) | Item::Tasks(at, _) => *at == ix,
            Item::Halt | Item::Sweep | Item::Root => false,
        });
        if !open && !planned {
            return Some(format!(
                "nothing will move node {} ({:?})",
                node.name, node.phase
            ));
        }
    }
    None
}

fn launches_are_numbered(run: &Run) -> Option<String> {
    let wrong = run.nodes.iter().find(|node| {
        let has = matches!(node.phase, Phase::Starting | Phase::Stopping)
            || (node.kind == Kind::Pod && node.phase == Phase::Running);
        has && (node.launch == 0 || node.kind != Kind::Pod)
    })?;
    Some(format!("node {} has launch {}", wrong.name, wrong.launch))
}

fn names_are_unique(run: &Run) -> Option<String> {
    let there = run.nodes.iter().filter(|node| !node.is_vacant());
    let mut names: Vec<&str> = there.map(|node| &*node.name).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1])?;
    Some(format!("two nodes are called {}", twice[0]))
}

fn exit_comes_last(run: &Run) -> Option<String> {
    let exit = run.head.exit_node?;
    let handler = run.node(exit)?;
    if !run.entry().is_some_and(|entry| entry.phase.is_done()) {
        return Some("the exit handler began before the entry was done".to_owned());
    }
    (handler.parent.is_some() || handler.slot != 1)
        .then(|| "the exit handler's node is not a root".to_owned())
}

fn halted_is_quiet(run: &Run) -> Option<String> {
    if run.head.suspended || !run.is_halting() || run.index.agenda.contains(&Item::Halt) {
        return None;
    }
    let goes_on = |ix: &&NodeIx| {
        let at = **ix as usize;
        halt_cause(run, run.index.in_exit[at]).is_some() && run.nodes[at].phase != Phase::Stopping
    };
    let ix = run.index.live.iter().find(goes_on)?;
    let node = &run.nodes[*ix as usize];
    Some(format!(
        "node {} is {:?} all the same",
        node.name, node.phase
    ))
}

fn waits_are_named(run: &Run) -> Option<String> {
    for (ix, node) in (0..).zip(&run.nodes) {
        let waits = node.phase == Phase::Suspended;
        let asks = run
            .template(ix)
            .is_some_and(|template| template.approval().is_some());
        let has_task = node.task.is_some();
        if (waits && asks && !has_task) || (has_task && (!asks || node.kind != Kind::Suspend)) {
            return Some(format!("node {} has task {:?}", node.name, node.task));
        }
        if (node.kind == Kind::Mail && waits) && node.unsent == 0 {
            return Some(format!("node {} waits for no mail", node.name));
        }
    }
    None
}

fn processes_are_owed(run: &Run) -> Option<String> {
    if run.head.phase.is_done() {
        return None;
    }
    let owed = owed(run);
    for (ix, node) in (0..).zip(&run.nodes) {
        let launch = node.launch;
        let wanted = match node.phase {
            Phase::Starting => Effect::LaunchPod { node: ix, launch },
            Phase::Stopping => Effect::StopPod { node: ix, launch },
            Phase::New
            | Phase::Running
            | Phase::Suspended
            | Phase::BackingOff
            | Phase::Succeeded
            | Phase::Failed
            | Phase::Error
            | Phase::Skipped
            | Phase::Omitted => continue,
        };
        if !owed.contains(&wanted) {
            return Some(format!("node {} is not owed {wanted:?}", node.name));
        }
    }
    None
}
