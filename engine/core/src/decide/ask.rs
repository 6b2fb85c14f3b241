//! Approvals as the run sees them: a node opens a request, and takes its outcome.
//!
//! The request is a row of the decision's own commit, so a node waits exactly if its request is
//! there. Whoever ends the node otherwise (a stop, a deadline) closes the request with the same
//! commit: the draft sees to that.
//!
//! Not here: who may decide and when a request is decided (`usher-notifier-core`).

use usher_api::approval::{Asked, Fact, FieldKind, Moment, Verdict, VerdictPhase, Who, task_id};
use usher_api::command::Outcome;
use usher_expr::Text;

use super::command::{done, refused};
use crate::draft::Draft;
use crate::phase::{Phase, Signal};
use crate::plan::Approval;
use crate::run::{NodeIx, Run};
use crate::scope::{self, NodeScope};
use crate::supply;

/// The message of a node while it waits; whoever looks at the run is told how the request stands.
const WAITING: &str = "waiting for approval";

/// Opens the request of a node that has just begun to wait; a text without a value ends the node
/// in error, and nobody is asked.
pub(super) fn open(draft: &mut Draft, ix: NodeIx, approval: &Approval) {
    match asked(draft, ix, approval) {
        Ok(asked) => {
            let task = asked.task.clone();
            draft.edit(ix, |node| {
                node.task = Some(task);
                WAITING.clone_into(&mut node.message);
            });
            draft.asks.opens.push(asked);
        }
        Err(message) => {
            draft.signal(ix, Signal::Err, &message);
        }
    }
}

/// What a node asks, with every value put in. What looks like a tag afterwards is text.
fn asked(draft: &Draft, ix: NodeIx, approval: &Approval) -> Result<Asked, String> {
    let run = &draft.run;
    let scope = NodeScope::inside(run, ix);
    let put = |text: &Text| {
        text.render(&scope, &scope::limits())
            .map_err(|error| scope::render_message(&error))
    };
    let put_maybe = |text: &Option<Text>| text.as_ref().map(&put).transpose();
    let mut policy = approval.policy.clone();
    policy.title = one_line(&put(&approval.title)?);
    policy.description = put_maybe(&approval.description)?;
    policy.requester = put_maybe(&approval.requester)?;
    for (approver, name) in policy.approvers.iter_mut().zip(&approval.names) {
        let (Who::User(place) | Who::Group(place) | Who::Role(place)) = &mut approver.who;
        *place = put(name)?;
    }
    if let (Some(timeout), Some(text)) = (&mut policy.timeout, &approval.at) {
        timeout.when = Moment::At(put(text)?);
    }
    let node = run.node(ix).ok_or("the node does not exist")?;
    let template = run.template(ix).ok_or("the node has no template")?;
    for (field, texts) in policy.form.iter_mut().zip(&approval.fields) {
        let value = node.inputs.get(texts.input).cloned().unwrap_or_default();
        let written = put_maybe(&texts.default)?;
        field.label = put_maybe(&texts.label)?.map(|text| one_line(&text));
        field.help = put_maybe(&texts.help)?;
        field.default = match supply::choices_in(&value) {
            Some(words) => {
                let first = words.first().cloned();
                (field.kind, field.options) = (FieldKind::Choice, words);
                written.or(first)
            }
            None => Some(written.unwrap_or(value)),
        };
    }
    let mut facts = Vec::with_capacity(approval.shown.len());
    for shown in &approval.shown {
        let name = template.inputs.get(shown.input).map(|input| &input.name);
        let name = name.cloned().unwrap_or_default();
        facts.push(Fact {
            label: put_maybe(&shown.label)?.map_or_else(|| name.clone(), |text| one_line(&text)),
            value: node.inputs.get(shown.input).cloned().unwrap_or_default(),
            sensitive: shown.sensitive,
            name,
        });
    }
    let identity = &run.head.identity;
    Ok(Asked {
        v: 1,
        task: request_of(run, &node.name),
        policy,
        facts,
        supplies: names(template.supplied()),
        run: identity.uid.clone(),
        workflow: identity.name.clone(),
        namespace: identity.namespace.clone(),
        node: ix,
        node_name: node.name.to_string(),
        template: template.name.clone(),
        submitter: identity.submitter.clone(),
        others: run.head.others.clone(),
        opened_ms: draft.now_ms,
        fault: None,
    })
}

