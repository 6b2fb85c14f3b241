//! What becomes of the rows of the outbox: tries, ends, kills, closed requests, who is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use usher_ledger::tasks::{LinkRow, MailPhase};
use usher_notifier::courier::{Delivery, Parcel, Pending, Rates, Transport};
use usher_notifier::mailbox::Mailbox;
use usher_notifier_core::recipe::{Recipe, ToSlot};
use usher_notifier_core::task::State;

use crate::ground::{Ground, MINUTE, NOON, link, request, transport, until, written};
use crate::server::{Act, Safety, Sink, Stage, Taken};

/// A transport that is killed at a place: before the dialog, or after it.
struct Stuck {
    inner: Option<Arc<dyn Transport>>,
    sends: AtomicUsize,
}

impl Transport for Stuck {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Pending<'a, Delivery> {
        Box::pin(async {
            if let Some(inner) = &self.inner {
                inner.send(parcel).await;
            }
            self.sends.fetch_add(1, Ordering::SeqCst);
            std::future::pending().await
        })
    }

    fn parallel(&self) -> usize {
        4
    }
}

/// Counts what is begun and what is over.
struct Counting {
    inner: Arc<dyn Transport>,
    begun: AtomicUsize,
    over: AtomicUsize,
}

impl Transport for Counting {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Pending<'a, Delivery> {
        Box::pin(async {
            self.begun.fetch_add(1, Ordering::SeqCst);
            let delivery = self.inner.send(parcel).await;
            self.over.fetch_add(1, Ordering::SeqCst);
            delivery
        })
    }

    fn parallel(&self) -> usize {
        self.inner.parallel()
    }
}

fn header<'a>(taken: &'a Taken, name: &str) -> &'a str {
    let text = std::str::from_utf8(&taken.raw).expect("ASCII");
    let mut lines = text.split("\r\n");
    let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.expect("the header is there")
}

/// Killed after the server has taken the mail, before that is written: the same mail again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s54_killed_after_acceptance_sends_the_same_again() {
    let sink = Sink::plain();
    let mut ground = Ground::new();
    let task = ground.request("run", &["ada@example.org"]).await;
    ground.post(vec![request(&task, 0)]).await;
    let stuck = Arc::new(Stuck {
        inner: Some(transport(&sink)),
        sends: AtomicUsize::new(0),
    });
    ground.start(stuck);
    sink.wait_for(1).await;
    ground.kill().await;
    ground.start(transport(&sink));
    ground.looked().await;
    assert_eq!(sink.count(), 1, "the lease is not over");
    ground.advance(2 * MINUTE);
    let key = "task-of-run/0/request/1/1";
    let row = ground.wait(key, MailPhase::Sent).await;
    assert_eq!((row.attempts, row.sent_ms), (2, Some(NOON + 2 * MINUTE)));
    let taken = sink.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0], taken[1]);
    assert!(header(&taken[0], "Message-ID").ends_with("@mail.example.org>"));
}

/// Killed before it has talked to the server: exactly one mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s55_killed_before_the_dialog_sends_once() {
    let sink = Sink::plain();
    let mut ground = Ground::new();
    ground
        .post(vec![written("m1", "ada@example.org", |_| ())])
        .await;
    let stuck = Arc::new(Stuck {
        inner: None,
        sends: AtomicUsize::new(0),
    });
    ground.start(stuck.clone());
    let begun = || std::future::ready(stuck.sends.load(Ordering::SeqCst) == 1);
    until("it is on its way", begun).await;
    ground.kill().await;
    ground.start(transport(&sink));
    ground.advance(2 * MINUTE);
    ground.wait("m1", MailPhase::Sent).await;
    ground.advance(10 * MINUTE);
    ground.looked().await;
    assert_eq!(sink.count(), 1);
}

