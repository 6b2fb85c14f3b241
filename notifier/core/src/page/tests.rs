//! Pages: golden ones in every language, their structure, hostile texts, contrast.

use super::*;
use crate::decide::InputWrong;
use crate::sample::{LINK, NOW, ended, golden, hostile, pending, ring, voted};
use crate::task::State;
use crate::texts::Lang;

pub(crate) mod contrast;
mod structure;

fn frame(lang: Lang) -> Frame<'static> {
    let zone = chrono_tz::Europe::Berlin;
    Frame {
        voice: Voice { lang, zone },
        service: "Example approvals",
    }
}

fn token() -> String {
    ring().seal(2, &LINK).expect("the key is there")
}

fn fault(field: &str, what: InputWrong) -> InputFault {
    let field = field.to_owned();
    InputFault { field, what }
}

fn asked(task: &Task, lang: Lang, typed: &Typed, faults: &[InputFault], confirm: bool) -> String {
    request(&RequestPage {
        frame: frame(lang),
        task,
        slot: 0,
        token: &token(),
        nonce: "nonce",
        typed,
        is_sent: !faults.is_empty() || confirm,
        faults,
        notice: None,
        confirm,
    })
}

fn typed() -> Typed {
    Typed {
        approves: Some(true),
        comment: "Looks fine,\nthank you".to_owned(),
        values: [
            ("costCentre".to_owned(), "4712".to_owned()),
            ("urgent".to_owned(), "true".to_owned()),
            ("count".to_owned(), "many".to_owned()),
        ]
        .into(),
    }
}

fn faulty(task: &Task, lang: Lang) -> String {
    let faults = [
        fault("colour", InputWrong::Unknown),
        fault("comment", InputWrong::TooLong(4_000)),
        fault(
            "count",
            InputWrong::NotA(usher_api::approval::FieldKind::Integer),
        ),
        fault("costCentre", InputWrong::Missing),
        fault("decision", InputWrong::Missing),
    ];
    let typed = Typed {
        approves: None,
        ..typed()
    };
    asked(task, lang, &typed, &faults, false)
}

fn proof(lang: Lang, is_sent: bool, notice: Option<Notice>) -> String {
    prove(&ProvePage {
        frame: frame(lang),
        address: "boss@example.org",
        token: &token(),
        nonce: "nonce",
        is_sent,
        notice,
    })
}

fn confirmed(task: &Task, lang: Lang, slot: u32) -> String {
    receipt(&ReceiptPage {
        frame: frame(lang),
        task,
        slot,
        token: &token(),
        notice: None,
    })
}

fn boxes(lang: Lang, text: &str) -> [String; 2] {
    let mail = Boxed {
        id: 7,
        at_ms: NOW,
        from: text.to_owned(),
        to: text.to_owned(),
        subject: text.to_owned(),
    };
    let one = mailbox_mail(&BoxedPage {
        frame: frame(lang),
        mail: &mail,
        headers: &[(text.to_owned(), text.to_owned())],
        text: &format!("{text}\n\nhttps://a.example/a/{}\n", token()),
        has_html: true,
        base_url: "https://a.example",
    });
    [
        mailbox_list(frame(lang), &[mail], Some("/mailbox?before=7")),
        one,
    ]
}

