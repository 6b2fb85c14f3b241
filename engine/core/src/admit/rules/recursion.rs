//! Templates that call themselves without end.
//!
//! A call counts as one that always happens if it has no `when`, or one that is true whatever the
//! values are, and waits for no particular outcome of another task. A circle of such calls cannot
//! end well, so it is told with the file and not after a hundred levels.

use usher_api::code;
use usher_expr::{Depends, Limits, Text, evaluate_when};

use crate::admit::circle;
use crate::admit::faults::Faults;
use crate::admit::survey::{CallAt, Survey};

/// Tells every circle of calls that nothing can stop.
pub(super) fn check(survey: &Survey<'_>, faults: &mut Faults<'_>) {
    let edges: Vec<Vec<usize>> = survey
        .templates
        .iter()
        .map(|template| match template.is_used {
            true => template.calls.iter().filter_map(always).collect(),
            false => Vec::new(),
        })
        .collect();
    let name = |index: usize| match survey.templates[index].name {
        "" => "(inline)",
        name => name,
    };
    for circle in circle::circles(&edges) {
        let (Some(first), Some(last)) = (circle.first(), circle.last()) else {
            continue;
        };
        let closing = survey.templates[*last]
            .calls
            .iter()
            .find(|call| always(call) == Some(*first));
        if let Some(call) = closing {
            let shown = circle::show(&circle, name);
            let message = format!("calls itself without end: {shown}; no `when` can stop it");
            faults.add(&code::ENDLESS, &call.at.path.key("template"), message);
        }
    }
}

/// What a call calls, if nothing can keep it from happening.
fn always(call: &CallAt<'_>) -> Option<usize> {
    let limits = Limits::default();
    let when = call.at.text("when").unwrap_or_default();
    if !Text::parse(when).is_literal() || evaluate_when(when, &limits) != Ok(true) {
        return None;
    }
    let depends = call.at.text("depends").unwrap_or_default();
    if !depends.is_empty() {
        let asks = Depends::parse(depends, &limits).ok()?;
        if asks.asked().any(|(_, outcome)| outcome.is_some()) || depends.contains('!') {
            return None;
        }
    }
    call.target.map(|ix| ix as usize)
}
