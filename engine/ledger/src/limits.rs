//! What no ledger takes, whoever sends it, in the same words from every adapter.
//!
//! Looked at before a statement is run, so that one such write does not fail its group.

use crate::partition::part_of;
use crate::rows::{Applied, BODY_MAX, Birth, Outcome, People, Turn};
use crate::tasks::{MailWrite, NewMail, TaskWrite};
use crate::text::clean;

/// Bytes of a link's id.
const LINK_BYTES: usize = 16;

/// Why a birth is refused, if it is.
pub(crate) fn of_birth(birth: &Birth) -> Option<String> {
    let right = part_of(&birth.uid);
    if birth.fence.part != right {
        let (uid, part) = (&birth.uid, birth.fence.part);
        return Some(format!(
            "run {uid} belongs to partition {right}, not {part}"
        ));
    }
    let bodies = [&birth.head.body, &birth.plan].into_iter();
    let nodes = birth.nodes.iter().map(|node| &node.body);
    let people = of_people(&birth.people);
    too_large(bodies.chain(&birth.scope).chain(nodes).chain(people))
}

/// Why a turn is refused, if it is. One that removes its run leaves nothing that could be refused.
pub(crate) fn of_turn(turn: &Turn) -> Option<String> {
    if turn.delete {
        return None;
    }
    let nodes = turn.nodes.iter().map(|node| &node.body);
    let bodies = std::iter::once(&turn.head.body).chain(&turn.scope);
    let people = of_people(&turn.people);
    too_large(bodies.chain(nodes).chain(people)).or_else(|| of_answers(&turn.applied))
}

/// Why answers are refused, if they are.
pub(crate) fn of_answers(applied: &[Applied]) -> Option<String> {
    let mut ids: Vec<i64> = applied.iter().map(|command| command.id).collect();
    ids.sort_unstable();
    let twice = ids.windows(2).find(|pair| pair.first() == pair.last());
    if let Some([id, _]) = twice {
        return Some(format!("one turn takes command {id} twice"));
    }
    too_large(applied.iter().map(|command| &command.outcome))
}

/// Why a command is refused, if it is.
pub(crate) fn of_command(body: &[u8]) -> Option<String> {
    (body.len() > BODY_MAX).then(largest)
}

/// The answer to a command for a run that is not there.
pub(crate) fn no_run(run: &str) -> Outcome {
    Outcome::Refused {
        reason: format!("run {} is not in the ledger", clean(run)),
    }
}

fn of_people(people: &People) -> impl Iterator<Item = &Vec<u8>> {
    let opens = people.opens.iter().map(|open| &open.body);
    opens.chain(people.mails.iter().map(|mail| &mail.body))
}

/// Why mail is refused, if it is.
pub(crate) fn of_mails(mails: &[NewMail]) -> Option<String> {
    too_large(mails.iter().map(|mail| &mail.body))
}

/// Why a change of a mail is refused, if it is.
pub(crate) fn of_mail(write: &MailWrite) -> Option<String> {
    let raw = write.boxed.iter().map(|boxed| &boxed.raw);
    too_large(raw.chain(write.command.iter().map(|command| &command.body)))
}

/// Why a move of a task is refused, if it is. `last` is the number of its record's last entry.
pub(crate) fn of_task(write: &TaskWrite, last: u32) -> Option<String> {
    let id = clean(&write.id);
    if let Some(link) = write.links.iter().find(|link| link.id.len() != LINK_BYTES) {
        let found = link.id.len();
        return Some(format!(
            "a link of task {id} has an id of {found} bytes, not {LINK_BYTES}"
        ));
    }
    for (row, right) in write.record.iter().zip(last.saturating_add(1)..) {
        if row.seq != right {
            let found = row.seq;
            return Some(format!(
                "the record of task {id} goes on with entry {right}, not {found}"
            ));
        }
    }
    let record = write.record.iter();
    let entries = record.flat_map(|row| std::iter::once(&row.entry).chain(&row.side));
    let bodies = std::iter::once(&write.body).chain(entries);
    let mails = write.mails.iter().map(|mail| &mail.body);
    let answer = write.answer.iter().map(|answer| &answer.answer);
    let command = write.command.iter().map(|command| &command.body);
    too_large(bodies.chain(mails).chain(answer).chain(command))
}

fn too_large<'a>(mut bodies: impl Iterator<Item = &'a Vec<u8>>) -> Option<String> {
    bodies.any(|body| body.len() > BODY_MAX).then(largest)
}

fn largest() -> String {
    format!("a body has more than {BODY_MAX} bytes")
}
