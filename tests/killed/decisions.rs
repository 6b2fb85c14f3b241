//! Killed around a decision: it is whole (vote, record, mails, links, the run's outcome) or it is
//! not there at all; who has an answer has a true one; the same again decides once.

use serde_json::{Value, json};
use suite::{Aim, Facts, Form, Place, Rows, WriteLock, ask, grow_old, mailed_links, page_of};
use usher::server::protocol::{Answer, Request, RunRef};
use usher_api::command::{Command, Outcome};

use crate::engine::{Engine, browser, end, is_sound, place, wait};

/// Kills of each kind in `full`.
const KILLS: usize = 500;

/// Kills while the ledger's lock is held, in `full`.
const LOCKED: usize = 100;

/// Requests that are opened at once; the development mailbox keeps a thousand mails.
const ROUND: usize = 100;

/// The steps of the aim, microseconds, at most.
const STEP: u64 = 700;

/// The longest that a decision waits for the lock before the kill, microseconds.
const WAITS: u64 = 400_000;

/// One of two decides.
fn policy() -> Value {
    json!({"approvers": [{"user": "ada"}, {"user": "ben"}], "quorum": "any"})
}

/// A request with an open page of each who is asked.
struct Open {
    name: String,
    forms: [Form; 2],
}

/// A place with its engine, which is killed and started again.
struct Office {
    place: Place,
    rows: Rows,
    engine: Option<Engine>,
    /// The last mail that was read; how many pages were asked for.
    last: i64,
    asked: u32,
}

impl Office {
    fn new() -> Office {
        let place = place();
        let engine = Some(Engine::start(&place, None));
        Office {
            rows: Rows::of(&place),
            place,
            engine,
            last: 0,
            asked: 0,
        }
    }

    /// Opens requests of these numbers; their pages are old enough afterwards.
    fn open(&mut self, numbers: std::ops::Range<usize>) -> Vec<Open> {
        let mut client = suite::client(&self.place);
        let names: Vec<String> = numbers.map(|number| format!("kill-{number}")).collect();
        for name in &names {
            ask(&mut client, name, &policy());
        }
        let unsent = "SELECT (SELECT count(*) FROM tasks WHERE state = 'Opening')
            + (SELECT count(*) FROM outbox WHERE kind = 'request' AND phase <> 'Sent')";
        let look = |rows: &Rows| (rows.number(unsent, []) == 0).then_some(());
        self.rows.until("every request to be mailed", look);
        let links = mailed_links(&self.rows, &mut self.last);
        let browser = browser(&self.place);
        let mut form = |name: &String, who: &str| {
            let link = &links[&(name.clone(), format!("{who}@example.org"))];
            self.asked += 1;
            Form::of(link, &page_of(&browser, self.asked, link))
        };
        let open = |name: String| Open {
            forms: ["ada", "ben"].map(|who| form(&name, who)),
            name,
        };
        let opened = names.into_iter().map(open).collect();
        grow_old();
        opened
    }

    fn kill(&mut self) {
        self.engine.take().expect("it runs").kill();
    }

    fn start(&mut self) {
        self.engine = Some(Engine::start(&self.place, None));
    }

    fn facts(&self, name: &str) -> Facts {
        Facts::of(&self.rows, name)
    }
}

/// Nothing was done.
fn nothing() -> Facts {
    Facts {
        state: "Pending".to_owned(),
        votes: Vec::new(),
        record: vec!["opened".to_owned()],
        outcomes: (0, 0),
        links: 2,
        mails: Vec::new(),
        phase: "Running".to_owned(),
    }
}

/// Ada has decided, and the run has heard of it.
fn decided(approves: bool) -> Facts {
    let (state, phase) = match approves {
        true => ("Approved", "Succeeded"),
        false => ("Rejected", "Failed"),
    };
    Facts {
        state: state.to_owned(),
        votes: vec![(0, approves)],
        record: vec!["opened".to_owned(), "voted".to_owned()],
        outcomes: (1, 1),
        links: 0,
        mails: vec!["noLongerNeeded".to_owned(), "receipt".to_owned()],
        phase: phase.to_owned(),
    }
}

/// The run was terminated.
fn terminated() -> Facts {
    Facts {
        state: "Cancelled".to_owned(),
        record: vec!["opened".to_owned(), "cancelled".to_owned()],
        links: 0,
        mails: vec!["noLongerNeeded".to_owned(); 2],
        phase: "Failed".to_owned(),
        ..nothing()
    }
}

/// How many of the kills found the decision whole, and how many found nothing: both happen.
pub(crate) fn both_happen(what: &str, found: [usize; 2]) {
    println!("{what}: {} whole, {} not done", found[0], found[1]);
    assert!(found.iter().all(|count| *count > 0), "{what}: {found:?}");
}

/// A vote, killed at an instant of chance around its commit.
#[test]
fn a_vote_at_any_instant() {
    let mut office = Office::new();
    let mut aim = Aim::new(suite::seed());
    let kills = suite::scaled(KILLS).max(20);
    let mut found = [0, 0];
    for first in (0..kills).step_by(ROUND) {
        let requests = office.open(first..kills.min(first + ROUND));
        for (number, request) in requests.iter().enumerate() {
            let is_whole = vote_and_kill(&mut office, request, number % 3 != 0, &mut aim);
            found[usize::from(!is_whole)] += 1;
        }
    }
    both_happen("a vote", found);
    office.kill();
    is_sound(&office.place);
}

