//! Cuts a condition into tokens.
//!
//! The classes of characters, and how far each reads, follow govaluate: a run of signs is one token
//! (`a==-5` has the token `==-`, which is none), a backslash takes the next character as it is, and
//! what a run of signs means depends on whether an operand may come next.

use std::fmt;

use super::date::{self, Moment};
use super::order::Kind;
use super::{Fault, number};
use crate::Limits;
use crate::lex::Cursor;

/// One token. Displays as in messages about misplaced tokens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Prefix(Op),
    Number(f64),
    Bool(bool),
    Text(String),
    /// The right side of `=~` or `!~`, when it stands there as a string.
    Pattern(String),
    Time(Moment),
    Variable(String),
    /// A word with dots, which govaluate takes for a field of a structure.
    Accessor(String),
    Separator,
    Comparator(Op),
    Logical(Op),
    Modifier(Op),
    Ternary(Op),
    Open,
    Close,
}

/// An operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Negate,
    Invert,
    BitNot,
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Matches,
    MatchesNot,
    In,
    And,
    Or,
    Plus,
    Minus,
    Times,
    Divide,
    Modulus,
    Power,
    BitAnd,
    BitOr,
    BitXor,
    ShiftRight,
    ShiftLeft,
    Then,
    Else,
    Coalesce,
    Comma,
}

impl Op {
    /// As written.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Op::Negate | Op::Minus => "-",
            Op::Invert => "!",
            Op::BitNot => "~",
            Op::Equal => "==",
            Op::NotEqual => "!=",
            Op::Greater => ">",
            Op::GreaterEqual => ">=",
            Op::Less => "<",
            Op::LessEqual => "<=",
            Op::Matches => "=~",
            Op::MatchesNot => "!~",
            Op::In => "in",
            Op::And => "&&",
            Op::Or => "||",
            Op::Plus => "+",
            Op::Times => "*",
            Op::Divide => "/",
            Op::Modulus => "%",
            Op::Power => "**",
            Op::BitAnd => "&",
            Op::BitOr => "|",
            Op::BitXor => "^",
            Op::ShiftRight => ">>",
            Op::ShiftLeft => "<<",
            Op::Then => "?",
            Op::Else => ":",
            Op::Coalesce => "??",
            Op::Comma => ",",
        }
    }
}

impl Token {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Token::Prefix(_) => Kind::Prefix,
            Token::Number(_) => Kind::Number,
            Token::Bool(_) => Kind::Bool,
            Token::Text(_) => Kind::Text,
            Token::Pattern(_) => Kind::Pattern,
            Token::Time(_) => Kind::Time,
            Token::Variable(_) => Kind::Variable,
            Token::Accessor(_) => Kind::Accessor,
            Token::Separator => Kind::Separator,
            Token::Comparator(_) => Kind::Comparator,
            Token::Logical(_) => Kind::Logical,
            Token::Modifier(_) => Kind::Modifier,
            Token::Ternary(_) => Kind::Ternary,
            Token::Open => Kind::Open,
            Token::Close => Kind::Close,
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Prefix(op)
            | Token::Comparator(op)
            | Token::Logical(op)
            | Token::Modifier(op)
            | Token::Ternary(op) => formatter.write_str(op.symbol()),
            Token::Number(value) => formatter.write_str(&number::written(*value)),
            Token::Bool(value) => write!(formatter, "{value}"),
            Token::Text(word) | Token::Pattern(word) | Token::Variable(word) => {
                formatter.write_str(word)
            }
            Token::Time(moment) => write!(formatter, "{moment}"),
            Token::Accessor(path) => write!(formatter, "[{}]", path.replace('.', " ")),
            Token::Separator => formatter.write_str(","),
            // govaluate keeps parentheses as code points, and prints them so.
            Token::Open => formatter.write_str("40"),
            Token::Close => formatter.write_str("41"),
        }
    }
}

/// The tokens of a condition, parentheses balanced.
pub(super) fn tokens(expression: &str, limits: &Limits) -> Result<Vec<Token>, Fault> {
    let mut cursor = Cursor::new(expression);
    let mut found: Vec<Token> = Vec::new();
    loop {
        cursor.eat_while(char::is_whitespace);
        let Some(first) = cursor.peek() else { break };
        if found.len() >= limits.steps {
            return Err(Fault::TooManySteps);
        }
        let before = found.last().map_or(Kind::Start, Token::kind);
        found.push(token(&mut cursor, first, before)?);
    }
    let open = found.iter().filter(|token| **token == Token::Open).count();
    let close = found.iter().filter(|token| **token == Token::Close).count();
    if open != close {
        return Err(reason("Unbalanced parenthesis"));
    }
    Ok(found)
}

fn reason(words: impl Into<String>) -> Fault {
    Fault::Reason(words.into())
}

fn token(cursor: &mut Cursor<'_>, first: char, before: Kind) -> Result<Token, Fault> {
    if is_number(first) {
        return read_number(cursor);
    }
    if first.is_alphabetic() {
        let is_name = |c: char| c.is_alphabetic() || is_digit(c) || c == '_' || c == '.';
        return word(read_word(cursor, is_name)?);
    }
    match first {
        ',' => {
            cursor.bump();
            Ok(Token::Separator)
        }
        '(' => {
            cursor.bump();
            Ok(Token::Open)
        }
        ')' => {
            cursor.bump();
            Ok(Token::Close)
        }
        '[' => {
            let inside = read_quoted(cursor, |c| c == ']')?;
            inside
                .map(Token::Variable)
                .ok_or_else(|| reason("Unclosed parameter bracket"))
        }
        '\'' | '"' => {
            let inside = read_quoted(cursor, |c| c == '\'' || c == '"')?;
            let inside = inside.ok_or_else(|| reason("Unclosed string literal"))?;
            Ok(match date::parse(&inside) {
                Some(moment) => Token::Time(moment),
                None => Token::Text(inside),
            })
        }
        _ => {
            let signs = read_word(cursor, is_sign)?;
            operator(&signs, before).ok_or_else(|| reason(format!("Invalid token: '{signs}'")))
        }
    }
}

