//! A desk to try the machine at: one task, a clock, people, and everything that was posted and
//! recorded. Every move is checked against the laws, and the record is verified.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use usher_api::approval::{Asked, Level, Verdict};
use usher_notifier_core::decide::{
    Ballot, Change, Event, LinkChange, Post, Refusal, Rules, Told, World, decide,
};
use usher_notifier_core::invariant::broken_by;
use usher_notifier_core::people::People;
use usher_notifier_core::record::{Sealed, verify_whole};
use usher_notifier_core::task::{Slot, SlotState, State, Task};

/// 2026-03-01T10:00:00Z: when every request here is opened.
pub(crate) const OPENED_MS: i64 = 1_772_359_200_000;

/// A day.
pub(crate) const DAY_MS: i64 = 86_400_000;

const PEOPLE: &str = "
people:
  ann: {address: ann@example.org, name: Ann Archer, accounts: [ann-login]}
  bob: {address: bob@example.org, name: Bob Baker, accounts: [bob-login]}
  cid: {address: cid@example.org, accounts: [cid-login]}
  dan: {address: dan@example.org, accounts: [dan-login]}
  eve: {address: eve@example.org, accounts: [eve-login]}
  sam: {address: sam@example.org, name: Sam Submitter, accounts: [sam-login]}
  root: {address: root@example.org, accounts: [root-login]}
groups:
  finance: [ann, bob, cid]
  legal: [bob, dan]
  heads: [ann]
  mine: [sam]
  empty: []
  five: [ann, bob, cid, dan, eve]
roles:
  cfo: [eve]
overriders: [root-login]
";

/// The people of every test, unless it has its own.
pub(crate) fn people() -> People {
    People::parse(PEOPLE).expect("the people file is right")
}

/// The rules of every test, unless it has its own.
pub(crate) fn rules() -> Rules {
    Rules {
        auth: Level::Link,
        allow_approve_on_timeout: false,
        link_ms: 30 * DAY_MS,
        persons_max: 200,
        domains: Vec::new(),
        administrators: vec!["admin@example.org".to_owned()],
        signing_key: 1,
        locale: "en".to_owned(),
        timezone: "UTC".to_owned(),
    }
}

/// An entry of `approvers`: `user:ann`, `group:finance*2`, `group:five*60%`, `role:cfo!`
/// (required), `user:bob@heads` is not taken for an address but for `mustBeIn`.
pub(crate) fn entry(text: &str) -> Value {
    let (text, required) = match text.strip_suffix('!') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (text, need) = match text.split_once('*') {
        Some((rest, percent)) if percent.ends_with('%') => {
            let percent: u8 = percent.trim_end_matches('%').parse().expect("a percentage");
            (rest, json!({ "percent": percent }))
        }
        Some((rest, count)) => {
            let count: u32 = count.parse().expect("a count");
            (rest, json!({ "count": count }))
        }
        None => (text, json!({"count": 1})),
    };
    let (text, inside) = match text.split_once(" in ") {
        Some((rest, group)) => (rest, json!(group)),
        None => (text, Value::Null),
    };
    let (kind, name) = text.split_once(':').expect("kind:name");
    json!({"who": {kind: name}, "need": need, "required": required, "mustBeIn": inside})
}

/// A policy of these entries and that quorum, with further fields.
pub(crate) fn policy(entries: &[&str], quorum: Value, more: &Value) -> Value {
    let approvers: Vec<Value> = entries.iter().map(|text| entry(text)).collect();
    let mut policy = json!({"title": "Invoice 4711", "approvers": approvers, "quorum": quorum});
    for (key, value) in more.as_object().expect("fields") {
        policy[key] = value.clone();
    }
    policy
}

