//! The gate: one move of a task, whole or not at all, on the version it was decided on.

use usher_ledger::tasks::{LinkRow, NewCommand, TaskWrite};
use usher_ledger::{BODY_MAX, Outcome};

use super::desk::{answer, decision, entry, link, mail, moved, step};
use super::ground::{Ground, committed, refused};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Everything that a move can bring along is there after it.
pub(super) fn a_move_is_written_whole(ground: &mut Ground) {
    ground.open("u1", &["t1"]);
    let mut first = step("t1", 1);
    first.links = vec![link(2, "t1", 1), link(1, "t1", 0)];
    first.mails = vec![mail("m1", 6_000)];
    first.record = vec![entry(1), entry(2)];
    assert_eq!(ground.write(moved(first)), committed(2));
    let task = ground.task("t1");
    assert_eq!(
        (&*task.state, task.open, task.version),
        ("Pending", true, 2)
    );
    assert_eq!((task.due_ms, task.closed_ms), (Some(8_000), None));
    assert_eq!((task.opened_ms, &*task.body), (5_000, &b"pending"[..]));
    let mut reader = ground.reader();
    let links = [link(1, "t1", 0), link(2, "t1", 1)];
    assert_eq!(reader.links("t1").unwrap(), links);
    assert_eq!(reader.record("t1").unwrap(), [entry(1), entry(2)]);
    assert!(reader.mail_of_key("m1").unwrap().is_some());

    let mut last = decision("t1", 2, "u1");
    last.links = vec![link(2, "t1", 1)];
    last.links[0].revoked = true;
    last.record = vec![entry(3)];
    last.answer = Some(answer("k1", 7_000));
    assert_eq!(ground.write(moved(last)), committed(3));
    let task = ground.task("t1");
    assert_eq!(
        (&*task.state, task.open, task.version),
        ("Approved", false, 3)
    );
    assert_eq!((task.due_ms, task.closed_ms), (None, Some(7_000)));
    let links = reader.links("t1").unwrap();
    let revoked: Vec<bool> = links.iter().map(|link| link.revoked).collect();
    assert_eq!(revoked, [false, true]);
    assert_eq!(reader.record("t1").unwrap().len(), 3);
    assert_eq!(
        reader.answer("api", "k1").unwrap(),
        Some(answer("k1", 7_000))
    );
    let commands = reader.pending_commands("u1").unwrap();
    assert_eq!(commands.len(), 1);
    assert_eq!(
        (&*commands[0].kind, &*commands[0].body),
        ("settle", &b"\"approved\""[..])
    );
}

/// A move that brings something of everything.
fn loaded(id: &str, version: i64) -> TaskWrite {
    let mut write = decision(id, version, "u1");
    write.links = vec![link(9, id, 0)];
    write.mails = vec![mail("m9", 0)];
    write.record = vec![entry(1)];
    write.answer = Some(answer("k9", 7_000));
    write
}

fn assert_nothing_came(ground: &Ground) {
    let mut reader = ground.reader();
    assert_eq!(reader.task_of_link(&[9; 16]).unwrap(), None);
    assert_eq!(reader.mail_of_key("m9").unwrap(), None);
    assert_eq!(reader.record("t1").unwrap(), []);
    assert_eq!(reader.answer("api", "k9").unwrap(), None);
    assert_eq!(reader.pending_commands("u1").unwrap(), []);
}

/// A move decided on any other version than the ledger's writes nothing, nor one of no task.
pub(super) fn a_move_needs_the_version(ground: &mut Ground) {
    ground.open("u1", &["t1"]);
    assert_eq!(ground.write(moved(step("t1", 1))), committed(2));
    for version in [1, 3, 0, -1, i64::MAX] {
        let outcome = ground.write(moved(loaded("t1", version)));
        assert_eq!(outcome, Outcome::Stale, "{version}");
    }
    assert_eq!(ground.write(moved(loaded("t2", 1))), Outcome::Stale);
    assert_eq!(ground.task("t1").version, 2);
    assert_nothing_came(ground);
}

