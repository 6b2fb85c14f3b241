//! Links: what is one, how long, under which key, and what every page says in its headers
//! (scenarios 20 to 22, 24, 29, 30).

use usher_notifier_core::mail::{Place, render};
use usher_notifier_core::recipe::Recipe;
use usher_notifier_core::task::State;

use crate::kit::World;
use crate::kit::asking::policy;
use crate::kit::parts::ring;

const DAY_MS: i64 = 24 * 3_600_000;

/// Every bad link gets the same answer.
#[actix_web::test]
async fn s20_changed_links_are_like_random_ones() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let token = world.token(&task, 0).await;
    let unknown = world.ports.keys().seal(1, &[9; 16]).unwrap();
    let mut seen = world.browser("198.51.100.1").get("/a/random").await;
    seen.headers.retain(|(name, _)| name != "date");
    assert_eq!(seen.status, 404);
    let mut bad = vec![
        unknown,
        "a".repeat(55),
        "%ff".to_owned(),
        format!("{token}/x"),
    ];
    for at in [0, 1, 2, 30, 53] {
        let sign = &token[at..=at];
        let other = if sign == "z" { "y" } else { "z" };
        let mut changed = token.clone();
        changed.replace_range(at..=at, other);
        bad.push(changed);
    }
    for (number, text) in bad.iter().enumerate() {
        let mut browser = world.browser(&format!("192.0.2.{number}"));
        let mut answer = browser.get(&format!("/a/{text}")).await;
        answer.headers.retain(|(name, _)| name != "date");
        assert_eq!(answer, seen, "{text}");
    }
}

/// A link that no key of ours made costs no look into the ledger: it gets its answer even when
/// nothing can be read.
#[actix_web::test]
async fn s20_forged_links_are_not_looked_up() {
    let world = World::new().await;
    let sealed = world.ports.keys().seal(1, &[9; 16]).unwrap();
    std::fs::rename(&world.path, world.path.with_extension("away")).unwrap();
    let mut browser = world.browser("192.0.2.1");
    let forged = format!("/a/{}", sealed.replace(&sealed[50..], "zzzzz"));
    assert_eq!(browser.get(&forged).await.status, 404);
    let answer = browser.get(&format!("/a/{sealed}")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "30"));
}

/// What mail programs do to a link is forgiven; a cut one says what to do.
#[actix_web::test]
async fn s21_cut_links_are_told_and_trailing_signs_forgiven() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let token = world.token(&task, 0).await;
    let mut browser = world.browser("192.0.2.1");
    let cut = browser.get(&format!("/a/{}", &token[..27])).await;
    assert_eq!(cut.status, 404);
    assert!(cut.body.contains("whole link"), "{}", cut.body);
    for good in [
        format!("{token}."),
        format!("{token}%3E"),
        format!("{token},"),
        token.to_uppercase(),
        token.replace('1', "l").replace('0', "O"),
    ] {
        let answer = browser.get(&format!("/a/{good}")).await;
        assert_eq!(answer.status, 200, "{good}");
        assert_eq!(answer.forms()[0].action, format!("/a/{token}"));
    }
}

/// The language of a page for nobody known is the browser's.
#[actix_web::test]
async fn unknown_readers_are_spoken_to_as_their_browser_wishes() {
    let world = World::new().await;
    let mut browser = world.browser("192.0.2.1");
    let wish = [("accept-language", "fr, de;q=0.8, en;q=0.5")];
    let answer = browser.send("GET", "/a/none", &wish, b"").await;
    assert!(answer.body.contains("<html lang=\"de\""), "{}", answer.body);
}

/// An expired link offers a fresh one, which goes to the slot's address only, three times a day.
#[actix_web::test]
async fn s22_expired_links_are_renewed_by_mail() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    world.pass(31 * DAY_MS);
    let mut browser = world.browser("192.0.2.1");
    let page = browser.get(&link).await;
    assert_eq!(page.status, 410);
    assert!(!page.body.contains("Order 4711"));
    let form = page.form("/renew");
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(browser.submit(&form).await.status);
    }
    assert_eq!(told, [303, 303, 303, 429]);
    let request = ("request".to_owned(), "boss@example.org".to_owned());
    assert_eq!(world.mails(&task).await, vec![request; 4]);
    let fresh = world.link(&task, 0).await;
    assert_ne!(fresh, link);
    assert_eq!(browser.get(&fresh).await.status, 200);
    assert_eq!(browser.get(&link).await.status, 410);
    world.pass(DAY_MS);
    let form = browser.get(&link).await.form("/renew");
    assert_eq!(browser.submit(&form).await.status, 303);
}

