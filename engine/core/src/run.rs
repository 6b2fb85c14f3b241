//! What we remember of one execution.
//!
//! ```text
//!   Run = plan (shared, immutable) + identity + head (small, one row) + nodes (one row each)
//!       + index (derived: children, counts, due times, what is left to do; never stored)
//! ```
//!
//! Only [`crate::draft`] changes a run. Nodes are numbered in the order in which they were made, a
//! parent always before its children; Argo's ids are computed from names when they are shown, so
//! two names with one 32-bit hash cannot mix up two nodes.

mod codec;
mod index;
mod names;
mod node;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use codec::{DecodeError, decode, encode_head, encode_node};
pub use index::{Index, Item};
pub use names::{fnv1a_32, node_id, pod_name};
pub use node::{Cause, Kind, Node};

use crate::plan::{Body, Call, Plan, Shutdown, Template};
use crate::prepared::Prepared;

/// Number of a node within its run, from 0 in the order of making.
pub type NodeIx = u32;

/// Who a run is; never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Unique for ever, a UUID.
    pub uid: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// When it was submitted, milliseconds UTC.
    pub created_ms: i64,
    /// The account that submitted it.
    pub submitter: String,
}

/// How a run stands as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunPhase {
    /// Accepted, not begun.
    Pending,
    /// Begun.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Could not be carried out.
    Error,
}

impl RunPhase {
    /// Argo's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            RunPhase::Pending => "Pending",
            RunPhase::Running => "Running",
            RunPhase::Succeeded => "Succeeded",
            RunPhase::Failed => "Failed",
            RunPhase::Error => "Error",
        }
    }

    /// The phase of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<RunPhase> {
        let all = [
            RunPhase::Pending,
            RunPhase::Running,
            RunPhase::Succeeded,
            RunPhase::Failed,
            RunPhase::Error,
        ];
        all.into_iter().find(|phase| phase.word() == word)
    }

    /// Whether the run has ended.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(
            self,
            RunPhase::Succeeded | RunPhase::Failed | RunPhase::Error
        )
    }
}

/// A command's order to end waiting nodes, until all of them are ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// Only nodes made before the command: with a smaller number than this.
    pub below: NodeIx,
    /// Nodes with such a number that were made after it: in the place of one taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<NodeIx>,
    /// A node field selector; none means all.
    pub selector: Option<String>,
    /// Whether they end Failed; else Succeeded.
    pub fails: bool,
    /// Their message.
    pub message: String,
}

/// What a retry has yet to do before the run goes on. Chosen at once, carried out within the bounds
/// of turns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// Nodes to take back: first and last number of each row of them. The last ones go first.
    pub forget: Vec<(NodeIx, NodeIx)>,
    /// Groups to reopen afterwards, descending. The last one, which is the outermost, goes first.
    pub reopen: Vec<NodeIx>,
}

/// The run's own small state: one row, written by every turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Version of this body's layout.
    pub v: u32,
    /// Who it is.
    pub identity: Identity,
    /// Other accounts that had it run, the first one first: who submitted the run that this one
    /// repeats, who retried it. They may decide no approval of it either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// How it stands.
    pub phase: RunPhase,
    /// Its message, empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it began, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<i64>,
    /// When it ended, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_ms: Option<i64>,
    /// `spec.suspend` as it is now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// `spec.shutdown` as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shutdown: Option<Shutdown>,
    /// Whether `spec.activeDeadlineSeconds` has passed and been acted upon.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
    /// The exit handler's node, once made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_node: Option<NodeIx>,
    /// How often a person has had the ended run go on (`usher retry`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// What the last of these has yet to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Again>,
    /// Values that retries gave to parameters of the workflow, in place of the plan's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Waiting nodes that commands have asked to end and that are not all ended yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sweeps: Vec<Sweep>,
    /// How many nodes wait for an approval: here too, since lists read runs without their nodes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub asking: u32,
    /// Time of the last event, milliseconds UTC: time never goes back within a run.
    pub clock_ms: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// One execution of a plan.
#[derive(Debug, Clone)]
pub struct Run {
    /// What is carried out.
    pub plan: Arc<Prepared>,
    /// Its own state.
    pub head: Head,
    /// All nodes by number.
    pub nodes: Vec<Node>,
    /// Derived; rebuilt on load.
    pub index: Index,
}

/// The layout version that this binary writes.
pub const BODY_VERSION: u32 = 1;

