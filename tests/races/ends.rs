//! Somebody decides at the moment at which somebody else ends the run.

use serde_json::{Value, json};
use suite::{Aim, Facts, Form, grow_old};

use crate::arena::{Arena, Ask, filled, posts};
use crate::judge::both_win;
use crate::lane::{Racer, side_by_side};

/// Races of all rounds in `full`.
const RACES: usize = 3_000;

/// Races of one round; the development mailbox keeps a thousand mails.
const ROUND: usize = 300;

/// Pairs of client processes at work at the same time.
const LANES: usize = 2;

/// The steps of the aim, microseconds, at most.
const STEP: u64 = 400;

struct Race {
    name: String,
    form: Form,
    /// Whether the decision is to approve.
    approves: bool,
    /// Whether the run is only stopped.
    stops: bool,
}

/// One outcome each: either the vote counts and the run has its outcome, or the request is closed
/// and the vote is not taken; both sides are told so.
#[test]
fn a_decider_and_a_terminate() {
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
            wins[judge(&mut arena, race, &answers)] += 1;
        }
        done += round;
    }
    both_win("a decider and a terminate", wins);
    arena.close(races);
}

fn open(arena: &mut Arena, first: usize, count: usize) -> Vec<Race> {
    let name = |number: usize| format!("end-{}", first + number);
    let ask = |number: usize| Ask {
        name: name(number),
        policy: json!({"approvers": [{"user": "ada"}]}),
    };
    let asks: Vec<Ask> = (0..count).map(ask).collect();
    let links = arena.ask(&asks, count);
    let races = (0..count).map(|number| Race {
        name: name(number),
        form: arena.form(&links[&(name(number), "ada@example.org".to_owned())]),
        approves: number % 3 != 0,
        stops: number % 4 == 0,
    });
    let races = races.collect();
    grow_old();
    races
}

/// Runs the races of a lane, one after the other.
fn race(mut racers: [Racer; 2], mut aim: Aim, races: &[&Race]) -> Vec<[Value; 2]> {
    let mut answers = Vec::new();
    for race in races {
        let split = aim.chance(2) == 0;
        let verb = if race.stops { "stop" } else { "terminate" };
        racers[0].prepare(&posts(vec![filled(&race.form, race.approves, split)]));
        racers[1].prepare(&json!({"verb": verb, "run": race.name}));
        let waits = aim.waits();
        racers[0].go(waits[0]);
        racers[1].go(waits[1]);
        let answer = [racers[0].answer()[0].clone(), racers[1].answer()];
        aim.learn(answer[0]["status"] == 303, STEP);
        answers.push(answer);
    }
    answers
}

/// Compares the answers with the ledger; who has won.
fn judge(arena: &mut Arena, race: &Race, answers: &[Value; 2]) -> usize {
    let [posted, ended] = answers;
    let name = &race.name;
    let facts = Facts::of(&arena.rows, name);
    if posted["status"] == 303 {
        let (state, phase) = match race.approves {
            true => ("Approved", "Succeeded"),
            false => ("Rejected", "Failed"),
        };
        let expected = Facts {
            state: state.to_owned(),
            votes: vec![(0, race.approves)],
            record: vec!["opened".to_owned(), "voted".to_owned()],
            outcomes: (1, 1),
            links: 0,
            mails: vec!["receipt".to_owned()],
            phase: phase.to_owned(),
        };
        assert_eq!(facts, expected, "{name}: {answers:?}");
        let text = format!("workflow {name} has ended ({phase})");
        let told = json!({"refused": "ended", "message": text});
        assert_eq!(*ended, told, "{name}: what the loser reads");
        let page = arena.page(&race.form.path);
        assert!(page.status == 200 && page.body.contains(state), "{name}");
        return 0;
    }
    let expected = Facts {
        state: "Cancelled".to_owned(),
        votes: Vec::new(),
        record: vec!["opened".to_owned(), "cancelled".to_owned()],
        outcomes: (0, 0),
        links: 0,
        mails: vec!["noLongerNeeded".to_owned()],
        phase: "Failed".to_owned(),
    };
    assert_eq!(facts, expected, "{name}: {answers:?}");
    let told = json!({"status": 410, "heading": "No longer needed"});
    assert_eq!(*posted, told, "{name}: what the loser reads");
    let word = if race.stops { "stopped" } else { "terminated" };
    assert_eq!(*ended, json!({"done": format!("workflow {name} {word}")}));
    1
}
