//! What people ask for: stop, terminate, suspend, resume, delete (argo.md §9).
//!
//! A command that cannot be followed is refused with a reason; it is answered in either case by the
//! turn that takes it.

use usher_api::command::{Command, Outcome};
use usher_api::selector::Selector;

use super::{NODES_MAX, again, ask, post, set};
use crate::draft::Draft;
use crate::effect::Effect;
use crate::phase::{Phase, Signal};
use crate::plan::Shutdown;
use crate::run::{Item, Kind, NodeIx, Run, Sweep};
use crate::supply;

/// Carries a command out, or says why not.
pub(super) fn apply(draft: &mut Draft, command: &Command) -> Outcome {
    let name = draft.run.head.identity.name.clone();
    if draft.delete {
        return refused("deleted", format!("workflow {name} was deleted"));
    }
    let is_for_ended = matches!(command, Command::Delete { .. } | Command::Retry { .. });
    if draft.run.head.phase.is_done() && !is_for_ended {
        let phase = draft.run.head.phase.word();
        return refused("ended", format!("workflow {name} has ended ({phase})"));
    }
    match command {
        Command::Delete { .. } => delete(draft, &name),
        Command::Retry {
            by,
            restart_successful,
            selector,
            parameters,
        } => {
            let wish = again::Wish {
                by,
                restart_successful: *restart_successful,
                selector: selector.as_deref(),
                parameters,
            };
            again::begin(draft, &wish)
        }
        Command::Stop {
            message, selector, ..
        } => stop(draft, selector.as_deref(), message.as_deref()),
        Command::Terminate { .. } => shut_down(draft, Shutdown::Terminate),
        Command::Suspend { .. } => {
            if draft.run.head.suspended {
                return refused("suspended", format!("workflow {name} is suspended already"));
            }
            set_suspended(draft, true);
            done(format!("workflow {name} suspended"))
        }
        Command::Resume { selector, by } => resume(draft, selector.as_deref(), by),
        Command::Set {
            selector,
            phase,
            message,
            outputs,
            ..
        } => set::apply(
            draft,
            &set::Wish {
                selector,
                phase: *phase,
                message: message.as_deref(),
                outputs,
            },
        ),
        Command::Settle {
            task,
            node,
            verdict,
            ..
        } => ask::settle(draft, *node, task, verdict),
        Command::Mailed {
            node, round, error, ..
        } => post::mailed(draft, *node, *round, error.as_deref()),
    }
}

/// With a selector some waiting nodes fail, without one the whole run is shut down.
fn stop(draft: &mut Draft, selector: Option<&str>, message: Option<&str>) -> Outcome {
    let Some(selector) = selector else {
        return shut_down(draft, Shutdown::Stop);
    };
    let message = message.unwrap_or_default().to_owned();
    sweep_later(draft, Some(selector), Phase::Failed, message, "stop")
}

pub(super) fn done(message: String) -> Outcome {
    Outcome::Done { message }
}

pub(super) fn refused(code: &str, message: String) -> Outcome {
    Outcome::Refused {
        code: code.to_owned(),
        message,
    }
}

fn set_suspended(draft: &mut Draft, suspended: bool) {
    draft.run.head.suspended = suspended;
    draft.run.index_dues();
    if !suspended {
        if draft.run.head.shutdown.is_some() || draft.run.head.overdue {
            draft.run.index.plan(Item::Halt);
        }
        draft.run.index.plan(Item::Root);
    }
}

fn shut_down(draft: &mut Draft, how: Shutdown) -> Outcome {
    let name = &draft.run.head.identity.name;
    let answer = match how {
        Shutdown::Stop => format!("workflow {name} stopped"),
        Shutdown::Terminate => format!("workflow {name} terminated"),
    };
    // A stop does not soften a terminate.
    if draft.run.head.shutdown != Some(Shutdown::Terminate) {
        draft.run.head.shutdown = Some(how);
    }
    draft.run.index.plan(Item::Halt);
    if draft.run.head.suspended {
        ask::close_halted(draft);
    }
    done(answer)
}