/// What a run asks with this policy.
pub(crate) fn asked(policy: &Value) -> Asked {
    let supplies = [
        "decision",
        "decidedVia",
        "approver",
        "approvers",
        "comment",
        "decidedAt",
        "round",
        "votes",
        "costCentre",
        "amount",
    ];
    serde_json::from_value(json!({
        "v": 1, "task": "task-1", "policy": policy,
        "facts": [{"name": "amount", "label": "Amount", "value": "12000"}],
        "supplies": supplies,
        "run": "run-1", "workflow": "pay", "namespace": "default", "node": 3,
        "nodeName": "pay.ask", "template": "ask", "submitter": "sam-login",
        "openedMs": OPENED_MS,
    }))
    .expect("a policy of the tests is one")
}

/// The desk.
pub(crate) struct Desk {
    pub(crate) task: Task,
    pub(crate) people: Option<People>,
    pub(crate) rules: Rules,
    pub(crate) now_ms: i64,
    pub(crate) first_sent_ms: Option<i64>,
    pub(crate) record: Vec<Sealed>,
    pub(crate) mails: Vec<Post>,
    pub(crate) verdict: Option<Verdict>,
    /// Links in force: slot and end by id.
    pub(crate) links: BTreeMap<[u8; 16], (u32, i64)>,
    keys: BTreeSet<String>,
    ids: BTreeSet<[u8; 16]>,
    draws: u64,
}

impl Desk {
    /// A task that nobody has looked at, with a policy.
    pub(crate) fn new(policy: &Value) -> Desk {
        Desk {
            task: Task::opening(asked(policy)),
            people: Some(people()),
            rules: rules(),
            now_ms: OPENED_MS,
            first_sent_ms: Some(OPENED_MS + 1),
            record: Vec::new(),
            mails: Vec::new(),
            verdict: None,
            links: BTreeMap::new(),
            keys: BTreeSet::new(),
            ids: BTreeSet::new(),
            draws: 0,
        }
    }

    /// A task of these entries and that quorum that is asked already.
    pub(crate) fn open(entries: &[&str], quorum: Value) -> Desk {
        Desk::open_with(entries, quorum, &json!({}))
    }

    /// The same with further fields of the policy.
    pub(crate) fn open_with(entries: &[&str], quorum: Value, more: &Value) -> Desk {
        let mut desk = Desk::new(&policy(entries, quorum, more));
        assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
        assert_eq!(desk.task.state, State::Pending, "{:?}", desk.task.opening);
        desk
    }

    /// Decides, checks every law, and writes down what a ledger would.
    pub(crate) fn does(&mut self, event: &Event) -> Result<Told, Refusal> {
        self.draws += 1;
        let mut seed = [0_u8; 32];
        seed[..8].copy_from_slice(&self.draws.to_be_bytes());
        let world = World {
            now_ms: self.now_ms,
            people: self.people.as_ref(),
            rules: &self.rules,
            seed,
            first_sent_ms: self.first_sent_ms,
        };
        let change = decide(&self.task, event, &world)?;
        let broken = broken_by(&self.task, &change);
        assert_eq!(
            broken,
            Vec::<String>::new(),
            "after {event:?} on {:#?}",
            self.task
        );
        Ok(self.take(change))
    }

    fn take(&mut self, change: Change) -> Told {
        for link in change.links {
            match link {
                LinkChange::Made {
                    id,
                    slot,
                    expires_ms,
                    ..
                } => {
                    let is_new = self.ids.insert(id);
                    let is_extended = self.links.get(&id).is_some_and(|(of, _)| *of == slot);
                    assert!(is_new || is_extended, "a link id was drawn twice");
                    self.links.insert(id, (slot, expires_ms));
                }
                LinkChange::OnlyThis { slot, id } => {
                    self.links.retain(|key, (of, _)| *of != slot || *key == id);
                }
                LinkChange::AllGone { slot } => self.links.retain(|_, (of, _)| *of != slot),
            }
        }
        for post in change.mails {
            assert!(self.keys.insert(post.key.clone()), "key {} twice", post.key);
            self.mails.push(post);
        }
        self.record.extend(change.record);
        for seq in change.erase {
            self.record[seq as usize - 1].side = None;
        }
        if let Some(verdict) = change.verdict {
            assert_eq!(self.verdict, None, "a second outcome");
            self.verdict = Some(verdict);
        }
        self.task = change.task;
        if !self.task.state.is_open() {
            self.verify();
        }
        change.told
    }

