//! Durations, numbers, enums, and fields that stand where they mean nothing.

use std::collections::BTreeSet;

use serde_json::Value;
use usher_api::code;
use usher_api::duration::{parse_duration_ms, parse_go_duration_ms};
use usher_expr::{Limits, Text, WhenError, evaluate_when};

use crate::admit::at::At;
use crate::admit::faults::Faults;
use crate::admit::path::shown;
use crate::admit::survey::{BodyKind, Survey, Tmpl};

/// Tells every value that cannot mean anything.
pub(super) fn check(survey: &Survey<'_>, faults: &mut Faults<'_>) {
    let spec = &survey.spec;
    number(spec, "activeDeadlineSeconds", 0, faults);
    if let Some(at) = spec.get("retryStrategy") {
        retry(&at, faults);
    }
    globals(spec, faults);
    for template in &survey.templates {
        faults.mute(!template.is_used);
        self::template(template, faults);
    }
    faults.mute(false);
}

fn globals(spec: &At<'_>, faults: &mut Faults<'_>) {
    let list = spec.get("arguments").map(|at| at.items("parameters"));
    for at in list.unwrap_or_default() {
        let name = at.text("name").unwrap_or_default();
        match at.text("value") {
            Some(_) => in_enum(&at, faults),
            None if faults.excuse(&at.path, "value") || faults.excuse(&at.path, "valueFrom") => {}
            None => {
                let message = format!(
                    "parameter {} has no value; write `value` here, or give it with -p {name}=…",
                    shown(name)
                );
                faults.add(&code::MISSING_VALUE, &at.path.key("value"), message);
            }
        }
    }
}

fn template(template: &Tmpl<'_>, faults: &mut Faults<'_>) {
    let at = &template.at;
    if let Some(kind) = template.body {
        placed(at, kind, faults);
    }
    number(at, "activeDeadlineSeconds", 0, faults);
    duration(at, "timeout", true, faults);
    if let Some(at) = at.get("retryStrategy") {
        retry(&at, faults);
    }
    if let Some(at) = at.get("suspend") {
        duration(&at, "duration", false, faults);
    }
    for at in at
        .get("inputs")
        .map(|at| at.items("parameters"))
        .unwrap_or_default()
    {
        if at
            .get("enum")
            .is_some_and(|list| list.elements().is_empty())
            && !faults.excuse(&at.path, "enum")
        {
            let message = "`enum` allows no value at all; list one, or take it out";
            faults.add(&code::MISSING_FIELD, &at.path.key("enum"), message);
        }
    }
    if let Some(script) = at.get("script")
        && script.text("source").is_none_or(str::is_empty)
        && !faults.excuse(&script.path, "source")
    {
        let message = "a script needs a `source`";
        faults.add(&code::MISSING_FIELD, &script.path.key("source"), message);
    }
    dag(template, faults);
    for call in &template.calls {
        when(&call.at, faults);
    }
}

/// Fields that mean something only on leaf templates.
fn placed(at: &At<'_>, kind: BodyKind, faults: &mut Faults<'_>) {
    if !kind.is_group() {
        return;
    }
    for field in ["activeDeadlineSeconds", "timeout"] {
        if at.get(field).is_some() {
            let message = format!(
                "`{field}` counts on container, script and suspend templates, not on {}; put it \
                 on what is called, or `activeDeadlineSeconds` into `spec`",
                kind.word()
            );
            faults.add_key(&code::SCOPE, &at.path.key(field), message, None);
        }
    }
}

fn retry(at: &At<'_>, faults: &mut Faults<'_>) {
    number(at, "limit", 0, faults);
    if let Some(at) = at.get("backoff") {
        for field in ["duration", "cap", "maxDuration"] {
            duration(&at, field, false, faults);
        }
        number(&at, "factor", 0, faults);
    }
}

