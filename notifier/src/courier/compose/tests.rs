//! Mails as bytes, read as text.

use super::*;

fn mail() -> Mail {
    Mail {
        subject: "Approve: trip to Köln".to_owned(),
        text: "Hello,\n.\n.dot\nhttps://a.example/a/x".to_owned(),
        html: Some("<p>Hello</p>".to_owned()),
        date_ms: 1_795_728_123_456,
        headers: vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())],
        thread_key: None,
        to_header: Vec::new(),
        cc_header: Vec::new(),
        from_name: "Approvals".to_owned(),
    }
}

fn frame() -> Frame<'static> {
    Frame {
        key: "task/0/request/1/1",
        message_id: "<abc@mail.example>",
        answers: None,
        from: "approvals@example.org",
        recipient: "ada@example.org",
    }
}

fn text(mail: &Mail, frame: &Frame<'_>) -> String {
    String::from_utf8(compose(mail, frame).expect("it can be made")).expect("UTF-8")
}

/// Every byte is made from the row and the content. `Content-Type` stands once, the text first.
#[test]
fn the_bytes_are_these() {
    let wanted = [
        "Date: Thu, 26 Nov 2026 21:22:03 +0000",
        "Message-ID: <abc@mail.example>",
        "From: Approvals <approvals@example.org>",
        "Subject: Approve: trip to =?utf-8?b?S8O2bG4=?=",
        "To: ada@example.org",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: multipart/alternative;",
        " boundary=\"B\"",
        "",
        "--B",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 7bit",
        "",
        "Hello,",
        ".",
        ".dot",
        "https://a.example/a/x",
        "--B",
        "Content-Type: text/html; charset=utf-8",
        "Content-Transfer-Encoding: 7bit",
        "",
        "<p>Hello</p>",
        "--B--",
        "",
    ];
    let boundary = boundary(frame().key, &[]);
    let got = text(&mail(), &frame()).replace(&boundary, "B");
    assert_eq!(got, wanted.join("\r\n"));
    assert_eq!(text(&mail(), &frame()), text(&mail(), &frame()));
}

/// Without HTML there is one part, and an answer names what it answers.
#[test]
fn a_plain_answer() {
    let mail = Mail {
        html: None,
        to_header: vec!["ops@example.org".to_owned(), "b@example.org".to_owned()],
        cc_header: vec!["c@example.org".to_owned()],
        ..mail()
    };
    let frame = Frame {
        answers: Some("<first@mail.example>".to_owned()),
        ..frame()
    };
    let got = text(&mail, &frame);
    let (head, body) = got.split_once("\r\n\r\n").expect("a head");
    let wanted = [
        "Date: Thu, 26 Nov 2026 21:22:03 +0000",
        "Message-ID: <abc@mail.example>",
        "From: Approvals <approvals@example.org>",
        "Subject: Approve: trip to =?utf-8?b?S8O2bG4=?=",
        "To: ops@example.org, b@example.org",
        "Cc: c@example.org",
        "In-Reply-To: <first@mail.example>",
        "References: <first@mail.example>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 7bit",
    ];
    assert_eq!(head, wanted.join("\r\n"));
    assert_eq!(body, "Hello,\r\n.\r\n.dot\r\nhttps://a.example/a/x\r\n");
}

/// Line ends and NUL in a subject, a header or a name make no header; in an address they are
/// refused.
#[test]
fn nothing_can_be_put_in() {
    let evil = "x\r\nBcc: evil@example.net\0\u{85}y";
    let mut letter = mail();
    letter.subject = evil.to_owned();
    letter.headers = vec![("X-Note".to_owned(), evil.to_owned())];
    letter.from_name = evil.to_owned();
    let got = text(&letter, &frame());
    let heads: Vec<&str> = got
        .split("\r\n\r\n")
        .next()
        .expect("a head")
        .split("\r\n")
        .collect();
    assert!(
        !heads
            .iter()
            .any(|line| line.to_lowercase().starts_with("bcc")),
        "{heads:?}"
    );
    assert!(!got.contains('\0'));
    for wrong in [
        evil,
        "a@example.org\r\nRCPT TO:<b@example.org>",
        "a b@example.org",
        "",
        "a@b@c",
    ] {
        letter.to_header = vec![wrong.to_owned()];
        let error = compose(&letter, &frame()).expect_err("it is refused");
        assert!(error.to_string().contains("is no mail address"), "{error}");
    }
}

/// A body cannot contain the line that ends its part.
#[test]
fn a_boundary_is_never_inside() {
    let first = boundary("k", &[]);
    let second = boundary("k", &[&format!("--{first}--")]);
    assert_ne!(first, second);
    assert_eq!(second, boundary("k", &[&first, "x"]));
}

/// Whatever the line ends of the text: CR LF in the mail, no bare CR or LF.
#[test]
fn line_ends_are_made_even() {
    let mut letter = mail();
    letter.text = "a\rb\nc\r\nd\r\r\n".to_owned();
    letter.html = None;
    let got = text(&letter, &frame());
    assert!(got.ends_with("\r\n\r\na\r\nb\r\nc\r\nd\r\n"), "{got:?}");
    assert!(!got.replace("\r\n", "").contains(['\r', '\n']));
}
