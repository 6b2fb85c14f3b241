//! Requests for approval over the socket: who asks is the account at its other end, and the desk
//! decides what it may see and do.

use serde::Serialize;
use usher_ledger::tasks::TaskFilter;
use usher_notifier::caller::account_name;
use usher_notifier::desk::{Caller, Desk, DeskError, Vote};

use super::protocol::Answer;
use super::protocol::approvals::Ask;
use super::read::failed;
use crate::notifier::Notifier;

/// Answers an account.
pub(super) async fn answer(notifier: &Notifier, ask: Ask, by: &str) -> Answer {
    let desk = match notifier.desk() {
        Ok(desk) => desk,
        Err(error) => {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            return failed("internal", causes.join(": "));
        }
    };
    let own = account_name(rustix::process::geteuid().as_raw());
    let caller = Caller {
        account: by.to_owned(),
        operator: by == own || by == "root",
        via: "cli",
    };
    if ask == Ask::Mailbox {
        return mailbox(notifier, &caller);
    }
    match carry_out(&desk, ask, &caller).await {
        Ok(answer) => answer,
        Err(error) => failed(error.code(), error.to_string()),
    }
}

/// The address of the development mailbox, none when mail goes to a server. Its mails decide for
/// whoever was asked, so only the owner of the state directory is told.
fn mailbox(notifier: &Notifier, caller: &Caller) -> Answer {
    if !caller.operator {
        return failed("forbidden", "the mailbox is for the engine's own account");
    }
    let url = notifier.web().and_then(|web| web.mailbox_url());
    Answer::Told {
        value: Box::new(serde_json::json!({ "url": url })),
    }
}

async fn carry_out(desk: &Desk, ask: Ask, caller: &Caller) -> Result<Answer, DeskError> {
    match ask {
        Ask::List {
            namespace,
            workflow,
            open,
            mine,
            limit,
        } => {
            let filter = TaskFilter {
                namespace,
                workflow,
                open,
                limit: usize::try_from(limit.min(10_000)).unwrap_or(100),
                ..TaskFilter::default()
            };
            told(&desk.list(filter, mine, caller).await?)
        }
        Ask::Show { task } => told(&desk.show(&task, caller).await?),
        Ask::Decide {
            task,
            approves,
            comment,
            values,
            round,
            digest,
            key,
        } => {
            let vote = Vote {
                approves,
                comment,
                values,
                round,
                digest,
                key,
            };
            told(&desk.decide(&task, vote, caller).await?)
        }
        Ask::Resend { task, to } => told(&desk.resend(&task, to.as_deref(), caller).await?),
        Ask::Withdraw { task } => told(&desk.withdraw(&task, caller).await?),
        Ask::Override {
            task,
            approves,
            reason,
        } => told(&desk.override_(&task, approves, &reason, caller).await?),
        Ask::Audit { task } => told(&desk.audit(&task, caller).await?),
        Ask::Verify { task } => told(&desk.verify(task.as_deref(), caller).await?),
        Ask::Export { task, csv } => {
            let text = desk.export(&task, csv, caller).await?;
            told(&serde_json::json!({ "text": text }))
        }
        Ask::Erase { task, entry } => told(&desk.erase(&task, entry, caller).await?),
        Ask::Bounce { raw, to } => told(&desk.bounce(&raw, to.as_deref(), caller).await?),
        Ask::Whoami => told(&desk.whoami(caller)?),
        Ask::Mailbox => Err(DeskError::Invalid("the notifier has ended".to_owned())),
    }
}

fn told(value: &impl Serialize) -> Result<Answer, DeskError> {
    match serde_json::to_value(value) {
        Ok(value) => Ok(Answer::Told {
            value: Box::new(value),
        }),
        Err(error) => Err(DeskError::Invalid(error.to_string())),
    }
}
