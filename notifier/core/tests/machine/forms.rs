//! What may be entered: decision, comment and form values.

use serde_json::{Value, json};
use usher_api::approval::FieldKind;
use usher_notifier_core::decide::{Event, InputFault, InputWrong, Refusal, Told};
use usher_notifier_core::task::State;

use crate::desk::{Desk, pairs};

fn faults(list: &[(&str, InputWrong)]) -> Result<Told, Refusal> {
    let fault = |(field, what): &(&str, InputWrong)| InputFault {
        field: (*field).to_owned(),
        what: what.clone(),
    };
    Err(Refusal::Input(list.iter().map(fault).collect()))
}

fn with_form(form: &Value) -> Desk {
    Desk::open_with(&["user:ann"], json!("all"), &json!({ "form": form }))
}

/// A value that is none of the options is refused, and no vote is kept.
#[test]
fn s11_only_an_option_is_taken() {
    let mut desk = with_form(&json!([
        {"name": "costCentre", "kind": "choice", "options": ["4711", "4712"]}
    ]));
    let wrong = faults(&[("costCentre", InputWrong::NotAnOption)]);
    assert_eq!(desk.fills("ann", true, &[("costCentre", "4713")]), wrong);
    assert_eq!(desk.slot("ann").votes, []);
    assert_eq!(
        desk.fills("ann", true, &[("costCentre", "4712")]),
        Ok(Told::Decided)
    );
    assert_eq!(desk.output("costCentre"), Some("4712"));
}

/// An approval needs what is required; a rejection does not.
#[test]
fn s12_a_required_field_must_be_filled() {
    let form = json!([{"name": "amount", "kind": "integer", "required": true}]);
    let mut desk = with_form(&form);
    let wrong = faults(&[("amount", InputWrong::Missing)]);
    assert_eq!(desk.fills("ann", true, &[("amount", "  ")]), wrong);
    assert_eq!(desk.vote("ann", true), wrong);
    assert_eq!(
        desk.fills("ann", false, &[("amount", "rubbish")]),
        Ok(Told::Decided)
    );
    assert_eq!(desk.task.state, State::Rejected);
    assert_eq!(desk.output("amount"), None);
}

/// An empty form decides nothing.
#[test]
fn s25_nothing_chosen_is_no_decision() {
    let mut desk = Desk::open(&["user:ann"], json!("all"));
    let mut ballot = desk.ballot("ann", true);
    ballot.approves = None;
    let wrong = faults(&[("decision", InputWrong::Missing)]);
    assert_eq!(desk.does(&Event::Vote(ballot)), wrong);
    assert_eq!(desk.task.state, State::Pending);
}

/// Every kind of field, its good and its bad values.
#[test]
fn every_kind_of_field() {
    let cases: [(Value, &[&str], &[&str]); 9] = [
        (
            json!({"kind": "text"}),
            &["a b", " x "],
            &["a\nb", "a\u{0}"],
        ),
        (json!({"kind": "multiline"}), &["a\r\nb"], &["a\u{0}b"]),
        (
            json!({"kind": "integer"}),
            &["0", "-12", "007"],
            &["1.0", "1e3", "x", "--1"],
        ),
        (
            json!({"kind": "number"}),
            &["1.50", "-0.1", "3"],
            &["1,5", ".5", "1.", "NaN", "inf"],
        ),
        (
            json!({"kind": "boolean"}),
            &["true", "false"],
            &["yes", "1", "True"],
        ),
        (
            json!({"kind": "date"}),
            &["2026-02-28"],
            &["2026-02-29", "28.2.2026", "2026-2-1"],
        ),
        (
            json!({"kind": "email"}),
            &["a@example.org"],
            &["a", "a@b@c", "a@example.org\nx"],
        ),
        (
            json!({"kind": "text", "pattern": "[A-Z]{2}[0-9]+"}),
            &["AB12"],
            &["AB12x", "xAB12"],
        ),
        (
            json!({"kind": "text", "minLength": 2, "maxLength": 3}),
            &["äöü"],
            &["a", "abcd"],
        ),
    ];
    for (mut field, good, bad) in cases {
        field["name"] = json!("amount");
        let form = serde_json::from_value(json!([field])).expect("a form");
        let form: Vec<usher_api::approval::Field> = form;
        for value in good {
            let entered = pairs(&[("amount", value)]);
            let checked = usher_notifier_core::form::check(&form, &entered);
            assert!(checked.is_ok(), "{field} {value:?}: {checked:?}");
        }
        for value in bad {
            let entered = pairs(&[("amount", value)]);
            let checked = usher_notifier_core::form::check(&form, &entered);
            assert!(checked.is_err(), "{field} {value:?}: {checked:?}");
        }
    }
}

