//! From a click on the approver page to the start of the next step, and the opening of many
//! requests.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use suite::{Place, Web, until};
use usher::cli::demo::browser::Page;

use crate::floor::{Floor, insert, open, timed};
use crate::line::{Bounds, Report, median};
use crate::served::{Flow, Marks, Served, uid};

/// Clicks that are measured.
const CLICKS: usize = 15;

/// A page must be so old before a decision on it counts at once.
const HUMAN: Duration = Duration::from_millis(2_100);

/// Requests that are opened at once.
const REQUESTS: usize = 1_000;

/// Rows that opening one request with three slots writes: the task, and a link, a mail and an
/// index entry of each for every slot, and the record.
const ROWS: usize = 12;

fn ask(name: &str, approvers: &[String]) -> Value {
    let approvers: Vec<Value> = approvers.iter().map(|who| json!({"user": who})).collect();
    json!({"name": name, "suspend": {"approval": {
        "title": "A question", "approvers": approvers, "quorum": "any",
    }}})
}

/// Click → next step's start: against one durable commit and one process.
pub(crate) fn click(report: &mut Report) {
    let served = Served::start(Place::new());
    let mut client = served.client();
    let mut marks = Marks::new(served.place.folder());
    for number in 0..CLICKS {
        let ask = ask("ask", &[format!("p{number}@example.org")]);
        let steps =
            json!([[{"name": "a", "template": "ask"}], [{"name": "b", "template": "mark"}]]);
        let main = json!({"name": "main", "steps": steps});
        let flow = Flow::of(&json!([main, ask, marks.template()]));
        flow.submit(&mut client, uid(number));
    }
    let web = Web::of(&served.place);
    let letters = until("every request to be mailed", || {
        let letters = web.letters();
        (letters.len() == CLICKS).then_some(letters)
    });
    let links: Vec<String> = letters.into_iter().filter_map(|one| one.link).collect();
    let pages: Vec<Page> = links.iter().map(|link| web.get(link, "")).collect();
    let since = Instant::now();
    while let Some(left) = HUMAN.checked_sub(since.elapsed()) {
        std::thread::park_timeout(left);
    }
    let (mut ours, mut floors) = (Vec::new(), Vec::new());
    for (link, page) in links.iter().zip(&pages) {
        let hidden = |name: &str| page.hidden(name).unwrap_or_default().to_owned();
        let (nonce, round, digest) = (hidden("nonce"), hidden("round"), hidden("digest"));
        let form = [
            ("nonce", nonce.as_str()),
            ("round", &round),
            ("digest", &digest),
            ("decision", "approve"),
        ];
        let clicked = Instant::now();
        let posted = web.browser.post(link, &page.cookies(), &form);
        assert_eq!(posted.expect("a page").status, 303);
        ours.push((marks.wait() - clicked).as_secs_f64() * 1000.0);
        floors.push(Floor::measure().step_ms());
    }
    let pair = (median(ours), median(floors));
    let bounds = Bounds {
        goal: 4.0,
        limit: 8.0,
    };
    report.ratio("click-to-step", pair, "ms", bounds);
    served.stop();
}

/// 1,000 requests of three slots, opened by one run: until people can decide, against their rows
/// in a commit a request.
pub(crate) fn open_many(report: &mut Report) {
    let served = Served::start(Place::new());
    let mut client = served.client();
    let approvers: Vec<String> = (0..3).map(|n| format!("p{n}@example.org")).collect();
    let steps: Vec<Value> = (0..REQUESTS)
        .map(|at| json!({"name": format!("s{at}"), "template": "ask"}))
        .collect();
    let main = json!({"name": "main", "steps": [steps]});
    let flow = Flow::of(&json!([main, ask("ask", &approvers)]));
    let path = served.place.state().join("ledger.db");
    let ledger = rusqlite::Connection::open(path).expect("the ledger");
    let begun = Instant::now();
    flow.submit(&mut client, uid(1));
    until("every request to be open", || {
        let count = "SELECT count(*) FROM tasks WHERE state = 'Pending'";
        let found: i64 = ledger.query_row(count, [], |row| row.get(0)).ok()?;
        (usize::try_from(found) == Ok(REQUESTS)).then_some(())
    });
    let ours = begun.elapsed().as_secs_f64() * 1000.0;
    let folder = tempfile::tempdir().expect("a folder");
    let mut floor = open(folder.path());
    let commits = timed(|| {
        for at in 0..REQUESTS {
            insert(&mut floor, at * ROWS, ROWS);
        }
    });
    let bounds = Bounds {
        goal: 2.0,
        limit: 4.0,
    };
    report.ratio("open-1000-requests", (ours, commits), "ms", bounds);
    served.stop();
}
