//! The table of phases and signals.

use usher_core::phase::{Illegal, Phase, table};

/// No signal moves a node that is done, and none leads back to `New`; what is refused says so.
#[test]
fn done_is_done() {
    for phase in Phase::ALL {
        for signal in usher_core::phase::Signal::ALL {
            match phase.next(signal) {
                Ok(next) => {
                    assert!(!phase.is_done(), "{phase:?} took {signal:?}");
                    assert_ne!(next, Phase::New);
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
