//! Votes by link (scenarios 18, 19, 26, 27, 32, 33, 37, 48, 52, 75, 78).

use usher_api::approval::{Level, Need};
use usher_notifier_core::decide::{Event, Refusal};
use usher_notifier_core::task::{SlotState, State};

use crate::kit::World;
use crate::kit::asking::{field, policy};
use crate::kit::form::encode;

/// Both posts of a double click lead to the same receipt, and there is one vote.
#[actix_web::test]
async fn s18_a_double_click_is_one_vote() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut boss = world.browser("192.0.2.1");
    let form = boss
        .get(&link)
        .await
        .form(&link)
        .with("decision", "approve");
    world.pass(3_000);
    let mut second = boss.clone();
    let (one, two) = tokio::join!(boss.submit(&form), second.submit(&form));
    assert_eq!((one.status, two.status), (303, 303));
    assert_eq!(
        (one.header("location"), two.header("location")),
        (&*link, &*link)
    );
    let (_, now) = world.task(&task).await;
    assert_eq!(now.slots[0].votes.len(), 1);
    assert_eq!(world.commands(&task).await.len(), 1);
    let receipt = boss.get(&link).await;
    assert_eq!(receipt.status, 200);
    assert_eq!(receipt.forms(), []);
}

/// A decided request shows its receipt for ever, and takes nothing more.
#[actix_web::test]
async fn s19_a_decided_request_shows_the_receipt_and_takes_no_vote() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut boss = world.browser("192.0.2.1");
    let early = boss.get(&link).await.form(&link).with("decision", "reject");
    world.pass(1);
    assert_eq!(world.vote(&mut boss, &link, "approve").await.status, 303);
    let before = world.row(&task).await;
    assert_eq!(boss.submit(&early).await.status, 410);
    world.pass(365 * 24 * 3_600_000);
    let receipt = boss.get(&link).await;
    assert_eq!(receipt.status, 200);
    assert!(receipt.body.contains("Order 4711"), "{}", receipt.body);
    assert_eq!(world.row(&task).await, before);
}

/// The run gets the outcome with the decision's own commit, and is woken after it.
#[actix_web::test]
async fn a_decision_brings_the_outcome_to_the_run() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    assert_eq!(world.ear.heard(), Vec::<String>::new());
    world
        .vote(&mut world.browser("192.0.2.1"), &link, "approve")
        .await;
    let commands = world.commands(&task).await;
    assert_eq!(commands.len(), 1);
    let command = &commands[0];
    assert_eq!(command["verb"], "settle");
    assert_eq!(command["by"], "boss");
    assert_eq!(command["task"], task);
    assert_eq!(command["node"], 1);
    assert_eq!(command["verdict"]["phase"], "succeeded");
    assert_eq!(command["verdict"]["outputs"]["decision"], "approved");
    assert_eq!(command["verdict"]["outputs"]["approver"], "boss");
    serde_json::from_value::<usher_api::command::Command>(command.clone()).unwrap();
    assert_eq!(world.ear.heard(), ["run-1"]);
    let row = world.row(&task).await;
    assert_eq!(
        (row.state.as_str(), row.open, row.due_ms),
        ("Approved", false, None)
    );
}

/// A page of another round or content is shown anew; the comment is kept, the choice is not.
#[actix_web::test]
async fn s26_what_was_not_shown_is_not_signed() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut boss = world.browser("192.0.2.1");
    let form = boss.get(&link).await.form(&link);
    let form = form
        .with("decision", "approve")
        .with("comment", "fine by me");
    world.pass(3_000);
    world
        .rewrite(&task, |task| task.digest = "5".repeat(64))
        .await;
    let page = boss.submit(&form).await;
    assert_eq!(page.status, 409);
    let again = page.form(&link);
    assert_eq!((again.value("comment"), again.checked), ("fine by me", 0));
    world.rewrite(&task, |task| task.round = 2).await;
    // Quick or not: what is asked again must be what was shown.
    assert_eq!(
        boss.submit(&again.with("decision", "approve")).await.status,
        409
    );
    assert_eq!(world.task(&task).await.1.slots[0].votes, []);
}

