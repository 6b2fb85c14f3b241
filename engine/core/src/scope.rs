//! What a tag may name, and its value (argo.md §6).
//!
//! A scope is the view from one node: its inputs, the steps or tasks inside it, its attempt, and
//! the run's globals. Values are read from committed state; none is ever parsed again.

use std::borrow::Cow;

use serde_json::{Value, json};
use usher_expr::{Limits, Lookup, RenderError, Scope, Text};

use crate::phase::Phase;
use crate::project;
use crate::run::{Kind, Node, NodeIx, Run};

/// The limits of every substitution in a run.
#[must_use]
pub fn limits() -> Limits {
    Limits::default()
}

/// The words for a text whose tags have no value; Argo's where recorded objects show them.
#[must_use]
pub fn render_message(error: &RenderError) -> String {
    match error {
        RenderError::Unresolved { name } => format!("failed to resolve {{{{{name}}}}}"),
        RenderError::Absent { name } => format!(
            "unable to substitute {{{{{name}}}}}: output is an absent optional \
             (skipped/omitted node with no default)"
        ),
        other => other.to_string(),
    }
}

/// Values of the workflow's arguments by name: the arguments of the entry and the exit handler.
#[must_use]
pub fn global_arguments(run: &Run) -> Vec<(String, String)> {
    let scope = NodeScope::outside(run);
    let limits = limits();
    let render = |name: &String| {
        let text = parameter(run, name)?;
        let value = text.render(&scope, &limits);
        Some((name.clone(), value.unwrap_or_else(|_| text.source())))
    };
    let declared = run.spec().parameters.iter().map(|global| &global.name);
    let is_new = |name: &&String| !run.spec().parameters.iter().any(|one| one.name == **name);
    let added = run.head.parameters.keys().filter(is_new);
    declared.chain(added).filter_map(render).collect()
}

/// A parameter of the workflow: what a retry gave it, else what the plan has.
fn parameter<'a>(run: &'a Run, name: &str) -> Option<Cow<'a, Text>> {
    if let Some(value) = run.head.parameters.get(name) {
        return Some(Cow::Owned(Text::parse(value)));
    }
    let mut declared = run.spec().parameters.iter();
    let global = declared.find(|global| global.name == name)?;
    Some(Cow::Borrowed(&global.value))
}

/// The view from a node, or from outside of all.
#[derive(Debug, Clone, Copy)]
pub struct NodeScope<'a> {
    run: &'a Run,
    node: Option<NodeIx>,
}

impl<'a> NodeScope<'a> {
    /// The view of a template's texts: inputs of `ix`, its steps or tasks, its attempt, globals.
    #[must_use]
    pub fn inside(run: &'a Run, ix: NodeIx) -> NodeScope<'a> {
        NodeScope {
            run,
            node: Some(ix),
        }
    }

    /// The view of texts that see only globals.
    #[must_use]
    pub fn outside(run: &'a Run) -> NodeScope<'a> {
        NodeScope { run, node: None }
    }

    fn input(&self, name: &str) -> Option<&'a str> {
        let ix = self.node?;
        let template = self.run.template(ix)?;
        let at = template
            .inputs
            .iter()
            .position(|input| input.name == name)?;
        self.run.node(ix)?.inputs.get(at).map(String::as_str)
    }

    fn all_inputs(&self) -> Option<String> {
        let ix = self.node?;
        let template = self.run.template(ix)?;
        let values = &self.run.node(ix)?.inputs;
        let list: Vec<Value> = template
            .inputs
            .iter()
            .zip(values)
            .map(|(input, value)| json!({"name": input.name, "value": value}))
            .collect();
        Some(Value::from(list).to_string())
    }

    /// The node of a step or task of this scope's node, once made.
    fn inner(&self, name: &str) -> Option<NodeIx> {
        let ix = self.node?;
        let node = self.run.node(ix)?;
        let (group, slot) = *self
            .run
            .plan
            .places
            .get(node.template? as usize)?
            .get(name)?;
        match node.kind {
            Kind::Steps => {
                let group = self.run.kid_at(ix, group)?;
                self.run.kid_at(group, slot)
            }
            Kind::Dag => self
                .run
                .index
                .tasks
                .get(&ix)?
                .nodes
                .get(slot as usize)
                .copied()
                .flatten(),
            Kind::Pod | Kind::Group | Kind::Retry | Kind::Suspend | Kind::Mail | Kind::Skipped => {
                None
            }
        }
    }

    fn inner_field(&self, rest: &str) -> Lookup<'a> {
        // A step's name holds no dot, so the first one ends it.
        let Some((name, field)) = rest.split_once('.') else {
            return Lookup::Unknown;
        };
        let Some(ix) = self.inner(name) else {
            return Lookup::Unknown;
        };
        let node = &self.run.nodes[ix as usize];
        if !node.phase.is_done() {
            return Lookup::Unknown;
        }
        let left_out = matches!(node.phase, Phase::Skipped | Phase::Omitted);
        match field {
            "id" => owned(self.run.id_of(self.last_attempt(ix))),
            "status" => Lookup::Value(Cow::Borrowed(project::phase_word(node.phase))),
            "startedAt" => owned(project::time(node.started_ms)),
            "finishedAt" => node
                .finished_ms
                .map_or(Lookup::Absent, |ms| owned(project::time(ms))),
            "exitCode" => node
                .exit_code
                .map_or(Lookup::Absent, |code| owned(code.to_string())),
            "outputs.result" => match &node.result {
                Some(result) => Lookup::Value(Cow::Borrowed(result)),
                None if left_out || node.phase.is_bad() => Lookup::Absent,
                None => Lookup::Unknown,
            },
            _ => match field.strip_prefix("outputs.parameters.") {
                Some(name) => self.output(ix, name),
                None => Lookup::Unknown,
            },
        }
    }

