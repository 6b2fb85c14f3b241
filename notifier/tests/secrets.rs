//! Scenario 31: no token, number of a form, code or cookie stands in anything that is logged, down
//! to the last trace, of a conversation that takes every turn.
//!
//! A program of its own: it catches the logs of the whole process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

#[path = "kit/kit.rs"]
#[allow(dead_code, reason = "each test program takes what it needs")]
mod kit;

use std::io::Write;
use std::sync::{Arc, Mutex};

use usher_api::approval::Level;

use kit::World;
use kit::asking::policy;
use kit::parts::ring;

/// Where all logs go.
#[derive(Clone, Default)]
struct Caught(Arc<Mutex<Vec<u8>>>);

impl Write for Caught {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Every turn that a page can take, and what was secret in it.
async fn conversation(world: &World) -> Vec<String> {
    let task = world.ask(policy(&["ada", "ben"])).await;
    world.deliver(&task).await;
    let mut secrets = vec![world.token(&task, 0).await, world.token(&task, 1).await];
    let link = world.link(&task, 0).await;
    let mut ada = world.browser("192.0.2.1");
    let page = ada.get(&link).await;
    secrets.push(page.form("/code").value("nonce").to_owned());
    ada.submit(&page.form("/code")).await;
    let code = world.ports.keys().code(&task, 0, 1).unwrap();
    let page = ada.get(&format!("{link}?sent")).await;
    ada.submit(&page.form("/verify").with("code", "000000"))
        .await;
    ada.submit(&page.form("/verify").with("code", &code)).await;
    let form = ada.get(&link).await.form(&link);
    secrets.push(form.value("nonce").to_owned());
    ada.submit(&form).await;
    ada.submit(&form.with("comment", &"x".repeat(70_000))).await;
    ada.submit(&form.with("decision", "approve")).await;
    ada.send("OPTIONS", &link, &[], b"").await;
    ada.send("POST", &link, &[("content-type", "text/plain")], b"x")
        .await;
    ada.send("POST", &link, &[("origin", "https://evil.example")], b"x")
        .await;
    ada.get(&format!("{link}/files/1")).await;
    ada.get(&format!("{link}%ff")).await;
    world.people.hide();
    world.vote(&mut ada, &link, "approve").await;
    world.people.write(|_| ());
    world.sql("ALTER TABLE links RENAME TO away");
    ada.get(&link).await;
    world.sql("ALTER TABLE away RENAME TO links");
    assert_eq!(world.vote(&mut ada, &link, "approve").await.status, 303);
    ada.get(&link).await;
    world.pass(31 * 24 * 3_600_000);
    let other = world.link(&task, 1).await;
    let mut ben = world.browser("192.0.2.2");
    let form = ben.get(&other).await.form("/renew");
    assert_eq!(ben.submit(&form).await.status, 303);
    secrets.push(world.token(&task, 1).await);
    world.keys.send(ring(&[7])).unwrap();
    world.sweep().await;
    secrets.push(world.token(&task, 1).await);
    ben.get(&other).await;
    world.halt(&task).await;
    world.sweep().await;
    secrets.extend(ada.cookies.values().chain(ben.cookies.values()).cloned());
    secrets
}

#[actix_web::test]
async fn s31_no_secret_is_in_any_log() {
    let caught = Caught::default();
    let writer = caught.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let world = World::with(|settings| settings.rules.auth = Level::Code).await;
    let secrets = conversation(&world).await;
    let logs = String::from_utf8(caught.0.lock().unwrap().clone()).unwrap();
    assert!(logs.contains("/a/…"), "the pages do not log: {logs}");
    assert!(
        logs.contains("a page cannot be served"),
        "no fault was logged"
    );
    assert!(logs.contains(" actix"), "what we stand on does not log");
    assert!(secrets.len() >= 9, "{secrets:?}");
    let seen = logs.to_ascii_lowercase();
    for secret in &secrets {
        let found = seen
            .find(secret)
            .map(|at| &logs[at.saturating_sub(200)..at]);
        assert_eq!(found, None, "a secret is in the logs, after this");
        // Not cut either: ten signs of it would be half of a guess.
        assert!(
            !seen.contains(&secret[10..30.min(secret.len())]),
            "a part of a secret"
        );
    }
}
