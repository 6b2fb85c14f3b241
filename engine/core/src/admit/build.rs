//! From a surveyed object to its plan.
//!
//! Tells what no plan can be without: an entry, a graph without circles, words that have a meaning.
//! What is merely wrong in a value is told by the rules.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use usher_api::code;
use usher_expr::Text;

use super::at::At;
use super::faults::Faults;
use super::graph;
use super::path::shown;
use super::people;
use super::survey::{BodyKind, CallAt, Survey, Tmpl, results_mentioned};
use crate::plan::{
    Backoff, Body, Call, ContinueOn, Global, Input, Plan, Pod, Retry, RetryPolicy, Shutdown,
    Template, TemplateIx,
};

/// Makes the plan of a surveyed object; none if something was refused.
pub(crate) fn build(object: &Value, survey: &Survey<'_>, faults: &mut Faults<'_>) -> Option<Plan> {
    let spec = &survey.spec;
    let entry = entry(survey, faults);
    let on_exit = spec
        .text("onExit")
        .map(|name| survey.find(name, &spec.path.key("onExit"), faults));
    let retry = spec.get("retryStrategy").map(|at| self::retry(&at, faults));
    let templates: Vec<Option<Template>> = survey
        .templates
        .iter()
        .map(|template| {
            faults.mute(!template.is_used);
            self::template(template, retry.as_ref(), faults)
        })
        .collect();
    faults.mute(false);
    let shutdown = shutdown(spec, faults);
    let notices = people::notices(&At::root(object), faults);
    if !faults.is_empty() {
        return None;
    }
    Some(Plan {
        object: object.clone(),
        entry: entry?,
        on_exit: on_exit.flatten(),
        // A template that is missing would move the indices of those after it.
        templates: templates.into_iter().collect::<Option<_>>()?,
        parameters: globals(spec),
        deadline_s: spec
            .value
            .get("activeDeadlineSeconds")
            .and_then(Value::as_i64),
        suspended: spec.flag("suspend"),
        shutdown,
        service_account: spec.text("serviceAccountName").map(str::to_owned),
        priority: spec.value.get("priority").and_then(Value::as_i64),
        notices,
    })
}

fn entry(survey: &Survey<'_>, faults: &mut Faults<'_>) -> Option<TemplateIx> {
    let path = survey.spec.path.key("entrypoint");
    match survey.spec.text("entrypoint") {
        Some(name) if !name.is_empty() => survey.find(name, &path, faults),
        _ => {
            let is_told = ["entrypoint", "workflowTemplateRef"]
                .iter()
                .any(|field| faults.excuse(&survey.spec.path, field));
            if !is_told {
                faults.add(
                    &code::MISSING_FIELD,
                    &path,
                    "`entrypoint` is missing or empty",
                );
            }
            None
        }
    }
}

fn shutdown(spec: &At<'_>, faults: &mut Faults<'_>) -> Option<Shutdown> {
    match spec.text("shutdown")? {
        "" => None,
        "Stop" => Some(Shutdown::Stop),
        "Terminate" => Some(Shutdown::Terminate),
        other => {
            let message = format!("{} is neither Stop nor Terminate", shown(other));
            let near = faults.near(other, ["Stop", "Terminate"]);
            faults.add_near(
                &code::NOT_IN_ENUM,
                &spec.path.key("shutdown"),
                message,
                near,
            );
            None
        }
    }
}

fn globals(spec: &At<'_>) -> Vec<Global> {
    let list = spec
        .get("arguments")
        .map(|at| at.items("parameters"))
        .unwrap_or_default();
    let global = |at: At<'_>| Global {
        name: at.text("name").unwrap_or_default().to_owned(),
        value: Text::parse(at.text("value").unwrap_or_default()),
        declared: at.object().cloned().unwrap_or_default(),
    };
    list.into_iter().map(global).collect()
}

fn template(
    template: &Tmpl<'_>,
    inherited: Option<&Retry>,
    faults: &mut Faults<'_>,
) -> Option<Template> {
    let at = &template.at;
    let own = at.get("retryStrategy").map(|at| retry(&at, faults));
    let inputs = inputs(at);
    let body = match template.body? {
        kind @ (BodyKind::Container | BodyKind::Script) => {
            Body::Pod(Box::new(pod(&at.get(kind.word())?)))
        }
        BodyKind::Suspend => {
            let outputs = people::supplied(at, &inputs);
            Body::Suspend {
                duration: at.get("suspend")?.text("duration").map(Text::parse),
                approval: people::approval(at, (&inputs, &outputs), faults),
                outputs,
            }
        }
        BodyKind::Plugin => Body::Mail(Box::new(people::mail(&at.get("plugin")?, faults)?)),
        BodyKind::Steps => Body::Steps(steps(template)),
        BodyKind::Dag => Body::Dag(graph::dag(template, calls(template), faults)?),
    };
    Some(Template {
        name: template.name.to_owned(),
        path: at.path.to_string(),
        inputs,
        display_name: display_name(at),
        body,
        retry: own.or_else(|| inherited.cloned()),
        deadline: at
            .number_text("activeDeadlineSeconds")
            .as_deref()
            .map(Text::parse),
        timeout: at.text("timeout").map(Text::parse),
    })
}