    /// The value of an output parameter of a node that is done.
    fn output(&self, ix: NodeIx, name: &str) -> Lookup<'a> {
        let node = &self.run.nodes[ix as usize];
        if let Some(value) = node.outputs.get(name) {
            return Lookup::Value(Cow::Borrowed(value));
        }
        // What was left out has the default of its producer (argo.md §6), if that needs no node.
        let supplied = self
            .run
            .template(ix)
            .map_or(&[][..], |template| template.supplied());
        let output = supplied.iter().find(|output| output.name == name);
        let default = output.and_then(|output| output.default.as_ref());
        if matches!(node.phase, Phase::Skipped | Phase::Omitted) {
            let literal = default.and_then(usher_expr::Text::as_literal);
            return literal.map_or(Lookup::Absent, |text| Lookup::Value(Cow::Borrowed(text)));
        }
        match output {
            Some(_) => Lookup::Absent,
            None => Lookup::Unknown,
        }
    }

    /// The last attempt of a retry node, else the node itself: Argo's id of a step is that.
    fn last_attempt(&self, ix: NodeIx) -> &'a Node {
        let node = &self.run.nodes[ix as usize];
        if node.kind != Kind::Retry {
            return node;
        }
        let last = self.run.index.kids[ix as usize].last();
        last.and_then(|ix| self.run.node(*ix)).unwrap_or(node)
    }

    /// The attempt that this scope's node is, if it is one.
    fn attempt(&self) -> Option<(&'a Node, Option<&'a Node>)> {
        let ix = self.node?;
        let node = self.run.node(ix)?;
        let parent = node.parent?;
        if self.run.node(parent)?.kind != Kind::Retry {
            return None;
        }
        let before = node.slot.checked_sub(1);
        let last = before.and_then(|slot| self.run.kid_at(parent, slot));
        Some((node, last.and_then(|ix| self.run.node(ix))))
    }

    fn own(&self, name: &str) -> Lookup<'a> {
        let Some(ix) = self.node else {
            return Lookup::Unknown;
        };
        let Some(node) = self.run.node(ix) else {
            return Lookup::Unknown;
        };
        match name {
            "pod.name" if node.kind == Kind::Pod => owned(self.run.pod_name_of(ix)),
            "node.name" => owned(node.name.to_string()),
            "steps.name" | "tasks.name" => match self.run.call(ix) {
                Some(call) => Lookup::Value(Cow::Borrowed(&call.name)),
                None => Lookup::Unknown,
            },
            _ => self.retry(name),
        }
    }

    fn retry(&self, name: &str) -> Lookup<'a> {
        let Some((node, last)) = self.attempt() else {
            return Lookup::Unknown;
        };
        if name == "retries" {
            return owned(node.slot.to_string());
        }
        let value = match (name, last) {
            ("lastRetry.exitCode", Some(last)) => last.exit_code.unwrap_or(-1).to_string(),
            ("lastRetry.exitCode" | "lastRetry.duration", None) => "0".to_owned(),
            ("lastRetry.status", Some(last)) => project::phase_word(last.phase).to_owned(),
            ("lastRetry.message", Some(last)) => last.message.clone(),
            ("lastRetry.status" | "lastRetry.message", None) => String::new(),
            ("lastRetry.duration", Some(last)) => {
                let end_ms = last.finished_ms.unwrap_or(last.started_ms);
                ((end_ms - last.started_ms) / 1000).to_string()
            }
            _ => return Lookup::Unknown,
        };
        owned(value)
    }

    fn global(&self, rest: &str) -> Lookup<'a> {
        let run = self.run;
        let identity = &run.head.identity;
        if let Some(name) = rest.strip_prefix("parameters.") {
            return match parameter(run, name) {
                Some(text) => match text {
                    Cow::Borrowed(text) if text.as_literal().is_some() => {
                        Lookup::Value(Cow::Borrowed(text.as_literal().unwrap_or_default()))
                    }
                    text => match text.render(&Plain(run), &limits()) {
                        Ok(value) => owned(value),
                        Err(_) => Lookup::Unknown,
                    },
                },
                None if name == "json" => owned(global_json(run)),
                None => Lookup::Unknown,
            };
        }
        match rest {
            "parameters" => owned(global_json(run)),
            "status" if self.sees_end() => {
                Lookup::Value(Cow::Borrowed(crate::decide::main_phase(run).word()))
            }
            "failures" if self.sees_end() => owned(project::failures(run)),
            "duration" => {
                let from_ms = run.head.started_ms.unwrap_or(identity.created_ms);
                let spent_ms = (run.head.clock_ms - from_ms).max(0);
                owned(format!("{}.{:03}000", spent_ms / 1000, spent_ms % 1000))
            }
            _ => plain_global(run, rest),
        }
    }

    /// Whether the run's outcome can be named: only from the exit handler.
    fn sees_end(&self) -> bool {
        let in_exit = |ix: NodeIx| run_flag(&self.run.index.in_exit, ix);
        self.node.map_or_else(
            || self.run.entry().is_some_and(|entry| entry.phase.is_done()),
            in_exit,
        )
    }
}

