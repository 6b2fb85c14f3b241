//! What `when` accepts, refuses and answers, row by row.

use super::{WhenError, evaluate_when};
use crate::Limits;

/// Conditions and their verdicts. All were put to the evaluator that Argo uses, as were the faults.
const VERDICTS: &[(&str, bool)] = &[
    ("", true),
    ("heads == heads", true),
    ("heads == tails", false),
    ("Succeeded != Failed", true),
    ("10 > 9", true),
    ("'10' > '9'", false),
    ("10 == '10'", false),
    ("10 == 10.0", true),
    ("0x0a == 10", true),
    ("0x ff == 255", true),
    ("10 % 3 == 1", true),
    ("2024-01-01 == 2023-01-00", true),
    ("red == red && a != b", true),
    ("(red == blue) || !(a == b)", true),
    ("!(red == red || false)", false),
    ("true", true),
    ("false", false),
    ("red == red ? false : true", false),
    ("false ? true : false", false),
    ("apple < pear", true),
    ("'us-east' == 'us-east'", true),
    ("us\\-east == 'us-east'", true),
    ("\"v1.2.3\" == \"v1.2.3\"", true),
    (
        "'https://example.org/a b' != 'https://example.org/a b'",
        false,
    ),
    ("'' == ''", true),
    ("'it\\'s' == \"it\\'s\"", true),
    ("'tab\\t' == tabt", true),
    ("[a b] == 'a b'", true),
    ("[true] == 'true'", true),
    ("[true] == true", false),
    ("true == 'true'", false),
    ("a in (a, b)", true),
    ("c in (a, b)", false),
    ("1 in (2, 1)", true),
    ("'1' in (2, 1)", false),
    ("a IN (b, (c, a))", false),
    ("a in ((b, c), a)", true),
    ("3 - 2 - 1 == 0", true),
    ("2 ** 3 ** 2 == 64", true),
    ("2 + 3 * 4 == 14", true),
    ("(2 + 3) * 4 == 20", true),
    ("-2 ** 2 == 4", true),
    ("5 - -3 == 8", true),
    ("7 & 3 | 8 == 11", true),
    ("1 << 3 == 8", true),
    ("256 >> 4 == 16", true),
    ("1 << 64 == 0", true),
    ("~5 == -6", true),
    ("6 ^ 3 == 5", true),
    ("1 << 2 + 1 == 8", true),
    ("1 / 0 > 1000000", true),
    ("0 / 0 == 0 / 0", false),
    ("-7 % 3 == -1", true),
    ("'a' + 1 == a1", true),
    ("1 + 'a' == '1a'", true),
    ("'a' + true == atrue", true),
    ("1\\e5 == 100000", true),
    (".5 + 1. == 1.5", true),
    ("() == ()", true),
    ("(a == ) == true", false),
    ("(false ? 1) == ()", true),
    ("true ?? false", true),
    ("(false ? 1) ?? true", true),
    ("true : false", true),
    ("false && 1", false),
    ("true || 1", true),
    ("false && v1.2", false),
    ("a == a == true", true),
    ("(a == a) b", true),
    ("((a) b == a)", true),
    ("(true)(false)", true),
    ("'2024-01-01' == '2024-01-01 00:00'", true),
    ("'2024-01-01' < '2024-02-01'", true),
    ("'2024-01-01T00:00:00Z' == '2024-01-01'", true),
    ("'2024-01-01' == 1704067200", true),
    ("'2024-01-01x' > '2024-01-01y'", false),
    ("hello =~ ell", true),
    ("hello =~ '^ell'", false),
    ("hello =~ '^hello$'", true),
    ("hello !~ 'lo$'", false),
    ("été == été", true),
    ("Zebra < apple", true),
    ("'a' < 'ab'", true),
    ("a==b&&c==d", false),
    ("(true) == (1, 2)", false),
];

