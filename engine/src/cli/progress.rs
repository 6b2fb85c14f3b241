//! How a run goes on, while it goes on: a tree repainted in place, or a line per change.
//!
//! On a terminal the whole tree is shown and repainted where it stands; a tree that is too high is
//! folded. Elsewhere (a file, a pipe, a build's log) nothing can be repainted, so each change is a
//! line of its own.

mod fold;
mod lines;
mod screen;

use std::io::{self, Write};

use serde_json::Value;

use super::view::{Style, terminal_size};
use lines::Lines;
use screen::Screen;

/// A view of a run that follows it.
#[derive(Debug)]
pub struct Live<W: Write> {
    style: Style,
    out: W,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Screen(Screen),
    Lines(Lines),
}

impl<W: Write> Live<W> {
    /// A view that writes to `out`; `live` says that `out` is a terminal that can be repainted.
    pub fn new(style: Style, live: bool, out: W) -> Self {
        if live {
            return Self::sized(style, terminal_size, out);
        }
        Self {
            style,
            out,
            way: Way::Lines(Lines::default()),
        }
    }

    /// A repainted view on a screen whose columns and rows are asked for before every painting, so
    /// that it follows a window that is resized.
    pub fn sized(style: Style, size: fn() -> (usize, usize), out: W) -> Self {
        Self {
            style,
            out,
            way: Way::Screen(Screen::new(size)),
        }
    }

    /// Shows the run as it is now. Call it at every change, and on a terminal once a second, so
    /// that durations go on; nothing is written if nothing would look different.
    ///
    /// # Errors
    /// What `out` says.
    pub fn update(&mut self, object: &Value, now_ms: i64) -> io::Result<()> {
        let text = match &mut self.way {
            Way::Screen(screen) => screen.paint(object, now_ms, &self.style, false),
            Way::Lines(lines) => lines.changes(object, now_ms, &self.style),
        };
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Takes the picture off the screen, so that something can be said before it is painted again.
    ///
    /// # Errors
    /// What `out` says.
    pub fn make_way(&mut self) -> io::Result<()> {
        if let Way::Screen(screen) = &mut self.way {
            self.out.write_all(screen.wipe().as_bytes())?;
        }
        self.out.flush()
    }

    /// Shows the run as it ended; what was painted stays on the screen.
    ///
    /// # Errors
    /// What `out` says.
    pub fn finish(&mut self, object: &Value, now_ms: i64) -> io::Result<()> {
        let text = match &mut self.way {
            Way::Screen(screen) => screen.paint(object, now_ms, &self.style, true),
            Way::Lines(lines) => lines.changes(object, now_ms, &self.style),
        };
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
