//! The record: what it says, how a change of it is found, what may go from it.

use serde_json::{Value, json};
use usher_notifier_core::decide::{Event, Refusal, Told};
use usher_notifier_core::digest::sha256;
use usher_notifier_core::record::{FirstBad, canonical, csv, json as export, verify, verify_whole};

use crate::desk::{Desk, entry_of};

fn decided(number: u32) -> Desk {
    let mut desk = Desk::open(&["group:finance*2", "user:dan"], json!("all"));
    desk.now_ms += i64::from(number);
    assert_eq!(
        desk.says("ann", true, &format!("comment {number}")),
        Ok(Told::Counted)
    );
    assert_eq!(desk.vote("dan", true), Ok(Told::Counted));
    assert_eq!(
        desk.vote("bob", number.is_multiple_of(2)),
        Ok(Told::Decided)
    );
    desk
}

/// Fifty decided tasks: whatever row is altered, removed or swapped, the first bad place is named.
#[test]
fn s97_a_changed_record_is_found() {
    for number in 0..50 {
        let desk = decided(number);
        let (rows, end) = (&desk.record, &desk.task.chain);
        assert_eq!(verify_whole(rows, end), Ok(()));
        for at in 0..rows.len() {
            let seq = rows[at].seq;
            let first = |rows: &[_]| verify_whole(rows, end).map_err(|bad| bad.seq);
            let mut altered = rows.clone();
            altered[at].entry = altered[at].entry.replace("task-1", "task-2");
            assert_eq!(first(&altered), Err(seq), "altered");
            altered[at].hash = sha256(&altered[at].entry);
            let next = seq.min(end.seq - 1) + 1;
            assert_eq!(first(&altered), Err(next), "altered with its hash");
            let mut removed = rows.clone();
            removed.remove(at);
            assert_eq!(first(&removed), Err(seq), "removed");
            if at + 1 < rows.len() {
                let mut swapped = rows.clone();
                swapped.swap(at, at + 1);
                assert_eq!(first(&swapped), Err(seq), "swapped");
            }
            if rows[at].side.is_some() {
                let mut other = rows.clone();
                other[at].side = None;
                assert_eq!(first(&other), Err(seq), "text beside removed");
                let text = rows[at].side.as_ref().map(|side| side.replace("A", "B"));
                other[at].side = text.map(|text| text.replace("comment 1", "comment 2"));
                let is_same = other[at].side == rows[at].side;
                assert_eq!(first(&other), if is_same { Ok(()) } else { Err(seq) });
            }
        }
    }
}

/// The reason of the first bad place is in words.
#[test]
fn a_bad_place_says_why() {
    let desk = decided(0);
    let bad = |seq, why: &str| {
        Err(FirstBad {
            seq,
            why: why.to_owned(),
        })
    };
    let mut rows = desk.record.clone();
    rows[1].entry.push(' ');
    assert_eq!(verify(&rows), bad(2, "its text does not fit its hash"));
    rows[1].hash = sha256(&rows[1].entry);
    assert_eq!(verify(&rows), bad(2, "its text is not in its one form"));
    let mut cut = desk.record.clone();
    cut.pop();
    assert_eq!(verify(&cut), Ok(()));
    let whole = verify_whole(&cut, &desk.task.chain);
    assert_eq!(whole, bad(4, "missing; the task has 4 entries"));
}

/// What an entry of a vote holds: with its hash of the text, and the text beside it.
#[test]
fn s98_receipt_and_export_agree() {
    let mut desk = Desk::open(&["group:finance*2"], json!("all"));
    desk.now_ms += 1_500;
    assert_eq!(desk.says("ann", true, "fine"), Ok(Told::Counted));
    let vote = desk.slot("ann").vote().expect("a vote").clone();
    let all = export(&desk.record);
    let entry = all[vote.seq as usize - 1].clone();
    let wanted = [
        ("action", json!("voted")),
        ("actor", json!("ann")),
        ("at", json!("2026-03-01T10:00:01.500Z")),
        ("meaning", json!(desk.task.meaning(0, true))),
        ("level", json!("link")),
        ("via", json!("link")),
        ("digest", json!(vote.digest)),
        ("decision", json!("approved")),
        ("before", json!("Pending")),
        ("after", json!("Pending")),
        ("seq", json!(2)),
    ];
    for (key, value) in wanted {
        assert_eq!(entry[key], value, "{key}");
    }
    assert_eq!(entry["meaning"], "approved as finance");
    assert_eq!(entry["side"]["name"], "Ann Archer");
    assert_eq!(entry["side"]["comment"], "fine");
    assert_eq!(entry["side"]["client"], "192.0.2.0/24");
    assert!(!desk.record[1].entry.contains("fine"));
    assert!(!desk.record[1].entry.contains("Archer"));
}

