//! The language of `when`: govaluate's, read after the tags are put in (argo.md §5).
//!
//! Bare words are text. Both sides of a comparison must be of one kind, except `==` and `!=`, which
//! are simply false and true then. A Pratt parser with loops: chains do not recurse, parentheses
//! and prefixes are counted.

use crate::Limits;
use crate::lexer::{LexError, Token, TokenKind, lex};
use crate::value::{Value, date};

/// Why a `when` is not a truth.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// It cannot be read.
    #[error("Invalid 'when' expression '{expression}': {reason}")]
    Invalid {
        /// The expression with its values.
        expression: String,
        /// What is wrong.
        reason: String,
    },
    /// It cannot be worked out.
    #[error("Failed to evaluate 'when' expresion '{expression}': {reason}")]
    Failed {
        /// The expression with its values.
        expression: String,
        /// What is wrong.
        reason: String,
    },
    /// It is something else than true or false.
    #[error("Expected boolean evaluation for '{expression}'. Got {value}")]
    NotBool {
        /// The expression with its values.
        expression: String,
        /// What it is.
        value: String,
    },
}

/// Works out a `when` whose tags are put in.
///
/// # Errors
/// [`WhenError`] with Argo's words.
pub fn evaluate_when(expression: &str, limits: &Limits) -> Result<bool, WhenError> {
    let invalid = |reason| WhenError::Invalid {
        expression: expression.to_owned(),
        reason,
    };
    let tokens = lex(expression, false, limits).map_err(|error| invalid(lex_words(&error)))?;
    check_order(&tokens).map_err(invalid)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
        limits,
    };
    let value = parser.expression(0).and_then(|value| match parser.peek() {
        Some(_) => Err(Fault::Invalid("Unbalanced parenthesis".to_owned())),
        None => Ok(value),
    });
    match value {
        Ok(Value::Bool(truth)) => Ok(truth),
        Ok(value) => Err(WhenError::NotBool {
            expression: expression.to_owned(),
            value: value.to_string(),
        }),
        Err(Fault::Invalid(reason)) => Err(invalid(reason)),
        Err(Fault::Failed(reason)) => Err(WhenError::Failed {
            expression: expression.to_owned(),
            reason,
        }),
    }
}

fn lex_words(error: &LexError) -> String {
    match error {
        LexError::Unclosed { what, at } => format!("Unclosed {what} at position {at}"),
        LexError::Unknown { character, .. } => format!("Invalid token: '{character}'"),
        LexError::TooLong => "the expression is too long".to_owned(),
    }
}

enum Fault {
    Invalid(String),
    Failed(String),
}

fn is_value(token: &Token) -> bool {
    matches!(
        token.kind,
        TokenKind::Number(_) | TokenKind::Text(_) | TokenKind::Word(_)
    ) && !is_in(token)
}

fn is_in(token: &Token) -> bool {
    matches!(&token.kind, TokenKind::Word(word) if word == "in")
}

/// Two values in a row are refused with govaluate's words.
fn check_order(tokens: &[Token]) -> Result<(), String> {
    if tokens.is_empty() {
        return Err("Unexpected end of expression".to_owned());
    }
    match tokens
        .windows(2)
        .find(|pair| is_value(&pair[0]) && is_value(&pair[1]))
    {
        Some([a, b]) => {
            let (a, b) = (kind_words(a), kind_words(b));
            Err(format!("Cannot transition token types from {a} to {b}"))
        }
        Some(_) | None => Ok(()),
    }
}

