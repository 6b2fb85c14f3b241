//! Where races are run: a server of the shipped binary with people, requests that it has mailed,
//! and their pages, open for longer than the two seconds that a page must be old.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use suite::{Letter, Place, Rows, Secrets, Web};
use usher::cli::demo::browser::Page;
use usher::client::Client;
use usher::server::protocol::{Answer, Request};
use usher_core::admit::{Overrides, admit, read};

use crate::lane::Track;

/// Everybody who is asked.
const PEOPLE: &str = "\
people:
  ada: {address: ada@example.org, name: Ada Byron}
  ben: {address: ben@example.org, name: Ben Hill}
";

/// How old a page must be before a decision on it counts.
const HUMAN: Duration = Duration::from_millis(2_050);

/// One request to be raced for.
#[derive(Debug)]
pub(crate) struct Ask {
    /// The run's name, and the request's title.
    pub(crate) name: String,
    /// The policy, without its title.
    pub(crate) policy: Value,
}

/// A form on a page that is open.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) path: String,
    pub(crate) cookies: String,
    hidden: Vec<(&'static str, String)>,
}

impl Form {
    /// The form of a page.
    pub(crate) fn of(path: &str, page: &Page) -> Form {
        assert_eq!(page.status, 200, "{}", page.body);
        let hidden = ["nonce", "round", "digest"].map(|name| {
            let value = page.hidden(name).expect("a field of the form");
            (name, value.to_owned())
        });
        Form {
            path: path.to_owned(),
            cookies: page.cookies(),
            hidden: hidden.to_vec(),
        }
    }

    /// What a client needs to post it; `split`: all but the last byte goes before the gun.
    pub(crate) fn filled(&self, approves: bool, split: bool) -> Value {
        let mut body = String::new();
        for (name, value) in &self.hidden {
            body.push_str(&format!("{name}={value}&"));
        }
        body.push_str(if approves {
            "decision=approve"
        } else {
            "decision=reject"
        });
        json!({"path": self.path, "cookies": self.cookies, "body": body, "split": split})
    }
}

/// The order to post these.
pub(crate) fn posts(filled: Vec<Value>) -> Value {
    json!({"verb": "posts", "forms": filled})
}

/// A server with its place; it is killed at the end.
pub(crate) struct Arena {
    place: Place,
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
            .stdout(log.try_clone().expect("a second handle"))
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
        for ask in asks {
            self.submit(ask);
        }
        let wanted = before + i64::try_from(mails).expect("small");
        let look = |rows: &Rows| (rows.number(sent, []) >= wanted).then_some(());
        self.rows.until("every request to be mailed", look);
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?));
        let query = "SELECT id, raw FROM mailbox WHERE id > ?1 ORDER BY id";
        let mut links = BTreeMap::new();
        for (id, raw) in self.rows.all(query, [self.last], read) {
            self.last = id;
            let raw = String::from_utf8(raw).expect("mails are ASCII");
            let letter = Letter::read(u64::try_from(id).expect("a number"), &raw);
            let run = letter.subject.rsplit(' ').next().unwrap_or_default();
            if let Some(link) = letter.link {
                links.insert((run.to_owned(), letter.to), link);
            }
        }
        assert_eq!(links.len(), mails, "links that were mailed");
        links
    }

    fn submit(&mut self, ask: &Ask) {
        let mut policy = ask.policy.clone();
        policy["title"] = json!(ask.name);
        let object = json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": {"name": ask.name},
            "spec": {"entrypoint": "ask", "templates": [
                {"name": "ask", "suspend": {"approval": policy}}
            ]},
        });
        let documents = read("race.json", object.to_string().as_bytes()).expect("readable");
        let admitted = admit(&documents[0], &Overrides::default()).expect("admitted");
        let request = Request::Submit {
            uid: uid(&ask.name),
            detached: true,
            object: Box::new(admitted.object),
            name: Some(ask.name.clone()),
            generate_name: None,
            namespace: "default".to_owned(),
            rename: false,
        };
        match self.client.ask(&request).expect("an answer") {
            Answer::Submitted { .. } => {}
            other => panic!("not submitted: {other:?}"),
        }
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
        let [_, a, b, c] = self.asked.to_be_bytes();
        let from = format!("10.{a}.{b}.{c}");
        let headers = [("X-Forwarded-For", from.as_str())];
        let page = self.web.browser.ask("GET", path, &headers, "");
        page.expect("a page")
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
        assert!(log.len() > 10_000, "the log says too little: {}", log.len());
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

/// Waits until pages that were opened before this moment are old enough.
pub(crate) fn grow_old() {
    let since = Instant::now();
    // The rule is about a person's time, which nothing tells but the clock.
    while let Some(left) = HUMAN.checked_sub(since.elapsed()) {
        std::thread::park_timeout(left);
    }
}

/// A run's uid, from its name.
fn uid(name: &str) -> String {
    let number = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let digits = format!("{number:016x}");
    format!(
        "{}-{}-4{}-8{}-0000{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..15],
        &digits[13..16],
        &digits[8..16]
    )
}