/// A vote by an expired link is refused with the offer.
#[actix_web::test]
async fn s22_expired_links_take_no_vote() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    world.pass(30 * DAY_MS - 10_000);
    let mut browser = world.browser("192.0.2.1");
    let form = browser
        .get(&link)
        .await
        .form(&link)
        .with("decision", "approve");
    world.pass(10_000);
    assert_eq!(browser.submit(&form).await.status, 410);
    assert_eq!(world.task(&task).await.1.state, State::Pending);
}

/// Old keys serve as long as they are there; without them open slots get new links.
#[actix_web::test]
async fn s24_keys_are_rotated_and_removed() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    world.sweep().await;
    world.keys.send(ring(&[1, 2])).unwrap();
    world.sweep().await;
    let mut browser = world.browser("192.0.2.1");
    assert_eq!(browser.get(&link).await.status, 200);
    assert_eq!(world.links(&task, 0).await.len(), 1);

    world.keys.send(ring(&[2])).unwrap();
    world.sweep().await;
    assert_eq!(browser.get(&link).await.status, 404);
    let fresh = world.link(&task, 0).await;
    assert_ne!(fresh, link);
    assert_eq!(world.mails(&task).await.len(), 2);
    assert_eq!(
        world.vote(&mut browser, &fresh, "approve").await.status,
        303
    );
}

/// Every answer below `/a` has the headers of the design, and no page needs anything from outside.
#[actix_web::test]
async fn s29_headers_and_resources() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut browser = world.browser("192.0.2.1");
    for (path, status) in [
        (link.as_str(), 200),
        ("/a/none", 404),
        ("/a/style.css", 200),
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; style-src 'self'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-robots-tag"), "noindex, nofollow");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(
            answer.find("strict-transport-security"),
            None,
            "this one is http"
        );
        for outside in ["http://", "https://", "src=", "<script", "<img", "@import"] {
            assert!(!answer.body.contains(outside), "{path}: {outside}");
        }
    }
    let page = browser.get(&link).await;
    let cookie = page.header("set-cookie");
    assert!(cookie.starts_with("usher-"), "{cookie}");
    assert!(
        cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=43200"),
        "{cookie}"
    );
}

/// Behind TLS the cookie is of this host alone, and browsers come back by TLS.
#[actix_web::test]
async fn s29_behind_tls_cookies_and_transport_are_strict() {
    let world = World::with(|settings| {
        settings.base_url = "https://ask.example.org".to_owned();
    })
    .await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut browser = world.browser("192.0.2.1");
    let page = browser.get(&link).await;
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000");
    let cookie = page.header("set-cookie");
    assert!(cookie.starts_with("__Host-usher-"), "{cookie}");
    assert!(cookie.contains("; Secure"), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(world.vote(&mut browser, &link, "approve").await.status, 303);
}

/// Other methods are not done, and nothing else is served below `/a`.
#[actix_web::test]
async fn other_methods_are_refused() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    let mut browser = world.browser("192.0.2.1");
    for method in ["OPTIONS", "PUT", "DELETE", "PATCH"] {
        let answer = browser.send(method, &link, &[], b"").await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, "GET, HEAD, POST"),
            "{method}"
        );
    }
    assert_eq!(browser.get(&format!("{link}/code")).await.status, 405);
    assert_eq!(browser.get(&format!("{link}/files/1")).await.status, 404);
    let json = [("content-type", "application/json")];
    assert_eq!(browser.send("POST", &link, &json, b"{}").await.status, 415);
}

/// What a request says about the host never reaches a mail.
#[actix_web::test]
async fn s30_forged_hosts_reach_no_mail() {
    let world = World::new().await;
    let task = world.ask(policy(&["boss"])).await;
    let link = world.link(&task, 0).await;
    world.pass(31 * DAY_MS);
    let mut browser = world.browser("192.0.2.1");
    let host = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
    ];
    let page = browser.send("GET", &link, &host, b"").await;
    let form = page.form("/renew");
    let headers = [
        host[0],
        host[1],
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let answer = browser
        .send("POST", &form.action, &headers, form.body().as_bytes())
        .await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, &*format!("{link}?sent"))
    );
    let rows = world.mail_rows(&task).await;
    let recipe: Recipe = serde_json::from_slice(&rows.last().unwrap().mail.body).unwrap();
    let settings = &world.ports.settings;
    let place = Place {
        base_url: settings.base_url.clone(),
        service: settings.service.clone(),
        from: settings.from.clone(),
        mail_domain: settings.mail_domain.clone(),
        locale: "en".to_owned(),
        timezone: "UTC".to_owned(),
    };
    let (_, now) = world.task(&task).await;
    let mail = render(&recipe, Some(&now), &place, &world.ports.keys()).unwrap();
    let fresh = format!("{}{}", settings.base_url, world.link(&task, 0).await);
    assert!(mail.text.contains(&fresh), "{}", mail.text);
    assert!(!format!("{mail:?}").contains("evil"));
}
