//! Every state of a page under axe, in three languages, light and dark, on the narrowest screen.

use usher_api::approval::{FieldKind, Level, Policy};

use super::driver::Chromium;
use crate::kit::World;
use crate::kit::asking::{field, policy};

pub(super) const LANGUAGES: [&str; 3] = ["en", "de", "zh-Hans"];

/// The narrowest screen that must do, CSS pixels.
const NARROW: u32 = 320;

fn everything() -> Policy {
    let mut policy = policy(&["boss", "ada"]);
    policy.description = Some(
        "A **bold** word, `code`, a [link](https://example.org/a/very/long/address/that/wraps).\n\n\
         | a | table |\n|---|---|\n| with | cells |\n\n* a list"
            .to_owned(),
    );
    let kinds = [
        FieldKind::Text,
        FieldKind::Multiline,
        FieldKind::Integer,
        FieldKind::Number,
        FieldKind::Boolean,
        FieldKind::Date,
        FieldKind::Email,
        FieldKind::Choice,
    ];
    for (at, kind) in kinds.into_iter().enumerate() {
        let mut one = field(&format!("field-{at}"));
        one.kind = kind;
        one.help = Some("A line of help.".to_owned());
        if kind == FieldKind::Choice {
            one.options = ["4711", "4712"].map(str::to_owned).to_vec();
        }
        policy.form.push(one);
    }
    policy
}

/// Looks at the page that is open: light and dark, wide and narrow.
pub(super) fn look(chromium: &Chromium, state: &str, faults: &mut Vec<String>) {
    for (dark, width) in [
        (false, 1_000),
        (true, NARROW),
        (false, NARROW),
        (true, 1_000),
    ] {
        chromium.look(dark, width);
        let kind = if dark { "dark" } else { "light" };
        for fault in chromium.axe() {
            faults.push(format!("{state}, {kind}, {width} px: {fault}"));
        }
        let wide = chromium.run("return document.documentElement.scrollWidth;");
        if wide.as_u64() > Some(u64::from(width)) {
            faults.push(format!("{state}, {width} px: it is {wide} px wide"));
        }
    }
}

/// What one person sees from the request to its end, in one language.
async fn walk(world: &World, chromium: &Chromium, lang: &str, faults: &mut Vec<String>) {
    let at = |link: &str| format!("http://{}{link}", world.server);
    let state = |name: &str| format!("{lang}: {name}");
    let task = world.ask(everything()).await;
    let link = at(&world.link(&task, 0).await);
    chromium.open(&link);
    look(chromium, &state("open"), faults);
    chromium.submit("button[type=submit]");
    look(chromium, &state("errors"), faults);
    world.pass(70_000);

    let mut coded = policy(&["boss"]);
    coded.auth = Some(Level::Code);
    let coded = world.ask(coded).await;
    chromium.open(&at(&world.link(&coded, 0).await));
    look(chromium, &state("prove"), faults);
    chromium.submit("form[action$='/code'] button");
    chromium.write("#code", "000000");
    chromium.submit("form[action$='/verify'] button");
    look(chromium, &state("wrong code"), faults);
    world.pass(70_000);

    let plain = world.ask(policy(&["boss", "ada"])).await;
    let link = at(&world.link(&plain, 0).await);
    let other = at(&world.link(&plain, 1).await);
    chromium.open(&link);
    chromium.click("input[value=reject]");
    chromium.submit("button[type=submit]");
    look(chromium, &state("confirm"), faults);
    world.pass(3_000);
    chromium.submit("button[type=submit]");
    look(chromium, &state("receipt"), faults);
    chromium.open(&other);
    look(chromium, &state("closed"), faults);
    world.pass(70_000);

    let old = world.ask(policy(&["boss"])).await;
    let link = at(&world.link(&old, 0).await);
    world.pass(31 * 24 * 3_600_000);
    chromium.open(&link);
    look(chromium, &state("expired"), faults);
}

#[actix_web::test]
async fn axe_finds_nothing_on_any_page() {
    let world = World::new().await;
    let chromium = Chromium::start();
    let mut faults = Vec::new();
    for lang in LANGUAGES {
        world.people.write(|people| {
            for person in people.persons.values_mut() {
                person.locale = Some(lang.to_owned());
            }
        });
        chromium.speak(lang);
        walk(&world, &chromium, lang, &mut faults).await;
        world.pass(70_000);
        let bad = format!("http://{}/a/nothing", world.server);
        chromium.open(&bad);
        look(&chromium, &format!("{lang}: 404"), &mut faults);
        for _ in 0..25 {
            chromium.open(&bad);
        }
        look(&chromium, &format!("{lang}: 429"), &mut faults);
        world.pass(3_600_000);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
