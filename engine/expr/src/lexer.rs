//! One lexer for `when` and `depends`.

use crate::Limits;

/// A token and where it begins (byte offset).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) at: usize,
    pub(crate) kind: TokenKind,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    /// A number.
    Number(f64),
    /// Text in quotes.
    Text(String),
    /// A bare word, or one in brackets.
    Word(String),
    /// An operator or a parenthesis.
    Op(&'static str),
}

/// Why a source cannot be cut into tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LexError {
    Unclosed { at: usize, what: &'static str },
    Unknown { at: usize, character: char },
    TooLong,
}

/// Operators, longer ones first.
const OPS: [&str; 30] = [
    "==", "!=", ">=", "<=", "=~", "!~", "&&", "||", "**", "<<", ">>", "??", ">", "<", "!", "+",
    "-", "*", "/", "%", "&", "|", "^", "~", "?", ":", "(", ")", ",", "=",
];

/// Cuts `source` into tokens. `dashes`: a dash inside a word belongs to it (`depends`).
pub(crate) fn lex(source: &str, dashes: bool, limits: &Limits) -> Result<Vec<Token>, LexError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        if tokens.len() >= limits.steps {
            return Err(LexError::TooLong);
        }
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (kind, length) = if c == '\'' || c == '"' {
            quoted(source, at, c)?
        } else if c == '[' {
            let end = source[at..].find(']').ok_or(LexError::Unclosed {
                at,
                what: "bracket",
            })?;
            (
                TokenKind::Word(source[at + 1..at + end].to_owned()),
                end + 1,
            )
        } else if c.is_ascii_digit() && !dashes {
            number(&source[at..])
        } else if c.is_alphanumeric() || c == '_' {
            let fits =
                |c: char| c.is_alphanumeric() || c == '_' || c == '.' || (dashes && c == '-');
            let length = source[at..].find(|c| !fits(c)).unwrap_or(source.len() - at);
            (TokenKind::Word(source[at..at + length].to_owned()), length)
        } else {
            let op = OPS.iter().find(|op| source[at..].starts_with(**op));
            let op = op.ok_or(LexError::Unknown { at, character: c })?;
            (TokenKind::Op(op), op.len())
        };
        tokens.push(Token { at, kind });
        at += length;
    }
    Ok(tokens)
}

fn quoted(source: &str, at: usize, quote: char) -> Result<(TokenKind, usize), LexError> {
    let mut text = String::new();
    let mut escaped = false;
    for (offset, c) in source[at + 1..].char_indices() {
        if escaped {
            text.push(c);
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return Ok((TokenKind::Text(text), offset + 2));
        } else {
            text.push(c);
        }
    }
    Err(LexError::Unclosed { at, what: "string" })
}

fn number(rest: &str) -> (TokenKind, usize) {
    if let Some(hex) = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
        let digits = hex
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(hex.len());
        if let Ok(value) = u64::from_str_radix(&hex[..digits], 16) {
            return (TokenKind::Number(value as f64), digits + 2);
        }
    }
    let mut length = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    if let Some(exponent) = rest[length..].strip_prefix(['e', 'E']) {
        let signed = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let digits = signed
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(signed.len());
        if digits > 0 {
            length += 1 + (exponent.len() - signed.len()) + digits;
        }
    }
    // A word may begin with digits (`2x`): it is one, then.
    let tail = rest[length..].find(|c: char| !c.is_alphanumeric() && c != '_');
    let tail = tail.unwrap_or(rest.len() - length);
    match rest[..length].parse::<f64>() {
        Ok(value) if tail == 0 => (TokenKind::Number(value), length),
        _ => (
            TokenKind::Word(rest[..length + tail].to_owned()),
            length + tail,
        ),
    }
}
