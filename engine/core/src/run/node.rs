//! One node of a run: its committed state.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::NodeIx;
use crate::phase::Phase;
use crate::plan::TemplateIx;

/// What a node is; Argo's node types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A process.
    #[serde(rename = "P")]
    Pod,
    /// A steps template.
    #[serde(rename = "S")]
    Steps,
    /// One group of a steps template (Argo's StepGroup).
    #[serde(rename = "G")]
    Group,
    /// A dag template.
    #[serde(rename = "D")]
    Dag,
    /// Holds the attempts of a template with a retry strategy.
    #[serde(rename = "R")]
    Retry,
    /// Waits for a person or a time.
    #[serde(rename = "W")]
    Suspend,
    /// A mail step; Argo's Plugin.
    #[serde(rename = "M")]
    Mail,
    /// Was never begun: left out, or in error before its template was entered.
    #[serde(rename = "K")]
    Skipped,
}

impl Kind {
    /// Argo's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Pod => "Pod",
            Kind::Steps => "Steps",
            Kind::Group => "StepGroup",
            Kind::Dag => "DAG",
            Kind::Retry => "Retry",
            Kind::Suspend => "Suspend",
            Kind::Mail => "Plugin",
            Kind::Skipped => "Skipped",
        }
    }
}

/// Why a process was told to end: decides the node's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// `spec.activeDeadlineSeconds`.
    #[serde(rename = "w")]
    RunDeadline,
    /// The template's `activeDeadlineSeconds`.
    #[serde(rename = "d")]
    Deadline,
    /// The template's `timeout`.
    #[serde(rename = "t")]
    Timeout,
    /// `spec.shutdown: Stop`.
    #[serde(rename = "s")]
    Stop,
    /// `spec.shutdown: Terminate`.
    #[serde(rename = "x")]
    Terminate,
}

impl Cause {
    /// The message of a pod node that ends for this reason (argo.md §8, §9; recorded objects).
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Cause::RunDeadline => "Step exceeded its deadline",
            Cause::Deadline => "Pod was active on the node longer than the specified deadline",
            Cause::Timeout => "timeout",
            Cause::Stop => "workflow shutdown with strategy: Stop",
            Cause::Terminate => "workflow shutdown with strategy: Terminate",
        }
    }
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Full name as Argo builds it; not stored, since parent and slot tell it.
    #[serde(skip, default = "no_name")]
    pub name: Arc<str>,
    /// What it is.
    #[serde(rename = "k")]
    pub kind: Kind,
    /// The node whose end waits for this one's; none for the entry and the exit handler.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<NodeIx>,
    /// Its place in the parent: group, step, task or attempt number.
    #[serde(rename = "s", default, skip_serializing_if = "is_zero")]
    pub slot: u32,
    /// The template that it carries out.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateIx>,
    /// Where it stands.
    #[serde(rename = "h")]
    pub phase: Phase,
    /// Why, empty for none.
    #[serde(rename = "m", default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it was made, milliseconds UTC.
    #[serde(rename = "a")]
    pub started_ms: i64,
    /// When it ended, milliseconds UTC.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub finished_ms: Option<i64>,
    /// Values of the template's input parameters, in their order.
    #[serde(rename = "i", default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// Processes made for it so far.
    #[serde(rename = "l", default, skip_serializing_if = "is_zero")]
    pub launch: u32,
    /// Exit code of its last process, or of its last attempt.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// `outputs.result`.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// When it must end by `activeDeadlineSeconds`, milliseconds UTC.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<i64>,
    /// When it must end by `timeout`, milliseconds UTC.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<i64>,
    /// When its wait is over: a suspend duration or a backoff, milliseconds UTC.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub wake_ms: Option<i64>,
    /// Why its process was told to end.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Values of supplied output parameters by name.
    #[serde(rename = "u", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
    /// The request for a decision that it waits for, or waited for.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Whether a retry strategy must not try again.
    #[serde(rename = "n", default, skip_serializing_if = "std::ops::Not::not")]
    pub is_final: bool,
    /// How many of its mails have yet to leave.
    #[serde(rename = "y", default, skip_serializing_if = "is_zero")]
    pub unsent: u32,
}

fn no_name() -> Arc<str> {
    Arc::from("")
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Node {
    /// Whether it holds other nodes.
    #[must_use]
    pub fn is_group(&self) -> bool {
        matches!(
            self.kind,
            Kind::Steps | Kind::Group | Kind::Dag | Kind::Retry
        )
    }

    /// Whether a retry has taken it back: only its place and the number of its launches are left.
    /// It has no name, since that depends on what will be made in the places above it.
    #[must_use]
    pub fn is_vacant(&self) -> bool {
        self.phase == Phase::New
    }

    /// Whether a process of it may exist.
    #[must_use]
    pub fn has_process(&self) -> bool {
        self.kind == Kind::Pod
            && matches!(
                self.phase,
                Phase::Starting | Phase::Running | Phase::Stopping
            )
    }

    /// Whether it waits for an approval.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.kind == Kind::Suspend && self.phase == Phase::Suspended && self.task.is_some()
    }

    /// Whether it has a keeper: a process, or a wait.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.has_process() || matches!(self.phase, Phase::Suspended | Phase::BackingOff)
    }

    /// When something is next due for it, milliseconds UTC. While `suspended` (`spec.suspend`)
    /// only a pod's own deadline runs (argo.md §8: the rest is not evaluated).
    #[must_use]
    pub fn due_ms(&self, suspended: bool) -> Option<i64> {
        let waits = matches!(self.phase, Phase::Suspended | Phase::BackingOff);
        let ends = waits || matches!(self.phase, Phase::Starting | Phase::Running);
        let ends = ends && !self.is_group() || self.phase == Phase::BackingOff;
        let own = if ends && self.kind == Kind::Pod {
            self.deadline_ms
        } else {
            None
        };
        if suspended {
            return own;
        }
        let held = [
            if ends { self.deadline_ms } else { None },
            if ends { self.timeout_ms } else { None },
            if waits { self.wake_ms } else { None },
        ];
        held.into_iter().flatten().chain(own).min()
    }
}