    /// The record is what was written.
    pub(crate) fn verify(&self) {
        assert_eq!(verify_whole(&self.record, &self.task.chain), Ok(()));
    }

    /// The slot of a person.
    pub(crate) fn number(&self, person: &str) -> u32 {
        let slots = &self.task.slots;
        let at = slots.iter().position(|slot| slot.person.id == person);
        u32::try_from(at.expect("the person has a slot")).expect("few slots")
    }

    pub(crate) fn slot(&self, person: &str) -> &Slot {
        &self.task.slots[self.number(person) as usize]
    }

    /// A ballot of a person from a page as it is shown now.
    pub(crate) fn ballot(&self, person: &str, approves: bool) -> Ballot {
        self.ballot_of(self.number(person), approves)
    }

    /// A ballot of a slot, be it there or not.
    pub(crate) fn ballot_of(&self, slot: u32, approves: bool) -> Ballot {
        Ballot {
            slot,
            approves: Some(approves),
            comment: String::new(),
            values: BTreeMap::new(),
            round: self.task.round,
            digest: self.task.digest.clone(),
            nonce: format!("nonce {}", self.draws),
            level: Level::Link,
            via: "link".to_owned(),
            person: None,
            client: "192.0.2.0/24".to_owned(),
        }
    }

    /// A person votes.
    pub(crate) fn vote(&mut self, person: &str, approves: bool) -> Result<Told, Refusal> {
        let ballot = self.ballot(person, approves);
        self.does(&Event::Vote(ballot))
    }

    /// A person votes with a comment.
    pub(crate) fn says(
        &mut self,
        person: &str,
        approves: bool,
        comment: &str,
    ) -> Result<Told, Refusal> {
        let mut ballot = self.ballot(person, approves);
        comment.clone_into(&mut ballot.comment);
        self.does(&Event::Vote(ballot))
    }

    /// A person votes with form values.
    pub(crate) fn fills(
        &mut self,
        person: &str,
        approves: bool,
        values: &[(&str, &str)],
    ) -> Result<Told, Refusal> {
        let mut ballot = self.ballot(person, approves);
        ballot.values = pairs(values);
        self.does(&Event::Vote(ballot))
    }

    /// Persons who got a mail of a kind, in the order of posting.
    pub(crate) fn mailed(&self, kind: &str) -> Vec<&str> {
        let posts = self.mails.iter().filter(|post| post.kind == kind);
        posts.map(|post| &*post.recipient).collect()
    }

    /// Acts of the record.
    pub(crate) fn acts(&self) -> Vec<String> {
        let entries = self.record.iter().map(entry_of);
        entries
            .map(|entry| entry["action"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// The outcome's output.
    pub(crate) fn output(&self, name: &str) -> Option<&str> {
        let outputs = &self.verdict.as_ref().expect("an outcome").outputs;
        outputs.get(name).map(String::as_str)
    }

    /// Whether a person has a link in force.
    pub(crate) fn has_link(&self, person: &str) -> bool {
        let number = self.number(person);
        self.links.values().any(|(slot, _)| *slot == number)
    }

    /// Disables a person in the directory.
    pub(crate) fn disable(&mut self, person: &str) {
        let people = self.people.as_mut().expect("people");
        people.disabled.insert(person.to_owned());
    }

    pub(crate) fn state_of(&self, person: &str) -> SlotState {
        self.slot(person).state
    }
}

/// An entry of the record as JSON.
pub(crate) fn entry_of(row: &Sealed) -> Value {
    serde_json::from_str(&row.entry).expect("an entry is JSON")
}

/// Values of a form.
pub(crate) fn pairs(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    values.iter().map(owned).collect()
}
