//! `approvals bounce`: takes in mail that came back, from a mail server's pipe or by hand.
//!
//! A mail server looks at the exit code alone: 0 is done, whatever came of it, and 75 (the
//! `EX_TEMPFAIL` of sysexits) asks it to try again later. So a mail that is dropped is done: were
//! it refused, the server would send a bounce about a bounce.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;

use super::args::BounceArgs;
use super::output;
use super::session::Session;
use super::view::tasks;
use crate::server::protocol::approvals::Ask;

/// Try again later.
const TRY_AGAIN: u8 = 75;

/// More is not read: it is more than is taken in.
const READ_MAX: u64 = (1 << 20) + 1;

/// Reads the mail and hands it to the engine.
pub(super) fn bounce(session: &mut Session, args: &BounceArgs) -> anyhow::Result<u8> {
    let ask = Ask::Bounce {
        raw: read(args.file.as_deref())?,
        to: args.to.clone(),
    };
    match super::approvals::told(session, ask) {
        Ok(returned) => super::approvals::print(session, args.output, &returned, tasks::returned),
        Err(error) => {
            output::complain(&error);
            output::note("nothing was recorded; give it again later");
            Ok(TRY_AGAIN)
        }
    }
}

fn read(file: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match file.filter(|file| *file != Path::new("-")) {
        None => std::io::stdin()
            .take(READ_MAX)
            .read_to_end(&mut bytes)
            .context("read stdin")?,
        Some(path) => {
            let what = || format!("read {}", path.display());
            let file = std::fs::File::open(path).with_context(what)?;
            file.take(READ_MAX)
                .read_to_end(&mut bytes)
                .with_context(what)?
        }
    };
    Ok(bytes)
}
