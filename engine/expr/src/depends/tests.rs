//! What `depends` accepts, refuses and answers, row by row.

use super::{Depends, DependsError, Outcome};
use crate::Limits;

/// The expression with every operator behind its operands, in letters: what was understood.
fn shape(source: &str) -> String {
    let depends = Depends::parse(source, &Limits::default()).expect(source);
    let words = depends.steps.iter().map(|step| match step {
        super::Step::Ask {
            task,
            outcome: None,
        } => task.clone(),
        super::Step::Ask {
            task,
            outcome: Some(outcome),
        } => format!("{task}.{outcome}"),
        super::Step::Not => "!".to_owned(),
        super::Step::And => "&".to_owned(),
        super::Step::Or => "|".to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn reads() {
    let rows: &[(&str, &str)] = &[
        ("A", "A"),
        ("  A\t", "A"),
        ("A.Succeeded", "A.Succeeded"),
        ("a-b_c1.AnySucceeded", "a-b_c1.AnySucceeded"),
        ("_a", "_a"),
        ("A && B", "A B &"),
        ("A&&B", "A B &"),
        ("A&&!B", "A B ! &"),
        ("A && B && C", "A B & C &"),
        ("A || B && C", "A B C & |"),
        ("A && B || C", "A B & C |"),
        ("(A || B) && C", "A B | C &"),
        ("A && (B || C) && D", "A B C | & D &"),
        ("!A", "A !"),
        ("!!A", "A"),
        ("!!!A", "A !"),
        ("! ! A", "A"),
        ("!(!A)", "A ! !"),
        ("!(A && B)", "A B & !"),
        ("!A && B", "A ! B &"),
        ("!(A) || B", "A ! B |"),
        ("((A))", "A"),
        (
            "A.Failed || A.Errored || A.Daemoned",
            "A.Failed A.Errored | A.Daemoned |",
        ),
        (
            "A.Skipped||A.Omitted||A.AllFailed",
            "A.Skipped A.Omitted | A.AllFailed |",
        ),
        ("A\n&&\nB", "A B &"),
    ];
    for (source, expected) in rows {
        assert_eq!(shape(source), *expected, "{source}");
    }
}

#[test]
fn refuses_with_the_place() {
    let rows: &[(&str, usize, &str)] = &[
        ("", 0, "depends is empty"),
        (" \n ", 0, "depends is empty"),
        (
            "A &&",
            4,
            "depends ends too early, expected a task, `!` or `(`",
        ),
        ("(A", 0, "depends ends too early, expected `)` for this `(`"),
        (
            "A && ((B)",
            5,
            "depends ends too early, expected `)` for this `(`",
        ),
        ("A)", 1, "unexpected `)`, expected an operator or the end"),
        ("()", 1, "unexpected `)`, expected a task, `!` or `(`"),
        ("&& A", 0, "unexpected `&`, expected a task, `!` or `(`"),
        ("A & B", 2, "unexpected `&`, expected `&&`, `||` or `)`"),
        ("A B", 2, "unexpected `B`, expected `&&`, `||` or `)`"),
        ("A !B", 2, "unexpected `!`, expected `&&`, `||` or `)`"),
        (
            "A && \u{0}",
            5,
            "unexpected `\\0`, expected a task, `!` or `(`",
        ),
        ("A && é", 5, "unexpected `é`, expected a task, `!` or `(`"),
        (
            "A && 1b",
            5,
            "task name `1b` cannot be used in depends: it must begin with a letter or `_`",
        ),
        ("A.", 2, "task result '' for task 'A' is invalid"),
        (
            "A.Suceeded && B",
            2,
            "task result 'Suceeded' for task 'A' is invalid",
        ),
        (
            "A && B.failed",
            7,
            "task result 'failed' for task 'B' is invalid",
        ),
        (
            "A.Failed.x",
            2,
            "task result 'Failed.x' for task 'A' is invalid",
        ),
    ];
    for (source, at, words) in rows {
        let error = Depends::parse(source, &Limits::default()).expect_err(source);
        assert_eq!(
            (error.at(), error.to_string().as_str()),
            (*at, *words),
            "{source}"
        );
    }
}

#[test]
fn an_unknown_outcome_comes_with_the_one_meant() {
    for (source, meant) in [
        ("A.Suceeded", Some("Succeeded")),
        ("A.failed", Some("Failed")),
        ("A.Error", Some("Errored")),
        ("A.Sunday", None),
        ("A.", None),
    ] {
        match Depends::parse(source, &Limits::default()) {
            Err(DependsError::Selector { nearest, .. }) => assert_eq!(nearest, meant, "{source}"),
            other => panic!("{source}: {other:?}"),
        }
    }
}

#[test]
fn evaluates_and_asks_everything() {
    let rows: &[(&str, bool)] = &[
        ("yes", true),
        ("no", false),
        ("!no", true),
        ("yes && no", false),
        ("yes || no", true),
        ("no || no || yes", true),
        ("no && no || yes", true),
        ("no && (no || yes)", false),
        ("!(yes && no)", true),
        ("!yes || yes", true),
        ("yes.Failed", false),
        ("no.Failed && yes", true),
        ("!yes.Failed && !!no.Failed", true),
    ];
    for (source, expected) in rows {
        let depends = Depends::parse(source, &Limits::default()).expect(source);
        let mut count = 0;
        let verdict = depends.eval(&mut |task, outcome| {
            count += 1;
            (task == "yes") != (outcome == Some(Outcome::Failed))
        });
        assert_eq!(verdict, *expected, "{source}");
        assert_eq!(count, depends.asked().count(), "{source}: no short circuit");
    }
}

#[test]
fn tells_its_tasks_and_questions() {
    let limits = Limits::default();
    let depends = Depends::parse("B.Failed || (A && !B) || A.Omitted", &limits).expect("valid");
    assert_eq!(depends.tasks(), ["B", "A"]);
    let asked: Vec<_> = depends.asked().collect();
    let expected = [
        ("B", Some(Outcome::Failed)),
        ("A", None),
        ("B", None),
        ("A", Some(Outcome::Omitted)),
    ];
    assert_eq!(asked, expected);
}

#[test]
fn dependencies_are_bare_names_joined_by_and() {
    let names = ["a", "1-b", "c"].map(str::to_owned);
    let depends = Depends::from_dependencies(&names);
    assert_eq!(depends.tasks(), ["a", "1-b", "c"]);
    assert!(depends.eval(&mut |_, outcome| outcome.is_none()));
    for fails in &names {
        assert!(!depends.eval(&mut |task, _| task != fails), "{fails}");
    }
    assert!(Depends::from_dependencies(&[]).eval(&mut |_, _| false));
    let parsed = Depends::parse("a && b", &Limits::default());
    assert_eq!(
        parsed,
        Ok(Depends::from_dependencies(&[
            "a".to_owned(),
            "b".to_owned()
        ]))
    );
}

#[test]
fn outcomes_are_read_as_they_are_written() {
    for outcome in Outcome::ALL {
        assert_eq!(Outcome::parse(&outcome.to_string()), Some(outcome));
    }
    assert_eq!(Outcome::parse("succeeded"), None);
}

#[test]
fn stays_within_its_limits() {
    let limits = Limits {
        depth: 3,
        steps: 9,
        ..Limits::default()
    };
    assert!(Depends::parse("(((A)))", &limits).is_ok());
    assert!(
        Depends::parse(
            "((A)) && ((B))",
            &Limits {
                steps: 99,
                ..limits
            }
        )
        .is_ok()
    );
    let deep = Depends::parse("((((A))))", &limits);
    assert_eq!(deep, Err(DependsError::TooDeep { at: 3, limit: 3 }));
    assert!(Depends::parse("a&&b&&c&&d&&e", &limits).is_ok());
    let long = Depends::parse("a&&b&&c&&d&&e&&f", &limits);
    assert_eq!(long, Err(DependsError::TooManySteps { at: 15, limit: 9 }));
}
