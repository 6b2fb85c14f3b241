//! A picture on a terminal that is painted again where it stands.
//!
//! The cursor rests below the picture. To paint again it goes up as many lines as the last picture
//! takes at the *present* width: a window that became narrower has broken its lines. Every picture
//! is lower than the window, so going up never ends above its top.

use serde_json::Value;

use super::fold::{Worth, fold};
use crate::cli::view::drawing::{self, Row, What};
use crate::cli::view::forest::Forest;
use crate::cli::view::node::Workflow;
use crate::cli::view::style::Tint;
use crate::cli::view::table::{Cell, Cut};
use crate::cli::view::text::safe;
use crate::cli::view::{Form, Selector, Style, shown_width, time};

/// A terminal that does not know its size gets this one.
const USUAL_SIZE: (usize, usize) = (80, 24);

/// Lines that are no part of the tree: the title, the headings, and the cursor's own.
const OTHER_LINES: usize = 3;

/// Terminals that know these show nothing between them until the picture is whole; others ignore
/// them.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

/// What is on the screen.
#[derive(Debug)]
pub(super) struct Screen {
    size: fn() -> (usize, usize),
    /// The lines of the last picture.
    painted: Vec<String>,
    /// The width that it was painted for.
    columns: usize,
}

impl Screen {
    /// An empty screen whose columns and rows `size` tells.
    pub(super) fn new(size: fn() -> (usize, usize)) -> Self {
        Self {
            size,
            painted: Vec::new(),
            columns: 0,
        }
    }

    /// What to write so that the run is shown; nothing if it is shown already.
    pub(super) fn paint(
        &mut self,
        object: &Value,
        now_ms: i64,
        style: &Style,
        finished: bool,
    ) -> String {
        let known = |seen: usize, usual: usize| if seen == 0 { usual } else { seen };
        let (columns, rows) = (self.size)();
        let (columns, rows) = (known(columns, USUAL_SIZE.0), known(rows, USUAL_SIZE.1));
        let style = Style {
            width: Some(columns),
            ..*style
        };
        let mut picture = picture(object, now_ms, &style, rows, finished);
        picture.truncate(rows.saturating_sub(1).max(1));
        if picture == self.painted && columns == self.columns {
            return String::new();
        }
        let mut out = String::from(BEGIN);
        match self.height(columns) {
            0 => {}
            height => out.push_str(&format!("\x1b[{}A", height.min(rows))),
        }
        for line in &picture {
            // Cleared first: at the end of a full line, clearing would take its last sign.
            out.push_str(&format!("\r\x1b[K{line}\n"));
        }
        out.push_str("\r\x1b[J");
        out.push_str(END);
        self.painted = picture;
        self.columns = columns;
        out
    }

    /// What to write so that the picture is gone, and the next is painted where it stood.
    pub(super) fn wipe(&mut self) -> String {
        let (columns, rows) = (self.size)();
        let known = |seen: usize, usual: usize| if seen == 0 { usual } else { seen };
        let height = self.height(known(columns, USUAL_SIZE.0));
        self.painted = Vec::new();
        match height.min(known(rows, USUAL_SIZE.1)) {
            0 => String::new(),
            height => format!("\x1b[{height}A\r\x1b[J"),
        }
    }

    fn height(&self, columns: usize) -> usize {
        self.painted
            .iter()
            .map(|line| shown_width(line).div_ceil(columns).max(1))
            .sum()
    }
}

fn picture(
    object: &Value,
    now_ms: i64,
    style: &Style,
    height: usize,
    finished: bool,
) -> Vec<String> {
    let workflow = Workflow(object);
    let forest = Forest::of(&workflow);
    let rows = drawing::rows(&forest, &Selector::default(), style);
    let all = rows.len();
    let worth = |row: &Row| match row.what {
        What::Node(ix) => Worth::of(forest.node(ix)),
        What::Folded(_) | What::Blank => Worth::Past,
    };
    let hint = usize::from(finished && all > height.saturating_sub(OTHER_LINES));
    let rows = fold(rows, height.saturating_sub(OTHER_LINES + hint), worth);
    let folded = rows.len() < all;
    let room = style.width.unwrap_or(usize::MAX);
    let fit = |line: Cell| line.cut(room, Cut::End, style).text(style);
    let mut lines = vec![fit(title(&workflow, now_ms))];
    if !rows.is_empty() {
        let form = Form::Usual;
        let tree = drawing::lines(&workflow, &forest, &rows, form, now_ms, style);
        lines.extend(tree);
    }
    if finished && folded {
        let hint = format!("`usher get {}` shows all of it", safe(workflow.name()));
        lines.push(fit(Cell::plain(hint)));
    }
    lines
}

/// `hello-x7k2p Running 1/3 12s`.
fn title(workflow: &Workflow<'_>, now_ms: i64) -> Cell {
    let span = time::span(workflow.started(), workflow.finished(), now_ms);
    let progress = safe(workflow.status("progress"));
    Cell::plain(format!("{} ", safe(workflow.name())))
        .and(
            Tint::of_phase(workflow.status("phase")),
            workflow.phase_shown(),
        )
        .and(Tint::Plain, format!(" {progress} {}", time::short(span)))
}
