//! Inputs that nobody writes by accident, put to every reader in this crate.

use std::borrow::Cow;

use crate::{
    Depends, DependsError, Limits, Lookup, RenderError, Scope, Text, WhenError, evaluate_when,
    nearest,
};

/// A scope in which every name holds the same text, which looks like a tag.
struct Everything;

impl Scope for Everything {
    fn look_up(&self, name: &str) -> Lookup<'_> {
        match name.len() % 3 {
            0 => Lookup::Unknown,
            _ => Lookup::Value(Cow::Borrowed("{{item}} }} {{= x }} \u{0}")),
        }
    }
}

const MANY: usize = 100_000;

/// So generous that only the call stack could end a long expression too early.
fn generous() -> Limits {
    Limits {
        steps: 10 * MANY,
        tags: 10 * MANY,
        bytes: 100 * MANY,
        ..Limits::default()
    }
}

#[test]
fn long_chains_neither_nest_nor_run_on() {
    let rows = [
        ("1 + ", "1 == 100001", true),
        ("true && ", "true", true),
        ("false || ", "true", true),
        ("1 == ", "1", false),
        ("2 ** ", "1 > 1", true),
        ("false ? true : ", "true", true),
        ("a + ", "a > a", true),
    ];
    for (piece, last, expected) in rows {
        let chain = piece.repeat(MANY) + last;
        let few = Limits {
            bytes: 100 * MANY,
            ..Limits::default()
        };
        let too_many = Err(WhenError::TooManySteps { limit: 10_000 });
        assert_eq!(evaluate_when(&chain, &few), too_many, "{piece}");
        assert_eq!(evaluate_when(&chain, &generous()), Ok(expected), "{piece}");
    }
    let list = format!("7 in (1{}, 7)", ", 1".repeat(MANY));
    assert_eq!(evaluate_when(&list, &generous()), Ok(true));
    for piece in ["a && ", "a || ", "!a && ", "a.Failed||", "! "] {
        let chain = piece.repeat(MANY) + "a";
        let error = Depends::parse(&chain, &Limits::default()).expect_err(piece);
        assert!(
            matches!(error, DependsError::TooManySteps { limit: 10_000, .. }),
            "{error}"
        );
        let depends = Depends::parse(&chain, &generous()).expect(piece);
        assert_eq!(depends.tasks(), ["a"]);
        let verdict = depends.eval(&mut |_, _| true);
        // `!a && … && a` with a true: false. An even number of `!` changes nothing.
        assert_eq!(verdict, piece != "!a && ", "{piece}");
    }
}

#[test]
fn deep_nesting_is_an_error() {
    let limits = generous();
    let deep = "(".repeat(MANY) + "true" + &")".repeat(MANY);
    assert_eq!(
        evaluate_when(&deep, &limits),
        Err(WhenError::TooDeep { limit: 64 })
    );
    assert!(evaluate_when(&"(".repeat(MANY), &limits).is_err());
    assert!(evaluate_when(&"!(".repeat(MANY), &limits).is_err());
    let calls = "a.B(".repeat(MANY) + "1" + &")".repeat(MANY);
    assert_eq!(
        evaluate_when(&calls, &limits),
        Err(WhenError::TooDeep { limit: 64 })
    );
    let deepest = "(".repeat(64) + "true" + &")".repeat(64);
    assert_eq!(evaluate_when(&deepest, &limits), Ok(true));

    let deep = Depends::parse(&"(".repeat(MANY), &limits);
    assert_eq!(deep, Err(DependsError::TooDeep { at: 64, limit: 64 }));
    let deep = Depends::parse(&"!(".repeat(MANY), &limits);
    assert_eq!(deep, Err(DependsError::TooDeep { at: 129, limit: 64 }));
    assert!(Depends::parse(&format!("{}a{}", "(".repeat(64), ")".repeat(64)), &limits).is_ok());
}

#[test]
fn braces_by_the_thousand_are_read_in_one_go() {
    let pieces = [
        "{{",
        "}}",
        "{",
        "}",
        "{{{",
        "}}}",
        "{{a",
        "{{a{{b}}",
        "{{a{{b}}{{c}}",
        "{{a{{b}}.c}}",
        "{{ ",
        "{{a{{",
        "{{=",
        "{{= a }}",
        "{{a}",
        "{{a\u{0}}}",
        "{{é{{a}}",
        "{{a{{b}}é",
    ];
    for piece in pieces {
        for end in ["", "}}", "}}}}", "{{a}}", "{{a{{b}}}}"] {
            // Quadratic work on this many would not end in any patience.
            let source = piece.repeat(MANY / 4) + end;
            let text = Text::parse(&source);
            assert_eq!(text.source(), source, "{piece} {end}");
        }
    }
}