fn run_flag(flags: &[bool], ix: NodeIx) -> bool {
    flags.get(ix as usize).copied().unwrap_or(false)
}

fn owned<'a>(value: String) -> Lookup<'a> {
    Lookup::Value(Cow::Owned(value))
}

fn global_json(run: &Run) -> String {
    let list: Vec<Value> = global_arguments(run)
        .into_iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    Value::from(list).to_string()
}

fn plain_global<'a>(run: &'a Run, rest: &str) -> Lookup<'a> {
    let identity = &run.head.identity;
    let spec = run.spec();
    match rest {
        "name" => Lookup::Value(Cow::Borrowed(&identity.name)),
        "namespace" => Lookup::Value(Cow::Borrowed(&identity.namespace)),
        "uid" => Lookup::Value(Cow::Borrowed(&identity.uid)),
        "mainEntrypoint" => {
            let entry = spec.templates.get(spec.entry as usize);
            entry.map_or(Lookup::Unknown, |t| Lookup::Value(Cow::Borrowed(&t.name)))
        }
        "serviceAccountName" => Lookup::Value(Cow::Borrowed(
            spec.service_account.as_deref().unwrap_or_default(),
        )),
        "priority" => spec
            .priority
            .map_or(Lookup::Unknown, |p| owned(p.to_string())),
        "creationTimestamp" => owned(project::time(identity.created_ms)),
        _ => Lookup::Unknown,
    }
}

/// The globals that a global parameter may name itself.
struct Plain<'a>(&'a Run);

impl Scope for Plain<'_> {
    fn look_up(&self, name: &str) -> Lookup<'_> {
        name.strip_prefix("workflow.")
            .map_or(Lookup::Unknown, |rest| plain_global(self.0, rest))
    }
}

impl<'a> NodeScope<'a> {
    /// The value of a name, which may outlive the scope.
    pub(crate) fn look_up_for(&self, name: &str) -> Lookup<'a> {
        if let Some(input) = name.strip_prefix("inputs.parameters.") {
            return match self.input(input) {
                Some(value) => Lookup::Value(Cow::Borrowed(value)),
                None => Lookup::Unknown,
            };
        }
        if name == "inputs.parameters" {
            return self.all_inputs().map_or(Lookup::Unknown, owned);
        }
        if let Some(rest) = name.strip_prefix("workflow.") {
            return self.global(rest);
        }
        if let Some(rest) = name
            .strip_prefix("steps.")
            .or_else(|| name.strip_prefix("tasks."))
            && rest != "name"
        {
            return self.inner_field(rest);
        }
        self.own(name)
    }
}

impl Scope for NodeScope<'_> {
    fn look_up(&self, name: &str) -> Lookup<'_> {
        self.look_up_for(name)
    }
}
