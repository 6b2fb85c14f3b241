//! What a call hands over: every input that has no value of its own gets one.

use std::collections::{BTreeMap, BTreeSet};

use usher_api::code;
use usher_expr::nearest;

use super::values::in_enum;
use crate::admit::at::At;
use crate::admit::faults::Faults;
use crate::admit::path::shown;
use crate::admit::survey::{CallAt, Survey, Tmpl};

/// How many arguments are compared with a missing name.
const COMPARED_MAX: usize = 200;

/// Tells every input that nothing gives a value.
pub(super) fn check(survey: &Survey<'_>, faults: &mut Faults<'_>) {
    let wants: Vec<Wants<'_>> = survey
        .templates
        .iter()
        .map(|template| Wants::new(template, faults))
        .collect();
    for template in &survey.templates {
        faults.mute(!template.is_used);
        for call in &template.calls {
            arguments(call, faults);
            if let Some(wants) = call.target.and_then(|ix| wants.get(ix as usize)) {
                self::call(call, wants, faults);
            }
        }
    }
    faults.mute(false);
    for field in ["entrypoint", "onExit"] {
        let name = survey.spec.text(field).unwrap_or_default();
        let named = survey.templates.iter().position(|t| t.name == name);
        if let Some(wants) = named
            .filter(|_| !name.is_empty())
            .map(|index| &wants[index])
        {
            from_outside(survey, wants, field, faults);
        }
    }
}

/// The inputs of a template.
struct Wants<'a> {
    /// How messages call the template.
    name: String,
    /// All names.
    names: BTreeSet<&'a str>,
    /// Those that a caller must give: without value and default.
    needed: Vec<(&'a str, At<'a>)>,
}

impl<'a> Wants<'a> {
    fn new(template: &Tmpl<'a>, faults: &Faults<'_>) -> Wants<'a> {
        let mut wants = Wants {
            name: match template.name {
                "" => "the inline template".to_owned(),
                name => format!("template {}", shown(name)),
            },
            names: BTreeSet::new(),
            needed: Vec::new(),
        };
        let inputs = template.at.get("inputs").map(|at| at.items("parameters"));
        for at in inputs.unwrap_or_default() {
            let Some(name) = at.text("name") else {
                continue;
            };
            wants.names.insert(name);
            // What was refused in the input itself is not asked of the caller.
            let has_own = ["value", "default", "valueFrom"]
                .iter()
                .any(|field| at.get(field).is_some() || faults.excuse(&at.path, field));
            if !has_own {
                wants.needed.push((name, at));
            }
        }
        wants
    }
}

/// The arguments of a call by name.
fn given<'a>(owner: &At<'a>) -> BTreeMap<&'a str, At<'a>> {
    let list = owner.get("arguments").map(|at| at.items("parameters"));
    let named = |at: At<'a>| Some((at.text("name")?, at));
    list.unwrap_or_default()
        .into_iter()
        .filter_map(named)
        .collect()
}

/// Arguments as such: each has a value, and one that its own `enum` allows.
fn arguments(call: &CallAt<'_>, faults: &mut Faults<'_>) {
    for (name, at) in given(&call.at) {
        if at.text("value").is_some() {
            in_enum(&at, faults);
            continue;
        }
        let is_told = ["value", "valueFrom"]
            .iter()
            .any(|field| faults.excuse(&at.path, field));
        if !is_told {
            let message = format!("argument {} has no `value`", shown(name));
            faults.add(&code::MISSING_VALUE, &at.path.key("value"), message);
        }
    }
}

fn call(call: &CallAt<'_>, wants: &Wants<'_>, faults: &mut Faults<'_>) {
    if wants.needed.is_empty() {
        return;
    }
    let given = given(&call.at);
    for (name, _) in &wants.needed {
        if given.contains_key(name) {
            continue;
        }
        // Nothing but faults from here on: a file cannot make this long.
        if !faults.is_heard() {
            return;
        }
        missing(call, name, wants, &given, faults);
    }
}

/// Tells that a call does not give a parameter: at the argument that was meant for it, if there is
/// one.
fn missing(
    call: &CallAt<'_>,
    name: &str,
    wants: &Wants<'_>,
    given: &BTreeMap<&str, At<'_>>,
    faults: &mut Faults<'_>,
) {
    let stray = given
        .iter()
        .take(COMPARED_MAX)
        .find(|(word, _)| !wants.names.contains(*word) && nearest(word, [name]).is_some());
    if let Some((word, at)) = stray {
        let message = format!(
            "{} has no input parameter {}, and needs {}",
            wants.name,
            shown(word),
            shown(name)
        );
        let path = at.path.key("name");
        faults.add_near(&code::MISSING_VALUE, &path, message, Some(name));
        return;
    }
    let path = call.at.path.key("arguments").key("parameters");
    let message = format!(
        "{} needs the parameter {}, which is not given and has no default",
        wants.name,
        shown(name)
    );
    faults.add(&code::MISSING_VALUE, &path, message);
}

/// The entry and the exit handler get the workflow's own arguments.
fn from_outside(survey: &Survey<'_>, wants: &Wants<'_>, field: &str, faults: &mut Faults<'_>) {
    let given = given(&survey.spec);
    for (name, at) in &wants.needed {
        if !given.contains_key(name) {
            let message = format!(
                "`{field}` needs the parameter {}: give it in `spec.arguments` or with -p \
                 {name}=…, or write a `default` here",
                shown(name)
            );
            faults.add(&code::MISSING_VALUE, &at.path, message);
        }
    }
}