#[test]
fn values_multiply_only_up_to_the_limit() {
    struct Long(String);
    impl Scope for Long {
        fn look_up(&self, _: &str) -> Lookup<'_> {
            Lookup::Value(Cow::Borrowed(&self.0))
        }
    }
    let scope = Long("x".repeat(MANY));
    let text = Text::parse(&"{{item}}".repeat(9_000));
    let limit = Limits::default().bytes;
    let rendered = text.render(&scope, &Limits::default());
    assert_eq!(rendered, Err(RenderError::TooLong { limit }));
}

#[test]
fn control_characters_are_characters() {
    assert_eq!(
        evaluate_when("'\u{0}' == '\u{0}'", &Limits::default()),
        Ok(true)
    );
    assert_eq!(
        evaluate_when("'\u{1b}[2J' == ''", &Limits::default()),
        Ok(false)
    );
    let error = evaluate_when("\u{0} == 1", &Limits::default());
    assert!(matches!(error, Err(WhenError::Invalid { .. })), "{error:?}");
    let error = Depends::parse("a\u{1b} && b", &Limits::default()).expect_err("no name");
    let words = "unexpected `\\u{1b}`, expected `&&`, `||` or `)`";
    assert_eq!((error.at(), error.to_string().as_str()), (1, words));
    let rendered = Text::parse("\u{0}{{a}}\u{7f}").render(&Everything, &Limits::default());
    assert_eq!(
        rendered.as_deref(),
        Ok("\u{0}{{item}} }} {{= x }} \u{0}\u{7f}")
    );
}

/// A small generator of random numbers (xorshift), the same ones each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}

const WORDS: &[&str] = &[
    "{{",
    "}}",
    "{{=",
    "(",
    ")",
    "[",
    "]",
    "'",
    "\"",
    "\\",
    " ",
    "&&",
    "||",
    "!",
    "!=",
    "==",
    "=~",
    "!~",
    ">",
    "<<",
    "in",
    "?",
    ":",
    "??",
    ",",
    "+",
    "-",
    "**",
    "%",
    "~",
    "0x",
    "1",
    "9.5",
    "1e9",
    "a",
    "a.",
    ".Failed",
    "A.Succeeded",
    "true",
    "false",
    "é",
    "\u{0}",
    "\n",
    "2024-01-01",
    "3:04PM",
    "'2024-02-30'",
    "Thu Feb 29 12:30:15 GMT+2 2024",
    "steps.a",
    "$",
    "^",
    "٣",
    "ß",
    "\u{2028}",
];

#[test]
fn nothing_panics_on_anything() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let limits = Limits {
        depth: 8,
        steps: 200,
        bytes: 400,
        tags: 20,
    };
    let mut verdicts = 0;
    for round in 0..20_000 {
        let mut input = String::new();
        for _ in 0..random.below(14) {
            if round % 4 == 0 {
                let bytes: Vec<u8> = (0..4).map(|_| random.below(256) as u8).collect();
                input.push_str(&String::from_utf8_lossy(&bytes));
            } else {
                input.push_str(WORDS[random.below(WORDS.len())]);
                if random.below(3) > 0 {
                    input.push(' ');
                }
            }
        }
        let text = Text::parse(&input);
        assert_eq!(text.source(), input);
        assert!(
            text.tags()
                .all(|tag| input[tag.at..].starts_with(&tag.source)),
            "{input:?}"
        );
        let rendered = text.render(&Everything, &limits).unwrap_or_default();
        assert!(rendered.len() <= limits.bytes);
        match evaluate_when(&input, &limits) {
            Ok(_) => verdicts += 1,
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        match Depends::parse(&input, &limits) {
            Ok(depends) => drop(depends.eval(&mut |_, _| random.below(2) == 0)),
            Err(error) => assert!(input.is_char_boundary(error.at()), "{input:?}"),
        }
        nearest(&input, WORDS.iter().copied());
    }
    assert!(verdicts > 100, "the words are badly chosen: {verdicts}");
}
