//! What the transport makes of each reply, at each stage; TLS and login.

use std::time::Duration;

use usher_notifier::courier::{Delivery, Parcel, Transport as _};
use usher_notifier::ports::{Login, Smtp as SmtpPort, Tls};
use usher_notifier::smtp::{Patience, Smtp, probe};

use crate::ground::{patient, port_of};
use crate::server::{Act, Safety, Sink, Stage};

fn parcel() -> Parcel {
    Parcel {
        mail: 7,
        sender: "bounce+7.x@mail.example.org".to_owned(),
        recipient: "ada@example.org".to_owned(),
        raw: b"Subject: x\r\n\r\n.\r\n..\r\nlast\r\n".to_vec(),
    }
}

fn word(delivery: &Delivery) -> &'static str {
    match delivery {
        Delivery::Taken(_) => "taken",
        Delivery::Uncertain(_) => "uncertain",
        Delivery::Later(_) => "later",
        Delivery::Refused(_) => "refused",
        Delivery::Ours(_) => "ours",
        Delivery::NoServer(_) => "no server",
    }
}

fn reason(delivery: Delivery) -> String {
    match delivery {
        Delivery::Taken(_) => String::new(),
        Delivery::Uncertain(text)
        | Delivery::Later(text)
        | Delivery::Refused(text)
        | Delivery::Ours(text)
        | Delivery::NoServer(text) => text,
    }
}

/// Every class of the table of the outbox, at every stage where it can come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_reply_means_what_the_table_says() {
    let table = [
        (Act::Take, "taken", 1),
        (
            Act::Say(Stage::Greeting, "421 4.3.2 closing"),
            "no server",
            0,
        ),
        (
            Act::Say(Stage::Greeting, "554 5.3.2 not for you"),
            "no server",
            0,
        ),
        (Act::Say(Stage::Hello, "550 5.7.1 no"), "no server", 0),
        (Act::Say(Stage::Sender, "451 4.3.0 later"), "later", 0),
        (Act::Say(Stage::Sender, "550 5.7.1 not you"), "ours", 0),
        (Act::Say(Stage::Sender, "421 4.3.2 closing"), "no server", 0),
        (
            Act::Say(Stage::Recipient, "450 4.2.0 greylisted"),
            "later",
            0,
        ),
        (
            Act::Say(Stage::Recipient, "550 5.1.1 unknown"),
            "refused",
            0,
        ),
        (
            Act::Say(Stage::Recipient, "554 5.7.1 relay denied"),
            "ours",
            0,
        ),
        (Act::Say(Stage::Data, "451 4.3.0 later"), "later", 0),
        (
            Act::Say(Stage::Data, "554 5.5.1 no valid recipients"),
            "ours",
            0,
        ),
        (Act::Say(Stage::Dot, "452 4.3.1 disk full"), "later", 0),
        (Act::Say(Stage::Dot, "554 5.7.1 spam"), "ours", 0),
        (Act::Say(Stage::Dot, "550 5.1.1 unknown"), "refused", 0),
        (Act::Drop(Stage::Greeting), "no server", 0),
        (Act::Drop(Stage::Hello), "no server", 0),
        (Act::Drop(Stage::Sender), "no server", 0),
        (Act::Drop(Stage::Recipient), "no server", 0),
        (Act::Drop(Stage::Data), "no server", 0),
        (Act::Drop(Stage::Body), "uncertain", 0),
        (Act::Drop(Stage::Dot), "uncertain", 0),
        (Act::TakeAndDrop, "uncertain", 1),
    ];
    for (act, wanted, kept) in table {
        let name = format!("{act:?}");
        let sink = Sink::start(Safety::Plain, move |_| act.clone());
        let smtp = patient(port_of(&sink, Tls::None));
        let delivery = smtp.send(&parcel()).await;
        assert_eq!(word(&delivery), wanted, "{name}: {delivery:?}");
        assert_eq!(sink.count(), kept, "{name}");
    }
}

