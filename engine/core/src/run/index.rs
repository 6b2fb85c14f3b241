//! What a run knows about itself without being told: derived from plan and nodes, never stored.
//!
//! Counts, child lists, due times and the agenda make an event cost the same in a run of 100 nodes
//! and of 50,000. Rebuilding reads every node once, at load.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Kind, NodeIx, Run};
use crate::phase::Phase;
use crate::plan::{Body, TemplateIx};

/// A piece of work that the state calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// Look at a group: make its next children, or end it.
    Advance(NodeIx),
    /// Look at one task of a dag: begin it when what it depends on is over.
    Task(NodeIx, u32),
    /// Look at all tasks of a dag from this one on.
    Tasks(NodeIx, u32),
    /// Stop what a shutdown or the run's deadline must stop.
    Halt,
    /// End waiting nodes that a command named.
    Sweep,
    /// Look at the run: begin it, begin its exit handler, or end it.
    Root,
}

/// The nodes of a dag by task.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    /// The node of each task, once made.
    pub nodes: Vec<Option<NodeIx>>,
    /// Whether a target needs the task.
    pub needed: Vec<bool>,
    /// How many of the tasks that each task mentions are not done: it is looked at when none is.
    pub awaits: Vec<u32>,
    /// How many needed tasks are not done.
    pub left: u32,
}

/// Derived state of a run.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// Children of each node by number; in groups, steps and retry nodes that is the order of their
    /// places.
    pub kids: Vec<Vec<NodeIx>>,
    /// Nodes that a retry has taken back, by parent and place: who is made there has that number.
    pub vacant: BTreeMap<(Option<NodeIx>, u32), NodeIx>,
    /// How many children of each node are not done.
    pub open: Vec<u32>,
    /// How deep each node's template call is nested.
    pub depth: Vec<u32>,
    /// Whether each node belongs to the exit handler.
    pub in_exit: Vec<bool>,
    /// Nodes that have a keeper.
    pub live: BTreeSet<NodeIx>,
    /// How many nodes have a process.
    pub busy: usize,
    /// Due times of live nodes, milliseconds UTC.
    pub dues: BTreeSet<(i64, NodeIx)>,
    /// Tasks of each unfinished dag node.
    pub tasks: BTreeMap<NodeIx, Tasks>,
    /// What is left to do, oldest first.
    pub agenda: VecDeque<Item>,
    /// Nodes that have ended, by how: Succeeded, Skipped or Omitted, and bad ones.
    pub done: u32,
}

impl Index {
    /// Adds an item to the agenda unless it is the last one already.
    pub fn plan(&mut self, item: Item) {
        if self.agenda.back() != Some(&item) {
            self.agenda.push_back(item);
        }
    }

    /// Whether a task of an unfinished dag waits for no other task any more.
    #[must_use]
    pub fn is_free(&self, dag: NodeIx, task: u32) -> bool {
        self.tasks
            .get(&dag)
            .is_some_and(|tasks| tasks.awaits.get(task as usize) == Some(&0))
    }
}

impl Run {
    /// Takes a node that was just made into the index.
    pub(crate) fn index_new(&mut self, ix: NodeIx) {
        let Some(node) = self.nodes.get(ix as usize) else {
            return;
        };
        let (parent, kind, phase) = (node.parent, node.kind, node.phase);
        let place = (parent, node.slot);
        if self.index.kids.len() <= ix as usize {
            self.index.kids.push(Vec::new());
            self.index.open.push(0);
            self.index.depth.push(0);
            self.index.in_exit.push(false);
        }
        if node.is_vacant() {
            self.index.vacant.insert(place, ix);
            return;
        }
        let (mut depth, mut in_exit) = (0, node.slot == 1);
        self.index.vacant.remove(&place);
        if let Some(parent) = parent.map(|p| p as usize) {
            depth = self.index.depth.get(parent).copied().unwrap_or(0);
            in_exit = self.index.in_exit.get(parent).copied().unwrap_or(false);
            if let Some(kids) = self.index.kids.get_mut(parent) {
                // At the end, but for a node that is made in the place of one taken back.
                let at = match kids.last() {
                    Some(last) if *last > ix => kids.partition_point(|kid| *kid < ix),
                    Some(_) | None => kids.len(),
                };
                kids.insert(at, ix);
            }
        }
        if matches!(kind, Kind::Steps | Kind::Dag) {
            depth += 1;
        }
        self.index.depth[ix as usize] = depth;
        self.index.in_exit[ix as usize] = in_exit;
        if let Some(parent) = parent {
            if !phase.is_done() {
                self.index.open[parent as usize] += 1;
            }
            let slot = self.nodes[ix as usize].slot as usize;
            if let Some(tasks) = self.index.tasks.get_mut(&parent)
                && let Some(place) = tasks.nodes.get_mut(slot)
            {
                *place = Some(ix);
            }
            if phase.is_done() {
                self.index_task_done(parent, slot);
            }
        }
        if kind == Kind::Dag && !phase.is_done() {
            let tasks = self.tasks_of(ix);
            self.index.tasks.insert(ix, tasks);
        }
        if phase.is_done() {
            self.index.done += 1;
        }
        self.index_waits(ix, true);
    }