/// An hour without a server: it is tried a few times, then everybody has one mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s56_an_hour_without_a_server() {
    let mut sink = Sink::plain();
    sink.die();
    let mut ground = Ground::new();
    let mails = (0..500).map(|n| written(&format!("m{n}"), &format!("p{n}@example.org"), |_| ()));
    ground.post(mails.collect()).await;
    let counting = Arc::new(Counting {
        inner: transport(&sink),
        begun: AtomicUsize::new(0),
        over: AtomicUsize::new(0),
    });
    ground.start(counting.clone());
    for _ in 0..60 {
        ground.looked().await;
        let quiet = || {
            let begun = counting.begun.load(Ordering::SeqCst);
            std::future::ready(begun == counting.over.load(Ordering::SeqCst))
        };
        until("nothing is on its way", quiet).await;
        ground.advance(MINUTE);
    }
    let tries = counting.begun.load(Ordering::SeqCst);
    // Five faults stop it, then there is one probe a pause; how many of an hour's pauses this test
    // meets depends on how soon the loop looks after each minute.
    assert!((6..=20).contains(&tries), "{tries} tries");
    sink.revive();
    for _ in 0..40 {
        ground.looked().await;
        ground.advance(MINUTE);
    }
    ground.wait_empty().await;
    let mut recipients: Vec<String> = sink.taken().into_iter().map(|one| one.recipient).collect();
    assert_eq!(recipients.len(), 500);
    recipients.sort_unstable();
    recipients.dedup();
    assert_eq!(recipients.len(), 500);
}

/// One recipient is refused for good: its slot is flagged once, the others are not touched.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s57_a_refused_recipient_flags_one_slot() {
    let sink = Sink::start(Safety::Plain, |seen| match seen.recipient.as_str() {
        "bob@example.org" => Act::Say(Stage::Recipient, "550 5.1.1 no such user"),
        _ => Act::Take,
    });
    let mut ground = Ground::new();
    let people = ["ada@example.org", "bob@example.org", "cy@example.org"];
    let task = ground.request("run", &people).await;
    let mails = (0..3).map(|slot| request(&task, slot)).collect();
    ground.post(mails).await;
    ground.start(transport(&sink));
    ground
        .wait("task-of-run/0/request/1/1", MailPhase::Sent)
        .await;
    let row = ground
        .wait("task-of-run/1/request/1/1", MailPhase::Bounced)
        .await;
    assert_eq!(row.error.as_deref(), Some("550 5.1.1 no such user"));
    ground
        .wait("task-of-run/2/request/1/1", MailPhase::Sent)
        .await;
    ground.advance(60 * MINUTE);
    ground.looked().await;
    let told = ground.told.0.lock().expect("no panic").clone();
    let note = (
        "task-of-run".to_owned(),
        1,
        "550 5.1.1 no such user".to_owned(),
    );
    assert_eq!(told, [note]);
    assert_eq!(sink.count(), 2);
}

/// A server that puts off is asked again by the table, for five days; then the slot is flagged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_tried_by_the_table_and_given_up() {
    let sink = Sink::start(Safety::Plain, |_| {
        Act::Say(Stage::Recipient, "450 4.2.0 later")
    });
    let mut ground = Ground::new();
    let task = ground.request("run", &["ada@example.org"]).await;
    ground.post(vec![request(&task, 0)]).await;
    ground.start(transport(&sink));
    let key = "task-of-run/0/request/1/1";
    let mut tries = 0;
    let mut delays = Vec::new();
    loop {
        tries += 1;
        until("it was tried", || async {
            let row = ground.mail(key).await;
            row.attempts == tries && row.phase != MailPhase::Leased
        })
        .await;
        let row = ground.mail(key).await;
        if row.phase == MailPhase::Dead {
            break;
        }
        assert_eq!(row.phase, MailPhase::Queued);
        let delay = row.mail.due_ms - ground.now();
        delays.push(delay);
        ground.advance(delay);
    }
    let near = |delay: i64, minutes: i64| (delay - minutes * MINUTE).abs() <= minutes * 12_000;
    for (at, minutes) in [1, 2, 5, 10, 30, 60, 60].into_iter().enumerate() {
        assert!(near(delays[at], minutes), "try {at}: {} ms", delays[at]);
    }
    assert!((110..=160).contains(&tries), "{tries}");
    let age = ground.now() - NOON;
    assert!(
        (118 * 60 * MINUTE..=120 * 60 * MINUTE).contains(&age),
        "{age} ms"
    );
    assert_eq!(ground.told.0.lock().expect("no panic").len(), 1);
}