fn kind_words(token: &Token) -> String {
    match &token.kind {
        TokenKind::Number(number) => format!("NUMERIC [{number}]"),
        TokenKind::Text(text) => format!("STRING [{text}]"),
        TokenKind::Word(word) if word == "true" || word == "false" => format!("BOOLEAN [{word}]"),
        TokenKind::Word(word) => format!("VARIABLE [{word}]"),
        TokenKind::Op(op) => format!("OPERATOR [{op}]"),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    limits: &'a Limits,
}

/// How strongly an operator binds, weakest first; `?` and `:` are handled apart.
fn binding(token: &Token) -> Option<(u8, &'static str)> {
    let TokenKind::Op(op) = token.kind else {
        return is_in(token).then_some((40, "in"));
    };
    let strength = match op {
        "?" => 5,
        "??" => 8,
        "||" => 10,
        "&&" => 20,
        "==" | "!=" | ">" | "<" | ">=" | "<=" | "=~" | "!~" => 40,
        "&" | "|" | "^" | "<<" | ">>" => 50,
        "+" | "-" => 60,
        "*" | "/" | "%" => 70,
        "**" => 80,
        _ => return None,
    };
    Some((strength, op))
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take_op(&mut self, op: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Token { kind: TokenKind::Op(o), .. }) if *o == op);
        self.at += usize::from(is_it);
        is_it
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(Fault::Invalid(
                "the expression is nested too deeply".to_owned(),
            ));
        }
        let value = inner(self);
        self.depth -= 1;
        value
    }

    fn expression(&mut self, at_least: u8) -> Result<Value, Fault> {
        let mut left = self.prefix()?;
        while let Some((strength, op)) = self.peek().and_then(binding) {
            if strength < at_least {
                break;
            }
            self.at += 1;
            if op == "?" {
                left = self.choice(left)?;
                continue;
            }
            let right = self.deeper(|parser| parser.expression(strength + 1))?;
            left = apply(op, left, right)?;
        }
        Ok(left)
    }

    fn choice(&mut self, condition: Value) -> Result<Value, Fault> {
        let Value::Bool(truth) = condition else {
            let words = format!(
                "Value '{condition}' cannot be used with the ternary operator \
                                 '?', it is not a bool"
            );
            return Err(Fault::Failed(words));
        };
        let yes = self.deeper(|parser| parser.expression(6))?;
        if !self.take_op(":") {
            return Err(Fault::Invalid("'?' without ':'".to_owned()));
        }
        let no = self.deeper(|parser| parser.expression(5))?;
        Ok(if truth { yes } else { no })
    }

    fn prefix(&mut self) -> Result<Value, Fault> {
        let Some(token) = self.tokens.get(self.at) else {
            return Err(Fault::Invalid("Unexpected end of expression".to_owned()));
        };
        self.at += 1;
        match &token.kind {
            TokenKind::Number(number) => Ok(Value::Number(*number)),
            TokenKind::Text(text) => {
                Ok(date(text).map_or_else(|| Value::Text(text.clone()), Value::Number))
            }
            TokenKind::Word(word) if word == "true" => Ok(Value::Bool(true)),
            TokenKind::Word(word) if word == "false" => Ok(Value::Bool(false)),
            TokenKind::Word(word) => Ok(Value::Text(word.clone())),
            TokenKind::Op("(") => self.deeper(Parser::list),
            TokenKind::Op("!") => match self.deeper(|parser| parser.expression(90))? {
                Value::Bool(truth) => Ok(Value::Bool(!truth)),
                other => Err(misused(&other, "!", "bool")),
            },
            TokenKind::Op(op @ ("-" | "~")) => {
                match self.deeper(|parser| parser.expression(90))? {
                    Value::Number(n) if *op == "-" => Ok(Value::Number(-n)),
                    Value::Number(n) => Ok(Value::Number(!(n as i64) as f64)),
                    other => Err(misused(&other, op, "number")),
                }
            }
            TokenKind::Op(op) => Err(Fault::Invalid(format!("Unexpected operator '{op}'"))),
        }
    }

    /// What stands in parentheses: a value, or a list of several for `in`.
    fn list(&mut self) -> Result<Value, Fault> {
        let mut values = vec![self.expression(0)?];
        while self.take_op(",") {
            values.push(self.expression(0)?);
        }
        if !self.take_op(")") {
            return Err(Fault::Invalid("Unbalanced parenthesis".to_owned()));
        }
        Ok(if values.len() == 1 {
            values.remove(0)
        } else {
            Value::List(values)
        })
    }
}

fn misused(value: &Value, op: &str, kind: &str) -> Fault {
    let what = match op {
        "==" | "!=" | ">" | "<" | ">=" | "<=" => "comparator",
        "&&" | "||" => "logical operator",
        "!" => "prefix",
        _ => "modifier",
    };
    Fault::Failed(format!(
        "Value '{value}' cannot be used with the {what} '{op}', it is not a {kind}"
    ))
}

fn apply(op: &'static str, left: Value, right: Value) -> Result<Value, Fault> {
    match op {
        "==" => Ok(Value::Bool(left == right)),
        "!=" => Ok(Value::Bool(left != right)),
        "&&" | "||" => match (&left, &right) {
            (Value::Bool(a), Value::Bool(b)) => {
                Ok(Value::Bool(if op == "&&" { *a && *b } else { *a || *b }))
            }
            (Value::Bool(_), other) | (other, _) => Err(misused(other, op, "bool")),
        },
        "in" => match right {
            Value::List(list) => Ok(Value::Bool(list.contains(&left))),
            other => Err(misused(&other, "in", "array")),
        },
        "??" => Ok(left),
        "=~" | "!~" => Err(Fault::Failed(format!("'{op}' is not supported yet"))),
        ">" | "<" | ">=" | "<=" => compare(op, &left, &right),
        _ => arithmetic(op, &left, &right),
    }
}

