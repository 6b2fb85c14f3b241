//! Mails: golden ones in every language, completeness, hostile texts, contrast.

use super::letter::{DARK, HTML_MAX, LIGHT, Look};
use super::*;
use crate::page::tests::contrast::contrast;
use crate::recipe::{ToSlot, Written};
use crate::sample::{LINK, NOW, ended, golden, hostile, pending, ring, voted};
use crate::task::State;
use crate::texts::Lang;

const TOKEN: &str = "04130c9j6ct3adhq70wp2rk3chjpcg39s0adfbsk0pm0gh5xbnfmd30";

fn place(lang: Lang) -> Place {
    Place {
        base_url: "https://approvals.example.org".to_owned(),
        service: "Example approvals".to_owned(),
        from: "approvals@mail.example.org".to_owned(),
        mail_domain: "mail.example.org".to_owned(),
        locale: lang.tag().to_owned(),
        timezone: "Europe/Berlin".to_owned(),
    }
}

fn to(renewed: bool) -> ToSlot {
    ToSlot {
        slot: 0,
        link: data_encoding::HEXLOWER.encode(&LINK),
        key: 2,
        at_ms: NOW,
        renewed,
    }
}

fn rendered(recipe: &Recipe, task: &Task, lang: Lang) -> Mail {
    render(recipe, Some(task), &place(lang), &ring()).expect("it can be rendered")
}

fn written() -> Written {
    Written {
        to: vec!["ops@Example.org".to_owned()],
        cc: vec!["lead@example.org".to_owned()],
        subject: "pay-4711 failed\r\nBcc: x@evil.example".to_owned(),
        text: "Status: Failed\r\n.\n\u{1b}[31mred\u{1b}[0m\n".to_owned(),
        html: Some("<p>Status: <b>Failed</b></p>\0".to_owned()),
        run: "run-uid-1".to_owned(),
        workflow: "default/pay-4711".to_owned(),
        waits: None,
        round: 0,
        at_ms: NOW,
    }
}

/// Every kind with a task that fits it, by name.
fn kinds() -> Vec<(&'static str, Recipe, Task)> {
    let mut override_ = ended(State::Overridden, "approved", "override");
    if let Some(decided) = &mut override_.decided {
        decided.reason = "The bank closes at noon.".to_owned();
    }
    let approved = ended(State::Approved, "approved", "votes");
    let cancelled = ended(State::Cancelled, "cancelled", "workflow");
    let outcome = |slot| Recipe::Outcome { slot, at_ms: NOW };
    let receipt = Recipe::Receipt {
        to: to(false),
        vote: 0,
    };
    let code = Recipe::Code {
        to: to(false),
        ordinal: 1,
    };
    let alert = Recipe::Alert {
        reason: "the group finance is empty".to_owned(),
        at_ms: NOW,
    };
    vec![
        ("request", Recipe::Request(to(false)), pending()),
        ("request-renewed", Recipe::Request(to(true)), pending()),
        (
            "no-longer-needed",
            Recipe::NoLongerNeeded(to(false)),
            cancelled,
        ),
        ("code", code, pending()),
        ("receipt", receipt, voted()),
        ("outcome-requester", outcome(None), approved),
        ("outcome-override", outcome(Some(1)), override_),
        ("alert", alert, pending()),
        ("written", Recipe::Written(written()), pending()),
    ]
}

/// Goal: what people get changes only on purpose, in any language.
#[test]
fn mails_are_as_the_golden_ones() {
    for lang in Lang::ALL {
        for (name, recipe, task) in kinds() {
            let mail = rendered(&recipe, &task, lang);
            let name = format!("mails/{}/{name}", lang.tag());
            golden(
                &format!("{name}.html"),
                mail.html.as_deref().unwrap_or_default(),
            );
            let mut text = format!("Subject: {}\nDate: {}\n", mail.subject, mail.date_ms);
            text.push_str(&format!("From: {}\n", mail.from_name));
            text.push_str(&format!(
                "To: {:?} Cc: {:?}\n",
                mail.to_header, mail.cc_header
            ));
            text.push_str(&format!("Thread: {:?}\n", mail.thread_key));
            for (header, value) in &mail.headers {
                text.push_str(&format!("{header}: {value}\n"));
            }
            golden(&format!("{name}.txt"), &format!("{text}\n{}", mail.text));
        }
    }
}

