//! Reports as servers write them, and what is none.

use super::*;

/// A report as postfix writes it.
pub(crate) fn report(fields: &str) -> String {
    [
        "From: MAILER-DAEMON@relay.example (Mail Delivery System)",
        "To: <bounce+7.abc@mail.example.org>",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status;",
        "\tboundary=\"B\"",
        "",
        "--B",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "Status: 5.1.1 and Action: failed in prose mean nothing.",
        "",
        "--B",
        "Content-Description: Delivery report",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; relay.example",
        "X-Postfix-Queue-ID: 123",
        "",
        fields,
        "",
        "--B",
        "Content-Type: text/rfc822-headers",
        "",
        "Subject: Approve",
        "",
        "--B--",
        "",
    ]
    .join("\r\n")
}

fn meaning(fields: &str) -> (Meaning, String) {
    let text = report(&fields.replace('\n', "\r\n"));
    let report = Report::parse(text.as_bytes()).expect("it is a report");
    assert_eq!(report.addresses, ["bounce+7.abc@mail.example.org"]);
    report.about("ada@example.org")
}

/// The digits decide, by the table of the design.
#[test]
fn what_reports_mean() {
    let table = [
        ("failed", "5.1.1", Meaning::Hard),
        ("failed", "5.1.10", Meaning::Hard),
        ("failed", "5.2.1", Meaning::Hard),
        ("failed", "5.4.4 (no such host)", Meaning::Hard),
        ("FAILED", "5.1.1", Meaning::Hard),
        ("failed", "5.2.2", Meaning::Soft),
        ("failed", "4.4.1", Meaning::Soft),
        ("failed", "5.7.1", Meaning::Unclear),
        ("failed", "5.1.8", Meaning::Unclear),
        ("failed", "5.0.0", Meaning::Unclear),
        ("failed", "nonsense", Meaning::Unclear),
        ("failed", "", Meaning::Unclear),
        ("delayed", "4.4.1", Meaning::Nothing),
        ("delivered", "2.0.0", Meaning::Nothing),
        ("relayed", "2.0.0", Meaning::Nothing),
    ];
    for (action, status, wanted) in table {
        let fields =
            format!("Final-Recipient: rfc822; ada@example.org\nAction: {action}\nStatus: {status}");
        assert_eq!(meaning(&fields).0, wanted, "{action} {status}");
    }
}

/// The group of our recipient counts; a folded diagnostic is one line.
#[test]
fn the_right_recipient_is_found() {
    let fields = "Final-Recipient: rfc822; bob@example.org\nAction: delivered\nStatus: 2.0.0\n\n\
        Original-Recipient: rfc822;ADA@example.org\nFinal-Recipient: rfc822; a@b.example\n\
        Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1\n  unknown\u{7}user";
    let (what, text) = meaning(fields);
    assert_eq!(what, Meaning::Hard);
    assert_eq!(text, "failed 5.1.1 550 5.1.1 unknown user");
}

/// What looks like a report and is none.
#[test]
fn what_is_no_report() {
    let good = report("Action: failed\r\nStatus: 5.1.1");
    assert!(Report::parse(good.as_bytes()).is_some());
    let wrong = [
        String::new(),
        "Subject: 5.1.1 failed\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n".to_owned(),
        good.replace("multipart/report", "multipart/mixed"),
        good.replace(
            "report-type=delivery-status",
            "report-type=disposition-notification",
        ),
        good.replace("message/delivery-status", "text/plain"),
        report(""),
    ];
    for text in wrong {
        assert_eq!(Report::parse(text.as_bytes()), None, "{text}");
    }
}

/// Cut anywhere and with any byte changed: an answer, whatever it is, and no panic.
#[test]
fn a_broken_report_breaks_nothing() {
    let good =
        report("Final-Recipient: rfc822; ada@example.org\r\nAction: failed\r\nStatus: 5.1.1");
    let bytes = good.as_bytes();
    let mut read = 0;
    for at in 0..bytes.len() {
        read += usize::from(Report::parse(&bytes[..at]).is_some());
        for byte in [0, b'\n', b'"', b'(', 0xff] {
            let mut changed = bytes.to_vec();
            changed[at] = byte;
            if let Some(report) = Report::parse(&changed) {
                read += 1;
                let _ = report.about("ada@example.org");
            }
        }
    }
    assert!(read > bytes.len(), "{read} were still reports");
}
