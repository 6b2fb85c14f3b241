//! What is asked of people must fit the template around it: form fields, what is shown, supplied
//! outputs, and annotations that speak to us.

use std::collections::BTreeSet;

use usher_api::approval::{ANNOTATION, NOTIFY_ANNOTATION, Policy, RESERVED, Step, parse};
use usher_api::code;

use crate::admit::at::At;
use crate::admit::faults::Faults;
use crate::admit::path::shown;
use crate::admit::people::{Spelled, annotations, spelled};
use crate::admit::survey::{BodyKind, Survey, Tmpl};

/// What our annotations begin with: nothing else may, so that a slip does not go unseen.
const PREFIX: &str = "usher.flow/";

/// Tells everything that does not fit.
pub(super) fn check(root: &At<'_>, survey: &Survey<'_>, faults: &mut Faults<'_>) {
    if let Some(notes) = root.get("metadata").and_then(|at| at.get("annotations")) {
        ours(&notes, NOTIFY_ANNOTATION, "a workflow", faults);
    }
    for template in &survey.templates {
        for notes in annotations(&template.at) {
            ours(&notes, ANNOTATION, "a suspend template", faults);
            let is_suspend = template.body == Some(BodyKind::Suspend);
            if let Some(at) = notes.get(ANNOTATION).filter(|_| !is_suspend) {
                let message = "an approval belongs to a suspend template; this one does not wait";
                faults.add_key(&code::SCOPE, &at.path, message, None);
            }
        }
        faults.mute(!template.is_used);
        outputs(template, faults);
        approval(template, faults);
    }
    faults.mute(false);
}

/// Annotations that begin like ours are ours: known and in the right place.
fn ours(notes: &At<'_>, known: &str, place: &str, faults: &mut Faults<'_>) {
    let Some(all) = notes.object() else { return };
    for name in all.keys().filter(|name| name.starts_with(PREFIX)) {
        if name == known {
            continue;
        }
        let path = notes.path.key(name);
        if [ANNOTATION, NOTIFY_ANNOTATION].contains(&name.as_str()) {
            let message = format!("means nothing on {place}; {known} does");
            faults.add_key(&code::SCOPE, &path, message, None);
        } else {
            let message = format!("there is no annotation {}", shown(name));
            let near = faults.near(name, [known]);
            faults.add_key(&code::UNKNOWN_FIELD, &path, message, near);
        }
    }
}

/// Output parameters: so far only those that a person supplies, on templates that wait for one.
fn outputs(template: &Tmpl<'_>, faults: &mut Faults<'_>) {
    let list = template
        .at
        .get("outputs")
        .map(|at| at.items("parameters"))
        .unwrap_or_default();
    for at in list {
        let from = at.get("valueFrom");
        let Some(supplied) = from.as_ref().and_then(|from| from.get("supplied")) else {
            if !faults.excuse(&at.path, "valueFrom") {
                let message = "an output parameter needs `valueFrom: {supplied: {}}`, so far the \
                               only kind";
                faults.add(&code::MISSING_FIELD, &at.path.key("valueFrom"), message);
            }
            continue;
        };
        if template.body.is_some_and(|kind| kind != BodyKind::Suspend) {
            let message = "only a suspend template has outputs that somebody supplies";
            faults.add_key(&code::SCOPE, &supplied.path, message, None);
        }
    }
}

/// What a template has around its approval.
struct Around<'a> {
    inputs: Vec<&'a str>,
    supplied: BTreeSet<&'a str>,
}

