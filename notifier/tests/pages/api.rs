//! The JSON paths: who is let in, what they show and do, and the same call twice.

use serde_json::{Value, json};
use usher_notifier_core::task::State;

use crate::kit::World;
use crate::kit::asking::policy;
use crate::kit::browser::Answer;

fn is(world: &World, account: &str) {
    *world.caller.0.lock().unwrap() = Some(account.to_owned());
}

fn path(task: &str, verb: &str) -> String {
    format!("/api/v1/approvals/default/{task}{verb}")
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"))
}

fn fault(code: &str, message: &str) -> Value {
    json!({ "code": code, "message": message })
}

async fn decide_words(world: &World, task: &str, decision: &str) -> String {
    let (_, now) = world.task(task).await;
    json!({ "decision": decision, "round": now.round, "digest": now.digest }).to_string()
}

/// Nobody is let in through a proxy, by another host's name, from another site's page, or without
/// an account; a form cannot make a call.
#[actix_web::test]
async fn strangers_are_not_let_in() {
    let world = World::new().await;
    let task = world.ask(policy(&["ada"])).await;
    let list = "/api/v1/approvals/default";
    assert_eq!(world.direct().get(list).await.status, 401, "no account");
    is(&world, "ada");
    assert_eq!(world.direct().get(list).await.status, 200);
    let proxied = world.browser("192.0.2.1").get(list).await;
    let why = "the request came through a proxy; call the loopback address directly";
    assert_eq!(
        (proxied.status, json_of(&proxied)),
        (401, fault("unauthenticated", why))
    );
    for (header, code) in [
        (("host", "evil.example"), "bad-host"),
        (("host", "127.0.0.1.evil.example:80"), "bad-host"),
        (("origin", "https://evil.example"), "bad-origin"),
        (("sec-fetch-site", "cross-site"), "bad-origin"),
    ] {
        let answer = world.direct().send("GET", list, &[header], b"").await;
        assert_eq!(
            (answer.status, &json_of(&answer)["code"]),
            (403, &json!(code)),
            "{header:?}"
        );
    }
    for host in ["localhost:1", "[::1]:80", "127.0.0.1"] {
        assert_eq!(
            world
                .direct()
                .send("GET", list, &[("host", host)], b"")
                .await
                .status,
            200
        );
    }
    let words = decide_words(&world, &task, "approve").await;
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let kind = [("content-type", kind)];
        let (at, body) = (path(&task, ":decide"), words.as_bytes());
        let answer = world.direct().send("POST", &at, &kind, body).await;
        assert_eq!(answer.status, 415);
    }
    assert_eq!(world.task(&task).await.1.state, State::Pending);
}

/// Each sees what concerns them; others get the answer to what is not there.
#[actix_web::test]
async fn each_sees_the_own_requests() {
    let world = World::new().await;
    let task = world.ask(policy(&["ada"])).await;
    for (account, status) in [("ada", 200), ("sam", 200), ("root", 200), ("ben", 404)] {
        is(&world, account);
        assert_eq!(
            world.direct().get(&path(&task, "")).await.status,
            status,
            "{account}"
        );
        assert_eq!(
            world.direct().get(&path(&task, "/audit")).await.status,
            status,
            "{account}"
        );
    }
    is(&world, "ben");
    let hidden = world.direct().get(&path(&task, "")).await;
    let message = format!("there is no request `{task}`; `usher approvals list` shows them");
    assert_eq!(json_of(&hidden), fault("not-found", &message));
    is(&world, "ada");
    let shown = json_of(&world.direct().get(&path(&task, "")).await);
    let (_, now) = world.task(&task).await;
    assert_eq!(shown["title"], "Order 4711");
    assert_eq!(shown["digest"], now.digest);
    assert_eq!(shown["asksYou"], true);
    let elsewhere = format!("/api/v1/approvals/other/{task}");
    assert_eq!(world.direct().get(&elsewhere).await.status, 404);
    let anywhere = format!("/api/v1/approvals/-/{task}");
    assert_eq!(world.direct().get(&anywhere).await.status, 200);
}

