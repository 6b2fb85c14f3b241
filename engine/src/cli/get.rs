//! `list` and `get`: looking, which starts nothing.

use anyhow::Context as _;
use serde_json::Value;

use super::args::{GetArgs, ListArgs, Output, Which};
use super::session::Session;
use super::submit::now_ms;
use super::{DONE, FAILED, output, view};
use crate::client::unexpected;
use crate::server::protocol::{Answer, Request, RunRef, Wanted, is_over};

/// The phases of a run that has ended.
const ENDED: [&str; 3] = ["Succeeded", "Failed", "Error"];

/// `usher list`.
pub(super) fn list(session: &mut Session, args: &ListArgs) -> anyhow::Result<u8> {
    let namespace = (!args.all_namespaces).then(|| args.namespace.or_default());
    let mut wanted = wanted(namespace, &args.which);
    wanted.since_ms = args.since.map(|ms| now_ms() - ms);
    if args.running {
        wanted.phases = vec!["Running".to_owned()];
    }
    let objects = objects(session, wanted)?;
    let unfinished = objects.iter().any(|object| !is_over(object));
    let text = match args.output {
        Some(Output::Json) => view::json(&Value::Array(objects)),
        Some(Output::Yaml) => view::yaml(&Value::Array(objects)),
        Some(Output::Name) => view::names(&objects),
        wide_or_not => {
            let options = view::ListOptions {
                wide: wide_or_not == Some(Output::Wide),
                no_headers: args.no_headers,
                all_namespaces: args.all_namespaces,
            };
            view::list(&objects, now_ms(), &session.style, &options)
        }
    };
    output::print(&text)?;
    if unfinished {
        session.note_standstill();
    }
    Ok(DONE)
}

/// What flags ask for.
pub(super) fn wanted(namespace: Option<String>, which: &Which) -> Wanted {
    let mut phases = which.status.clone();
    if which.completed {
        if phases.is_empty() {
            phases = ENDED.map(str::to_owned).to_vec();
        } else {
            phases.retain(|phase| ENDED.contains(&phase.as_str()));
        }
    }
    Wanted {
        namespace,
        phases,
        prefix: which.prefix.clone(),
        since_ms: None,
        ended_before_ms: which.older.map(|ms| now_ms() - ms),
        labels: which.selector.clone(),
    }
}

/// The objects of wanted runs, without nodes.
///
/// # Errors
/// What the engine or the ledger says.
pub(super) fn objects(session: &mut Session, wanted: Wanted) -> anyhow::Result<Vec<Value>> {
    match session.look(&Request::List { wanted })? {
        Answer::Objects { objects } => Ok(objects),
        other => Err(unexpected(&other).into()),
    }
}

/// `usher get`.
pub(super) fn get(session: &mut Session, args: &GetArgs) -> anyhow::Result<u8> {
    let selector = match (&args.node_field_selector, &args.status) {
        (Some(text), _) => view::Selector::parse(text).context("--node-field-selector")?,
        (None, Some(word)) => view::Selector::status(word),
        (None, None) => view::Selector::default(),
    };
    let namespace = args.names.namespace.or_default();
    let mut code = DONE;
    let mut is_first = true;
    let mut unfinished = false;
    for name in &args.names.workflows {
        let run = RunRef {
            namespace: namespace.clone(),
            name: name.clone(),
        };
        let object = match session.look(&Request::Get { run }) {
            Ok(Answer::Object { object, .. }) => object,
            Ok(other) => return Err(unexpected(&other).into()),
            Err(error) if error.is_not_found() => {
                output::complain(&error.into());
                code = FAILED;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let text = shown(session, args.output, &object, &selector);
        let between = match args.output {
            Some(Output::Yaml) if !is_first => "---\n",
            None | Some(Output::Wide | Output::Short) if !is_first => "\n",
            _ => "",
        };
        output::print(&format!("{between}{text}"))?;
        is_first = false;
        unfinished |= !is_over(&object);
    }
    if unfinished {
        session.note_standstill();
    }
    Ok(code)
}

/// An object as `-o` asks for it, of its nodes those that are selected.
pub(super) fn shown(
    session: &Session,
    output: Option<Output>,
    object: &Value,
    selector: &view::Selector,
) -> String {
    let form = match output {
        Some(Output::Json) => return view::json(object),
        Some(Output::Yaml) => return view::yaml(object),
        Some(Output::Name) => return view::names(std::slice::from_ref(object)),
        Some(Output::Wide) => view::Form::Wide,
        Some(Output::Short) => view::Form::Short,
        None => view::Form::Usual,
    };
    let options = view::GetOptions {
        form,
        selector: selector.clone(),
    };
    view::get(object, now_ms(), &session.style, &options)
}
