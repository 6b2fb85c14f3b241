//! People at the link: they click twice, come again, lose a part of it, come late, pass it on.

use usher_api::approval::Level;
use usher_notifier_core::task::State;

use super::driver::Chromium;
use crate::kit::World;
use crate::kit::asking::policy;

const DAY_MS: i64 = 24 * 3_600_000;

/// A double click is one vote, and comes to the receipt.
#[actix_web::test]
async fn s18_a_double_click_is_one_vote() {
    let world = World::new().await;
    let chromium = Chromium::start();
    let task = world.ask(policy(&["boss"])).await;
    chromium.open(&format!(
        "http://{}{}",
        world.server,
        world.link(&task, 0).await
    ));
    world.pass(3_000);
    chromium.click("input[value=approve]");
    chromium.run(
        "const button = document.querySelector('button[type=submit]');\
         button.click(); button.click();",
    );
    chromium.until_text("Approved");
    let (_, task) = world.task(&task).await;
    assert_eq!(
        (task.state, task.slots[0].votes.len()),
        (State::Approved, 1)
    );
}

/// A link that was used shows the receipt, with scripts and without.
#[actix_web::test]
async fn s19_a_used_link_shows_the_receipt() {
    let world = World::new().await;
    let chromium = Chromium::start();
    for scripts in [true, false] {
        let task = world.ask(policy(&["boss"])).await;
        let url = format!("http://{}{}", world.server, world.link(&task, 0).await);
        chromium.scripts(scripts);
        chromium.open(&url);
        world.pass(3_000);
        chromium.click("input[value=approve]");
        chromium.submit("button[type=submit]");
        let receipt = chromium.text();
        chromium.open(&url);
        assert_eq!(chromium.text(), receipt);
        assert!(!chromium.has("input[type=radio]"), "{receipt}");
        world.pass(70_000);
    }
}

/// A full stop or a bracket that a mail program took along does no harm; half a link says what to
/// do.
#[actix_web::test]
async fn s21_a_link_is_mended_or_explained() {
    let world = World::new().await;
    let chromium = Chromium::start();
    let task = world.ask(policy(&["boss"])).await;
    let url = format!("http://{}{}", world.server, world.link(&task, 0).await);
    for end in [".", ">", ")", ","] {
        chromium.open(&format!("{url}{end}"));
        assert!(
            chromium.has("input[type=radio]"),
            "{end}: {}",
            chromium.text()
        );
    }
    chromium.open(&url[..url.len() - 20]);
    assert!(
        chromium.text().contains("whole link"),
        "{}",
        chromium.text()
    );
}

/// An old link offers a fresh one, which goes to the person's own address, three times a day.
#[actix_web::test]
async fn s22_an_old_link_is_renewed_by_mail() {
    let world = World::new().await;
    let chromium = Chromium::start();
    chromium.scripts(false);
    let task = world.ask(policy(&["boss"])).await;
    let url = format!("http://{}{}", world.server, world.link(&task, 0).await);
    world.pass(31 * DAY_MS);
    for _ in 0..5 {
        chromium.open(&url);
        chromium.submit("form[action$='/renew'] button");
    }
    let mails = world.mails(&task).await;
    let fresh: Vec<_> = mails.iter().filter(|(kind, _)| kind == "request").collect();
    assert_eq!(fresh.len(), 4, "{mails:?}");
    assert!(
        fresh.iter().all(|(_, to)| to == "boss@example.org"),
        "{mails:?}"
    );
    let newest = format!("http://{}{}", world.server, world.link(&task, 0).await);
    chromium.open(&newest);
    assert!(chromium.has("input[type=radio]"), "{}", chromium.text());
}

/// A form that signs what is no longer there is shown anew, with the comment kept.
#[actix_web::test]
async fn s26_an_outdated_form_comes_back_with_its_comment() {
    let world = World::new().await;
    let chromium = Chromium::start();
    let task = world.ask(policy(&["boss"])).await;
    chromium.open(&format!(
        "http://{}{}",
        world.server,
        world.link(&task, 0).await
    ));
    world.pass(3_000);
    chromium.click("input[value=approve]");
    chromium.write("textarea[name=comment]", "typed with care");
    chromium.run("document.querySelector('input[name=digest]').value = '0'.repeat(64);");
    chromium.submit("button[type=submit]");
    let kept = chromium.run("return document.querySelector('textarea[name=comment]').value;");
    assert_eq!(kept, "typed with care", "{}", chromium.text());
    assert_eq!(world.task(&task).await.1.state, State::Pending);
}

/// A forwarded link decides for its addressee, who gets a receipt; the record says how little is
/// known.
#[actix_web::test]
async fn s32_a_forwarded_link_is_recorded_as_one() {
    let world = World::new().await;
    let other = Chromium::start();
    let task = world.ask(policy(&["boss"])).await;
    other.open(&format!(
        "http://{}{}",
        world.server,
        world.link(&task, 0).await
    ));
    world.pass(3_000);
    other.click("input[value=approve]");
    other.submit("button[type=submit]");
    let entries = world.entries(&task).await;
    let vote = entries
        .iter()
        .find(|entry| entry["action"] == "voted")
        .unwrap();
    assert_eq!(vote["level"], "link", "{vote}");
    let mails = world.mails(&task).await;
    let receipt = ("receipt".to_owned(), "boss@example.org".to_owned());
    assert!(mails.contains(&receipt), "{mails:?}");
}

/// Where a code is wanted, a forwarded link shows nothing and decides nothing without the number
/// that only the addressee gets.
#[actix_web::test]
async fn s33_a_forwarded_link_needs_the_code() {
    let world = World::new().await;
    let chromium = Chromium::start();
    for scripts in [true, false] {
        let mut policy = policy(&["boss"]);
        policy.auth = Some(Level::Code);
        let task = world.ask(policy).await;
        let url = format!("http://{}{}", world.server, world.link(&task, 0).await);
        chromium.scripts(scripts);
        chromium.open(&url);
        assert!(!chromium.text().contains("4711"), "{}", chromium.text());
        chromium.submit("form[action$='/code'] button");
        chromium.write("#code", "000000");
        chromium.submit("form[action$='/verify'] button");
        assert!(!chromium.has("input[type=radio]"), "{}", chromium.text());
        chromium.write("#code", &world.ports.keys().code(&task, 0, 1).unwrap());
        chromium.submit("form[action$='/verify'] button");
        assert!(chromium.text().contains("4711"), "{}", chromium.text());
        world.pass(3_000);
        chromium.click("input[value=approve]");
        chromium.submit("button[type=submit]");
        let (_, task) = world.task(&task).await;
        assert_eq!(task.state, State::Approved, "{}", chromium.text());
        assert_eq!(task.slots[0].votes[0].level, Level::Code);
        world.pass(70_000);
    }
}
