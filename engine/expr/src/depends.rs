//! `depends`: when a task may begin (argo.md §5).

use crate::Limits;
use crate::lexer::{LexError, Token, TokenKind, lex};
use crate::nearest;

/// A parsed `depends`, as postfix, so that evaluating needs no recursion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depends {
    ops: Vec<Op>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Op {
    Task {
        name: String,
        outcome: Option<Outcome>,
    },
    Not,
    And,
    Or,
}

/// How a task must have ended: the selector after the dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// `.Succeeded`.
    Succeeded,
    /// `.Failed`.
    Failed,
    /// `.Errored`.
    Errored,
    /// `.Skipped`.
    Skipped,
    /// `.Omitted`.
    Omitted,
    /// `.Daemoned`.
    Daemoned,
    /// `.AnySucceeded`, of a loop's tasks.
    AnySucceeded,
    /// `.AllFailed`, of a loop's tasks.
    AllFailed,
}

const OUTCOMES: [(&str, Outcome); 8] = [
    ("Succeeded", Outcome::Succeeded),
    ("Failed", Outcome::Failed),
    ("Errored", Outcome::Errored),
    ("Skipped", Outcome::Skipped),
    ("Omitted", Outcome::Omitted),
    ("Daemoned", Outcome::Daemoned),
    ("AnySucceeded", Outcome::AnySucceeded),
    ("AllFailed", Outcome::AllFailed),
];

/// Why a `depends` cannot be read; `at` is a byte offset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DependsError {
    /// A selector that does not exist.
    #[error("task result '{selector}' for task '{task}' is invalid")]
    Selector {
        /// Where.
        at: usize,
        /// The task.
        task: String,
        /// What stands after the dot.
        selector: String,
        /// The selector that may be meant.
        nearest: Option<&'static str>,
    },
    /// Anything else.
    #[error("{reason}")]
    Syntax {
        /// Where.
        at: usize,
        /// What is wrong.
        reason: String,
    },
}

fn syntax<T>(at: usize, reason: impl Into<String>) -> Result<T, DependsError> {
    Err(DependsError::Syntax {
        at,
        reason: reason.into(),
    })
}

impl Depends {
    /// Reads a `depends`.
    ///
    /// # Errors
    /// [`DependsError`] with the place.
    pub fn parse(source: &str, limits: &Limits) -> Result<Depends, DependsError> {
        let tokens = lex(source, true, limits).or_else(|error| match error {
            LexError::Unclosed { at, what } => syntax(at, format!("unclosed {what}")),
            LexError::Unknown { at, character } => syntax(at, format!("unexpected '{character}'")),
            LexError::TooLong => syntax(0, format!("more than {} words", limits.steps)),
        })?;
        let mut parser = Parser {
            tokens: &tokens,
            at: 0,
            depth: 0,
            limits,
            ops: Vec::new(),
        };
        parser.or()?;
        match tokens.get(parser.at) {
            Some(token) => syntax(token.at, "something follows that does not belong there"),
            None => Ok(Depends { ops: parser.ops }),
        }
    }

    /// All these tasks by their bare names, joined by AND: what `dependencies` means.
    #[must_use]
    pub fn from_dependencies(names: &[String]) -> Depends {
        let mut ops = Vec::with_capacity(names.len() * 2);
        for (at, name) in names.iter().enumerate() {
            ops.push(Op::Task {
                name: name.clone(),
                outcome: None,
            });
            if at > 0 {
                ops.push(Op::And);
            }
        }
        Depends { ops }
    }

    /// The tasks mentioned, each once, in order of mention.
    #[must_use]
    pub fn tasks(&self) -> Vec<&str> {
        let mut tasks: Vec<&str> = Vec::new();
        for op in &self.ops {
            if let Op::Task { name, .. } = op
                && !tasks.contains(&name.as_str())
            {
                tasks.push(name);
            }
        }
        tasks
    }

