//! What no ledger takes, whoever sends it, in the same words from every adapter.
//!
//! Looked at before a statement is run, so that one such write does not fail its group.

use crate::partition::part_of;
use crate::rows::{Applied, BODY_MAX, Birth, Turn};

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
    too_large(bodies.chain(&birth.scope).chain(nodes))
}

/// Why a turn is refused, if it is. One that removes its run leaves nothing that could be refused.
pub(crate) fn of_turn(turn: &Turn) -> Option<String> {
    if turn.delete {
        return None;
    }
    let nodes = turn.nodes.iter().map(|node| &node.body);
    let bodies = std::iter::once(&turn.head.body).chain(&turn.scope);
    too_large(bodies.chain(nodes)).or_else(|| of_answers(&turn.applied))
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

fn too_large<'a>(mut bodies: impl Iterator<Item = &'a Vec<u8>>) -> Option<String> {
    bodies.any(|body| body.len() > BODY_MAX).then(largest)
}

fn largest() -> String {
    format!("a body has more than {BODY_MAX} bytes")
}
