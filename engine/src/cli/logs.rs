//! `logs`: what steps wrote, of one or of all, now or as it comes.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;

use super::args::LogsArgs;
use super::session::{Session, Verb};
use super::signals::Interrupt;
use super::submit::Submitted;
use super::tail::Lines;
use super::{DONE, FAILED, output, signals};
use crate::client::unexpected;
use crate::server::protocol::{Answer, LogFile, Request, RunRef};

/// How often files are looked at for news.
const LOOK: Duration = Duration::from_millis(100);

/// Looking takes at most one part in so many of the time.
const SHARE: u32 = 16;

/// Which steps and lines.
#[derive(Debug, Default)]
struct Filter {
    node: Option<String>,
    tail: Option<usize>,
    since: Option<SystemTime>,
    grep: Option<String>,
}

/// `usher logs`.
pub(super) fn logs(session: &mut Session, args: &LogsArgs) -> anyhow::Result<u8> {
    let run = RunRef {
        namespace: args.namespace.or_default(),
        name: args.workflow.clone(),
    };
    let since = args.since.and_then(|ms| {
        let ago = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        SystemTime::now().checked_sub(ago)
    });
    let filter = Filter {
        node: args.node.clone(),
        tail: args.tail,
        since,
        grep: args.grep.clone(),
    };
    if args.follow {
        return follow(session, &Signals::new()?, &run, filter);
    }
    let request = Request::Logs { run };
    let files = match session.look(&request)? {
        Answer::Logs { files, .. } => files,
        other => return Err(unexpected(&other).into()),
    };
    let mut printer = Printer::new(filter);
    let found = printer.print(&files, true)?;
    if let (Some(node), false) = (&args.node, found) {
        output::note(&format!(
            "no step of {} with a log is called {node}; `usher get {}` shows all",
            args.workflow, args.workflow
        ));
        return Ok(FAILED);
    }
    Ok(DONE)
}

/// Prints the logs of runs until they end, one run after the other.
pub(super) fn follow_all(session: &mut Session, all: &[Submitted]) -> anyhow::Result<u8> {
    let signals = Signals::new()?;
    for one in all {
        let code = follow(session, &signals, &one.by_uid, Filter::default())?;
        if code != DONE {
            return Ok(code);
        }
    }
    Ok(DONE)
}

/// Hears of Ctrl-C: this process may be the engine, and then ends it properly.
struct Signals {
    news: Receiver<Interrupt>,
    /// Held, so that the channel is never closed.
    _tell: Sender<Interrupt>,
}

impl Signals {
    fn new() -> anyhow::Result<Signals> {
        let (tell, news) = mpsc::channel();
        signals::tell(tell.clone(), |interrupt| interrupt).context("listen to signals")?;
        Ok(Signals { news, _tell: tell })
    }
}

fn follow(
    session: &mut Session,
    signals: &Signals,
    run: &RunRef,
    filter: Filter,
) -> anyhow::Result<u8> {
    let mut printer = Printer::new(filter);
    let request = Request::Logs { run: run.clone() };
    loop {
        let began = Instant::now();
        let (files, ended) = match session.ask(Verb::Stays, &request)? {
            Answer::Logs { files, ended } => (files, ended),
            other => return Err(unexpected(&other).into()),
        };
        printer.print(&files, ended)?;
        if ended {
            return Ok(DONE);
        }
        // A run of many nodes is not asked for so often.
        let pause = LOOK.max(began.elapsed() * SHARE);
        if let Ok(interrupt) = signals.news.recv_timeout(pause) {
            return Ok(interrupt.code);
        }
    }
}

/// Prints what is new in files.
#[derive(Debug)]
struct Printer {
    filter: Filter,
    streams: BTreeMap<(std::path::PathBuf, &'static str), Lines>,
    /// Names before lines, unless one step alone was asked for.
    names: bool,
}

impl Printer {
    fn new(filter: Filter) -> Printer {
        let names = filter.node.is_none();
        Printer {
            filter,
            streams: BTreeMap::new(),
            names,
        }
    }

    /// Prints what is new; whether a step was wanted. With `is_end` nothing more will come.
    fn print(&mut self, files: &[LogFile], is_end: bool) -> anyhow::Result<bool> {
        let mut found = false;
        for file in files.iter().filter(|file| is_wanted(&self.filter, file)) {
            found = true;
            let mut text = String::new();
            let mut lines = Vec::new();
            for stream in ["stdout", "stderr"] {
                let path = file.folder.join(stream);
                if !is_recent(&self.filter, &path) {
                    continue;
                }
                let key = (file.folder.clone(), stream);
                let reader = self.streams.entry(key).or_insert_with(|| Lines::new(path));
                let grep = self.filter.grep.as_deref();
                reader.next(is_end || file.ended, &mut |line| {
                    if grep.is_none_or(|grep| line.contains(grep)) {
                        lines.push(line.to_owned());
                    }
                });
            }
            let skipped = match self.filter.tail {
                Some(tail) => lines.len().saturating_sub(tail),
                None => 0,
            };
            for line in &lines[skipped..] {
                if self.names {
                    text += &file.display_name;
                    text += ": ";
                }
                text += line;
                text.push('\n');
            }
            output::print(&text)?;
        }
        Ok(found)
    }
}

fn is_wanted(filter: &Filter, file: &LogFile) -> bool {
    filter.node.as_ref().is_none_or(|node| {
        [
            &file.node_id,
            &file.name,
            &file.display_name,
            &file.pod_name,
        ]
        .contains(&node)
    })
}

fn is_recent(filter: &Filter, path: &std::path::Path) -> bool {
    let Some(since) = filter.since else {
        return true;
    };
    let written = std::fs::metadata(path).and_then(|meta| meta.modified());
    written.is_ok_and(|written| written >= since)
}
