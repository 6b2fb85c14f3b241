//! `kill -9` at any moment: what was acknowledged is in the file.

use std::collections::BTreeMap;

use super::child;

/// How many acknowledged turns the process gets to print before it is killed, cycle by cycle.
const MOMENTS: [usize; 12] = [0, 1, 2, 3, 7, 13, 29, 64, 100, 150, 333, 1_000];

/// A writing process is killed again and again, each time on the same file; in the last cycles
/// the log is moved into the file while it is killed.
#[test]
fn a_killed_writer_loses_nothing_acknowledged() {
    child::play();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let test = "sudden::kill::a_killed_writer_loses_nothing_acknowledged";
    let mut acknowledged = BTreeMap::new();
    for moment in MOMENTS {
        let mut process = child::start(test, &path, "");
        let mut lines = child::lines(&mut process);
        for line in lines.by_ref().take(moment) {
            child::note(&mut acknowledged, &line);
        }
        process.kill().unwrap();
        process.wait().unwrap();
        // What it said before it died counts as well.
        for line in lines {
            child::note(&mut acknowledged, &line);
        }
        child::assert_kept(&path, &mut acknowledged);
    }
    assert_eq!(acknowledged.len(), 8);
    let turns: i64 = acknowledged.values().sum();
    assert!(turns >= 1_700, "{turns}");
}