/// A whole number, unless tags make it.
fn number(at: &At<'_>, field: &str, least: i64, faults: &mut Faults<'_>) {
    let Some(text) = at.number_text(field) else {
        return;
    };
    if text.is_empty() || !Text::parse(&text).is_literal() {
        return;
    }
    let path = at.path.key(field);
    match text.parse::<i64>() {
        Ok(number) if number < least => {
            let message = format!("{number} is too small: at least {least}");
            faults.add(&code::BAD_NUMBER, &path, message);
        }
        Ok(number) if number > i64::from(i32::MAX) => {
            let message = format!("{number} is too large: at most {}", i32::MAX);
            faults.add(&code::BAD_NUMBER, &path, message);
        }
        Ok(_) => {}
        Err(_) => {
            let message = format!("{} is no whole number", shown(&text));
            faults.add(&code::BAD_NUMBER, &path, message);
        }
    }
}

/// A duration, unless tags make it.
fn duration(at: &At<'_>, field: &str, needs_unit: bool, faults: &mut Faults<'_>) {
    let Some(text) = at.text(field) else {
        return;
    };
    if text.is_empty() || !Text::parse(text).is_literal() {
        return;
    }
    let path = at.path.key(field);
    let read = match needs_unit {
        true => parse_go_duration_ms(text),
        false => parse_duration_ms(text),
    };
    match read {
        Ok(ms) if ms < 0 => {
            let message = format!("{} is less than nothing", shown(text));
            faults.add(&code::BAD_DURATION, &path, message);
        }
        Ok(_) => {}
        Err(error) => faults.add(&code::BAD_DURATION, &path, error.to_string()),
    }
}

/// Whether an argument's value is one of those that its own `enum` allows, unless tags make it.
/// The `enum` of a template's input is for people and forms: Argo does not hold callers to it.
pub(super) fn in_enum(at: &At<'_>, faults: &mut Faults<'_>) {
    let (allowed, value) = (at.texts("enum"), at.text("value").unwrap_or_default());
    if allowed.is_empty() || allowed.contains(&value) || !Text::parse(value).is_literal() {
        return;
    }
    let words: Vec<String> = allowed.iter().take(20).map(|word| shown(word)).collect();
    let message = format!("{} is none of {}", shown(value), words.join(", "));
    let near = faults.near(value, allowed.iter().copied());
    faults.add_near(&code::NOT_IN_ENUM, &at.path.key("value"), message, near);
}

fn dag(template: &Tmpl<'_>, faults: &mut Faults<'_>) {
    let Some(dag) = template.at.get("dag") else {
        return;
    };
    if template.calls.is_empty() && !faults.excuse(&dag.path, "tasks") {
        let message = "a dag needs at least one task";
        faults.add(&code::MISSING_FIELD, &dag.path.key("tasks"), message);
    }
    let target = dag.text("target").unwrap_or_default();
    if Text::parse(target).is_literal() {
        let names: BTreeSet<&str> = template.calls.iter().map(|call| call.name).collect();
        for wanted in target.split_whitespace() {
            if !names.contains(wanted) {
                let message = format!("there is no task {} in this dag", shown(wanted));
                let path = dag.path.key("target");
                let near = faults.near(wanted, names.iter().copied());
                faults.add_near(&code::BAD_DEPENDS, &path, message, near);
            }
        }
    }
    let uses_depends = template
        .calls
        .iter()
        .any(|call| call.at.text("depends").is_some_and(|text| !text.is_empty()));
    for call in template.calls.iter().filter(|_| uses_depends) {
        if call.at.get("continueOn").is_some() {
            let message = "`continueOn` cannot stand in a dag that uses `depends`; write \
                           for example `depends: a.Succeeded || a.Failed`";
            faults.add_key(&code::SCOPE, &call.at.path.key("continueOn"), message, None);
        }
    }
}

/// Only a `when` beyond the limits is refused: one that cannot be read ends its node in Error, as
/// in Argo, and its group may go on.
fn when(at: &At<'_>, faults: &mut Faults<'_>) {
    let Some(when) = at.value.get("when").and_then(Value::as_str) else {
        return;
    };
    if !Text::parse(when).is_literal() {
        return;
    }
    let limits = Limits::default();
    if let Err(
        error @ (WhenError::TooDeep { .. }
        | WhenError::TooManySteps { .. }
        | WhenError::TooLong { .. }),
    ) = evaluate_when(when, &limits)
    {
        faults.add(&code::BAD_WHEN, &at.path.key("when"), error.to_string());
    }
}