/// Goal: who reads only the text part can decide: title, facts, due date with zone, requester, why
/// and link are there, and what is sensitive is in no part.
#[test]
fn s106_the_text_part_is_complete() {
    for lang in Lang::ALL {
        let mail = rendered(&Recipe::Request(to(false)), &pending(), lang);
        let html = mail.html.expect("an HTML part");
        for part in [
            "Invoice 4711",
            "4711.00",
            "Anna Lind (anna@example.org)",
            "default/pay-4711",
            "finance",
            "Europe/Berlin, UTC+01:00",
            "13:30",
            "new disks",
            &format!("https://approvals.example.org/a/{TOKEN}"),
        ] {
            assert!(mail.text.contains(part), "{part}: {}", mail.text);
            assert!(html.contains(part), "{part}: {html}");
        }
        for part in [&mail.text, &html] {
            assert!(
                !part.contains("DE02"),
                "what is sensitive stays on the page: {part}"
            );
        }
    }
}

/// Goal: the HTML part is one column of presentation tables with one button, nothing loaded from
/// anywhere, and every colour has contrast in light and dark.
#[test]
fn s106_the_html_part_is_sound() {
    for lang in Lang::ALL {
        for (name, recipe, task) in kinds() {
            let mail = rendered(&recipe, &task, lang);
            let html = mail.html.expect("an HTML part");
            if name == "written" {
                continue;
            }
            assert!(html.starts_with(&format!("<!doctype html>\n<html lang=\"{}\"", lang.tag())));
            assert!(html.contains("<meta name=\"color-scheme\" content=\"light dark\">"));
            assert_eq!(html.matches("<h1").count(), 1, "{html}");
            for word in [
                "<img", "<script", "<form", "<link", "src=", "url(", "@import",
            ] {
                assert!(!html.contains(word), "{word} in {name}");
            }
            let tables = html.matches("<table").count();
            assert_eq!(html.matches("<table role=\"presentation\"").count(), tables);
            let buttons = usize::from(name.starts_with("request"));
            assert_eq!(html.matches("class=\"button\"").count(), buttons, "{name}");
            assert!(html.len() < HTML_MAX);
            assert_known_colours(&html);
        }
    }
    for Look {
        paper,
        ink,
        soft,
        accent,
        on_accent,
    } in [&LIGHT, &DARK]
    {
        let pairs = [
            (ink, paper),
            (soft, paper),
            (accent, paper),
            (on_accent, accent),
        ];
        for (one, other) in pairs {
            let found = contrast(one, other);
            assert!(found >= 4.5, "{one} on {other}: {found:.2}");
        }
        assert!(contrast("#767676", paper) >= 3.0, "borders of tables");
    }
}

/// Every `#rrggbb` is of one of the two looks, or the border of a table.
fn assert_known_colours(html: &str) {
    let style = html
        .split("style=\"")
        .skip(1)
        .filter_map(|part| part.split('"').next());
    for rule in style.chain(html.split("<style>").nth(1)) {
        for part in rule.split('#').skip(1) {
            let Some(colour) = part.get(..6).filter(|colour| is_hex(colour)) else {
                continue;
            };
            let colour = format!("#{colour}");
            let is_of = |look: &Look| {
                [look.paper, look.ink, look.soft, look.accent, look.on_accent]
                    .contains(&colour.as_str())
            };
            let is_known = is_of(&LIGHT) || is_of(&DARK) || colour == "#767676";
            assert!(is_known, "{colour} in {rule}");
        }
    }
}

