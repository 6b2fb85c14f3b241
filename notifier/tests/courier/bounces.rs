//! Delivery reports: taken once, believed by their address, and what each does to the row.

use std::sync::Arc;

use usher_ledger::tasks::{MailPhase, MailRow};
use usher_notifier::bounce::{Accepted, accept};

use crate::ground::{Ground, MINUTE, request, transport};
use crate::server::Sink;

const KEY: &str = "task-of-run/0/request/1/1";
const DAY: i64 = 24 * 60 * MINUTE;

/// A report on a mail, to this address.
fn report(to: &str, action: &str, status: &str) -> Vec<u8> {
    let lines = [
        "From: MAILER-DAEMON@relay.example",
        &format!("To: <{to}>"),
        "Subject: Undelivered Mail Returned to Sender",
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=\"B\"",
        "",
        "--B",
        "Content-Type: text/plain",
        "",
        "It did not arrive.",
        "",
        "--B",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; relay.example",
        "",
        "Final-Recipient: rfc822; ada@example.org",
        &format!("Action: {action}"),
        &format!("Status: {status}"),
        "Diagnostic-Code: smtp; 550 no such user",
        "",
        "--B--",
        "",
    ];
    lines.join("\r\n").into_bytes()
}

/// A ground whose one request was sent, and the address that its reports go to.
async fn sent(sink: &Sink) -> (Ground, String) {
    let mut ground = Ground::new();
    let task = ground.request("run", &["ada@example.org"]).await;
    ground.post(vec![request(&task, 0)]).await;
    ground.start(transport(sink));
    ground.wait(KEY, MailPhase::Sent).await;
    let sender = sink.taken().remove(0).sender;
    (ground, sender)
}

async fn take(ground: &Ground, raw: &[u8]) -> Accepted {
    let taken = accept(&ground.ports, ground.told.as_ref(), raw, None).await;
    taken.expect("the ledger works")
}

fn told(ground: &Ground) -> Vec<(String, u32, String)> {
    ground.told.0.lock().expect("no panic").clone()
}

async fn row(ground: &Ground) -> MailRow {
    ground.mail(KEY).await
}

/// A report twice flags the slot once; a forged one does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s58_a_report_counts_once_and_a_forged_one_never() {
    let sink = Sink::plain();
    let (ground, sender) = sent(&sink).await;
    let id = row(&ground).await.id;
    let (local, domain) = sender.split_once('@').expect("an address");
    assert_eq!(domain, "mail.example.org");
    assert!(local.starts_with(&format!("bounce+{id}.")), "{local}");
    let forged = [
        format!("bounce+{id}@{domain}"),
        format!("bounce+{id}.@{domain}"),
        format!(
            "bounce+{}{}@{domain}",
            id + 1,
            &local[local.find('.').expect("a MAC")..]
        ),
        format!("{}x@{domain}", &local[..local.len() - 1]),
        "ada@example.org".to_owned(),
        String::new(),
    ];
    let reason = "its address is none of ours: the MAC is missing or wrong";
    for to in forged {
        let taken = take(&ground, &report(&to, "failed", "5.1.1")).await;
        assert_eq!(taken, Accepted::Dropped { reason }, "{to}");
    }
    assert_eq!(
        (row(&ground).await.phase, told(&ground)),
        (MailPhase::Sent, Vec::new())
    );
    let good = report(&sender, "failed", "5.1.1");
    assert_eq!(take(&ground, &good).await, Accepted::Bounced { mail: id });
    assert_eq!(take(&ground, &good).await, Accepted::Again { mail: id });
    let note = (
        "task-of-run".to_owned(),
        0,
        "failed 5.1.1 550 no such user".to_owned(),
    );
    assert_eq!(told(&ground), [note]);
    let row = row(&ground).await;
    assert_eq!(row.phase, MailPhase::Bounced);
    assert_eq!(row.error.as_deref(), Some("failed 5.1.1 550 no such user"));
}

/// The same report from several sides at once: one slot, one bounce.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_from_two_sides_counts_once() {
    let sink = Sink::plain();
    let (ground, sender) = sent(&sink).await;
    let ground = Arc::new(ground);
    let good = Arc::new(report(&sender, "failed", "5.1.1"));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (ground, good) = (ground.clone(), good.clone());
            tokio::spawn(async move { take(&ground, &good).await })
        })
        .collect();
    let mut bounced = 0;
    for task in tasks {
        let taken = task.await.expect("no panic");
        bounced += usize::from(matches!(taken, Accepted::Bounced { .. }));
    }
    assert_eq!(bounced, 1);
    assert_eq!(row(&ground).await.phase, MailPhase::Bounced);
}

/// A full mailbox is tried once a day; after three days it is a bounce.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_mailbox_is_tried_for_three_days() {
    let sink = Sink::plain();
    let (ground, sender) = sent(&sink).await;
    let id = row(&ground).await.id;
    let soft = report(&sender, "failed", "5.2.2");
    for day in 1..=3 {
        let due_ms = ground.now() + DAY;
        assert_eq!(
            take(&ground, &soft).await,
            Accepted::Later { mail: id, due_ms }
        );
        assert_eq!(take(&ground, &soft).await, Accepted::Again { mail: id });
        ground.advance(DAY - 1);
        ground.looked().await;
        assert_eq!(sink.count(), day);
        ground.advance(1);
        ground.wait(KEY, MailPhase::Sent).await;
        assert_eq!(sink.count(), day + 1);
    }
    assert_eq!(told(&ground), []);
    assert_eq!(take(&ground, &soft).await, Accepted::Bounced { mail: id });
    assert_eq!(told(&ground).len(), 1);
    let raws: Vec<Vec<u8>> = sink.taken().into_iter().map(|one| one.raw).collect();
    assert!(raws.iter().all(|raw| *raw == raws[0]));
}

/// Delays, successes and faults that say nothing of the address leave the mail as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_reports_change_nothing() {
    let sink = Sink::plain();
    let (ground, sender) = sent(&sink).await;
    let mail = row(&ground).await.id;
    for (action, status) in [
        ("delayed", "4.4.1"),
        ("delivered", "2.0.0"),
        ("failed", "5.7.1"),
    ] {
        let taken = take(&ground, &report(&sender, action, status)).await;
        let what = format!("{action} {status} 550 no such user");
        assert_eq!(taken, Accepted::Noted { mail, what });
    }
    let reason = "it is no delivery report (RFC 3464)";
    let text = format!("To: {sender}\r\nSubject: failed 5.1.1\r\n\r\nNo such user.\r\n");
    assert_eq!(
        take(&ground, text.as_bytes()).await,
        Accepted::Dropped { reason }
    );
    assert_eq!(
        (row(&ground).await.phase, told(&ground)),
        (MailPhase::Sent, Vec::new())
    );
    // The envelope's address, where the receiver knows it, stands for the header.
    let unaddressed = report("postmaster@relay.example", "failed", "5.1.1");
    let by_envelope = accept(
        &ground.ports,
        ground.told.as_ref(),
        &unaddressed,
        Some(&sender),
    );
    let taken = by_envelope.await.expect("the ledger works");
    assert_eq!(taken, Accepted::Bounced { mail });
}
