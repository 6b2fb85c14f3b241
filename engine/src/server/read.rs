//! What can be answered by reading alone: objects, lists, log files.
//!
//! The engine answers so on its reading threads, and so does a client that finds no engine: looking
//! at a run starts nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use usher_core::prepared::Prepared;
use usher_core::run::{Kind, Run};
use usher_ledger::tasks::TaskFilter;
use usher_ledger::{Filter, PARTITIONS, Quiet, Reader, RunRow};

use super::filter::{Labels, match_row};
use super::protocol::{Answer, LogFile, PARKED, Request, RunRef, Wanted};
use super::waits;
use crate::actors::shell::{PlanCache, Shell};
use crate::ports::runtime::PodKey;

/// How many runs a list answers with.
const LIST_MAX: usize = 10_000;

/// How many rows a list looks at.
const LOOK_MAX: usize = 1_000_000;

/// What reading needs besides the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Shelf<'a> {
    /// Plans in use.
    pub plans: &'a PlanCache,
    /// The folder of the local attempts' files.
    pub runs: &'a Path,
}

/// An answer that says no.
#[must_use]
pub fn failed(code: &str, message: impl Into<String>) -> Answer {
    Answer::Failed {
        code: code.to_owned(),
        message: message.into(),
    }
}

fn internal(error: impl std::fmt::Display) -> Answer {
    failed("internal", error.to_string())
}

/// Answers a request that only reads; none for any other.
#[must_use]
pub fn answer(reader: &mut dyn Reader, shelf: Shelf<'_>, request: &Request) -> Option<Answer> {
    let answer = match request {
        Request::Get { run } => object(reader, shelf, run),
        Request::List { wanted } => list(reader, shelf, wanted),
        Request::Logs { run } => logs(reader, shelf, run),
        _ => return None,
    };
    Some(answer.unwrap_or_else(|no| no))
}

/// The uid of a run.
///
/// # Errors
/// The answer to give when there is none.
pub fn find(reader: &mut dyn Reader, run: &RunRef) -> Result<String, Answer> {
    let RunRef { namespace, name } = run;
    let found = if name == "@latest" {
        let newest = reader.list_runs(Some(namespace), 1).map_err(internal)?;
        newest.into_iter().next().map(|row| row.uid)
    } else {
        match reader.find_run(namespace, name).map_err(internal)? {
            Some(uid) => Some(uid),
            None => reader.run_row(name).map_err(internal)?.map(|row| row.uid),
        }
    };
    found.ok_or_else(|| {
        let message = match name.as_str() {
            "@latest" => format!("there is no workflow in namespace {namespace}"),
            _ => format!(
                "workflow {name} not found in namespace {namespace}; `usher list -A` shows all"
            ),
        };
        failed("not-found", message)
    })
}

/// A run, and whether nothing but a person or a time will move it on.
///
/// # Errors
/// The answer to give when it is not there or cannot be read.
pub(super) fn run(
    reader: &mut dyn Reader,
    shelf: Shelf<'_>,
    run: &RunRef,
) -> Result<(Run, bool), Answer> {
    let uid = find(reader, run)?;
    let loaded = reader.load_run(&uid).map_err(internal)?;
    let gone = || failed("not-found", format!("workflow {} is gone", run.name));
    let loaded = loaded.ok_or_else(gone)?;
    // What is left to do is worked out by an actor; its last turn has written what came of that.
    let waits = loaded.row.finished_ms.is_none() && loaded.row.quiet != Quiet::Awake;
    let readable = Shell::decode(shelf.plans, loaded).map_err(internal)?;
    let mut run = readable.run;
    if let Some(reason) = readable.parked {
        run.head.message = format!("{PARKED}{reason}");
    }
    Ok((run, waits))
}

fn object(reader: &mut dyn Reader, shelf: Shelf<'_>, wanted: &RunRef) -> Result<Answer, Answer> {
    let (mut run, waits) = run(reader, shelf, wanted)?;
    waits::tell(reader, &mut run).map_err(internal)?;
    Ok(Answer::Object {
        waits,
        object: Box::new(usher_core::project::object(&run)),
    })
}

fn list(reader: &mut dyn Reader, shelf: Shelf<'_>, wanted: &Wanted) -> Result<Answer, Answer> {
    let labels = wanted.labels.as_deref().map(Labels::parse).transpose();
    let labels = labels.map_err(|error| failed("bad-request", error.to_string()))?;
    let filter = Filter {
        namespace: wanted.namespace.clone(),
        phase: match wanted.phases.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        },
        name_prefix: wanted.prefix.clone(),
        limit: match wanted {
            Wanted {
                since_ms: None,
                ended_before_ms: None,
                labels: None,
                phases,
                ..
            } if phases.len() < 2 => LIST_MAX,
            _ => LOOK_MAX,
        },
    };
    // Held until the list is done: equal runs parse their plan once.
    let mut plans = BTreeMap::new();
    let mut objects = Vec::new();
    for row in reader.filter_runs(&filter).map_err(internal)? {
        if !match_row(wanted, &row) {
            continue;
        }
        let Some(object) = summary(reader, shelf, &row, &mut plans)? else {
            continue;
        };
        if labels.as_ref().is_none_or(|l| l.match_object(&object)) {
            objects.push(object);
        }
        if objects.len() >= LIST_MAX {
            break;
        }
    }
    Ok(Answer::Objects { objects })
}