    /// The truth, given what is true of each task; no selector means the bare name.
    pub fn eval(&self, of: &mut dyn FnMut(&str, Option<Outcome>) -> bool) -> bool {
        let mut stack: Vec<bool> = Vec::new();
        for op in &self.ops {
            let truth = match op {
                Op::Task { name, outcome } => of(name, *outcome),
                Op::Not => !stack.pop().unwrap_or(false),
                Op::And | Op::Or => {
                    let right = stack.pop().unwrap_or(false);
                    let left = stack.pop().unwrap_or(false);
                    if *op == Op::And {
                        left && right
                    } else {
                        left || right
                    }
                }
            };
            stack.push(truth);
        }
        stack.pop().unwrap_or(true)
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    limits: &'a Limits,
    ops: Vec<Op>,
}

impl Parser<'_> {
    fn take(&mut self, op: &str) -> bool {
        let is_it = matches!(self.tokens.get(self.at), Some(Token { kind: TokenKind::Op(o), .. }) if *o == op);
        self.at += usize::from(is_it);
        is_it
    }

    fn end(&self) -> usize {
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .map_or(0, |token| token.at)
    }

    fn or(&mut self) -> Result<(), DependsError> {
        self.and()?;
        while self.take("||") {
            self.and()?;
            self.ops.push(Op::Or);
        }
        Ok(())
    }

    fn and(&mut self) -> Result<(), DependsError> {
        self.not()?;
        while self.take("&&") {
            self.not()?;
            self.ops.push(Op::And);
        }
        Ok(())
    }

    fn not(&mut self) -> Result<(), DependsError> {
        let mut negated = false;
        while self.take("!") {
            negated = !negated;
        }
        if self.take("(") {
            self.depth += 1;
            if self.depth > self.limits.depth {
                return syntax(self.end(), "nested too deeply");
            }
            self.or()?;
            self.depth -= 1;
            if !self.take(")") {
                return syntax(self.end(), "a parenthesis is not closed");
            }
        } else {
            self.task()?;
        }
        if negated {
            self.ops.push(Op::Not);
        }
        Ok(())
    }

    fn task(&mut self) -> Result<(), DependsError> {
        let Some(Token {
            at,
            kind: TokenKind::Word(word),
        }) = self.tokens.get(self.at)
        else {
            return syntax(self.end(), "a task's name is missing");
        };
        self.at += 1;
        let (name, outcome) = match word.split_once('.') {
            None => (word.as_str(), None),
            Some((name, selector)) => {
                let found = OUTCOMES.iter().find(|(word, _)| *word == selector);
                let Some((_, outcome)) = found else {
                    return Err(DependsError::Selector {
                        at: *at,
                        task: name.to_owned(),
                        selector: selector.to_owned(),
                        nearest: nearest(selector, OUTCOMES.map(|(word, _)| word)),
                    });
                };
                (name, Some(*outcome))
            }
        };
        self.ops.push(Op::Task {
            name: name.to_owned(),
            outcome,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(source: &str, good: &[&str]) -> bool {
        let depends = Depends::parse(source, &Limits::default()).expect(source);
        depends.eval(&mut |name, outcome| match outcome {
            None | Some(Outcome::Succeeded) => good.contains(&name),
            Some(Outcome::Failed) => !good.contains(&name),
            Some(_) => false,
        })
    }

    #[test]
    fn evaluates() {
        for (source, good, truth) in [
            ("a", &["a"][..], true),
            ("a && b", &["a"], false),
            ("a || b", &["b"], true),
            ("!a", &[], true),
            ("!!a", &["a"], true),
            ("a.Failed && (b || c-1.Succeeded)", &["c-1"], true),
            ("a || b && c", &["a"], true),
            ("(a || b) && c", &["a"], false),
            ("!(a && b)", &["a"], true),
            ("a.Omitted", &["a"], false),
        ] {
            assert_eq!(eval(source, good), truth, "{source}");
        }
        let names = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let joined = Depends::from_dependencies(&names);
        assert_eq!(joined.tasks(), ["a", "b", "c"]);
        assert!(joined.eval(&mut |_, _| true));
        assert!(!joined.eval(&mut |name, _| name != "b"));
    }

    #[test]
    fn faults_have_a_place() {
        let parse = |source: &str| Depends::parse(source, &Limits::default());
        assert_eq!(
            parse("b && first.Succeded"),
            Err(DependsError::Selector {
                at: 5,
                task: "first".into(),
                selector: "Succeded".into(),
                nearest: Some("Succeeded"),
            })
        );
        for source in ["", "a &&", "(a", "a b", "a & b", "&& a", "a)"] {
            assert!(parse(source).is_err(), "{source}");
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(parse(&("a && ".repeat(4_000) + "a")).is_ok());
    }
}
