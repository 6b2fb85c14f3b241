//! What a call hands over: every input that has no value of its own gets one.

use usher_api::code;
use usher_expr::nearest;

use super::values::in_enum;
use crate::admit::at::At;
use crate::admit::faults::Faults;
use crate::admit::path::shown;
use crate::admit::survey::{CallAt, Survey, Tmpl};

/// Tells every input that nothing gives a value.
pub(super) fn check(survey: &Survey<'_>, faults: &mut Faults<'_>) {
    for template in &survey.templates {
        faults.mute(!template.is_used);
        for call in &template.calls {
            let target = call.target.and_then(|ix| survey.templates.get(ix as usize));
            self::call(call, target, faults);
        }
    }
    faults.mute(false);
    for field in ["entrypoint", "onExit"] {
        let Some(name) = survey.spec.text(field) else {
            continue;
        };
        if let Some(template) = survey.templates.iter().find(|t| t.name == name) {
            from_outside(survey, template, field, faults);
        }
    }
}

fn call(call: &CallAt<'_>, target: Option<&Tmpl<'_>>, faults: &mut Faults<'_>) {
    let given = arguments(&call.at);
    for at in &given {
        let is_told = ["value", "valueFrom", "default"]
            .iter()
            .any(|field| faults.excuse(&at.path, field));
        if at.text("value").is_none() && !is_told {
            let name = shown(at.text("name").unwrap_or_default());
            let message = format!("argument {name} has no `value`");
            faults.add(&code::MISSING_VALUE, &at.path.key("value"), message);
        }
        if at.text("value").is_some() {
            in_enum(at, faults);
        }
    }
    let Some(target) = target else {
        return;
    };
    let callee = match target.name {
        "" => "the inline template".to_owned(),
        name => format!("template {}", shown(name)),
    };
    let wanted = inputs(target);
    for input in &wanted {
        let Some(name) = input.text("name") else {
            continue;
        };
        let found = given.iter().find(|at| at.text("name") == Some(name));
        if found.is_none() && !has_own(input, faults) {
            missing(call, name, &callee, &given, &wanted, faults);
        }
    }
}

/// Tells that a call does not give a parameter: where the argument is that was meant for it, if
/// there is one.
fn missing(
    call: &CallAt<'_>,
    name: &str,
    callee: &str,
    given: &[At<'_>],
    wanted: &[At<'_>],
    faults: &mut Faults<'_>,
) {
    let is_wanted = |word: &str| wanted.iter().any(|input| input.text("name") == Some(word));
    let stray = given.iter().find(|at| {
        at.text("name")
            .is_some_and(|word| !is_wanted(word) && nearest(word, [name]).is_some())
    });
    if let Some(at) = stray {
        let word = shown(at.text("name").unwrap_or_default());
        let message = format!(
            "{callee} has no input parameter {word}, and needs {}",
            shown(name)
        );
        faults.add_near(
            &code::MISSING_VALUE,
            &at.path.key("name"),
            message,
            Some(name),
        );
        return;
    }
    let path = call.at.path.key("arguments").key("parameters");
    let message = format!(
        "{callee} needs the parameter {}, which is not given and has no default",
        shown(name)
    );
    faults.add(&code::MISSING_VALUE, &path, message);
}

/// The entry and the exit handler get the workflow's own arguments.
fn from_outside(survey: &Survey<'_>, template: &Tmpl<'_>, field: &str, faults: &mut Faults<'_>) {
    let given = arguments(&survey.spec);
    for input in inputs(template) {
        let Some(name) = input.text("name") else {
            continue;
        };
        let found = given.iter().find(|at| at.text("name") == Some(name));
        if found.is_none() && !has_own(&input, faults) {
            let message = format!(
                "`{field}` needs the parameter {}: give it in `spec.arguments` or with -p \
                 {name}=…, or write a `default` here",
                shown(name)
            );
            faults.add(&code::MISSING_VALUE, &input.path, message);
        }
    }
}

/// Whether an input has a value without a call, or was refused already.
fn has_own(input: &At<'_>, faults: &Faults<'_>) -> bool {
    ["value", "default", "valueFrom"]
        .iter()
        .any(|field| input.get(field).is_some() || faults.excuse(&input.path, field))
}

fn arguments<'a>(owner: &At<'a>) -> Vec<At<'a>> {
    let at = owner.get("arguments");
    at.map(|at| at.items("parameters")).unwrap_or_default()
}

fn inputs<'a>(template: &Tmpl<'a>) -> Vec<At<'a>> {
    let at = template.at.get("inputs");
    at.map(|at| at.items("parameters")).unwrap_or_default()
}
