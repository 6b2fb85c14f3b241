//! Which tasks wait for which, directly or through others: many questions answered together.
//!
//! A file of two megabytes can hold fifteen thousand tasks that each name another one far away, so
//! the graph is walked once for every 64 different tasks asked for, and not once for each question.

use std::collections::BTreeMap;

/// Tasks whose ancestry is looked at in one walk: the bits of a mask.
const TOGETHER: usize = 64;

/// A question: does `task` wait for `wanted`?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question {
    /// The task that would wait.
    pub(super) task: usize,
    /// The task that it would wait for.
    pub(super) wanted: usize,
}

/// The answers, in the order of the questions. `needs` holds for each task those that it names.
pub(super) fn answers(needs: &[Vec<usize>], questions: &[Question]) -> Vec<bool> {
    let order = needed_first(needs);
    let mut by_wanted: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, question) in questions.iter().enumerate() {
        by_wanted.entry(question.wanted).or_default().push(index);
    }
    let mut out = vec![false; questions.len()];
    let wanted: Vec<usize> = by_wanted.keys().copied().collect();
    for together in wanted.chunks(TOGETHER) {
        let mut own = vec![0_u64; needs.len()];
        for (bit, task) in together.iter().enumerate() {
            own[*task] = 1 << bit;
        }
        let mut above = vec![0_u64; needs.len()];
        for task in &order {
            above[*task] = needs[*task]
                .iter()
                .fold(0, |mask, need| mask | own[*need] | above[*need]);
        }
        for (bit, task) in together.iter().enumerate() {
            for index in &by_wanted[task] {
                out[*index] = above[questions[*index].task] & (1 << bit) != 0;
            }
        }
    }
    out
}

/// All tasks, each after those that it needs; circles, which are refused anyway, are cut somewhere.
fn needed_first(needs: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(needs.len());
    let mut seen = vec![false; needs.len()];
    for start in 0..needs.len() {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut way: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((task, next)) = way.last_mut() {
            match needs[*task].get(*next) {
                Some(need) => {
                    *next += 1;
                    if !std::mem::replace(&mut seen[*need], true) {
                        way.push((*need, 0));
                    }
                }
                None => {
                    order.push(*task);
                    way.pop();
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Direct and indirect needs count, tasks beside and after do not; more than 64 at once.
    #[test]
    fn answers_questions() {
        // A chain 0 ← 1 ← … ← 99, and 100 that needs 98 and stands beside 99.
        let mut needs: Vec<Vec<usize>> = (0..100)
            .map(|at: usize| at.checked_sub(1).into_iter().collect())
            .collect();
        needs.push(vec![98]);
        let ask = |task, wanted| Question { task, wanted };
        let asked = [
            ask(99, 0),
            ask(100, 0),
            ask(100, 99),
            ask(99, 100),
            ask(0, 99),
            ask(5, 5),
        ];
        assert_eq!(
            answers(&needs, &asked),
            [true, true, false, false, false, false]
        );
        let all: Vec<Question> = (0..100).map(|wanted| ask(100, wanted)).collect();
        let expected: Vec<bool> = (0..100).map(|wanted| wanted < 99).collect();
        assert_eq!(answers(&needs, &all), expected);
    }
}
