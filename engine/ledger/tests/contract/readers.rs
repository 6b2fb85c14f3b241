//! Readers beside the writer: they see whole turns, newer ones each time, and hold nobody up.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use usher_ledger::Reader;

use super::ground::{Ground, born, committed, node, turned};

const READERS: usize = 4;
const NODES: u32 = 40;

/// Each turn writes its version into the head, the scope and every node: a reader that ever saw
/// two versions in one run saw half a turn.
pub(super) fn readers_see_whole_turns(ground: &mut Ground) {
    let says = |version: i64| format!("version {version}");
    let mut birth = ground.birth("u1");
    birth.head.body = says(1).into();
    birth.scope = Some(says(1).into());
    birth.nodes = (0..NODES).map(|ix| node(ix, None, &says(1))).collect();
    assert_eq!(ground.write(born(birth)), committed(1));

    let over = AtomicBool::new(false);
    let ready = AtomicUsize::new(0);
    let read = |mut reader: Box<dyn Reader + Send>| {
        let mut last = 0;
        loop {
            let ends = over.load(Ordering::SeqCst);
            let loaded = reader.load_run("u1").unwrap().unwrap();
            let version = loaded.row.version;
            assert!(version >= last, "{version} after {last}");
            let text = says(version).into_bytes();
            assert_eq!(loaded.row.head, text);
            assert_eq!(loaded.scope.as_ref(), Some(&text));
            assert_eq!(loaded.nodes.len(), NODES as usize);
            assert!(
                loaded.nodes.iter().all(|node| node.body == text),
                "{version}"
            );
            if last == 0 {
                ready.fetch_add(1, Ordering::SeqCst);
            }
            last = version;
            if ends {
                return last;
            }
        }
    };
    let readers: Vec<_> = (0..READERS).map(|_| ground.reader()).collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = readers
            .into_iter()
            .map(|reader| scope.spawn(|| read(reader)))
            .collect();
        let mut version = 1;
        // At least 200 turns, and on until every reader has read once beside them.
        while version < 201 || ready.load(Ordering::SeqCst) < READERS {
            let next = says(version + 1);
            let mut turn = ground.turn("u1", version);
            turn.head.body = next.clone().into();
            turn.scope = Some(next.clone().into());
            turn.nodes = (0..NODES).map(|ix| node(ix, None, &next)).collect();
            version += 1;
            let outcome = ground.ledger.commit(&[turned(turn)]);
            if outcome.as_deref().ok() != Some(&[committed(version)]) {
                over.store(true, Ordering::SeqCst);
                panic!("{outcome:?}");
            }
        }
        over.store(true, Ordering::SeqCst);
        for thread in threads {
            assert_eq!(thread.join().unwrap(), version);
        }
    });
}

/// A reader opened before a commit sees what it wrote as soon as the writer knows of it.
pub(super) fn an_open_reader_sees_each_commit(ground: &mut Ground) {
    let mut reader = ground.reader();
    assert_eq!(reader.run_row("u1").unwrap(), None);
    ground.bear("u1");
    for version in 1..50 {
        let row = reader.run_row("u1").unwrap().unwrap();
        assert_eq!(row.version, version);
        let outcome = ground.write(turned(ground.turn("u1", version)));
        assert_eq!(outcome, committed(version + 1));
    }
}
