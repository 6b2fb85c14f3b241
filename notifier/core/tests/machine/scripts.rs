//! Random scripts: the machine against the naive model, and every event in every state. The seed is
//! fixed, so that a failure can be had again; it is printed with the failure.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use usher_api::approval::RejectRule;
use usher_notifier_core::decide::{Event, Told};
use usher_notifier_core::quorum::{Standing, is_satisfied, standing, wanted};
use usher_notifier_core::task::{Entry, Slot, SlotState, State, Task};

use crate::desk::{DAY_MS, Desk, asked, policy};
use crate::model::{Outcome, Said, is_enough, outcome};

const SEED: u64 = 7;

/// Chance: splitmix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        usize::try_from(z % end.max(1) as u64).expect("below a usize")
    }

    fn of(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

/// A pending task of up to five persons and four entries, made without opening.
fn drawn(chance: &mut Chance) -> Task {
    let persons = 1 + chance.below(5);
    let entries = 1 + chance.below(4);
    let rules = ["veto", "threshold"];
    let reject = match chance.of(30) {
        true => json!({"count": 1 + chance.below(3)}),
        false => json!(chance.pick(&rules)),
    };
    let quorum = match chance.below(4) {
        0 => json!("any"),
        1 => json!("all"),
        2 => json!({"count": 1 + chance.below(entries)}),
        _ => json!({"percent": 1 + chance.below(100)}),
    };
    let words = vec!["user:ann"; entries];
    let mut task = Task::opening(asked(&policy(&words, quorum, &json!({"reject": reject}))));
    task.state = State::Pending;
    for person in 0..persons {
        task.slots
            .push(Slot::new(usher_notifier_core::people::Person {
                id: format!("p{person}"),
                address: format!("p{person}@example.org"),
                name: String::new(),
                locale: None,
                zone: None,
            }));
    }
    for number in 0..entries {
        let mut slots: Vec<u32> = (0..u32::try_from(persons).expect("few")).collect();
        slots.retain(|_| chance.of(60));
        chance.shuffle(&mut slots);
        task.entries.push(Entry {
            label: format!("e{number}"),
            need: 1 + u32::try_from(chance.below(3)).expect("few"),
            required: chance.of(25),
            slots,
            group: None,
            fault: None,
        });
    }
    task
}

fn say(task: &mut Task, said: &[Said]) {
    for (slot, said) in task.slots.iter_mut().zip(said) {
        slot.state = match said {
            Said::Nothing => SlotState::Open,
            Said::Yes => SlotState::Approved,
            Said::No => SlotState::Rejected,
            Said::Gone => SlotState::Removed,
        };
    }
}

fn stands(task: &Task) -> Outcome {
    match standing(task) {
        Standing::Undecided => Outcome::Undecided,
        Standing::Approved => Outcome::Approved,
        Standing::Rejected => Outcome::Rejected,
        Standing::OutOfReach => Outcome::OutOfReach,
    }
}

/// The matching says what trying every seating says; nobody fills two seats; one approval more
/// never takes an approval away; the order of entries and of their persons means nothing.
#[test]
fn the_matching_is_the_naive_model() {
    let mut chance = Chance(SEED);
    let mut seen = BTreeSet::new();
    for script in 0..20_000 {
        let mut task = drawn(&mut chance);
        let reject: RejectRule = task.asked.policy.reject;
        let quorum = wanted(task.asked.policy.quorum, task.entries.len());
        let words = [Said::Nothing, Said::Yes, Said::Yes, Said::No, Said::Gone];
        let said: Vec<Said> = task.slots.iter().map(|_| *chance.pick(&words)).collect();
        say(&mut task, &said);
        let model = outcome(&task.entries, quorum, reject, &said);
        assert_eq!(
            stands(&task),
            model,
            "script {script} of seed {SEED}: {task:#?}"
        );
        seen.insert(format!("{model:?}"));
        let mut turned = task.clone();
        chance.shuffle(&mut turned.entries);
        for entry in &mut turned.entries {
            chance.shuffle(&mut entry.slots);
        }
        assert_eq!(stands(&turned), model, "script {script}: order matters");
        if let Some(at) = said.iter().position(|said| *said == Said::Nothing) {
            let mut more = said.clone();
            more[at] = Said::Yes;
            say(&mut task, &more);
            let is_worse = model == Outcome::Approved && stands(&task) != Outcome::Approved;
            assert!(!is_worse, "script {script}: an approval took one away");
        }
        let few: u32 = task
            .entries
            .iter()
            .filter(|e| e.required)
            .map(|e| e.need)
            .sum();
        let yes: Vec<u32> = (0..few.saturating_sub(1).min(5)).collect();
        let set = yes.iter().copied().collect();
        let enough = is_satisfied(&task.entries, quorum, &set);
        assert_eq!(
            enough,
            is_enough(&task.entries, quorum, &yes),
            "script {script}"
        );
        assert!(
            !enough || few == 0 || yes.len() as u32 >= few,
            "{script}: counted twice"
        );
    }
    assert_eq!(seen.len(), 4, "some outcome was never drawn: {seen:?}");
}

/// The outcome depends on the last votes only, not on their order: every order of the same votes
/// that all of them get to cast ends alike.
#[test]
fn the_order_of_votes_means_nothing() {
    let mut chance = Chance(SEED);
    let texts: [&[&str]; 5] = [
        &["group:finance*2", "group:legal"],
        &["group:finance", "group:legal"],
        &["group:five*60%"],
        &["user:ann!", "group:legal", "group:finance*2"],
        &["role:cfo", "group:five*2", "user:bob"],
    ];
    let mut ends = BTreeSet::new();
    for script in 0..600 {
        let entries = chance.pick(&texts);
        let quorum = json!({"count": 1 + chance.below(entries.len())});
        // Everybody approves: no vote can cut the others short but by approving.
        let desk = || Desk::open(entries, quorum.clone());
        let mut persons: Vec<String> = desk()
            .task
            .slots
            .iter()
            .map(|slot| slot.person.id.clone())
            .collect();
        let many = 1 + chance.below(persons.len());
        chance.shuffle(&mut persons);
        persons.truncate(many);
        let mut states = BTreeSet::new();
        for _ in 0..3 {
            chance.shuffle(&mut persons);
            let mut desk = desk();
            for person in &persons {
                if desk.task.state == State::Pending {
                    desk.vote(person, true).expect("an approval is taken");
                }
            }
            states.insert(desk.task.state);
        }
        assert_eq!(
            states.len(),
            1,
            "script {script} of seed {SEED}: {persons:?} {states:?}"
        );
        ends.extend(states);
    }
    assert_eq!(ends, BTreeSet::from([State::Pending, State::Approved]));
}

/// A policy of anything.
fn any_policy(chance: &mut Chance) -> Value {
    let words = [
        "user:ann",
        "user:bob",
        "user:zoe@example.net",
        "group:finance*2",
        "group:five*60%",
        "group:legal",
        "role:cfo!",
        "group:mine",
        "group:empty",
        "user:sam",
        "group:heads",
        "group:five*4",
    ];
    let many = 1 + chance.below(3);
    let entries: Vec<&str> = (0..many).map(|_| *chance.pick(&words)).collect();
    let quorums = [json!("any"), json!("all"), json!({"percent": 60})];
    let mut more = json!({
        "reject": chance.pick(&[json!("veto"), json!("threshold"), json!({"count": 2})]),
        "comment": chance.pick(&["optional", "never", "onReject", "onApprove", "always"]),
        "onReject": chance.pick(&["fail", "continue"]),
        "retryOnReject": chance.of(30),
        "requesterMayApprove": chance.of(10),
    });
    if chance.of(70) {
        let result = chance.pick(&["reject", "fail", "continue", "approve"]);
        let whens = [
            json!({"after": 5 * DAY_MS}),
            json!({"after": 1_000}),
            json!({"at": "2026-03-03T12:00"}),
            json!({"at": "never"}),
        ];
        let when = chance.pick(&whens);
        more["timeout"] = json!({"when": when, "result": result});
    }
    if chance.of(30) {
        more["form"] = json!([{"name": "amount", "kind": "integer", "max": "100"}]);
    }
    policy(&entries, chance.pick(&quorums).clone(), &more)
}

/// The first word of a value: which event, which answer.
fn word(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.split(['(', ' ', '{'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn any_event(chance: &mut Chance, desk: &Desk) -> Event {
    let many = desk.task.slots.len().max(1) + usize::from(chance.of(3));
    let slot = u32::try_from(chance.below(many)).expect("few");
    let by = (*chance.pick(&["sam-login", "root-login", "ann-login", "nobody"])).to_owned();
    match chance.below(22) {
        0 => Event::Prepare,
        1..=6 => any_vote(chance, desk),
        7 | 8 => Event::Due,
        9 if chance.of(20) => Event::Closed {
            reason: "stopped".to_owned(),
        },
        10 if chance.of(40) => Event::Override {
            by,
            approves: chance.of(50),
            reason: (*chance.pick(&["", "we must"])).to_owned(),
        },
        11 if chance.of(40) => Event::Withdraw { by },
        12 => Event::Undeliverable {
            slot,
            why: "550 no such user".to_owned(),
        },
        13 => Event::SendCode { slot },
        14 => Event::TryCode {
            slot,
            ordinal: 1 + u32::from(chance.of(30)),
            right: chance.of(30),
        },
        15 => Event::Renew { slot },
        16 => Event::Resend {
            slot: chance.of(50).then_some(slot),
            by,
        },
        17 => Event::PeopleChanged,
        18 => Event::KeysGone {
            left: vec![if chance.of(50) { 1 } else { 2 }],
        },
        19 => Event::Erase {
            seq: u32::try_from(chance.below(8)).expect("few"),
            by,
        },
        20 => Event::Refused {
            actor: by,
            reason: (*chance.pick(&["separation", "level"])).to_owned(),
        },
        _ => Event::Due,
    }
}

fn any_vote(chance: &mut Chance, desk: &Desk) -> Event {
    // Where nobody is asked, somebody tries all the same.
    let slot = u32::try_from(chance.below(desk.task.slots.len())).expect("few");
    let mut ballot = desk.ballot_of(slot, chance.of(70));
    if chance.of(60) {
        ballot.comment = "because".to_owned();
    }
    if chance.of(50) {
        let amount = *chance.pick(&["7", "8", "1000", "x"]);
        ballot.values.insert("amount".to_owned(), amount.to_owned());
    }
    match chance.below(20) {
        0 => ballot.round = 2,
        1 => ballot.digest.push('0'),
        2 => ballot.approves = None,
        3 => ballot.nonce = "the same".to_owned(),
        4 => ballot.slot += 9,
        _ => {}
    }
    Event::Vote(ballot)
}

fn shake(chance: &mut Chance, desk: &mut Desk) {
    if desk.people.is_none() {
        if chance.of(60) {
            desk.people = Some(crate::desk::people());
        }
    } else if chance.of(4) {
        desk.people = None;
    } else if chance.of(6) {
        let person = *chance.pick(&["ann", "bob", "cid", "dan", "eve"]);
        desk.disable(person);
    } else if chance.of(6)
        && let Some(people) = desk.people.as_mut()
    {
        let group = *chance.pick(&["finance", "legal", "five", "empty"]);
        people
            .groups
            .insert(group.to_owned(), vec!["dan".to_owned(), "eve".to_owned()]);
    }
    let steps = [0, 1, 1_000, 60_000, 3_600_000, DAY_MS, 6 * DAY_MS];
    desk.now_ms += *chance.pick(&steps);
    if chance.of(5) {
        desk.first_sent_ms = match desk.first_sent_ms {
            Some(_) if chance.of(50) => None,
            _ => Some(desk.now_ms),
        };
    }
}

/// What the scripts have come across.
#[derive(Default)]
struct Seen {
    pairs: BTreeSet<(State, String)>,
    answers: BTreeSet<String>,
}

impl Seen {
    /// One script, to its end. The desk checks the laws after each move.
    fn script(&mut self, chance: &mut Chance) {
        let mut desk = Desk::new(&any_policy(chance));
        desk.rules.allow_approve_on_timeout = chance.of(50);
        if chance.of(10) {
            desk.people = None;
        }
        if chance.of(3) {
            desk.task.asked.fault = Some("`x@` is no address".to_owned());
        }
        if chance.of(30) {
            desk.first_sent_ms = None;
        }
        if chance.of(85) {
            let opened = desk.does(&Event::Prepare);
            assert_eq!(opened, Ok(Told::Done));
        }
        for _ in 0..chance.below(25) {
            let event = any_event(chance, &desk);
            let before = desk.task.clone();
            let answer = match desk.does(&event) {
                Ok(told) => word(&told),
                Err(refusal) => {
                    assert_eq!(desk.task, before, "a refusal changed something");
                    word(&refusal)
                }
            };
            self.pairs.insert((before.state, word(&event)));
            self.answers.insert(answer);
            shake(chance, &mut desk);
        }
        desk.verify();
    }
}

const EVENTS: [&str; 15] = [
    "Closed",
    "Due",
    "Erase",
    "KeysGone",
    "Override",
    "PeopleChanged",
    "Prepare",
    "Refused",
    "Renew",
    "Resend",
    "SendCode",
    "TryCode",
    "Undeliverable",
    "Vote",
    "Withdraw",
];

/// Every answer that there is, but those that take the same thing again and again: these have tests
/// of their own.
const ANSWERS: [&str; 15] = [
    "Again",
    "Closed",
    "Counted",
    "Decided",
    "Done",
    "Input",
    "NoCode",
    "NoDirectory",
    "NotAllowed",
    "NotAsked",
    "NotEntitled",
    "Nothing",
    "Outdated",
    "SlotClosed",
    "WrongCode",
];

/// Every event in every state, in scripts of anything: the laws hold after each, a refusal changes
/// nothing, and what has ended stays.
#[test]
fn every_event_in_every_state() {
    let mut chance = Chance(SEED);
    let mut seen = Seen::default();
    for _ in 0..3_000 {
        seen.script(&mut chance);
    }
    for state in State::ALL {
        for event in EVENTS {
            let pair = (state, event.to_owned());
            assert!(seen.pairs.contains(&pair), "never tried: {pair:?}");
        }
    }
    let missing: Vec<&str> = ANSWERS
        .into_iter()
        .filter(|answer| !seen.answers.contains(*answer))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}
