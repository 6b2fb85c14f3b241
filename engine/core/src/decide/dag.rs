//! Dags: a task begins when what it depends on is over and `depends` is true (argo.md §5).

use usher_expr::Outcome;

use super::NODES_MAX;
use super::begin::{self, Place};
use crate::draft::{Birth, Draft};
use crate::phase::{Phase, Signal};
use crate::plan::{Body, Dag, Task};
use crate::run::{Item, Kind, NodeIx, Run};
use crate::scope::{self, NodeScope};

/// Which tasks a target needs: the targets and all that they depend on.
pub(crate) fn needed_tasks(run: &Run, ix: NodeIx, dag: &Dag) -> Vec<bool> {
    let mut needed = vec![false; dag.tasks.len()];
    let mut open: Vec<usize> = targets(run, ix, dag);
    while let Some(task) = open.pop() {
        let Some(seen) = needed.get_mut(task) else {
            continue;
        };
        if !std::mem::replace(seen, true) {
            open.extend(dag.tasks[task].needs.iter().copied());
        }
    }
    needed
}

/// The targets in order: those named, else every task on which none depends.
pub(crate) fn targets(run: &Run, ix: NodeIx, dag: &Dag) -> Vec<usize> {
    if let Some(target) = &dag.target {
        let scope = NodeScope::inside(run, ix);
        if let Ok(names) = target.render(&scope, &scope::limits()) {
            let names: Vec<&str> = names.split_whitespace().collect();
            let place = |name: &&str| dag.tasks.iter().position(|t| t.call.name == **name);
            return names.iter().filter_map(place).collect();
        }
    }
    let mut is_leaf = vec![true; dag.tasks.len()];
    for task in &dag.tasks {
        for need in &task.needs {
            is_leaf[*need] = false;
        }
    }
    (0..dag.tasks.len()).filter(|task| is_leaf[*task]).collect()
}

fn dag_of(plan: &crate::prepared::Prepared, run: &Run, ix: NodeIx) -> Option<usize> {
    let template = run.node(ix)?.template? as usize;
    matches!(plan.plan.templates.get(template)?.body, Body::Dag(_)).then_some(template)
}

/// Looks at all tasks from one on, within the turn's bound.
pub(super) fn consider_from(draft: &mut Draft, ix: NodeIx, from: u32) {
    let count = match draft.run.index.tasks.get(&ix) {
        Some(tasks) => u32::try_from(tasks.nodes.len()).unwrap_or(u32::MAX),
        None => return,
    };
    for task in from..count {
        if draft.changed.len() >= NODES_MAX {
            draft.run.index.plan(Item::Tasks(ix, task));
            return;
        }
        consider(draft, ix, task);
    }
    draft.run.index.plan(Item::Advance(ix));
}

/// Begins a task when everything it mentions is done; omits it when `depends` is false.
pub(super) fn consider(draft: &mut Draft, ix: NodeIx, slot: u32) {
    let plan = draft.run.plan.clone();
    let Some(template) = dag_of(&plan, &draft.run, ix) else {
        return;
    };
    let Body::Dag(dag) = &plan.plan.templates[template].body else {
        return;
    };
    let Some(tasks) = draft.run.index.tasks.get(&ix) else {
        return;
    };
    let at = slot as usize;
    if tasks.nodes.get(at) != Some(&None) || tasks.needed.get(at) != Some(&true) {
        return;
    }
    if !draft.run.index.is_free(ix, slot) {
        return;
    }
    let task = &dag.tasks[at];
    let met = is_met(&draft.run, ix, dag, task);
    let place = Place {
        parent: Some(ix),
        slot,
    };
    if !met {
        let birth = Birth {
            kind: Kind::Skipped,
            parent: Some(ix),
            slot,
            template: Some(task.call.template),
            inputs: Vec::new(),
        };
        draft.make(birth, Signal::Omit, "omitted: depends condition not met");
        return;
    }
    match begin::ready(&draft.run, ix, &task.call) {
        Ok(ready) => begin::call(draft, place, &task.call, ready),
        Err(error) => super::begin_failed(draft, place, &task.call, &error.message()),
    }
}

