//! Killed at each step of a mail's way (approvals §4.10): no mail is lost; one comes twice only
//! where the final reply was lost, and then with the same bytes.
//!
//! ```text
//!   insert ─► lease ─► look ─► connect EHLO MAIL RCPT DATA body dot ─► reply ─► `Sent`
//! ```
//!
//! The mail server of the test holds the conversation at the step, the test kills the engine there.
//! Where a step is a write of the ledger, the test holds the ledger's lock.

use std::net::TcpListener;
use std::time::Duration;

use suite::{
    Counts, Form, Letter, Place, Rows, WriteLock, counts, grow_old, page_of, side_by_side,
};

use crate::engine::{Engine, browser, end, is_sound, place, submit, times_come};
use crate::sink::{Manner, Sink, Step};

/// One person is asked.
const ASK: &str = "
  entrypoint: ask
  templates:
  - name: ask
    suspend: {approval: {title: A question, approvers: [{user: ada}]}}
";

/// Somebody is told; the step waits until the mail has left.
const TELL: &str = "
  entrypoint: tell
  templates:
  - name: tell
    plugin: {mail: {to: office@example.org, subject: decided, text: decided, wait: sent}}
";

/// The courier looks at least this often whether something is due.
const TICK: Duration = Duration::from_millis(1_000);

/// A kind of mail, and where the engine is killed while it sends it.
#[derive(Debug, Clone, Copy)]
struct Case {
    kind: &'static str,
    step: Step,
}

/// The mail that asks, the receipt, the mail of a step: each is killed at every step of SMTP.
#[test]
fn at_each_step_of_smtp() {
    let cases = ["request", "receipt", "step"].into_iter().flat_map(|kind| {
        let case = move |step| (format!("{kind} at {step:?}"), Case { kind, step });
        Step::ALL.map(case)
    });
    // The receipt goes over the connection of the request.
    let has_step = |case: &Case| case.kind != "receipt" || case.step > Step::Hello;
    side_by_side(
        cases.filter(|(_, case)| has_step(case)).collect(),
        killed_at,
    );
}

fn killed_at(case: Case) {
    let place = place();
    // The reply is out: whether that is written down is up to who has the ledger's lock.
    let hold = Manner::Hold(case.step.min(Step::Taken));
    let sink = Sink::open(if case.kind == "receipt" {
        Manner::Take
    } else {
        hold
    });
    let engine = Engine::start(&place, Some(sink.at));
    let rows = Rows::of(&place);
    submit(&place, "flow", if case.kind == "step" { TELL } else { ASK });
    if case.kind == "receipt" {
        until_phase(&rows, "request", "Sent");
        vote(&place, &sink, || sink.set(hold));
    }
    sink.held();
    let before = sink.taken().len() - usize::from(case.step.is_taken());
    let lock = (case.step == Step::Replied).then(|| WriteLock::take(&place));
    if lock.is_some() {
        sink.go_on();
    }
    engine.kill();
    drop(lock);
    assert_eq!(mail(&rows, case.kind), ("Leased".to_owned(), 1, 1));
    // In `full` one lease is waited for, all of its two minutes.
    let waits = case.kind == "request" && case.step == Step::Taken && counts() == Counts::Full;
    if !waits {
        times_come(&place);
    }
    let engine = Engine::start(&place, Some(sink.at));
    until_phase(&rows, case.kind, "Sent");
    assert_eq!(mail(&rows, case.kind), ("Sent".to_owned(), 2, 2));
    let copies = sink.taken().split_off(before);
    let expected = if case.step.is_taken() { 2 } else { 1 };
    assert_eq!(copies.len(), expected, "{copies:#?}");
    assert!(copies.iter().all(|copy| *copy == copies[0]), "{copies:#?}");
    if case.kind == "request" {
        vote(&place, &sink, || ());
        until_phase(&rows, "receipt", "Sent");
        assert_eq!(sink.taken().len(), expected + 1);
    }
    assert_eq!(end(&rows, "flow"), "Succeeded");
    let told = "SELECT count(*) FROM inbox WHERE kind = 'mailed' AND applied_at IS NOT NULL";
    assert_eq!(rows.number(told, []), i64::from(case.kind == "step"));
    engine.kill();
    is_sound(&place);
}

/// A mail's phase, lease, attempts.
fn mail(rows: &Rows, kind: &str) -> (String, i64, i64) {
    let query = "SELECT phase, lease, attempts FROM outbox WHERE kind = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let mut found = rows.all(query, [kind], read);
    assert_eq!(found.len(), 1, "mails of kind {kind}");
    found.remove(0)
}

fn until_phase(rows: &Rows, kind: &str, phase: &str) {
    let query = "SELECT count(*) FROM outbox WHERE kind = ?1 AND phase = ?2";
    let look = |rows: &Rows| (rows.number(query, [kind, phase]) > 0).then_some(());
    rows.until(&format!("a {kind} to be {phase}"), look);
}