/// A form that is older than twelve hours is shown anew with all that was typed.
#[actix_web::test]
async fn old_forms_are_shown_anew() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut boss = world.browser("192.0.2.1");
    let form = boss.get(&link).await.form(&link);
    let form = form
        .with("decision", "approve")
        .with("comment", "slept over it");
    world.pass(12 * 3_600_000 + 1);
    let page = boss.submit(&form).await;
    assert_eq!(page.status, 409);
    let again = page.form(&link);
    assert_eq!(again.value("comment"), "slept over it");
    world.pass(3_000);
    assert_eq!(boss.submit(&again).await.status, 303);
}

/// Another person's vote does not throw away an open page.
#[actix_web::test]
async fn s27_an_older_page_still_counts() {
    let world = World::new().await;
    let task = world.ask(policy(&["ada", "ben"])).await;
    let (first, second) = (world.link(&task, 0).await, world.link(&task, 1).await);
    let (mut ada, mut ben) = (world.browser("192.0.2.1"), world.browser("192.0.2.2"));
    let form = ben
        .get(&second)
        .await
        .form(&second)
        .with("decision", "approve");
    assert_eq!(world.vote(&mut ada, &first, "approve").await.status, 303);
    assert_eq!(ben.submit(&form).await.status, 303);
    assert_eq!(world.task(&task).await.1.state, State::Approved);
}

/// Who holds a forwarded mail votes as the addressee at level `link`; the record says no more than
/// that, and the addressee gets the receipt.
#[actix_web::test]
async fn s32_a_forwarded_mail_votes_as_its_slot() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut stranger = world.browser("203.0.113.77");
    assert_eq!(world.vote(&mut stranger, &link, "reject").await.status, 303);
    let entries = world.entries(&task).await;
    let vote = entries
        .iter()
        .find(|entry| entry["action"] == "voted")
        .unwrap();
    assert_eq!(vote["slot"], 0);
    assert_eq!(vote["level"], "link");
    assert_eq!(vote["via"], "link");
    let receipt = ("receipt".to_owned(), "boss@example.org".to_owned());
    assert!(world.mails(&task).await.contains(&receipt));
    let record = world.record(&task).await;
    let sides: Vec<String> = record
        .iter()
        .filter_map(|row| row.side.clone())
        .map(|side| String::from_utf8(side).unwrap())
        .collect();
    assert!(
        sides.iter().any(|side| side.contains("203.0.113.0/24")),
        "{sides:?}"
    );
    assert!(
        !sides.iter().any(|side| side.contains("203.0.113.77")),
        "{sides:?}"
    );
}

/// At level `code` a forwarded mail shows nothing and decides nothing without the mailed number.
#[actix_web::test]
async fn s33_a_forwarded_mail_at_level_code_needs_the_code() {
    let world = World::new().await;
    let mut asked = policy(&["boss"]);
    asked.auth = Some(Level::Code);
    let task = world.ask(asked).await;
    let link = world.link(&task, 0).await;
    let mut other = world.browser("203.0.113.77");
    let sent = other
        .submit(&other.clone().get(&link).await.form("/code"))
        .await;
    assert_eq!(sent.status, 403, "the form was made for another browser");
    let form = other.get(&link).await.form("/code");
    assert_eq!(
        other.submit(&form).await.header("location"),
        format!("{link}?sent")
    );
    let code = world.ports.keys().code(&task, 0, 1).unwrap();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let page = other.get(&format!("{link}?sent")).await;
    assert!(!page.body.contains("Order 4711"));
    let mut told = Vec::new();
    for _ in 0..6 {
        told.push(
            other
                .submit(&page.form("/verify").with("code", wrong))
                .await
                .status,
        );
    }
    assert_eq!(told, [422, 422, 422, 422, 429, 422]);
    let right = page.form("/verify").with("code", &code);
    assert_eq!(
        other.submit(&right).await.status,
        422,
        "the code is void after five tries"
    );
    assert_eq!(other.submit(&form).await.status, 303);
    let code = world.ports.keys().code(&task, 0, 2).unwrap();
    let right = page.form("/verify").with("code", &code);
    let answer = other.submit(&right).await;
    assert_eq!((answer.status, answer.header("location")), (303, &*link));
    let page = other.get(&link).await;
    assert!(page.body.contains("Order 4711"), "{}", page.body);
    world.pass(15 * 60_000 + 1);
    let late = page.form(&link).with("decision", "approve");
    assert_eq!(
        other.submit(&late).await.status,
        403,
        "a proof is good for 15 minutes"
    );
    assert_eq!(world.task(&task).await.1.state, State::Pending);
}

