//! The rules about values: what the table and the plan cannot tell.
//!
//! They run when a file is admitted and never again: a rule that becomes stricter must not stop a
//! run that is already under way.

mod ancestors;
mod calls;
mod doubts;
mod names;
mod people;
mod recursion;
mod tags;
mod texts;
mod values;

use serde_json::Value;

use super::at::At;
use super::faults::Faults;
use super::survey::Survey;

/// Tells everything that is wrong with the values of a surveyed object.
pub(crate) fn check(object: &Value, survey: &Survey<'_>, faults: &mut Faults<'_>) {
    let root = At::root(object);
    names::check(&root, survey, faults);
    values::check(survey, faults);
    people::check(&root, survey, faults);
    calls::check(survey, faults);
    recursion::check(survey, faults);
    tags::check(&root, survey, faults);
    faults.mute(false);
}

/// Tells what a sound object can hardly be meant to say.
pub(crate) fn doubt(survey: &Survey<'_>, doubts: &mut Faults<'_>) {
    doubts::check(survey, doubts);
}
