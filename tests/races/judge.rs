//! Whether it was a race.

/// How often each side of a kind of race has won. Panics unless both did, at least once in a
/// hundred: else it was no race.
pub(crate) fn both_win(what: &str, wins: [usize; 2]) {
    let all = wins[0] + wins[1];
    println!("{what}: {all} races, {} to {}", wins[0], wins[1]);
    let least = all.div_ceil(100);
    assert!(
        wins.iter().all(|won| *won >= least),
        "{what}: {wins:?} of {all} is no race"
    );
}
