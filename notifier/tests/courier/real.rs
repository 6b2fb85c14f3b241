//! The courier and a real mail server (aiosmtpd) over STARTTLS with a login; a MIME parser that is
//! not the composer reads the mails back.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;

use mail_parser::{Message, MessageParser, MimeHeaders as _};
use serde_json::Value;
use usher_ledger::tasks::MailPhase;
use usher_notifier::ports::{Login, Smtp as SmtpPort, Tls};
use usher_notifier::smtp::probe;

use crate::ground::{Ground, NOON, patient, request, written};
use crate::server::certificate;

/// The version that `tests/services/smtp.sh` sets up.
const VERSION: &str = "1.4.6";

/// The server as a process; it ends with its input.
struct Server {
    child: Child,
    _input: ChildStdin,
    output: BufReader<std::process::ChildStdout>,
    port: u16,
    root: Vec<u8>,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Server {
        let home = std::env::var("HOME").expect("HOME is set");
        let cache = std::env::var("XDG_CACHE_HOME").unwrap_or(format!("{home}/.cache"));
        let python = PathBuf::from(cache)
            .join("usher-tests")
            .join(format!("aiosmtpd-{VERSION}/bin/python"));
        assert!(
            python.exists(),
            "no mail server at {}: run `tests/services/smtp.sh`, as `tests/run` does",
            python.display()
        );
        let folder = tempfile::tempdir().expect("a folder");
        let made = certificate("localhost");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("it is written");
            path
        };
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/services/smtp_server.py"
        );
        let mut child = Command::new(python)
            .arg(script)
            .arg(write("certificate", &made.certificate))
            .arg(write("key", &made.key))
            .args(["usher", "sec ret"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let input = child.stdin.take().expect("a pipe");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("it tells its port");
        Server {
            child,
            _input: input,
            output,
            port: line.trim().parse().expect("a port"),
            root: made.root.into_bytes(),
            _folder: folder,
        }
    }

    fn port(&self, secret: &str) -> SmtpPort {
        SmtpPort {
            host: "localhost".to_owned(),
            port: self.port,
            tls: Tls::StartTls,
            login: Login::Password("usher".to_owned(), secret.to_owned()),
            root: Some(self.root.clone()),
            connections: 2,
        }
    }

    /// The next mail that it took.
    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it tells a mail");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn bytes(mail: &Value) -> Vec<u8> {
    let text = mail["raw"].as_str().expect("text");
    data(text)
}

/// Base64, as the server writes it.
fn data(text: &str) -> Vec<u8> {
    let message = format!("Content-Transfer-Encoding: base64\r\n\r\n{text}\r\n");
    let message = format!("Content-Type: application/octet-stream\r\n{message}");
    let parsed = MessageParser::new()
        .parse(message.as_bytes())
        .expect("a mail");
    parsed.parts[0].contents().to_vec()
}

fn one<'a>(message: &'a Message<'_>, name: &str) -> &'a str {
    let found: Vec<_> = message
        .headers()
        .iter()
        .filter(|one| one.name() == name)
        .collect();
    assert_eq!(found.len(), 1, "{name} stands once");
    message
        .header_raw(name.to_owned())
        .unwrap_or_default()
        .trim()
}

async fn a_wrong_login_is_told(server: &Server) {
    let wrong = server.port("wrong");
    let fault = probe(&wrong, "mail.example.org", "a@mail.example.org", None).await;
    let fault = fault.expect_err("the login is wrong").to_string();
    assert!(
        fault.contains("refuses the login of `usher`: 535 5.7.8"),
        "{fault}"
    );
}

