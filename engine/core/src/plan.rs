//! The plan: a workflow file after admission, in a form that cannot be wrong.
//!
//! Every name is resolved to an index, every text with tags is parsed once (a value put in later is
//! never parsed again), every default that Argo takes from the spec is applied. A plan never
//! changes; equal plans are stored once, by the hash of the admitted object.
//!
//! Not here: how a file becomes a plan (`admit`), what a plan does when run (`decide`).

mod people;

use serde_json::{Map, Value};
use usher_expr::{Depends, Text};

pub use people::{Approval, End, FieldTexts, Mail, Notice, ShownInput, Supplied};

/// Index of a template in [`Plan::templates`].
pub type TemplateIx = u32;

/// An admitted workflow specification.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The admitted `Workflow` object: `apiVersion`, `kind`, `metadata`, `spec`, after coercion.
    pub object: Value,
    /// The template where the run begins.
    pub entry: TemplateIx,
    /// The template of `spec.onExit`.
    pub on_exit: Option<TemplateIx>,
    /// Named templates in file order, then inline ones (name `""`) in order of appearance.
    pub templates: Vec<Template>,
    /// `spec.arguments.parameters` in file order; each has a value (argo.md §2).
    pub parameters: Vec<Global>,
    /// `spec.activeDeadlineSeconds`; 0 ends the run before its first pod (argo.md §8).
    pub deadline_s: Option<i64>,
    /// `spec.suspend` as written in the file.
    pub suspended: bool,
    /// `spec.shutdown` as written in the file.
    pub shutdown: Option<Shutdown>,
    /// `spec.serviceAccountName`, for `{{workflow.serviceAccountName}}`.
    pub service_account: Option<String>,
    /// `spec.priority`, for `{{workflow.priority}}`.
    pub priority: Option<i64>,
    /// The annotation `usher.flow/notify`.
    pub notices: Vec<Notice>,
}

impl Plan {
    /// Every approval of the plan, for who checks its names against people: the template's path in
    /// the file, and the rules as written.
    pub fn approvals(&self) -> impl Iterator<Item = (&str, &usher_api::approval::Policy)> {
        self.templates.iter().filter_map(|template| {
            let approval = template.approval()?;
            Some((template.path.as_str(), &approval.policy))
        })
    }
}

/// `spec.shutdown`: how a run is ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Shutdown {
    /// Processes are stopped, exit handlers run.
    Stop,
    /// Processes are stopped, exit handlers are not run and running ones are stopped.
    Terminate,
}

impl Shutdown {
    /// The word of the API: `Stop` or `Terminate`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Shutdown::Stop => "Stop",
            Shutdown::Terminate => "Terminate",
        }
    }
}

/// One global parameter with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Global {
    /// Its name below `workflow.parameters`.
    pub name: String,
    /// Its value; parsed, since Argo lets a global hold tags of other globals (`workflow.name`).
    pub value: Text,
    /// The entry as the file has it (`enum`, `description` and `default` are projected).
    pub declared: Map<String, Value>,
}

/// A template after resolution.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its name; empty for an inline template.
    pub name: String,
    /// Where it stands in the file, for messages: `spec.templates[2]`.
    pub path: String,
    /// `inputs.parameters` in file order.
    pub inputs: Vec<Input>,
    /// The annotation `workflows.argoproj.io/display-name`: what its nodes are called for people
    /// (argo.md §3). May hold tags.
    pub display_name: Option<Text>,
    /// What it does.
    pub body: Body,
    /// Its own `retryStrategy`, or the one of the spec (argo.md §2: it applies to every template).
    pub retry: Option<Retry>,
    /// `activeDeadlineSeconds` (leaf templates only), seconds as text; may hold tags.
    pub deadline: Option<Text>,
    /// `timeout` (leaf templates only), a duration with a unit; counts Pending (argo.md §8).
    pub timeout: Option<Text>,
}

impl Template {
    /// The request for a decision that its nodes wait for.
    #[must_use]
    pub fn approval(&self) -> Option<&Approval> {
        match &self.body {
            Body::Suspend { approval, .. } => approval.as_deref(),
            Body::Pod(_) | Body::Steps(_) | Body::Dag(_) | Body::Mail(_) => None,
        }
    }

    /// Output parameters that somebody supplies.
    #[must_use]
    pub fn supplied(&self) -> &[Supplied] {
        match &self.body {
            Body::Suspend { outputs, .. } => outputs,
            Body::Pod(_) | Body::Steps(_) | Body::Dag(_) | Body::Mail(_) => &[],
        }
    }
}

/// One input parameter of a template.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its name below `inputs.parameters`.
    pub name: String,
    /// `value`: used where the caller gives no argument.
    pub value: Option<Text>,
    /// `default`: used where neither caller nor `value` gives one.
    pub default: Option<Text>,
    /// `enum`, for who shows a choice; empty when there is none. It does not bind callers: only an
    /// argument's own `enum` does, as in Argo's recorded objects (decision 0005).
    pub choices: Vec<String>,
    /// The entry as the file has it, without `value`, for the status.
    pub declared: Map<String, Value>,
}

