//! Machines at the link: what runs scripts, submits forms, picks options, comes from elsewhere.

use usher_api::approval::Level;
use usher_notifier_core::task::{SlotState, State};

use super::driver::Chromium;
use crate::kit::World;
use crate::kit::asking::policy;

/// Opening a link in a browser, however often, changes nothing, and a person can decide after it.
#[actix_web::test]
async fn s14_opening_decides_nothing() {
    let world = World::new().await;
    let chromium = Chromium::start();
    for scripts in [true, false] {
        let task = world.ask(policy(&["boss"])).await;
        let url = format!("http://{}{}", world.server, world.link(&task, 0).await);
        let before = world.row(&task).await;
        chromium.scripts(scripts);
        for _ in 0..10 {
            chromium.open(&url);
        }
        assert_eq!(world.row(&task).await, before);
        world.pass(70_000);
        chromium.open(&url);
        world.pass(3_000);
        chromium.click("input[value=approve]");
        chromium.submit("button[type=submit]");
        assert_eq!(world.task(&task).await.1.state, State::Approved);
        world.pass(70_000);
    }
}

/// Submitting every form as it is found asks for a choice.
#[actix_web::test]
async fn s15_a_form_without_choice_decides_nothing() {
    let world = World::new().await;
    let chromium = Chromium::start();
    for scripts in [true, false] {
        let task = world.ask(policy(&["boss"])).await;
        chromium.scripts(scripts);
        chromium.open(&format!(
            "http://{}{}",
            world.server,
            world.link(&task, 0).await
        ));
        world.pass(3_000);
        if scripts {
            chromium.run("for (const form of document.forms) form.requestSubmit();");
        } else {
            chromium.submit("button[type=submit]");
        }
        chromium.until_text("Choose whether you approve");
        let (_, task) = world.task(&task).await;
        assert_eq!((task.state, task.slots[0].votes.len()), (State::Pending, 0));
        world.pass(70_000);
    }
}

/// Where a code is wanted a robot finds no form to decide with, and at most three codes an hour
/// are mailed.
#[actix_web::test]
async fn s16_a_robot_gets_no_further_than_the_code() {
    let world = World::new().await;
    let chromium = Chromium::start();
    chromium.scripts(false);
    let mut policy = policy(&["boss"]);
    policy.auth = Some(Level::Code);
    let task = world.ask(policy).await;
    let url = format!("http://{}{}", world.server, world.link(&task, 0).await);
    chromium.open(&url);
    assert!(!chromium.has("input[type=radio]"), "{}", chromium.text());
    assert!(!chromium.text().contains("4711"), "{}", chromium.text());
    for _ in 0..5 {
        chromium.open(&url);
        chromium.submit("form[action$='/code'] button");
    }
    let codes = world.mails(&task).await;
    let codes = codes.iter().filter(|(kind, _)| kind == "code").count();
    assert_eq!(codes, 3);
    assert_eq!(world.task(&task).await.1.state, State::Pending);
}

/// Who picks and submits within two seconds is asked again; that is no decision.
#[actix_web::test]
async fn s17_a_quick_form_is_asked_again() {
    let world = World::new().await;
    let chromium = Chromium::start();
    for scripts in [true, false] {
        let task = world.ask(policy(&["boss"])).await;
        chromium.scripts(scripts);
        chromium.open(&format!(
            "http://{}{}",
            world.server,
            world.link(&task, 0).await
        ));
        chromium.click("input[value=approve]");
        chromium.submit("button[type=submit]");
        assert_eq!(
            world.task(&task).await.1.state,
            State::Pending,
            "{}",
            chromium.text()
        );
        assert!(!chromium.has("input[type=radio]"), "{}", chromium.text());
        world.pass(3_000);
        chromium.submit("button[type=submit]");
        assert_eq!(world.task(&task).await.1.state, State::Approved);
        world.pass(70_000);
    }
}

/// A form from another site, without a nonce of ours, is refused.
#[actix_web::test]
async fn s28_another_sites_form_is_refused() {
    let world = World::new().await;
    let chromium = Chromium::start();
    let task = world.ask(policy(&["boss"])).await;
    let url = format!("http://{}{}", world.server, world.link(&task, 0).await);
    // The victim has the page open, so the cookie is there.
    chromium.open(&url);
    let form = format!(
        "data:text/html,<form method=post action='{url}'><input name=decision value=approve>\
         <button type=submit>win</button></form>"
    );
    chromium.open(&form);
    world.pass(3_000);
    chromium.click("button[type=submit]");
    assert!(!chromium.has("dl"), "it shows nothing: {}", chromium.text());
    let (_, task) = world.task(&task).await;
    assert_eq!(task.slots[0].state, SlotState::Open);
}

/// Nothing on a page comes from elsewhere, and a real browser's own post passes.
#[actix_web::test]
async fn s29_nothing_comes_from_elsewhere() {
    let world = World::new().await;
    let chromium = Chromium::start();
    let task = world.ask(policy(&["boss"])).await;
    let host = world.server.to_string();
    chromium.open(&format!("http://{host}{}", world.link(&task, 0).await));
    let loaded =
        chromium.run("return performance.getEntriesByType('resource').map(entry => entry.name);");
    for name in loaded.as_array().unwrap() {
        let name = name.as_str().unwrap();
        assert!(name.starts_with(&format!("http://{host}/a/")), "{name}");
    }
    assert!(
        !loaded.as_array().unwrap().is_empty(),
        "not even a style sheet"
    );
    world.pass(3_000);
    chromium.click("input[value=reject]");
    chromium.submit("button[type=submit]");
    assert_eq!(world.task(&task).await.1.state, State::Rejected);
}