/// The request of a node: by its full name, since ids of nodes are 32 bits, and two nodes must
/// never share a request; and by the number of the try, since a retry asks anew.
fn request_of(run: &Run, name: &str) -> String {
    let attempt = run.head.retries.saturating_add(1);
    task_id(&run.head.identity.uid, name, attempt)
}

fn names(outputs: &[crate::plan::Supplied]) -> Vec<String> {
    outputs.iter().map(|output| output.name.clone()).collect()
}

/// Line breaks become spaces: a title is one line wherever it is shown.
fn one_line(text: &str) -> String {
    text.split(['\n', '\r', '\u{2028}', '\u{2029}'])
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A request was decided: its node ends as the verdict says, if it waits for that very request.
pub(super) fn settle(draft: &mut Draft, ix: NodeIx, task: &str, verdict: &Verdict) -> Outcome {
    let waits = draft
        .run
        .node(ix)
        .is_some_and(|node| node.phase == Phase::Suspended && node.task.as_deref() == Some(task));
    if !waits {
        let message = format!("node {ix} does not wait for task {task} any more");
        return refused("not-waiting", message);
    }
    let mut outputs = verdict.outputs.clone();
    let known = supplies(&draft.run, ix);
    outputs.retain(|name, _| known.contains(name));
    draft.edit(ix, |node| {
        node.outputs.extend(outputs);
        node.is_final = !verdict.may_retry;
    });
    let signal = match verdict.phase {
        VerdictPhase::Succeeded => Signal::Succeed,
        VerdictPhase::Failed => Signal::Fail,
        VerdictPhase::Error => Signal::Err,
    };
    fill(draft, ix);
    draft.signal(ix, signal, &verdict.message);
    // It was decided: there is nothing left to close.
    draft.asks.closes.retain(|closing| closing.task != task);
    let node = draft.run.node(ix).map(|node| node.name.to_string());
    done(format!("{} settled", node.unwrap_or_default()))
}

fn supplies(run: &Run, ix: NodeIx) -> Vec<String> {
    let template = run.template(ix);
    template.map_or_else(Vec::new, |template| names(template.supplied()))
}

/// Defaults for outputs that the verdict leaves out; one without a default stays without a value.
fn fill(draft: &mut Draft, ix: NodeIx) {
    let run = &draft.run;
    let Some(template) = run.template(ix) else {
        return;
    };
    let missing = template.supplied().iter().filter(|output| {
        run.node(ix)
            .is_some_and(|node| !node.outputs.contains_key(&output.name))
    });
    let values: Vec<(String, String)> = missing
        .filter_map(|output| {
            let value = supply::default(run, ix, output).ok().flatten()?;
            Some((output.name.clone(), value))
        })
        .collect();
    if !values.is_empty() {
        draft.edit(ix, |node| node.outputs.extend(values));
    }
}

/// A wait that nobody decides about is over: supplied outputs take their defaults. An output
/// without one is an error, as in Argo.
pub(super) fn over(draft: &mut Draft, ix: NodeIx) {
    match supply::defaults(&draft.run, ix) {
        Ok(values) => {
            if !values.is_empty() {
                draft.edit(ix, |node| node.outputs.extend(values));
            }
            draft.signal(ix, Signal::Succeed, "");
        }
        Err(message) => {
            draft.edit(ix, |node| node.is_final = true);
            draft.signal(ix, Signal::Err, &message);
        }
    }
}

/// Closes the requests that a shutdown ends, though their nodes still wait: while `spec.suspend`
/// holds the nodes end only after a resume, but nobody shall decide what will not count.
pub(super) fn close_halted(draft: &mut Draft) {
    let halted: Vec<(NodeIx, &'static str)> = draft
        .run
        .index
        .live
        .iter()
        .filter_map(|ix| {
            let cause = super::halt::cause(&draft.run, draft.run.index.in_exit[*ix as usize])?;
            Some((*ix, super::halt::wait_message(cause)))
        })
        .collect();
    for (ix, reason) in halted {
        draft.close(ix, reason);
    }
}