/// Of two who decided on the same version, in one group or not, one writes.
pub(super) fn one_of_two_deciders_writes(ground: &mut Ground) {
    ground.open("u1", &["t1"]);
    let mut other = decision("t1", 1, "u1");
    other.state = "Rejected".to_owned();
    let group = [moved(decision("t1", 1, "u1")), moved(other.clone())];
    let outcomes = ground.ledger.commit(&group).unwrap();
    assert_eq!(outcomes, [committed(2), Outcome::Stale]);
    assert_eq!(ground.write(moved(other)), Outcome::Stale);
    assert_eq!(ground.task("t1").state, "Approved");
    assert_eq!(ground.reader().pending_commands("u1").unwrap().len(), 1);
}

/// An entry joins on to the last one: a gap or a second entry of a number is refused, whole.
pub(super) fn a_record_has_no_gap(ground: &mut Ground) {
    ground.open("u1", &["t1"]);
    for (found, right, wrong) in [([2, 3], 1, 2), ([1, 1], 2, 1), ([1, 3], 2, 3)] {
        let mut write = loaded("t1", 1);
        write.record = found.map(entry).to_vec();
        let text = format!("the record of task t1 goes on with entry {right}, not {wrong}");
        assert_eq!(ground.write(moved(write)), refused(&text));
        assert_nothing_came(ground);
    }
    let mut write = step("t1", 1);
    write.record = vec![entry(1)];
    assert_eq!(ground.write(moved(write)), committed(2));
    let mut write = step("t1", 2);
    write.record = vec![entry(1)];
    let text = "the record of task t1 goes on with entry 2, not 1";
    assert_eq!(ground.write(moved(write)), refused(text));
    assert_eq!(ground.reader().record("t1").unwrap(), [entry(1)]);
}

/// Erasing takes the erasable part of the named entries and of no other; doing it again, or naming
/// what is not there, is no fault.
pub(super) fn erasing_leaves_the_chain(ground: &mut Ground) {
    ground.open("u1", &["t1", "t2"]);
    for task in ["t1", "t2"] {
        let mut write = step(task, 1);
        write.record = vec![entry(1), entry(2)];
        assert_eq!(ground.write(moved(write)), committed(2));
    }
    for version in 2..4 {
        let mut write = step("t1", version);
        write.erase = vec![2, 7];
        assert_eq!(ground.write(moved(write)), committed(version + 1));
        let mut erased = entry(2);
        erased.side = None;
        assert_eq!(ground.reader().record("t1").unwrap(), [entry(1), erased]);
        assert_eq!(ground.reader().record("t2").unwrap(), [entry(1), entry(2)]);
    }
}

/// The bytes of an entry are hashed: they stay as they are, whatever they hold.
pub(super) fn entries_stay_as_they_are(ground: &mut Ground) {
    ground.open("u1", &["t1"]);
    let mut row = entry(1);
    row.entry = br#"{"comment":"\u0000"}"#.to_vec();
    row.side = Some(b"\0\\u0000".to_vec());
    let mut write = step("t1", 1);
    write.record = vec![row.clone()];
    assert_eq!(ground.write(moved(write)), committed(2));
    assert_eq!(ground.reader().record("t1").unwrap(), [row]);
}

/// Each key that links are out under, with the end of its last one; what was taken back is over.
pub(super) fn keys_of_links(ground: &mut Ground) {
    ground.open("u1", &["t1"]);
    assert_eq!(ground.reader().link_keys().unwrap(), []);
    let made = |byte: u8, key: u8, expires_ms: i64, revoked: bool| LinkRow {
        key,
        expires_ms,
        revoked,
        ..link(byte, "t1", 0)
    };
    let mut write = step("t1", 1);
    write.links = vec![
        made(1, 255, 9_000, false),
        made(2, 3, 8_000, false),
        made(3, 3, 7_000, false),
        made(4, 3, 99_000, true),
        made(5, 4, 99_000, true),
    ];
    assert_eq!(ground.write(moved(write)), committed(2));
    let keys = ground.reader().link_keys().unwrap();
    assert_eq!(keys, [(3, 8_000), (255, 9_000)]);
}

/// A link leads to its task as it is now; one that nobody made leads nowhere.
pub(super) fn a_link_leads_to_its_task(ground: &mut Ground) {
    ground.open("u1", &["t1", "t2"]);
    let mut write = step("t2", 1);
    write.links = vec![link(5, "t2", 4)];
    assert_eq!(ground.write(moved(write)), committed(2));
    let mut reader = ground.reader();
    let (found, task) = reader.task_of_link(&[5; 16]).unwrap().unwrap();
    assert_eq!(found, link(5, "t2", 4));
    assert_eq!(task, ground.task("t2"));
    for id in [&[4; 16][..], &[5; 15], &[5; 17], &[]] {
        assert_eq!(reader.task_of_link(id).unwrap(), None, "{id:?}");
    }
    assert_eq!(reader.links("t1").unwrap(), []);

    let mut write = step("t1", 1);
    write.links = vec![link(6, "t1", 0)];
    write.links[0].id.pop();
    let text = "a link of task t1 has an id of 15 bytes, not 16";
    assert_eq!(ground.write(moved(write)), refused(text));
    assert_eq!(ground.task("t1").version, 1);
}