/// What a template does: exactly one of these.
#[derive(Debug, Clone)]
pub enum Body {
    /// `container` or `script`: one pod, or off a cluster one process.
    Pod(Box<Pod>),
    /// `steps`: groups one after the other, the steps of a group side by side.
    Steps(Vec<Vec<Call>>),
    /// `dag`: tasks as soon as what they depend on is over.
    Dag(Dag),
    /// `suspend`: waits for a person or for a time.
    Suspend {
        /// `duration`; none waits for a `resume`. May hold tags.
        duration: Option<Text>,
        /// Who must agree; none: whoever may resume the run.
        approval: Option<Box<Approval>>,
        /// `outputs.parameters`, each supplied by a person.
        outputs: Vec<Supplied>,
    },
    /// `plugin.mail`: sends mail.
    Mail(Box<Mail>),
}

impl Body {
    /// Whether a node of it can hold other nodes.
    #[must_use]
    pub fn is_group(&self) -> bool {
        matches!(self, Body::Steps(_) | Body::Dag(_))
    }
}

/// The container of a pod, as far as every runtime needs it.
#[derive(Debug, Clone, Default)]
pub struct Pod {
    /// `image`; without meaning for local processes.
    pub image: Option<Text>,
    /// `command`: program and first arguments.
    pub command: Vec<Text>,
    /// `args`, after the command.
    pub args: Vec<Text>,
    /// `env` entries with a literal value.
    pub env: Vec<(String, Text)>,
    /// `workingDir`.
    pub working_dir: Option<Text>,
    /// `script.source`: put into a file whose path is the last argument.
    pub source: Option<Text>,
}

/// A step or a task's call of a template.
#[derive(Debug, Clone)]
pub struct Call {
    /// The step's or task's name.
    pub name: String,
    /// The template that it calls.
    pub template: TemplateIx,
    /// `arguments.parameters` in file order. A missing value counts as not given.
    pub arguments: Vec<(String, Text)>,
    /// `when`; false gives a Skipped node. Tags are put in, then the text is read (argo.md §5).
    pub when: Option<Text>,
    /// `continueOn`: which ends of the node do not end its group.
    pub continue_on: ContinueOn,
    /// Whether the text around the call mentions its `outputs.result`: only then stdout is kept
    /// (argo.md §6).
    pub captures_result: bool,
}

/// `continueOn` of a step or task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContinueOn {
    /// A Failed node is excused.
    pub failed: bool,
    /// A node in Error is excused.
    pub error: bool,
}

impl ContinueOn {
    /// Whether a node that ended so is excused.
    #[must_use]
    pub fn excuses(self, phase: crate::phase::Phase) -> bool {
        (self.failed && phase == crate::phase::Phase::Failed)
            || (self.error && phase == crate::phase::Phase::Error)
    }
}

/// The graph of a dag template.
#[derive(Debug, Clone)]
pub struct Dag {
    /// Tasks in file order.
    pub tasks: Vec<Task>,
    /// `target`: names separated by spaces; none means all tasks on which no task depends.
    pub target: Option<Text>,
    /// `failFast`, true unless the file says false.
    pub fail_fast: bool,
}

/// A task: a call and when it may begin.
#[derive(Debug, Clone)]
pub struct Task {
    /// What it calls.
    pub call: Call,
    /// When it may begin; true when it depends on nothing.
    pub depends: Option<Depends>,
    /// Indices of the tasks that `depends` mentions, in order of mention.
    pub needs: Vec<usize>,
}

/// `retryStrategy`.
#[derive(Debug, Clone)]
pub struct Retry {
    /// How many attempts may follow the first; none means without end. May hold tags.
    pub limit: Option<Text>,
    /// Which ends are tried again.
    pub policy: RetryPolicy,
    /// The wait between attempts.
    pub backoff: Option<Backoff>,
}

/// `retryStrategy.retryPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryPolicy {
    /// Failed and Error.
    Always,
    /// Failed only; the default.
    OnFailure,
    /// Error only.
    OnError,
    /// Failed or Error whose message is one of the transient errors (argo.md §7).
    OnTransientError,
}

/// `retryStrategy.backoff`; durations are Argo's, bare numbers are seconds. All may hold tags.
#[derive(Debug, Clone)]
pub struct Backoff {
    /// The first wait.
    pub duration: Text,
    /// Each wait is the one before times this; none or below 1 keeps it constant.
    pub factor: Option<Text>,
    /// No wait is longer than this.
    pub cap: Option<Text>,
    /// Counted from the start of the first attempt; no attempt begins after it.
    pub max_duration: Option<Text>,
}