/// The variants of [`WhenError`], for the table.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Invalid,
    Unparsable,
    Failed,
    NotBool,
}
use Fault::{Failed, Invalid, NotBool, Unparsable};

/// Conditions without a verdict, and what is wrong with them.
const FAULTS: &[(&str, Fault, &str)] = &[
    ("1 + 1", NotBool, "2"),
    ("'word'", NotBool, "word"),
    (
        "us-east == us-east",
        Failed,
        "Value 'us' cannot be used with the modifier '-', it is not a number",
    ),
    (
        "a b == c",
        Invalid,
        "Cannot transition token types from VARIABLE [a] to VARIABLE [b]",
    ),
    (
        "a b",
        Invalid,
        "Cannot transition token types from VARIABLE [a] to VARIABLE [b]",
    ),
    ("v1.2.3 == v1", Failed, "No parameter 'v1' found."),
    (
        "a.b == c",
        Invalid,
        "Unable to access unexported field 'b' in token 'a.b'",
    ),
    ("a.Bc == d", Failed, "No parameter 'a' found."),
    ("a. == b", Invalid, "Hanging accessor on token 'a.'"),
    (
        "5 > abc",
        Failed,
        "Value '5' cannot be used with the comparator '>', it is not a number",
    ),
    (
        "a < 1",
        Failed,
        "Value 'a' cannot be used with the comparator '<', it is not a number",
    ),
    (
        "true < false",
        Failed,
        "Value 'true' cannot be used with the comparator '<', it is not a number",
    ),
    (
        "a && true",
        Failed,
        "Value 'a' cannot be used with the logical operator '&&', it is not a bool",
    ),
    (
        "true && a",
        Failed,
        "Value 'a' cannot be used with the logical operator '&&', it is not a bool",
    ),
    (
        "1 || true",
        Failed,
        "Value '1' cannot be used with the logical operator '||', it is not a bool",
    ),
    ("!1", Failed, "Value '1' cannot be used with the prefix '!'"),
    (
        "-'a' == 1",
        Invalid,
        "Cannot transition token types from PREFIX [-] to STRING [a]",
    ),
    (
        "!abc",
        Unparsable,
        "Cannot transition token types from PREFIX [!] to STRING [abc]",
    ),
    (
        "-abc == 1",
        Unparsable,
        "Cannot transition token types from PREFIX [-] to STRING [abc]",
    ),
    (
        "a - 1 == 0",
        Failed,
        "Value 'a' cannot be used with the modifier '-', it is not a number",
    ),
    (
        "1 + true",
        Failed,
        "Value '1' cannot be used with the modifier '+', it is not a number",
    ),
    (
        "true + true",
        Failed,
        "Value 'true' cannot be used with the modifier '+', it is not a number",
    ),
    (
        "1 * a",
        Failed,
        "Value 'a' cannot be used with the modifier '*', it is not a number",
    ),
    (
        "2 ** a",
        Failed,
        "Value 'a' cannot be used with the modifier '**', it is not a number",
    ),
    (
        "1 in 2",
        Failed,
        "Value '2' cannot be used with the comparator 'in', it is not a number",
    ),
    (
        "1 in ()",
        Failed,
        "Value '<nil>' cannot be used with the comparator 'in', it is not a number",
    ),
    (
        "1 =~ a",
        Failed,
        "Value '1' cannot be used with the comparator '=~', it is not a number",
    ),
    (
        "a =~ 1",
        Failed,
        "Value '1' cannot be used with the comparator '=~', it is not a number",
    ),
    (
        "1 ? true : false",
        Failed,
        "Value '1' cannot be used with the ternary operator '?', it is not a bool",
    ),
    ("true ? 1 : 2", NotBool, "1"),
    ("false ? 1", NotBool, "<nil>"),
    ("(1, a, true)", NotBool, "[1 a true]"),
    ("1, 2", NotBool, "[1 2]"),
    ("a = b", Invalid, "Invalid token: '='"),
    ("a === b", Invalid, "Invalid token: '==='"),
    ("a==-1", Invalid, "Invalid token: '==-'"),
    ("true &&& false", Invalid, "Invalid token: '&&&'"),
    ("_a == b", Invalid, "Invalid token: '_'"),
    (
        "{{inputs.parameters.x}} == a",
        Invalid,
        "Invalid token: '{{'",
    ),
    ("http://x == y", Invalid, "Invalid token: '://'"),
    ("a @ b", Invalid, "Invalid token: '@'"),
    ("1 == ", Invalid, "Unexpected end of expression"),
    ("(1 == 1", Invalid, "Unbalanced parenthesis"),
    ("1 == 1)", Invalid, "Unbalanced parenthesis"),
    (
        ")(",
        Invalid,
        "Cannot transition token types from UNKNOWN [<nil>] to CLAUSE_CLOSE [41]",
    ),
    ("' '", NotBool, " "),
    ("'open", Invalid, "Unclosed string literal"),
    ("it's == b", Invalid, "Unclosed string literal"),
    ("[open", Invalid, "Unclosed parameter bracket"),
    ("foo(1)", Invalid, "Undefined function foo"),
    ("foo.Bar(1)", Failed, "No parameter 'foo' found."),
    (
        "127.0.0.1 == a",
        Invalid,
        "Unable to parse numeric value '127.0.0.1' to float64\n",
    ),
    (
        "1.2.3 == 1.2.3",
        Invalid,
        "Unable to parse numeric value '1.2.3' to float64\n",
    ),
    (
        "0x > 0",
        Invalid,
        "Unable to parse hex value '' to uint64\n",
    ),
    (
        "0x1g == 1",
        Invalid,
        "Cannot transition token types from NUMERIC [1] to VARIABLE [g]",
    ),
    (
        "100 200",
        Invalid,
        "Cannot transition token types from NUMERIC [100] to NUMERIC [200]",
    ),
    (
        "> 1",
        Invalid,
        "Cannot transition token types from UNKNOWN [<nil>] to COMPARATOR [>]",
    ),
    (
        "a > < b",
        Invalid,
        "Cannot transition token types from COMPARATOR [>] to COMPARATOR [<]",
    ),
    ("!!true", Invalid, "Invalid token: '!!'"),
    ("! !true", Invalid, "Invalid token: '!'"),
    (
        "true ? '2024-01-01' ? 1 : 2",
        Invalid,
        "Cannot transition token types from TIME [2024-01-01 \
         00:00:00 +0000 UTC] to TERNARY [?]",
    ),
    (
        "a ? , b",
        Invalid,
        "Unable to plan token kind: 'SEPARATOR', value: ','",
    ),
    (
        "1 == 1 ? 2 , : 3",
        Invalid,
        "Cannot transition token types from SEPARATOR [,] to TERNARY [:]",
    ),
    (
        "'2024-01-01' 'x'",
        Invalid,
        "Cannot transition token types from TIME [2024-01-01 \
         00:00:00 +0000 UTC] to STRING [x]",
    ),
    ("]", Invalid, "Invalid token: ''"),
    ("{\"a\": 1} == b", Invalid, "Invalid token: '{'"),
    (
        "1 << true",
        Failed,
        "Value 'true' cannot be used with the modifier '<<', it is not a number",
    ),
    (
        "() && true",
        Failed,
        "Value '<nil>' cannot be used with the logical operator '&&', it is not a bool",
    ),
    ("123456789 * 10", NotBool, "1.23456789e+09"),
    ("0.00001 * 1", NotBool, "1e-05"),
    ("2 ** 100", NotBool, "1.2676506002282294e+30"),
    (
        "'2024-01-01' > '9'",
        Failed,
        "Value '1.7040672e+09' cannot be used with the comparator '>', it is not a number",
    ),
    ("a \\", Invalid, "Unexpected end of expression"),
    (
        "a =~ 'b.*'",
        Invalid,
        "the regular expression 'b.*' is not supported yet",
    ),
    (
        "a =~ (b + '|')",
        Failed,
        "the regular expression 'b|' is not supported yet",
    ),
    (
        "(1, 2) in ((1, 2), (1, 2))",
        Failed,
        "a list cannot be sought in a list",
    ),
];

