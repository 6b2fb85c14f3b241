//! Turns tokens into a flat list of steps.
//!
//! Operators of one level are taken in a loop and bind to the left (`**` too, and `? :`, as in
//! govaluate); a level calls the next tighter one at most, so the call stack grows with parentheses
//! only, and those are counted.

use std::iter::{Cloned, Peekable};

use super::Fault;
use super::order;
use super::pattern::Pattern;
use super::token::{Op, Token};
use super::value::Value;
use crate::Limits;

/// One step of an evaluation, which works on a stack of values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Puts a value on the stack.
    Push(Value),
    /// A word with dots: there are no structures, so it fails by the name before the first dot.
    Access(String),
    /// Replaces the topmost value.
    Prefix(Op),
    /// If the topmost value already decides the operator, goes on behind it, at `to`.
    Decide { op: Op, to: usize },
    /// Replaces the two topmost values.
    Join(Op),
}

/// Checks the order of tokens and makes steps of them. On the way, strings that stand on the right
/// side of a match become patterns, and stay so: the order that a second reading allows is another
/// one.
pub(super) fn compile(tokens: &mut [Token], limits: &Limits) -> Result<Vec<Step>, Fault> {
    order::check(tokens)?;
    for index in 1..tokens.len() {
        let is_match = matches!(
            tokens[index - 1],
            Token::Comparator(Op::Matches | Op::MatchesNot)
        );
        if let (true, Token::Text(text)) = (is_match, &mut tokens[index]) {
            tokens[index] = Token::Pattern(std::mem::take(text));
        }
    }
    let tokens = tokens.iter().cloned().peekable();
    let mut compiler = Compiler {
        tokens,
        steps: Vec::new(),
        limits,
    };
    compiler.level(LOOSEST, 0)?;
    // What follows is ignored: `(a == a) b` is true.
    Ok(compiler.steps)
}

const LOOSEST: u8 = 0;

/// How tightly the operator between two operands binds.
fn tightness(token: &Token) -> Option<(Op, u8)> {
    Some(match *token {
        Token::Separator => (Op::Comma, LOOSEST),
        Token::Ternary(op) => (op, 1),
        Token::Logical(Op::Or) => (Op::Or, 2),
        Token::Logical(op) => (op, 3),
        Token::Comparator(op) => (op, 4),
        Token::Modifier(op) => match op {
            Op::BitAnd | Op::BitOr | Op::BitXor => (op, 5),
            Op::ShiftLeft | Op::ShiftRight => (op, 6),
            Op::Plus | Op::Minus => (op, 7),
            Op::Times | Op::Divide | Op::Modulus => (op, 8),
            _ => (op, 9),
        },
        _ => return None,
    })
}

struct Compiler<'a> {
    tokens: Peekable<Cloned<std::slice::Iter<'a, Token>>>,
    steps: Vec<Step>,
    limits: &'a Limits,
}

impl Compiler<'_> {
    /// An operand, and all operators behind it that bind at least as tightly as `least`.
    fn level(&mut self, least: u8, depth: usize) -> Result<(), Fault> {
        self.operand(depth)?;
        while let Some((op, binds)) = self.tokens.peek().and_then(tightness) {
            if binds < least {
                break;
            }
            self.tokens.next();
            let at = self.steps.len();
            let may_decide = matches!(op, Op::And | Op::Or | Op::Then | Op::Else | Op::Coalesce);
            if may_decide {
                self.steps.push(Step::Decide { op, to: at });
            }
            self.level(binds + 1, depth)?;
            self.steps.push(Step::Join(op));
            if may_decide {
                self.steps[at] = Step::Decide {
                    op,
                    to: self.steps.len(),
                };
            }
        }
        Ok(())
    }

    fn operand(&mut self, depth: usize) -> Result<(), Fault> {
        // Before a closing parenthesis there may be nothing: `()`, and even `(1 + )`.
        let Some(token) = self.tokens.next_if(|token| *token != Token::Close) else {
            self.steps.push(Step::Push(Value::Nil));
            return Ok(());
        };
        let step = match token {
            Token::Open => return self.parenthesis(depth),
            Token::Prefix(op) => {
                self.operand(depth)?;
                Step::Prefix(op)
            }
            Token::Accessor(path) => {
                if self.tokens.peek() == Some(&Token::Open) {
                    // A call: its argument is all that follows, and is evaluated first.
                    self.level(LOOSEST, depth)?;
                }
                Step::Access(path)
            }
            Token::Number(value) => Step::Push(Value::Number(value)),
            Token::Bool(value) => Step::Push(Value::Bool(value)),
            Token::Text(text) | Token::Variable(text) => Step::Push(Value::Text(text)),
            Token::Time(moment) => Step::Push(Value::Number(moment.seconds as f64)),
            Token::Pattern(text) => {
                Pattern::parse(&text)?;
                Step::Push(Value::Text(text))
            }
            other @ (Token::Separator
            | Token::Comparator(_)
            | Token::Logical(_)
            | Token::Modifier(_)
            | Token::Ternary(_)
            | Token::Close) => {
                return Err(Fault::Reason(format!(
                    "Unable to plan token kind: '{}', value: '{other}'",
                    other.kind().name(),
                )));
            }
        };
        self.steps.push(step);
        Ok(())
    }

    /// What stands between parentheses, the first one being read already.
    fn parenthesis(&mut self, depth: usize) -> Result<(), Fault> {
        if depth >= self.limits.depth {
            return Err(Fault::TooDeep);
        }
        self.level(LOOSEST, depth + 1)?;
        // Not always the closing one: `((a) b == c)` loses its `b` here and is `a == c`.
        self.tokens.next();
        Ok(())
    }
}
