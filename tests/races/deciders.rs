//! Two people decide the same request at the same moment.

use serde_json::{Value, json};
use suite::{Aim, Facts, Form, grow_old};

use crate::arena::{Arena, Ask, filled, posts};
use crate::judge::both_win;
use crate::lane::{Racer, side_by_side};

/// Races of all rounds in `full`.
const RACES: usize = 4_000;

/// Races of one round; the development mailbox keeps a thousand mails.
const ROUND: usize = 200;

/// Pairs of client processes at work at the same time.
const LANES: usize = 2;

/// The steps of the aim, microseconds, at most.
const STEP: u64 = 60;

/// Who meets whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Ada approves, Ben rejects.
    Against,
    /// Both approve, one would do.
    Alike,
    /// Ada with herself: two pages of one link, one approves, one rejects.
    Herself,
    /// Ada's button is pressed twice.
    Twice,
}

impl Kind {
    fn of(number: usize) -> Kind {
        match number % 8 {
            0 => Kind::Alike,
            1 => Kind::Herself,
            2 => Kind::Twice,
            _ => Kind::Against,
        }
    }

    fn second_approves(self) -> bool {
        matches!(self, Kind::Alike | Kind::Twice)
    }
}

struct Race {
    name: String,
    kind: Kind,
    forms: [Form; 2],
}

/// One outcome each: the winner gets the receipt, the loser is told how it ended, record, mails,
/// links and the run's end say the same.
#[test]
fn two_deciders() {
    let mut arena = Arena::open();
    let races = suite::scaled(RACES);
    let mut wins = [0, 0];
    let mut done = 0;
    while done < races {
        let round = ROUND.min(races - done);
        let races = open(&mut arena, done, round);
        let track = arena.track();
        let ran = side_by_side(LANES, &races, |lane, races| {
            let racers = [Racer::start(&track), Racer::start(&track)];
            race(
                racers,
                Aim::new(suite::seed() ^ (done + lane) as u64),
                races,
            )
        });
        arena.settle();
        for (race, answers) in ran {
            if let Some(winner) = judge(&mut arena, race, &answers) {
                wins[winner] += 1;
            }
        }
        done += round;
    }
    both_win("two deciders", wins);
    arena.close(races);
}

/// Requests that are open, with two pages each that are old enough.
fn open(arena: &mut Arena, first: usize, count: usize) -> Vec<Race> {
    let name = |number: usize| format!("pair-{}", first + number);
    let asks: Vec<Ask> = (0..count)
        .map(|number| Ask {
            name: name(number),
            policy: json!({"approvers": [{"user": "ada"}, {"user": "ben"}], "quorum": "any"}),
        })
        .collect();
    let links = arena.ask(&asks, 2 * count);
    let link = |number: usize, who: &str| &links[&(name(number), format!("{who}@example.org"))];
    let mut races = Vec::new();
    for number in 0..count {
        let kind = Kind::of(first + number);
        let ada = arena.form(link(number, "ada"));
        let other = match kind {
            Kind::Against | Kind::Alike => arena.form(link(number, "ben")),
            Kind::Herself => arena.form(link(number, "ada")),
            Kind::Twice => ada.clone(),
        };
        races.push(Race {
            name: name(number),
            kind,
            forms: [ada, other],
        });
    }
    grow_old();
    races
}

/// Runs the races of a lane, one after the other.
fn race(mut racers: [Racer; 2], mut aim: Aim, races: &[&Race]) -> Vec<[Value; 2]> {
    let mut answers = Vec::new();
    for race in races {
        let split = aim.chance(2) == 0;
        let approves = [true, race.kind.second_approves()];
        for (at, racer) in racers.iter_mut().enumerate() {
            racer.prepare(&posts(vec![filled(&race.forms[at], approves[at], split)]));
        }
        let waits = aim.waits();
        // Who hears the gun first is chance as well.
        let order = if aim.chance(2) == 0 { [0, 1] } else { [1, 0] };
        for at in order {
            racers[at].go(waits[at]);
        }
        let answer = [0, 1].map(|at: usize| racers[at].answer()[0].clone());
        if race.kind != Kind::Twice {
            aim.learn(answer[0]["status"] == 303, STEP);
        }
        answers.push(answer);
    }
    answers
}

/// Compares the answers with the ledger; who has won, if it can be told.
fn judge(arena: &mut Arena, race: &Race, answers: &[Value; 2]) -> Option<usize> {
    let statuses = [0, 1].map(|at: usize| answers[at]["status"].as_u64().unwrap_or(0));
    let winner = match (race.kind, statuses) {
        // Both lead to the same receipt.
        (Kind::Twice, [303, 303]) => 0,
        (Kind::Against | Kind::Alike | Kind::Herself, [303, 410]) => 0,
        (Kind::Against | Kind::Alike | Kind::Herself, [410, 303]) => 1,
        (kind, _) => panic!("{}, {kind:?}: {answers:?}", race.name),
    };
    let approves = winner == 0 || race.kind.second_approves();
    let slot = match race.kind {
        Kind::Against | Kind::Alike => winner,
        Kind::Herself | Kind::Twice => 0,
    };
    let word = if approves { "Approved" } else { "Rejected" };
    let expected = Facts {
        state: word.to_owned(),
        votes: vec![(slot, approves)],
        record: vec!["opened".to_owned(), "voted".to_owned()],
        outcomes: (1, 1),
        links: 0,
        mails: vec!["noLongerNeeded".to_owned(), "receipt".to_owned()],
        phase: if approves { "Succeeded" } else { "Failed" }.to_owned(),
    };
    assert_eq!(
        Facts::of(&arena.rows, &race.name),
        expected,
        "{}",
        race.name
    );
    let page = arena.page(&race.forms[winner].path);
    assert!(
        page.status == 200 && page.body.contains(word),
        "the receipt of {}: {}",
        race.name,
        page.body
    );
    if race.kind == Kind::Twice {
        return None;
    }
    assert_eq!(answers[1 - winner]["heading"], word, "what the loser reads");
    Some(winner)
}
