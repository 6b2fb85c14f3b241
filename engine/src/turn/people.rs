//! What a decision asks of people, as rows of its commit.
//!
//! The core knows neither tables nor recipes, so its words become those of the ledger and of the
//! notifier here.

use usher_core::asks::{Asks, Letter};
use usher_core::run::Run;
use usher_ledger::People;
use usher_ledger::tasks::{NewMail, TaskClosing, TaskOpening};
use usher_notifier::recipe::{Recipe, Written};

/// The rows of what is asked.
pub(super) fn rows(run: &Run, asks: Asks) -> People {
    let opens = asks.opens.into_iter().map(|asked| TaskOpening {
        id: asked.task.clone(),
        node: asked.node,
        body: serde_json::to_vec(&asked).unwrap_or_default(),
    });
    let mut notices = 0..;
    let mut place = |letter: &Letter| {
        let place = match letter.node {
            Some(node) => node.to_string(),
            None => format!("end{}", notices.next().unwrap_or_default()),
        };
        // What is written again after a retry is another mail.
        match letter.round {
            0 => place,
            round => format!("again{round}/{place}"),
        }
    };
    let closes = asks.closes.into_iter().map(|closing| TaskClosing {
        id: closing.task,
        reason: closing.reason,
    });
    People {
        opens: opens.collect(),
        closes: closes.collect(),
        mails: asks
            .letters
            .into_iter()
            .flat_map(|letter| mails(run, &place(&letter), letter))
            .collect(),
    }
}

/// One mail for each address. Its key is the same at every try, so that none is posted twice.
fn mails(run: &Run, place: &str, letter: Letter) -> Vec<NewMail> {
    let identity = &run.head.identity;
    let kind = match letter.node {
        Some(_) => "step",
        None => "notice",
    };
    let recipients: Vec<String> = letter.to.iter().chain(&letter.cc).cloned().collect();
    let recipe = Recipe::Written(Written {
        to: letter.to,
        cc: letter.cc,
        subject: letter.subject,
        text: letter.text,
        html: letter.html,
        run: identity.uid.clone(),
        workflow: format!("{}/{}", identity.namespace, identity.name),
        waits: letter.node.filter(|_| letter.waits),
        round: letter.round,
        at_ms: run.head.clock_ms,
    });
    let body = serde_json::to_vec(&recipe).unwrap_or_default();
    let mail = |(ordinal, recipient)| NewMail {
        key: format!("{}/{place}/{ordinal}", identity.uid),
        task: None,
        slot: None,
        run: Some(identity.uid.clone()),
        kind: kind.to_owned(),
        recipient,
        due_ms: run.head.clock_ms,
        body: body.clone(),
    };
    recipients.into_iter().enumerate().map(mail).collect()
}
