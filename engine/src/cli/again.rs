//! `retry` and `resubmit`: a workflow is carried out again, the same one from where it failed, or
//! anew as another one.

use serde_json::Value;
use usher_api::command::{Command, Outcome};

use super::args::{NamesArgs, Output, ResubmitArgs, RetryArgs, Stay};
use super::postbox::Letters;
use super::session::{Session, Verb};
use super::submit::{Submitted, submitted, uuid};
use super::{DONE, FAILED, INVALID, output, run, stay};
use crate::client::{Error, unexpected};
use crate::server::protocol::{Answer, Request, Resubmit, RunRef};

/// `usher retry`.
pub(super) fn retry(session: &mut Session, args: &RetryArgs) -> anyhow::Result<u8> {
    let command = Command::Retry {
        by: String::new(),
        restart_successful: args.restart_successful,
        selector: args.node_field_selector.clone(),
        parameters: args.parameters.iter().cloned().collect(),
    };
    let verb = args.stay.verb();
    each(
        session,
        &args.names,
        args.stay,
        args.output,
        |session, run, object| {
            let request = Request::Command {
                run: object.map_or_else(|| run.clone(), |object| run::shown_by(object).by_uid),
                command: command.clone(),
                key: uuid(),
            };
            match session.ask(verb, &request) {
                Ok(Answer::Outcome {
                    outcome: Outcome::Done { .. },
                }) => match session.ask(verb, &Request::Get { run })? {
                    Answer::Object { object, .. } => Ok(Some(run::shown_by(&object))),
                    other => Err(unexpected(&other).into()),
                },
                Ok(Answer::Outcome {
                    outcome: Outcome::Refused { message, .. },
                }) => {
                    output::note(&message);
                    Ok(None)
                }
                other => unanswered(other),
            }
        },
    )
}

/// `usher resubmit`.
pub(super) fn resubmit(session: &mut Session, args: &ResubmitArgs) -> anyhow::Result<u8> {
    if args.memoized {
        output::note("--memoized is not supported yet; `usher retry` keeps what succeeded");
        return Ok(INVALID);
    }
    let verb = args.stay.verb();
    each(
        session,
        &args.names,
        args.stay,
        args.output,
        |session, run, object| {
            let letters = object.map(Letters::of_object).unwrap_or_default();
            let request = Request::Resubmit(Resubmit {
                run,
                uid: uuid(),
                detached: verb == Verb::Leaves,
                parameters: args.parameters.clone(),
            });
            match session.ask(verb, &request) {
                Ok(answer @ Answer::Submitted { .. }) => submitted(answer, letters).map(Some),
                other => unanswered(other),
            }
        },
    )
}

/// What an engine refuses is told; any other answer is not for here.
fn unanswered(answer: Result<Answer, Error>) -> anyhow::Result<Option<Submitted>> {
    match answer {
        Ok(other) => Err(unexpected(&other).into()),
        Err(error @ Error::Refused { .. }) => {
            output::complain(&error.into());
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Begins each of the workflows again by `begin`, which is given the object as it is and has told
/// why if it gives none; then stays as was asked.
fn each(
    session: &mut Session,
    names: &NamesArgs,
    stay: Stay,
    form: Option<Output>,
    begin: impl Fn(&mut Session, RunRef, Option<&Value>) -> anyhow::Result<Option<Submitted>>,
) -> anyhow::Result<u8> {
    let namespace = names.namespace.or_default();
    let (mut begun, mut code) = (Vec::new(), DONE);
    for name in &names.workflows {
        let run = RunRef {
            namespace: namespace.clone(),
            name: name.clone(),
        };
        let object = match session.look(&Request::Get { run: run.clone() }) {
            Ok(Answer::Object { object, .. }) => Some(object),
            // A run that is not there needs no engine to be started.
            Err(error) if error.is_not_found() => {
                output::complain(&error.into());
                code = FAILED;
                continue;
            }
            Ok(_) | Err(_) => None,
        };
        match begin(session, run, object.as_deref())? {
            Some(one) => {
                stay::show(session, &one, stay, form)?;
                begun.push(one);
            }
            None => code = FAILED,
        }
    }
    let stayed = stay::until_the_end(session, &begun, stay)?;
    Ok(if code == DONE { stayed } else { code })
}
