//! Which kind of token may follow which.
//!
//! The table decides most errors that a person meets (two words in a row, a word where an operator
//! must stand), and its words stand in node messages; both are govaluate's.

use super::Fault;
use super::token::Token;

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What stands before the first token.
    Start,
    Prefix,
    Number,
    Bool,
    Text,
    Pattern,
    Time,
    Variable,
    Accessor,
    Separator,
    Comparator,
    Logical,
    Modifier,
    Open,
    Close,
    Ternary,
}

impl Kind {
    /// The word in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Start => "UNKNOWN",
            Kind::Prefix => "PREFIX",
            Kind::Number => "NUMERIC",
            Kind::Bool => "BOOLEAN",
            Kind::Text => "STRING",
            Kind::Pattern => "PATTERN",
            Kind::Time => "TIME",
            Kind::Variable => "VARIABLE",
            Kind::Accessor => "ACCESSOR",
            Kind::Separator => "SEPARATOR",
            Kind::Comparator => "COMPARATOR",
            Kind::Logical => "LOGICALOP",
            Kind::Modifier => "MODIFIER",
            Kind::Open => "CLAUSE",
            Kind::Close => "CLAUSE_CLOSE",
            Kind::Ternary => "TERNARY",
        }
    }

    /// Whether an expression may end behind it.
    fn may_end(self) -> bool {
        matches!(
            self,
            Kind::Close
                | Kind::Number
                | Kind::Bool
                | Kind::Text
                | Kind::Time
                | Kind::Pattern
                | Kind::Variable
                | Kind::Accessor
        )
    }

    /// Whether `next` may follow.
    pub(super) fn may_precede(self, next: Kind) -> bool {
        use Kind::*;
        let is_word = matches!(next, Number | Bool | Variable);
        match self {
            Start | Open | Comparator => {
                let is_operand = is_word || matches!(next, Accessor | Text | Time | Pattern);
                is_operand || matches!(next, Prefix | Open) || (self != Start && next == Close)
            }
            Close => {
                is_word
                    || is_operator(next)
                    || matches!(next, Text | Pattern | Time | Open | Ternary)
            }
            Number | Bool | Text | Variable => is_operator(next) || next == Ternary,
            Time | Pattern => is_operator(next),
            Accessor => is_operator(next) || matches!(next, Ternary | Open),
            Modifier => is_word || matches!(next, Prefix | Accessor | Text | Open | Close),
            Logical => is_word || matches!(next, Prefix | Accessor | Text | Time | Open | Close),
            Prefix => is_word || matches!(next, Accessor | Open | Close),
            Ternary => {
                is_word || matches!(next, Prefix | Accessor | Text | Time | Open | Separator)
            }
            Separator => is_word || matches!(next, Prefix | Accessor | Text | Time | Open),
        }
    }
}

/// What may follow every complete operand.
fn is_operator(next: Kind) -> bool {
    matches!(
        next,
        Kind::Modifier | Kind::Comparator | Kind::Logical | Kind::Close | Kind::Separator
    )
}

/// Checks that every token may stand behind the one before it, and the last one at the end.
pub(super) fn check(tokens: &[Token]) -> Result<(), Fault> {
    let mut before: Option<&Token> = None;
    for token in tokens {
        let from = before.map_or(Kind::Start, Token::kind);
        let to = token.kind();
        if !from.may_precede(to) {
            if let (Some(Token::Variable(word)), Kind::Open) = (before, to) {
                return Err(Fault::Reason(format!("Undefined function {word}")));
            }
            let value = before.map_or_else(|| "<nil>".to_owned(), Token::to_string);
            return Err(Fault::Reason(format!(
                "Cannot transition token types from {} [{value}] to {} [{token}]",
                from.name(),
                to.name(),
            )));
        }
        before = Some(token);
    }
    match before {
        Some(last) if last.kind().may_end() => Ok(()),
        _ => Err(Fault::Reason("Unexpected end of expression".to_owned())),
    }
}