    /// Counts a task of an unfinished dag as done.
    pub(crate) fn index_task_done(&mut self, dag: NodeIx, slot: usize) {
        let after = self.plan.dependents_of(self.template_ix(dag), slot);
        let Some(tasks) = self.index.tasks.get_mut(&dag) else {
            return;
        };
        if tasks.needed.get(slot) == Some(&true) {
            tasks.left = tasks.left.saturating_sub(1);
        }
        for task in after {
            if let Some(open) = tasks.awaits.get_mut(*task as usize) {
                *open = open.saturating_sub(1);
            }
        }
    }

    fn template_ix(&self, ix: NodeIx) -> Option<TemplateIx> {
        self.node(ix)?.template
    }

    /// Adds (`on`) or removes what an unfinished node has in the live sets.
    pub(crate) fn index_waits(&mut self, ix: NodeIx, on: bool) {
        let Some(node) = self.nodes.get(ix as usize) else {
            return;
        };
        let due = node.due_ms(self.head.suspended);
        let asks = u32::from(node.asks());
        if on {
            self.head.asking += asks;
            if node.is_live() {
                self.index.live.insert(ix);
            }
            self.index.busy += usize::from(node.has_process());
            if let Some(due) = due {
                self.index.dues.insert((due, ix));
            }
        } else {
            self.head.asking -= asks;
            self.index.live.remove(&ix);
            self.index.busy -= usize::from(node.has_process());
            if let Some(due) = due {
                self.index.dues.remove(&(due, ix));
            }
        }
    }

    /// Recomputes all due times: `spec.suspend` has changed.
    pub(crate) fn index_dues(&mut self) {
        let suspended = self.head.suspended;
        self.index.dues = self
            .index
            .live
            .iter()
            .filter_map(|ix| Some((self.nodes.get(*ix as usize)?.due_ms(suspended)?, *ix)))
            .collect();
    }

    fn tasks_of(&self, ix: NodeIx) -> Tasks {
        let Some(Body::Dag(dag)) = self.template(ix).map(|template| &template.body) else {
            return Tasks::default();
        };
        let needed = crate::decide::needed_tasks(self, ix, dag);
        let left = needed.iter().filter(|needed| **needed).count();
        let awaits = dag
            .tasks
            .iter()
            .map(|task| u32::try_from(task.needs.len()).unwrap_or(u32::MAX));
        Tasks {
            nodes: vec![None; dag.tasks.len()],
            needed,
            awaits: awaits.collect(),
            left: u32::try_from(left).unwrap_or(u32::MAX),
        }
    }

    /// Builds the whole index after a load.
    pub(crate) fn reindex(&mut self) {
        self.index = Index::default();
        if !self.nodes.is_empty() {
            self.head.asking = 0;
        }
        let count = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        for ix in 0..count {
            let node = &self.nodes[ix as usize];
            let name = match node.is_vacant() {
                true => "".into(),
                false => self.name_at(node.parent, node.slot),
            };
            self.nodes[ix as usize].name = name;
            self.index_new(ix);
        }
        if self.head.phase.is_done() {
            return;
        }
        for ix in 0..count {
            let node = &self.nodes[ix as usize];
            if node.is_group() && node.phase == Phase::Running {
                if node.kind == Kind::Dag {
                    self.index.plan(Item::Tasks(ix, 0));
                }
                self.index.plan(Item::Advance(ix));
            }
        }
        if self.head.shutdown.is_some() || self.head.overdue {
            self.index.plan(Item::Halt);
        }
        if !self.head.sweeps.is_empty() {
            self.index.plan(Item::Sweep);
        }
        self.index.plan(Item::Root);
    }
}