/// A key that was answered writes nothing again, whichever task is meant: the answer is read.
pub(super) fn an_answered_key_is_stale(ground: &mut Ground) {
    ground.open("u1", &["t1", "t2"]);
    let mut write = step("t1", 1);
    write.answer = Some(answer("k1", 7_000));
    assert_eq!(ground.write(moved(write)), committed(2));
    for (task, version) in [("t1", 2), ("t2", 1)] {
        let mut again = step(task, version);
        again.answer = Some(answer("k1", 7_001));
        assert_eq!(ground.write(moved(again)), Outcome::Stale);
        assert_eq!(ground.task(task).version, version);
    }
    let mut reader = ground.reader();
    assert_eq!(
        reader.answer("api", "k1").unwrap(),
        Some(answer("k1", 7_000))
    );
    assert_eq!(reader.answer("api", "k2").unwrap(), None);
    assert_eq!(reader.answer("cli", "k1").unwrap(), None);
}

/// Answers older than seven days go when a new one comes, and no others.
pub(super) fn answers_are_kept_for_seven_days(ground: &mut Ground) {
    ground.open("u1", &["t1"]);
    let times = [("old", 0), ("week", 1), ("new", 7 * DAY_MS + 1)];
    for (version, (key, at_ms)) in (1..).zip(times) {
        let mut write = step("t1", version);
        write.answer = Some(answer(key, at_ms));
        assert_eq!(ground.write(moved(write)), committed(version + 1));
    }
    let mut reader = ground.reader();
    let kept = times.map(|(key, _)| reader.answer("api", key).unwrap().is_some());
    assert_eq!(kept, [false, true, true]);
}

/// The outcome for a run that is gone goes nowhere, which is no fault; one with a known key is not
/// put in twice.
pub(super) fn a_run_that_is_gone_takes_no_outcome(ground: &mut Ground) {
    ground.open("u1", &["t1", "t2"]);
    assert_eq!(
        ground.write(moved(decision("t1", 1, "nowhere"))),
        committed(2)
    );
    assert_eq!(ground.task("t1").state, "Approved");
    let known = Some(NewCommand {
        run: "u1".to_owned(),
        kind: "settle".to_owned(),
        body: b"1".to_vec(),
        key: Some("key".to_owned()),
    });
    for version in 1..3 {
        let mut write = step("t2", version);
        write.command.clone_from(&known);
        assert_eq!(ground.write(moved(write)), committed(version + 1));
    }
    assert_eq!(ground.reader().pending_commands("u1").unwrap().len(), 1);
}

/// A body beyond the bound is refused wherever it stands, only it, and nothing of it is written;
/// who has the wrong version is told that.
pub(super) fn too_much_is_not_moved(ground: &mut Ground) {
    ground.open("u1", &["t1", "t2"]);
    let large = vec![b'x'; BODY_MAX + 1];
    let mut writes = vec![loaded("t1", 1); 6];
    writes[0].body.clone_from(&large);
    writes[1].mails[0].body.clone_from(&large);
    writes[2].record[0].entry.clone_from(&large);
    writes[3].record[0].side = Some(large.clone());
    writes[4].answer.as_mut().unwrap().answer.clone_from(&large);
    writes[5].command.as_mut().unwrap().body.clone_from(&large);
    let mut stale = step("t1", 7);
    stale.body = large;
    let mut group: Vec<_> = writes.into_iter().map(moved).collect();
    group.extend([moved(stale), moved(step("t2", 1))]);
    let outcomes = ground.ledger.commit(&group).unwrap();
    let mut expected = vec![refused("a body has more than 16777216 bytes"); 6];
    expected.extend([Outcome::Stale, committed(2)]);
    assert_eq!(outcomes, expected);
    assert_eq!(ground.task("t1").version, 1);
    assert_nothing_came(ground);
}