fn resume(draft: &mut Draft, selector: Option<&str>, by: &str) -> Outcome {
    let name = draft.run.head.identity.name.clone();
    let message = if by.is_empty() {
        String::new()
    } else {
        format!("Resumed by: {by}")
    };
    if selector.is_some() {
        return sweep_later(draft, selector, Phase::Succeeded, message, "resume");
    }
    let was_suspended = draft.run.head.suspended;
    let waits = matching(&draft.run, None);
    let (asked, waits): (Vec<NodeIx>, Vec<NodeIx>) = waits
        .into_iter()
        .partition(|ix| is_approval(&draft.run, *ix));
    if !was_suspended && waits.is_empty() && !asked.is_empty() {
        return refused("approval", only_approvals(&draft.run, &asked));
    }
    if !was_suspended && waits.is_empty() {
        return refused(
            "nothing-waits",
            format!("nothing in workflow {name} waits to be resumed"),
        );
    }
    for ix in &waits {
        if let Err(why) = supply::defaults(&draft.run, *ix) {
            let node = &draft.run.nodes[*ix as usize].name;
            let message = format!("node {node}: {why}; give it with `usher node set`");
            return refused("output", message);
        }
    }
    if !waits.is_empty() {
        add_sweep(draft, None, Phase::Succeeded, message);
    }
    if was_suspended {
        set_suspended(draft, false);
    }
    let left = match asked.is_empty() {
        true => String::new(),
        false => format!(
            "; left alone, for they wait for an approval: {}",
            listed(&draft.run, &asked)
        ),
    };
    done(format!("workflow {name} resumed{left}"))
}

fn sweep_later(
    draft: &mut Draft,
    selector: Option<&str>,
    end: Phase,
    message: String,
    verb: &str,
) -> Outcome {
    let name = draft.run.head.identity.name.clone();
    let parsed = match selector.map(Selector::parse).transpose() {
        Ok(parsed) => parsed,
        Err(error) => return refused("selector", error.to_string()),
    };
    let found = matching(&draft.run, parsed.as_ref());
    if let Some(refusal) = approvals_named(&draft.run, &found, verb) {
        return refusal;
    }
    let count = found.len();
    if count == 0 {
        let wanted = selector.unwrap_or_default();
        let reason = format!("no waiting node of workflow {name} matches `{wanted}`");
        return refused("nothing-waits", reason);
    }
    add_sweep(draft, selector, end, message);
    let nodes = if count == 1 { "node" } else { "nodes" };
    match verb {
        "stop" => done(format!("{count} {nodes} of workflow {name} stopped")),
        _ => done(format!("{count} {nodes} of workflow {name} resumed")),
    }
}

fn add_sweep(draft: &mut Draft, selector: Option<&str>, end: Phase, message: String) {
    draft.run.head.sweeps.push(Sweep {
        below: u32::try_from(draft.run.nodes.len()).unwrap_or(u32::MAX),
        later: Vec::new(),
        selector: selector.map(str::to_owned),
        fails: end == Phase::Failed,
        message,
    });
    draft.run.index.plan(Item::Sweep);
}

/// The suspend nodes that wait and match.
fn matching(run: &Run, selector: Option<&Selector>) -> Vec<NodeIx> {
    let live = run.index.live.iter().copied();
    live.filter(|ix| is_match(run, *ix, selector)).collect()
}

/// Whether a node waits for an approval: then only those who are asked end it, or who may override
/// them, both through the notifier's gate.
fn is_approval(run: &Run, ix: NodeIx) -> bool {
    run.nodes[ix as usize].task.is_some()
}

