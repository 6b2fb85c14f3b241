//! A vote that came in time meets the time limit in the gate: both were decided on a state of the
//! request that a third has changed meanwhile, and both have to decide again.
//!
//! The test holds the ledger's lock over the limit. Before it Ada's and Ben's votes come in, after
//! it the limit is looked at; one vote is the first to be written, and then the other's and the
//! limit race for what is left.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use suite::{Facts, Form, Rows, WriteLock, grow_old};

use crate::arena::{Arena, Ask, filled, now_ms, posts, until_ms};
use crate::lane::Racer;

/// Races in `full`.
const RACES: usize = 200;

/// Until the first limit, and more for each request.
const LEAD_MS: i64 = 12_000;
const EACH_MS: i64 = 100;

/// The votes are prepared and sent so long before their limit, and the lock is held so long after.
const PREPARED_MS: i64 = 500;
const BEFORE_MS: i64 = 150;
const AFTER_MS: i64 = 150;

/// Between two limits.
const APART_MS: i64 = 700;

/// Whoever is first: a vote that was taken is kept, there is one outcome, and the loser is told it.
#[test]
fn a_vote_in_time_meets_the_limit() {
    let mut arena = Arena::open();
    let count = suite::scaled(RACES).max(5);
    let begin_ms = now_ms() + LEAD_MS + EACH_MS * i64::try_from(count).expect("small");
    let limit_ms = |number: usize| begin_ms + APART_MS * i64::try_from(number).expect("small");
    let name = |number: usize| format!("behind-{number}");
    let asks: Vec<Ask> = (0..count).map(|n| asked(name(n), limit_ms(n))).collect();
    let links = arena.ask(&asks, 2 * count);
    let mut forms = Vec::new();
    for number in 0..count {
        let pages = ["ada", "ben"].map(|who| {
            let link = &links[&(name(number), address(who))];
            let page = arena.page(link);
            (page.status == 200).then(|| Form::of(link, &page))
        });
        // On a machine that is so slow that its limit is over, nothing is raced for.
        if let [Some(ada), Some(ben)] = pages {
            forms.push((number, [ada, ben]));
        }
    }
    grow_old();
    let mut racer = Racer::start(&arena.track());
    let mut wins = [0, 0, 0];
    for (number, forms) in &forms {
        let number = *number;
        until_ms(limit_ms(number) - PREPARED_MS);
        let votes = forms.iter().map(|form| filled(form, true, false));
        racer.prepare(&posts(votes.collect()));
        until_ms(limit_ms(number) - BEFORE_MS);
        let lock = WriteLock::take(&arena.place);
        racer.go(0);
        until_ms(limit_ms(number) + AFTER_MS);
        lock.release();
        let answers = racer.answer();
        let closed = "SELECT count(*) FROM runs WHERE name = ?1 AND finished_at IS NOT NULL";
        arena.rows.until("the run to end", |rows: &Rows| {
            (rows.number(closed, [name(number)]) == 1).then_some(())
        });
        wins[judge(&arena, &name(number), &answers)] += 1;
    }
    println!("in the gate: {wins:?} (votes, limit, limit at the door)");
    // However slow the machine is, some come in time.
    assert!(wins[0] + wins[1] > 0, "{wins:?}");
    arena.close(count);
}

fn asked(name: String, limit_ms: i64) -> Ask {
    let at = DateTime::<Utc>::from_timestamp_millis(limit_ms).expect("a time");
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let policy = json!({
        "approvers": [{"user": "ada"}, {"user": "ben"}],
        "quorum": "all", "timeout": {"at": at, "result": "reject"},
    });
    Ask { name, policy }
}

fn address(who: &str) -> String {
    format!("{who}@example.org")
}

/// Compares the answers with the ledger: 0 for the votes, 1 for the limit in the gate, 2 for the
/// limit at the door.
fn judge(arena: &Arena, name: &str, answers: &Value) -> usize {
    let status = |at: usize| answers[at]["status"].as_u64().unwrap_or(0);
    let votes: Vec<usize> = (0..2).filter(|at| status(*at) == 303).collect();
    let (state, phase) = match votes.len() {
        2 => ("Approved", "Succeeded"),
        _ => ("TimedOut", "Failed"),
    };
    let mut record = vec!["opened"];
    record.extend(votes.iter().map(|_| "voted"));
    record.extend((votes.len() < 2).then_some("timedOut"));
    // Whoever has not voted is told that it is over; the votes have their receipts.
    let mut mails = vec!["noLongerNeeded"; 2 - votes.len()];
    mails.extend(votes.iter().map(|_| "receipt"));
    let texts = |all: Vec<&str>| all.into_iter().map(str::to_owned).collect();
    let expected = Facts {
        state: state.to_owned(),
        votes: votes.iter().map(|slot| (*slot, true)).collect(),
        record: texts(record),
        outcomes: (1, 1),
        links: 0,
        mails: texts(mails),
        phase: phase.to_owned(),
    };
    let facts = Facts::of(&arena.rows, name);
    assert_eq!(facts, expected, "{name}: {answers}");
    let losers = (0..2).filter(|at| !votes.contains(at));
    let mut end = 0;
    for at in losers {
        assert_eq!(status(at), 410, "{name}: {answers}");
        end = match answers[at]["heading"].as_str() {
            Some("No decision in time") => 1,
            Some("This link has expired") => end.max(2),
            other => panic!("{name}: who was too late reads {other:?}"),
        };
    }
    end
}
