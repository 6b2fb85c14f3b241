//! How text may look where it goes: colours, signs beyond ASCII, columns, the zone of times.

use std::io::IsTerminal as _;

/// How text may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// With ANSI colours.
    pub color: bool,
    /// With signs and box drawing beyond ASCII.
    pub unicode: bool,
    /// Columns that a line may fill; none means that lines are never shortened.
    pub width: Option<usize>,
    /// Times in UTC; else in the zone of this machine.
    pub utc: bool,
}

/// What the flags of a command ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wish {
    /// `--no-color`.
    pub no_color: bool,
    /// `--no-utf8`.
    pub no_utf8: bool,
    /// `--utc`.
    pub utc: bool,
}

/// What a process is surrounded by, as far as text is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// Columns and rows, if stdout is a terminal.
    pub terminal: Option<(usize, usize)>,
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// `TERM`.
    pub term: String,
    /// The first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set and not empty.
    pub locale: String,
}

impl Surroundings {
    /// Those of this process.
    #[must_use]
    pub fn here() -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable);
        Self {
            terminal: std::io::stdout().is_terminal().then(size),
            no_color: !variable("NO_COLOR").is_empty(),
            term: variable("TERM"),
            locale: locale
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
        }
    }
}

fn size() -> (usize, usize) {
    rustix::termios::tcgetwinsize(std::io::stdout())
        .map(|size| (usize::from(size.ws_col), usize::from(size.ws_row)))
        .unwrap_or_default()
}

impl Style {
    /// The style for this process's stdout.
    #[must_use]
    pub fn of_terminal(wish: Wish) -> Self {
        Self::decide(wish, &Surroundings::here())
    }

    /// The style for flags and surroundings.
    #[must_use]
    pub fn decide(wish: Wish, around: &Surroundings) -> Self {
        let _ = around;
        Self {
            utc: wish.utc,
            ..Self::default()
        }
    }
}
