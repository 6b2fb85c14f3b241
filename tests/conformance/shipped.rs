//! Runs a case by the shipped binary, as a person does: `usher run FILE -o json` in a place of its
//! own, and the verbs of the case beside it. Here time is real.

use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;
use suite::Place;

use crate::case::Case;
use crate::directive::{Action, Wait};
use crate::driver::{Carried, Driver};
use crate::in_process::prepare;

/// No case needs longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(100);

/// The binary.
#[derive(Debug)]
pub(crate) struct Shipped;

impl Driver for Shipped {
    fn carry_out(&self, case: &Case) -> Carried {
        let refusal = prepare(case).err();
        if let Some(Carried::NotYet(feature)) = refusal {
            return Carried::NotYet(feature);
        }
        let place = Place::new();
        place.file("case.yaml", &case.text);
        let mut arguments: Vec<String> = ["run", "case.yaml", "-o", "json"]
            .map(str::to_owned)
            .to_vec();
        for (name, value) in &case.head.parameters {
            arguments.extend(["-p".to_owned(), format!("{name}={value}")]);
        }
        let child = place.start(arguments);
        if refusal.is_none()
            && let Err(why) = act(&place, case)
        {
            return stuck(child, &why);
        }
        let said = suite::wait(child);
        match said.code {
            // It was retried after that end, and has ended again.
            0 | 1
                if case
                    .head
                    .actions
                    .iter()
                    .any(|action| action.verb == "retry") =>
            {
                Carried::Object(place.usher(["get", "@latest", "-o", "json"]).json())
            }
            0 | 1 => Carried::Object(said.json()),
            2 => Carried::Refused(said.err.lines().map(str::to_owned).collect()),
            code => Carried::Stuck(format!("exit code {code}: {}", said.err)),
        }
    }
}

fn stuck(mut child: Child, why: &str) -> Carried {
    // It may have ended by itself: then there is nothing to kill.
    let _ = child.kill();
    let said = suite::wait(child);
    Carried::Stuck(format!("{why}: {}", said.err))
}

/// Does the case's actions, each when all that it waits for has come.
fn act(place: &Place, case: &Case) -> Result<(), String> {
    for action in &case.head.actions {
        for wait in &action.waits {
            let begun = Instant::now();
            while !has_come(place, wait, begun) {
                if begun.elapsed() > PATIENCE {
                    return Err(format!("{wait:?} does not come"));
                }
            }
        }
        verb(place, action)?;
    }
    Ok(())
}

/// Whether a wait is over. Each look is a call of the binary, so looking does not spin.
fn has_come(place: &Place, wait: &Wait, begun: Instant) -> bool {
    let object = match place.usher(["get", "@latest", "-o", "json"]) {
        said if said.code == 0 => said.json(),
        _ => return false,
    };
    let status = &object["status"];
    match wait {
        Wait::After(span_ms) => {
            u128::try_from(*span_ms).is_ok_and(|span_ms| begun.elapsed().as_millis() >= span_ms)
        }
        Wait::When(name, phase) => nodes(status)
            .any(|node| node["displayName"] == name.as_str() && node["phase"] == phase.as_str()),
        Wait::Ended => status["finishedAt"].is_string(),
    }
}

fn nodes(status: &Value) -> impl Iterator<Item = &Value> {
    status["nodes"]
        .as_object()
        .into_iter()
        .flat_map(|nodes| nodes.values())
}

/// One verb. A refusal is an answer too: some cases ask for what cannot be.
fn verb(place: &Place, action: &Action) -> Result<(), String> {
    // A verb of two words has the workflow after both.
    let own = usize::from(action.verb == "node");
    let (own, arguments) = action.arguments.split_at(own);
    let (verb, name) = ([action.verb.clone()], ["@latest".to_owned()]);
    let waits = (action.verb == "retry").then(|| "--wait".to_owned());
    let words = verb.iter().chain(own).chain(&name).chain(arguments);
    let said = place.usher(words.chain(&waits));
    match said.code {
        0 | 1 => Ok(()),
        code => Err(format!(
            "`usher {}` ends with {code}: {}",
            action.verb, said.err
        )),
    }
}
