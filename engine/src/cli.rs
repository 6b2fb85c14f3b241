//! The command line: what a person types and what a person sees.
//!
//! One module a verb or a family of verbs; `session` is how they reach an engine, `follow` how they
//! go along with a run, `view` everything that is shown.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

mod admin;
mod again;
mod approvals;
mod args;
mod background;
mod bounce;
mod command;
mod config;
mod delete;
pub mod demo;
mod doctor;
mod follow;
mod get;
mod keys;
mod lint;
mod logs;
mod mailbox;
mod output;
mod people;
mod postbox;
pub mod progress;
mod run;
mod serve;
mod session;
mod signals;
mod stay;
mod submit;
mod tail;
pub mod view;
mod wait;

use args::{Cli, LogFormat, Verb};
use session::Session;

/// Done as asked.
const DONE: u8 = 0;
/// A run failed, or what was asked was refused or could not be done.
const FAILED: u8 = 1;
/// The input is not valid.
const INVALID: u8 = 2;
/// Only a person or a time will move the run on.
const WAITING: u8 = 3;

/// Reads the command line and does what it says. The exit code is 0 when that was done, 1 when it
/// failed, 2 for invalid input, 3 when a run waits, 128 + N after signal N.
#[must_use]
pub fn main() -> ExitCode {
    if std::env::args_os().len() < 2 {
        output::show_aside(&Cli::command().render_help().to_string());
        return ExitCode::from(INVALID);
    }
    let Cli { global, verb } = Cli::parse();
    if let Some(fault) = crate::telemetry::start(global.log_format == LogFormat::Json) {
        output::note(&fault);
    }
    match dispatch(&global, &verb) {
        Ok(code) => ExitCode::from(code),
        Err(error) if output::is_closed(&error) => ExitCode::from(DONE),
        Err(error) => {
            output::complain(&error);
            ExitCode::from(FAILED)
        }
    }
}

fn dispatch(global: &args::Global, verb: &Verb) -> anyhow::Result<u8> {
    match verb {
        Verb::Lint(args) => return lint::lint(global, args),
        Verb::Explain(args) => return admin::explain(args),
        Verb::Completion(args) => return admin::completion(args),
        Verb::Version => return admin::version(),
        Verb::Demo(args) => return demo::demo(global, args),
        Verb::Doctor(args) => return doctor::doctor(global, args),
        _ => {}
    }
    let mut session = Session::open(global)?;
    let result = with_state(&mut session, verb);
    session.end();
    result
}

fn with_state(session: &mut Session, verb: &Verb) -> anyhow::Result<u8> {
    match verb {
        Verb::Run(args) => run::run(session, args),
        Verb::Attach(args) => run::attach(session, args),
        Verb::Watch(args) => run::watch(session, args),
        Verb::Server(args) => serve::server(session, args),
        Verb::Submit(args) => submit::submit(session, args),
        Verb::List(args) => get::list(session, args),
        Verb::Get(args) => get::get(session, args),
        Verb::Logs(args) => logs::logs(session, args),
        Verb::Wait(args) => wait::wait(session, args),
        Verb::Suspend(args) => command::suspend(session, args),
        Verb::Resume(args) => command::resume(session, args),
        Verb::Node(args) => command::node(session, args),
        Verb::Stop(args) => command::stop(session, args),
        Verb::Terminate(args) => command::terminate(session, args),
        Verb::Retry(args) => again::retry(session, args),
        Verb::Resubmit(args) => again::resubmit(session, args),
        Verb::Delete(args) => delete::delete(session, args),
        Verb::Db(args) => admin::db(session, args),
        Verb::Approvals(args) => approvals::approvals(session, args),
        Verb::Mailbox => mailbox::mailbox(session),
        Verb::People(args) => people::people(session, &args.verb),
        Verb::Keys(args) => keys::keys(session, &args.verb),
        Verb::Config(args) => config::config(session, &args.verb),
        Verb::Lint(_)
        | Verb::Explain(_)
        | Verb::Completion(_)
        | Verb::Version
        | Verb::Demo(_)
        | Verb::Doctor(_) => Ok(DONE),
    }
}
