//! Circles in a directed graph: tasks that wait for each other, templates that call each other.

/// More circles of one graph are not told.
const CIRCLES_MAX: usize = 10;
/// More names of a circle are not shown.
const SHOWN_MAX: usize = 12;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    OnWay,
    Done,
}

/// Circles of a graph, each as its nodes in order: one for every edge that closes a circle on a
/// walk through the whole graph, so that none is left when these edges are gone.
pub(crate) fn circles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    let mut state = vec![State::New; edges.len()];
    for start in 0..edges.len() {
        if state[start] != State::New {
            continue;
        }
        state[start] = State::OnWay;
        // The way from the start to here: a node and which of its edges comes next.
        let mut way: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((node, next)) = way.last_mut() {
            let Some(to) = edges[*node].get(*next).copied() else {
                state[*node] = State::Done;
                way.pop();
                continue;
            };
            *next += 1;
            match state[to] {
                State::New => {
                    state[to] = State::OnWay;
                    way.push((to, 0));
                }
                State::Done => {}
                State::OnWay => {
                    let from = way.iter().position(|(node, _)| *node == to).unwrap_or(0);
                    found.push(way[from..].iter().map(|(node, _)| *node).collect());
                    if found.len() == CIRCLES_MAX {
                        return found;
                    }
                }
            }
        }
    }
    found
}

/// A circle as text: `a → b → a`.
pub(crate) fn show<'a>(circle: &[usize], name: impl Fn(usize) -> &'a str) -> String {
    let mut words: Vec<&str> = circle
        .iter()
        .take(SHOWN_MAX)
        .map(|index| name(*index))
        .collect();
    if circle.len() > SHOWN_MAX {
        words.push("…");
    }
    words.extend(circle.first().map(|index| name(*index)));
    words.join(" → ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every circle is found, with its nodes in the order of the edges; a diamond is none.
    #[test]
    fn finds_circles() {
        let none: Vec<Vec<usize>> = Vec::new();
        assert_eq!(circles(&[vec![1, 2], vec![3], vec![3], vec![]]), none);
        assert_eq!(circles(&[vec![0]]), [[0]]);
        assert_eq!(
            circles(&[vec![1], vec![2], vec![1], vec![3]]),
            [vec![1, 2], vec![3]]
        );
        assert_eq!(show(&[1, 2], |index| ["a", "b", "c"][index]), "b → c → b");
        let long: Vec<usize> = (0..20).collect();
        assert_eq!(show(&long, |_| "x"), format!("{}… → x", "x → ".repeat(12)));
    }

    /// A chain as long as a file can hold is walked without recursion.
    #[test]
    fn is_not_recursive() {
        let count = 500_000;
        let edges: Vec<Vec<usize>> = (0..count).map(|at| vec![(at + 1) % count]).collect();
        assert_eq!(circles(&edges).len(), 1);
    }
}
