//! The right side of `=~` and `!~`, as far as it is plain.
//!
//! Regular expressions are a language of their own that no file of the kinds run so far needs;
//! plain words, with or without `^` before and `$` behind, are matched, everything else is refused
//! by name rather than matched wrongly.

use super::Fault;

/// A pattern without any special character but the anchors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern<'a> {
    word: &'a str,
    from_start: bool,
    to_end: bool,
}

impl<'a> Pattern<'a> {
    /// Reads a pattern; the fault names what cannot be matched yet.
    pub(super) fn parse(source: &'a str) -> Result<Pattern<'a>, Fault> {
        let (from_start, word) = match source.strip_prefix('^') {
            Some(word) => (true, word),
            None => (false, source),
        };
        let (to_end, word) = match word.strip_suffix('$') {
            Some(word) => (true, word),
            None => (false, word),
        };
        if word.contains(|c| r"\.+*?()|[]{}^$".contains(c)) {
            return Err(Fault::Reason(format!(
                "the regular expression '{source}' is not supported yet"
            )));
        }
        Ok(Pattern {
            word,
            from_start,
            to_end,
        })
    }

    /// Whether it occurs in the text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        match (self.from_start, self.to_end) {
            (true, true) => text == self.word,
            (true, false) => text.starts_with(self.word),
            (false, true) => text.ends_with(self.word),
            (false, false) => text.contains(self.word),
        }
    }
}