/// Before the body a tarpit is a server that is not there; after it nobody knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tarpit_does_not_hold_us() {
    let table = [
        (Stage::Greeting, "no server"),
        (Stage::Hello, "no server"),
        (Stage::Sender, "no server"),
        (Stage::Recipient, "no server"),
        (Stage::Data, "no server"),
        (Stage::Dot, "uncertain"),
    ];
    let patience = Patience {
        connect: Duration::from_millis(300),
        send: Duration::from_millis(300),
    };
    for (stage, wanted) in table {
        let sink = Sink::start(Safety::Plain, move |_| Act::Tarpit(stage));
        let port = port_of(&sink, Tls::None);
        let smtp = Smtp::new(port, "mail.example.org")
            .expect("no root")
            .patient(patience);
        let delivery = smtp.send(&parcel()).await;
        assert_eq!(word(&delivery), wanted, "{stage:?}: {delivery:?}");
    }
}

/// The bytes arrive as they are, dots and all, and a refused mail leaves the connection usable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s81_a_line_with_a_dot_does_not_cut_the_mail() {
    let sink = Sink::start(Safety::Plain, |seen| match seen.mail {
        Some(1) => Act::Say(Stage::Recipient, "550 5.1.1 unknown"),
        _ => Act::Take,
    });
    let smtp = patient(port_of(&sink, Tls::None));
    let words = [
        word(&smtp.send(&parcel()).await),
        word(&smtp.send(&parcel()).await),
        word(&smtp.send(&parcel()).await),
    ];
    assert_eq!(words, ["taken", "refused", "taken"]);
    let raws: Vec<Vec<u8>> = sink.taken().into_iter().map(|taken| taken.raw).collect();
    assert_eq!(raws, [parcel().raw, parcel().raw]);
    assert_eq!(sink.connections(), 1);
}

/// A server that hung up while the connection was idle costs no try.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_connection_is_replaced() {
    let mut sink = Sink::plain();
    let smtp = patient(port_of(&sink, Tls::None));
    assert_eq!(word(&smtp.send(&parcel()).await), "taken");
    sink.die();
    sink.revive();
    assert_eq!(word(&smtp.send(&parcel()).await), "taken");
    assert_eq!((sink.count(), sink.connections()), (2, 2));
}

fn secure(sink: &Sink, tls: Tls, login: Login) -> SmtpPort {
    SmtpPort {
        login,
        ..port_of(sink, tls)
    }
}

/// TLS either way, each login; nothing is sent without TLS where it is required.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_and_login_work() {
    let password = || Login::Password("usher".to_owned(), "secret".to_owned());
    let token = || Login::Token("usher".to_owned(), "secret".to_owned());
    for (safety, tls) in [
        (Safety::StartTls, Tls::StartTls),
        (Safety::Implicit, Tls::Implicit),
    ] {
        let ways = [
            (Login::None, "PLAIN LOGIN", None),
            (password(), "PLAIN LOGIN", Some("usher")),
            (password(), "LOGIN", Some("usher")),
            (token(), "XOAUTH2", Some("usher")),
        ];
        for (login, offered, user) in ways {
            let sink = Sink::start(safety, |_| Act::Take);
            sink.lets_in("usher secret");
            sink.offers(offered);
            let smtp = patient(secure(&sink, tls, login));
            let delivery = smtp.send(&parcel()).await;
            assert_eq!(
                word(&delivery),
                "taken",
                "{safety:?} {offered}: {delivery:?}"
            );
            let taken = sink.taken().remove(0);
            assert_eq!((taken.tls, taken.login.as_deref()), (true, user));
            assert_eq!(taken.raw, parcel().raw);
        }
    }
}

/// The probe and the sending both say what is wrong with a server.
async fn is_told(port: SmtpPort, wanted: &str) {
    let wanted = wanted.replace("PORT", &port.port.to_string());
    let fault = probe(&port, "mail.example.org", "a@example.org", None).await;
    let fault = fault.expect_err("it does not work").to_string();
    assert!(fault.starts_with(&wanted), "{fault}\nwanted: {wanted}");
    if let Ok(smtp) = Smtp::new(port, "mail.example.org") {
        let delivery = smtp.send(&parcel()).await;
        assert_eq!(word(&delivery), "no server", "{delivery:?}");
        let told = reason(delivery);
        assert!(told.starts_with(&wanted), "{told}\nwanted: {wanted}");
    }
}