/// Requests and codes of a closed task go nowhere; what tells people about the end goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_of_a_closed_request_is_cancelled() {
    let sink = Sink::plain();
    let mut ground = Ground::new();
    let mut task = ground.request("run", &["ada@example.org"]).await;
    let mut end = request(&task, 0);
    end.key = "end".to_owned();
    end.kind = "noLongerNeeded".to_owned();
    let recipe = Recipe::NoLongerNeeded(ToSlot {
        slot: 0,
        link: String::new(),
        key: 0,
        at_ms: NOON,
        renewed: false,
    });
    end.body = serde_json::to_vec(&recipe).expect("plain data");
    task.state = State::Cancelled;
    ground.move_task(&task, 2, false, Vec::new()).await;
    ground.post(vec![request(&task, 0), end]).await;
    ground.start(transport(&sink));
    let row = ground
        .wait("task-of-run/0/request/1/1", MailPhase::Cancelled)
        .await;
    assert_eq!(row.error.as_deref(), Some("the request is closed"));
    assert_eq!(row.attempts, 0);
    ground.wait("end", MailPhase::Sent).await;
    assert_eq!(sink.count(), 1);
}

/// A link that was replaced while its mail waited is not mailed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_was_taken_back_is_not_mailed() {
    let sink = Sink::plain();
    let mut ground = Ground::new();
    let task = ground.request("run", &["ada@example.org"]).await;
    let revoked = true;
    let link = LinkRow {
        revoked,
        ..link(&task.asked.task, 0)
    };
    ground.move_task(&task, 2, true, vec![link]).await;
    ground.post(vec![request(&task, 0)]).await;
    ground.start(transport(&sink));
    let key = "task-of-run/0/request/1/1";
    let row = ground.wait(key, MailPhase::Cancelled).await;
    assert_eq!(row.error.as_deref(), Some("its link is not good any more"));
    assert_eq!(sink.count(), 0);
}

/// A run that waits for its mail hears of it, with the commit that ends the mail; once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_run_is_told() {
    let sink = Sink::start(Safety::Plain, |seen| match seen.recipient.as_str() {
        "bob@example.org" => Act::Say(Stage::Recipient, "550 5.1.1 no such user"),
        _ => Act::Take,
    });
    let mut ground = Ground::new();
    ground.run("run").await;
    let waits = |recipient| written(recipient, recipient, |mail| mail.waits = Some(3));
    ground
        .post(vec![waits("ada@example.org"), waits("bob@example.org")])
        .await;
    ground.start(transport(&sink));
    ground.wait("ada@example.org", MailPhase::Sent).await;
    ground.wait("bob@example.org", MailPhase::Bounced).await;
    let mut commands = ground.commands("run");
    commands.sort_unstable();
    let error = r#"{"verb":"mailed","by":"usher","node":3,"error":"550 5.1.1 no such user"}"#;
    assert_eq!(
        commands,
        [error, r#"{"verb":"mailed","by":"usher","node":3}"#]
    );
    let woken = || std::future::ready(ground.woken.0.lock().expect("no panic").len() == 2);
    until("the run is woken", woken).await;
}

/// Two couriers on one ledger: each mail once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_couriers_share_the_work() {
    let sink = Sink::plain();
    let mut ground = Ground::new();
    let mails = (0..200).map(|n| written(&format!("m{n}"), "ada@example.org", |_| ()));
    ground.post(mails.collect()).await;
    let second = usher_notifier::courier::run(
        ground.ports.clone(),
        transport(&sink),
        ground.told.clone(),
        Rates::default(),
    );
    let second = tokio::spawn(second);
    ground.start(transport(&sink));
    ground.wait_empty().await;
    assert_eq!(sink.count(), 200);
    second.abort();
}

