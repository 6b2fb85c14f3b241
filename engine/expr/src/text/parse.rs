//! Cuts a text into literal pieces and tags.
//!
//! The rules follow Argo's: a tag ends at the first `}}`; if what begins there is no tag but
//! another `{{` stands before that `}}`, the last such one is tried, so that `{{ print {{item}} }}`
//! still replaces the item.

use super::{Kind, Segment, Tag};
use crate::lex::is_tag_name;

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// The pieces of a text. Linear: after a failed start it goes on behind the `}}` that it looked
/// for, or at the one inner `{{` before it.
pub(super) fn segments(source: &str) -> Vec<Segment> {
    let mut found = Vec::new();
    // From `literal` on, nothing has been put into `found` yet; before `at`, nothing more is
    // sought.
    let (mut literal, mut at) = (0, 0);
    while let Some(start) = source[at..].find(OPEN).map(|offset| at + offset) {
        let Some(end) = source[start..].find(CLOSE).map(|offset| start + offset) else {
            break;
        };
        if let Some(tag) = tag_at(source, start, end) {
            push_literal(&mut found, &source[literal..start]);
            at = start + tag.source.len();
            literal = at;
            found.push(Segment::Tag(tag));
        } else {
            at = match source[start + OPEN.len()..end].rfind(OPEN) {
                Some(offset) if offset > 0 => start + OPEN.len() + offset,
                _ => end + CLOSE.len(),
            };
        }
    }
    push_literal(&mut found, &source[literal..]);
    found
}

fn push_literal(found: &mut Vec<Segment>, literal: &str) {
    if !literal.is_empty() {
        found.push(Segment::Literal(literal.to_owned()));
    }
}

/// The tag whose `{{` stands at `start`, `end` being the first `}}` behind it.
fn tag_at(source: &str, start: usize, end: usize) -> Option<Tag> {
    let body = &source[start + OPEN.len()..end];
    let whole = |kind, end: usize| {
        Some(Tag {
            source: source[start..end].to_owned(),
            at: start,
            kind,
        })
    };
    if let Some(expression) = body.strip_prefix('=') {
        return whole(Kind::Expression(expression.to_owned()), end + CLOSE.len());
    }
    if body.contains(OPEN) {
        let (pieces, end) = nested(source, start)?;
        return whole(Kind::Nested(pieces), end);
    }
    whole(
        Kind::Simple(simple_name(body)?.to_owned()),
        end + CLOSE.len(),
    )
}

fn simple_name(body: &str) -> Option<&str> {
    let name = body.trim();
    (!name.is_empty() && name.chars().all(is_tag_name)).then_some(name)
}

/// The pieces of a nested tag and the offset behind its last brace.
fn nested(source: &str, start: usize) -> Option<(Vec<Segment>, usize)> {
    let mut pieces = Vec::new();
    let mut at = start + OPEN.len();
    // The name with a letter in place of each inner tag: all that must hold of a name is seen on
    // it.
    let mut shape = String::new();
    loop {
        let rest = &source[at..];
        // What stops a piece: braces, or the first character that no name can hold.
        let length = rest.find(|c: char| !is_tag_name(c) && !c.is_whitespace())?;
        push_literal(&mut pieces, &rest[..length]);
        shape.push_str(&rest[..length]);
        at += length;
        if source[at..].starts_with(CLOSE) {
            break;
        }
        let body = source[at..].strip_prefix(OPEN)?;
        let body = &body[..body.find(|c: char| !is_tag_name(c) && !c.is_whitespace())?];
        let end = at + OPEN.len() + body.len();
        if !source[end..].starts_with(CLOSE) || shape.is_empty() {
            return None;
        }
        let end = end + CLOSE.len();
        let kind = Kind::Simple(simple_name(body)?.to_owned());
        pieces.push(Segment::Tag(Tag {
            source: source[at..end].to_owned(),
            at,
            kind,
        }));
        shape.push('x');
        at = end;
    }
    simple_name(&shape)?;
    Some((pieces, at + CLOSE.len()))
}
