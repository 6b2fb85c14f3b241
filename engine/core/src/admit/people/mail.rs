//! `plugin.mail`: a step that the engine carries out itself.
//!
//! Argo's schema takes any mapping below `plugin`, so the file stays valid there.

use serde_json::{Map, Value};
use usher_api::code;
use usher_expr::Text;

use crate::admit::at::At;
use crate::admit::faults::Faults;
use crate::admit::path::{Path, shown};
use crate::plan::Mail;

const FIELDS: [&str; 6] = ["to", "cc", "subject", "text", "html", "wait"];

/// The mail of a plugin template; none if it is another plugin or was refused.
pub(crate) fn mail(plugin: &At<'_>, faults: &mut Faults<'_>) -> Option<Mail> {
    let Some(plugins) = plugin.object() else {
        let message = "takes a mapping with `mail`";
        faults.add(&code::WRONG_KIND, &plugin.path, message);
        return None;
    };
    for name in plugins.keys().filter(|name| *name != "mail") {
        let message = format!(
            "plugin {} is not supported yet; `mail` is built in",
            shown(name)
        );
        let near = faults.near(name, ["mail"]);
        let path = plugin.path.key(name);
        faults.add_key(&code::NOT_SUPPORTED, &path, message, near);
    }
    let Some(at) = plugin.get("mail") else {
        if plugins.is_empty() {
            let message = "`mail` is missing: the one plugin that is built in";
            faults.add(&code::MISSING_FIELD, &plugin.path, message);
        }
        return None;
    };
    let Some(fields) = at.object() else {
        let message = "takes a mapping with `to`, `subject` and `text`";
        faults.add(&code::WRONG_KIND, &at.path, message);
        return None;
    };
    unknown(fields, &at.path, faults);
    let to = addresses(&at, "to", faults);
    if to.is_empty() {
        missing(&at, "to", faults);
    }
    let subject = text(&at, "subject", faults).or_else(|| missing(&at, "subject", faults));
    let body = text(&at, "text", faults).or_else(|| missing(&at, "text", faults));
    let waits = match at.value.get("wait") {
        None | Some(Value::Null) => false,
        Some(Value::String(word)) if word == "sent" => true,
        Some(_) => {
            let message = "takes the word `sent`; without it the step is done when the mail is \
                           safely queued";
            faults.add(&code::NOT_IN_ENUM, &at.path.key("wait"), message);
            false
        }
    };
    Some(Mail {
        to,
        cc: addresses(&at, "cc", faults),
        subject: subject?,
        text: body?,
        html: text(&at, "html", faults),
        waits,
    })
}

fn unknown(fields: &Map<String, Value>, path: &Path, faults: &mut Faults<'_>) {
    for name in fields
        .keys()
        .filter(|name| !FIELDS.contains(&name.as_str()))
    {
        let message = format!("a mail has no field {}", shown(name));
        let near = faults.near(name, FIELDS);
        faults.add_key(&code::UNKNOWN_FIELD, &path.key(name), message, near);
    }
}

fn missing(at: &At<'_>, field: &str, faults: &mut Faults<'_>) -> Option<Text> {
    let is_there = at.value.get(field).is_some_and(|value| !value.is_null());
    if !is_there && !faults.excuse(&at.path, field) {
        let message = format!("a mail needs `{field}`");
        faults.add(&code::MISSING_FIELD, &at.path.key(field), message);
    }
    None
}

fn text(at: &At<'_>, field: &str, faults: &mut Faults<'_>) -> Option<Text> {
    match at.value.get(field)? {
        Value::Null => None,
        Value::String(text) => Some(Text::parse(text)),
        _ => {
            faults.add(&code::WRONG_KIND, &at.path.key(field), "takes text");
            None
        }
    }
}

/// One text or a list of texts; literal addresses are looked at here, others when they are known.
fn addresses(at: &At<'_>, field: &str, faults: &mut Faults<'_>) -> Vec<Text> {
    let Some(at) = at.get(field).filter(|at| !at.value.is_null()) else {
        return Vec::new();
    };
    let all = match at.value {
        Value::Array(_) => at.elements(),
        _ => vec![at.clone()],
    };
    let mut texts = Vec::with_capacity(all.len());
    for at in all {
        let Some(text) = at.value.as_str() else {
            let message = "takes an address, or a list of addresses";
            faults.add(&code::WRONG_KIND, &at.path, message);
            continue;
        };
        let parsed = Text::parse(text);
        if let Some(literal) = parsed.as_literal()
            && let Err(why) = crate::address::list(literal)
        {
            faults.add(&code::NOT_IN_ENUM, &at.path, why);
        }
        texts.push(parsed);
    }
    if texts.is_empty() && !faults.excuse(&at.path, field) {
        faults.add(&code::MISSING_FIELD, &at.path, "names nobody");
    }
    texts
}
