//! Runs the steps of a condition.
//!
//! A loop over a stack of values. Types are checked after both sides are known, left before right,
//! and the words of each complaint are govaluate's.

use super::Fault;
use super::number::{to_signed, to_unsigned};
use super::pattern::Pattern;
use super::program::Step;
use super::token::Op;
use super::value::Value;
use crate::Limits;

/// The value of the condition.
pub(super) fn run(program: Vec<Step>, limits: &Limits) -> Result<Value, Fault> {
    let mut stack: Vec<Value> = Vec::new();
    let mut fuel = limits.steps;
    // Jumps lead forward only, so every step runs once at most.
    let mut resume = 0;
    for (at, step) in program.into_iter().enumerate() {
        if at < resume {
            continue;
        }
        fuel = fuel.checked_sub(1).ok_or(Fault::TooManySteps)?;
        let value = match step {
            Step::Push(value) => value,
            Step::Access(path) => {
                let name = path.split('.').next().unwrap_or_default();
                return Err(Fault::Reason(format!("No parameter '{name}' found.")));
            }
            Step::Prefix(op) => prefix(op, pop(&mut stack))?,
            Step::Decide { op, to } => {
                let (value, is_decided) = decide(op, pop(&mut stack));
                if is_decided {
                    resume = to;
                }
                value
            }
            Step::Join(op) => {
                let right = pop(&mut stack);
                let left = pop(&mut stack);
                join(op, left, right, &mut fuel, limits)?
            }
        };
        stack.push(value);
    }
    Ok(pop(&mut stack))
}

/// The top of the stack, which is never empty: every step leaves exactly what the next one takes.
fn pop(stack: &mut Vec<Value>) -> Value {
    stack.pop().unwrap_or(Value::Nil)
}

/// Whether the left side alone decides, and then the result.
fn decide(op: Op, left: Value) -> (Value, bool) {
    match (op, left) {
        (Op::And, left @ Value::Bool(false)) => (left, true),
        (Op::Or, left @ Value::Bool(true)) => (left, true),
        (Op::Then, Value::Bool(false)) => (Value::Nil, true),
        (Op::Else | Op::Coalesce, left) if !left.is_nil() => (left, true),
        (_, left) => (left, false),
    }
}

fn prefix(op: Op, right: Value) -> Result<Value, Fault> {
    match (op, right) {
        (Op::Negate, Value::Number(right)) => Ok(Value::Number(-right)),
        (Op::BitNot, Value::Number(right)) => Ok(Value::Number(!to_signed(right) as f64)),
        (Op::Invert, Value::Bool(right)) => Ok(Value::Bool(!right)),
        (op, right) => Err(Fault::Reason(format!(
            "Value '{right}' cannot be used with the prefix '{}'",
            op.symbol()
        ))),
    }
}

fn join(
    op: Op,
    left: Value,
    right: Value,
    fuel: &mut usize,
    limits: &Limits,
) -> Result<Value, Fault> {
    match op {
        Op::Equal | Op::NotEqual => {
            burn(fuel, left.weight().min(right.weight()))?;
            Ok(Value::Bool((left == right) == (op == Op::Equal)))
        }
        Op::Greater | Op::GreaterEqual | Op::Less | Op::LessEqual => compare(op, &left, &right),
        Op::Matches | Op::MatchesNot => matches_pattern(op, &left, &right),
        Op::In => contains(&left, &right, fuel),
        Op::And | Op::Or => logic(op, &left, &right),
        Op::Plus => add(left, right, limits),
        Op::Then => match left {
            Value::Bool(_) => Ok(right),
            other => Err(complaint(&other, op)),
        },
        Op::Else | Op::Coalesce => Ok(right),
        Op::Comma => {
            let mut items = match left {
                Value::List(items) => items,
                other => vec![other],
            };
            items.push(right);
            Ok(Value::List(items))
        }
        _ => match (&left, &right) {
            (Value::Number(left), Value::Number(right)) => {
                Ok(Value::Number(arithmetic(op, *left, *right)))
            }
            (Value::Number(_), _) => Err(complaint(&right, op)),
            _ => Err(complaint(&left, op)),
        },
    }
}

fn burn(fuel: &mut usize, steps: usize) -> Result<(), Fault> {
    *fuel = fuel.checked_sub(steps).ok_or(Fault::TooManySteps)?;
    Ok(())
}

