//! Which lines of a tree give way when the screen is too low: first what ended well, then what
//! waits for its turn, then what ended badly, and what runs at last.

use crate::cli::view::drawing::{Row, What};
use crate::cli::view::node::Node;

/// How soon a line gives way, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    /// Ended well, or says nothing.
    Past,
    /// Has not begun.
    Future,
    /// Ended badly.
    Failed,
    /// Goes on.
    Now,
}

impl Worth {
    /// The worth of a node.
    pub(super) fn of(node: Node<'_>) -> Self {
        match node.phase() {
            "Failed" | "Error" => Worth::Failed,
            "Running" => Worth::Now,
            "Pending" => Worth::Future,
            _ => Worth::Past,
        }
    }
}

/// At most `limit` lines (at least 1): neighbours of little worth become one line with their
/// number. Earlier lines give way first, as if they had scrolled away.
pub(super) fn fold(mut rows: Vec<Row>, limit: usize, worth: impl Fn(&Row) -> Worth) -> Vec<Row> {
    let limit = limit.max(1);
    for level in [Worth::Past, Worth::Future, Worth::Failed] {
        rows = pass(rows, limit, |row| worth(row) <= level);
    }
    if rows.len() > limit && limit > 1 {
        // Now anything may go but the root, which says what all this is.
        let rest = rows.split_off(1);
        rows.extend(pass(rest, limit - 1, |_| true));
    }
    rows.truncate(limit);
    rows
}

fn pass(rows: Vec<Row>, limit: usize, yields: impl Fn(&Row) -> bool) -> Vec<Row> {
    let mut over = rows.len().saturating_sub(limit);
    let mut out = Vec::with_capacity(rows.len() - over);
    let mut rest = rows.into_iter().peekable();
    while let Some(first) = rest.next() {
        if over == 0 || !yields(&first) || !rest.peek().is_some_and(&yields) {
            out.push(first);
            continue;
        }
        let mut count = nodes(&first);
        while over > 0 {
            let Some(next) = rest.next_if(&yields) else {
                break;
            };
            count += nodes(&next);
            over -= 1;
        }
        out.push(Row {
            prefix: first.prefix,
            what: What::Folded(count),
        });
    }
    out
}

fn nodes(row: &Row) -> usize {
    match row.what {
        What::Node(_) => 1,
        What::Folded(count) => count,
        What::Blank => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows by letter: p past, f future, x failed, n now.
    fn folded(rows: &str, limit: usize) -> Vec<String> {
        let letters: Vec<char> = rows.chars().collect();
        let row = |ix| Row {
            prefix: String::new(),
            what: What::Node(ix),
        };
        let worth = |row: &Row| match row.what {
            What::Node(ix) if letters[ix] == 'f' => Worth::Future,
            What::Node(ix) if letters[ix] == 'x' => Worth::Failed,
            What::Node(ix) if letters[ix] == 'n' => Worth::Now,
            _ => Worth::Past,
        };
        let rows = fold((0..letters.len()).map(row).collect(), limit, worth);
        let shown = rows.iter().map(|row| match row.what {
            What::Node(ix) => letters[ix].to_string(),
            What::Folded(count) => count.to_string(),
            What::Blank => " ".to_owned(),
        });
        shown.collect()
    }

    /// No more is folded than needed, the least worth first, earlier ones first.
    #[test]
    fn the_order_of_giving_way() {
        for (rows, limit, shown) in [
            ("nppp", 4, "nppp"),
            ("nppp", 3, "n2p"),
            ("npppnpp", 6, "n2pnpp"),
            ("npppnppn", 5, "n3n2n"),
            ("npppnppfffn", 6, "n3n4fn"),
            ("npxxpnff", 5, "n3pn2"),
            ("nnnnnn", 3, "n4n"),
            ("nnnn", 1, "n"),
            ("pppp", 1, "4"),
        ] {
            assert_eq!(folded(rows, limit).concat(), shown, "{rows} in {limit}");
        }
    }

    /// Whatever the lines and the limit, the result fits and uses all the room.
    #[test]
    fn always_fits() {
        for rows in [
            "npfxnpfxnpfx",
            "nnnpppfffxxx",
            "pnpnpnpnpnpn",
            "xxxxxxxxxxxx",
        ] {
            for limit in 1..14 {
                let lines = folded(rows, limit).len();
                assert_eq!(lines, limit.min(rows.len()), "{rows} in {limit}");
            }
        }
    }
}
