//! Small verbs: `explain`, `completion`, `version`, `db`.

use clap::CommandFactory as _;
use usher_api::code;
use usher_ledger::Sqlite;

use super::args::{Cli, CompletionArgs, DbArgs, DbVerb, ExplainArgs};
use super::session::Session;
use super::{DONE, FAILED, INVALID, output};

/// `usher explain`.
pub(super) fn explain(args: &ExplainArgs) -> anyhow::Result<u8> {
    if args.code == "all" {
        let line = |code: &code::Code| format!("{}  {}\n", code.id, code.name);
        output::print(&code::ALL.iter().map(line).collect::<String>())?;
        return Ok(DONE);
    }
    match code::explain(&args.code) {
        Ok(page) => {
            output::print(&page)?;
            Ok(DONE)
        }
        Err(error) => {
            output::note(&error);
            Ok(INVALID)
        }
    }
}

/// `usher completion`.
pub(super) fn completion(args: &CompletionArgs) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "usher", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(DONE)
}

/// `usher version`.
pub(super) fn version() -> anyhow::Result<u8> {
    let release = env!("CARGO_PKG_VERSION");
    let schema = usher_ledger::SCHEMA;
    output::print(&format!("usher {release} (ledger schema {schema})\n"))?;
    Ok(DONE)
}

/// `usher db`.
pub(super) fn db(session: &mut Session, args: &DbArgs) -> anyhow::Result<u8> {
    let path = session.state.ledger();
    if !path.exists() {
        output::note(&format!("there is no ledger {} yet", path.display()));
        return Ok(FAILED);
    }
    match &args.verb {
        DbVerb::Backup { file } => {
            Sqlite::backup(&path, file)?;
            output::print(&format!("{} written\n", file.display()))?;
            Ok(DONE)
        }
        DbVerb::Check { full } => {
            let problems = if *full {
                Sqlite::check_fully(&path)?
            } else {
                Sqlite::check(&path)?
            };
            if problems.is_empty() {
                output::print(&format!("{} is sound\n", path.display()))?;
                return Ok(DONE);
            }
            let lines: String = problems.iter().map(|line| format!("{line}\n")).collect();
            output::print(&lines)?;
            output::note("the ledger is damaged: restore it from a backup");
            Ok(FAILED)
        }
    }
}
