//! Reads a `depends` expression into steps.
//!
//! A loop with its own stack of waiting operators (`!` before `&&` before `||`) instead of
//! functions that call each other: neither a long chain nor a million parentheses can use up the
//! call stack.

use super::{DependsError, Outcome, Step};
use crate::Limits;
use crate::lex::{Cursor, is_task_name};
use crate::nearest;

const OPERAND: &str = "a task, `!` or `(`";
const OPERATOR: &str = "`&&`, `||` or `)`";

/// An operator or a parenthesis that waits for what stands to its right.
enum Waiting {
    Not,
    And,
    Or,
    Open { at: usize },
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    limits: &'a Limits,
    steps: Vec<Step>,
    waiting: Vec<Waiting>,
    depth: usize,
    count: usize,
}

pub(super) fn steps(source: &str, limits: &Limits) -> Result<Vec<Step>, DependsError> {
    if source.trim().is_empty() {
        return Err(DependsError::Empty);
    }
    let mut reader = Reader {
        cursor: Cursor::new(source),
        limits,
        steps: Vec::new(),
        waiting: Vec::new(),
        depth: 0,
        count: 0,
    };
    loop {
        reader.operand()?;
        if !reader.operator()? {
            return Ok(reader.steps);
        }
    }
}

impl Reader<'_> {
    /// Any number of `!` and `(`, then a name.
    fn operand(&mut self) -> Result<(), DependsError> {
        loop {
            self.begin_token()?;
            let at = self.cursor.at();
            if self.cursor.eat("!") {
                // Two in a row cancel out, so a long row of them needs no room.
                match self.waiting.last() {
                    Some(Waiting::Not) => drop(self.waiting.pop()),
                    _ => self.waiting.push(Waiting::Not),
                }
            } else if self.cursor.eat("(") {
                self.depth += 1;
                if self.depth > self.limits.depth {
                    return Err(DependsError::TooDeep {
                        at,
                        limit: self.limits.depth,
                    });
                }
                self.waiting.push(Waiting::Open { at });
            } else {
                return self.name();
            }
        }
    }

    /// Any number of `)`, then `&&` or `||`; false at the end of the expression.
    fn operator(&mut self) -> Result<bool, DependsError> {
        loop {
            self.begin_token()?;
            let at = self.cursor.at();
            if self.cursor.eat(")") {
                self.settle(|waiting| !matches!(waiting, Waiting::Open { .. }));
                if self.waiting.pop().is_none() {
                    return Err(unexpected(at, ")", "an operator or the end"));
                }
                self.depth -= 1;
                self.settle(|waiting| matches!(waiting, Waiting::Not));
            } else if self.cursor.eat("&&") {
                self.settle(|waiting| matches!(waiting, Waiting::Not | Waiting::And));
                self.waiting.push(Waiting::And);
                return Ok(true);
            } else if self.cursor.eat("||") {
                self.settle(|waiting| !matches!(waiting, Waiting::Open { .. }));
                self.waiting.push(Waiting::Or);
                return Ok(true);
            } else if let Some(found) = self.cursor.peek() {
                return Err(unexpected(at, &found.escape_debug().to_string(), OPERATOR));
            } else {
                self.settle(|waiting| !matches!(waiting, Waiting::Open { .. }));
                return match self.waiting.last() {
                    Some(Waiting::Open { at }) => Err(DependsError::EndedEarly {
                        at: *at,
                        expected: "`)` for this `(`",
                    }),
                    _ => Ok(false),
                };
            }
        }
    }

    /// `task` or `task.Outcome`.
    fn name(&mut self) -> Result<(), DependsError> {
        let at = self.cursor.at();
        let task = self.cursor.eat_while(is_task_name).to_owned();
        if task.is_empty() {
            return match self.cursor.peek() {
                None => Err(DependsError::EndedEarly {
                    at,
                    expected: OPERAND,
                }),
                Some(found) => Err(unexpected(at, &found.escape_debug().to_string(), OPERAND)),
            };
        }
        if task.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return Err(DependsError::BadName { at, name: task });
        }
        let mut outcome = None;
        if self.cursor.eat(".") {
            let at = self.cursor.at();
            let selector = self.cursor.eat_while(|c| is_task_name(c) || c == '.');
            outcome = Outcome::parse(selector);
            if outcome.is_none() {
                let selector = selector.to_owned();
                let nearest = nearest(&selector, Outcome::ALL.map(Outcome::as_str));
                return Err(DependsError::Selector {
                    at,
                    task,
                    selector,
                    nearest,
                });
            }
        }
        self.steps.push(Step::Ask { task, outcome });
        self.settle(|waiting| matches!(waiting, Waiting::Not));
        Ok(())
    }

    /// Moves waiting operators behind their operands, as long as `ready` says so.
    fn settle(&mut self, ready: impl Fn(&Waiting) -> bool) {
        while let Some(operator) = self.waiting.pop_if(|waiting| ready(waiting)) {
            match operator {
                Waiting::Not => self.steps.push(Step::Not),
                Waiting::And => self.steps.push(Step::And),
                Waiting::Or => self.steps.push(Step::Or),
                Waiting::Open { .. } => {}
            }
        }
    }

    fn begin_token(&mut self) -> Result<(), DependsError> {
        self.cursor.eat_while(char::is_whitespace);
        self.count += 1;
        // The end of the expression counts as well, hence one more.
        if self.count > self.limits.steps.saturating_add(1) {
            return Err(DependsError::TooManySteps {
                at: self.cursor.at(),
                limit: self.limits.steps,
            });
        }
        Ok(())
    }
}

fn unexpected(at: usize, found: &str, expected: &'static str) -> DependsError {
    DependsError::Unexpected {
        at,
        found: found.to_owned(),
        expected,
    }
}