fn compare(op: &'static str, left: &Value, right: &Value) -> Result<Value, Fault> {
    let order = match (left, right) {
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Number(_) | Value::Text(_), other) | (other, _) => {
            return Err(misused(other, op, "number"));
        }
    };
    let Some(order) = order else {
        return Ok(Value::Bool(false));
    };
    Ok(Value::Bool(match op {
        ">" => order.is_gt(),
        "<" => order.is_lt(),
        ">=" => order.is_ge(),
        _ => order.is_le(),
    }))
}

fn arithmetic(op: &'static str, left: &Value, right: &Value) -> Result<Value, Fault> {
    if op == "+" && (matches!(left, Value::Text(_)) || matches!(right, Value::Text(_))) {
        return Ok(Value::Text(format!("{left}{right}")));
    }
    let (a, b) = match (left, right) {
        (Value::Number(a), Value::Number(b)) => (*a, *b),
        (Value::Number(_), other) | (other, _) => return Err(misused(other, op, "number")),
    };
    let shift = |n: f64| u32::try_from(n as i64).unwrap_or(0).min(63);
    Ok(Value::Number(match op {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "%" => a % b,
        "**" => a.powf(b),
        "&" => ((a as i64) & (b as i64)) as f64,
        "|" => ((a as i64) | (b as i64)) as f64,
        "^" => ((a as i64) ^ (b as i64)) as f64,
        "<<" => ((a as i64) << shift(b)) as f64,
        _ => ((a as i64) >> shift(b)) as f64,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(expression: &str) -> Result<bool, String> {
        evaluate_when(expression, &Limits::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn truths() {
        for (expression, truth) in [
            ("1 == 1", true),
            ("1 == 2", false),
            ("heads == heads", true),
            ("heads == tails", false),
            ("'us-east' == 'us-east'", true),
            ("\"a b\" != 'a b'", false),
            ("10 == '10'", false),
            ("'10' > '9'", false),
            ("10 > 9", true),
            ("1.50 == 1.5", true),
            ("0x10 == 16", true),
            ("2 + 3 * 4 == 14", true),
            ("2 ** 3 == 8", true),
            ("7 % 4 >= 3", true),
            ("true", true),
            ("!true", false),
            ("!(red == red || false)", false),
            ("red == red ? false : true", false),
            ("red == blue ? false : true", true),
            ("a == a && b == b", true),
            ("a == b || b == b", true),
            ("false || true && false", false),
            ("a in (a, b)", true),
            ("c in (a, b)", false),
            ("abc < abd", true),
            ("'2024-01-02' > '2024-01-01'", true),
            ("-1 < 0", true),
            ("1 << 4 == 16", true),
            ("[a b] == 'a b'", true),
            ("'it\\'s' == 'it\\'s'", true),
            ("'' == ''", true),
        ] {
            assert_eq!(verdict(expression), Ok(truth), "{expression}");
        }
    }

    #[test]
    fn faults_have_argos_words() {
        for (expression, words) in [
            (
                "us-east == us-east",
                "Failed to evaluate 'when' expresion 'us-east == us-east': Value 'us' cannot be \
                 used with the modifier '-', it is not a number",
            ),
            ("1 + 1", "Expected boolean evaluation for '1 + 1'. Got 2"),
            (
                "a b == c",
                "Invalid 'when' expression 'a b == c': Cannot transition token types from \
                 VARIABLE [a] to VARIABLE [b]",
            ),
            (
                "",
                "Invalid 'when' expression '': Unexpected end of expression",
            ),
            (
                "(1 == 1",
                "Invalid 'when' expression '(1 == 1': Unbalanced parenthesis",
            ),
            (
                "1 == 1)",
                "Invalid 'when' expression '1 == 1)': Unbalanced parenthesis",
            ),
            (
                "'a == b",
                "Invalid 'when' expression ''a == b': Unclosed string at position 0",
            ),
        ] {
            assert_eq!(verdict(expression), Err(words.to_owned()), "{expression}");
        }
        assert!(verdict("1 > true").is_err());
        assert!(verdict("a && b").is_err());
    }

    /// Chains, nesting and noise end within the limits.
    #[test]
    fn hostile_input_ends() {
        let chain = "1+".repeat(100_000) + "1 == 1";
        assert!(verdict(&chain).is_err());
        let long = "true && ".repeat(4_000) + "true";
        assert_eq!(verdict(&long), Ok(true));
        assert!(verdict(&"(".repeat(100_000)).is_err());
        assert!(verdict(&"!".repeat(9_000)).is_err());
        let mut state = 88_172_645_463_325_252_u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let pool = b"ab1.'\"()!=<>&|+-*/%^~?:,[] \0\xc3";
                text.push(char::from(pool[(state % pool.len() as u64) as usize]));
            }
            let _ = verdict(&text);
            let _ = crate::Depends::parse(&text, &Limits::default());
            let _ = crate::Text::parse(&text);
        }
    }
}