/// Some of these nodes by name.
fn listed(run: &Run, nodes: &[NodeIx]) -> String {
    const LISTED_MAX: usize = 10;
    let names = nodes.iter().take(LISTED_MAX);
    let mut names: Vec<&str> = names.map(|ix| &*run.nodes[*ix as usize].name).collect();
    if nodes.len() > LISTED_MAX {
        names.push("…");
    }
    names.join(", ")
}

fn only_approvals(run: &Run, asked: &[NodeIx]) -> String {
    format!(
        "nothing but approvals waits in workflow {}: {}; those who are asked decide them, see \
         `usher approvals list`",
        run.head.identity.name,
        listed(run, asked)
    )
}

/// The refusal of a verb that names approval nodes, if some do.
pub(super) fn approvals_named(run: &Run, nodes: &[NodeIx], verb: &str) -> Option<Outcome> {
    let asked: Vec<NodeIx> = nodes
        .iter()
        .copied()
        .filter(|ix| is_approval(run, *ix))
        .collect();
    let first = run.node(*asked.first()?)?;
    let task = first.task.clone().unwrap_or_default();
    let message = format!(
        "{verb} does not end an approval: {}; those who are asked decide it. Who may, overrules \
         them with `usher approvals override {task} --reason …`",
        listed(run, &asked)
    );
    Some(refused("approval", message))
}

pub(super) fn is_match(run: &Run, ix: NodeIx, selector: Option<&Selector>) -> bool {
    let node = &run.nodes[ix as usize];
    node.phase == Phase::Suspended
        && node.kind == Kind::Suspend
        && selector.is_none_or(|selector| {
            selector.matches(&|field: &str| crate::project::node_field(run, ix, field))
        })
}

/// Ends waiting nodes as a command asked, within the turn's bound. What it left is in the head.
pub(super) fn sweep(draft: &mut Draft) {
    while let Some(sweep) = draft.run.head.sweeps.first().cloned() {
        let selector = sweep
            .selector
            .as_deref()
            .and_then(|text| Selector::parse(text).ok());
        let signal = if sweep.fails {
            Signal::Fail
        } else {
            Signal::Succeed
        };
        let mut from: NodeIx = 0;
        while let Some(ix) = draft
            .run
            .index
            .live
            .range(from..sweep.below)
            .next()
            .copied()
        {
            from = ix + 1;
            let is_later = sweep.later.contains(&ix);
            if is_later
                || !is_match(&draft.run, ix, selector.as_ref())
                || is_approval(&draft.run, ix)
            {
                continue;
            }
            if draft.changed.len() >= NODES_MAX {
                draft.run.index.agenda.push_front(Item::Sweep);
                return;
            }
            if !sweep.fails && sweep.selector.is_none() {
                let values = supply::defaults(&draft.run, ix).unwrap_or_default();
                draft.edit(ix, |node| node.outputs.extend(values));
            }
            let message = joined(&draft.run.nodes[ix as usize].message, &sweep.message);
            draft.signal(ix, signal, &message);
        }
        draft.run.head.sweeps.remove(0);
    }
}

/// As in Argo a second message is added to the first.
pub(super) fn joined(first: &str, second: &str) -> String {
    match (first, second) {
        ("", text) | (text, "") => text.to_owned(),
        (first, second) => format!("{first}; {second}"),
    }
}

/// Removes the run; its processes are told to end, what they leave is nobody's.
fn delete(draft: &mut Draft, name: &str) -> Outcome {
    draft.delete = true;
    let waits: Vec<NodeIx> = draft.run.index.live.iter().copied().collect();
    for ix in waits {
        draft.close(ix, "the workflow was deleted");
    }
    let live: Vec<(NodeIx, u32)> = draft
        .run
        .index
        .live
        .iter()
        .filter(|ix| draft.run.nodes[**ix as usize].has_process())
        .map(|ix| (*ix, draft.run.nodes[*ix as usize].launch))
        .collect();
    for (node, launch) in live {
        draft.effect(Effect::StopPod { node, launch });
    }
    done(format!("workflow {name} deleted"))
}