/// With the code the vote counts, and the record says how it was proven.
#[actix_web::test]
async fn a_vote_at_level_code() {
    let world = World::with(|settings| settings.rules.auth = Level::Code).await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut boss = world.browser("192.0.2.1");
    let form = boss.get(&link).await.form("/code");
    boss.submit(&form).await;
    let code = world.ports.keys().code(&task, 0, 1).unwrap();
    let form = boss.get(&link).await.form("/verify");
    boss.submit(&form.with("code", &format!("{} {}", &code[..3], &code[3..])))
        .await;
    assert_eq!(world.vote(&mut boss, &link, "approve").await.status, 303);
    let entries = world.entries(&task).await;
    let vote = entries
        .iter()
        .find(|entry| entry["action"] == "voted")
        .unwrap();
    assert_eq!(vote["level"], "code");
    let stranger = world.browser("203.0.113.77").get(&link).await;
    assert_eq!(stranger.status, 410);
    assert!(
        !stranger.body.contains("Order 4711"),
        "a receipt is for who has proven the mailbox"
    );
}

/// One person counts once, whatever ways are used.
#[actix_web::test]
async fn s37_one_person_counts_once() {
    let world = World::new().await;
    let mut asked = policy(&["group:finance"]);
    asked.approvers[0].need = Need::Count(2);
    let task = world.ask(asked).await;
    let link = world.link(&task, 0).await;
    assert_eq!(
        world
            .vote(&mut world.browser("192.0.2.1"), &link, "approve")
            .await
            .status,
        303
    );
    *world.caller.0.lock().unwrap() = Some("ada".to_owned());
    let (_, now) = world.task(&task).await;
    assert_eq!(now.slots[0].person.id, "ada");
    let body = format!(
        r#"{{"decision":"approve","round":{},"digest":"{}"}}"#,
        now.round, now.digest
    );
    let path = format!("/api/v1/approvals/default/{task}:decide");
    let answer = world.direct().call(&path, "", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (_, now) = world.task(&task).await;
    assert_eq!(now.state, State::Pending);
    let approved = now
        .slots
        .iter()
        .filter(|slot| slot.state == SlotState::Approved);
    assert_eq!((approved.count(), now.slots[0].votes.len()), (1, 2));
    let link = world.link(&task, 1).await;
    assert_eq!(
        world
            .vote(&mut world.browser("192.0.2.2"), &link, "approve")
            .await
            .status,
        303
    );
    assert_eq!(world.task(&task).await.1.state, State::Approved);
}

/// Two requests of one run have nothing to do with each other.
#[actix_web::test]
async fn s48_an_old_link_does_not_touch_the_next_request() {
    let world = World::new().await;
    let first = world.next_asked(policy(&["boss"]));
    let mut second = first.clone();
    second.node = 2;
    second.task = usher_api::approval::task_id(&first.run, "second", 1);
    world.open(&[first.clone(), second.clone()]).await;
    world.sweep().await;
    let link = world.link(&first.task, 0).await;
    let mut boss = world.browser("192.0.2.1");
    let old = boss.get(&link).await.form(&link).with("decision", "reject");
    world.pass(1);
    assert_eq!(world.vote(&mut boss, &link, "approve").await.status, 303);
    let before = world.row(&second.task).await;
    assert_eq!(boss.submit(&old).await.status, 410);
    assert_eq!(world.row(&second.task).await, before);
    assert!(before.open);
}

/// What is due after the decision does nothing.
#[actix_web::test]
async fn s52_leftovers_of_a_decided_request_do_nothing() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    world
        .vote(&mut world.browser("192.0.2.1"), &link, "approve")
        .await;
    let (before, mails) = (world.row(&task).await, world.mails(&task).await);
    world.pass(365 * 24 * 3_600_000);
    for event in [Event::Due, Event::PeopleChanged, Event::Prepare] {
        if let Err(fault) = world.gate.move_task(&task, event).await {
            let refusal = Refusal::Closed("approved".to_owned());
            assert_eq!(fault.to_string(), refusal.to_string());
        }
    }
    world.sweep().await;
    assert_eq!(
        (world.row(&task).await, world.mails(&task).await),
        (before, mails)
    );
}

