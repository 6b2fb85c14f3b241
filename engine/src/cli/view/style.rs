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
    /// Columns and rows, if stdout is a terminal; 0 where it does not know.
    pub terminal: Option<(usize, usize)>,
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// `TERM`.
    pub term: String,
    /// The first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set and not empty.
    pub locale: String,
}

impl Surroundings {
    /// Those of this process and its stdout.
    #[must_use]
    pub fn here() -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable);
        Self {
            terminal: std::io::stdout().is_terminal().then(terminal_size),
            no_color: !variable("NO_COLOR").is_empty(),
            term: variable("TERM"),
            locale: locale
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
        }
    }

    /// Can a picture be painted again where it stands? Not on a terminal without a cursor.
    #[must_use]
    pub fn repaints(&self) -> bool {
        self.terminal.is_some() && !matches!(self.term.as_str(), "" | "dumb")
    }
}

/// Columns and rows of the terminal that stdout is; 0 where it is none or does not know.
#[must_use]
pub fn terminal_size() -> (usize, usize) {
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

    /// The same style for what goes to this process's stderr, which may be a file while stdout is
    /// a terminal.
    #[must_use]
    pub fn aside(self) -> Self {
        self.for_stream(std::io::stderr().is_terminal())
    }

    fn for_stream(self, is_terminal: bool) -> Self {
        let file = Self {
            color: false,
            width: None,
            utc: true,
            ..self
        };
        if is_terminal { self } else { file }
    }

    /// The style for flags and surroundings.
    ///
    /// Without a terminal the text is for a file or a program: no colours, whole lines, and times
    /// that mean the same on every machine. The signs are Argo's there too, if the locale has
    /// them; a locale that says nothing counts as UTF-8, since containers and services have none.
    #[must_use]
    pub fn decide(wish: Wish, around: &Surroundings) -> Self {
        let locale = around.locale.to_ascii_lowercase().replace('-', "");
        Self {
            color: around.terminal.is_some()
                && !around.no_color
                && around.term != "dumb"
                && !wish.no_color,
            unicode: !wish.no_utf8 && (locale.is_empty() || locale.contains("utf8")),
            width: around
                .terminal
                .map(|(columns, _)| columns)
                .filter(|columns| *columns > 0),
            utc: wish.utc || around.terminal.is_none(),
        }
    }

    /// A text in a colour, if colours are shown.
    #[must_use]
    pub(crate) fn paint(&self, tint: Tint, text: &str) -> String {
        match tint.code().filter(|_| self.color && !text.is_empty()) {
            Some(code) => format!("\x1b[{code}m{text}\x1b[0m"),
            None => text.to_owned(),
        }
    }
}

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tint {
    /// The terminal's own colour.
    #[default]
    Plain,
    /// Waits for its turn, or a warning.
    Waiting,
    /// Goes on.
    Live,
    /// Ended well.
    Good,
    /// Ended badly.
    Bad,
    /// Less important than what is around it.
    Faint,
}

impl Tint {
    fn code(self) -> Option<u8> {
        match self {
            Tint::Plain => None,
            Tint::Waiting => Some(33),
            Tint::Live => Some(36),
            Tint::Good => Some(32),
            Tint::Bad => Some(31),
            Tint::Faint => Some(2),
        }
    }

    /// The colour of a phase of a node or workflow.
    pub(crate) fn of_phase(phase: &str) -> Self {
        match phase {
            "Pending" => Tint::Waiting,
            "Running" => Tint::Live,
            "Succeeded" => Tint::Good,
            "Failed" | "Error" => Tint::Bad,
            _ => Tint::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal() -> Surroundings {
        Surroundings {
            terminal: Some((80, 24)),
            no_color: false,
            term: "xterm".into(),
            locale: "de_DE.UTF-8".into(),
        }
    }

    fn decided(change: fn(&mut Surroundings)) -> Style {
        let mut around = terminal();
        change(&mut around);
        Style::decide(Wish::default(), &around)
    }

    /// A terminal gets everything; each reason takes away what it is a reason against.
    #[test]
    fn who_gets_what() {
        let all = decided(|_| {});
        let utf8 = (true, true, Some(80), false);
        assert_eq!((all.color, all.unicode, all.width, all.utc), utf8);
        let plain = Style {
            color: false,
            ..all
        };
        assert_eq!(decided(|around| around.no_color = true), plain);
        assert_eq!(decided(|around| around.term = "dumb".into()), plain);
        let unicode = |locale| {
            let around = Surroundings {
                locale: String::from(locale),
                ..terminal()
            };
            Style::decide(Wish::default(), &around).unicode
        };
        for (locale, has) in [
            ("C", false),
            ("C.utf8", true),
            ("", true),
            ("de_DE@euro", false),
        ] {
            assert_eq!(unicode(locale), has, "{locale}");
        }
        let unknown = Style { width: None, ..all };
        assert_eq!(decided(|around| around.terminal = Some((0, 0))), unknown);
        let file = Style {
            color: false,
            width: None,
            utc: true,
            ..all
        };
        assert_eq!(decided(|around| around.terminal = None), file);
    }

    /// Only a terminal with a cursor is painted over.
    #[test]
    fn painting_over() {
        assert!(terminal().repaints());
        for around in [
            Surroundings {
                term: "dumb".into(),
                ..terminal()
            },
            Surroundings {
                term: String::new(),
                ..terminal()
            },
            Surroundings {
                terminal: None,
                ..terminal()
            },
        ] {
            assert!(!around.repaints(), "{around:?}");
        }
    }

    /// What goes aside into a file has no colours, whatever stdout is.
    #[test]
    fn going_aside() {
        let style = decided(|_| {});
        assert_eq!(style.for_stream(true), style);
        let file = decided(|around| around.terminal = None);
        assert_eq!(style.for_stream(false), file);
        assert_eq!(file.for_stream(true), file);
    }

    /// Flags win over surroundings.
    #[test]
    fn flags_win() {
        let wish = Wish {
            no_color: true,
            no_utf8: true,
            utc: true,
        };
        let plain = Style {
            color: false,
            unicode: false,
            width: Some(80),
            utc: true,
        };
        assert_eq!(Style::decide(wish, &terminal()), plain);
    }

    /// Colours are written only where they are shown, and never around nothing.
    #[test]
    fn painting() {
        let color = Style {
            color: true,
            ..Style::default()
        };
        assert_eq!(color.paint(Tint::Bad, "x"), "\x1b[31mx\x1b[0m");
        assert_eq!(color.paint(Tint::Bad, ""), "");
        assert_eq!(color.paint(Tint::Plain, "x"), "x");
        assert_eq!(Style::default().paint(Tint::Bad, "x"), "x");
    }
}