fn vote_and_kill(office: &mut Office, request: &Open, approves: bool, aim: &mut Aim) -> bool {
    let (name, form) = (&request.name, &request.forms[0]);
    let at = browser(&office.place);
    let answer = std::thread::scope(|scope| {
        let posted = scope.spawn(|| form.post(&at, approves));
        wait(aim.waits()[0]);
        office.kill();
        posted.join().expect("an answer or none")
    });
    office.start();
    let facts = office.facts(name);
    let is_whole = facts.state != "Pending";
    aim.learn(!is_whole, STEP);
    match answer {
        Some(303) => assert!(is_whole, "{name}: the receipt lied: {facts:?}"),
        None if is_whole => {}
        None => assert_eq!(facts, nothing(), "{name}"),
        Some(other) => panic!("{name}: answered {other}"),
    }
    if is_whole {
        // The run goes on by itself: nobody asks for it again.
        end(&office.rows, name);
        assert_eq!(office.facts(name), decided(approves), "{name}");
    }
    // The same form again: the receipt, and one vote.
    assert_eq!(
        form.post(&browser(&office.place), approves),
        Some(303),
        "{name}"
    );
    end(&office.rows, name);
    assert_eq!(office.facts(name), decided(approves), "{name}");
    is_whole
}

/// A terminate, killed at an instant of chance around its commit.
#[test]
fn a_terminate_at_any_instant() {
    let mut office = Office::new();
    let mut aim = Aim::new(suite::seed() ^ 1);
    let kills = suite::scaled(KILLS).max(20);
    let mut found = [0, 0];
    for first in (0..kills).step_by(ROUND) {
        for request in office.open(first..kills.min(first + ROUND)) {
            let is_whole = terminate_and_kill(&mut office, &request, &mut aim);
            found[usize::from(!is_whole)] += 1;
        }
    }
    both_happen("a terminate", found);
    office.kill();
    is_sound(&office.place);
}

/// What a terminate is answered: done, refused with this word, or nothing.
fn terminate(place: &Place, name: &str) -> impl FnOnce() -> Option<String> + Send + use<> {
    let mut client = suite::client(place);
    let request = Request::Command {
        run: RunRef {
            namespace: "default".to_owned(),
            name: name.to_owned(),
        },
        command: Command::Terminate { by: String::new() },
        key: format!("kill/{name}"),
    };
    move || match client.ask(&request) {
        Ok(Answer::Outcome { outcome }) => Some(match outcome {
            Outcome::Done { .. } => "done".to_owned(),
            Outcome::Refused { code, .. } => code,
        }),
        Ok(other) => panic!("{other:?}"),
        Err(error) if error.is_ending() => None,
        Err(error) => panic!("{error}"),
    }
}

fn terminate_and_kill(office: &mut Office, request: &Open, aim: &mut Aim) -> bool {
    let name = &request.name;
    let ask = terminate(&office.place, name);
    let answer = std::thread::scope(|scope| {
        let asked = scope.spawn(ask);
        wait(aim.waits()[0]);
        office.kill();
        asked.join().expect("an answer or none")
    });
    office.start();
    let facts = office.facts(name);
    let is_whole = facts != nothing();
    aim.learn(!is_whole, STEP);
    match answer.as_deref() {
        Some("done") => assert!(is_whole, "{name}: it was said to be done: {facts:?}"),
        None => {}
        Some(other) => panic!("{name}: answered {other}"),
    }
    if is_whole {
        // Closed for good: no vote is taken, before the notifier has recorded it and after.
        let late = request.forms[1].post(&browser(&office.place), true);
        assert_eq!(late, Some(410), "{name}");
    }
    let again = terminate(&office.place, name)();
    let known = ["done", "ended"];
    assert!(
        again.is_some_and(|word| known.contains(&word.as_str())),
        "{name}"
    );
    end(&office.rows, name);
    let closed = "SELECT count(*) FROM tasks WHERE workflow = ?1 AND state = 'Cancelled'";
    office.rows.until("the closing to be recorded", |rows| {
        (rows.number(closed, [name]) == 1).then_some(())
    });
    assert_eq!(office.facts(name), terminated(), "{name}");
    is_whole
}

/// While somebody else has the ledger's lock a decision cannot be committed: nobody gets a receipt,
/// and killed then, at any instant, nothing was done.
#[test]
fn before_the_commit() {
    let mut office = Office::new();
    let mut chance = Aim::new(suite::seed() ^ 2);
    let kills = suite::scaled(LOCKED).max(4);
    let requests = office.open(0..kills);
    for request in &requests {
        let (name, form) = (&request.name, &request.forms[0]);
        let lock = WriteLock::take(&office.place);
        let at = browser(&office.place);
        let micros = chance.chance(WAITS);
        let answer = std::thread::scope(|scope| {
            let posted = scope.spawn(|| form.post(&at, true));
            wait(micros);
            office.kill();
            posted.join().expect("an answer or none")
        });
        lock.release();
        assert_eq!(answer, None, "{name}: answered before the commit");
        office.start();
        assert_eq!(office.facts(name), nothing(), "{name}");
        assert_eq!(form.post(&browser(&office.place), true), Some(303));
        end(&office.rows, name);
        assert_eq!(office.facts(name), decided(true), "{name}");
    }
    office.kill();
    is_sound(&office.place);
}
