//! Killed again and again while much is due: requests are opened, closed, and ended by their time
//! limit, each once, whatever the instant; every mail lands once.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use suite::{Aim, Letter, Place, Rows};
use usher::server::protocol::{Answer, Request, RunRef};
use usher_api::command::{Command, Outcome};

use crate::engine::{Engine, end, is_sound, place, submit, times_come, wait};

/// Requests of each of the two runs, in `full`.
const ASKED: usize = 300;

/// So much is done between two kills, about.
const MOVED: i64 = 6;

/// The steps of the aim, microseconds, at most.
const STEP: u64 = 1_500;

/// An engine is ready after about so long, microseconds.
const READY: u64 = 20_000;

/// A run that asks so often at the same time.
fn spec(count: usize, more: &str) -> String {
    let mut text = "  entrypoint: main\n  templates:\n  - name: main\n    steps:\n".to_owned();
    for number in 0..count {
        let dash = if number == 0 { "-" } else { " " };
        writeln!(text, "    {dash} - {{name: s{number}, template: ask}}").expect("a text");
    }
    writeln!(
        text,
        "  - name: ask\n    suspend:\n      approval: {{title: A question, quorum: any, \
         approvers: [{{user: ada}}, {{user: ben}}]{more}}}"
    )
    .expect("a text");
    text
}

/// Starts engines and kills them, until nothing is left of what a query counts. Answers how often.
fn kill_until_done(place: &Place, rows: &Rows, left: &str, aim: &mut Aim) -> usize {
    let mut kills = 0;
    loop {
        let before = rows.number(left, []);
        if before == 0 {
            return kills;
        }
        let engine = Engine::spawn(place);
        wait(READY + aim.waits()[0]);
        engine.kill();
        times_come(place);
        kills += 1;
        assert!(kills < 5_000, "still {before} of: {left}");
        aim.learn(before - rows.number(left, []) < MOVED, STEP);
    }
}

/// Opening, closing, and ending by time are each done once, and so is every mail.
#[test]
fn due_work_is_done_once() {
    let count = suite::scaled(ASKED);
    let place = place();
    let mut aim = Aim::new(suite::seed() ^ 3);
    let engine = Engine::start(&place, None);
    let rows = Rows::of(&place);
    // Ended by time, while the others are opened and closed.
    let after = if suite::counts() == suite::Counts::Full {
        60
    } else {
        15
    };
    let limit = format!(", timeout: {{after: {after}s, result: reject}}");
    submit(&place, "late", &spec(count, &limit));
    let unsent = "SELECT count(*) FROM tasks WHERE state = 'Opening'";
    let waiting = "SELECT count(*) FROM outbox WHERE phase IN ('Queued', 'Leased')";
    rows.until("all requests of the first run to be mailed", |rows| {
        (rows.number(unsent, []) + rows.number(waiting, []) == 0).then_some(())
    });
    submit(&place, "ended", &spec(count, ""));
    engine.kill();
    times_come(&place);
    let unopened = format!("SELECT ({unsent}) + ({waiting})");
    let opening = kill_until_done(&place, &rows, &unopened, &mut aim);
    let engine = Engine::start(&place, None);
    terminate(&place, "ended");
    engine.kill();
    let unclosed = format!(
        "SELECT ({waiting}) + (SELECT count(*) FROM tasks
            WHERE state = 'Closing' AND workflow = 'ended')"
    );
    let closing = kill_until_done(&place, &rows, &unclosed, &mut aim);
    let open = format!("SELECT ({waiting}) + (SELECT count(*) FROM tasks WHERE open = 1)");
    let ending = kill_until_done(&place, &rows, &open, &mut aim);
    let engine = Engine::start(&place, None);
    assert_eq!(end(&rows, "ended"), "Failed");
    assert_eq!(end(&rows, "late"), "Failed");
    println!("{count} requests each: {opening} kills at opening, {closing} at closing, {ending}");
    judge(&rows, count);
    engine.kill();
    is_sound(&place);
}

fn terminate(place: &Place, name: &str) {
    let request = Request::Command {
        run: RunRef {
            namespace: "default".to_owned(),
            name: name.to_owned(),
        },
        command: Command::Terminate { by: String::new() },
        key: "kill".to_owned(),
    };
    let answer = suite::client(place).ask(&request).expect("an answer");
    let Answer::Outcome {
        outcome: Outcome::Done { .. },
    } = answer
    else {
        panic!("not terminated: {answer:?}")
    };
}

fn judge(rows: &Rows, count: usize) {
    let requests = i64::try_from(count).expect("small");
    for (run, state, action, outcomes) in [
        ("ended", "Cancelled", "cancelled", 0),
        ("late", "TimedOut", "timedOut", requests),
    ] {
        let query = "SELECT t.state,
            (SELECT group_concat(json_extract(CAST(entry AS TEXT), '$.action')) FROM
                (SELECT entry FROM record WHERE task = t.id ORDER BY seq)),
            (SELECT group_concat(revoked) FROM links WHERE task = t.id),
            (SELECT group_concat(kind || ' ' || phase) FROM
                (SELECT kind, phase FROM outbox WHERE task = t.uid ORDER BY kind))
            FROM tasks t WHERE t.workflow = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            let texts: [String; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
            Ok(texts)
        };
        let found = rows.all(query, [run], read);
        let expected = [
            state.to_owned(),
            format!("opened,{action}"),
            "1,1".to_owned(),
            "noLongerNeeded Sent,noLongerNeeded Sent,request Sent,request Sent".to_owned(),
        ];
        assert_eq!(found, vec![expected; count], "{run}");
        let settled = "SELECT count(*) FROM inbox WHERE kind = 'settle' AND applied_at IS NOT NULL
            AND run = (SELECT id FROM runs WHERE name = ?1)";
        assert_eq!(rows.number(settled, [run]), outcomes, "outcomes of {run}");
    }
    let raw = rows.all("SELECT raw FROM mailbox", [], |row| {
        row.get::<_, Vec<u8>>(0)
    });
    // The mailbox keeps a thousand.
    assert_eq!(raw.len(), (8 * count).min(1_000), "mails");
    let ids: BTreeSet<String> = raw.into_iter().map(message_id).collect();
    assert_eq!(ids.len(), (8 * count).min(1_000), "mails that differ");
}

fn message_id(raw: Vec<u8>) -> String {
    let letter = Letter::read(0, &String::from_utf8(raw).expect("ASCII"));
    let mut lines = letter.raw.lines();
    let id = lines.find(|line| line.starts_with("Message-ID: "));
    id.expect("every mail has one").to_owned()
}