fn display_name(template: &At<'_>) -> Option<Text> {
    let annotations = template.get("annotations")?;
    annotations
        .text("workflows.argoproj.io/display-name")
        .map(Text::parse)
}

fn inputs(template: &At<'_>) -> Vec<Input> {
    let list = template
        .get("inputs")
        .map(|at| at.items("parameters"))
        .unwrap_or_default();
    let input = |at: At<'_>| {
        let mut declared: Map<String, Value> = at.object().cloned().unwrap_or_default();
        declared.shift_remove("value");
        Input {
            name: at.text("name").unwrap_or_default().to_owned(),
            value: at.text("value").map(Text::parse),
            default: at.text("default").map(Text::parse),
            choices: at.texts("enum").into_iter().map(str::to_owned).collect(),
            declared,
        }
    };
    list.into_iter().map(input).collect()
}

fn pod(at: &At<'_>) -> Pod {
    let texts = |name| at.texts(name).into_iter().map(Text::parse).collect();
    let env = |entry: At<'_>| {
        let name = entry.text("name").unwrap_or_default().to_owned();
        (name, Text::parse(entry.text("value").unwrap_or_default()))
    };
    Pod {
        image: at.text("image").map(Text::parse),
        command: texts("command"),
        args: texts("args"),
        env: at.items("env").into_iter().map(env).collect(),
        working_dir: at.text("workingDir").map(Text::parse),
        source: at.text("source").map(Text::parse),
    }
}

fn steps(template: &Tmpl<'_>) -> Vec<Vec<Call>> {
    let mut groups: Vec<Vec<Call>> = template
        .at
        .items("steps")
        .iter()
        .map(|_| Vec::new())
        .collect();
    for (call, at) in calls(template).into_iter().zip(&template.calls) {
        if let Some(group) = groups.get_mut(at.group) {
            group.push(call);
        }
    }
    groups
}

fn calls(template: &Tmpl<'_>) -> Vec<Call> {
    let results = results_mentioned(template.at.value);
    template.calls.iter().map(|at| call(at, &results)).collect()
}

fn call(call: &CallAt<'_>, results: &BTreeSet<String>) -> Call {
    let at = &call.at;
    let arguments = at
        .get("arguments")
        .map(|at| at.items("parameters"))
        .unwrap_or_default();
    let argument = |at: At<'_>| Some((at.text("name")?.to_owned(), Text::parse(at.text("value")?)));
    let continue_on = at.get("continueOn");
    let excuses = |field| continue_on.as_ref().is_some_and(|at| at.flag(field));
    Call {
        name: call.name.to_owned(),
        // A call whose target was refused is never run: there is a fault, so there is no plan.
        template: call.target.unwrap_or_default(),
        arguments: arguments.into_iter().filter_map(argument).collect(),
        when: at
            .text("when")
            .filter(|when| !when.is_empty())
            .map(Text::parse),
        continue_on: ContinueOn {
            failed: excuses("failed"),
            error: excuses("error"),
        },
        captures_result: results.contains(call.name),
    }
}

const POLICIES: [(&str, RetryPolicy); 4] = [
    ("Always", RetryPolicy::Always),
    ("OnFailure", RetryPolicy::OnFailure),
    ("OnError", RetryPolicy::OnError),
    ("OnTransientError", RetryPolicy::OnTransientError),
];

fn retry(at: &At<'_>, faults: &mut Faults<'_>) -> Retry {
    let policy = match at.text("retryPolicy") {
        None | Some("") => RetryPolicy::OnFailure,
        Some(word) => match POLICIES.iter().find(|(known, _)| *known == word) {
            Some((_, policy)) => *policy,
            None => {
                let known = POLICIES.map(|(word, _)| word);
                let message = format!("{} is none of {}", shown(word), known.join(", "));
                let path = at.path.key("retryPolicy");
                let near = faults.near(word, known);
                faults.add_near(&code::NOT_IN_ENUM, &path, message, near);
                RetryPolicy::OnFailure
            }
        },
    };
    Retry {
        limit: at.number_text("limit").as_deref().map(Text::parse),
        policy,
        backoff: at.get("backoff").and_then(|at| backoff(&at, faults)),
    }
}

fn backoff(at: &At<'_>, faults: &mut Faults<'_>) -> Option<Backoff> {
    let Some(duration) = at.text("duration").filter(|text| !text.is_empty()) else {
        if !faults.excuse(&at.path, "duration") {
            let path = at.path.key("duration");
            faults.add(
                &code::MISSING_FIELD,
                &path,
                "a `backoff` needs a `duration`",
            );
        }
        return None;
    };
    let text = |name| {
        at.text(name)
            .filter(|text| !text.is_empty())
            .map(Text::parse)
    };
    Some(Backoff {
        duration: Text::parse(duration),
        factor: at.number_text("factor").as_deref().map(Text::parse),
        cap: text("cap"),
        max_duration: text("maxDuration"),
    })
}