const HINT: &str = " (hint: try wrapping the affected expression in quotes (\"))";

#[test]
fn gives_verdicts() {
    for (expression, expected) in VERDICTS {
        let verdict = evaluate_when(expression, &Limits::default());
        assert_eq!(verdict, Ok(*expected), "{expression}");
    }
}

#[test]
fn says_what_is_wrong() {
    for (expression, fault, words) in FAULTS {
        let (of, mut reason) = match evaluate_when(expression, &Limits::default()) {
            Err(WhenError::Invalid { reason, .. }) => (Invalid, reason),
            Err(WhenError::Unparsable { reason, .. }) => (Unparsable, reason),
            Err(WhenError::Failed { reason, .. }) => (Failed, reason),
            Err(WhenError::NotBool { value, .. }) => (NotBool, value),
            other => panic!("{expression}: {other:?}"),
        };
        if reason.starts_with("Invalid token") {
            reason = reason
                .strip_suffix(HINT)
                .expect("every such message has it")
                .to_owned();
        }
        assert_eq!((of, reason.as_str()), (*fault, *words), "{expression}");
    }
}

#[test]
fn a_string_made_on_the_way_has_a_limit() {
    // Each parenthesis joins a number to the string: printed, it is longer than written.
    let limits = Limits {
        bytes: 60,
        ..Limits::default()
    };
    let twice = |count: usize| format!("(a{}) == a", " + 2 ** .5".repeat(count));
    assert_eq!(evaluate_when(&twice(2), &limits), Ok(false));
    assert_eq!(
        evaluate_when(&twice(4), &limits),
        Err(WhenError::TooLong { limit: 60 })
    );
}

