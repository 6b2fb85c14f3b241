//! Many mails through random faults of the server, kills of the courier and deaths of both.
//!
//! The law: no mail is lost, and a mail comes twice only where its final answer was lost; every
//! copy has the same bytes. `tests/run full` sends 10,000, otherwise 300.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use usher_ledger::tasks::{MailPhase, MailRow, NewMail};
use usher_notifier::courier::{Delivery, Parcel, Pending, Transport};

use crate::ground::{Ground, request, transport, until_within, written};
use crate::server::{Act, Safety, Seen, Sink, Stage, Taken};

/// A little more than half a minute: less than a lease, whatever is on its way.
const STEP_MS: i64 = 40_000;

/// Chance from a seed.
fn mixed(seed: u64, number: u64) -> u64 {
    let mut bits = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

fn seed() -> u64 {
    let seed = std::env::var("USHER_TEST_SEED").ok();
    seed.and_then(|seed| seed.parse().ok()).unwrap_or(7)
}

fn count() -> u64 {
    match std::env::var("USHER_TEST_COUNTS").as_deref() {
        Ok("full") => 10_000,
        _ => 300,
    }
}

/// Two of five tries meet a fault. A recipient that does not exist never does.
fn act(seed: u64, seen: &Seen) -> Act {
    if seen.recipient.starts_with("gone") {
        return Act::Say(Stage::Recipient, "550 5.1.1 no such user");
    }
    let Some(mail) = seen.mail else {
        return Act::Take;
    };
    match mixed(seed, u64::try_from(mail).expect("small")) % 50 {
        0..=2 => Act::Say(Stage::Sender, "451 4.3.0 later"),
        3..=5 => Act::Say(Stage::Recipient, "450 4.2.0 greylisted"),
        6 => Act::Say(Stage::Data, "452 4.3.1 disk full"),
        7 | 8 => Act::Say(Stage::Dot, "451 4.3.0 later"),
        9 => Act::Say(Stage::Dot, "554 5.7.1 looks like spam"),
        10 => Act::Say(Stage::Sender, "421 4.7.0 too many"),
        11 => Act::Drop(Stage::Sender),
        12 => Act::Drop(Stage::Recipient),
        13 => Act::Drop(Stage::Data),
        14 => Act::Drop(Stage::Body),
        15 => Act::Drop(Stage::Dot),
        16..=19 => Act::TakeAndDrop,
        _ => Act::Take,
    }
}

/// Notes whose final answer was lost, and what is on its way.
struct Witness {
    inner: Arc<dyn Transport>,
    lost: Mutex<Vec<i64>>,
    begun: AtomicUsize,
    over: AtomicUsize,
}

impl Transport for Witness {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Pending<'a, Delivery> {
        Box::pin(async {
            self.begun.fetch_add(1, Ordering::SeqCst);
            let delivery = self.inner.send(parcel).await;
            if matches!(delivery, Delivery::Uncertain(_)) {
                self.lost.lock().expect("no panic").push(parcel.mail);
            }
            self.over.fetch_add(1, Ordering::SeqCst);
            delivery
        })
    }

    fn parallel(&self) -> usize {
        self.inner.parallel()
    }
}

fn witness(sink: &Sink) -> Arc<Witness> {
    Arc::new(Witness {
        inner: transport(sink),
        lost: Mutex::default(),
        begun: AtomicUsize::new(0),
        over: AtomicUsize::new(0),
    })
}

/// The mails: requests to slots of several tasks, and mails of workflows; some to nobody.
async fn post(ground: &Ground, count: u64, seed: u64) -> Vec<NewMail> {
    let mut mails = Vec::new();
    let address = |n: u64| match mixed(seed, n) % 50 {
        0 => format!("gone{n}@example.org"),
        _ => format!("p{n}@example.org"),
    };
    let mut number = 0;
    while number < count {
        let block: Vec<String> = (number..(number + 20).min(count)).map(address).collect();
        let addresses: Vec<&str> = block.iter().map(String::as_str).collect();
        let task = ground.request(&format!("run{number}"), &addresses).await;
        for (at, address) in block.iter().enumerate() {
            let slot = u32::try_from(at).expect("small");
            mails.push(match at % 2 {
                0 => request(&task, slot),
                _ => written(&format!("m{number}-{at}"), address, |mail| {
                    mail.text = format!("Hello {address}\n.\n");
                }),
            });
        }
        number += 20;
    }
    ground.post(mails.clone()).await;
    mails
}

async fn waiting(ground: &Ground) -> Vec<MailRow> {
    let all = |reader: &mut dyn usher_ledger::tasks::TaskReader| {
        reader.mails_due(i64::MAX, usize::MAX >> 1)
    };
    let rows = ground.ports.store.read(all).await;
    rows.expect("it can be read")
}

