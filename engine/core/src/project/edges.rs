//! Who is whose child as Argo draws it: a step group hangs below the last nodes of the group
//! before it, a task below the last nodes of what it depends on (argo.md §17).

use crate::plan::Body;
use crate::run::{Kind, NodeIx, Run};

/// `children` and `outboundNodes` of every node.
#[derive(Debug)]
pub struct Edges {
    children: Vec<Vec<NodeIx>>,
    outbound: Vec<Vec<NodeIx>>,
}

impl Edges {
    /// Computes all edges of a run; cost is linear in nodes and edges.
    #[must_use]
    pub fn of(run: &Run) -> Edges {
        let count = run.nodes.len();
        let mut edges = Edges {
            children: vec![Vec::new(); count],
            outbound: vec![Vec::new(); count],
        };
        // Children have larger numbers than their parents: from the back, leaves come first.
        for at in (0..count).rev() {
            edges.outbound[at] = edges.last_nodes(run, at);
        }
        for at in 0..count {
            edges.connect(run, at);
        }
        edges
    }

    /// Children of a node.
    #[must_use]
    pub fn children(&self, ix: NodeIx) -> &[NodeIx] {
        self.children.get(ix as usize).map_or(&[], Vec::as_slice)
    }

    /// Outbound nodes of a node; only finished steps and dag nodes have some.
    #[must_use]
    pub fn outbound(&self, ix: NodeIx) -> &[NodeIx] {
        self.outbound.get(ix as usize).map_or(&[], Vec::as_slice)
    }

    fn last_nodes(&self, run: &Run, at: usize) -> Vec<NodeIx> {
        let node = &run.nodes[at];
        if !node.phase.is_done() {
            return Vec::new();
        }
        let ends: Vec<NodeIx> = match node.kind {
            Kind::Steps => {
                let last = run.index.kids[at].last();
                last.map_or_else(Vec::new, |group| run.index.kids[*group as usize].clone())
            }
            Kind::Dag => targets(run, at),
            Kind::Pod | Kind::Group | Kind::Retry | Kind::Suspend | Kind::Mail | Kind::Skipped => {
                Vec::new()
            }
        };
        ends.iter().flat_map(|ix| self.leaves(run, *ix)).collect()
    }

    /// The nodes below which what follows `ix` hangs.
    fn leaves(&self, run: &Run, ix: NodeIx) -> Vec<NodeIx> {
        match run.nodes[ix as usize].kind {
            Kind::Pod | Kind::Suspend | Kind::Mail | Kind::Skipped => vec![ix],
            Kind::Retry => run.index.kids[ix as usize]
                .last()
                .copied()
                .into_iter()
                .collect(),
            Kind::Steps | Kind::Dag | Kind::Group => self.outbound[ix as usize].clone(),
        }
    }

    fn connect(&mut self, run: &Run, at: usize) {
        let ix = u32::try_from(at).unwrap_or(u32::MAX);
        let node = &run.nodes[at];
        let Some(parent) = node.parent.filter(|_| !node.is_vacant()) else {
            return;
        };
        let above = match run.nodes[parent as usize].kind {
            Kind::Steps if node.slot > 0 => {
                let before = run.index.kids[parent as usize][node.slot as usize - 1];
                let kids = &run.index.kids[before as usize];
                if kids.is_empty() {
                    vec![before]
                } else {
                    kids.iter().flat_map(|kid| self.leaves(run, *kid)).collect()
                }
            }
            Kind::Dag => self.above_task(run, parent, node.slot as usize),
            Kind::Steps
            | Kind::Group
            | Kind::Retry
            | Kind::Pod
            | Kind::Suspend
            | Kind::Mail
            | Kind::Skipped => {
                vec![parent]
            }
        };
        for node in above {
            let list = &mut self.children[node as usize];
            if list.last() != Some(&ix) {
                list.push(ix);
            }
        }
    }

    fn above_task(&self, run: &Run, dag_ix: NodeIx, slot: usize) -> Vec<NodeIx> {
        let Some(Body::Dag(dag)) = run.template(dag_ix).map(|template| &template.body) else {
            return vec![dag_ix];
        };
        let needs = dag.tasks.get(slot).map_or(&[][..], |task| &task.needs);
        if needs.is_empty() {
            return vec![dag_ix];
        }
        let nodes = by_task(run, dag_ix, dag.tasks.len());
        let made = needs
            .iter()
            .filter_map(|need| nodes.get(*need).copied().flatten());
        made.flat_map(|ix| self.leaves(run, ix)).collect()
    }
}

fn by_task(run: &Run, dag_ix: NodeIx, count: usize) -> Vec<Option<NodeIx>> {
    let mut nodes = vec![None; count];
    for kid in &run.index.kids[dag_ix as usize] {
        if let Some(place) = nodes.get_mut(run.nodes[*kid as usize].slot as usize) {
            *place = Some(*kid);
        }
    }
    nodes
}

fn targets(run: &Run, at: usize) -> Vec<NodeIx> {
    let ix = u32::try_from(at).unwrap_or(u32::MAX);
    let Some(Body::Dag(dag)) = run.template(ix).map(|template| &template.body) else {
        return Vec::new();
    };
    let nodes = by_task(run, ix, dag.tasks.len());
    crate::decide::targets(run, ix, dag)
        .into_iter()
        .filter_map(|task| nodes.get(task).copied().flatten())
        .collect()
}
