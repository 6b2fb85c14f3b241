//! The configuration as the command line has it, and `config show`.

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::args::{ConfigVerb, Global, ShowForm};
use super::session::Session;
use super::view::style::{Style, Tint};
use super::view::table::{Cell, Column, Cut, Table};
use super::view::text::safe;
use super::{DONE, INVALID, output};
use crate::config::{Config, Error, Origin, Shown, Sources};

/// What gives way on a narrow terminal.
const YIELDS: &[(&str, usize)] = &[("FROM", 12), ("VALUE", 16)];

/// What a configuration for this state directory is put together from.
pub(super) fn sources(global: &Global, state: &Path) -> Sources {
    let set = |(key, value): &(String, String)| (key.clone(), value.clone(), "--set");
    let mut flags: Vec<_> = global.set.iter().map(set).collect();
    if let Some(processes) = global.processes {
        let key = "engine.processes".to_owned();
        flags.push((key, processes.to_string(), "--processes"));
    }
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    Sources {
        state: state.to_owned(),
        file: global.config.clone(),
        env: std::env::vars_os()
            .map(|(name, value)| (text(name), text(value)))
            .collect(),
        flags,
    }
}

/// The configuration for this state directory.
///
/// # Errors
/// Every fault of it.
pub(super) fn load(global: &Global, state: &Path) -> anyhow::Result<Config> {
    Config::load(&sources(global, state)).context("read the configuration")
}

/// `usher config`.
pub(super) fn config(session: &Session, verb: &ConfigVerb) -> anyhow::Result<u8> {
    let ConfigVerb::Show { output: form } = verb;
    let config = match Config::load(&sources(&session.global, session.state.path())) {
        Ok(config) => config,
        Err(Error::Faults(faults)) => {
            let line = |fault: &crate::config::Fault| format!("{}\n", safe(&fault.to_string()));
            output::print(&faults.iter().map(line).collect::<String>())?;
            return Ok(INVALID);
        }
        Err(error) => return Err(error.into()),
    };
    let rows = config.shown();
    match form {
        Some(ShowForm::Json) => {
            let object = |row: &Shown| {
                json!({
                    "key": row.key,
                    "value": row.value,
                    "from": row.origin.to_string(),
                })
            };
            let all: Vec<_> = rows.iter().map(object).collect();
            output::print(&format!("{:#}\n", json!(all)))?;
        }
        None => output::print(&table(&config, &rows, &session.style))?,
    }
    Ok(DONE)
}

fn table(config: &Config, rows: &[Shown], style: &Style) -> String {
    let column = |name| Column {
        name,
        cut: Cut::End,
    };
    let columns = ["SETTING", "VALUE", "FROM"].map(column).to_vec();
    let mut table = Table::new(columns, 3, YIELDS);
    table.head();
    for row in rows {
        let tint = match row.origin {
            Origin::Default => Tint::Faint,
            _ => Tint::Plain,
        };
        table.push(vec![
            Cell::plain(row.key),
            Cell::new(tint, safe(&row.value)),
            Cell::new(tint, safe(&row.origin.to_string())),
        ]);
    }
    let mut text: String = table
        .lines(style)
        .into_iter()
        .map(|line| line + "\n")
        .collect();
    let file = config.file.display();
    text += &match config.file.exists() {
        true => format!("\nThe file is {file}.\n"),
        false => format!("\nThere is no file {file}; each value above can be set in it.\n"),
    };
    text
}
