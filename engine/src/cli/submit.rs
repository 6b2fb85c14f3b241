//! From files and flags to runs: reading, admitting, submitting.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;
use usher_core::admit::{Admitted, Fault, Overrides, admit, read};

use super::args::{Output, Source, SubmitArgs};
use super::postbox::Letters;
use super::session::{Session, Verb};
use super::view::{self, Style};
use super::{DONE, INVALID, get, output, stay};
use crate::client::unexpected;
use crate::server::protocol::{Answer, Request, RunRef};

/// The namespace of whoever names none.
pub(super) const NAMESPACE: &str = "default";

/// At most this much of a file is read: a little more than is admitted, so that it is refused.
const READ_MAX: u64 = (2 << 20) + 1;

/// Reads `NAME=VALUE`.
pub(super) fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// The bytes of a file, `-` for stdin, and the name that faults in it have.
///
/// # Errors
/// When it cannot be read.
pub(super) fn read_file(path: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin()
            .take(READ_MAX)
            .read_to_end(&mut bytes)
            .context("read stdin")?;
        return Ok(("stdin".to_owned(), bytes));
    }
    let name = path.display().to_string();
    let what = || format!("read {name}");
    let file = std::fs::File::open(path).with_context(what)?;
    file.take(READ_MAX)
        .read_to_end(&mut bytes)
        .with_context(what)?;
    Ok((name, bytes))
}

/// Every workflow of the files, or none: the faults are shown on stderr.
pub(super) fn admitted(source: &Source, style: &Style) -> Option<Vec<Admitted>> {
    let overrides = match overrides(source) {
        Ok(overrides) => overrides,
        Err(error) => {
            output::complain(&error);
            return None;
        }
    };
    let mut all = Vec::new();
    let mut is_sound = true;
    for path in &source.files {
        let (name, bytes) = match read_file(path) {
            Ok(read) => read,
            Err(error) => {
                output::complain(&error);
                is_sound = false;
                continue;
            }
        };
        match admit_all(&name, &bytes, &overrides) {
            Ok(admitted) => {
                let text = warnings(&admitted, &bytes, &style.aside());
                output::show_aside(&text);
                all.extend(admitted);
            }
            Err(faults) => {
                let text = String::from_utf8_lossy(&bytes);
                output::show_aside(&view::faults(&faults, Some(&text), &style.aside()));
                is_sound = false;
            }
        }
    }
    is_sound.then_some(all)
}

/// What the workflows of a file can hardly be meant to say; empty when there is nothing.
pub(super) fn warnings(all: &[Admitted], bytes: &[u8], style: &Style) -> String {
    let warnings: Vec<Fault> = all.iter().flat_map(|one| one.warnings.clone()).collect();
    match warnings.is_empty() {
        true => String::new(),
        false => view::faults(&warnings, Some(&String::from_utf8_lossy(bytes)), style),
    }
}

/// Every workflow of a text.
///
/// # Errors
/// Every fault of all its documents.
pub(super) fn admit_all(
    name: &str,
    bytes: &[u8],
    overrides: &Overrides,
) -> Result<Vec<Admitted>, Vec<Fault>> {
    let mut admitted = Vec::new();
    let mut faults = Vec::new();
    for document in read(name, bytes)? {
        match admit(&document, overrides) {
            Ok(one) => admitted.push(one),
            Err(more) => faults.extend(more),
        }
    }
    if faults.is_empty() {
        Ok(admitted)
    } else {
        Err(faults)
    }
}

fn overrides(source: &Source) -> anyhow::Result<Overrides> {
    let mut parameters: Vec<(String, String)> = Vec::new();
    let mut set = |(name, value): (String, String)| {
        parameters.retain(|(other, _)| *other != name);
        parameters.push((name, value));
    };
    for path in &source.parameter_file {
        parameter_file(path)?.into_iter().for_each(&mut set);
    }
    source.parameters.iter().cloned().for_each(&mut set);
    Ok(Overrides {
        parameters,
        entrypoint: source.entrypoint.clone(),
        name: source.name.clone(),
        generate_name: source.generate_name.clone(),
        namespace: source.namespace.namespace.clone(),
        labels: source.labels.clone(),
        service_account: source.serviceaccount.clone(),
        priority: source.priority,
    })
}

