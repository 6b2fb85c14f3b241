//! Tasks and the turns of their runs: opened, closed, and kept when the run goes.

use usher_ledger::tasks::TaskRow;
use usher_ledger::{BODY_MAX, Outcome, People, Write};

use super::desk::{closes, decision, mail, moved, opens, step};
use super::ground::{Ground, born, committed, refused, took, turned};

const TOO_LARGE: &str = "a body has more than 16777216 bytes";
const TERMINATED: &str = "workflow shutdown with strategy: Terminate";

fn stand(state: &str, version: i64, due: Option<i64>, why: Option<&str>) -> Stand {
    (state.to_owned(), version, due, why.map(str::to_owned))
}

type Stand = (String, i64, Option<i64>, Option<String>);

/// A turn opens a task with the names of its run; opening it again changes nothing.
pub(super) fn a_turn_opens_a_task(ground: &mut Ground) {
    ground.open("u1", &["t1"]);
    let expected = TaskRow {
        id: "t1".to_owned(),
        run: "u1".to_owned(),
        workflow: "name-of-u1".to_owned(),
        namespace: "default".to_owned(),
        node: 7,
        state: "Opening".to_owned(),
        open: true,
        version: 1,
        due_ms: Some(0),
        opened_ms: 5_000,
        closed_ms: None,
        close_reason: None,
        body: b"asked".to_vec(),
    };
    assert_eq!(ground.task("t1"), expected);

    ground.set_time(6_000);
    let mut again = ground.turn("u1", 2);
    again.people = opens(&["t1"]);
    again.people.opens[0].body = b"other".to_vec();
    assert_eq!(ground.write(turned(again)), committed(3));
    assert_eq!(ground.task("t1"), expected);
}

/// The first turn of a run asks people as any other does: opens, closes, posts.
pub(super) fn a_birth_opens_closes_and_posts(ground: &mut Ground) {
    let mut birth = ground.birth("u1");
    birth.people = People {
        opens: opens(&["t1", "t2"]).opens,
        closes: closes(&["t2"]).closes,
        mails: vec![mail("m1", 0)],
    };
    assert_eq!(ground.write(born(birth)), committed(1));
    assert_eq!(ground.stand("t1"), stand("Opening", 1, Some(0), None));
    let closed = stand("Closing", 2, Some(0), Some("too late"));
    assert_eq!(ground.stand("t2"), closed);
    assert!(ground.reader().mail_of_key("m1").unwrap().is_some());
}

/// A turn that writes nothing opens nothing, closes nothing, posts nothing.
pub(super) fn a_stale_turn_asks_nobody(ground: &mut Ground) {
    ground.open("u1", &["t1"]);
    let mut stale = ground.turn("u1", 1);
    stale.people = People {
        opens: opens(&["t2"]).opens,
        closes: closes(&["t1"]).closes,
        mails: vec![mail("m1", 0)],
    };
    let mut birth = ground.birth("u1");
    birth.people = stale.people.clone();
    for write in [turned(stale), born(birth)] {
        assert_eq!(ground.write(write), Outcome::Stale);
    }
    assert_eq!(ground.stand("t1"), stand("Opening", 1, Some(0), None));
    let mut reader = ground.reader();
    assert_eq!(reader.task("t2").unwrap(), None);
    assert_eq!(reader.mail_of_key("m1").unwrap(), None);
}

/// Closing an open task raises its version, makes it due at once and says why and when.
pub(super) fn a_turn_closes_a_task(ground: &mut Ground) {
    ground.open("u1", &["t1", "t2"]);
    assert_eq!(ground.write(moved(step("t1", 1))), committed(2));
    ground.set_time(9_000);
    let mut turn = ground.turn("u1", 2);
    turn.people = closes(&["t1", "nowhere"]);
    assert_eq!(ground.write(turned(turn)), committed(3));
    let task = ground.task("t1");
    assert_eq!((task.open, task.closed_ms), (false, Some(9_000)));
    assert_eq!((task.opened_ms, &*task.body), (5_000, &b"pending"[..]));
    let closed = stand("Closing", 3, Some(0), Some("too late"));
    assert_eq!(ground.stand("t1"), closed);
    assert_eq!(ground.stand("t2"), stand("Opening", 1, Some(0), None));
}

