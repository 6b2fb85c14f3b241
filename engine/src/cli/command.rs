//! `suspend`, `resume`, `stop`, `terminate`, `node set`: commands for runs, each answered by the
//! turn that took it.

use usher_api::approval::VerdictPhase;
use usher_api::command::{Command, Outcome};

use super::args::{NamesArgs, NodeArgs, NodePhase, NodeSetArgs, NodeVerb, ResumeArgs, StopArgs};
use super::session::{Session, Verb};
use super::submit::uuid;
use super::{DONE, FAILED, output};
use crate::client::{Error, unexpected};
use crate::server::protocol::{Answer, Request, RunRef};

/// `usher suspend`.
pub(super) fn suspend(session: &mut Session, args: &NamesArgs) -> anyhow::Result<u8> {
    each(session, args, &Command::Suspend { by: String::new() })
}

/// `usher resume`.
pub(super) fn resume(session: &mut Session, args: &ResumeArgs) -> anyhow::Result<u8> {
    let command = Command::Resume {
        by: String::new(),
        selector: args.node_field_selector.clone(),
    };
    each(session, &args.names, &command)
}

/// `usher node`.
pub(super) fn node(session: &mut Session, args: &NodeArgs) -> anyhow::Result<u8> {
    let NodeVerb::Set(args) = &args.verb;
    each(session, &args.names, &set(args))
}

fn set(args: &NodeSetArgs) -> Command {
    let phase = |phase: NodePhase| match phase {
        NodePhase::Succeeded => VerdictPhase::Succeeded,
        NodePhase::Failed => VerdictPhase::Failed,
        NodePhase::Error => VerdictPhase::Error,
    };
    Command::Set {
        by: String::new(),
        selector: args.node_field_selector.clone(),
        phase: args.phase.map(phase),
        message: args.message.clone(),
        outputs: args.output_parameter.iter().cloned().collect(),
    }
}

/// `usher stop`.
pub(super) fn stop(session: &mut Session, args: &StopArgs) -> anyhow::Result<u8> {
    let command = Command::Stop {
        by: String::new(),
        message: args.message.clone(),
        selector: args.node_field_selector.clone(),
    };
    each(session, &args.names, &command)
}

/// `usher terminate`.
pub(super) fn terminate(session: &mut Session, args: &NamesArgs) -> anyhow::Result<u8> {
    each(session, args, &Command::Terminate { by: String::new() })
}

fn each(session: &mut Session, args: &NamesArgs, command: &Command) -> anyhow::Result<u8> {
    let namespace = args.namespace.or_default();
    let mut code = DONE;
    for name in &args.workflows {
        let run = RunRef {
            namespace: namespace.clone(),
            name: name.clone(),
        };
        if !give(session, run, command)? {
            code = FAILED;
        }
    }
    Ok(code)
}

/// Gives a run a command and says what became of it; whether it was followed.
///
/// # Errors
/// When there is no engine, or it fails.
pub(super) fn give(session: &mut Session, run: RunRef, command: &Command) -> anyhow::Result<bool> {
    let before = match session.look(&Request::Get { run: run.clone() }) {
        Ok(Answer::Object { object, .. }) => Some(object),
        // A run that is not there needs no engine to be started.
        Err(error) if error.is_not_found() => {
            output::complain(&error.into());
            return Ok(false);
        }
        Ok(_) | Err(_) => None,
    };
    let request = Request::Command {
        run,
        command: command.clone(),
        key: uuid(),
    };
    match session.ask(Verb::Leaves, &request) {
        Ok(Answer::Outcome {
            outcome: Outcome::Done { message },
        }) => {
            output::print(&format!("{message}\n"))?;
            let ends = matches!(
                command,
                Command::Stop { selector: None, .. } | Command::Terminate { .. }
            );
            if ends && before.is_some_and(|object| object["spec"]["suspend"] == true) {
                // As in Argo: a suspended workflow looks at nothing until it is resumed.
                output::note("it is suspended, and ends when it is resumed");
            }
            Ok(true)
        }
        Ok(Answer::Outcome {
            outcome: Outcome::Refused { message, .. },
        }) => {
            output::note(&message);
            Ok(false)
        }
        Ok(other) => Err(unexpected(&other).into()),
        Err(error @ Error::Refused { .. }) => {
            output::complain(&error.into());
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