/// A huge comment is turned away before it is held in full.
#[actix_web::test]
async fn s75_huge_comments_are_turned_away() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let before = world.row(&task).await;
    let mut boss = world.browser("192.0.2.1");
    let form = boss
        .get(&link)
        .await
        .form(&link)
        .with("decision", "approve");
    world.pass(3_000);
    let huge = form.with("comment", &"x".repeat(1 << 20));
    assert_eq!(boss.submit(&huge).await.status, 413);
    let long = form.with("comment", &"x".repeat(5_000));
    let page = boss.submit(&long).await;
    assert_eq!(page.status, 422);
    assert_eq!(page.form(&link).value("comment").len(), 5_000);
    let many: Vec<_> = (0..101)
        .map(|number| (number.to_string(), String::new()))
        .collect();
    assert_eq!(boss.post(&link, &encode(&many)).await.status, 413);
    assert_eq!(world.row(&task).await, before);
}

/// Faults of a form come back with all that was typed.
#[actix_web::test]
async fn faults_keep_what_was_typed() {
    let world = World::new().await;
    let mut asked = policy(&["boss"]);
    asked.form = vec![field("costs"), field("place")];
    let task = world.ask(asked).await;
    let link = world.link(&task, 0).await;
    let mut boss = world.browser("192.0.2.1");
    let form = boss.get(&link).await.form(&link);
    let form = form.with("decision", "approve").with("comment", "why not");
    world.pass(3_000);
    let page = boss.submit(&form.with("field.costs", "4711")).await;
    assert_eq!(page.status, 422);
    let again = page.form(&link);
    assert_eq!(again.value("comment"), "why not");
    assert_eq!(again.value("field.costs"), "4711");
    assert_eq!(again.value("decision"), "approve");
    world.pass(3_000);
    assert_eq!(
        boss.submit(&again.with("field.place", "Jena")).await.status,
        303
    );
    let command = &world.commands(&task).await[0];
    assert_eq!(command["verdict"]["outputs"]["costs"], "4711");
}

/// What looks like a tag in a comment is text, to the last sign.
#[actix_web::test]
async fn s78_a_comment_reaches_the_run_unchanged() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut boss = world.browser("192.0.2.1");
    let text = "{{workflow.parameters.secret}} {{=sprig.env(\"HOME\")}} <b>&amp;\n'quoted'";
    let form = boss.get(&link).await.form(&link);
    let form = form.with("decision", "approve").with("comment", text);
    world.pass(3_000);
    assert_eq!(boss.submit(&form).await.status, 303);
    let command = &world.commands(&task).await[0];
    assert_eq!(command["verdict"]["outputs"]["comment"], text);
    let receipt = boss.get(&link).await;
    assert!(
        receipt.body.contains("{{workflow.parameters.secret}}"),
        "{}",
        receipt.body
    );
    assert!(!receipt.body.contains("<b>"));
}

/// A vote is changed by the receipt's link while others still vote; the last one counts.
#[actix_web::test]
async fn a_vote_is_changed_by_its_link() {
    let world = World::new().await;
    let task = world.ask(policy(&["ada", "ben"])).await;
    let link = world.link(&task, 0).await;
    let mut ada = world.browser("192.0.2.1");
    assert_eq!(world.vote(&mut ada, &link, "approve").await.status, 303);
    let receipt = ada.get(&link).await;
    assert!(
        receipt.body.contains(&format!("{link}?change")),
        "{}",
        receipt.body
    );
    let form = ada.get(&format!("{link}?change")).await.form(&link);
    assert_eq!(form.checked, 0);
    world.pass(3_000);
    assert_eq!(
        ada.submit(&form.with("decision", "reject")).await.status,
        303
    );
    let (_, now) = world.task(&task).await;
    let votes: Vec<bool> = now.slots[0]
        .votes
        .iter()
        .map(|vote| vote.approves)
        .collect();
    assert_eq!((votes, now.state), (vec![true, false], State::Rejected));
}
