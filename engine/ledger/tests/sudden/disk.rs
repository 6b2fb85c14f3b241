//! A disk that takes no more bytes: the writer ends loudly, and what was acknowledged is kept.

use std::collections::BTreeMap;

use super::child;

/// The kernel refuses to let a file of this process grow beyond some size, as a full disk would:
/// the commit that meets it is told to nobody, the thread ends, the process hears why.
#[test]
fn a_file_that_may_not_grow_ends_the_writer() {
    child::play();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let test = "sudden::disk::a_file_that_may_not_grow_ends_the_writer";
    let mut acknowledged = BTreeMap::new();
    // The signal that goes with the refusal is ignored, so that the write itself fails.
    for blocks in [2_000, 4_000] {
        let mut process = child::start(test, &path, &format!("trap '' 25; ulimit -f {blocks};"));
        let mut end = None;
        for line in child::lines(&mut process) {
            match line.strip_prefix("end ") {
                Some(reason) => end = Some(reason.to_owned()),
                None => child::note(&mut acknowledged, &line),
            }
        }
        assert!(process.wait().unwrap().success());
        let end = end.unwrap();
        let text = "commit a group of turns: whether it is on the disk shows when the ledger is \
                    opened again: disk I/O error";
        assert_eq!(end, text);
        child::assert_kept(&path, &mut acknowledged);
    }
    assert_eq!(acknowledged.len(), 8);
}
