//! `run`, `attach` and `watch`: a run on the screen until its end.

use std::io::Write as _;
use std::time::Duration;

use serde_json::Value;

use super::args::{AttachArgs, OneArgs, Output, RunArgs};
use super::follow::{End, Follower, How};
use super::output::Optional;
use super::postbox::{self, Letters, Postbox};
use super::progress::Live;
use super::session::{Session, Verb};
use super::signals::Interrupt;
use super::submit::{self, Submitted, admitted, notices, now_ms, send, shown};
use super::view::Style;
use super::{DONE, FAILED, INVALID, WAITING, output, tail, view};
use crate::client::unexpected;
use crate::server::protocol::{Answer, LogFile, PARKED, Request, RunRef, is_over};

/// How many lines of a failed step's stderr are shown.
const TAIL_LINES: usize = 20;

/// How often a tree is repainted though nothing changed: its durations grow.
const TICK: Duration = Duration::from_secs(1);

/// What is shown of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// The tree as it grows.
    Tree,
    /// The finished object alone.
    Object(Output),
}

impl Shown {
    fn of(output: Option<Output>) -> Shown {
        match output {
            Some(output @ (Output::Json | Output::Yaml | Output::Name)) => Shown::Object(output),
            Some(Output::Wide | Output::Short) | None => Shown::Tree,
        }
    }
}

/// `usher run`.
pub(super) fn run(session: &mut Session, args: &RunArgs) -> anyhow::Result<u8> {
    let Some(all) = admitted(&args.source, &session.aside) else {
        return Ok(INVALID);
    };
    notices(&all);
    // Hears of Ctrl-C from here on: what is submitted is not left without a word.
    let follower = Follower::new()?;
    let verb = if args.detach {
        Verb::Leaves
    } else {
        Verb::Stays
    };
    let mut sent = Vec::new();
    for one in all {
        sent.push(send(session, one, verb, true)?);
    }
    if args.detach {
        for one in &sent {
            match args.output {
                Some(Output::Name) => output::print(&format!("{}\n", one.by_name.name))?,
                Some(Output::Json | Output::Yaml) => {
                    output::print(&shown(&get(session, &one.by_uid)?, session, args.output))?;
                }
                Some(Output::Wide | Output::Short) | None => {
                    let hint = session.hint("attach", &one.by_name);
                    let name = &one.by_name.name;
                    output::print(&format!("{name} goes on in the background; `{hint}`\n"))?;
                }
            }
        }
        return Ok(DONE);
    }
    let shown = Shown::of(args.output);
    follow_all(session, &follower, &sent, shown, args.exit_when_waiting)
}

/// `usher attach`.
pub(super) fn attach(session: &mut Session, args: &AttachArgs) -> anyhow::Result<u8> {
    let one = found(session, &args.one)?;
    let shown = Shown::of(args.output);
    follow_all(
        session,
        &Follower::new()?,
        &[one],
        shown,
        args.exit_when_waiting,
    )
}

/// `usher watch`: as `attach`, but how the run ends is not its own end.
pub(super) fn watch(session: &mut Session, args: &OneArgs) -> anyhow::Result<u8> {
    let one = found(session, args)?;
    let code = follow_all(session, &Follower::new()?, &[one], Shown::Tree, false)?;
    Ok(if code == FAILED { DONE } else { code })
}

fn get(session: &mut Session, run: &RunRef) -> anyhow::Result<Value> {
    match session.look(&Request::Get { run: run.clone() })? {
        Answer::Object { object, .. } => Ok(*object),
        other => Err(unexpected(&other).into()),
    }
}

fn found(session: &mut Session, one: &OneArgs) -> anyhow::Result<Submitted> {
    let namespace = one.namespace.or_default();
    let name = one.workflow.clone();
    let object = get(session, &RunRef { namespace, name })?;
    Ok(shown_by(&object))
}

/// The run that an object is of.
pub(super) fn shown_by(object: &Value) -> Submitted {
    let field = |key: &str| object["metadata"][key].as_str().unwrap_or("").to_owned();
    let named = |name: String| RunRef {
        namespace: field("namespace"),
        name,
    };
    Submitted {
        by_uid: named(field("uid")),
        by_name: named(field("name")),
        letters: Letters::of_object(object),
    }
}

/// Follows runs, one after the other, and tells by the exit code how they ended: the worst counts.
pub(super) fn follow_all(
    session: &mut Session,
    follower: &Follower,
    all: &[Submitted],
    shown: Shown,
    until_waiting: bool,
) -> anyhow::Result<u8> {
    let mut worst = DONE;
    let mut postbox = Postbox::new(session);
    for one in all {
        let how = (shown, until_waiting);
        let code = match follow(session, follower, one, how, &mut postbox)? {
            End::Over(object) => match object["status"]["phase"].as_str() {
                Some("Succeeded") => DONE,
                _ => FAILED,
            },
            End::Waits(_) => WAITING,
            End::Interrupted(interrupt) => return Ok(leave(session, one, interrupt)),
        };
        worst = match (worst, code) {
            (FAILED, _) | (_, FAILED) => FAILED,
            (DONE, code) => code,
            (other, _) => other,
        };
    }
    Ok(worst)
}

