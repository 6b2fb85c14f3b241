//! Links that machines open, and forms that machines send (scenarios 14 to 17, 25, 28, 35).

use usher_api::approval::Level;
use usher_notifier_core::task::State;

use crate::kit::World;
use crate::kit::asking::policy;

/// A scanner may open a link as often as it likes: nothing changes, only its own address waits.
#[actix_web::test]
async fn s14_scanner_reads_change_nothing() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let before = world.row(&task).await;
    let mut scanner = world.browser("198.51.100.7");
    let mut told = Vec::new();
    for turn in 0..100 {
        let method = if turn % 2 == 0 { "GET" } else { "HEAD" };
        told.push(scanner.send(method, &link, &[], b"").await.status);
    }
    assert_eq!(told, [vec![200; 60], vec![429; 40]].concat());
    assert_eq!(world.row(&task).await, before);
    let links = world.links(&task, 0).await;
    assert_eq!((links.len(), links[0].revoked), (1, false));

    let mut boss = world.browser("192.0.2.1");
    assert_eq!(world.vote(&mut boss, &link, "approve").await.status, 303);
    assert_eq!(world.task(&task).await.1.state, State::Approved);
}

/// HEAD tells what GET would, without the page.
#[actix_web::test]
async fn a_head_is_a_get_without_its_body() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let head = world
        .browser("192.0.2.1")
        .send("HEAD", &link, &[], b"")
        .await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("cache-control"), "no-store");
}

/// A form without a choice decides nothing, however it is sent.
#[actix_web::test]
async fn s15_forms_as_they_are_found_are_no_choice() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let before = world.row(&task).await;
    let mut scanner = world.browser("198.51.100.7");
    let page = scanner.get(&link).await;
    assert_eq!(page.forms().len(), 1);
    assert_eq!(page.forms()[0].checked, 0, "no choice is preset");
    for wait in [0, 10_000] {
        world.pass(wait);
        for form in page.forms() {
            let answer = scanner.submit(&form).await;
            assert_eq!(answer.status, 422);
            assert!(
                answer.body.contains("id=\"decision-fault\""),
                "{}",
                answer.body
            );
        }
    }
    assert_eq!(world.row(&task).await, before);
}

/// At level `code` no robot gets further than having a code mailed, three times an hour.
#[actix_web::test]
async fn s16_at_level_code_a_robot_gets_codes_mailed_and_no_more() {
    let world = World::with(|settings| settings.rules.auth = Level::Code).await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut robot = world.browser("198.51.100.7");
    let page = robot.get(&link).await;
    assert!(
        !page.body.contains("Order 4711"),
        "nothing is told before the proof"
    );
    assert!(page.body.contains("b…@example.org"), "{}", page.body);
    let form = page.form("/code");
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(robot.submit(&form).await.status);
    }
    assert_eq!(told, [303, 303, 303, 429, 429]);
    let vote = form.with("decision", "approve").body();
    world.pass(3_000);
    assert_eq!(robot.post(&link, &vote).await.status, 403);
    let codes = world.mails(&task).await;
    let codes: Vec<_> = codes.iter().filter(|(kind, _)| kind == "code").collect();
    let code = ("code".to_owned(), "boss@example.org".to_owned());
    assert_eq!(codes, [&code, &code, &code]);
    assert_eq!(world.task(&task).await.1.state, State::Pending);
    world.pass(3_600_000);
    assert_eq!(
        robot
            .submit(&robot.clone().get(&link).await.form("/code"))
            .await
            .status,
        303
    );
}

/// A form that comes back within two seconds is asked again; so is the answer to that.
#[actix_web::test]
async fn s17_quick_forms_are_asked_again() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let before = world.row(&task).await;
    let mut robot = world.browser("198.51.100.7");
    let mut form = robot
        .get(&link)
        .await
        .form(&link)
        .with("decision", "approve");
    for _ in 0..3 {
        world.pass(1_900);
        let confirm = robot.submit(&form).await;
        assert_eq!(confirm.status, 200);
        form = confirm.form(&link);
        assert_eq!(form.value("decision"), "approve");
    }
    assert_eq!(world.row(&task).await, before);
    world.pass(2_000);
    assert_eq!(robot.submit(&form).await.status, 303);
    assert_eq!(world.task(&task).await.1.state, State::Approved);
}

/// An empty form, as some browsers send it after a detour, decides nothing.
#[actix_web::test]
async fn s25_an_empty_form_is_no_decision() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let before = world.row(&task).await;
    let answer = world.browser("192.0.2.1").post(&link, "").await;
    assert_eq!(answer.status, 422);
    assert_eq!(world.row(&task).await, before);
}

/// A form of another site, or one that was made for another browser, is refused.
#[actix_web::test]
async fn s28_foreign_forms_are_refused() {
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
    let before = world.row(&task).await;
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let body = form.body();
    for foreign in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = boss
            .send("POST", &link, &[kind, foreign], body.as_bytes())
            .await;
        assert_eq!(answer.status, 403, "{foreign:?}");
    }
    // Without any header of a browser the form's number decides, and it needs the cookie.
    let mut other = world.browser("192.0.2.9");
    let answer = other.send("POST", &link, &[kind], body.as_bytes()).await;
    assert_eq!(answer.status, 403);
    assert_eq!(other.get(&link).await.form(&link).checked, 0);
    let guessed = form.with("nonce", "0").body();
    assert_eq!(boss.post(&link, &guessed).await.status, 403);
    assert_eq!(world.row(&task).await, before);
    assert_eq!(boss.submit(&form).await.status, 303);
}

/// Who tries many bad links waits, and nobody else does.
#[actix_web::test]
async fn s35_bad_links_are_counted_by_address() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut guesser = world.browser("198.51.100.7");
    let mut told = Vec::new();
    for number in 0..22 {
        let path = format!("/a/guess{number}");
        told.push(guesser.get(&path).await.status);
    }
    assert_eq!(told, [vec![404; 20], vec![429; 2]].concat());
    assert_eq!(guesser.get("/a/again").await.header("retry-after"), "30");
    assert_eq!(world.browser("192.0.2.1").get(&link).await.status, 200);
    world.pass(600_000);
    assert_eq!(guesser.get("/a/later").await.status, 404);
}

/// A link takes thirty posts an hour, from all addresses together.
#[actix_web::test]
async fn posts_are_counted_by_link() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut told = Vec::new();
    for number in 0..32 {
        let mut browser = world.browser(&format!("192.0.2.{number}"));
        told.push(browser.post(&link, "").await.status);
    }
    assert_eq!(told, [vec![422; 30], vec![429; 2]].concat());
}
