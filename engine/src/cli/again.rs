//! `resubmit`: what a workflow carried out is carried out again, as a new workflow.

use super::args::ResubmitArgs;
use super::postbox::Letters;
use super::session::{Session, Verb};
use super::submit::{Submitted, submitted, uuid};
use super::{DONE, FAILED, INVALID, output, stay};
use crate::client::{Error, unexpected};
use crate::server::protocol::{Answer, Request, Resubmit, RunRef};

/// `usher resubmit`.
pub(super) fn resubmit(session: &mut Session, args: &ResubmitArgs) -> anyhow::Result<u8> {
    if args.memoized {
        output::note("--memoized is not supported yet; `usher retry` keeps what succeeded");
        return Ok(INVALID);
    }
    let namespace = args.names.namespace.or_default();
    let (mut begun, mut code) = (Vec::new(), DONE);
    for name in &args.names.workflows {
        let run = RunRef {
            namespace: namespace.clone(),
            name: name.clone(),
        };
        match again(session, run, args)? {
            Some(one) => {
                stay::show(session, &one, args.stay, args.output)?;
                begun.push(one);
            }
            None => code = FAILED,
        }
    }
    let stayed = stay::until_the_end(session, &begun, args.stay)?;
    Ok(if code == DONE { stayed } else { code })
}

/// The new run; none when it is refused, which is told.
fn again(
    session: &mut Session,
    run: RunRef,
    args: &ResubmitArgs,
) -> anyhow::Result<Option<Submitted>> {
    let verb = args.stay.verb();
    // A run that is not there needs no engine to be started.
    let letters = match session.look(&Request::Get { run: run.clone() }) {
        Err(error) if error.is_not_found() => {
            output::complain(&error.into());
            return Ok(None);
        }
        Ok(Answer::Object { object, .. }) => Letters::of_object(&object),
        Ok(_) | Err(_) => Letters::default(),
    };
    let request = Request::Resubmit(Resubmit {
        run,
        uid: uuid(),
        detached: verb == Verb::Leaves,
        parameters: args.parameters.clone(),
    });
    match session.ask(verb, &request) {
        Ok(answer @ Answer::Submitted { .. }) => submitted(answer, letters).map(Some),
        Ok(other) => Err(unexpected(&other).into()),
        Err(error @ Error::Refused { .. }) => {
            output::complain(&error.into());
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