fn is_hex(text: &str) -> bool {
    text.chars().all(|sign| sign.is_ascii_hexdigit())
}

/// Goal: nothing that anybody writes becomes an element of a mail of ours.
#[test]
fn s76_written_texts_are_visible_text_in_every_mail() {
    let evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\"><b>";
    for (name, recipe, of) in kinds() {
        if name == "written" {
            continue;
        }
        let mut task = hostile(evil);
        (task.state, task.decided) = (of.state, of.decided);
        let html = rendered(&recipe, &task, Lang::En)
            .html
            .expect("an HTML part");
        for word in ["<script", "<img", "<b>"] {
            assert!(!html.contains(word), "{name}: {html}");
        }
    }
}

/// Goal: whatever stands in title, names and labels, subject and headers are single clean lines.
#[test]
fn s80_hostile_titles_make_no_header() {
    let evil = format!("Pay\r\nBcc: x@evil.example\0\u{202e}{}", "y".repeat(5_000));
    for (name, recipe, of) in kinds() {
        let mut task = hostile(&evil);
        (task.state, task.decided) = (of.state, of.decided);
        let mail = rendered(&recipe, &task, Lang::En);
        assert!(
            mail.subject.chars().count() <= 120,
            "{name}: {}",
            mail.subject
        );
        assert!(clean::is_header_safe(&mail.subject), "{name}");
        assert!(!mail.subject.contains('\u{202e}'), "{name}");
        for (header, value) in &mail.headers {
            assert!(
                clean::is_header_safe(value) && value.is_ascii(),
                "{header}: {value}"
            );
            assert!(value.len() <= 200, "{header}: {value}");
        }
        let rest = mail.text.replace(['\n', '\t'], "");
        assert!(!rest.chars().any(char::is_control), "{name}");
    }
}

/// Goal: a name that plays an address is not shown; the real address is.
#[test]
fn s82_the_real_address_is_shown() {
    let mut task = pending();
    let asks = crate::people::Person {
        address: "mallory@evil.example".to_owned(),
        name: "\"boss@example.org\" <evil@evil.example>".to_owned(),
        ..crate::sample::person("mallory", "")
    };
    task.requester = Some(asks);
    let mail = rendered(&Recipe::Request(to(false)), &task, Lang::En);
    for part in [mail.text, mail.html.expect("an HTML part")] {
        assert!(
            part.contains("mallory@evil.example asks for your decision."),
            "{part}"
        );
        assert!(!part.contains("boss@example.org"), "{part}");
    }
    let mut place = place(Lang::En);
    place.service = "ceo@bank.example".to_owned();
    let mail = render(&Recipe::Request(to(false)), Some(&task), &place, &ring());
    assert_eq!(mail.expect("rendered").from_name, "");
}

/// Goal: a mail that a workflow wrote is the author's, without what could hurt its transport; an
/// address that is more than one is refused.
#[test]
fn s79_a_written_mail_goes_to_addresses_only() {
    let mail = rendered(&Recipe::Written(written()), &pending(), Lang::En);
    assert_eq!(mail.subject, "pay-4711 failed Bcc: x@evil.example");
    assert_eq!(mail.text, "Status: Failed\n.\n[U+001B][31mred[U+001B][0m\n");
    assert_eq!(
        mail.html.as_deref(),
        Some("<p>Status: <b>Failed</b></p>[U+0000]")
    );
    assert_eq!(mail.to_header, ["ops@example.org"]);
    let write = |to: &[&str]| {
        let to = to.iter().map(|text| (*text).to_owned()).collect();
        let written = Written { to, ..written() };
        let recipe = Recipe::Written(written);
        let error = render(&recipe, None, &place(Lang::En), &ring()).expect_err("refused");
        error.to_string()
    };
    assert_eq!(write(&[]), "the mail names nobody in `to`");
    assert_eq!(
        write(&["a@example.org", "b@example.org\r\nBcc: x@evil.example"]),
        "`b@example.org Bcc: x@evil.example` is no address that mail can go to: an address has \
         no line breaks or control characters"
    );
}