fn is_met(run: &Run, ix: NodeIx, dag: &Dag, task: &Task) -> bool {
    let Some(depends) = &task.depends else {
        return true;
    };
    let (Some(tasks), Some(template)) = (run.index.tasks.get(&ix), run.nodes[ix as usize].template)
    else {
        return false;
    };
    let Some(places) = run.plan.places.get(template as usize) else {
        return false;
    };
    depends.eval(&mut |name, outcome| {
        let Some(at) = places.get(name).map(|(_, slot)| *slot as usize) else {
            return false;
        };
        let Some(node) = tasks.nodes.get(at).copied().flatten() else {
            return false;
        };
        let phase = run.nodes[node as usize].phase;
        match outcome {
            None => {
                matches!(phase, Phase::Succeeded | Phase::Skipped)
                    || dag.tasks[at].call.continue_on.excuses(phase)
            }
            Some(Outcome::Succeeded) => phase == Phase::Succeeded,
            Some(Outcome::Failed) => phase == Phase::Failed,
            Some(Outcome::Errored) => phase == Phase::Error,
            Some(Outcome::Skipped) => phase == Phase::Skipped,
            Some(Outcome::Omitted) => phase == Phase::Omitted,
            // Daemons and loops are not supported yet: nothing can be so.
            Some(Outcome::Daemoned | Outcome::AnySucceeded | Outcome::AllFailed) => false,
        }
    })
}

/// Ends a dag when every needed task is done.
pub(super) fn advance(draft: &mut Draft, ix: NodeIx) {
    let plan = draft.run.plan.clone();
    let Some(template) = dag_of(&plan, &draft.run, ix) else {
        return;
    };
    let Body::Dag(dag) = &plan.plan.templates[template].body else {
        return;
    };
    let Some(tasks) = draft.run.index.tasks.get(&ix) else {
        return;
    };
    if tasks.left > 0 {
        return;
    }
    let signal = match verdict(&draft.run, ix, dag) {
        Phase::Failed => Signal::Fail,
        Phase::Error => Signal::Err,
        Phase::New
        | Phase::Starting
        | Phase::Running
        | Phase::Suspended
        | Phase::BackingOff
        | Phase::Stopping
        | Phase::Succeeded
        | Phase::Skipped
        | Phase::Omitted => Signal::Succeed,
    };
    draft.signal(ix, signal, "");
}

/// The phase of a dag from its targets. An omitted or skipped task has the worst phase of those it
/// depends on; with `failFast` the first bad target decides, else the last.
fn verdict(run: &Run, ix: NodeIx, dag: &Dag) -> Phase {
    let Some(tasks) = run.index.tasks.get(&ix) else {
        return Phase::Error;
    };
    let mut branch: Vec<Option<Phase>> = vec![None; dag.tasks.len()];
    let mut open: Vec<usize> = targets(run, ix, dag);
    while let Some(task) = open.last().copied() {
        if branch[task].is_some() {
            open.pop();
            continue;
        }
        let own = tasks.nodes[task].map_or(Phase::Omitted, |n| run.nodes[n as usize].phase);
        if matches!(own, Phase::Succeeded | Phase::Failed | Phase::Error) {
            branch[task] = Some(own);
            continue;
        }
        let needs = &dag.tasks[task].needs;
        let unknown: Vec<usize> = needs
            .iter()
            .copied()
            .filter(|need| branch[*need].is_none())
            .collect();
        if unknown.is_empty() {
            let worst = needs
                .iter()
                .filter_map(|need| branch[*need])
                .max_by_key(|p| badness(*p));
            branch[task] = Some(worst.unwrap_or(Phase::Succeeded));
        } else {
            open.extend(unknown);
        }
    }
    let mut result = Phase::Succeeded;
    for target in targets(run, ix, dag) {
        let phase = branch[target].unwrap_or(Phase::Succeeded);
        if phase.is_bad() && !dag.tasks[target].call.continue_on.excuses(phase) {
            result = phase;
            if dag.fail_fast {
                break;
            }
        }
    }
    result
}

fn badness(phase: Phase) -> u8 {
    match phase {
        Phase::Error => 2,
        Phase::Failed => 1,
        Phase::New
        | Phase::Starting
        | Phase::Running
        | Phase::Suspended
        | Phase::BackingOff
        | Phase::Stopping
        | Phase::Succeeded
        | Phase::Skipped
        | Phase::Omitted => 0,
    }
}