/// Closing a task that its run has closed already is no fault and changes nothing, whether or not
/// that has been recorded.
pub(super) fn a_closed_task_is_closed_once(ground: &mut Ground) {
    ground.open("u1", &["t1"]);
    for version in 2..4 {
        let mut turn = ground.turn("u1", version);
        turn.people = closes(&["t1"]);
        assert_eq!(ground.write(turned(turn)), committed(version + 1));
        let closed = stand("Closing", 2, Some(0), Some("too late"));
        assert_eq!(ground.stand("t1"), closed);
    }
    let mut record = decision("t1", 2, "u1");
    record.state = "Cancelled".to_owned();
    record.command = None;
    assert_eq!(ground.write(moved(record)), committed(3));
    let mut turn = ground.turn("u1", 4);
    turn.people = closes(&["t1"]);
    assert_eq!(ground.write(turned(turn)), committed(5));
    let recorded = stand("Cancelled", 3, None, Some("too late"));
    assert_eq!(ground.stand("t1"), recorded);
}

/// A turn that closes a task which somebody has decided meanwhile is stale as a whole: the outcome
/// waits in its inbox, and deciding again with it works.
pub(super) fn closing_a_decided_task_is_stale(ground: &mut Ground) {
    ground.open("u1", &["t1", "t2"]);
    let mut late = ground.turn("u1", 2);
    late.people = closes(&["t2", "t1"]);
    late.people.opens = opens(&["t3"]).opens;
    let group = [moved(decision("t1", 1, "u1")), turned(late)];
    let outcomes = ground.ledger.commit(&group).unwrap();
    assert_eq!(outcomes, [committed(2), Outcome::Stale]);
    assert_eq!(ground.stand("t2"), stand("Opening", 1, Some(0), None));
    assert_eq!(ground.reader().task("t3").unwrap(), None);
    assert_eq!(ground.reader().run_row("u1").unwrap().unwrap().version, 2);

    let commands = ground.reader().pending_commands("u1").unwrap();
    assert_eq!(commands.len(), 1);
    let mut turn = ground.turn("u1", 2);
    turn.people = closes(&["t2"]);
    turn.applied = vec![took(commands[0].id, "\"settled\"")];
    assert_eq!(ground.write(turned(turn)), committed(3));
}

/// A body beyond the bound is refused in what is asked of people too, and nothing is written.
pub(super) fn too_much_is_not_asked(ground: &mut Ground) {
    ground.bear("u1");
    let large = vec![b'x'; BODY_MAX + 1];
    let mut opening = opens(&["t1", "t2"]);
    opening.opens[1].body.clone_from(&large);
    let mut posting = People {
        mails: vec![mail("m1", 0)],
        ..opens(&["t1"])
    };
    posting.mails[0].body = large;
    for people in [opening, posting] {
        let mut turn = ground.turn("u1", 1);
        turn.people = people.clone();
        let mut birth = ground.birth("u2");
        birth.people = people;
        for write in [turned(turn), born(birth)] {
            assert_eq!(ground.write(write), refused(TOO_LARGE));
        }
    }
    let mut reader = ground.reader();
    assert_eq!(reader.task("t1").unwrap(), None);
    assert_eq!(reader.run_row("u1").unwrap().unwrap().version, 1);
    assert_eq!(reader.run_row("u2").unwrap(), None);
}

/// A run that is removed, by a turn or without one, closes its open tasks; they, the decided ones,
/// the record and the mail stay.
pub(super) fn tasks_outlive_their_run(ground: &mut Ground) {
    for (uid, by_turn) in [("u1", true), ("u2", false)] {
        let (open, decided) = (format!("open-{uid}"), format!("decided-{uid}"));
        ground.open(uid, &[&open, &decided]);
        let mut outcome = decision(&decided, 1, uid);
        outcome.record = vec![super::desk::entry(1)];
        outcome.mails = vec![mail(uid, 0)];
        assert_eq!(ground.write(moved(outcome)), committed(2));
        ground.set_time(9_000);
        let remove = match by_turn {
            true => {
                let mut turn = ground.turn(uid, 2);
                turn.delete = true;
                // Not asked: the run is no more.
                turn.people = opens(&["t9"]);
                turn.people.closes = closes(&[&decided]).closes;
                turned(turn)
            }
            false => Write::Delete {
                run: uid.to_owned(),
                fence: ground.fence(uid),
                applied: vec![],
            },
        };
        let version = if by_turn { 3 } else { 2 };
        assert_eq!(ground.write(remove), committed(version), "{uid}");
        let closed = stand("Closing", 2, Some(0), Some(TERMINATED));
        assert_eq!(ground.stand(&open), closed);
        assert_eq!(ground.task(&open).closed_ms, Some(9_000));
        assert_eq!(ground.stand(&decided), stand("Approved", 2, None, None));
        let mut reader = ground.reader();
        assert_eq!(reader.record(&decided).unwrap().len(), 1);
        assert!(reader.mail_of_key(uid).unwrap().is_some());
        assert_eq!(reader.task("t9").unwrap(), None);
        assert_eq!(reader.load_run(uid).unwrap(), None);
    }
}
