//! Columns that line up, and that give way in a chosen order when the terminal is narrow.

use super::style::{Style, Tint};
use super::text::{ellipsis, front, sign_width, width, without_middle};

/// A piece of text in one colour; it must be safe to show.
type Piece = (Tint, String);

/// One cell: pieces side by side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell(Vec<Piece>);

impl Cell {
    /// A cell of one piece.
    pub(crate) fn new(tint: Tint, text: impl Into<String>) -> Self {
        Self(vec![(tint, text.into())])
    }

    /// A cell in the terminal's colour.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::new(Tint::Plain, text)
    }

    /// The cell with a piece more.
    pub(crate) fn and(mut self, tint: Tint, text: impl Into<String>) -> Self {
        self.0.push((tint, text.into()));
        self
    }

    fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| width(text)).sum()
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, text)| text.is_empty())
    }

    /// The cell in at most `room` columns.
    pub(crate) fn cut(mut self, room: usize, cut: Cut, style: &Style) -> Self {
        if self.width() <= room {
            return self;
        }
        if let (Cut::Middle, [lead @ .., (_, text)]) = (cut, self.0.as_mut_slice()) {
            let lead: usize = lead.iter().map(|(_, text)| width(text)).sum();
            if let Some(room) = room.checked_sub(lead).filter(|room| *room > 0) {
                *text = without_middle(text, room, style).into_owned();
                return self;
            }
        }
        let dots = front(ellipsis(style), room);
        let mut left = room - width(dots);
        for (_, text) in &mut self.0 {
            let kept = front(text, left);
            // What does not fit ends the cell: no later, narrower piece may slip in behind it.
            left = if kept.len() == text.len() {
                left - width(kept)
            } else {
                0
            };
            text.truncate(kept.len());
        }
        self.and(Tint::Plain, dots)
    }

    /// The cell as text, coloured if colours are shown.
    pub(crate) fn text(&self, style: &Style) -> String {
        self.0
            .iter()
            .map(|(tint, text)| style.paint(*tint, text))
            .collect()
    }
}

/// Where a cell is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The front stays.
    End,
    /// Front and back of the last piece stay, and what is before it.
    Middle,
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// Its heading.
    pub(crate) name: &'static str,
    /// How its cells are cut.
    pub(crate) cut: Cut,
}

/// A table that is being filled.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    gap: usize,
    /// Names of columns and the width that each may be narrowed to, in the order of giving way.
    yields: &'static [(&'static str, usize)],
    rows: Vec<Vec<Cell>>,
    /// The first row holds the headings.
    headed: bool,
}