/// What the mailbox keeps is what a server gets, byte for byte; with the commit of `Sent`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mailbox_has_the_bytes_of_smtp() {
    let sink = Sink::plain();
    let mails = || {
        vec![
            written("dots", "ada@example.org", |mail| {
                mail.text = ".\n..\nGrüße\n.".to_owned();
                mail.html = Some("<p>.</p>\n.\n".to_owned());
            }),
            written("long", "bob@example.org", |mail| {
                mail.text = "word ".repeat(500)
            }),
        ]
    };
    let mut by_smtp = Ground::new();
    by_smtp.post(mails()).await;
    by_smtp.start(transport(&sink));
    by_smtp.wait_empty().await;
    let mut boxed = Ground::new();
    boxed.post(mails()).await;
    boxed.start(Arc::new(Mailbox::new(boxed.ports.clock.clone())));
    boxed.wait_empty().await;
    let rows = boxed
        .ports
        .store
        .read(|r| r.boxed(10))
        .await
        .expect("it can be read");
    let mut kept: Vec<_> = rows
        .into_iter()
        .map(|row| (row.mail.sender, row.mail.recipient, row.mail.raw))
        .collect();
    let mut sent: Vec<_> = sink
        .taken()
        .into_iter()
        .map(|one| (one.sender, one.recipient, one.raw))
        .collect();
    kept.sort_unstable();
    sent.sort_unstable();
    assert_eq!(kept, sent);
    assert_eq!(boxed.mail("dots").await.sent_ms, Some(NOON));
}

/// A limit of the pace holds one domain back and not the other; nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pace_holds_one_domain_back() {
    let sink = Sink::plain();
    let mut ground = Ground::new();
    let mut mails: Vec<_> = (0..20)
        .map(|n| written(&format!("a{n:02}"), "a@example.org", |_| ()))
        .collect();
    mails.push(written("b", "b@example.net", |_| ()));
    ground.post(mails).await;
    let rates = Rates {
        total: None,
        domain: Some(6),
    };
    ground.start_at(transport(&sink), rates);
    ground.wait("b", MailPhase::Sent).await;
    sink.wait_for(7).await;
    ground.looked().await;
    assert_eq!(sink.count(), 7);
    for _ in 0..20 {
        ground.advance(15_000);
        ground.looked().await;
    }
    ground.wait_empty().await;
    assert_eq!(sink.count(), 21);
}

/// Mail to a domain that the settings do not name goes nowhere, whoever posted it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s84_no_mail_to_other_domains() {
    let sink = Sink::plain();
    let allow = |settings: &mut usher_notifier::ports::Settings| {
        settings.rules.domains = vec!["example.org".to_owned()];
    };
    let mut ground = Ground::with(allow);
    let mails = vec![
        written("in", "ada@Example.org", |_| ()),
        written("out", "eve@example.net", |_| ()),
    ];
    ground.post(mails).await;
    ground.start(transport(&sink));
    ground.wait("in", MailPhase::Sent).await;
    let row = ground.wait("out", MailPhase::Cancelled).await;
    let reason = "the settings allow no mail to the domain `example.net`";
    assert_eq!(row.error.as_deref(), Some(reason));
    assert_eq!(sink.count(), 1);
}

/// The end of the process: what is on its way is finished, nothing more is begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_waits_for_what_is_on_its_way() {
    let sink = Sink::plain();
    let mut ground = Ground::new();
    let mails = (0..50).map(|n| written(&format!("m{n}"), "ada@example.org", |_| ()));
    ground.post(mails.collect()).await;
    ground.start(transport(&sink));
    sink.wait_for(5).await;
    ground.end().await;
    let sent = sink.count();
    let mut rows = Vec::new();
    for n in 0..50 {
        rows.push(ground.mail(&format!("m{n}")).await.phase);
    }
    let count = |phase| rows.iter().filter(|row| **row == phase).count();
    assert_eq!(count(MailPhase::Sent), sent);
    assert_eq!(count(MailPhase::Leased), 0);
}
