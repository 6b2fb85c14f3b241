//! Names: what characters and lengths each kind may have, and that parameters have one each.

use std::collections::BTreeMap;

use usher_api::code;

use crate::admit::at::At;
use crate::admit::faults::Faults;
use crate::admit::path::{Path, shown};
use crate::admit::survey::Survey;

/// The longest name of an object in Kubernetes that also names pods and labels.
const OBJECT_MAX: usize = 63;
/// The longest name of a template, step or task.
const FIELD_MAX: usize = 128;

/// Tells every bad name.
pub(super) fn check(root: &At<'_>, survey: &Survey<'_>, faults: &mut Faults<'_>) {
    metadata(root, faults);
    if let Some(arguments) = survey.spec.get("arguments") {
        parameters(&arguments, faults);
    }
    for template in &survey.templates {
        if !template.name.is_empty() {
            field_name(template.name, &template.at.path.key("name"), faults);
        }
        if let Some(inputs) = template.at.get("inputs") {
            parameters(&inputs, faults);
        }
        if let Some(outputs) = template.at.get("outputs") {
            parameters(&outputs, faults);
        }
        faults.mute(!template.is_used);
        for call in &template.calls {
            if !call.name.is_empty() {
                field_name(call.name, &call.at.path.key("name"), faults);
            }
            if let Some(arguments) = call.at.get("arguments") {
                parameters(&arguments, faults);
            }
        }
        for body in ["container", "script"] {
            let env = template.at.get(body).map(|at| at.items("env"));
            for entry in env.unwrap_or_default() {
                variable(&entry, faults);
            }
        }
        faults.mute(false);
    }
}

fn metadata(root: &At<'_>, faults: &mut Faults<'_>) {
    let metadata = root.get("metadata");
    let field = |name: &str| {
        let text = metadata.as_ref()?.text(name)?;
        (!text.is_empty()).then(|| (text, root.path.key("metadata").key(name)))
    };
    if let Some((name, path)) = field("name") {
        object_name(name, &path, faults);
    }
    if let Some((prefix, path)) = field("generateName") {
        // What is added to it begins with a letter or digit, so it may end with `-` or `.`.
        let stem = prefix.trim_end_matches(['-', '.']);
        object_name(if stem.is_empty() { prefix } else { stem }, &path, faults);
    }
    if let Some((namespace, path)) = field("namespace") {
        object_name(namespace, &path, faults);
        if namespace.contains('.') {
            let message = format!("{} holds a dot; a namespace has none", shown(namespace));
            faults.add(&code::BAD_NAME, &path, message);
        }
    }
    let is_told = ["metadata", "name", "generateName"].iter().any(|name| {
        let owner = match *name {
            "metadata" => root.path.clone(),
            _ => root.path.key("metadata"),
        };
        faults.excuse(&owner, name)
    });
    if field("name").is_none() && field("generateName").is_none() && !is_told {
        let message = "a workflow needs a `name`, or a `generateName` to make one of";
        faults.add(
            &code::MISSING_FIELD,
            &root.path.key("metadata").key("name"),
            message,
        );
    }
}

fn object_name(name: &str, path: &Path, faults: &mut Faults<'_>) {
    if name.len() > OBJECT_MAX {
        let message = format!(
            "has {} characters, at most {OBJECT_MAX}",
            name.chars().count()
        );
        faults.add(&code::BAD_NAME, path, message);
        return;
    }
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let labels_fit = name.split('.').all(|label| {
        label.starts_with(is_inner)
            && label.ends_with(is_inner)
            && label.chars().all(|c| is_inner(c) || c == '-')
    });
    if !labels_fit {
        let message = format!(
            "{} is no name: lower case letters, digits, `-` and `.`, a letter or digit at both \
             ends",
            shown(name)
        );
        let fixed = lower(name);
        faults.add_near(&code::BAD_NAME, path, message, fixed.as_deref());
    }
}

/// The name with capitals lowered and other characters replaced, if that is all it takes.
fn lower(name: &str) -> Option<String> {
    let fixed: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c == '_' || c == ' ' { '-' } else { c })
        .collect();
    let fixed = fixed.trim_matches('-').to_owned();
    let fits = !fixed.is_empty()
        && fixed
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    fits.then_some(fixed)
}

fn field_name(name: &str, path: &Path, faults: &mut Faults<'_>) {
    if name.len() > FIELD_MAX {
        let message = format!(
            "has {} characters, at most {FIELD_MAX}",
            name.chars().count()
        );
        faults.add(&code::BAD_NAME, path, message);
        return;
    }
    let fits = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !fits {
        let message = format!(
            "{} is no name: letters, digits and `-`, a letter or digit first",
            shown(name)
        );
        faults.add(&code::BAD_NAME, path, message);
    }
}

/// Parameters of one list: each has a name of its own.
fn parameters(owner: &At<'_>, faults: &mut Faults<'_>) {
    let mut seen: BTreeMap<&str, Path> = BTreeMap::new();
    for at in owner.items("parameters") {
        let path = at.path.key("name");
        let Some(name) = at.text("name").filter(|name| !name.is_empty()) else {
            if !faults.excuse(&at.path, "name") {
                faults.add(&code::MISSING_FIELD, &path, "a parameter needs a `name`");
            }
            continue;
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !name.chars().all(fits) {
            let message = format!(
                "{} is no name of a parameter: letters, digits, `-` and `_`",
                shown(name)
            );
            faults.add(&code::BAD_NAME, &path, message);
        }
        if let Some(first) = seen.get(name) {
            let message = format!("parameter {} is already at {first}", shown(name));
            faults.add(&code::DUPLICATE_NAME, &path, message);
        } else {
            seen.insert(name, at.path.clone());
        }
    }
}

fn variable(entry: &At<'_>, faults: &mut Faults<'_>) {
    let path = entry.path.key("name");
    match entry.text("name").filter(|name| !name.is_empty()) {
        Some(name) if name.contains('=') => {
            let message = format!("{} holds `=`, which ends a variable's name", shown(name));
            faults.add(&code::BAD_NAME, &path, message);
        }
        Some(_) => {}
        None => {
            if !faults.excuse(&entry.path, "name") {
                faults.add(&code::MISSING_FIELD, &path, "a variable needs a `name`");
            }
        }
    }
}