impl Table {
    /// An empty table with `gap` blanks between its columns.
    pub(crate) fn new(
        columns: Vec<Column>,
        gap: usize,
        yields: &'static [(&'static str, usize)],
    ) -> Self {
        Self {
            columns,
            gap,
            yields,
            rows: Vec::new(),
            headed: false,
        }
    }

    /// Adds the row of headings; it comes before all others.
    pub(crate) fn head(&mut self) {
        self.headed = true;
        self.rows.push(
            self.columns
                .iter()
                .map(|column| Cell::plain(column.name))
                .collect(),
        );
    }

    /// Adds a row; a row without cells is an empty line.
    pub(crate) fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// The lines, without line ends and without blanks at their ends; none is wider than the
    /// style allows.
    pub(crate) fn lines(self, style: &Style) -> Vec<String> {
        let widths = self.widths(style.width);
        let Self {
            columns, gap, rows, ..
        } = self;
        rows.into_iter()
            .map(|row| {
                let line = Self::line(row, &columns, &widths, gap, style);
                match style.width {
                    Some(room) => line.cut(room, Cut::End, style),
                    None => line,
                }
                .text(style)
            })
            .collect()
    }

    fn line(
        mut row: Vec<Cell>,
        columns: &[Column],
        widths: &[usize],
        gap: usize,
        style: &Style,
    ) -> Cell {
        while row.last().is_some_and(Cell::is_empty) {
            row.pop();
        }
        let mut line = Cell::default();
        let mut blanks = 0;
        let cells = row.into_iter().zip(columns).zip(widths);
        for ((cell, column), width) in cells.filter(|(_, width)| **width > 0) {
            let cell = cell.cut(*width, column.cut, style);
            line = line.and(Tint::Plain, " ".repeat(blanks));
            blanks = (width + gap).saturating_sub(cell.width());
            line.0.extend(cell.0);
        }
        line
    }

    fn widths(&self, room: Option<usize>) -> Vec<usize> {
        let mut widths = vec![0; self.columns.len()];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let Some(room) = room else { return widths };
        let gaps = self.gap * self.columns.len().saturating_sub(1);
        let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
        let place = |name: &str| self.columns.iter().position(|column| column.name == name);
        let known = |(name, least): &(&str, usize)| place(name).map(|at| (at, *least));
        let yields: Vec<(usize, usize)> = self.yields.iter().filter_map(known).collect();
        // A column with nothing in it goes before anything else does.
        for (at, _) in yields.iter().filter(|(at, _)| self.is_bare(*at)) {
            if over > 0 && widths[*at] > 0 {
                over = over.saturating_sub(widths[*at] + self.gap);
                widths[*at] = 0;
            }
        }
        for (at, least) in yields {
            let given = over.min(widths[at].saturating_sub(least));
            widths[at] -= given;
            over -= given;
        }
        widths
    }

    /// Has the column nothing but its heading?
    fn is_bare(&self, at: usize) -> bool {
        let body = if self.headed {
            &self.rows[1..]
        } else {
            &self.rows[..]
        };
        body.iter()
            .all(|row| row.get(at).is_none_or(Cell::is_empty))
    }
}

/// The columns that a line takes on a screen, its colours not counted.
pub(crate) fn shown_width(line: &str) -> usize {
    let mut columns = 0;
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        if sign == '\x1b' {
            // Only `paint` writes escapes, and each of its own ends with an m.
            signs.by_ref().find(|sign| *sign == 'm');
        } else {
            columns += sign_width(sign);
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    const YIELDS: &[(&str, usize)] = &[("B", 5), ("A", 3)];

    fn table() -> Table {
        let columns = vec![
            Column {
                name: "A",
                cut: Cut::End,
            },
            Column {
                name: "B",
                cut: Cut::Middle,
            },
        ];
        let mut table = Table::new(columns, 2, YIELDS);
        table.head();
        table.push(vec![
            Cell::new(Tint::Good, "漢字").and(Tint::Plain, "x"),
            Cell::plain("12345678"),
        ]);
        table.push(vec![]);
        table.push(vec![Cell::plain("y"), Cell::plain("")]);
        table
    }

    fn style(color: bool, width: Option<usize>) -> Style {
        Style {
            color,
            unicode: true,
            width,
            utc: true,
        }
    }

    /// Columns line up by what is seen, no line ends with blanks.
    #[test]
    fn alignment() {
        let lines = table().lines(&style(false, None));
        assert_eq!(lines, ["A      B", "漢字x  12345678", "", "y"]);
        let lines = table().lines(&style(true, None));
        assert_eq!(lines[1], "\x1b[32m漢字\x1b[0mx  12345678");
        assert_eq!(shown_width(&lines[1]), 15);
    }

    /// The first column to give way gives all that it may before the next does.
    #[test]
    fn giving_way() {
        let narrow = |width| table().lines(&style(false, Some(width)));
        assert_eq!(narrow(13)[1], "漢字x  12…678");
        assert_eq!(narrow(10)[1], "漢…  12…78");
        assert_eq!(narrow(7)[1], "漢…  1…");
    }

    /// No line is wider than the terminal, whatever its width.
    #[test]
    fn never_wider() {
        for width in 1..20 {
            for color in [false, true] {
                for line in table().lines(&style(color, Some(width))) {
                    assert!(shown_width(&line) <= width, "{width}: {line}");
                }
            }
        }
    }
}