/// Ids of the mails that are leased.
fn leased(rows: &[MailRow]) -> BTreeSet<i64> {
    let leased = rows.iter().filter(|row| row.phase == MailPhase::Leased);
    leased.map(|row| row.id).collect()
}

/// Sends everything, with kills in between. Tells how often the answer of a mail was lost.
async fn carry(ground: &mut Ground, sink: &mut Sink, seed: u64) -> BTreeMap<i64, usize> {
    let mut lost = BTreeMap::new();
    let mut spy = witness(sink);
    ground.start(spy.clone());
    for round in 0_u64.. {
        assert!(round < 20_000, "it does not end");
        ground.looked().await;
        let chance = mixed(seed ^ 0xabcd, round);
        if chance.is_multiple_of(4) {
            for _ in 0..(chance >> 8) % 400 {
                tokio::task::yield_now().await;
            }
            ground.kill().await;
            // What it had handed to the ledger is written before anybody looks.
            for _ in 0..3 {
                ground.write(usher_ledger::Write::Post(Vec::new())).await;
            }
            if chance.is_multiple_of(3) {
                sink.die();
                sink.revive();
            }
            // What was on its way has lost its answer, whether it noticed or not.
            for id in leased(&waiting(ground).await) {
                *lost.entry(id).or_default() += 1;
            }
            note(&mut lost, &spy);
            spy = witness(sink);
            ground.start(spy.clone());
        }
        let rows = settled(ground, &spy, &lost).await;
        if rows.is_empty() {
            note(&mut lost, &spy);
            return lost;
        }
        // Only what waits for a later try is left: the time in between need not be walked through.
        let next = rows.iter().map(|row| row.mail.due_ms).min().unwrap_or(0) - ground.now();
        let quiet = leased(&rows).is_empty() && next > STEP_MS;
        ground.advance(if quiet { next } else { STEP_MS });
    }
    lost
}

fn note(lost: &mut BTreeMap<i64, usize>, spy: &Witness) {
    for id in spy.lost.lock().expect("no panic").drain(..) {
        *lost.entry(id).or_default() += 1;
    }
}

/// Waits until nothing is on its way: what is leased has lost its answer. The rows that wait.
async fn settled(ground: &Ground, spy: &Witness, lost: &BTreeMap<i64, usize>) -> Vec<MailRow> {
    // A queue of 10,000 is on its way for minutes.
    let patience = Duration::from_secs(900);
    until_within(patience, "nothing is on its way", || async {
        if spy.begun.load(Ordering::SeqCst) != spy.over.load(Ordering::SeqCst) {
            return false;
        }
        let told = spy.lost.lock().expect("no panic").clone();
        let rows = waiting(ground).await;
        let known = |id: &i64| lost.contains_key(id) || told.contains(id);
        leased(&rows).iter().all(known)
    })
    .await;
    waiting(ground).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_faults_lose_nothing() {
    let (seed, count) = (seed(), count());
    println!("seed {seed}, {count} mails");
    let mut sink = Sink::start(Safety::Plain, move |seen| act(seed, seen));
    let mut ground = Ground::new();
    let mails = post(&ground, count, seed).await;
    let lost = carry(&mut ground, &mut sink, seed).await;
    let mut copies: BTreeMap<String, Vec<Taken>> = BTreeMap::new();
    for taken in sink.taken() {
        copies
            .entry(taken.recipient.clone())
            .or_default()
            .push(taken);
    }
    let mut twice = 0;
    let mut gone = BTreeSet::new();
    for mail in &mails {
        let row = ground.mail(&mail.key).await;
        let came = copies.remove(&mail.recipient).unwrap_or_default();
        if mail.recipient.starts_with("gone") {
            assert_eq!(
                (row.phase, came.len()),
                (MailPhase::Bounced, 0),
                "{}",
                mail.key
            );
            if let Some(slot) = mail.slot {
                gone.insert((mail.task.clone().unwrap_or_default(), slot));
            }
            continue;
        }
        assert_eq!(row.phase, MailPhase::Sent, "{}: {row:?}", mail.key);
        let answers = lost.get(&row.id).copied().unwrap_or_default();
        let many = came.len();
        assert!(
            (1..=1 + answers).contains(&many),
            "{many} came, {answers} lost: {row:?}"
        );
        assert!(came.iter().all(|one| *one == came[0]), "{}", mail.key);
        twice += usize::from(came.len() > 1);
    }
    assert_eq!(copies.len(), 0, "nothing came that was not posted");
    assert!(twice > 0, "the chance gave no duplicate: nothing was tried");
    let told = ground.told.0.lock().expect("no panic").clone();
    let told: BTreeSet<_> = told
        .into_iter()
        .map(|(task, slot, _)| (task, slot))
        .collect();
    assert_eq!(told, gone);
    println!(
        "{twice} mails came more than once, {} answers were lost",
        lost.len()
    );
}
