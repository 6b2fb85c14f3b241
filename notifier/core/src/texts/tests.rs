//! Texts: every language says everything, and times show their zone.

use usher_api::approval::{CommentRule, FieldKind, Level, TimeoutResult};

use super::story::Ending;
use super::*;
use crate::decide::{InputWrong, Refusal};
use crate::page::Trouble;

fn voice(lang: Lang, zone: &str) -> Voice {
    let zone = zone.parse().expect("a zone");
    Voice { lang, zone }
}

/// Goal: a time is written as the reader's language does, and its zone is shown (s109).
#[test]
fn s109_times_are_local_and_show_their_zone() {
    let at = 1_795_791_840_000;
    for (lang, zone, want) in [
        (Lang::En, "UTC", "27 November 2026, 15:04 (UTC)"),
        (
            Lang::En,
            "America/St_Johns",
            "27 November 2026, 11:34 (America/St_Johns, UTC-03:30)",
        ),
        (
            Lang::De,
            "Europe/Berlin",
            "27. November 2026, 16:04 Uhr (Europe/Berlin, UTC+01:00)",
        ),
        (
            Lang::Zh,
            "Asia/Shanghai",
            "2026年11月27日 23:04（Asia/Shanghai, UTC+08:00）",
        ),
    ] {
        assert_eq!(voice(lang, zone).time(at), want);
    }
    // Half a year later the same zone is another distance away.
    assert_eq!(
        voice(Lang::De, "Europe/Berlin").time(at - 15_638_400_000),
        "30. Mai 2026, 17:04 Uhr (Europe/Berlin, UTC+02:00)"
    );
    assert_eq!(voice(Lang::En, "UTC").time(i64::MAX), i64::MAX.to_string());
}

/// Goal: the thousands of a count are set apart as the language does.
#[test]
fn counts_are_written_by_language() {
    for (lang, want) in [
        (Lang::En, "1,234,567"),
        (Lang::De, "1.234.567"),
        (Lang::Zh, "1,234,567"),
    ] {
        assert_eq!(voice(lang, "UTC").count(1_234_567), want);
        assert_eq!(voice(lang, "UTC").count(999), "999");
        assert_eq!(voice(lang, "UTC").count(1_000).len(), 5);
    }
}

/// Goal: the person's own wish goes first, then the policy's, then the installation's.
#[test]
fn the_readers_language_goes_first() {
    let mut person = crate::people::Person {
        id: "anna".into(),
        address: "anna@example.org".into(),
        name: String::new(),
        locale: Some("de-AT".into()),
        zone: None,
    };
    let of =
        |person: &crate::people::Person| Voice::of(Some(person), None, "zh_CN", "Asia/Shanghai");
    assert_eq!(of(&person), voice(Lang::De, "Asia/Shanghai"));
    person.locale = Some("xx".into());
    person.zone = Some("Nowhere/Land".into());
    assert_eq!(of(&person), voice(Lang::Zh, "Asia/Shanghai"));
    assert_eq!(Voice::of(None, None, "", ""), voice(Lang::En, "UTC"));
}

fn refusals() -> Vec<Refusal> {
    vec![
        Refusal::Closed("x".into()),
        Refusal::SlotClosed,
        Refusal::Outdated,
        Refusal::LevelTooLow(Level::Code),
        Refusal::LevelTooLow(Level::Account),
        Refusal::NotAsked,
        Refusal::NotEntitled,
        Refusal::Separation,
        Refusal::NoDirectory,
        Refusal::Input(Vec::new()),
        Refusal::TooOften,
        Refusal::NoCode,
        Refusal::NotAllowed("x".into()),
    ]
}

fn faults() -> Vec<InputWrong> {
    use FieldKind::{Boolean, Choice, Date, Email, Integer, Multiline, Number, Text};
    let kinds = [
        Text, Multiline, Integer, Number, Boolean, Date, Email, Choice,
    ];
    let mut faults = vec![
        InputWrong::Missing,
        InputWrong::NotAnOption,
        InputWrong::TooSmall("5".into()),
        InputWrong::TooLarge("5".into()),
        InputWrong::TooShort(5),
        InputWrong::TooLong(5),
        InputWrong::Pattern,
        InputWrong::Unknown,
        InputWrong::Signed,
    ];
    faults.extend(kinds.map(InputWrong::NotA));
    faults
}

/// Everything that one language says.
fn everything(lang: Lang) -> Vec<String> {
    let texts = lang.texts();
    let mut all: Vec<String> = refusals().iter().map(texts.refusal).collect();
    all.extend(faults().iter().map(texts.wrong));
    for what in Trouble::ALL {
        all.extend((texts.trouble)(what).map(str::to_owned));
    }
    all.extend(Ending::ALL.map(|ending| (texts.both.ending)(ending).to_owned()));
    for level in [Level::Link, Level::Code, Level::Account] {
        all.push((texts.both.level)(level).to_owned());
    }
    use CommentRule::{Always, Never, OnApprove, OnReject, Optional};
    for rule in [Optional, Never, OnReject, OnApprove, Always] {
        all.push((texts.form.comment_rule)(rule).to_owned());
    }
    use TimeoutResult::{Approve, Continue, Fail, Reject};
    for result in [Reject, Fail, Approve, Continue] {
        all.push((texts.both.silence)(result).to_owned());
    }
    all
}

/// Goal: every refusal, fault and ending has a text of its own in every language. That none is
/// missing is the compiler's word; that none was left in another language is this test's.
#[test]
fn every_language_says_everything_itself() {
    let [en, de, zh] = Lang::ALL.map(everything);
    assert_eq!([en.len(), de.len()], [zh.len(), zh.len()]);
    for ((en, de), zh) in en.iter().zip(&de).zip(&zh) {
        for text in [en, de, zh] {
            assert!(text.chars().count() >= 3, "{text:?}");
            assert_eq!(*text, text.trim());
        }
        assert_ne!(en, de);
        assert!(zh.chars().any(|sign| sign > '\u{2e80}'), "{zh}");
        assert!(!de.chars().any(|sign| sign > '\u{2e80}'), "{de}");
        assert!(en.is_ascii(), "{en}");
    }
}

/// Goal: a number that is put in is there.
#[test]
fn numbers_are_put_in() {
    for lang in Lang::ALL {
        let texts = lang.texts();
        assert!((texts.page.wrong_code)(3).contains('3'));
        assert_ne!((texts.page.wrong_code)(0), (texts.page.wrong_code)(1));
        assert!((texts.wrong)(&InputWrong::TooLong(4_000)).contains("4000"));
        assert!((texts.wrong)(&InputWrong::TooSmall("-7.5".into())).contains("-7.5"));
        let tally = (texts.form.tally)(["11", "22", "33", "44"]);
        for number in ["11", "22", "33", "44"] {
            assert!(tally.contains(number), "{tally}");
        }
        let so_far = (texts.both.so_far)("11", "22");
        assert!(so_far.contains("11") && so_far.contains("22"), "{so_far}");
    }
}