/// A request, a mail with every kind of sign, and one with lines of dots arrive as they were made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_server_takes_the_mails_over_starttls() {
    let mut server = Server::start();
    a_wrong_login_is_told(&server).await;
    let mut ground = Ground::new();
    let task = ground.request("run", &["ada@example.org"]).await;
    let smtp = patient(server.port("sec ret"));
    ground.start(Arc::new(smtp));
    ground.post(vec![request(&task, 0)]).await;
    let asked = server.next();
    ground
        .wait("task-of-run/0/request/1/1", MailPhase::Sent)
        .await;
    assert_eq!(asked["recipients"], serde_json::json!(["ada@example.org"]));
    assert_eq!(
        (&asked["tls"], &asked["login"]),
        (&Value::Bool(true), &Value::Bool(true))
    );
    let raw = bytes(&asked);
    let message = MessageParser::new().parse(&raw).expect("a mail");
    assert_eq!(one(&message, "Auto-Submitted"), "auto-generated");
    assert!(one(&message, "Message-ID").ends_with("@mail.example.org>"));
    assert_eq!(
        message.date().map(|date| date.to_timestamp()),
        Some(NOON / 1000)
    );
    let kind = message.content_type().expect("a type");
    assert_eq!(
        (kind.ctype(), kind.subtype()),
        ("multipart", Some("alternative"))
    );
    let text = message.body_text(0).expect("a text part");
    let token = ground
        .ports
        .keys()
        .seal(1, &link_of(&task.asked.task))
        .expect("a key");
    let address = format!("https://approvals.example.org/a/{token}");
    assert!(text.contains(&address), "{text}");
    assert!(
        message
            .body_html(0)
            .expect("an HTML part")
            .contains(&address)
    );

    let body = "Grüße, 世界\n.\n..\n.x\nFrom here\n\ntail";
    let mail = written("m1", "bob@example.org", |mail| {
        mail.subject = "Grüße, 世界 = 1?".to_owned();
        mail.text = body.to_owned();
        mail.cc = vec!["cy@example.org".to_owned()];
    });
    ground.post(vec![mail]).await;
    let raw = bytes(&server.next());
    let message = MessageParser::new().parse(&raw).expect("a mail");
    assert_eq!(message.subject(), Some("Grüße, 世界 = 1?"));
    let text = message
        .body_text(0)
        .expect("a text part")
        .replace("\r\n", "\n");
    assert!(text.starts_with(body), "{text}");
    let cc = message
        .cc()
        .and_then(|list| list.first())
        .and_then(|one| one.address());
    assert_eq!(cc, Some("cy@example.org"));
    ground.wait("m1", MailPhase::Sent).await;
}

/// A title with everything in it: one folded subject of at most 120 characters, no other header.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s80_a_title_makes_one_subject() {
    let sink = crate::server::Sink::plain();
    let mut ground = Ground::new();
    let mut task = ground.request("run", &["ada@example.org"]).await;
    let evil = "Trip\r\nBcc: eve@example.net\r\n\r\nbody\0\u{202e}";
    task.asked.policy.title = format!("{evil}{}", "x".repeat(5_000));
    ground.move_task(&task, 2, true, Vec::new()).await;
    ground.post(vec![request(&task, 0)]).await;
    ground.start(crate::ground::transport(&sink));
    let raw = sink.wait_for(1).await.remove(0).raw;
    let head = String::from_utf8(raw.clone()).expect("ASCII");
    let head = head.split("\r\n\r\n").next().expect("a head").to_owned();
    let names: Vec<&str> = head
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .filter_map(|line| line.split(':').next())
        .collect();
    let subjects = names.iter().filter(|name| **name == "Subject").count();
    assert_eq!(subjects, 1, "{names:?}");
    assert!(
        !names.iter().any(|name| name.eq_ignore_ascii_case("bcc")),
        "{names:?}"
    );
    assert!(head.lines().all(|line| line.chars().count() <= 998));
    let message = MessageParser::new().parse(&raw).expect("a mail");
    let subject = message.subject().expect("a subject");
    assert!(subject.chars().count() <= 120, "{subject}");
    let clean = |sign: char| !sign.is_control() && sign != '\u{202e}';
    assert!(subject.chars().all(clean), "{subject:?}");
    assert!(message.bcc().is_none());
}

fn link_of(task: &str) -> [u8; 16] {
    let id = crate::ground::link(task, 0).id;
    id.try_into().expect("16 bytes")
}