fn follow(
    session: &mut Session,
    follower: &Follower,
    one: &Submitted,
    (shown, until_waiting): (Shown, bool),
    postbox: &mut Postbox,
) -> anyhow::Result<End> {
    let is_terminal = view::Surroundings::here().repaints() && shown == Shown::Tree;
    let mut live = Live::new(session.style, is_terminal, Optional::default());
    let how = How {
        until_waiting,
        tick: is_terminal.then_some(TICK),
        only_end: shown != Shown::Tree && !one.letters.asks,
    };
    let mut show = |object: &Value| -> anyhow::Result<()> {
        let news = postbox.news(object);
        if !news.is_empty() {
            live.make_way()?;
            news.iter().for_each(|line| output::note(line));
        }
        if shown == Shown::Tree {
            live.update(object, now_ms())?;
        }
        Ok(())
    };
    let end = match over(session, one) {
        Some(object) => End::Over(object),
        None => follower.follow(session, &one.by_uid, how, &mut show)?,
    };
    match (&end, shown) {
        (End::Over(object), Shown::Tree) => {
            live.finish(object, now_ms())?;
            if let Some(text) = failure(session.style, session, one, object) {
                Optional::default().write_all(text.as_bytes())?;
            }
        }
        (End::Over(object), Shown::Object(form)) => {
            let text = submit::shown(object, session, Some(form));
            Optional::default().write_all(text.as_bytes())?;
            if let Some(text) = failure(session.aside, session, one, object) {
                output::show_aside(&text);
            }
        }
        (End::Waits(object), Shown::Object(form)) => {
            let text = submit::shown(object, session, Some(form));
            Optional::default().write_all(text.as_bytes())?;
            waits(session, one, object);
        }
        (End::Waits(object), Shown::Tree) => {
            live.finish(object, now_ms())?;
            waits(session, one, object);
        }
        (End::Interrupted(_), _) => {}
    }
    if let End::Over(object) = &end {
        let hosted = session.host().is_some();
        let last = postbox.last_news(&one.letters, object, hosted);
        last.iter().for_each(|line| output::note(line));
    }
    Ok(end)
}

/// The object of a run that is over already: it needs no engine to be shown.
fn over(session: &mut Session, one: &Submitted) -> Option<Box<Value>> {
    if session.host().is_some() {
        return None;
    }
    let run = one.by_uid.clone();
    match session.look(&Request::Get { run }) {
        Ok(Answer::Object { object, .. }) => is_over(&object).then_some(object),
        Ok(_) | Err(_) => None,
    }
}

/// How a run that waits can be moved on. Approvals are decided by those who are asked.
fn waits(session: &Session, one: &Submitted, object: &Value) {
    let name = &one.by_name.name;
    let attach = session.hint("attach", &one.by_name);
    let resume = session.hint("resume", &one.by_name);
    output::note(&match postbox::is_asking(object) {
        true => format!("{name} waits for a decision by mail; `{attach}` follows it"),
        false => format!("{name} waits; `{resume}` lets it go on, `{attach}` follows it"),
    });
}

/// The last words on a run that did not succeed.
fn failure(style: Style, session: &mut Session, one: &Submitted, object: &Value) -> Option<String> {
    let status = &object["status"];
    if status["phase"] == "Succeeded" {
        return None;
    }
    if let Some(message) = status["message"].as_str().filter(|m| m.starts_with(PARKED)) {
        return Some(format!(
            "{} is {message}\nIt takes nothing but `{}`.\n",
            one.by_name.name,
            session.hint("delete", &one.by_name)
        ));
    }
    let stderr = view::failed_node(object)
        .and_then(|node| node["id"].as_str())
        .and_then(|id| log_file(session, &one.by_uid, id))
        .map(|file| tail::last_lines(&file.folder.join("stderr"), TAIL_LINES))
        .unwrap_or_default();
    Some(view::failure(object, &stderr, &style))
}

fn log_file(session: &mut Session, run: &RunRef, id: &str) -> Option<LogFile> {
    match session.look(&Request::Logs { run: run.clone() }) {
        Ok(Answer::Logs { files, .. }) => files.into_iter().find(|file| file.node_id == id),
        // The end is told without it.
        Ok(_) | Err(_) => None,
    }
}

/// Leaves a run after a signal, and says how to go on.
fn leave(session: &mut Session, one: &Submitted, interrupt: Interrupt) -> u8 {
    let was_host = session.host().is_some();
    let handed = session.end();
    let name = &one.by_name.name;
    let hint = session.hint("attach", &one.by_name);
    output::show_aside("\n");
    if was_host && !handed {
        output::note(&format!(
            "{name} is left in the ledger; `{hint}` goes on with it"
        ));
    } else {
        output::note(&format!(
            "{name} goes on in another process; `{hint}` follows it"
        ));
    }
    interrupt.code
}