/// Lists are filtered and come by pages.
#[actix_web::test]
async fn lists_come_by_pages() {
    let world = World::new().await;
    let mut tasks = Vec::new();
    for number in 0..5 {
        let whom = if number == 2 { "ben" } else { "ada" };
        tasks.push(world.ask(policy(&[whom])).await);
    }
    is(&world, "root");
    let ids = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut seen = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let answer = world
            .direct()
            .get(&format!("/api/v1/approvals/default?{query}"))
            .await;
        let page = json_of(&answer);
        seen.extend(ids(&page));
        match page["next"].as_str() {
            Some(next) => query = format!("limit=2&cursor={next}"),
            None => break,
        }
    }
    let (mut wanted, mut got) = (tasks.clone(), seen.clone());
    wanted.sort();
    got.sort();
    assert_eq!(got, wanted);
    let link = world.link(&tasks[0], 0).await;
    world
        .vote(&mut world.browser("192.0.2.1"), &link, "approve")
        .await;
    for (query, count) in [
        ("state=open", 4),
        ("state=closed", 1),
        ("state=Approved", 1),
        ("workflow=name-of-run-2", 1),
        ("mine=true", 0),
    ] {
        let page = world
            .direct()
            .get(&format!("/api/v1/approvals/-?{query}"))
            .await;
        assert_eq!(ids(&json_of(&page)).len(), count, "{query}");
    }
    is(&world, "ben");
    let page = world.direct().get("/api/v1/approvals/-?mine=true").await;
    assert_eq!(ids(&json_of(&page)), [tasks[2].clone()]);
    let wrong = world.direct().get("/api/v1/approvals/-?colour=red").await;
    assert_eq!(
        (wrong.status, &json_of(&wrong)["code"]),
        (400, &json!("bad-request"))
    );
}

/// A person decides the own slot, with what was shown, and no other.
#[actix_web::test]
async fn a_person_decides_the_own_slot() {
    let world = World::new().await;
    let task = world.ask(policy(&["ada", "ben"])).await;
    let words = decide_words(&world, &task, "approve").await;
    for account in ["sam", "root"] {
        is(&world, account);
        let answer = world
            .direct()
            .call(&path(&task, ":decide"), "", &words)
            .await;
        assert_eq!(
            (answer.status, &json_of(&answer)["code"]),
            (403, &json!("forbidden"))
        );
    }
    is(&world, "ada");
    let old = json!({ "decision": "approve", "round": 1, "digest": "0" }).to_string();
    let answer = world.direct().call(&path(&task, ":decide"), "", &old).await;
    assert_eq!(
        (answer.status, &json_of(&answer)["code"]),
        (409, &json!("outdated"))
    );
    for wrong in [
        "{}",
        r#"{"decision":"maybe","round":1,"digest":""}"#,
        "not json",
    ] {
        let answer = world
            .direct()
            .call(&path(&task, ":decide"), "", wrong)
            .await;
        assert_eq!(
            (answer.status, &json_of(&answer)["code"]),
            (400, &json!("bad-request"))
        );
    }
    let answer = world
        .direct()
        .call(&path(&task, ":decide"), "", &words)
        .await;
    let acted = json!({
        "told": "counted", "id": task, "state": "Pending", "title": "Order 4711"
    });
    assert_eq!((answer.status, json_of(&answer)), (200, acted));
    let (_, now) = world.task(&task).await;
    assert_eq!((now.slots[0].votes.len(), now.slots[1].votes.len()), (1, 0));
    let entries = world.entries(&task).await;
    let vote = entries
        .iter()
        .find(|entry| entry["action"] == "voted")
        .unwrap();
    assert_eq!(
        (&vote["via"], &vote["level"]),
        (&json!("api"), &json!("account"))
    );
    let huge = format!("{{\"comment\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(
        world
            .direct()
            .call(&path(&task, ":decide"), "", &huge)
            .await
            .status,
        413
    );
}

