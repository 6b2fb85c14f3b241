//! Workflows that are carried out again, and who may then approve.

use suite::{Place, phase, until};

use crate::rig::{Desk, PEOPLE};

const ASK: &str = "
  entrypoint: ask
  arguments: {parameters: [{name: item, value: chairs}]}
  templates:
  - name: ask
    suspend:
      approval:
        title: \"Order {{workflow.parameters.item}}\"
        approvers: [{group: finance}]
        quorum: any
";

/// The account that runs the tests.
fn own_account(desk: &Desk) -> String {
    let said = desk.place.usher(["approvals", "whoami", "-o", "json"]);
    let account = said.json()["account"].as_str().map(str::to_owned);
    account.expect("an account")
}

/// People of whom one has the account that runs the tests, and another one that no test can use.
fn people(own: &str) -> String {
    PEOPLE
        .replace("name: Ada Byron", "name: Ada Byron, accounts: [ada-login]")
        .replace(
            "name: Grace Murray",
            &format!("name: Grace Murray, accounts: [{own}]"),
        )
}

/// Makes the account `ada-login` the submitter of every run there is. A test has one account only;
/// this is the row as a submit of hers would have written it.
fn submitted_by_ada(place: &Place, own: &str) {
    std::fs::write(place.state().join("people.yaml"), people(own)).expect("a file");
    let ledger = rusqlite::Connection::open(place.state().join("ledger.db")).expect("a ledger");
    let text = |account: &str| format!("\"submitter\":\"{account}\"");
    let change = "UPDATE runs SET head = CAST(replace(CAST(head AS TEXT), ?1, ?2) AS BLOB)";
    let changed = ledger.execute(change, [text(own), text("ada-login")]);
    assert_eq!(changed.expect("rows can be written"), 1);
}

/// The ids of those who are asked by the request that is open.
fn asked(desk: &Desk) -> Vec<String> {
    let task = until("a request to be open", || {
        let list = desk.place.usher(["approvals", "list", "-o", "json"]).json();
        let open = list
            .as_array()?
            .iter()
            .find(|one| one["state"] == "Pending");
        open.and_then(|one| one["id"].as_str().map(str::to_owned))
    });
    let shown = desk
        .place
        .usher(["approvals", "show", &task, "-o", "json"])
        .json();
    let seats = shown["asked"].as_array().cloned().unwrap_or_default();
    let mut ids: Vec<String> = seats
        .iter()
        .filter_map(|seat| seat["person"].as_str().map(str::to_owned))
        .collect();
    ids.sort();
    // The tests' own account is a submitter in every case here, and Grace's.
    let vote = ["approvals", "decide", &task, "--approve"];
    let refused = desk.place.usher(vote).with_code(1);
    let reason = "who asks for an approval may not give it";
    assert!(refused.err.contains(reason), "{refused:?}");
    ids
}

/// The mail to Mary that asks for what was given with the second try.
fn request_for_tables(desk: &Desk) -> suite::Letter {
    until("a request for tables", || {
        let letter = desk.web.request_to("mary@example.org");
        letter.subject.contains("Order tables").then_some(letter)
    })
}