fn approval(template: &Tmpl<'_>, faults: &mut Faults<'_>) {
    // What is wrong in the block itself was told when the plan was made.
    let was_muted = faults.mute(true);
    let found = spelled(&template.at, faults);
    faults.mute(was_muted);
    let Some(spelled) = found else { return };
    let duration = template.at.get("suspend").and_then(|at| at.get("duration"));
    if let Some(duration) = duration {
        let message = format!(
            "`duration` stands beside `approval` ({}): as in Argo a duration ends well by itself, \
             and silence is no consent; write `timeout` into the approval",
            spelled.at.path
        );
        faults.add_key(&code::SCOPE, &duration.path, message, None);
    }
    let Ok(policy) = parse(&spelled.block) else {
        return;
    };
    let names = |field: &str| {
        let list = template.at.get(field).map(|at| at.items("parameters"));
        list.unwrap_or_default()
            .iter()
            .filter_map(|at| at.text("name"))
            .collect::<Vec<&str>>()
    };
    let around = Around {
        inputs: names("inputs"),
        supplied: names("outputs").into_iter().collect(),
    };
    form(&spelled, &policy, template, &around, faults);
    for (index, shown) in policy.show.iter().flatten().enumerate() {
        if !around.inputs.contains(&shown.name.as_str()) {
            let message = format!("there is no input parameter {}", self::shown(&shown.name));
            let near = faults.near(&shown.name, around.inputs.iter().copied());
            let steps = [Step::Key("show".to_owned()), Step::Index(index)];
            spelled.add(&code::UNKNOWN_REFERENCE, &steps, &message, near, faults);
        }
    }
    unsupplied(template, &policy, &spelled, &around, faults);
}

/// Fields are parameters that come in and go out.
fn form(
    spelled: &Spelled<'_>,
    policy: &Policy,
    template: &Tmpl<'_>,
    around: &Around<'_>,
    faults: &mut Faults<'_>,
) {
    for (index, field) in policy.form.iter().enumerate() {
        let steps = |last: &str| {
            ["form", "fields"]
                .map(|key| Step::Key(key.to_owned()))
                .into_iter()
                .chain([Step::Index(index), Step::Key(last.to_owned())])
                .collect::<Vec<Step>>()
        };
        let name = field.name.as_str();
        let missing = match (
            around.inputs.contains(&name),
            around.supplied.contains(name),
        ) {
            (true, true) => None,
            (false, true) => Some("no input parameter of this name"),
            (true, false) => Some("no output parameter of this name with `valueFrom.supplied`"),
            (false, false) => Some("neither an input nor a supplied output parameter of this name"),
        };
        if let Some(missing) = missing {
            let message = format!(
                "there is {missing}: what is entered into {} comes in as an input and goes out as \
                 an output",
                shown(name)
            );
            let known = around.inputs.iter().copied();
            let near = faults.near(name, known.filter(|known| around.supplied.contains(known)));
            let path = steps("name");
            spelled.add(&code::UNKNOWN_REFERENCE, &path, &message, near, faults);
        }
        let enums = template.at.get("inputs").map(|at| at.items("parameters"));
        let input = enums
            .iter()
            .flatten()
            .find(|at| at.text("name") == Some(name));
        let allowed = input.map(|at| at.texts("enum")).unwrap_or_default();
        let stray = field
            .options
            .iter()
            .find(|option| !allowed.is_empty() && !allowed.contains(&option.as_str()));
        if let Some(option) = stray {
            let message = format!("{} is not in the `enum` of the input", shown(option));
            let near = faults.near(option, allowed.iter().copied());
            let path = steps("options");
            spelled.add(&code::NOT_IN_ENUM, &path, &message, near, faults);
        }
    }
}

/// Every supplied output has somebody who supplies it: the form, the engine, or a default.
fn unsupplied(
    template: &Tmpl<'_>,
    policy: &Policy,
    spelled: &Spelled<'_>,
    around: &Around<'_>,
    faults: &mut Faults<'_>,
) {
    let has_form = spelled.block.get("form").is_some();
    let list = template.at.get("outputs").map(|at| at.items("parameters"));
    for at in list.unwrap_or_default() {
        let Some(name) = at.text("name") else {
            continue;
        };
        let is_field = match has_form {
            true => policy.form.iter().any(|field| field.name == name),
            false => around.inputs.contains(&name),
        };
        let from = at.get("valueFrom");
        let has_default = from.is_some_and(|from| from.get("default").is_some());
        if is_field || has_default || RESERVED.contains(&name) {
            continue;
        }
        let message = format!(
            "nobody gives {} a value: it is no form field, none of the engine's own outputs ({}), \
             and has no `default`",
            shown(name),
            RESERVED.join(", ")
        );
        let near = faults.near(name, RESERVED);
        faults.add_near(&code::MISSING_VALUE, &at.path.key("name"), message, near);
    }
}