/// The values of a parameter file: what is no string is taken as its JSON.
fn parameter_file(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let (name, bytes) = read_file(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let what = || format!("read {name}: a mapping of parameter names to values is expected");
    let values: serde_json::Map<String, Value> = serde_yaml::from_str(&text).with_context(what)?;
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(values
        .into_iter()
        .map(|(name, value)| (name, text(value)))
        .collect())
}

/// A run that was submitted.
#[derive(Debug, Clone)]
pub(super) struct Submitted {
    /// By its uid: its name may be another's one day.
    pub(super) by_uid: RunRef,
    /// By its name, for people.
    pub(super) by_name: RunRef,
    /// What it has to do with mail.
    pub(super) letters: Letters,
}

/// Submits an admitted workflow. Whoever leaves has the engine promise to go on with it.
///
/// # Errors
/// What the engine says.
pub(super) fn send(
    session: &mut Session,
    admitted: Admitted,
    verb: Verb,
    rename: bool,
) -> anyhow::Result<Submitted> {
    let letters = Letters::of(&admitted.plan);
    let request = Request::Submit {
        uid: uuid(),
        detached: verb == Verb::Leaves,
        object: Box::new(admitted.object),
        name: admitted.name,
        generate_name: admitted.generate_name,
        namespace: admitted.namespace.unwrap_or_else(|| NAMESPACE.to_owned()),
        rename,
    };
    submitted(session.ask(verb, &request)?, letters)
}

/// What an engine says of a run that it has begun.
///
/// # Errors
/// When it says something else.
pub(super) fn submitted(answer: Answer, letters: Letters) -> anyhow::Result<Submitted> {
    match answer {
        Answer::Submitted {
            uid,
            name,
            namespace,
            instead_of,
        } => {
            if let Some(wished) = instead_of {
                output::note(&format!("the name {wished} is taken; this run is {name}"));
            }
            let by_uid = RunRef {
                namespace: namespace.clone(),
                name: uid,
            };
            let by_name = RunRef { namespace, name };
            Ok(Submitted {
                by_uid,
                by_name,
                letters,
            })
        }
        other => Err(unexpected(&other).into()),
    }
}

/// What has to be said before a run: that images mean nothing, and which other fields are kept
/// without effect.
pub(super) fn notices(all: &[Admitted]) {
    if all
        .iter()
        .flat_map(|one| &one.kept)
        .any(|path| is_image(path))
    {
        output::note("steps run as processes of this machine; image names mean nothing here");
    }
    for one in all {
        if let Some(what) = kept(one) {
            output::note(&format!("kept without effect here: {what}"));
        }
    }
}

/// The fields that a workflow keeps without effect, images apart, which every workflow has.
pub(super) fn kept(one: &Admitted) -> Option<String> {
    let others = one.kept.iter().filter(|path| !is_image(path));
    let all: Vec<&str> = others.map(String::as_str).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn is_image(path: &str) -> bool {
    path.ends_with(".image")
}

/// `usher submit`.
pub(super) fn submit(session: &mut Session, args: &SubmitArgs) -> anyhow::Result<u8> {
    let Some(all) = admitted(&args.source, &session.aside) else {
        return Ok(INVALID);
    };
    if args.dry_run {
        for one in &all {
            output::print(&shown(
                &one.object,
                session,
                args.output.or(Some(Output::Yaml)),
            ))?;
        }
        return Ok(DONE);
    }
    notices(&all);
    let mut sent = Vec::new();
    for one in all {
        let one = send(session, one, args.stay.verb(), false)?;
        stay::show(session, &one, args.stay, args.output)?;
        sent.push(one);
    }
    stay::until_the_end(session, &sent, args.stay)
}

/// The time of day, milliseconds UTC.
pub(super) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// A random UUID, version 4.
pub(super) fn uuid() -> String {
    let mut bytes = [0_u8; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Without chance the time and the process must do.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let nanos = now.map_or(0, |since| since.as_nanos());
        bytes = (nanos ^ (u128::from(std::process::id()) << 96)).to_be_bytes();
    }
    usher_api::uuid::text(bytes, 4)
}

/// An object as `-o` asks for it, with all its nodes.
pub(super) fn shown(object: &Value, session: &Session, output: Option<Output>) -> String {
    get::shown(session, output, object, &view::Selector::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A uid has the form of a UUID of version 4, and no two are equal.
    #[test]
    fn uuids() {
        let id = uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
        assert_ne!(id, uuid());
    }

    /// Names and values are split at the first sign of equality.
    #[test]
    fn parameters() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(parameter("a=b=c"), pair("a", "b=c"));
        assert_eq!(parameter("a="), pair("a", ""));
        assert!(parameter("a").is_err() && parameter("=a").is_err());
    }
}
