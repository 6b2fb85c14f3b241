//! What people ask for: stop, terminate, suspend, resume, delete (argo.md §9).
//!
//! A command that cannot be followed is refused with a reason; it is answered in either case by the
//! turn that takes it.

use usher_api::command::{Command, Outcome};
use usher_api::selector::Selector;

use super::NODES_MAX;
use crate::draft::Draft;
use crate::effect::Effect;
use crate::phase::{Phase, Signal};
use crate::plan::Shutdown;
use crate::run::{Item, NodeIx, Run, Sweep};

/// Carries a command out, or says why not.
pub(super) fn apply(draft: &mut Draft, command: &Command) -> Outcome {
    let name = draft.run.head.identity.name.clone();
    if draft.delete {
        return refused("deleted", format!("workflow {name} was deleted"));
    }
    if let Command::Delete { .. } = command {
        return delete(draft, &name);
    }
    if draft.run.head.phase.is_done() {
        let phase = draft.run.head.phase.word();
        return refused("ended", format!("workflow {name} has ended ({phase})"));
    }
    match command {
        Command::Stop {
            message,
            selector: Some(selector),
            ..
        } => {
            let message = message.clone().unwrap_or_default();
            sweep_later(draft, Some(selector), Phase::Failed, message, "stop")
        }
        Command::Stop { selector: None, .. } => shut_down(draft, Shutdown::Stop),
        Command::Terminate { .. } => shut_down(draft, Shutdown::Terminate),
        Command::Suspend { .. } => {
            if draft.run.head.suspended {
                return refused("suspended", format!("workflow {name} is suspended already"));
            }
            set_suspended(draft, true);
            done(format!("workflow {name} suspended"))
        }
        Command::Resume { selector, by } => resume(draft, selector.as_deref(), by),
        Command::Delete { .. } => delete(draft, &name),
        Command::Set { .. } | Command::Settle { .. } | Command::Mailed { .. } => {
            let message = format!("`{}` is not built yet", command.verb());
            refused("unbuilt", message)
        }
    }
}

fn done(message: String) -> Outcome {
    Outcome::Done { message }
}

fn refused(code: &str, message: String) -> Outcome {
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
    let waits = waiting(&draft.run, None);
    if !was_suspended && waits == 0 {
        return refused(
            "nothing-waits",
            format!("nothing in workflow {name} waits to be resumed"),
        );
    }
    if waits > 0 {
        add_sweep(draft, None, Phase::Succeeded, message);
    }
    if was_suspended {
        set_suspended(draft, false);
    }
    done(format!("workflow {name} resumed"))
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
    let count = waiting(&draft.run, parsed.as_ref());
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
        selector: selector.map(str::to_owned),
        fails: end == Phase::Failed,
        message,
    });
    draft.run.index.plan(Item::Sweep);
}

/// How many suspend nodes wait and match.
fn waiting(run: &Run, selector: Option<&Selector>) -> usize {
    run.index
        .live
        .iter()
        .filter(|ix| is_match(run, **ix, selector))
        .count()
}

fn is_match(run: &Run, ix: NodeIx, selector: Option<&Selector>) -> bool {
    run.nodes[ix as usize].phase == Phase::Suspended
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
            if !is_match(&draft.run, ix, selector.as_ref()) {
                continue;
            }
            if draft.changed.len() >= NODES_MAX {
                draft.run.index.agenda.push_front(Item::Sweep);
                return;
            }
            draft.signal(ix, signal, &sweep.message);
        }
        draft.run.head.sweeps.remove(0);
    }
}

/// Removes the run; its processes are told to end, what they leave is nobody's.
fn delete(draft: &mut Draft, name: &str) -> Outcome {
    draft.delete = true;
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
