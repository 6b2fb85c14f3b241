//! `when`: whether a step or task begins at all.
//!
//! Argo puts values in place of tags as text, and then hands the text to a general evaluator
//! (govaluate) in which it turns every bare word into a string. That evaluator has habits that
//! files rely on, knowingly or not: operators must stand apart, either quote ends a string, what
//! looks like a date is a number, and whatever follows a closed parenthesis without an operator is
//! ignored. They are all kept, and so are its error texts, as they end up in node messages.
//!
//! An expression becomes tokens, is checked for what may follow what, becomes a flat list of steps,
//! and is evaluated by a loop.

mod date;
mod eval;
mod number;
mod order;
mod pattern;
mod program;
#[cfg(test)]
mod tests;
mod token;
mod value;

use crate::Limits;
use token::Token;
use value::Value;

/// Why a condition has no verdict. Displays as Argo words it; `expression` is the whole condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// The condition cannot be read.
    #[error("Invalid 'when' expression '{expression}': {reason}")]
    Invalid {
        /// The condition, with values in place of tags.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The condition can be read, but not with its bare words taken as strings: `!word`.
    #[error("Failed to parse 'when' expression '{expression}': {reason}")]
    Unparsable {
        /// The condition, with values in place of tags.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value is of the wrong type for its operator. (The slip in the word is Argo's.)
    #[error("Failed to evaluate 'when' expresion '{expression}': {reason}")]
    Failed {
        /// The condition, with values in place of tags.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The condition is something else than true or false.
    #[error("Expected boolean evaluation for '{expression}'. Got {value}")]
    NotBool {
        /// The condition, with values in place of tags.
        expression: String,
        /// What it is.
        value: String,
    },
    /// Parentheses nest deeper than [`Limits::depth`].
    #[error("'when' expression nests parentheses deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More tokens or steps than [`Limits::steps`].
    #[error("'when' expression takes more than {limit} steps")]
    TooManySteps {
        /// The limit.
        limit: usize,
    },
    /// The condition, or a string it makes, is longer than [`Limits::bytes`].
    #[error("'when' expression is or makes a text longer than {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// What stops the reading or the evaluation of a condition, before it is known whose fault it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    /// Something wrong with the condition, in the words of the evaluator that Argo uses.
    Reason(String),
    TooDeep,
    TooManySteps,
    TooLong,
}

/// Evaluates a condition whose tags are already replaced. An empty one is true.
///
/// # Errors
/// See [`WhenError`].
pub fn evaluate_when(expression: &str, limits: &Limits) -> Result<bool, WhenError> {
    if expression.is_empty() {
        return Ok(true);
    }
    if expression.len() > limits.bytes {
        return Err(WhenError::TooLong {
            limit: limits.bytes,
        });
    }
    let expression_text = || expression.to_owned();
    let invalid = |reason| WhenError::Invalid {
        expression: expression_text(),
        reason,
    };
    let unparsable = |reason| WhenError::Unparsable {
        expression: expression_text(),
        reason,
    };
    let failed = |reason| WhenError::Failed {
        expression: expression_text(),
        reason,
    };

    let mut tokens = token::tokens(expression, limits)
        .map_err(|fault| name_fault(with_hint(fault), limits, invalid))?;
    // Argo reads a condition twice: as it stands, and with its bare words turned into strings. What
    // may follow what, and so the words of the error, differs.
    program::compile(&mut tokens, limits).map_err(|fault| name_fault(fault, limits, invalid))?;
    for token in &mut tokens {
        if let Token::Variable(word) = token {
            *token = Token::Text(std::mem::take(word));
        }
    }
    let program = program::compile(&mut tokens, limits)
        .map_err(|fault| name_fault(fault, limits, unparsable))?;
    let value = eval::run(program, limits).map_err(|fault| name_fault(fault, limits, failed))?;
    match value {
        Value::Bool(verdict) => Ok(verdict),
        other => Err(WhenError::NotBool {
            expression: expression_text(),
            value: other.to_string(),
        }),
    }
}

/// Argo adds a hint when something is no token at all: mostly a value that wants quotes.
fn with_hint(fault: Fault) -> Fault {
    match fault {
        Fault::Reason(reason) if reason.contains("Invalid token") => Fault::Reason(format!(
            "{reason} (hint: try wrapping the affected expression in quotes (\"))"
        )),
        other => other,
    }
}

fn name_fault(
    fault: Fault,
    limits: &Limits,
    reasoned: impl FnOnce(String) -> WhenError,
) -> WhenError {
    match fault {
        Fault::Reason(reason) => reasoned(reason),
        Fault::TooDeep => WhenError::TooDeep {
            limit: limits.depth,
        },
        Fault::TooManySteps => WhenError::TooManySteps {
            limit: limits.steps,
        },
        Fault::TooLong => WhenError::TooLong {
            limit: limits.bytes,
        },
    }
}