#[test]
fn messages_are_worded_as_recorded() {
    let rows = [
        ("1 + 1", "Expected boolean evaluation for '1 + 1'. Got 2"),
        (
            "us-east == us-east",
            "Failed to evaluate 'when' expresion 'us-east == us-east': \
             Value 'us' cannot be used with the modifier '-', it is not a number",
        ),
        (
            "a b == c",
            "Invalid 'when' expression 'a b == c': \
             Cannot transition token types from VARIABLE [a] to VARIABLE [b]",
        ),
        (
            "!a",
            "Failed to parse 'when' expression '!a': \
             Cannot transition token types from PREFIX [!] to STRING [a]",
        ),
        (
            "a @ b",
            "Invalid 'when' expression 'a @ b': Invalid token: '@' \
             (hint: try wrapping the affected expression in quotes (\"))",
        ),
    ];
    for (expression, expected) in rows {
        let error = evaluate_when(expression, &Limits::default()).expect_err(expression);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn stays_within_its_limits() {
    let limits = Limits {
        depth: 3,
        steps: 9,
        bytes: 40,
        ..Limits::default()
    };
    let rows = [
        ("(((true)))", Ok(true)),
        ("((((true))))", Err(WhenError::TooDeep { limit: 3 })),
        (
            "((true)) && ((true)",
            Err(WhenError::TooManySteps { limit: 9 }),
        ),
        ("1 + 1 + 1 + 1 == 4", Ok(true)),
        (
            "1 + 1 + 1 + 1 + 1 == 5",
            Err(WhenError::TooManySteps { limit: 9 }),
        ),
        ("1 in (2, 1)", Ok(true)),
        ("1 in (2, 3, 4)", Err(WhenError::TooManySteps { limit: 9 })),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa == aa", Ok(false)),
        (
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa == aa",
            Err(WhenError::TooLong { limit: 40 }),
        ),
    ];
    for (expression, expected) in rows {
        assert_eq!(evaluate_when(expression, &limits), expected, "{expression}");
    }
}
