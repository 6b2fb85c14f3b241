//! The only hands that may change a run while a decision is made.
//!
//! A draft records which nodes changed, so that a commit writes those rows and no others, and keeps
//! the index true with every change.
//!
//! Invariants: INV-01 (phases change by [`Phase::next`] only), INV-02 (the index is what a rebuild
//! would give).

use std::collections::BTreeSet;

use crate::asks::{Asks, Closing};
use crate::effect::{Effect, Note};
use crate::phase::{Phase, Signal};
use crate::plan::TemplateIx;
use crate::run::{Item, Kind, Node, NodeIx, Run};

/// A run under change.
#[derive(Debug)]
pub struct Draft {
    /// The run. Read freely; change through the methods.
    pub run: Run,
    /// Nodes that were made or changed.
    pub changed: BTreeSet<NodeIx>,
    /// What is to be done after the commit, in order.
    pub effects: Vec<Effect>,
    /// What is asked of people with the commit, in order.
    pub asks: Asks,
    /// Every phase change, in order: the node, the phase before, the signal.
    pub moves: Vec<(NodeIx, Phase, Signal)>,
    /// Time of the event at hand, milliseconds UTC.
    pub now_ms: i64,
    /// Whether the run is to be removed with all its rows.
    pub delete: bool,
}

/// A node to be made.
#[derive(Debug)]
pub struct Birth {
    /// What it is.
    pub kind: Kind,
    /// The node whose end waits for it.
    pub parent: Option<NodeIx>,
    /// Its place in the parent.
    pub slot: u32,
    /// Its template.
    pub template: Option<TemplateIx>,
    /// Values of the template's inputs.
    pub inputs: Vec<String>,
}

impl Draft {
    /// Begins to change `run` at `now_ms`.
    #[must_use]
    pub fn new(run: Run, now_ms: i64) -> Draft {
        Draft {
            run,
            changed: BTreeSet::new(),
            effects: Vec::new(),
            asks: Asks::default(),
            moves: Vec::new(),
            now_ms,
            delete: false,
        }
    }

    /// Makes a node and sends it its first signal.
    pub fn make(&mut self, birth: Birth, first: Signal, message: &str) -> NodeIx {
        let vacant = self.run.index.vacant.get(&(birth.parent, birth.slot));
        let end = u32::try_from(self.run.nodes.len()).unwrap_or(u32::MAX);
        let ix = vacant.copied().unwrap_or(end);
        let launch = self.run.node(ix).map_or(0, |taken_back| taken_back.launch);
        let name = self.run.name_at(birth.parent, birth.slot);
        let phase = Phase::New.next(first).unwrap_or_else(|illegal| {
            self.effects
                .push(Effect::Note(Note::Illegal(illegal.to_string())));
            Phase::Error
        });
        let now_ms = self.now_ms;
        let node = Node {
            name,
            kind: birth.kind,
            parent: birth.parent,
            slot: birth.slot,
            template: birth.template,
            phase,
            message: message.to_owned(),
            started_ms: now_ms,
            finished_ms: phase.is_done().then_some(now_ms),
            inputs: birth.inputs,
            launch,
            exit_code: None,
            result: None,
            deadline_ms: None,
            timeout_ms: None,
            wake_ms: None,
            cause: None,
            outputs: <_>::default(),
            task: None,
            is_final: false,
            unsent: 0,
        };
        self.place(ix, node);
        self.moves.push((ix, Phase::New, first));
        self.run.index_new(ix);
        self.changed.insert(ix);
        if phase.is_done() {
            self.tell_parent(ix);
        } else if matches!(
            birth.kind,
            Kind::Steps | Kind::Group | Kind::Dag | Kind::Retry
        ) {
            if birth.kind == Kind::Dag {
                self.run.index.plan(Item::Tasks(ix, 0));
            }
            self.run.index.plan(Item::Advance(ix));
        }
        ix
    }

    /// Puts a new node at the end, or where one was taken back.
    fn place(&mut self, ix: NodeIx, node: Node) {
        match self.run.nodes.get_mut(ix as usize) {
            Some(taken_back) => {
                *taken_back = node;
                for sweep in &mut self.run.head.sweeps {
                    if ix < sweep.below {
                        sweep.later.push(ix);
                    }
                }
            }
            None => self.run.nodes.push(node),
        }
    }

    /// Takes a node that is done back, for a retry: only its place and the number of its launches
    /// stay. The index is made anew by the caller, once for all.
    pub fn take_back(&mut self, ix: NodeIx) {
        self.rewind(ix, Signal::Forget, |node, _| {
            node.name = "".into();
            node.inputs.clear();
            node.task = None;
            node.unsent = 0;
        });
    }

