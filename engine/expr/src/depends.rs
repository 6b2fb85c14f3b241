//! `depends`: which outcomes of other tasks let a task of a DAG begin.
//!
//! `A.Succeeded && (B.Failed || C)`. Only the shape is known here; what a bare name means, and what
//! became of a task, the caller answers. There is no short circuit: Argo waits for every task that
//! is mentioned, so nothing is gained by skipping one.

mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::Limits;

/// A `depends` expression, read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depends {
    /// The expression with every operator behind what it works on. Never deeper than the
    /// parentheses were, and evaluated by a loop.
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Ask {
        task: String,
        outcome: Option<Outcome>,
    },
    Not,
    And,
    Or,
}

/// What a selector behind a task's name asks for, as in `A.Failed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// The task ended in phase Succeeded.
    Succeeded,
    /// The task ended in phase Failed.
    Failed,
    /// The task ended in phase Error.
    Errored,
    /// The task's `when` was false.
    Skipped,
    /// The task's own `depends` was false.
    Omitted,
    /// The task runs as a daemon and is ready.
    Daemoned,
    /// At least one item of a looped task succeeded.
    AnySucceeded,
    /// Every item of a looped task failed, and there was one.
    AllFailed,
}

/// Why a `depends` expression cannot be read. Offsets count bytes from its beginning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DependsError {
    /// There is nothing but spaces.
    #[error("depends is empty")]
    Empty,
    /// Something stands where it cannot; `found` is the character or the operator.
    #[error("unexpected `{found}`, expected {expected}")]
    Unexpected {
        /// Where it stands.
        at: usize,
        /// What stands there.
        found: String,
        /// What could stand there, in words.
        expected: &'static str,
    },
    /// The expression ends where more must follow.
    #[error("depends ends too early, expected {expected}")]
    EndedEarly {
        /// Where it ends, or where the parenthesis stands that is never closed.
        at: usize,
        /// What must follow, in words.
        expected: &'static str,
    },
    /// A name that begins with a digit or a hyphen, which Argo does not take in `depends`.
    #[error("task name `{name}` cannot be used in depends: it must begin with a letter or `_`")]
    BadName {
        /// Where the name begins.
        at: usize,
        /// The name as written.
        name: String,
    },
    /// A word behind the dot that is no outcome; in Argo's words.
    #[error("task result '{selector}' for task '{task}' is invalid")]
    Selector {
        /// Where the word begins.
        at: usize,
        /// The task before the dot.
        task: String,
        /// The word behind the dot.
        selector: String,
        /// The outcome that was probably meant.
        nearest: Option<&'static str>,
    },
    /// Parentheses nest deeper than [`Limits::depth`].
    #[error("parentheses nest deeper than {limit}")]
    TooDeep {
        /// Where the first parenthesis too many stands.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// More names and operators than [`Limits::steps`].
    #[error("depends has more than {limit} names and operators")]
    TooManySteps {
        /// Where the first one too many stands.
        at: usize,
        /// The limit.
        limit: usize,
    },
}

impl DependsError {
    /// Where the fault lies, in bytes from the beginning of the expression.
    pub fn at(&self) -> usize {
        match self {
            DependsError::Empty => 0,
            DependsError::Unexpected { at, .. }
            | DependsError::EndedEarly { at, .. }
            | DependsError::BadName { at, .. }
            | DependsError::Selector { at, .. }
            | DependsError::TooDeep { at, .. }
            | DependsError::TooManySteps { at, .. } => *at,
        }
    }
}

impl Outcome {
    /// All of them, in the order of Argo's documentation.
    pub const ALL: [Outcome; 8] = [
        Outcome::Succeeded,
        Outcome::Failed,
        Outcome::Errored,
        Outcome::Skipped,
        Outcome::Omitted,
        Outcome::Daemoned,
        Outcome::AnySucceeded,
        Outcome::AllFailed,
    ];

    /// The word in an expression.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Succeeded => "Succeeded",
            Outcome::Failed => "Failed",
            Outcome::Errored => "Errored",
            Outcome::Skipped => "Skipped",
            Outcome::Omitted => "Omitted",
            Outcome::Daemoned => "Daemoned",
            Outcome::AnySucceeded => "AnySucceeded",
            Outcome::AllFailed => "AllFailed",
        }
    }

    fn parse(word: &str) -> Option<Outcome> {
        Outcome::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Depends {
    /// Reads an expression of names, outcomes, `&&`, `||`, `!` and parentheses.
    ///
    /// # Errors
    /// See [`DependsError`]; the first one from the left.
    pub fn parse(source: &str, limits: &Limits) -> Result<Depends, DependsError> {
        Ok(Depends {
            steps: parse::steps(source, limits)?,
        })
    }

    /// What `dependencies` means: all these bare names, joined by AND. Without names it is true.
    pub fn from_dependencies(names: &[String]) -> Depends {
        let mut steps = Vec::with_capacity(names.len() * 2);
        for (index, name) in names.iter().enumerate() {
            steps.push(Step::Ask {
                task: name.clone(),
                outcome: None,
            });
            if index > 0 {
                steps.push(Step::And);
            }
        }
        Depends { steps }
    }

    /// The tasks it asks about, each once, in the order of their first mention.
    pub fn tasks(&self) -> Vec<&str> {
        let mut seen = std::collections::BTreeSet::new();
        self.asked()
            .map(|(task, _)| task)
            .filter(|task| seen.insert(*task))
            .collect()
    }

    /// Every question in it from left to right: a task with the outcome asked for, or without one
    /// for a bare name. Repeated as often as it is written.
    pub fn asked(&self) -> impl Iterator<Item = (&str, Option<Outcome>)> {
        self.steps.iter().filter_map(|step| match step {
            Step::Ask { task, outcome } => Some((task.as_str(), *outcome)),
            Step::Not | Step::And | Step::Or => None,
        })
    }

    /// Whether it holds, by what `of` answers about each task and outcome. A bare name asks with
    /// `None`: Succeeded, Skipped or Daemoned, widened by that task's `continueOn`.
    pub fn eval(&self, of: &mut dyn FnMut(&str, Option<Outcome>) -> bool) -> bool {
        let mut stack = Vec::new();
        for step in &self.steps {
            let value = match step {
                Step::Ask { task, outcome } => of(task, *outcome),
                Step::Not => !pop(&mut stack),
                Step::And => pop(&mut stack) & pop(&mut stack),
                Step::Or => pop(&mut stack) | pop(&mut stack),
            };
            stack.push(value);
        }
        pop(&mut stack)
    }
}

/// The top of the stack. It is empty only for `dependencies: []`, which is true.
fn pop(stack: &mut Vec<bool>) -> bool {
    stack.pop().unwrap_or(true)
}
