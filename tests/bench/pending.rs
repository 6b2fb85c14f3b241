//! Very many requests that wait for people: what they take, and how long opening a link takes,
//! against an indexed read and a request of the same server.

use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::json;
use suite::{Place, Web, copied_link, multiply, until};
use usher_notifier::keys::Keys;

use crate::line::{Bounds, Report, percentile};
use crate::served::{Flow, Served, uid};

/// Links that are opened, each of another request.
const OPENED: u32 = 500;

/// People who are asked in each request.
pub(crate) const PEOPLE: usize = 3;

/// Every request here comes through a proxy that is believed, each from another client: one client
/// may load 60 pages a minute.
const SETTINGS: &str = "[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n";

/// What a page needs of the ledger: a link and its task.
const READ: &str =
    "SELECT tasks.body FROM links JOIN tasks ON tasks.id = links.task WHERE links.id = ?1";

pub(crate) fn run(report: &mut Report) {
    let count = suite::scaled(1_000_000);
    let place = Place::new();
    std::fs::write(place.state().join("usher.toml"), SETTINGS).expect("a file");
    let served = Served::start(place);
    let empty = served.rss_mib();
    let task = ask_one(&served);
    let place = served.stop();
    let ledger = place.state().join("ledger.db");
    let copies = u32::try_from(count - 1).expect("a number of copies");
    multiply(&ledger, &task, copies);

    let served = Served::start(place);
    report.note("pending-start", served.ready.as_secs_f64() * 1000.0, "ms");
    // Neither finds in a cache what the other has just read.
    let reads = read_all(&ledger, &spread(copies, 0));
    let bare = bare_requests(&served);
    let pages = open_all(&served, &spread(copies, 1));
    report.figure("pending-memory", served.rss_mib() - empty, "MiB", 20.0);
    report.note("open-link-p50", percentile(pages.clone(), 50), "ms");
    report.note("indexed-read-p99", percentile(reads.clone(), 99), "ms");
    // A read alone answers nobody: the floor answers over HTTP too.
    let floor = percentile(bare, 99) + percentile(reads, 99);
    let pair = (percentile(pages, 99), floor);
    report.ratio("open-link-p99", pair, "ms", Bounds::at(5.0));
    served.stop();
}

/// Links of copies far from each other.
fn spread(copies: u32, first: u32) -> Vec<[u8; 16]> {
    let step = copies / OPENED;
    let copies = (0..OPENED).map(|at| at * step + first);
    copies
        .map(|copy| copied_link(copy, copy as usize % PEOPLE))
        .collect()
}

/// Asks three people by a run; answers the task when all are mailed.
pub(crate) fn ask_one(served: &Served) -> String {
    let approvers: Vec<_> = (0..PEOPLE)
        .map(|number| json!({"user": format!("p{number}@example.org")}))
        .collect();
    let approval = json!({"title": "A question", "approvers": approvers, "quorum": "any"});
    let flow = Flow::of(&json!([{"name": "main", "suspend": {"approval": approval}}]));
    flow.submit(&mut served.client(), uid(1));
    let ledger = Connection::open(served.place.state().join("ledger.db")).expect("the ledger");
    until("everybody to be mailed", || {
        let sent = "SELECT task FROM outbox WHERE phase = 'Sent' GROUP BY task HAVING count(*) = 3";
        ledger.query_row(sent, [], |row| row.get(0)).ok()
    })
}

/// An indexed read of each link, milliseconds.
fn read_all(ledger: &Path, links: &[[u8; 16]]) -> Vec<f64> {
    let ledger = Connection::open(ledger).expect("the ledger");
    let mut read = ledger.prepare(READ).expect("a statement");
    let mut time = |link: &[u8; 16]| {
        let begun = Instant::now();
        let body: Vec<u8> = read.query_row([link], |row| row.get(0)).expect("a task");
        assert!(!body.is_empty());
        begun.elapsed().as_secs_f64() * 1000.0
    };
    links.iter().map(&mut time).collect()
}

/// A request for something that needs no look into the ledger, as often, milliseconds.
fn bare_requests(served: &Served) -> Vec<f64> {
    let browser = Web::of(&served.place).browser;
    let time = |_| {
        let begun = Instant::now();
        let sheet = browser.ask("GET", "/a/style.css", &[], "");
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        assert_eq!(sheet.expect("the style sheet").status, 200);
        took
    };
    (0..OPENED).map(time).collect()
}

/// A page of each link, from another client each, milliseconds.
fn open_all(served: &Served, links: &[[u8; 16]]) -> Vec<f64> {
    let keys = Keys::load(&served.place.state().join("keys.json")).expect("readable");
    let ring = keys.expect("the keys").ring();
    let browser = Web::of(&served.place).browser;
    let time = |(at, link): (usize, &[u8; 16])| {
        let token = ring.seal(ring.signing(), link).expect("a token");
        let client = format!("192.0.{}.{}", at / 200, at % 200 + 1);
        let path = format!("/a/{token}");
        let begun = Instant::now();
        let page = browser.ask("GET", &path, &[("X-Forwarded-For", &client)], "");
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        let page = page.expect("a page");
        assert_eq!(page.status, 200, "{}", page.body);
        took
    };
    links.iter().enumerate().map(time).collect()
}