/// An erased text is gone everywhere; the chain still holds, and says that it was erased.
#[test]
fn s99_an_erased_comment_is_gone() {
    let mut desk = Desk::open(&["group:finance*2"], json!("all"));
    assert_eq!(desk.says("ann", true, "my secret"), Ok(Told::Counted));
    let erase = |seq, by: &str| Event::Erase {
        seq,
        by: by.to_owned(),
    };
    let refused = |text: &str| Err(Refusal::NotAllowed(text.to_owned()));
    let own = "only who wrote it, or an administrator, may have it erased";
    assert_eq!(desk.does(&erase(2, "bob-login")), refused(own));
    assert_eq!(
        desk.does(&erase(9, "ann-login")),
        refused("the record has no entry 9")
    );
    assert_eq!(desk.does(&erase(2, "ann-login")), Ok(Told::Done));
    assert_eq!(verify_whole(&desk.record, &desk.task.chain), Ok(()));
    let task = serde_json::to_string(&desk.task).expect("a task is JSON");
    let record = export(&desk.record).to_string();
    assert!(!task.contains("my secret") && !record.contains("my secret"));
    let last = entry_of(desk.record.last().expect("recorded"));
    assert_eq!(
        (&last["action"], &last["of"]),
        (&json!("erased"), &json!(2))
    );
    assert_eq!(desk.vote("bob", true), Ok(Told::Decided));
    assert_eq!(desk.does(&erase(4, "root-login")), Ok(Told::Done));
    assert_eq!(verify_whole(&desk.record, &desk.task.chain), Ok(()));
}

/// A cell that a spreadsheet would take for a formula is text.
#[test]
fn s83_a_formula_is_quoted() {
    for (comment, cell) in [
        ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
        ("+1", "\"'+1\""),
        ("-1", "\"'-1\""),
        ("@a", "\"'@a\""),
        ("\tx", "\"'\tx\""),
        ("a, \"b\"\nc", "\"a, \"\"b\"\"\nc\""),
        ("plain", "plain"),
    ] {
        let mut desk = Desk::open(&["user:ann", "user:bob"], json!("all"));
        assert_eq!(desk.says("ann", true, comment), Ok(Told::Counted));
        let text = csv(&desk.record);
        assert!(text.starts_with("seq,at,namespace,"), "{text}");
        assert!(
            text.contains(&format!(",approved,{cell},")),
            "{cell} in {text}"
        );
    }
}

/// Canonical JSON by RFC 8785: sorted by UTF-16 units, no spaces, shortest escapes.
#[test]
fn canonical_json() {
    let value: Value = serde_json::from_str(
        r#"{"\ufb33": 1, "\ud83d\ude00": 2, "a": {"c": -3, "b": ""},
            "\u20ac": [true, null, "\u000a\u001f\"\\/"]}"#,
    )
    .expect("JSON");
    let wanted = "{\"a\":{\"b\":\"\",\"c\":-3},\"\u{20ac}\":[true,null,\"\\n\\u001f\\\"\\\\/\"],\
                  \"\u{1f600}\":2,\"\u{fb33}\":1}";
    assert_eq!(canonical(&value), wanted);
}

/// Refusals of one reason are told once a minute, with how many there were.
#[test]
fn refusals_are_summed_up() {
    let mut desk = Desk::open(&["user:ann"], json!("all"));
    let event = Event::Refused {
        actor: "slot 0".to_owned(),
        reason: "separation".to_owned(),
    };
    assert_eq!(desk.does(&event), Ok(Told::Done));
    for _ in 0..5 {
        desk.now_ms += 1_000;
        assert_eq!(desk.does(&event), Ok(Told::Nothing));
    }
    assert_eq!(desk.acts(), ["opened", "refused"]);
    desk.now_ms += 60_000;
    assert_eq!(desk.does(&Event::SendCode { slot: 0 }), Ok(Told::Done));
    assert_eq!(desk.acts(), ["opened", "refused", "codeSent", "refused"]);
    let last = entry_of(desk.record.last().expect("recorded"));
    assert_eq!(
        (&last["times"], &last["reason"]),
        (&json!(5), &json!("separation"))
    );
    assert_eq!(desk.does(&event), Ok(Told::Nothing));
    for number in 0..100 {
        let event = Event::Refused {
            actor: String::new(),
            reason: format!("reason {number}"),
        };
        desk.does(&event).expect("only recorded");
    }
    assert!(
        desk.task.refusals.len() <= 33,
        "{}",
        desk.task.refusals.len()
    );
}
