//! Somebody decides at the moment at which the request's time is over.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use suite::{Aim, Facts, Form, grow_old};

use crate::arena::{Arena, Ask, filled, now_ms, posts, until_ms};
use crate::judge::both_win;
use crate::lane::{Racer, side_by_side};

/// Races of all rounds in `full`.
const RACES: usize = 3_000;

/// Races of one round; the development mailbox keeps a thousand mails.
const ROUND: usize = 300;

/// Client processes at work at the same time.
const LANES: usize = 2;

/// Requests with the same limit: their votes come at once, and the limits of all fall due among
/// them.
const GROUP: usize = 6;

/// Between two such limits, milliseconds.
const APART_MS: i64 = 60;

/// The steps of the aim, microseconds, at most.
const STEP: u64 = 4_000;

/// The first votes start so much before their limit, microseconds: half a dozen take about this
/// long.
const BEFORE: i64 = 5_000;

/// Votes are prepared so long before their limit, milliseconds.
const PREPARED_MS: i64 = 500;

/// Long enough to open the pages of a round, on a machine like the one this was written on; a
/// slower one takes twice that, and so on.
const LEAD: Duration = Duration::from_secs(8);

/// The longest lead.
const LEAD_MAX: Duration = Duration::from_secs(600);

struct Race {
    /// Names of the runs and the forms of their requests.
    all: Vec<(String, Form)>,
    /// When the time of all is over, milliseconds UTC.
    limit_ms: i64,
}

/// One outcome each: the vote counts, or the limit does and whoever votes is told that it is too
/// late.
#[test]
fn a_decider_and_the_time_limit() {
    let mut arena = Arena::open();
    let races = suite::scaled(RACES);
    let mut wins = [0, 0];
    let (mut done, mut opened, mut lead) = (0, 0, LEAD);
    while done < races {
        let round = ROUND.min(races - done);
        let races = open(&mut arena, opened, round, lead);
        opened += round;
        let Some(races) = races else {
            // The limits came before the pages were old enough: this machine needs longer.
            arena.settle();
            lead *= 2;
            assert!(lead <= LEAD_MAX, "pages take too long to open");
            continue;
        };
        let track = arena.track();
        let ran = side_by_side(LANES, &races, |lane, races| {
            let racer = Racer::start(&track);
            race(racer, Aim::new(suite::seed() ^ (done + lane) as u64), races)
        });
        arena.settle();
        for (race, answers) in ran {
            for ((name, form), answer) in race.all.iter().zip(&answers) {
                wins[judge(&mut arena, name, form, answer)] += 1;
            }
        }
        done += round;
    }
    both_win("a decider and the time limit", wins);
    arena.close(opened);
}

/// Requests whose limits come one after the other from the end of the lead on; none when their
/// pages were not old enough by then.
fn open(arena: &mut Arena, first: usize, count: usize, lead: Duration) -> Option<Vec<Race>> {
    let begin_ms = now_ms() + i64::try_from(lead.as_millis()).expect("small");
    let name = |number: usize| format!("limit-{}", first + number);
    let limit_ms =
        |number: usize| begin_ms + APART_MS * i64::try_from(number / GROUP).expect("small");
    let ask = |number: usize| {
        let at = DateTime::<Utc>::from_timestamp_millis(limit_ms(number)).expect("a time");
        let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
        Ask {
            name: name(number),
            policy: json!({
                "approvers": [{"user": "ada"}], "timeout": {"at": at, "result": "reject"},
            }),
        }
    };
    let asks: Vec<Ask> = (0..count).map(ask).collect();
    let links = arena.ask(&asks, count);
    let mut races = Vec::new();
    for number in 0..count {
        let link = &links[&(name(number), "ada@example.org".to_owned())];
        let page = arena.page(link);
        if page.status != 200 {
            return None;
        }
        if number % GROUP == 0 {
            races.push(Race {
                all: Vec::new(),
                limit_ms: limit_ms(number),
            });
        }
        let race: &mut Race = races.last_mut().expect("a group has begun");
        race.all.push((name(number), Form::of(link, &page)));
    }
    grow_old();
    (now_ms() < begin_ms).then_some(races)
}

/// Runs the races of a lane, one after the other.
fn race(mut racer: Racer, mut aim: Aim, races: &[&Race]) -> Vec<Vec<Value>> {
    let mut answers = Vec::new();
    for race in races {
        // No server waits for long for what a connection will bring.
        until_ms(race.limit_ms - PREPARED_MS);
        let split = aim.chance(2) == 0;
        let forms = race.all.iter();
        let forms = forms.map(|(_, form)| filled(form, true, split));
        racer.prepare(&posts(forms.collect()));
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_us = i64::try_from(now.expect("after 1970").as_micros()).expect("small");
        let wait_us = race.limit_ms * 1_000 + aim.micros() - BEFORE - now_us;
        racer.go(u64::try_from(wait_us).unwrap_or(0));
        let answer = racer.answer().as_array().cloned().expect("answers");
        let votes = answer.iter().filter(|one| one["status"] == 303);
        aim.learn(2 * votes.count() > answer.len(), STEP);
        answers.push(answer);
    }
    answers
}

/// Compares the answer with the ledger; who has won.
fn judge(arena: &mut Arena, name: &str, form: &Form, answer: &Value) -> usize {
    let facts = Facts::of(&arena.rows, name);
    if answer["status"] == 303 {
        let expected = Facts {
            state: "Approved".to_owned(),
            votes: vec![(0, true)],
            record: vec!["opened".to_owned(), "voted".to_owned()],
            outcomes: (1, 1),
            links: 0,
            mails: vec!["receipt".to_owned()],
            phase: "Succeeded".to_owned(),
        };
        assert_eq!(facts, expected, "{name}");
        let page = arena.page(&form.path);
        assert!(
            page.status == 200 && page.body.contains("Approved"),
            "{name}"
        );
        return 0;
    }
    let expected = Facts {
        state: "TimedOut".to_owned(),
        votes: Vec::new(),
        record: vec!["opened".to_owned(), "timedOut".to_owned()],
        outcomes: (1, 1),
        links: 0,
        mails: vec!["noLongerNeeded".to_owned()],
        phase: "Failed".to_owned(),
    };
    assert_eq!(facts, expected, "{name}: {answer}");
    assert_eq!(answer["status"], 410, "{name}: {answer}");
    let heading = answer["heading"].as_str().unwrap_or_default();
    // At the door the link is as old as the request may get; in the gate the limit was faster.
    let truths = ["This link has expired", "No decision in time"];
    assert!(truths.contains(&heading), "{name}: {answer}");
    1
}