/// Bounds are compared as written, however many digits there are; the fault names the bound.
#[test]
fn bounds_are_exact() {
    let mut desk = with_form(&json!([
        {"name": "amount", "kind": "number", "min": "-0.5", "max": "12345678901234567890.01"}
    ]));
    let low = faults(&[("amount", InputWrong::TooSmall("-0.5".to_owned()))]);
    assert_eq!(desk.fills("ann", true, &[("amount", "-0.51")]), low);
    let high = InputWrong::TooLarge("12345678901234567890.01".to_owned());
    let value = [("amount", "12345678901234567890.011")];
    assert_eq!(desk.fills("ann", true, &value), faults(&[("amount", high)]));
    let kind = faults(&[("amount", InputWrong::NotA(FieldKind::Number))]);
    assert_eq!(desk.fills("ann", true, &[("amount", "ten")]), kind);
    let most = [("amount", "12345678901234567890.010")];
    assert_eq!(desk.fills("ann", true, &most), Ok(Told::Decided));
}

/// A field that the form does not have is refused, a reserved output among them.
#[test]
fn nothing_unknown_is_taken() {
    let mut desk = Desk::open(&["user:ann"], json!("all"));
    let wrong = faults(&[("decision", InputWrong::Unknown)]);
    assert_eq!(desk.fills("ann", true, &[("decision", "approved")]), wrong);
    assert_eq!(desk.fills("ann", false, &[("decision", "approved")]), wrong);
}

/// When a comment must be given, by rule and vote.
#[test]
fn comments_are_asked_for_by_rule() {
    let cases = [
        ("optional", true, true),
        ("onReject", true, false),
        ("onApprove", false, true),
        ("always", false, false),
    ];
    for (rule, silent_yes, silent_no) in cases {
        for (approves, may_be_silent) in [(true, silent_yes), (false, silent_no)] {
            let more = json!({ "comment": rule });
            let mut desk = Desk::open_with(&["user:ann"], json!("all"), &more);
            if !may_be_silent {
                let missing = faults(&[("comment", InputWrong::Missing)]);
                assert_eq!(desk.says("ann", approves, " \n"), missing, "{rule}");
                assert_eq!(
                    desk.says("ann", approves, "so"),
                    Ok(Told::Decided),
                    "{rule}"
                );
            } else {
                assert_eq!(desk.vote("ann", approves), Ok(Told::Decided), "{rule}");
            }
        }
    }
    let never = json!({"comment": "never"});
    let mut desk = Desk::open_with(&["user:ann"], json!("all"), &never);
    let wrong = faults(&[("comment", InputWrong::Unknown)]);
    assert_eq!(desk.says("ann", true, "but"), wrong);
}

/// A comment has at most 4,000 characters and 16 KiB.
#[test]
fn s75_a_long_comment_is_refused() {
    let mut desk = Desk::open(&["user:ann"], json!("all"));
    let long = faults(&[("comment", InputWrong::TooLong(4_000))]);
    assert_eq!(desk.says("ann", true, &"ä".repeat(4_001)), long);
    assert_eq!(desk.says("ann", true, &"𝄞".repeat(4_097)), long);
    assert_eq!(
        desk.says("ann", true, &"ä".repeat(4_000)),
        Ok(Told::Decided)
    );
}

/// A pattern with nested repeats takes linear time: the test would not end otherwise.
#[test]
fn s86_a_nasty_pattern_is_harmless() {
    let mut desk = with_form(&json!([
        {"name": "amount", "kind": "text", "pattern": "(a+)+b"}
    ]));
    let value = "a".repeat(4_000);
    let wrong = faults(&[("amount", InputWrong::Pattern)]);
    assert_eq!(desk.fills("ann", true, &[("amount", &value)]), wrong);
}

/// A form that cannot be used is found before anybody is asked.
#[test]
fn an_unusable_pattern_is_a_fault() {
    let form = json!([{"name": "amount", "kind": "text", "pattern": "("}]);
    let policy = crate::desk::policy(&["user:ann"], json!("all"), &json!({ "form": form }));
    let mut desk = Desk::new(&policy);
    assert_eq!(desk.does(&Event::Prepare), Ok(Told::Done));
    assert_eq!(desk.task.state, State::Faulted);
}
