//! `delete`: workflows by name, or by what they are.

use anyhow::bail;
use usher_api::command::Command;

use super::args::DeleteArgs;
use super::session::Session;
use super::{DONE, FAILED, command, get, output};
use crate::server::protocol::RunRef;

/// `usher delete`.
pub(super) fn delete(session: &mut Session, args: &DeleteArgs) -> anyhow::Result<u8> {
    let which = &args.which;
    let by_kind = args.all
        || which.completed
        || !which.status.is_empty()
        || which.prefix.is_some()
        || which.older.is_some()
        || which.selector.is_some();
    if args.workflows.is_empty() && !by_kind {
        bail!("say which: names, or --all, --completed, --older, --prefix, --status, --selector");
    }
    let namespace = args.namespace.or_default();
    let mut runs: Vec<(String, RunRef)> = args
        .workflows
        .iter()
        .map(|name| {
            let run = RunRef {
                namespace: namespace.clone(),
                name: name.clone(),
            };
            (name.clone(), run)
        })
        .collect();
    if by_kind {
        let wanted = get::wanted(Some(namespace.clone()), which);
        for object in get::objects(session, wanted)? {
            let field = |key: &str| object["metadata"][key].as_str().unwrap_or("").to_owned();
            let run = RunRef {
                namespace: namespace.clone(),
                name: field("uid"),
            };
            runs.push((field("name"), run));
        }
        if runs.is_empty() {
            output::print("no workflow is like that\n")?;
        }
    }
    let mut code = DONE;
    for (name, run) in runs {
        if args.dry_run {
            output::print(&format!("workflow {name} would be deleted\n"))?;
            continue;
        }
        let gone = command::give(session, run, &Command::Delete { by: String::new() })?;
        if !gone {
            code = FAILED;
        }
    }
    Ok(code)
}
