//! The development mailbox in a real Chromium: every page of it under axe, and no way in without
//! its key.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::{App, HttpServer};
use usher_ledger::Write;
use usher_ledger::tasks::NewMail;
use usher_notifier::courier::{self, Rates};
use usher_notifier::gate::Gate;
use usher_notifier::mailbox::{self, Mailbox, MailboxPages};
use usher_notifier::pages::{self, Pages};
use usher_notifier_core::recipe::{Recipe, Written};

use super::driver::Chromium;
use super::looks::{LANGUAGES, look};
use crate::kit::World;
use crate::kit::asking::policy;

/// More mails than one page of the list shows.
const MANY: usize = 60;

/// What axe says of a plain text, whose page is the browser's own making: no title, no language, no
/// heading and no landmark.
const PLAIN_TEXT: [&str; 5] = [
    "document-title",
    "html-has-lang",
    "landmark-one-main",
    "page-has-heading-one",
    "region",
];

/// The mailbox of a world, with its pages' stylesheet, on a port of its own.
struct Boxes {
    host: String,
    key: String,
}

impl Boxes {
    async fn open(world: &World) -> Boxes {
        let ports = &world.ports;
        let boxes = Arc::new(MailboxPages::new(ports.clone()).unwrap());
        let all = Arc::new(Pages::new(ports.clone()).unwrap());
        let key = boxes.path();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let app = move || {
            App::new()
                .configure(|config| pages::configure(config, all.clone()))
                .configure(|config| mailbox::configure(config, boxes.clone()))
        };
        let server = HttpServer::new(app).workers(1).disable_signals();
        actix_web::rt::spawn(server.listen(listener).unwrap().run());
        let gate = Arc::new(Gate::new(ports.clone()));
        let transport = Arc::new(Mailbox::new(ports.clock.clone()));
        let courier = courier::run(ports.clone(), transport, gate, Rates::default());
        actix_web::rt::spawn(courier);
        // The browser holds this thread up; the server begins before.
        arrived(world, 0).await;
        Boxes { host, key }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.host)
    }
}

/// A mail of a step, with both parts.
fn written(world: &World, at: usize) -> NewMail {
    let now_ms = usher_notifier::ports::Clock::now_ms(world.clock.as_ref());
    let written = Written {
        to: vec!["office@example.org".to_owned()],
        cc: Vec::new(),
        subject: format!("Report {at} with_a_very_long_word_that_no_narrow_screen_has_room_for"),
        text: "Grüße\n\nhttps://example.org/a/very/long/address/that/has/to/wrap/somewhere"
            .to_owned(),
        html: Some("<p>Hello <b>you</b></p>".to_owned()),
        run: "run".to_owned(),
        workflow: "default/run".to_owned(),
        waits: None,
        round: 0,
        at_ms: now_ms,
    };
    NewMail {
        key: format!("report-{at}"),
        task: None,
        slot: None,
        run: None,
        kind: "step".to_owned(),
        recipient: "office@example.org".to_owned(),
        due_ms: now_ms,
        body: serde_json::to_vec(&Recipe::Written(written)).unwrap(),
    }
}

/// Waits until so many mails are in the mailbox; gives the number of the newest.
async fn arrived(world: &World, count: usize) -> i64 {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let rows = world.ports.store.read(|r| r.boxed(1_000)).await.unwrap();
        if rows.len() >= count {
            return rows.first().map_or(0, |row| row.id);
        }
        assert!(Instant::now() < end, "{} mails of {count}", rows.len());
        actix_web::rt::task::yield_now().await;
    }
}

/// The list without mails, with many and their next page, a request, a mail with an HTML part, the
/// bytes, a wrong key: three languages, light and dark, wide and narrow.
#[actix_web::test]
async fn axe_finds_nothing_in_the_mailbox() {
    let world = World::new().await;
    let boxes = Boxes::open(&world).await;
    let chromium = Chromium::start();
    let mut faults = Vec::new();
    for lang in LANGUAGES {
        chromium.speak(lang);
        chromium.open(&boxes.at("/mailbox?key=wrong"));
        assert!(
            chromium.has(&format!("html[lang='{lang}'] h1")),
            "{}",
            chromium.text()
        );
        look(&chromium, &format!("{lang}: wrong key"), &mut faults);
        chromium.open(&boxes.at(&boxes.key));
        assert_eq!(chromium.url(), boxes.at("/mailbox"));
        look(&chromium, &format!("{lang}: empty"), &mut faults);
    }
    world.ask(policy(&["boss"])).await;
    let request = arrived(&world, 1).await;
    let reports = (0..MANY).map(|at| written(&world, at)).collect();
    world.ports.store.write(Write::Post(reports)).await.unwrap();
    world.ports.bells.mails.notify_one();
    let report = arrived(&world, MANY + 1).await;
    for lang in LANGUAGES {
        chromium.speak(lang);
        for (name, path) in [
            ("full", "/mailbox".to_owned()),
            ("older", "/mailbox?page=1".to_owned()),
            ("request", format!("/mailbox/{request}")),
            ("report", format!("/mailbox/{report}")),
        ] {
            chromium.open(&boxes.at(&path));
            assert!(chromium.has(&format!("html[lang='{lang}'] h1")), "{path}");
            look(&chromium, &format!("{lang}: {name}"), &mut faults);
        }
    }
    let mut plain = Vec::new();
    chromium.open(&boxes.at(&format!("/mailbox/{report}/raw")));
    assert!(
        chromium
            .text()
            .contains("Content-Type: multipart/alternative"),
        "{}",
        chromium.text()
    );
    look(&chromium, "raw", &mut plain);
    let is_ours = |fault: &String| {
        let rule = fault.split(": ").nth(1).unwrap_or_default();
        !PLAIN_TEXT.contains(&rule)
    };
    faults.extend(plain.into_iter().filter(is_ours));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The mail's link leads to the page of the request, and nothing of the mail runs a script.
#[actix_web::test]
async fn a_mail_is_read_without_scripts() {
    let world = World::new().await;
    let boxes = Boxes::open(&world).await;
    let chromium = Chromium::start();
    chromium.scripts(false);
    world.ask(policy(&["boss"])).await;
    let request = arrived(&world, 1).await;
    chromium.open(&boxes.at(&boxes.key));
    chromium.click(&format!("a[href='/mailbox/{request}']"));
    chromium.until_text("boss@example.org");
    assert_eq!(chromium.url(), boxes.at(&format!("/mailbox/{request}")));
    assert!(chromium.has("iframe[sandbox='allow-popups allow-popups-to-escape-sandbox']"));
    let base = &world.ports.settings.base_url;
    assert!(
        chromium.has(&format!("a[href^='{base}/a/']")),
        "{}",
        chromium.text()
    );
}
