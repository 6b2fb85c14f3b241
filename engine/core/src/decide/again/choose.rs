//! Which nodes a retry takes back, and which groups it reopens (argo.md §9).
//!
//! A failed node is a reason to go on, unless something after it succeeded: then the run went its
//! way without it. A reason is taken back with all that came after it, and what is around it is
//! reopened. Attempts are one story: only the last one of a retry node that failed counts, and
//! when it goes on, the earlier ones are forgotten, so that the strategy has all its tries again.

use std::collections::BTreeMap;

use usher_api::selector::Selector;

use crate::phase::Phase;
use crate::project::node_field;
use crate::run::{Kind, Node, NodeIx, Run};

/// What a retry asks besides the failed nodes.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// Which nodes are taken back though they succeeded.
    pub(super) selector: Option<&'a Selector>,
    /// Whether every approval is asked again.
    pub(super) approvals: bool,
}

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// Nodes to take back, as rows of numbers: first and last, ascending.
    pub(super) forget: Vec<(NodeIx, NodeIx)>,
    /// Groups to reopen, descending.
    pub(super) reopen: Vec<NodeIx>,
    /// Whether there is a reason to go on at all.
    pub(super) is_something: bool,
}

/// Chooses for an ended run.
pub(super) fn choose(run: &Run, asked: &Asked<'_>) -> Choice {
    let mut marks = Marks::of(run, asked);
    let reasons = marks.reasons(asked);
    let failed_exit = run.head.exit_node.and_then(|ix| run.node(ix));
    let is_something = !reasons.is_empty() || failed_exit.is_some_and(|exit| exit.phase.is_bad());
    for ix in reasons {
        marks.take_back(ix);
    }
    if asked.approvals {
        marks.empty_groups();
    }
    let mut choice = Choice {
        is_something,
        ..Choice::default()
    };
    for ix in numbers(run) {
        let at = ix as usize;
        // The exit handler comes again, whatever became of it.
        if marks.forget[at] || (run.index.in_exit[at] && is_there(&run.nodes[at])) {
            match choice.forget.last_mut() {
                Some((_, last)) if *last + 1 == ix => *last = ix,
                Some(_) | None => choice.forget.push((ix, ix)),
            }
        } else if marks.reopen[at] {
            choice.reopen.push(ix);
        }
    }
    choice.reopen.reverse();
    choice
}

fn numbers(run: &Run) -> std::ops::Range<NodeIx> {
    0..u32::try_from(run.nodes.len()).unwrap_or(u32::MAX)
}

fn is_there(node: &Node) -> bool {
    !node.is_vacant()
}

struct Marks<'a> {
    run: &'a Run,
    /// Nodes that the selector names.
    named: Vec<bool>,
    /// Whether something that came after a node succeeded, and is not named.
    outlived: Vec<bool>,
    /// Nodes of attempts that count no more: another came after, or it ended well.
    spent: Vec<bool>,
    /// The nodes of each dag by task.
    tasks: BTreeMap<NodeIx, Vec<Option<NodeIx>>>,
    forget: Vec<bool>,
    reopen: Vec<bool>,
}