    /// Lets a group that is done go on, for a retry. The index is made anew by the caller, once for
    /// all.
    pub fn reopen(&mut self, ix: NodeIx) {
        self.rewind(ix, Signal::Reopen, |node, now_ms| node.started_ms = now_ms);
    }

    fn rewind(&mut self, ix: NodeIx, signal: Signal, change: impl FnOnce(&mut Node, i64)) {
        let Some(node) = self.run.nodes.get_mut(ix as usize) else {
            return;
        };
        let before = node.phase;
        match before.next(signal) {
            Ok(next) => node.phase = next,
            Err(illegal) => {
                let note = Note::Illegal(illegal.to_string());
                return self.effects.push(Effect::Note(note));
            }
        }
        node.message.clear();
        node.outputs.clear();
        (node.finished_ms, node.exit_code, node.result, node.cause) = (None, None, None, None);
        (node.deadline_ms, node.timeout_ms, node.wake_ms) = (None, None, None);
        node.is_final = false;
        change(node, self.now_ms);
        self.moves.push((ix, before, signal));
        self.changed.insert(ix);
    }

    /// Sends a signal to a node; false and a note when its phase does not take it.
    pub fn signal(&mut self, ix: NodeIx, signal: Signal, message: &str) -> bool {
        let Some(node) = self.run.nodes.get(ix as usize) else {
            self.effects
                .push(Effect::Note(Note::UnknownNode { node: ix }));
            return false;
        };
        let next = match node.phase.next(signal) {
            Ok(next) => next,
            Err(illegal) => {
                self.effects
                    .push(Effect::Note(Note::Illegal(illegal.to_string())));
                return false;
            }
        };
        let now_ms = self.now_ms;
        self.moves.push((ix, node.phase, signal));
        self.run.index_waits(ix, false);
        let node = &mut self.run.nodes[ix as usize];
        node.phase = next;
        if next.is_done() {
            node.finished_ms = Some(now_ms);
            node.wake_ms = None;
            node.message = message.to_owned();
        } else if !message.is_empty() {
            node.message = message.to_owned();
        }
        self.run.index_waits(ix, true);
        self.changed.insert(ix);
        if next.is_done() {
            self.close(ix, message);
            self.settle(ix);
        }
        true
    }

    /// Closes a node's request for a decision, if it has one. One that this very decision opens is
    /// never asked.
    pub fn close(&mut self, ix: NodeIx, reason: &str) {
        let node = self.run.nodes.get(ix as usize);
        let Some(task) = node.and_then(|node| node.task.clone()) else {
            return;
        };
        let before = self.asks.opens.len();
        self.asks.opens.retain(|asked| asked.task != task);
        let is_known = self.asks.closes.iter().any(|closing| closing.task == task);
        if self.asks.opens.len() == before && !is_known {
            let reason = reason.to_owned();
            self.asks.closes.push(Closing { task, reason });
        }
    }

    /// Changes fields of a node other than its phase.
    pub fn edit(&mut self, ix: NodeIx, change: impl FnOnce(&mut Node)) {
        if (ix as usize) >= self.run.nodes.len() {
            return;
        }
        self.run.index_waits(ix, false);
        let node = &mut self.run.nodes[ix as usize];
        let phase = node.phase;
        change(node);
        node.phase = phase;
        self.run.index_waits(ix, true);
        self.changed.insert(ix);
    }

    /// Counts a node's end with its parent.
    fn settle(&mut self, ix: NodeIx) {
        self.run.index.done += 1;
        self.run.index.tasks.remove(&ix);
        let node = &self.run.nodes[ix as usize];
        let slot = node.slot as usize;
        if let Some(parent) = node.parent {
            let open = &mut self.run.index.open[parent as usize];
            *open = open.saturating_sub(1);
            self.run.index_task_done(parent, slot);
        }
        self.tell_parent(ix);
    }

    /// Puts the look at whatever waits for a node's end on the agenda.
    fn tell_parent(&mut self, ix: NodeIx) {
        let node = &self.run.nodes[ix as usize];
        let (parent, slot) = (node.parent, node.slot);
        let Some(parent) = parent else {
            self.run.index.plan(Item::Root);
            return;
        };
        let parent_node = &self.run.nodes[parent as usize];
        if parent_node.kind == Kind::Dag {
            let plan = self.run.plan.clone();
            for task in plan.dependents_of(parent_node.template, slot as usize) {
                if self.run.index.is_free(parent, *task) {
                    self.run.index.plan(Item::Task(parent, *task));
                }
            }
        }
        self.run.index.plan(Item::Advance(parent));
    }

    /// Asks for an effect after the commit.
    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Says that something was ignored.
    pub fn note(&mut self, note: Note) {
        self.effects.push(Effect::Note(note));
    }
}