/// Every page in one language, by name.
fn pages(lang: Lang) -> Vec<(String, String)> {
    let fresh = Typed::default();
    let [list, mail] = boxes(lang, "Please decide: Invoice 4711");
    let approved = ended(State::Approved, "approved", "votes");
    let cancelled = ended(State::Cancelled, "cancelled", "workflow");
    let closed_page = |task| {
        closed(&ClosedPage {
            frame: frame(lang),
            task,
        })
    };
    let expired_page = expired(&ExpiredPage {
        frame: frame(lang),
        address: "boss@example.org",
        token: &token(),
        nonce: "nonce",
        notice: Some(Notice::LinkSent),
    });
    let account = Refusal::LevelTooLow(usher_api::approval::Level::Account);
    let all = [
        ("request", asked(&pending(), lang, &fresh, &[], false)),
        ("request-faults", faulty(&pending(), lang)),
        ("request-change", asked(&voted(), lang, &fresh, &[], false)),
        ("confirm", asked(&pending(), lang, &typed(), &[], true)),
        ("prove", proof(lang, false, None)),
        ("prove-sent", proof(lang, true, Some(Notice::CodeSent))),
        ("prove-wrong", proof(lang, true, Some(Notice::WrongCode(4)))),
        ("prove-void", proof(lang, false, Some(Notice::WrongCode(0)))),
        (
            "prove-account",
            proof(lang, false, Some(Notice::Refused(account))),
        ),
        ("receipt", confirmed(&voted(), lang, 0)),
        ("receipt-decided", confirmed(&approved, lang, 0)),
        ("closed", closed_page(Some(&cancelled))),
        ("closed-unproved", closed_page(None)),
        ("expired", expired_page),
        ("mailbox", list),
        ("mailbox-mail", mail),
        ("mailbox-empty", mailbox_list(frame(lang), &[], None)),
    ];
    let named = all.into_iter().map(|(name, page)| (name.to_owned(), page));
    let troubles = Trouble::ALL.map(|what| {
        let name = format!("trouble-{what:?}").to_lowercase();
        (name, trouble(frame(lang), what))
    });
    named.chain(troubles).collect()
}

/// Goal: what people see changes only on purpose, in any language.
#[test]
fn pages_are_as_the_golden_ones() {
    for lang in Lang::ALL {
        for (name, page) in pages(lang) {
            golden(&format!("pages/{}/{name}.html", lang.tag()), &page);
        }
    }
}

/// Goal: nothing that anybody writes becomes an element or an attribute (S16).
#[test]
fn s76_written_texts_are_visible_text_on_every_page() {
    for text in [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "\"><svg onload=alert(1)>",
        "' autofocus onfocus=alert(1) x='",
        "</textarea></select></dd><script>alert(1)</script>",
        "{{ head.service }}{% include \"x\" %}",
    ] {
        let task = hostile(text);
        let typed = Typed {
            approves: Some(true),
            comment: text.to_owned(),
            values: [("note".to_owned(), text.to_owned())].into(),
        };
        let faults = [
            fault(text, InputWrong::TooSmall(text.to_owned())),
            fault("note", InputWrong::TooLarge(text.to_owned())),
        ];
        let ended = {
            let mut ended = task.clone();
            ended.state = State::Rejected;
            ended
        };
        let [list, mail] = boxes(Lang::En, text);
        let told = closed(&ClosedPage {
            frame: frame(Lang::En),
            task: Some(&ended),
        });
        for page in [
            asked(&task, Lang::En, &Typed::default(), &[], false),
            asked(&task, Lang::En, &typed, &faults, false),
            asked(&task, Lang::De, &typed, &[], true),
            confirmed(&task, Lang::Zh, 0),
            told,
            list,
            mail,
        ] {
            structure::assert_sound(text, &page);
            assert!(!page.contains("<script"), "{page}");
            assert!(!page.contains("<img"), "{page}");
            assert!(!page.contains("<svg"), "{page}");
            assert!(!page.contains(" onfocus=alert(1) x='\""), "{page}");
        }
    }
}

/// Goal: a name that plays an address shows the real address and itself not at all.
#[test]
fn s82_the_real_address_is_shown() {
    let mut task = voted();
    task.slots[0].person.name = "\"boss@example.org\" <evil@evil.example>".to_owned();
    task.slots[0].person.address = "mallory@evil.example".to_owned();
    let page = confirmed(&task, Lang::En, 0);
    assert!(
        page.contains("<dd dir=\"auto\">mallory@evil.example</dd>"),
        "{page}"
    );
    assert!(!page.contains("boss@example.org"), "{page}");
}