impl<'a> Marks<'a> {
    fn of(run: &'a Run, asked: &Asked<'_>) -> Marks<'a> {
        let count = run.nodes.len();
        let is_named = |ix: NodeIx| {
            let is_main = !run.index.in_exit[ix as usize] && is_there(&run.nodes[ix as usize]);
            let field = |field: &str| node_field(run, ix, field);
            is_main
                && asked
                    .selector
                    .is_some_and(|selector| selector.matches(&field))
        };
        let mut marks = Marks {
            run,
            named: numbers(run).map(is_named).collect(),
            outlived: vec![false; count],
            spent: vec![false; count],
            tasks: BTreeMap::new(),
            forget: vec![false; count],
            reopen: vec![false; count],
        };
        marks.find_tasks();
        marks.find_spent();
        marks.find_outlived();
        marks
    }

    fn kids(&self, ix: NodeIx) -> &'a [NodeIx] {
        &self.run.index.kids[ix as usize]
    }

    fn kind(&self, ix: NodeIx) -> Kind {
        self.run.nodes[ix as usize].kind
    }

    fn parent(&self, ix: NodeIx) -> Option<NodeIx> {
        self.run.nodes[ix as usize].parent
    }

    fn find_tasks(&mut self) {
        for ix in numbers(self.run).filter(|ix| self.run.nodes[*ix as usize].kind == Kind::Dag) {
            let mut nodes = Vec::new();
            for kid in self.kids(ix) {
                let slot = self.run.nodes[*kid as usize].slot as usize;
                if nodes.len() <= slot {
                    nodes.resize(slot + 1, None);
                }
                nodes[slot] = Some(*kid);
            }
            self.tasks.insert(ix, nodes);
        }
    }

    /// The nodes of the tasks that depend on a task's node.
    fn dependents(&self, dag: NodeIx, ix: NodeIx) -> Vec<NodeIx> {
        let slot = self.run.nodes[ix as usize].slot as usize;
        let after = self
            .run
            .plan
            .dependents_of(self.run.nodes[dag as usize].template, slot);
        let nodes = self.tasks.get(&dag);
        let node = |task: &u32| nodes?.get(*task as usize).copied().flatten();
        after.iter().filter_map(node).collect()
    }

    fn find_spent(&mut self) {
        // Parents have smaller numbers than their children.
        for ix in numbers(self.run) {
            let Some(parent) = self.parent(ix) else {
                continue;
            };
            let above = &self.run.nodes[parent as usize];
            let is_last = self.kids(parent).last() == Some(&ix);
            let is_over = above.kind == Kind::Retry && (!is_last || !above.phase.is_bad());
            self.spent[ix as usize] = is_over || self.spent[parent as usize];
        }
    }

    /// From the back: what is below and after a node has larger numbers. From the front: what comes
    /// after a group comes after all in it.
    fn find_outlived(&mut self) {
        let count = self.run.nodes.len();
        let mut succeeded = vec![false; count];
        for ix in numbers(self.run).rev() {
            let at = ix as usize;
            let is_well = self.run.nodes[at].phase == Phase::Succeeded && !self.named[at];
            succeeded[at] |= is_well;
            let Some(parent) = self.parent(ix) else {
                continue;
            };
            if succeeded[at] {
                succeeded[parent as usize] = true;
            }
            let after = match self.kind(parent) {
                Kind::Steps => {
                    let slot = self.run.nodes[at].slot.saturating_add(1);
                    self.run.kid_at(parent, slot).into_iter().collect()
                }
                Kind::Dag => self.dependents(parent, ix),
                _ => Vec::new(),
            };
            let is_after =
                |next: &NodeIx| succeeded[*next as usize] || self.outlived[*next as usize];
            self.outlived[at] = after.iter().any(is_after);
        }
        for ix in numbers(self.run) {
            if let Some(parent) = self.parent(ix) {
                self.outlived[ix as usize] |= self.outlived[parent as usize];
            }
        }
    }

    /// The nodes for whose sake the run goes on, ascending.
    fn reasons(&self, asked: &Asked<'_>) -> Vec<NodeIx> {
        let is_reason = |ix: &NodeIx| {
            let at = *ix as usize;
            let node = &self.run.nodes[at];
            if self.run.index.in_exit[at] || node.is_vacant() {
                return false;
            }
            let asks = || {
                let template = self.run.template(*ix);
                node.kind == Kind::Suspend && template.is_some_and(|t| t.approval().is_some())
            };
            self.named[at] || self.has_failed(*ix) || (asked.approvals && asks())
        };
        numbers(self.run).filter(is_reason).collect()
    }

    /// Whether a node failed by itself, and nothing after it succeeded. What failed because
    /// something in it did is no reason of its own.
    fn has_failed(&self, ix: NodeIx) -> bool {
        let at = ix as usize;
        let is_bad =
            |ix: &NodeIx| self.run.nodes[*ix as usize].phase.is_bad() && !self.spent[*ix as usize];
        is_bad(&ix) && !self.outlived[at] && !self.kids(ix).iter().any(is_bad)
    }

    /// Takes a node back with all that came after it, and reopens what is around it.
    fn take_back(&mut self, reason: NodeIx) {
        if self.forget[reason as usize] {
            return;
        }
        let mut at = reason;
        if self
            .parent(at)
            .is_none_or(|parent| self.kind(parent) != Kind::Retry)
        {
            self.forget_all(at);
        }
        while let Some(parent) = self.parent(at) {
            let was_reopened = self.reopen[parent as usize];
            self.reopen[parent as usize] = true;
            self.forget_after(parent, at, at == reason);
            if was_reopened {
                return;
            }
            at = parent;
        }
    }

    /// Takes back what came after a child of a group.
    fn forget_after(&mut self, parent: NodeIx, child: NodeIx, is_reason: bool) {
        match self.kind(parent) {
            Kind::Steps => {
                let kids = self.kids(parent).iter().rev();
                kids.take_while(|kid| **kid != child)
                    .for_each(|kid| self.forget_all(*kid));
            }
            Kind::Dag => {
                let mut open = self.dependents(parent, child);
                while let Some(next) = open.pop() {
                    if !self.forget[next as usize] {
                        self.forget_all(next);
                        open.extend(self.dependents(parent, next));
                    }
                }
            }
            Kind::Retry => {
                // The last attempt goes on; any other begins the story anew.
                let kids = self.kids(parent);
                let goes_on = !is_reason && kids.last() == Some(&child);
                for kid in kids.iter().filter(|kid| !goes_on || **kid != child) {
                    self.forget_all(*kid);
                }
            }
            _ => {}
        }
    }

    /// Marks a node and all in it.
    fn forget_all(&mut self, ix: NodeIx) {
        let mut open = vec![ix];
        while let Some(ix) = open.pop() {
            if !std::mem::replace(&mut self.forget[ix as usize], true) {
                open.extend(self.kids(ix));
            }
        }
    }

    /// With new values of parameters every step of a reopened step group is begun again.
    fn empty_groups(&mut self) {
        for ix in numbers(self.run) {
            if self.reopen[ix as usize] && self.kind(ix) == Kind::Group {
                self.kids(ix).iter().for_each(|kid| self.forget_all(*kid));
            }
        }
    }
}
