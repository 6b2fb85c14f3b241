//! Runs that ask for one approval each, the links that were mailed, and the forms behind them: what
//! tests need that decide hundreds of requests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use usher::cli::demo::browser::{Browser, Page};
use usher::client::Client;
use usher::server::protocol::{Answer, Request};
use usher_core::admit::{Overrides, admit, read};

use crate::{Letter, Rows};

/// How old a page must be before a decision on it counts.
const HUMAN: Duration = Duration::from_millis(2_050);

/// Submits a run that asks by this policy; the request's title is the run's name.
///
/// Panics if it is not taken.
pub fn ask(client: &mut Client, name: &str, policy: &Value) {
    let mut policy = policy.clone();
    policy["title"] = json!(name);
    let object = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "metadata": {"name": name},
        "spec": {"entrypoint": "ask", "templates": [
            {"name": "ask", "suspend": {"approval": policy}}
        ]},
    });
    let documents = read("ask.json", object.to_string().as_bytes()).expect("readable");
    let admitted = admit(&documents[0], &Overrides::default()).expect("admitted");
    let request = Request::Submit {
        uid: uid(name),
        detached: true,
        object: Box::new(admitted.object),
        name: Some(name.to_owned()),
        generate_name: None,
        namespace: "default".to_owned(),
        rename: false,
    };
    match client.ask(&request).expect("an answer") {
        Answer::Submitted { .. } => {}
        other => panic!("not submitted: {other:?}"),
    }
}

/// A uid, from a name.
fn uid(name: &str) -> String {
    let number = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let digits = format!("{number:016x}");
    let [a, b, c] = [&digits[..8], &digits[8..12], &digits[13..]];
    format!("{a}-{b}-4{c}-8{c}-0000{}", &digits[8..])
}

/// Links in the development mailbox, by run and address; `last` is the number of the last mail
/// that was read before, and then of the last one.
pub fn mailed_links(rows: &Rows, last: &mut i64) -> BTreeMap<(String, String), String> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?));
    let query = "SELECT id, raw FROM mailbox WHERE id > ?1 ORDER BY id";
    let mut links = BTreeMap::new();
    for (id, raw) in rows.all(query, [*last], read) {
        *last = id;
        let raw = String::from_utf8(raw).expect("mails are ASCII");
        let letter = Letter::read(u64::try_from(id).expect("a number"), &raw);
        let run = letter.subject.rsplit(' ').next().unwrap_or_default();
        if let Some(link) = letter.link {
            links.insert((run.to_owned(), letter.to), link);
        }
    }
    links
}

/// A page that somebody asks for who has not asked before: `number` makes the address. The engine
/// must trust its proxies.
pub fn page_of(browser: &Browser, number: u32, path: &str) -> Page {
    let [_, a, b, c] = number.to_be_bytes();
    let from = format!("10.{a}.{b}.{c}");
    let headers = [("X-Forwarded-For", from.as_str())];
    browser.ask("GET", path, &headers, "").expect("a page")
}

/// Waits until pages that were opened before this moment are old enough to be decided on.
pub fn grow_old() {
    let since = Instant::now();
    // The rule is about a person's time, which nothing tells but the clock.
    while let Some(left) = HUMAN.checked_sub(since.elapsed()) {
        std::thread::park_timeout(left);
    }
}

/// A form on a page that is open.
#[derive(Debug, Clone)]
pub struct Form {
    /// Where it is posted to.
    pub path: String,
    /// The cookies of its page.
    pub cookies: String,
    hidden: Vec<(&'static str, String)>,
}

impl Form {
    /// The form of a page.
    ///
    /// Panics if it has none.
    pub fn of(path: &str, page: &Page) -> Form {
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

    /// Its fields, filled in.
    pub fn fields(&self, approves: bool) -> Vec<(&'static str, &str)> {
        let hidden = self.hidden.iter();
        let mut fields: Vec<_> = hidden.map(|(name, text)| (*name, text.as_str())).collect();
        fields.push(("decision", if approves { "approve" } else { "reject" }));
        fields
    }

    /// Posts it; the status of the answer, none when there is no answer.
    pub fn post(&self, browser: &Browser, approves: bool) -> Option<u16> {
        let page = browser.post(&self.path, &self.cookies, &self.fields(approves));
        let status = page.ok()?.status;
        (status != 0).then_some(status)
    }
}