/// Ada approves by the link that she was mailed first.
fn vote(place: &Place, sink: &Sink, before_it: impl FnOnce()) {
    let letter = Letter::read(0, &sink.taken()[0].raw);
    let link = letter.link.expect("a link");
    let browser = browser(place);
    let form = Form::of(&link, &page_of(&browser, 1, &link));
    grow_old();
    before_it();
    assert_eq!(form.post(&browser, true), Some(303));
}

/// A mail leaves only under a lease that is written down: killed before that, it has not left.
#[test]
fn before_the_lease() {
    let place = place();
    // A port at which nobody listens: the first try fails, and the next is a minute later.
    let at = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr());
    let at = at.expect("a port");
    let engine = Engine::start(&place, Some(at));
    let rows = Rows::of(&place);
    submit(&place, "flow", ASK);
    let failed = "SELECT count(*) FROM outbox WHERE phase = 'Queued' AND error IS NOT NULL";
    let look = |rows: &Rows| (rows.number(failed, []) == 1).then_some(());
    rows.until("the first try to fail", look);
    let listener = TcpListener::bind(at).expect("the port again");
    let sink = Sink::on(listener, Manner::Hold(Step::Connect));
    let lock = WriteLock::take_after(&place, "UPDATE outbox SET due_at = 0");
    let before = mail(&rows, "request");
    assert_eq!(before, ("Queued".to_owned(), 1, 1));
    // It is due; the courier looks at it in this time, and has no lease.
    assert!(sink.is_left_alone(TICK * 2), "a mail left without a lease");
    engine.kill();
    lock.release();
    assert_eq!(mail(&rows, "request"), before);
    sink.set(Manner::Take);
    let engine = Engine::start(&place, Some(at));
    until_phase(&rows, "request", "Sent");
    assert_eq!(sink.taken().len(), 1);
    vote(&place, &sink, || ());
    assert_eq!(end(&rows, "flow"), "Succeeded");
    engine.kill();
    is_sound(&place);
}

/// A recipient is refused for good, and the engine dies before that is recorded, and once more
/// between the record and the mail's row: it is recorded once.
#[test]
fn a_refusal_is_recorded_once() {
    let place = place();
    let sink = Sink::open(Manner::Hold(Step::Recipient));
    let engine = Engine::start(&place, Some(sink.at));
    let rows = Rows::of(&place);
    submit(&place, "flow", ASK);
    sink.held();
    let lock = WriteLock::take(&place);
    sink.set(Manner::RefuseAndHold);
    sink.go_on();
    engine.kill();
    lock.release();
    assert_eq!(actions(&rows), ["opened"]);
    assert_eq!(mail(&rows, "request"), ("Leased".to_owned(), 1, 1));
    times_come(&place);
    let engine = Engine::start(&place, Some(sink.at));
    let look = |rows: &Rows| (actions(rows).len() == 2).then_some(());
    rows.until("the refusal to be recorded", look);
    engine.kill();
    times_come(&place);
    let engine = Engine::start(&place, Some(sink.at));
    until_phase(&rows, "request", "Bounced");
    assert_eq!(actions(&rows), ["opened", "undeliverable"]);
    engine.kill();
    assert_eq!(sink.taken(), []);
    is_sound(&place);
}

fn actions(rows: &Rows) -> Vec<String> {
    let query = "SELECT json_extract(CAST(entry AS TEXT), '$.action') FROM record ORDER BY seq";
    rows.all(query, [], |row| row.get(0))
}

/// Killed while the courier leaves a dead server alone: afterwards each mail goes once.
#[test]
fn while_the_server_is_left_alone() {
    const ASKED: i64 = 8;
    let place = place();
    let at = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr());
    let at = at.expect("a port");
    let engine = Engine::start(&place, Some(at));
    let rows = Rows::of(&place);
    for number in 0..ASKED {
        submit(&place, &format!("flow-{number}"), ASK);
    }
    let asked = "SELECT count(*) FROM outbox";
    let failed = "SELECT count(*) FROM outbox WHERE error IS NOT NULL AND phase = 'Queued'";
    let look = |rows: &Rows| {
        let all = rows.number(asked, []) == ASKED;
        (all && rows.number(failed, []) >= 5).then_some(())
    };
    rows.until("five tries to fail", look);
    engine.kill();
    times_come(&place);
    let sink = Sink::on(TcpListener::bind(at).expect("the port again"), Manner::Take);
    let engine = Engine::start(&place, Some(at));
    let left = "SELECT count(*) FROM outbox WHERE phase <> 'Sent'";
    rows.until("every mail to leave", |rows| {
        (rows.number(left, []) == 0).then_some(())
    });
    let mut ids: Vec<String> = sink.taken().iter().map(|one| one.raw.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(i64::try_from(ids.len()), Ok(ASKED));
    assert_eq!(i64::try_from(sink.taken().len()), Ok(ASKED));
    engine.kill();
    is_sound(&place);
}
