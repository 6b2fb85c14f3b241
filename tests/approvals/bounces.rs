//! Mail that comes back, handed in as a mail server's pipe does: reports in the shapes that real
//! servers write, and what each does to the request.

use std::process::Stdio;

use suite::until;
use usher_ledger::Sqlite;
use usher_ledger::tasks::{BoxedRow, TaskReader as _};

use crate::rig::Desk;

const ASK: &str = "
  entrypoint: ask
  templates:
  - name: ask
    suspend: {approval: {title: A question, approvers: [{group: finance, need: 2}]}}
";

/// A report of Postfix: to the sender of the envelope, the headers of the mail behind it.
const POSTFIX: &str = "\
Return-Path: <>
Received: by mail.example.org (Postfix)
\tid 4F2C11A2; Fri, 27 Nov 2026 10:00:00 +0000 (UTC)
Date: Fri, 27 Nov 2026 10:00:00 +0000 (UTC)
From: MAILER-DAEMON@mail.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: SENDER
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary=\"8E1C41A0.1764237600/mail.example.org\"
Content-Transfer-Encoding: 8bit
Message-Id: <20261127100000.4F2C11A2@mail.example.org>

This is a MIME-encapsulated message.

--8E1C41A0.1764237600/mail.example.org
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

<RECIPIENT>: host mx.example.org[192.0.2.7] said: STATUS (in reply to RCPT TO)

--8E1C41A0.1764237600/mail.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org
X-Postfix-Queue-ID: 8E1C41A0
X-Postfix-Sender: rfc822; SENDER
Arrival-Date: Fri, 27 Nov 2026 09:59:58 +0000 (UTC)

Final-Recipient: rfc822; RECIPIENT
Original-Recipient: rfc822;RECIPIENT
Action: failed
Status: STATUS
Remote-MTA: dns; mx.example.org
Diagnostic-Code: smtp; 550 STATUS <RECIPIENT>: Recipient address rejected

--8E1C41A0.1764237600/mail.example.org
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Subject: Please decide
To: RECIPIENT

--8E1C41A0.1764237600/mail.example.org--
";

/// A report of Exchange: long lines, an HTML part, the mail itself at the end; its `To` may have
/// been rewritten on the way.
const EXCHANGE: &str = "\
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.org>
To: <undisclosed@example.org>
Date: Fri, 27 Nov 2026 10:00:00 +0000
Content-Type: multipart/report; report-type=delivery-status; boundary=\"fa3c\"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-US
Message-ID: <9d6f@mail.example.org>
Subject: Undeliverable: Please decide
Auto-Submitted: auto-replied
MIME-Version: 1.0

--fa3c
Content-Type: multipart/alternative; differences=Content-Type; boundary=\"fa3d\"

--fa3d
Content-Type: text/plain; charset=\"utf-8\"
Content-Transfer-Encoding: base64

SXQgZGlkIG5vdCBhcnJpdmUu

--fa3d
Content-Type: text/html; charset=\"utf-8\"

<html><body>It did not arrive.</body></html>

--fa3d--

--fa3c
Content-Type: message/delivery-status

Reporting-MTA: dns;mail.example.org
Received-From-MTA: dns;relay.example.org
Arrival-Date: Fri, 27 Nov 2026 09:59:59 +0000

Original-Recipient: rfc822;RECIPIENT
Final-Recipient: rfc822;RECIPIENT
Action: failed
Status: STATUS
Diagnostic-Code: smtp;550 STATUS RESOLVER.ADR.RecipientNotFound; not found
X-Display-Name: RECIPIENT

--fa3c
Content-Type: message/rfc822

From: <usher@example.org>
To: <RECIPIENT>
Subject: Please decide

Please decide.

--fa3c--
";

