//! The run's life against its approvals: stop, terminate, delete, deadlines, raw verbs, crashes.

use suite::{message, node, phase, until};

use crate::rig::Desk;

const ASK: &str = "
  entrypoint: ask
  templates:
  - name: ask
    suspend: {approval: {title: A question, approvers: [{user: ada}]}}
";

/// Beside the approval a plain step waits.
const MIXED: &str = "
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: ask, template: ask}
      - {name: wait, template: wait}
  - name: ask
    suspend: {approval: {title: A question, approvers: [{user: ada}]}}
  - name: wait
    suspend: {}
";

/// A link of a closed request says so, and takes no vote.
fn is_closed(desk: &Desk, link: &str) {
    let page = desk.web.get(link, "");
    assert_eq!(page.status, 410, "{}", page.body);
    let posted = desk.web.browser.post(link, "", &[("decision", "approve")]);
    assert_eq!(posted.expect("a page").status, 410);
}

/// Terminate: the link is closed at once, and whoever was asked is told.
#[test]
fn s66_terminate_closes_the_request() {
    let desk = Desk::open();
    desk.submit("flow", ASK);
    let link = desk.link("ada@example.org");
    desk.place.usher(["terminate", "flow"]).with_code(0);
    is_closed(&desk, &link);
    let object = desk.end("flow");
    assert_eq!(phase(&object), "Failed");
    until("a notice", || {
        (desk.letters("ada@example.org").len() == 2).then_some(())
    });
    let notice = &desk.letters("ada@example.org")[1];
    assert!(notice.link.is_none(), "{}", notice.text);
}

/// Delete: the same, and the record of the task can still be read.
#[test]
fn s67_delete_keeps_the_record() {
    let desk = Desk::open();
    desk.submit("flow", ASK);
    let link = desk.link("ada@example.org");
    let list = desk.place.usher(["approvals", "list", "-o", "json"]).json();
    let task = list[0]["id"].as_str().expect("a task has an id").to_owned();
    desk.place.usher(["delete", "flow"]).with_code(0);
    is_closed(&desk, &link);
    until("the closing to be recorded", || {
        let audit = desk.place.usher(["approvals", "audit", &task]).out;
        (audit.contains("opened") && audit.contains("cancelled")).then_some(())
    });
    desk.place
        .usher(["approvals", "verify", &task])
        .with_code(0);
}

/// A suspended workflow: a vote is kept and counts after the resume; a stop closes at once.
#[test]
fn s68_suspended_workflows_take_votes() {
    let desk = Desk::open();
    desk.submit("votes", ASK);
    desk.link("ada@example.org");
    desk.place.usher(["suspend", "votes"]).with_code(0);
    desk.decide("ada@example.org", true, "");
    desk.place.usher(["resume", "votes"]);
    assert_eq!(phase(&desk.end("votes")), "Succeeded");
    desk.submit("stops", ASK);
    let letters = until("another request", || {
        let letters = desk.letters("ada@example.org");
        (letters.iter().filter(|one| one.link.is_some()).count() == 3 - 1).then_some(letters)
    });
    let link = letters.iter().rev().find_map(|one| one.link.clone());
    let link = link.expect("a link");
    desk.place.usher(["suspend", "stops"]).with_code(0);
    desk.place.usher(["stop", "stops"]);
    is_closed(&desk, &link);
}

/// Argo's own verbs do not walk round the gate; a plain wait beside it obeys them.
#[test]
fn s69_raw_verbs_are_refused() {
    let desk = Desk::open();
    desk.submit("flow", MIXED);
    desk.link("ada@example.org");
    let field = "--node-field-selector=displayName=ask";
    for verb in ["resume", "stop"] {
        let said = desk.place.usher([verb, "flow", field]).with_code(1);
        assert!(said.err.contains("approvals override"), "{said:?}");
    }
    let set = ["node", "set", "flow", field, "--phase", "Succeeded"];
    desk.place.usher(set).with_code(1);
    desk.place.usher(["resume", "flow"]).with_code(0);
    desk.until("flow", "wait", "Succeeded");
    assert_eq!(phase(&desk.until("flow", "ask", "Running")), "Running");
    let alone = desk.place.usher(["resume", "flow"]).with_code(1);
    assert!(alone.err.contains("ask"), "{alone:?}");
    desk.decide("ada@example.org", true, "");
    assert_eq!(phase(&desk.end("flow")), "Succeeded");
}

/// The run's deadline ends the wait with Argo's text, and closes the request.
#[test]
fn s72_a_deadline_closes_the_request() {
    let desk = Desk::open();
    desk.submit("flow", &format!("  activeDeadlineSeconds: 3{ASK}"));
    let link = desk.link("ada@example.org");
    let object = desk.end("flow");
    assert_eq!(phase(&object), "Failed");
    assert_eq!(message(node(&object, "flow")), "Step exceeded its deadline");
    is_closed(&desk, &link);
}

/// The engine dies with the receipt hardly on the screen: the next one goes on, once.
#[test]
fn s62_a_decision_outlives_the_engine() {
    let desk = Desk::open();
    desk.submit("flow", ASK);
    desk.decide("ada@example.org", true, "");
    let desk = desk.kill_and_start();
    assert_eq!(phase(&desk.end("flow")), "Succeeded");
    let list = desk
        .place
        .usher(["approvals", "list", "--show", "closed", "-o", "json"]);
    assert_eq!(list.json()[0]["state"], "Approved");
}

/// A link that was mailed before the engine died works after it.
#[test]
fn links_outlive_the_engine() {
    let desk = Desk::open();
    desk.submit("flow", ASK);
    let link = desk.link("ada@example.org");
    let host = desk.web.browser.host();
    let desk = desk.kill_and_start();
    assert_eq!(
        desk.web.browser.host(),
        host,
        "the pages are where they were"
    );
    assert_eq!(desk.web.decide(&link, true, &[]).status, 200);
    assert_eq!(phase(&desk.end("flow")), "Succeeded");
}

/// Who may decides outside the rules, with a reason, and everybody can see that.
#[test]
fn s70_override_is_told() {
    let desk = Desk::open();
    let account = desk
        .place
        .usher(["approvals", "whoami", "-o", "json"])
        .json();
    let account = account["account"].as_str().expect("an account").to_owned();
    desk.submit("flow", ASK);
    desk.link("ada@example.org");
    let list = desk.place.usher(["approvals", "list", "-o", "json"]).json();
    let task = list[0]["id"].as_str().expect("an id").to_owned();
    let verb = [
        "approvals",
        "override",
        &task,
        "--approve",
        "--reason",
        "the boss is at sea",
    ];
    desk.place.usher(verb).with_code(1);
    let people = format!("{}overriders: [{account}]\n", crate::rig::PEOPLE);
    std::fs::write(desk.place.state().join("people.yaml"), people).expect("a file");
    until("the override to be allowed", || {
        (desk.place.usher(verb).code == 0).then_some(())
    });
    let object = desk.end("flow");
    assert_eq!(phase(&object), "Succeeded");
    assert!(
        message(node(&object, "flow")).contains("overridden"),
        "{object:#}"
    );
    let audit = desk.place.usher(["approvals", "audit", &task]).out;
    assert!(
        audit.contains("the boss is at sea") && audit.contains("refused"),
        "{audit}"
    );
}
