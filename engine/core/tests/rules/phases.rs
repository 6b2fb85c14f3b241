//! The table of phases and signals.

use usher_core::phase::{Illegal, Phase, Signal, table};

/// Nothing but a retry moves a node that is done or leads back to `New`; what is refused says so.
#[test]
fn done_is_done() {
    for phase in Phase::ALL {
        for signal in Signal::ALL {
            match phase.next(signal) {
                Ok(next) => {
                    let is_retry = matches!(signal, Signal::Forget | Signal::Reopen);
                    assert_eq!(phase.is_done(), is_retry, "{phase:?} took {signal:?}");
                    assert_eq!(next == Phase::New, signal == Signal::Forget);
                }
                Err(illegal) => assert_eq!(illegal, Illegal { phase, signal }),
            }
        }
    }
}

/// The README shows the table as it is, every pair.
#[test]
fn the_readme_has_the_table() {
    let readme = include_str!("../../README.md");
    let table = table();
    assert!(
        readme.contains(&table),
        "the phase table of engine/core/README.md is not:\n{table}"
    );
}
