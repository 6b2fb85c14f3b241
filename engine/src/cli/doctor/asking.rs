//! What approvals need: settings, people, keys, pages that can be reached, mail that goes out.

use usher_ledger::tasks::{TaskFilter, TaskReader as _};
use usher_ledger::{Reader as _, Sqlite};
use usher_notifier::keys::Keys;
use usher_notifier::people::read_file;
use usher_notifier::reach::{Target, reach};

use super::{Finding, bad, good, said, wait_for};
use crate::cli::people::summary;
use crate::cli::submit::now_ms;
use crate::config::{Config, target};
use crate::notifier::web::Web;
use crate::state::StateDir;

/// Mail that waits for longer than this waits for something, milliseconds.
const QUEUE_MAX_MS: i64 = 10 * 60 * 1_000;

/// Clocks of one machine may differ by this much between two looks, milliseconds.
const SLACK_MS: i64 = 1_000;

/// The settings as they are.
pub(super) fn settings(config: &Config) -> Finding {
    let file = config.file.display();
    match config.file.exists() {
        true => good("settings", format!("{file}")),
        false => good("settings", format!("defaults; there is no {file}")),
    }
}

/// The people file.
pub(super) fn people(config: &Config) -> Finding {
    let path = &config.people;
    if !path.exists() {
        let text = "no file: only addresses can be asked (`usher people check` shows one)";
        return good("people", text);
    }
    match read_file(path) {
        Ok(people) => good(
            "people",
            format!("{}: {}", path.display(), summary(&people)),
        ),
        Err(faults) => bad(
            "people",
            faults.replace('\n', "\n    "),
            "put these lines right; until then an engine goes on with the people it read before",
        ),
    }
}

/// The keys file.
pub(super) fn keys(config: &Config) -> Finding {
    let path = &config.keys;
    match Keys::load(path) {
        Ok(None) => good(
            "keys",
            "none yet; an engine makes them with the first request",
        ),
        Ok(Some(keys)) => {
            let count = keys.shown().len();
            let s = if count == 1 { "" } else { "s" };
            good(
                "keys",
                format!("{}: {count} key{s}, mode 0600", path.display()),
            )
        }
        Err(error) => bad(
            "keys",
            said(&error),
            "give the file to this account alone; if a key may be known to others, `usher keys \
             add` and `usher keys retire N --force`",
        ),
    }
}

/// Whether links lead to the pages.
pub(super) fn base_url(config: &Config, state: &StateDir, engine_runs: bool) -> Finding {
    // Where the last engine listened, if nobody says where.
    let last = Web::read(state).filter(|_| config.listens_by_default());
    let url = config.base_url(last.map_or(config.listen, |web| web.at));
    let target: Target = match target(&url) {
        Some(target) => target,
        // Checked when the settings were read.
        None => return good("pages", url),
    };
    let is_set = config.base_url.is_some();
    match wait_for(reach(&target)) {
        Ok(Ok(())) => good("pages", format!("{url} leads to them")),
        Ok(Err(_)) if !is_set && !engine_runs => {
            good("pages", format!("{url}, while an engine runs"))
        }
        Ok(Err(_)) if !is_set => {
            let text = format!("{url} from the first request on, or another port of this machine");
            good("pages", text)
        }
        Ok(Err(error)) => bad(
            "pages",
            format!("{url}: {}", said(&error)),
            "set server.base_url to where people reach the pages: a proxy with TLS that leads to \
             server.listen; and see that `usher server` runs",
        ),
        Err(reason) => bad(
            "pages",
            reason,
            "see to it that this machine is not overloaded",
        ),
    }
}

/// Whether mail goes out.
pub(super) fn queue(state: &StateDir) -> Finding {
    let path = state.ledger();
    let counts = match path.exists() {
        false => return good("mail queue", "empty"),
        true => Sqlite::reader(&path).and_then(|mut reader| reader.task_counts()),
    };
    let counts = match counts {
        Ok(counts) => counts,
        Err(usher_ledger::Error::Unmigrated { .. }) => return good("mail queue", "empty"),
        Err(error) => {
            let way_out = "restore the ledger from a backup (`usher db backup` makes them)";
            return bad("mail queue", error.chain(), way_out);
        }
    };
    let Some(oldest) = counts.oldest_queued_ms else {
        return good("mail queue", "empty");
    };
    let s = if counts.queued == 1 { "" } else { "s" };
    let minutes = now_ms().saturating_sub(oldest) / 60_000;
    let text = format!("{} mail{s}, the oldest for {minutes} min", counts.queued);
    if now_ms().saturating_sub(oldest) > QUEUE_MAX_MS {
        let way_out = "see that an engine runs (`usher server`) and what the mail server says: \
                       `usher doctor mail --to ADDRESS`";
        return bad("mail queue", text, way_out);
    }
    good("mail queue", text)
}

/// Whether time has gone on since the last thing that the ledger knows of.
pub(super) fn time(state: &StateDir) -> Finding {
    let path = state.ledger();
    let newest = match path.exists() {
        true => newest(&path),
        false => None,
    };
    match newest {
        Some((what, at_ms)) if at_ms > now_ms() + SLACK_MS => {
            let ahead = (at_ms - now_ms()) / 1_000;
            bad(
                "time",
                format!("{what} {ahead} s in the future"),
                "the clock went back; set it, or wait until it has caught up",
            )
        }
        Some((what, _)) => good("time", format!("has gone on since {what}")),
        None => good("time", "nothing to compare it with yet"),
    }
}

/// The last thing that happened, and when.
fn newest(ledger: &std::path::Path) -> Option<(String, i64)> {
    let mut reader = Sqlite::reader(ledger).ok()?;
    let run = reader.list_runs(None, 1).ok()?.into_iter().next();
    let run = run.map(|row| (format!("{} was submitted", row.name), row.created_ms));
    let last = TaskFilter {
        limit: 1,
        ..TaskFilter::default()
    };
    let tasks = reader.tasks(&last).unwrap_or_default().into_iter();
    let task = tasks.map(|row| {
        let at_ms = row.closed_ms.unwrap_or(row.opened_ms);
        (
            format!("a request of {} was looked at", row.workflow),
            at_ms,
        )
    });
    run.into_iter().chain(task).max_by_key(|(_, at_ms)| *at_ms)
}
