//! Where the program's own log goes: stderr, warnings only unless `USHER_LOG` asks for more.
//!
//! One span stands around every turn, with run, node and event, so that
//! `USHER_LOG=usher=debug` tells a run's story; as JSON, every field is a key of its own.

use tracing_subscriber::EnvFilter;

/// The variable that says how much is logged: `info`, `usher=debug,warn`.
pub const VARIABLE: &str = "USHER_LOG";

/// Sets the log up for the process, as JSON lines or as text. The answer is what is wrong with
/// [`VARIABLE`], if it cannot be read; warnings are logged then.
pub fn start(json: bool) -> Option<String> {
    let wish = std::env::var(VARIABLE).unwrap_or_default();
    let wish = if wish.is_empty() { "warn" } else { &wish };
    let (filter, fault) = match EnvFilter::try_new(wish) {
        Ok(filter) => (filter, None),
        Err(error) => {
            let fault =
                format!("{VARIABLE}={wish} cannot be read ({error}); only warnings are logged");
            (EnvFilter::new("warn"), Some(fault))
        }
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    // A second start in one process (tests) leaves the first in place.
    let _ = if json {
        log.json().flatten_event(true).try_init()
    } else {
        log.with_target(false).try_init()
    };
    fault
}
