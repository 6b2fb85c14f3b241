//! `wait`: until runs have ended, all at a time.

use std::sync::mpsc::{self, Sender};

use anyhow::Context as _;
use serde_json::Value;

use super::args::WaitArgs;
use super::session::{Session, Verb};
use super::signals::{self, Interrupt};
use super::{DONE, FAILED, output};
use crate::client::{Client, Error, unexpected};
use crate::server::protocol::{Answer, Request, RunRef};

#[derive(Debug)]
enum News {
    Over(RunRef, Result<Value, Error>),
    Interrupted(Interrupt),
}

/// `usher wait`.
pub(super) fn wait(session: &mut Session, args: &WaitArgs) -> anyhow::Result<u8> {
    let namespace = args.names.namespace.or_default();
    let named = |name: &String| RunRef {
        namespace: namespace.clone(),
        name: name.clone(),
    };
    let mut runs: Vec<RunRef> = args.names.workflows.iter().map(named).collect();
    runs.dedup();
    wait_for(session, runs, args.ignore_not_found)
}

/// Waits for runs; the exit code tells whether all succeeded.
pub(super) fn wait_for(
    session: &mut Session,
    runs: Vec<RunRef>,
    ignore_not_found: bool,
) -> anyhow::Result<u8> {
    let (tell, news) = mpsc::channel();
    signals::tell(tell.clone(), News::Interrupted).context("listen to signals")?;
    let mut open = 0_usize;
    for run in runs {
        ask(session, run, &tell)?;
        open += 1;
    }
    let mut code = DONE;
    while open > 0 {
        // We hold a sender ourselves, so somebody may always speak.
        let Ok(news) = news.recv() else { break };
        match news {
            News::Interrupted(interrupt) => return Ok(interrupt.code),
            News::Over(run, Err(error)) if error.is_ending() => ask(session, run, &tell)?,
            News::Over(_, Err(error)) if error.is_not_found() => {
                open -= 1;
                if !ignore_not_found {
                    output::complain(&error.into());
                    code = FAILED;
                }
            }
            News::Over(_, Err(error)) => return Err(error.into()),
            News::Over(_, Ok(object)) => {
                open -= 1;
                output::print(&told(&object))?;
                if object["status"]["phase"] != "Succeeded" {
                    code = FAILED;
                }
            }
        }
    }
    Ok(code)
}

fn told(object: &Value) -> String {
    let (meta, status) = (&object["metadata"], &object["status"]);
    let word = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let (name, phase) = (word(&meta["name"]), word(&status["phase"]));
    match status["finishedAt"].as_str() {
        Some(at) => format!("{name} {phase} at {at}\n"),
        None => format!("{name} {}\n", word(&status["message"])),
    }
}

fn ask(session: &mut Session, run: RunRef, tell: &Sender<News>) -> anyhow::Result<()> {
    let client = session.connect(Verb::Stays)?;
    let tell = tell.clone();
    std::thread::Builder::new()
        .name("waiter".to_owned())
        .spawn(move || {
            let result = hear(client, &run);
            // Fails when the verb is over.
            let _ = tell.send(News::Over(run, result));
        })
        .context("listen to the engine")?;
    Ok(())
}

fn hear(mut client: Client, run: &RunRef) -> Result<Value, Error> {
    match client.ask(&Request::Await { run: run.clone() })? {
        Answer::Object { object, .. } => Ok(*object),
        other => Err(unexpected(&other)),
    }
}
