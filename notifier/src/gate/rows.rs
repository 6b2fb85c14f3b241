//! A change as rows: what one [`TaskWrite`] holds.

use usher_api::approval::Verdict;
use usher_ledger::tasks::{LinkRow, NewCommand, NewMail, RecordRow, TaskRow, TaskWrite};
use usher_notifier_core::decide::{Change, LinkChange, Post};
use usher_notifier_core::record::Sealed;
use usher_notifier_core::task::{State, Task};

use super::GateError;

/// Whether a task in this state can still be decided.
pub(super) fn is_open(state: State) -> bool {
    match state {
        State::Opening | State::Pending | State::Unroutable => true,
        State::Approved
        | State::Rejected
        | State::TimedOut
        | State::Cancelled
        | State::Overridden
        | State::Faulted => false,
    }
}

/// Whether a change leaves the row as it is.
pub(super) fn changes_nothing(row: &TaskRow, before: &Task, change: &Change) -> bool {
    change.task == *before
        && change.due_ms == row.due_ms
        && row.state == format!("{:?}", change.task.state)
        && change.links.is_empty()
        && change.mails.is_empty()
        && change.record.is_empty()
        && change.erase.is_empty()
        && change.verdict.is_none()
}

/// The write of a change.
///
/// # Errors
/// Never for values that serde can write; told all the same.
pub(super) fn write_of(
    row: &TaskRow,
    change: &Change,
    links: &[LinkRow],
    now_ms: i64,
) -> Result<TaskWrite, GateError> {
    let open = is_open(change.task.state);
    let decided = change.task.decided.as_ref().map_or(now_ms, |end| end.at_ms);
    let mails = change.mails.iter().map(|post| mail(row, post, now_ms));
    let command = match &change.verdict {
        Some(verdict) => Some(settle(row, change, verdict)?),
        None => None,
    };
    Ok(TaskWrite {
        id: row.id.clone(),
        version: row.version,
        state: format!("{:?}", change.task.state),
        open,
        due_ms: change.due_ms.filter(|_| open),
        closed_ms: row.closed_ms.or((!open).then_some(decided)),
        body: json(row, &change.task)?,
        links: link_rows(row, change, links, now_ms),
        mails: mails.collect::<Result<_, _>>()?,
        record: change.record.iter().map(record).collect(),
        erase: change.erase.clone(),
        answer: None,
        command,
    })
}

fn link_rows(row: &TaskRow, change: &Change, all: &[LinkRow], now_ms: i64) -> Vec<LinkRow> {
    let mut rows: Vec<LinkRow> = Vec::new();
    let gone = |slot: u32, but: Option<&[u8; 16]>, rows: &mut Vec<LinkRow>| {
        let mine = |link: &&LinkRow| link.slot == slot && !link.revoked;
        let stays = |link: &&LinkRow| but.is_some_and(|id| link.id == id);
        for link in all.iter().filter(mine).filter(|link| !stays(link)) {
            let mut taken = link.clone();
            taken.revoked = true;
            rows.push(taken);
        }
    };
    for link in &change.links {
        match link {
            LinkChange::Made {
                id,
                slot,
                key,
                expires_ms,
            } => rows.push(LinkRow {
                id: id.to_vec(),
                task: row.id.clone(),
                slot: *slot,
                key: *key,
                created_ms: now_ms,
                expires_ms: *expires_ms,
                revoked: false,
            }),
            LinkChange::OnlyThis { slot, id } => gone(*slot, Some(id), &mut rows),
            LinkChange::AllGone { slot } => gone(*slot, None, &mut rows),
        }
    }
    rows
}

fn mail(row: &TaskRow, post: &Post, now_ms: i64) -> Result<NewMail, GateError> {
    Ok(NewMail {
        key: post.key.clone(),
        task: Some(row.id.clone()),
        slot: post.slot,
        run: None,
        kind: post.kind.to_owned(),
        recipient: post.recipient.clone(),
        due_ms: now_ms,
        body: json(row, &post.recipe)?,
    })
}

fn record(sealed: &Sealed) -> RecordRow {
    RecordRow {
        seq: sealed.seq,
        prev: sealed.prev.clone(),
        hash: sealed.hash.clone(),
        entry: sealed.entry.clone().into_bytes(),
        side: sealed.side.clone().map(String::into_bytes),
    }
}

/// The outcome for the run. Its key is the task: a run hears of a task once.
fn settle(row: &TaskRow, change: &Change, verdict: &Verdict) -> Result<NewCommand, GateError> {
    let by = change
        .task
        .decided
        .as_ref()
        .map_or("", |end| end.by.as_str());
    let command = serde_json::json!({
        "verb": "settle",
        "by": by,
        "task": row.id,
        "node": row.node,
        "verdict": verdict,
    });
    Ok(NewCommand {
        run: row.run.clone(),
        kind: "settle".to_owned(),
        body: json(row, &command)?,
        key: Some(format!("settle/{}", row.id)),
    })
}

fn json<T: serde::Serialize>(row: &TaskRow, value: &T) -> Result<Vec<u8>, GateError> {
    serde_json::to_vec(value).map_err(|error| GateError::Unreadable {
        task: row.id.clone(),
        reason: error.to_string(),
    })
}