/// The newest mail of the mailbox to an address, with the sender of its envelope.
fn boxed(desk: &Desk, to: &str) -> BoxedRow {
    let path = desk.place.state().join("ledger.db");
    until(&format!("a mail to {to}"), || {
        let mut rows = Sqlite::reader(&path).ok()?.boxed(100).ok()?.into_iter();
        rows.find(|row| row.mail.recipient == to)
    })
}

fn report(shape: &str, sender: &str, to: &str, status: &str) -> String {
    let text = shape.replace("SENDER", sender).replace("RECIPIENT", to);
    text.replace("STATUS", status).replace('\n', "\r\n")
}

/// Hands a report in by a pipe; what is said of it.
fn pipe(desk: &Desk, text: &str, more: &[&str]) -> String {
    let path = desk.place.file("report.eml", text);
    let mut command = desk.place.command(["approvals", "bounce"]);
    command
        .args(more)
        .stdin(std::fs::File::open(path).expect("it was written"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let said = command.output().expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
    text(&said.stdout)
}

/// A report in the shape of each server is believed by the address that it came to, once; one
/// without a valid MAC is dropped, and is no failure for the mail server that hands it over.
#[test]
fn s58_reports_come_in_by_a_pipe() {
    let desk = Desk::open();
    desk.submit("flow", ASK);
    let [ada, grace, mary] = ["ada", "grace", "mary"].map(|name| format!("{name}@example.org"));
    let sender = |to: &str| boxed(&desk, to).mail.sender;
    let mac = sender(&ada).find('.').expect("a MAC");
    let forged = format!("{}.00000000000000@example.org", &sender(&ada)[..mac]);
    let dropped = "dropped: its address is none of ours: the MAC is missing or wrong\n";
    let text = report(POSTFIX, &forged, &ada, "5.1.1");
    assert_eq!(pipe(&desk, &text, &[]), dropped);
    let text = "To: a\r\n\r\nOut of office.\r\n";
    assert_eq!(
        pipe(&desk, text, &[]),
        "dropped: it is no delivery report (RFC 3464)\n"
    );

    let text = report(POSTFIX, &sender(&ada), &ada, "5.1.1");
    let said = pipe(&desk, &text, &["-"]);
    assert!(
        said.starts_with("mail ") && said.ends_with(" came back for good\n"),
        "{said}"
    );
    let number = said.split(' ').nth(1).expect("a number");
    let again = format!("mail {number} came back before; nothing is changed\n");
    assert_eq!(pipe(&desk, &text, &[]), again);

    let text = report(EXCHANGE, "", &grace, "5.1.10");
    assert_eq!(pipe(&desk, &text, &[]), dropped);
    let said = pipe(&desk, &text, &["--to", &sender(&grace), "-o", "json"]);
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["told"], "bounced");

    let text = report(POSTFIX, &sender(&mary), &mary, "4.2.2");
    let said = pipe(&desk, &text, &[]);
    assert!(said.contains(" is sent again at "), "{said}");
    let list = desk.place.usher(["approvals", "list", "-o", "json"]).json();
    let id = list[0]["id"].as_str().expect("an id");
    let record = desk
        .place
        .usher(["approvals", "audit", id])
        .with_code(0)
        .out;
    assert_eq!(record.matches("undeliverable").count(), 2, "{record}");
    desk.place.usher(["approvals", "verify", id]).with_code(0);
}

/// What could not be recorded is to be given again: a mail server keeps it.
#[test]
fn a_pipe_without_an_engine_tries_again() {
    let place = suite::Place::new();
    std::fs::write(place.state().join("usher.toml"), "[mail]\nhsot = \"a\"\n").expect("a file");
    let path = place.file("report.eml", POSTFIX);
    let said = place.usher(["approvals".as_ref(), "bounce".as_ref(), path.as_os_str()]);
    assert_eq!(said.code, 75, "{}", said.err);
    assert!(
        said.err
            .ends_with("usher: nothing was recorded; give it again later\n"),
        "{}",
        said.err
    );
}
