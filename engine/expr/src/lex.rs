//! The cursor and the character classes that all readers in this crate share.
//!
//! Tags, `when` and `depends` differ in what they call a token (Argo hands each to another
//! library), but not in how they walk over a text: one character at a time, forward only, with byte
//! offsets that point into the text as written.

/// A position in a text. It only moves forward, and always stands on a character boundary.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor before the first character.
    pub(crate) fn new(source: &'a str) -> Self {
        Cursor { source, at: 0 }
    }

    /// Byte offset of the next character; the length of the text at its end.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// The next character, left where it is.
    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Reads one character.
    pub(crate) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Reads `expected` if it comes next, and says whether it did.
    pub(crate) fn eat(&mut self, expected: &str) -> bool {
        let eaten = self.rest().starts_with(expected);
        if eaten {
            self.at += expected.len();
        }
        eaten
    }

    /// Reads characters as long as `keep` wants them.
    pub(crate) fn eat_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }
}

/// What the name in a simple tag may be made of, besides the spaces around it.
pub(crate) fn is_tag_name(c: char) -> bool {
    is_task_name(c) || c == '.' || c == '/'
}

/// What the name of a task may be made of.
pub(crate) fn is_task_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}