/// Who resubmits another person's workflow: neither of the two is asked, nor may decide, and the
/// new run says where it is from.
#[test]
fn s88_resubmit_bars_both_submitters() {
    let desk = Desk::open();
    let own = own_account(&desk);
    desk.submit("order", ASK);
    desk.link("ada@example.org");
    desk.place.usher(["terminate", "order"]).with_code(0);
    desk.end("order");
    let desk = desk.kill_and_start_after(|place| submitted_by_ada(place, &own));
    let said = desk
        .place
        .usher(["resubmit", "order", "-p", "item=tables", "-o", "name"]);
    let name = said.with_code(0).out.trim().to_owned();
    let name = name.rsplit('/').next().expect("a name").to_owned();
    assert!(name.starts_with("order-"), "{name}");
    assert_eq!(asked(&desk), ["mary"]);
    let object = desk.object(&name);
    let labels = &object["metadata"]["labels"];
    assert_eq!(
        labels["workflows.argoproj.io/resubmitted-from-workflow"],
        "order"
    );
    assert_eq!(labels["workflows.argoproj.io/creator"], own.as_str());
    let letter = request_for_tables(&desk);
    let accounts = format!("{own}, ada-login");
    assert!(letter.text.contains(&accounts), "{}", letter.text);
    desk.decide("mary@example.org", true, "");
    assert_eq!(phase(&desk.end(&name)), "Succeeded");
    let memoized = desk
        .place
        .usher(["resubmit", &name, "--memoized"])
        .with_code(2);
    assert!(
        memoized.err.contains("--memoized is not supported yet"),
        "{memoized:?}"
    );
    // Resubmitted once more, the first of the three is still barred.
    desk.place.usher(["resubmit", &name]).with_code(0);
    assert_eq!(asked(&desk), ["mary"]);
}

/// A retry after a rejection asks anew: another request with another link. The old link shows how
/// its own ended, the new one outlives the engine.
#[test]
fn s71_retry_asks_anew() {
    let desk = Desk::open();
    desk.submit("order", ASK);
    let first = desk.link("ada@example.org");
    desk.decide("ada@example.org", false, "too dear");
    let object = desk.end("order");
    assert_eq!(phase(&object), "Failed");
    desk.place.usher(["retry", "order"]).with_code(0);
    let second = until("another link", || {
        let link = desk.link("ada@example.org");
        (link != first).then_some(link)
    });
    let desk = desk.kill_and_start();
    let old = desk.web.get(&first, "");
    assert_eq!(old.status, 200, "{}", old.body);
    assert!(old.body.contains("too dear"), "{}", old.body);
    let late = desk
        .web
        .browser
        .post(&first, "", &[("decision", "approve")]);
    assert_eq!(late.expect("a page").status, 410);
    let again = desk.object("order");
    assert_eq!(again["metadata"]["uid"], object["metadata"]["uid"]);
    assert_eq!(phase(&again), "Running");
    assert_eq!(desk.web.decide(&second, true, &[]).status, 200);
    assert_eq!(phase(&desk.end("order")), "Succeeded");
    let list = ["approvals", "list", "--show", "closed", "-o", "json"];
    let list = desk.place.usher(list).json();
    let mut states: Vec<&str> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["state"].as_str().expect("a state"))
        .collect();
    states.sort_unstable();
    assert_eq!(states, ["Approved", "Rejected"]);
    desk.place.usher(["approvals", "verify"]).with_code(0);
}

/// Who retries another person's workflow: neither of the two is asked, nor may decide, and the
/// record of the new request names both.
#[test]
fn s88_retry_bars_both_submitters() {
    let desk = Desk::open();
    let own = own_account(&desk);
    desk.submit("order", ASK);
    desk.decide("mary@example.org", false, "no");
    desk.end("order");
    let desk = desk.kill_and_start_after(|place| submitted_by_ada(place, &own));
    desk.place
        .usher(["retry", "order", "-p", "item=tables"])
        .with_code(0);
    assert_eq!(asked(&desk), ["mary"]);
    let list = desk.place.usher(["approvals", "list", "-o", "json"]).json();
    let task = list[0]["id"].as_str().expect("an id").to_owned();
    let audit = desk
        .place
        .usher(["approvals", "export", &task])
        .with_code(0);
    let both = format!("\"submitters\":[\"ada-login\",\"{own}\"]");
    assert!(
        audit.out.replace([' ', '\n'], "").contains(&both),
        "{}",
        audit.out
    );
    request_for_tables(&desk);
    desk.decide("mary@example.org", true, "");
    assert_eq!(phase(&desk.end("order")), "Succeeded");
}