impl Run {
    /// A run that has not begun.
    #[must_use]
    pub fn new(plan: Arc<Prepared>, identity: Identity) -> Run {
        let head = Head {
            v: BODY_VERSION,
            phase: RunPhase::Pending,
            message: String::new(),
            started_ms: None,
            finished_ms: None,
            suspended: plan.plan.suspended,
            shutdown: plan.plan.shutdown,
            overdue: false,
            exit_node: None,
            retries: 0,
            again: None,
            parameters: BTreeMap::new(),
            sweeps: Vec::new(),
            asking: 0,
            clock_ms: identity.created_ms,
            identity,
            others: Vec::new(),
        };
        Run {
            plan,
            head,
            nodes: Vec::new(),
            index: Index::default(),
        }
    }

    /// Notes that another account had it run.
    pub fn add_submitter(&mut self, account: &str) {
        let head = &mut self.head;
        let is_known =
            head.identity.submitter == account || head.others.iter().any(|o| o == account);
        if !is_known && !account.is_empty() {
            head.others.push(account.to_owned());
        }
    }

    /// The node of a number.
    #[must_use]
    pub fn node(&self, ix: NodeIx) -> Option<&Node> {
        self.nodes.get(ix as usize)
    }

    /// The node of the entry; none before it is made, and once it is taken back.
    #[must_use]
    pub fn entry(&self) -> Option<&Node> {
        self.nodes.first().filter(|node| !node.is_vacant())
    }

    /// The child at a place in a group, a steps node or a retry node: there children stand in the
    /// order of their places.
    #[must_use]
    pub fn kid_at(&self, parent: NodeIx, slot: u32) -> Option<NodeIx> {
        let kids = self.index.kids.get(parent as usize)?;
        let slot_of = |ix: &NodeIx| self.node(*ix).map_or(u32::MAX, |node| node.slot);
        let at = kids.binary_search_by_key(&slot, slot_of).ok()?;
        kids.get(at).copied()
    }

    /// The admitted specification.
    #[must_use]
    pub fn spec(&self) -> &Plan {
        &self.plan.plan
    }

    /// The template that a node carries out; none for a step group.
    #[must_use]
    pub fn template(&self, ix: NodeIx) -> Option<&Template> {
        let at = self.node(ix)?.template?;
        self.spec().templates.get(at as usize)
    }

    /// The step or task that called for a node; none for roots and groups.
    #[must_use]
    pub fn call(&self, ix: NodeIx) -> Option<&Call> {
        let node = self.node(ix)?;
        let parent_ix = node.parent?;
        let parent = self.node(parent_ix)?;
        match parent.kind {
            Kind::Retry => self.call(parent_ix),
            Kind::Group => {
                let steps = parent.parent?;
                let Body::Steps(groups) = &self.template(steps)?.body else {
                    return None;
                };
                groups.get(parent.slot as usize)?.get(node.slot as usize)
            }
            Kind::Dag => {
                let Body::Dag(dag) = &self.template(parent_ix)?.body else {
                    return None;
                };
                dag.tasks.get(node.slot as usize).map(|task| &task.call)
            }
            Kind::Pod | Kind::Steps | Kind::Suspend | Kind::Mail | Kind::Skipped => None,
        }
    }

    /// The steps or dag node around a node (Argo's boundary); none for roots.
    #[must_use]
    pub fn boundary(&self, ix: NodeIx) -> Option<NodeIx> {
        let mut at = self.node(ix)?.parent;
        while let Some(parent) = at {
            let node = self.node(parent)?;
            if matches!(node.kind, Kind::Steps | Kind::Dag) {
                return Some(parent);
            }
            at = node.parent;
        }
        None
    }

    /// The due time of the run's own deadline, if it still counts.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<i64> {
        if self.head.overdue || self.head.phase.is_done() || self.head.suspended {
            return None;
        }
        let seconds = self.spec().deadline_s?;
        Some(
            self.head
                .started_ms?
                .saturating_add(seconds.max(0).saturating_mul(1000)),
        )
    }

    /// When something is next due by itself, milliseconds UTC.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<i64> {
        let node = self.index.dues.iter().next().map(|(due, _)| *due);
        match (node, self.deadline_ms()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Whether a turn without any event would go on with the agenda. While `spec.suspend` holds
    /// only processes are stopped; the rest of the agenda waits for a resume.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        if self.head.phase.is_done() || self.index.agenda.is_empty() {
            return false;
        }
        !self.head.suspended || (self.is_halting() && self.index.agenda.contains(&Item::Halt))
    }

    /// Whether a shutdown or the run's deadline ends what is live.
    #[must_use]
    pub fn is_halting(&self) -> bool {
        self.head.shutdown.is_some() || self.head.overdue
    }

    /// Whether a process or an unfinished expansion needs an actor; else the run may sleep.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.head.phase.is_done() && (self.index.busy > 0 || self.goes_on())
    }
}
