//! `keys list|add|retire`: the succession of the keys that links are made with.
//!
//! A running engine follows the file, so nothing has to be told to it.

use std::path::Path;

use usher_ledger::tasks::TaskReader as _;
use usher_ledger::{Error, Sqlite};
use usher_notifier::keys::{Keys, KeysError};

use super::args::KeysVerb;
use super::session::Session;
use super::submit::now_ms;
use super::view::style::Style;
use super::view::table::{Cell, Column, Cut, Table};
use super::view::time::stamp;
use super::{DONE, FAILED, config, output};

/// `usher keys`.
pub(super) fn keys(session: &Session, verb: &KeysVerb) -> anyhow::Result<u8> {
    let path = config::load(&session.global, session.state.path())?.keys;
    let links = links(&session.state.ledger())?;
    let done = match verb {
        KeysVerb::List => return list(&path, &links, &session.style),
        KeysVerb::Add => add(&path, &links),
        KeysVerb::Retire { number, force } => retire(&path, &links, *number, *force),
    };
    match done {
        Ok(said) => {
            output::print(&said)?;
            Ok(DONE)
        }
        Err(error) => {
            output::complain(&error.into());
            Ok(FAILED)
        }
    }
}

/// The keys that links are out under, with the end of the last link of each.
fn links(ledger: &Path) -> Result<Vec<(u8, i64)>, Error> {
    if !ledger.exists() {
        return Ok(Vec::new());
    }
    match Sqlite::reader(ledger).and_then(|mut reader| reader.link_keys()) {
        // A ledger of a release without links.
        Err(Error::Unmigrated { .. }) => Ok(Vec::new()),
        read => read,
    }
}

fn end_of(links: &[(u8, i64)], number: u8) -> Option<i64> {
    let link = links.iter().find(|(key, _)| *key == number);
    link.map(|(_, until)| *until)
}

fn list(path: &Path, links: &[(u8, i64)], style: &Style) -> anyhow::Result<u8> {
    let Some(keys) = Keys::load(path)? else {
        let file = path.display();
        output::note(&format!(
            "there is no keys file {file} yet; an engine makes it with the first request"
        ));
        return Ok(DONE);
    };
    let column = |name| Column {
        name,
        cut: Cut::End,
    };
    let names = ["KEY", "MADE", "LINKS GOOD UNTIL", ""];
    let mut table = Table::new(names.map(column).to_vec(), 3, &[]);
    table.head();
    let now = now_ms();
    for key in keys.shown() {
        let until = end_of(links, key.number).filter(|until| *until >= now);
        table.push(vec![
            Cell::plain(key.number.to_string()),
            Cell::plain(stamp(key.made_ms, style)),
            Cell::plain(until.map_or_else(|| "-".to_owned(), |until| stamp(until, style))),
            Cell::plain(if key.signs { "makes the new links" } else { "" }),
        ]);
    }
    let lines = table.lines(style).into_iter();
    output::print(&lines.map(|line| line + "\n").collect::<String>())?;
    Ok(DONE)
}

fn add(path: &Path, links: &[(u8, i64)]) -> Result<String, KeysError> {
    let used = || Ok(links.iter().map(|(key, _)| *key).collect());
    if Keys::load(path)?.is_none() {
        let number = Keys::load_or_make(path, now_ms(), used)?.ring().signing();
        return Ok(format!("key {number} makes the new links\n"));
    }
    let number = Keys::add(path, now_ms())?;
    Ok(format!(
        "key {number} makes the new links; a running engine has it within seconds\n"
    ))
}

fn retire(path: &Path, links: &[(u8, i64)], number: u8, force: bool) -> Result<String, KeysError> {
    let (until, now) = (end_of(links, number), now_ms());
    Keys::retire(path, number, until, now, force)?;
    Ok(match until.is_some_and(|until| until >= now) {
        true => format!(
            "key {number} is gone: links under it lead nowhere, and whoever is still asked gets \
             a new mail from the engine\n"
        ),
        false => format!("key {number} is gone; no good link was made with it\n"),
    })
}