/// The same key with the same words gives the first answer; with others it is refused. Nothing is
/// done twice.
#[actix_web::test]
async fn a_key_stands_for_one_call() {
    let world = World::new().await;
    let task = world.ask(policy(&["ada"])).await;
    is(&world, "ada");
    let words = decide_words(&world, &task, "approve").await;
    let first = world
        .direct()
        .call(&path(&task, ":decide"), "k1", &words)
        .await;
    assert_eq!(
        (first.status, &json_of(&first)["told"]),
        (200, &json!("decided"))
    );
    let version = world.row(&task).await.version;
    world.pass(3_600_000);
    let again = world
        .direct()
        .call(&path(&task, ":decide"), "k1", &words)
        .await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    let other = decide_words(&world, &task, "reject").await;
    let answer = world
        .direct()
        .call(&path(&task, ":decide"), "k1", &other)
        .await;
    let message = "this Idempotency-Key was used for another call; take a new one";
    assert_eq!(
        (answer.status, json_of(&answer)),
        (422, fault("key-reused", message))
    );
    let fresh = world
        .direct()
        .call(&path(&task, ":decide"), "k2", &words)
        .await;
    assert_eq!(
        (fresh.status, &json_of(&fresh)["code"]),
        (410, &json!("closed"))
    );
    assert_eq!(world.row(&task).await.version, version);
    assert_eq!(world.commands(&task).await.len(), 1);
}

/// Who may override is listed and gives a reason; anybody else is refused, which is recorded.
#[actix_web::test]
async fn overrides_are_for_those_who_are_listed() {
    let world = World::new().await;
    let task = world.ask(policy(&["ada"])).await;
    let words = r#"{"decision":"approve","reason":"ada is on leave"}"#;
    is(&world, "ada");
    let answer = world
        .direct()
        .call(&path(&task, ":override"), "", words)
        .await;
    assert_eq!(
        (answer.status, &json_of(&answer)["code"]),
        (403, &json!("forbidden"))
    );
    let entries = world.entries(&task).await;
    assert_eq!(entries.last().unwrap()["action"], "refused");
    is(&world, "root");
    let silent = r#"{"decision":"approve","reason":" "}"#;
    assert_eq!(
        world
            .direct()
            .call(&path(&task, ":override"), "", silent)
            .await
            .status,
        400
    );
    let answer = world
        .direct()
        .call(&path(&task, ":override"), "k", words)
        .await;
    assert_eq!(
        (answer.status, &json_of(&answer)["state"]),
        (200, &json!("Overridden"))
    );
    let again = world
        .direct()
        .call(&path(&task, ":override"), "k", words)
        .await;
    assert_eq!(again.body, answer.body);
    let command = &world.commands(&task).await[0];
    assert_eq!(command["verdict"]["outputs"]["decidedVia"], "override");
}

/// The submitter takes a request back and has it mailed again; others may not.
#[actix_web::test]
async fn the_submitter_resends_and_withdraws() {
    let world = World::new().await;
    let task = world.ask(policy(&["ada"])).await;
    is(&world, "ada");
    for verb in [":resend", ":withdraw"] {
        let answer = world.direct().call(&path(&task, verb), "", "{}").await;
        assert_eq!(
            (answer.status, &json_of(&answer)["code"]),
            (403, &json!("forbidden")),
            "{verb}"
        );
    }
    is(&world, "sam");
    let answer = world.direct().call(&path(&task, ":resend"), "", "").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let requests = world.mails(&task).await;
    assert_eq!(
        requests
            .iter()
            .filter(|(kind, _)| kind == "request")
            .count(),
        2
    );
    let answer = world
        .direct()
        .call(&path(&task, ":withdraw"), "", "{}")
        .await;
    assert_eq!(
        (answer.status, &json_of(&answer)["state"]),
        (200, &json!("Cancelled"))
    );
    let command = &world.commands(&task).await[0];
    assert_eq!(command["verdict"]["outputs"]["decision"], "withdrawn");
    let other = world.direct().call(&path(&task, ":dance"), "", "{}").await;
    assert_eq!(other.status, 400);
    assert_eq!(
        world
            .direct()
            .send("PUT", &path(&task, ""), &[], b"")
            .await
            .status,
        405
    );
    assert_eq!(
        world.direct().get("/api/v1/approvals/a/b/c").await.status,
        404
    );
}