/// Goal: another try gives the same bytes, whatever has happened to the task's votes and to the
/// signing key since.
#[test]
fn another_try_gives_the_same_mail() {
    for (name, recipe, task) in kinds() {
        let first = rendered(&recipe, &task, Lang::De);
        let keys = vec![(1, [1; 32]), (2, [2; 32]), (3, [3; 32])];
        let rotated = Ring::new("golden", keys, 3);
        let again = render(&recipe, Some(&task), &place(Lang::De), &rotated);
        assert_eq!(again.as_ref(), Ok(&first), "{name}");
    }
    let before = rendered(&Recipe::Request(to(false)), &pending(), Lang::En);
    assert_eq!(
        rendered(&Recipe::Request(to(false)), &voted(), Lang::En),
        before
    );
}

/// Goal: what does not fit together is refused and says why.
#[test]
fn what_does_not_fit_together_is_refused() {
    let gone = Ring::new("golden", vec![(3, [3; 32])], 3);
    let place = place(Lang::En);
    let fails = |recipe: &Recipe, task: Option<&Task>, ring: &Ring| {
        render(recipe, task, &place, ring).expect_err("refused")
    };
    let request = Recipe::Request(to(false));
    assert_eq!(fails(&request, None, &ring()), Unrenderable::NoTask);
    assert_eq!(
        fails(&request, Some(&pending()), &gone),
        Unrenderable::NoKey(2)
    );
    let elsewhere = ToSlot {
        slot: 9,
        ..to(false)
    };
    let request = Recipe::Request(elsewhere);
    assert_eq!(
        fails(&request, Some(&pending()), &ring()),
        Unrenderable::NoSlot(9)
    );
    let linkless = ToSlot {
        link: String::new(),
        ..to(false)
    };
    let request = Recipe::Request(linkless);
    assert_eq!(
        fails(&request, Some(&pending()), &ring()),
        Unrenderable::NoLink
    );
    let receipt = Recipe::Receipt {
        to: to(false),
        vote: 1,
    };
    let no_vote = Unrenderable::NoVote { slot: 0, vote: 1 };
    assert_eq!(fails(&receipt, Some(&voted()), &ring()), no_vote);
}

/// Goal: a mail of a hundred long facts is still read: the text part is whole up to the cut of each
/// value, the HTML part is left out.
#[test]
fn a_long_mail_is_text_only() {
    let mut task = pending();
    let fact = task.asked.facts[0].clone();
    task.asked.facts = (0..100)
        .map(|_| usher_api::approval::Fact {
            value: "x".repeat(5_000),
            ..fact.clone()
        })
        .collect();
    let mail = rendered(&Recipe::Request(to(false)), &task, Lang::En);
    assert_eq!(mail.html, None);
    assert!(
        mail.text
            .contains(&format!("Invoice: {}…\n", "x".repeat(2_000)))
    );
    assert!(mail.text.contains(TOKEN));
}

/// Goal: a forged host or a slash changes nothing: the link is the configured address.
#[test]
fn s30_links_use_the_configured_address() {
    let mail = rendered(&Recipe::Request(to(false)), &pending(), Lang::En);
    let link = format!("https://approvals.example.org/a/{TOKEN}");
    assert_eq!(
        mail.text.matches("https://approvals.example.org").count(),
        1
    );
    assert!(
        mail.text.contains(&format!("Review and decide:\n{link}\n")),
        "{}",
        mail.text
    );
}

/// Goal: the Message-ID of a mail stays, and is of one piece.
#[test]
fn a_message_id_stays() {
    assert_eq!(
        message_id("task/0/request/1/1", "mail.example.org"),
        "<6aeaf34516382a3b5bdf907613b0bf6f@mail.example.org>"
    );
}