fn read_number(cursor: &mut Cursor<'_>) -> Result<Token, Fault> {
    // A hexadecimal number needs something behind its `x`, be it wrong; else it is `0`, then `x`.
    if cursor.rest().len() > 2 && cursor.eat("0x") {
        // Spaces may stand between `0x` and its digits.
        cursor.eat_while(char::is_whitespace);
        let digits = read_word(cursor, |c| c.is_ascii_hexdigit())?;
        return match u64::from_str_radix(&digits, 16) {
            Ok(value) if !digits.starts_with('+') => Ok(Token::Number(value as f64)),
            _ => Err(reason(format!(
                "Unable to parse hex value '{digits}' to uint64\n"
            ))),
        };
    }
    let digits = read_word(cursor, is_number)?;
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Token::Number(value)),
        _ => Err(reason(format!(
            "Unable to parse numeric value '{digits}' to float64\n"
        ))),
    }
}

fn word(word: String) -> Result<Token, Fault> {
    match word.as_str() {
        "true" => return Ok(Token::Bool(true)),
        "false" => return Ok(Token::Bool(false)),
        "in" | "IN" => return Ok(Token::Comparator(Op::In)),
        _ if !word.contains('.') => return Ok(Token::Variable(word)),
        _ => {}
    }
    if word.ends_with('.') {
        return Err(reason(format!("Hanging accessor on token '{word}'")));
    }
    for field in word.split('.').skip(1) {
        // Only upper case can be reached from outside; what has no case counts as upper.
        if field
            .chars()
            .next()
            .is_some_and(|c| c.to_uppercase().ne([c]))
        {
            return Err(reason(format!(
                "Unable to access unexported field '{field}' in token '{word}'"
            )));
        }
    }
    Ok(Token::Accessor(word))
}

/// What a run of signs means behind a token of the kind `before`.
fn operator(signs: &str, before: Kind) -> Option<Token> {
    if before.may_precede(Kind::Prefix) {
        match signs {
            "-" => return Some(Token::Prefix(Op::Negate)),
            "!" => return Some(Token::Prefix(Op::Invert)),
            "~" => return Some(Token::Prefix(Op::BitNot)),
            _ => {}
        }
    }
    Some(match signs {
        "+" => Token::Modifier(Op::Plus),
        "-" => Token::Modifier(Op::Minus),
        "*" => Token::Modifier(Op::Times),
        "/" => Token::Modifier(Op::Divide),
        "%" => Token::Modifier(Op::Modulus),
        "**" => Token::Modifier(Op::Power),
        "&" => Token::Modifier(Op::BitAnd),
        "|" => Token::Modifier(Op::BitOr),
        "^" => Token::Modifier(Op::BitXor),
        ">>" => Token::Modifier(Op::ShiftRight),
        "<<" => Token::Modifier(Op::ShiftLeft),
        "&&" => Token::Logical(Op::And),
        "||" => Token::Logical(Op::Or),
        "==" => Token::Comparator(Op::Equal),
        "!=" => Token::Comparator(Op::NotEqual),
        ">" => Token::Comparator(Op::Greater),
        ">=" => Token::Comparator(Op::GreaterEqual),
        "<" => Token::Comparator(Op::Less),
        "<=" => Token::Comparator(Op::LessEqual),
        "=~" => Token::Comparator(Op::Matches),
        "!~" => Token::Comparator(Op::MatchesNot),
        // Reached with backslashes only, as letters are no signs.
        "in" => Token::Comparator(Op::In),
        "?" => Token::Ternary(Op::Then),
        ":" => Token::Ternary(Op::Else),
        "??" => Token::Ternary(Op::Coalesce),
        _ => return None,
    })
}

/// Reads what `keep` wants; a space or any other character ends it, a backslash takes the next
/// character whatever it is.
fn read_word(cursor: &mut Cursor<'_>, keep: impl Fn(char) -> bool) -> Result<String, Fault> {
    let mut word = String::new();
    while let Some(next) = cursor.peek() {
        if next == '\\' {
            cursor.bump();
            word.push(escaped(cursor)?);
        } else if !next.is_whitespace() && keep(next) {
            cursor.bump();
            word.push(next);
        } else {
            break;
        }
    }
    Ok(word)
}

/// Reads from an opening character to one that `closes`; nothing if none comes.
fn read_quoted(
    cursor: &mut Cursor<'_>,
    closes: impl Fn(char) -> bool,
) -> Result<Option<String>, Fault> {
    let mut inside = String::new();
    cursor.bump();
    while let Some(next) = cursor.bump() {
        if next == '\\' {
            inside.push(escaped(cursor)?);
        } else if closes(next) {
            return Ok(Some(inside));
        } else {
            inside.push(next);
        }
    }
    Ok(None)
}

/// The character behind a backslash. At the end there is none, where govaluate panics.
fn escaped(cursor: &mut Cursor<'_>) -> Result<char, Fault> {
    cursor
        .bump()
        .ok_or_else(|| reason("Unexpected end of expression"))
}

fn is_digit(c: char) -> bool {
    // Digits of other scripts are no numbers, but may stand in names.
    c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric())
}

fn is_number(c: char) -> bool {
    is_digit(c) || c == '.'
}

fn is_sign(c: char) -> bool {
    !(is_digit(c) || c.is_alphabetic() || "()[]'\"".contains(c))
}
