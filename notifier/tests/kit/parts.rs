//! The ports of a test: a clock, people, keys and an ear that remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use usher_api::approval::Level;
use usher_notifier::caller::{Caller, Connection};
use usher_notifier::ports::{Clock, Directory, Settings, Wake};
use usher_notifier_core::decide::Rules;
use usher_notifier_core::people::{People, Person};
use usher_notifier_core::token::Ring;

/// When every test begins.
pub(crate) const START_MS: i64 = 1_772_000_000_000;

/// A clock that a test turns.
#[derive(Debug)]
pub(crate) struct Hand(AtomicI64);

impl Hand {
    pub(crate) fn new() -> Arc<Hand> {
        Arc::new(Hand(AtomicI64::new(START_MS)))
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// People on a board that a test rewrites; none: nobody can read the board.
#[derive(Debug)]
pub(crate) struct Board(Mutex<Option<Arc<People>>>);

impl Board {
    pub(crate) fn new() -> Arc<Board> {
        Arc::new(Board(Mutex::new(Some(Arc::new(everybody())))))
    }

    pub(crate) fn write(&self, change: impl FnOnce(&mut People)) {
        let mut board = self.0.lock().unwrap();
        let mut people = board.as_deref().cloned().unwrap_or_else(everybody);
        change(&mut people);
        *board = Some(Arc::new(people));
    }

    pub(crate) fn hide(&self) {
        *self.0.lock().unwrap() = None;
    }
}

impl Directory for Board {
    fn people(&self) -> Result<Arc<People>, String> {
        self.0
            .lock()
            .unwrap()
            .clone()
            .ok_or_else(|| "the board is hidden".to_owned())
    }
}

/// Hears which runs are woken.
#[derive(Debug, Default)]
pub(crate) struct Ear(Mutex<Vec<String>>);

impl Ear {
    pub(crate) fn heard(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Wake for Ear {
    fn wake(&self, run: &str) {
        self.0.lock().unwrap().push(run.to_owned());
    }
}

/// Says that everybody who calls has this account.
#[derive(Debug)]
pub(crate) struct Named(pub(crate) Mutex<Option<String>>);

impl Caller for Named {
    fn account(&self, _: Connection) -> Option<String> {
        self.0.lock().unwrap().clone()
    }
}

/// The boss, three in finance, two in legal; each has an account of the same name.
pub(crate) fn everybody() -> People {
    let ids = ["boss", "ada", "ben", "cem", "lea", "leo"];
    let person = |id: &str| Person {
        id: id.to_owned(),
        address: format!("{id}@example.org"),
        name: format!("{}{}", id[..1].to_uppercase(), &id[1..]),
        locale: None,
        zone: None,
    };
    let names = |list: &[&str]| list.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    People {
        persons: ids
            .iter()
            .map(|id| ((*id).to_owned(), person(id)))
            .collect(),
        disabled: BTreeSet::new(),
        groups: BTreeMap::from([
            ("finance".to_owned(), names(&["ada", "ben", "cem"])),
            ("legal".to_owned(), names(&["lea", "leo"])),
        ]),
        roles: BTreeMap::new(),
        accounts: ids
            .iter()
            .map(|id| ((*id).to_owned(), (*id).to_owned()))
            .collect(),
        overriders: vec!["root".to_owned()],
    }
}

/// A key ring of these keys; the last one signs.
pub(crate) fn ring(keys: &[u8]) -> Arc<Ring> {
    let keys: Vec<(u8, [u8; 32])> = keys.iter().map(|key| (*key, [*key; 32])).collect();
    let signing = keys.last().map_or(0, |(key, _)| *key);
    Arc::new(Ring::new("test", keys, signing))
}

/// Settings of a service at this address.
pub(crate) fn settings(base_url: &str) -> Settings {
    Settings {
        base_url: base_url.to_owned(),
        service: "Usher".to_owned(),
        from: "usher@example.org".to_owned(),
        mail_domain: "example.org".to_owned(),
        rules: Rules {
            auth: Level::Link,
            allow_approve_on_timeout: false,
            link_ms: 30 * 24 * 3_600_000,
            persons_max: 200,
            domains: Vec::new(),
            administrators: vec!["admin@example.org".to_owned()],
            signing_key: 1,
            locale: "en".to_owned(),
            timezone: "UTC".to_owned(),
        },
        smtp: None,
        // The tests' own machine is the proxy: so a test can come from any address.
        trusted_proxies: vec!["127.0.0.0/8".to_owned()],
    }
}
