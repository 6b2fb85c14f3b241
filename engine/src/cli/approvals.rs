//! `approvals`: requests for approval from the command line. Who decides here is the account at the
//! other end of the engine's socket, mapped to a person by `people.yaml`; there is no `--as`.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::Value;

use super::args::{
    ApprovalsArgs, ApprovalsVerb, Choice, DecideArgs, Form, ListTasksArgs, WhichTasks,
};
use super::session::{Session, Verb};
use super::submit::uuid;
use super::view::{self, tasks};
use super::{DONE, FAILED, bounce, output};
use crate::client::{Error, unexpected};
use crate::server::protocol::approvals::Ask;
use crate::server::protocol::{Answer, Request};

/// `usher approvals`.
pub(super) fn approvals(session: &mut Session, args: &ApprovalsArgs) -> anyhow::Result<u8> {
    match carry_out(session, &args.verb) {
        Err(error) => match error.downcast_ref::<Error>() {
            Some(Error::Refused { .. }) => {
                output::complain(&error);
                Ok(FAILED)
            }
            _ => Err(error),
        },
        done => done,
    }
}

fn carry_out(session: &mut Session, verb: &ApprovalsVerb) -> anyhow::Result<u8> {
    match verb {
        ApprovalsVerb::List(args) => {
            let list = told(session, list_of(args))?;
            print(session, args.output, &list, tasks::list)
        }
        ApprovalsVerb::Show(args) => {
            let task = args.task.clone();
            let shown = told(session, Ask::Show { task })?;
            print(session, args.output, &shown, tasks::show)
        }
        ApprovalsVerb::Audit(args) => {
            let task = args.task.clone();
            let record = told(session, Ask::Audit { task })?;
            print(session, args.output, &record, tasks::record)
        }
        ApprovalsVerb::Verify(args) => {
            let task = args.task.clone();
            let found = told(session, Ask::Verify { task })?;
            output::print(&tasks::verified(&found))?;
            let is_sound = found["faults"].as_array().is_none_or(Vec::is_empty);
            Ok(if is_sound { DONE } else { FAILED })
        }
        ApprovalsVerb::Export(args) => {
            let (task, csv) = (args.task.clone(), args.csv);
            let file = text(&told(session, Ask::Export { task, csv })?, "text");
            match &args.to {
                None => output::print(&file)?,
                Some(path) => std::fs::write(path, file)
                    .with_context(|| format!("write {}", path.display()))?,
            }
            Ok(DONE)
        }
        ApprovalsVerb::Bounce(args) => bounce::bounce(session, args),
        ApprovalsVerb::Whoami(args) => {
            let who = told(session, Ask::Whoami)?;
            print(session, args.output, &who, tasks::who)
        }
        ApprovalsVerb::Decide(args) => decide(session, args),
        ApprovalsVerb::Resend(args) => {
            let (task, to) = (args.one.task.clone(), args.to.clone());
            act(session, args.one.output, Ask::Resend { task, to })
        }
        ApprovalsVerb::Withdraw(args) => {
            let task = args.task.clone();
            act(session, args.output, Ask::Withdraw { task })
        }
        ApprovalsVerb::Override(args) => {
            let ask = Ask::Override {
                task: args.one.task.clone(),
                approves: approves(&args.choice),
                reason: args.reason.clone(),
            };
            act(session, args.one.output, ask)
        }
        ApprovalsVerb::Erase(args) => {
            let (task, entry) = (args.one.task.clone(), args.entry);
            act(session, args.one.output, Ask::Erase { task, entry })
        }
    }
}

fn list_of(args: &ListTasksArgs) -> Ask {
    Ask::List {
        namespace: args.namespace.clone(),
        workflow: args.workflow.clone(),
        open: match args.show {
            WhichTasks::Open => Some(true),
            WhichTasks::Closed => Some(false),
            WhichTasks::All => None,
        },
        mine: args.mine,
        limit: args.limit,
    }
}

/// Decides about what the request shows at this moment: if it changes in between, it is refused.
fn decide(session: &mut Session, args: &DecideArgs) -> anyhow::Result<u8> {
    let task = args.one.task.clone();
    let shown = told(session, Ask::Show { task })?;
    let ask = Ask::Decide {
        task: text(&shown, "id"),
        approves: approves(&args.choice),
        comment: args.comment.clone(),
        values: args.values.iter().cloned().collect::<BTreeMap<_, _>>(),
        round: u32::try_from(shown["round"].as_u64().unwrap_or(1)).unwrap_or(1),
        digest: text(&shown, "digest"),
        key: uuid(),
    };
    act(session, args.one.output, ask)
}

fn approves(choice: &Choice) -> bool {
    choice.approve && !choice.reject
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// Asks an engine: one that is there, else one in this process for a look, and one that stays for
/// an act, since mail follows from it.
pub(super) fn told(session: &mut Session, ask: Ask) -> anyhow::Result<Value> {
    let verb = if ask.looks() {
        Verb::Stays
    } else {
        Verb::Leaves
    };
    match session.ask(verb, &Request::Approvals { ask })? {
        Answer::Told { value } => Ok(*value),
        other => Err(unexpected(&other).into()),
    }
}

fn act(session: &mut Session, form: Option<Form>, ask: Ask) -> anyhow::Result<u8> {
    let done = told(session, ask)?;
    print(session, form, &done, tasks::done)
}

pub(super) fn print(
    session: &Session,
    form: Option<Form>,
    value: &Value,
    show: fn(&Value, &view::Style) -> String,
) -> anyhow::Result<u8> {
    match form {
        Some(Form::Json) => output::print(&view::json(value))?,
        None => output::print(&show(value, &session.style))?,
    }
    Ok(DONE)
}