/// Each fault of a server is told apart, with the way out; the same faults stop the sending.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_explained() {
    let sink = Sink::start(Safety::StartTls, |_| Act::Take);
    sink.lets_in("usher secret");
    let plain = Sink::plain();
    let other = Sink::named(Safety::StartTls, "mail.example.net", |_| Act::Take);
    let good = secure(&sink, Tls::StartTls, Login::None);
    let wrong = Login::Password("usher".to_owned(), "wrong".to_owned());
    let token = Login::Token("usher".to_owned(), "secret".to_owned());
    sink.offers("PLAIN");
    let change = |port: &SmtpPort, with: &dyn Fn(&mut SmtpPort)| {
        let mut port = port.clone();
        with(&mut port);
        port
    };
    let table = [
        (
            change(&good, &|port| port.host = "no-such-host.invalid".to_owned()),
            "the mail server's name `no-such-host.invalid` is not known: check it, and that DNS \
             answers",
        ),
        (
            change(&good, &|port| port.port = closed_port()),
            "localhost:PORT refuses the connection: check the port, and that the mail server runs",
        ),
        (
            secure(&plain, Tls::StartTls, Login::None),
            "localhost:PORT offers no STARTTLS, and nothing is sent without: try `implicit` on \
             port 465, or another server",
        ),
        (
            secure(&plain, Tls::Implicit, Login::None),
            "localhost:PORT does not speak TLS from the first byte: try `starttls` (port 587), or \
             port 465",
        ),
        (
            change(&good, &|port| port.root = None),
            "the certificate of localhost:PORT is not believed: it was issued by nobody known \
             here: give its root as a further root certificate",
        ),
        (
            secure(&other, Tls::StartTls, Login::None),
            "the certificate of localhost:PORT is not believed: it is for another name: give the \
             host as the certificate has it (",
        ),
        (
            change(&good, &|port| port.login = wrong.clone()),
            "localhost:PORT refuses the login of `usher`: 535 5.7.8 wrong; check name and secret",
        ),
        (
            change(&good, &|port| port.login = token.clone()),
            "localhost:PORT offers no login that fits: it knows none of XOAUTH2; check login and \
             TLS",
        ),
        (
            change(&good, &|port| port.root = Some(b"nothing".to_vec())),
            "the further root certificate cannot be read: it holds no certificate; give a PEM file",
        ),
    ];
    for (port, wanted) in table {
        is_told(port, wanted).await;
    }
    assert_eq!((sink.count(), plain.count(), other.count()), (0, 0, 0));
}

/// What a server says about sender and recipient is told too; a good server gives a report.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_asks_for_leave() {
    let sink = Sink::start(Safety::StartTls, |_| Act::Take);
    let port = secure(&sink, Tls::StartTls, Login::None);
    let ask = |to: &'static str| {
        let port = port.clone();
        async move { probe(&port, "mail.example.org", "a@example.org", Some(to)).await }
    };
    let report = ask("b@example.org").await.expect("it works");
    assert_eq!(report.server, format!("localhost:{}", port.port));
    assert_eq!((report.tls, report.login), (true, false));
    let table = [
        (
            Act::Say(Stage::Sender, "550 5.7.1 not you"),
            "localhost:PORT refuses the sender `a@example.org`: 550 5.7.1 not you; check the \
             domain of mail, and what this login may send as",
        ),
        (
            Act::Say(Stage::Recipient, "554 5.7.1 relay access denied"),
            "localhost:PORT does not carry mail of ours to `b@example.org`: 554 5.7.1 relay \
             access denied; log in, or have this machine allowed to relay",
        ),
        (
            Act::Say(Stage::Recipient, "550 5.1.1 unknown"),
            "localhost:PORT refuses the recipient `b@example.org`: 550 5.1.1 unknown; check the \
             address",
        ),
        (
            Act::Say(Stage::Recipient, "450 4.2.0 greylisted"),
            "localhost:PORT puts us off: 450 4.2.0 greylisted; try again later",
        ),
        (
            Act::Say(Stage::Hello, "554 5.7.1 blocked"),
            "localhost:PORT does not want to talk to us: 554 5.7.1 blocked",
        ),
        (Act::Drop(Stage::Sender), "localhost:PORT broke off: "),
    ];
    for (act, wanted) in table {
        let wanted = wanted.replace("PORT", &port.port.to_string());
        sink.play(move |_| act.clone());
        let fault = ask("b@example.org")
            .await
            .expect_err("it does not work")
            .to_string();
        assert!(fault.starts_with(&wanted), "{fault}\nwanted: {wanted}");
    }
    assert_eq!(sink.count(), 0);
}

/// A port of this machine at which nobody listens.
fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}