/// Goal: a fresh form has nothing chosen and one button; a sent one keeps what was typed.
#[test]
fn nothing_is_chosen_beforehand_and_nothing_typed_is_lost() {
    let fresh = asked(&pending(), Lang::En, &Typed::default(), &[], false);
    assert!(!fresh.contains(" checked"), "{fresh}");
    assert_eq!(fresh.matches("<button").count(), 1);
    assert!(
        fresh.contains("value=\"4711.00\""),
        "the form's own default: {fresh}"
    );
    let faulty = faulty(&pending(), Lang::En);
    assert!(
        faulty.contains("\nLooks fine,\nthank you</textarea>"),
        "{faulty}"
    );
    assert!(
        faulty.contains("<option value=\"4712\" selected>"),
        "{faulty}"
    );
    assert!(faulty.contains("value=\"many\""), "{faulty}");
    assert!(
        !faulty.contains("value=\"4711.00\""),
        "an emptied field stays empty: {faulty}"
    );
    // The vote of the same person comes back when it is to be changed, but for the decision.
    let change = asked(&voted(), Lang::En, &Typed::default(), &[], false);
    assert!(change.contains("Fine.\nPay soon.</textarea>"), "{change}");
    assert!(!change.contains("name=\"decision\" value=\"approve\" id=\"decision\" checked"));
}

/// Goal: what the first has approved is shown to the others, and sent with their votes.
#[test]
fn the_others_sign_the_values_of_the_first() {
    let page = request(&RequestPage {
        frame: frame(Lang::En),
        task: &voted(),
        slot: 1,
        token: &token(),
        nonce: "nonce",
        typed: &Typed::default(),
        is_sent: false,
        faults: &[],
        notice: Some(Notice::Refused(Refusal::Outdated)),
        confirm: false,
    });
    assert!(
        page.contains("Somebody has approved with these values."),
        "{page}"
    );
    let hidden = "<input type=\"hidden\" name=\"field.costCentre\" value=\"4711\">";
    assert!(page.contains(hidden), "{page}");
    assert!(!page.contains("<select"), "{page}");
    assert!(page.contains("Approvals: 1 of at least 2. Rejections: 0. People asked: 3."));
    assert!(page.contains("The request has changed since you opened the page."));
    assert!(!page.contains("Bea Boss"), "who voted is not told: {page}");
}

/// Goal: without proof nothing of the request is told: not a word of it, not a whole address.
#[test]
fn an_unproved_page_tells_nothing() {
    for page in [
        proof(Lang::En, false, None),
        proof(Lang::En, true, Some(Notice::CodeSent)),
        closed(&ClosedPage {
            frame: frame(Lang::En),
            task: None,
        }),
    ] {
        for word in ["4711", "pay-", "Lind", "boss@", "finance"] {
            assert!(!page.contains(word), "{word}: {page}");
        }
    }
    assert!(proof(Lang::En, false, None).contains("A request waits for b…@example.org"));
}

/// Goal: every bad address gets the same bytes, and they say what to do.
#[test]
fn s20_a_bad_address_gets_the_same_page() {
    let page = trouble(frame(Lang::En), Trouble::NotFound);
    assert_eq!(page, trouble(frame(Lang::En), Trouble::NotFound));
    assert!(
        page.contains("Please copy the whole link from the mail."),
        "{page}"
    );
}

/// Goal: the receipt has what the record has: printed name, time with its zone, meaning, proof,
/// digest of the content (pure part: the words).
#[test]
fn s98_a_receipt_tells_what_the_record_tells() {
    let task = voted();
    let page = confirmed(&task, Lang::En, 0);
    for part in [
        "Bea Boss (boss@example.org)",
        "2 March 2026, 14:30 (Europe/Berlin, UTC+01:00)",
        "entered a code from the mailbox",
        &*task.meaning(0, true),
        &task.digest,
        "Fine.\nPay soon.",
        "This is your vote: 1 of 2 approvals so far.",
        "/a/04130c9j6ct3adhq70wp2rk3chjpcg39s0adfbsk0pm0gh5xbnfmd30?change",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let decided = confirmed(&ended(State::Approved, "approved", "votes"), Lang::En, 0);
    assert!(!decided.contains("?change"), "{decided}");
    assert!(!decided.contains("so far"), "{decided}");
}

/// Goal: no template can switch escaping off.
#[test]
fn no_template_switches_escaping_off() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).expect("the folder is there") {
        let path = file.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a text");
        // A filter is the only way to switch it off, and `|` the only way to a filter.
        for word in ["|", "{% filter"] {
            assert!(!text.contains(word), "{word} in {}", path.display());
        }
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}
