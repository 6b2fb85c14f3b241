//! The annotation `usher.flow/notify` of a workflow: `failed: ops@example.org; finished: …`.

use usher_api::approval::NOTIFY_ANNOTATION;
use usher_api::code;
use usher_expr::Text;

use crate::admit::at::At;
use crate::admit::faults::Faults;
use crate::admit::path::shown;
use crate::plan::{End, Notice};

/// What the annotation of a workflow says; parts that are wrong are told.
pub(crate) fn notices(root: &At<'_>, faults: &mut Faults<'_>) -> Vec<Notice> {
    let note = root
        .get("metadata")
        .and_then(|at| at.get("annotations"))
        .and_then(|at| at.get(NOTIFY_ANNOTATION));
    let Some(note) = note else {
        return Vec::new();
    };
    let text = note.value.as_str().unwrap_or_default();
    let mut notices = Vec::new();
    let mut begin = 0;
    for part in text.split([';', '\n']) {
        let at = begin + (part.len() - part.trim_start().len());
        begin += part.len() + 1;
        if part.trim().is_empty() {
            continue;
        }
        notices.extend(notice(&note, (text, at), part.trim(), faults));
    }
    if notices.is_empty() && faults.is_empty() {
        let message = "tells nobody; write for example `failed: ops@example.org`";
        faults.add(&code::MISSING_FIELD, &note.path, message);
    }
    notices
}

fn notice(
    note: &At<'_>,
    spot: (&str, usize),
    part: &str,
    faults: &mut Faults<'_>,
) -> Option<Notice> {
    let words = || End::WORDS.map(|(word, _)| word);
    let Some((word, to)) = part.split_once(':') else {
        let message = format!("{} has no colon: write `failed: address`", shown(part));
        faults.add_in(&code::SYNTAX, &note.path, spot, message, None);
        return None;
    };
    let word = word.trim();
    let Some((_, on)) = End::WORDS.iter().find(|(known, _)| *known == word) else {
        let message = format!("{} is none of {}", shown(word), words().join(", "));
        let near = faults.near(word, words());
        faults.add_in(&code::NOT_IN_ENUM, &note.path, spot, message, near);
        return None;
    };
    let parsed = Text::parse(to.trim());
    if let Some(literal) = parsed.as_literal()
        && let Err(why) = crate::address::list(literal)
    {
        faults.add_in(&code::NOT_IN_ENUM, &note.path, spot, why, None);
    }
    Some(Notice {
        on: *on,
        to: vec![parsed],
    })
}