/// A run's object without its nodes, from its row; none when its plan cannot be read.
fn summary(
    reader: &mut dyn Reader,
    shelf: Shelf<'_>,
    row: &RunRow,
    held: &mut BTreeMap<String, Arc<Prepared>>,
) -> Result<Option<Value>, Answer> {
    let plan = match held.get(&row.plan) {
        Some(plan) => plan.clone(),
        None => {
            let bytes = reader.plan(&row.plan).map_err(internal)?;
            let read = bytes.map(|bytes| shelf.plans.get(&row.plan, &bytes));
            let Some(Ok(plan)) = read else {
                return Ok(None);
            };
            held.insert(row.plan.clone(), plan.clone());
            plan
        }
    };
    let Ok(run) = usher_core::run::decode(plan, &row.head, &[]) else {
        return Ok(None);
    };
    let mut object = usher_core::project::object(&run);
    strip(&mut object);
    if let (Some(reason), Some(status)) = (&row.parked, object["status"].as_object_mut()) {
        status.insert("message".into(), json!(format!("{PARKED}{reason}")));
    }
    Ok(Some(object))
}

/// Takes what belongs to nodes off an object.
fn strip(object: &mut Value) {
    if let Some(status) = object["status"].as_object_mut() {
        for key in ["nodes", "progress", "conditions"] {
            status.remove(key);
        }
    }
}

/// A run's object without its nodes if it has ended.
///
/// # Errors
/// The answer to give when it is not there.
pub(super) fn ended(
    reader: &mut dyn Reader,
    shelf: Shelf<'_>,
    uid: &str,
) -> Result<Option<Answer>, Answer> {
    let gone = || failed("not-found", format!("workflow {uid} is gone"));
    let row = reader.run_row(uid).map_err(internal)?.ok_or_else(gone)?;
    if row.finished_ms.is_none() && row.parked.is_none() {
        return Ok(None);
    }
    let object = summary(reader, shelf, &row, &mut BTreeMap::new())?.ok_or_else(gone)?;
    Ok(Some(Answer::Object {
        object: Box::new(object),
        waits: row.parked.is_some(),
    }))
}

fn logs(reader: &mut dyn Reader, shelf: Shelf<'_>, wanted: &RunRef) -> Result<Answer, Answer> {
    let (run, _) = run(reader, shelf, wanted)?;
    let mut files: Vec<LogFile> = (0..)
        .zip(&run.nodes)
        .filter(|(_, node)| node.kind == Kind::Pod && node.launch > 0 && !node.is_vacant())
        .map(|(ix, node)| {
            let key = PodKey {
                run: run.head.identity.uid.clone(),
                node: ix,
                launch: node.launch,
            };
            LogFile {
                node_id: run.id_of(node),
                display_name: run.display_name(node),
                name: node.name.to_string(),
                pod_name: run.pod_name_of(ix),
                template: run
                    .template(ix)
                    .map_or_else(String::new, |t| t.name.clone()),
                folder: shelf.runs.join(key.folder()),
                ended: node.phase.is_done(),
                started_ms: node.started_ms,
            }
        })
        .collect();
    files.sort_by_key(|file| file.started_ms);
    Ok(Answer::Logs {
        files,
        ended: run.head.phase.is_done(),
    })
}

/// Whether a run needs an engine by itself: it is awake, has an open command, or a time set.
///
/// # Errors
/// When the ledger cannot be read.
pub fn needs_engine(reader: &mut dyn Reader) -> Result<bool, usher_ledger::Error> {
    for part in 0..PARTITIONS {
        if !reader.awake_runs(part)?.is_empty()
            || !reader.pending_runs(part)?.is_empty()
            || !reader.due_runs(part, i64::MAX - 1, 1)?.is_empty()
        {
            return Ok(true);
        }
    }
    asks_people(reader)
}

/// Whether requests for approval are open or to be recorded, or mails are to be sent. Links in
/// mails lead to an engine, for as long as somebody may still decide.
///
/// # Errors
/// When the ledger cannot be read.
pub fn asks_people(reader: &mut dyn Reader) -> Result<bool, usher_ledger::Error> {
    let open = TaskFilter {
        open: Some(true),
        limit: 1,
        ..TaskFilter::default()
    };
    Ok(reader.next_mail_due()?.is_some()
        || reader.next_task_due()?.is_some()
        || !reader.tasks(&open)?.is_empty())
}