/// That a value is of the wrong type for an operator.
fn complaint(value: &Value, op: Op) -> Fault {
    let (role, wanted) = match op {
        Op::And | Op::Or => ("logical operator", "bool"),
        Op::Then | Op::Else | Op::Coalesce => ("ternary operator", "bool"),
        Op::Greater
        | Op::GreaterEqual
        | Op::Less
        | Op::LessEqual
        | Op::Matches
        | Op::MatchesNot
        | Op::In => ("comparator", "number"),
        _ => ("modifier", "number"),
    };
    let symbol = op.symbol();
    Fault::Reason(format!(
        "Value '{value}' cannot be used with the {role} '{symbol}', it is not a {wanted}"
    ))
}

fn compare(op: Op, left: &Value, right: &Value) -> Result<Value, Fault> {
    let order = match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(right),
        (Value::Text(left), Value::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        _ => return Err(complaint(left, op)),
    };
    // Without an order (a number that is none) nothing holds.
    Ok(Value::Bool(order.is_some_and(|order| match op {
        Op::Greater => order.is_gt(),
        Op::GreaterEqual => order.is_ge(),
        Op::Less => order.is_lt(),
        _ => order.is_le(),
    })))
}

fn matches_pattern(op: Op, left: &Value, right: &Value) -> Result<Value, Fault> {
    let Value::Text(text) = left else {
        return Err(complaint(left, op));
    };
    let Value::Text(pattern) = right else {
        return Err(complaint(right, op));
    };
    let is_match = Pattern::parse(pattern)?.is_match(text);
    Ok(Value::Bool(is_match == (op == Op::Matches)))
}

fn contains(left: &Value, right: &Value, fuel: &mut usize) -> Result<Value, Fault> {
    let Value::List(items) = right else {
        return Err(complaint(right, Op::In));
    };
    for item in items {
        burn(fuel, 1)?;
        match (left, item) {
            // Lists cannot be compared like this; govaluate panics here.
            (Value::List(_), Value::List(_)) => {
                let words = "a list cannot be sought in a list";
                return Err(Fault::Reason(words.to_owned()));
            }
            _ if left == item => return Ok(Value::Bool(true)),
            _ => {}
        }
    }
    Ok(Value::Bool(false))
}

fn logic(op: Op, left: &Value, right: &Value) -> Result<Value, Fault> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) if op == Op::And => {
            Ok(Value::Bool(*left && *right))
        }
        (Value::Bool(left), Value::Bool(right)) => Ok(Value::Bool(*left || *right)),
        (Value::Bool(_), other) | (other, _) => Err(complaint(other, op)),
    }
}

/// Numbers are added; if either side is a string, both are joined as they are printed.
fn add(left: Value, right: Value, limits: &Limits) -> Result<Value, Fault> {
    let mut joined = match (left, &right) {
        (Value::Number(left), Value::Number(right)) => return Ok(Value::Number(left + right)),
        (Value::Text(left), _) => left,
        (left, Value::Text(_)) => left.to_string(),
        (left, _) => return Err(complaint(&left, Op::Plus)),
    };
    match &right {
        Value::Text(right) => joined.push_str(right),
        other => joined.push_str(&other.to_string()),
    }
    if joined.len() > limits.bytes {
        Err(Fault::TooLong)
    } else {
        Ok(Value::Text(joined))
    }
}

fn arithmetic(op: Op, left: f64, right: f64) -> f64 {
    match op {
        Op::Minus => left - right,
        Op::Times => left * right,
        Op::Divide => left / right,
        Op::Modulus => left % right,
        Op::Power => left.powf(right),
        Op::BitAnd => (to_signed(left) & to_signed(right)) as f64,
        Op::BitOr => (to_signed(left) | to_signed(right)) as f64,
        Op::BitXor => (to_signed(left) ^ to_signed(right)) as f64,
        // Shifted by more bits than there are, nothing is left.
        Op::ShiftLeft => shift(right, |bits| to_unsigned(left).checked_shl(bits)),
        Op::ShiftRight => shift(right, |bits| to_unsigned(left).checked_shr(bits)),
        _ => f64::NAN,
    }
}

fn shift(bits: f64, shifted: impl Fn(u32) -> Option<u64>) -> f64 {
    u32::try_from(to_unsigned(bits))
        .ok()
        .and_then(shifted)
        .unwrap_or(0) as f64
}
