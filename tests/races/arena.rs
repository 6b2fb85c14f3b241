//! Where races are run: a server of the shipped binary with people, requests that it has mailed,
//! and their pages, open for longer than the two seconds that a page must be old.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use suite::{Form, Place, Rows, Secrets, Web, ask, mailed_links, page_of};
use usher::cli::demo::browser::Page;
use usher::client::Client;

use crate::lane::Track;

/// Everybody who is asked.
const PEOPLE: &str = "\
people:
  ada: {address: ada@example.org, name: Ada Byron}
  ben: {address: ben@example.org, name: Ben Hill}
";

/// One request to be raced for.
#[derive(Debug)]
pub(crate) struct Ask {
    /// The run's name, and the request's title.
    pub(crate) name: String,
    /// The policy, without its title.
    pub(crate) policy: Value,
}

/// What a client needs to post a form; `split`: all but the last byte goes before the gun.
pub(crate) fn filled(form: &Form, approves: bool, split: bool) -> Value {
    let fields = form.fields(approves);
    let pairs = fields.iter().map(|(name, value)| format!("{name}={value}"));
    let body = pairs.collect::<Vec<_>>().join("&");
    json!({"path": form.path, "cookies": form.cookies, "body": body, "split": split})
}

/// The order to post these.
pub(crate) fn posts(filled: Vec<Value>) -> Value {
    json!({"verb": "posts", "forms": filled})
}

/// A server with its place; it is killed at the end.
pub(crate) struct Arena {
    pub(crate) place: Place,
    web: Web,
    pub(crate) rows: Rows,
    client: Client,
    server: Child,
    /// How many pages were asked for; each comes from an address of its own.
    asked: u32,
    /// The last letter that was read.
    last: i64,
}

impl Arena {
    pub(crate) fn open() -> Arena {
        let place = Place::new();
        std::fs::write(place.state().join("people.yaml"), PEOPLE).expect("a file");
        let log = File::create(place.folder().join("engine.log")).expect("a file");
        let server = place
            .command(["server"])
            .env("USHER_LOG", "debug")
            // Clients say where they come from: a thousand people share no limit of one.
            .env("USHER_SERVER_TRUSTED_PROXIES", "127.0.0.1/32")
            // There the mailbox's key is shown, once, as it should be.
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let web = Web::of(&place);
        Arena {
            rows: Rows::of(&place),
            client: suite::client(&place),
            web,
            place,
            server,
            asked: 0,
            last: 0,
        }
    }

    /// Submits a run of one request each, and waits until all of them are mailed to so many.
    /// Answers with the links, by run and address.
    pub(crate) fn ask(&mut self, asks: &[Ask], mails: usize) -> BTreeMap<(String, String), String> {
        let sent = "SELECT count(*) FROM outbox WHERE kind = 'request' AND phase = 'Sent'";
        let before = self.rows.number(sent, []);
        for one in asks {
            ask(&mut self.client, &one.name, &one.policy);
        }
        let wanted = before + i64::try_from(mails).expect("small");
        let look = |rows: &Rows| (rows.number(sent, []) >= wanted).then_some(());
        self.rows.until("every request to be mailed", look);
        let links = mailed_links(&self.rows, &mut self.last);
        assert_eq!(links.len(), mails, "links that were mailed");
        links
    }

    /// Where racers go.
    pub(crate) fn track(&self) -> Track {
        Track {
            host: self.web.browser.host(),
            state: self.place.state(),
        }
    }

    /// Opens a page, as somebody new.
    pub(crate) fn page(&mut self, path: &str) -> Page {
        self.asked += 1;
        page_of(&self.web.browser, self.asked, path)
    }

    /// Opens a page with a form.
    pub(crate) fn form(&mut self, path: &str) -> Form {
        Form::of(path, &self.page(path))
    }

    /// Waits until nothing is alive and nothing is left to be written down.
    pub(crate) fn settle(&self) {
        let alive = "SELECT (SELECT count(*) FROM runs WHERE finished_at IS NULL)
            + (SELECT count(*) FROM tasks WHERE state = 'Closing' OR open = 1)";
        let look = |rows: &Rows| (rows.number(alive, []) == 0).then_some(());
        self.rows.until("every run to end", look);
    }

    /// The record is sound, and nothing secret was said.
    pub(crate) fn close(mut self, requests: usize) {
        let said = self.place.usher(["approvals", "verify"]).with_code(0);
        let told = format!("of {requests} requests looked at, 0 records damaged");
        assert!(said.out.contains(&told), "{}", said.out);
        let secrets = Secrets::of(&self.place);
        assert!(secrets.count() >= requests, "{}", secrets.count());
        self.server.kill().expect("kill -9");
        self.server.wait().expect("its end");
        let log = self.place.read("engine.log");
        assert!(log.len() > 1_000, "the log says too little: {}", log.len());
        secrets.assert_untold("the engine's log", &log);
        secrets.assert_untold("approvals verify", &said.out);
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The time, milliseconds UTC.
pub(crate) fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.expect("a time after 1970").as_millis()).expect("small")
}

/// Waits for an instant: what it is that is waited for is the time.
pub(crate) fn until_ms(instant: i64) {
    while let Ok(left @ 1..) = u64::try_from(instant - now_ms()) {
        std::thread::park_timeout(Duration::from_millis(left));
    }
}
