//! Where each field of a document stands in its file: a tree of places beside the tree of values.
//!
//! Aliased parts are shared, so the tree is as large as the file and not as what it expands to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::path::{Path, Step, show};

/// Line and column in characters, both from 1; 0 when not known.
pub(crate) type Place = (u32, u32);

/// The place of a value and of what is in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Where the value begins.
    pub(crate) place: Place,
    /// How many bytes it takes with all aliases written out.
    pub(crate) weight: u64,
    /// How many levels it has with all aliases written out; 0 for a scalar.
    pub(crate) depth: usize,
    /// What is in it.
    pub(crate) inner: Inner,
}

/// What is inside a value.
#[derive(Debug, Clone, Default)]
pub(crate) enum Inner {
    /// Nothing is known: the object did not come from a file.
    #[default]
    None,
    /// A scalar.
    Scalar {
        /// Its text, escapes resolved.
        text: String,
        /// Whether it stands without quotes, so that `5` is a number and `yes` is true.
        is_plain: bool,
        /// How a place in the text is found in the file.
        lines: Lines,
    },
    /// A mapping: the place of each name, and its value.
    Fields(BTreeMap<String, (Place, Arc<Places>)>),
    /// A list.
    Elements(Vec<Arc<Places>>),
}

/// How the characters of a scalar stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// On one line as they are, after so many characters of quotes.
    One(u32),
    /// Each line of the text on a line of its own, all beginning in the same column.
    Block,
    /// Otherwise: folded, or with escapes.
    Unknown,
}

/// The answer to a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Where the name stands, or that of the nearest ancestor that is there.
    pub(crate) key: Place,
    /// Where the value begins, or the name of the nearest ancestor that is there.
    pub(crate) value: Place,
    /// The path as the file has it.
    pub(crate) path: String,
}

impl Places {
    /// The place of a path; of its nearest ancestor when the field is missing.
    ///
    /// A single step that admission made a list of one (`steps: [{…}]`) has no such list in the
    /// file, so its index is left out of the path.
    pub(crate) fn locate(&self, path: &Path) -> Spot {
        let (mut key, mut here) = (self.place, Some(self));
        let mut shown: Vec<&Step> = Vec::new();
        let mut value = self.place;
        for step in path.steps() {
            if let (Some(Inner::Fields(_)), Step::Index(0)) = (here.map(|at| &at.inner), step) {
                continue;
            }
            shown.push(step);
            match here.and_then(|at| at.child(step)) {
                Some((name, child)) => {
                    (key, value) = (name, child.place);
                    here = Some(child);
                }
                // What is missing is looked for where its owner's name stands.
                None => {
                    value = key;
                    here = None;
                }
            }
        }
        Spot {
            key,
            value,
            path: show(shown),
        }
    }

    /// What stands at a path, if something does.
    pub(crate) fn find(&self, path: &Path) -> Option<&Places> {
        let mut steps = path.steps().into_iter();
        steps.try_fold(self, |here, step| match (&here.inner, step) {
            (Inner::Fields(_), Step::Index(0)) => Some(here),
            _ => Some(here.child(step)?.1),
        })
    }

    /// The place of a byte of a text, where the value at a path is this text; else of the value.
    pub(crate) fn locate_in(&self, path: &Path, text: &str, at: usize) -> Spot {
        let mut spot = self.locate(path);
        if let Some(node) = self.find(path)
            && let Inner::Scalar {
                text: own, lines, ..
            } = &node.inner
            && own == text
            && let Some(before) = text.get(..at)
        {
            let (line, column) = node.place;
            let down = before.matches('\n').count() as u32;
            let begin = before.rfind('\n').map_or(0, |at| at + 1);
            let right = before[begin..].chars().count() as u32;
            spot.value = match lines {
                Lines::One(quotes) => (line, column + quotes + right),
                Lines::Block => (line + down, column + right),
                Lines::Unknown => node.place,
            };
        }
        spot
    }

    fn child(&self, step: &Step) -> Option<(Place, &Places)> {
        match (&self.inner, step) {
            (Inner::Fields(fields), Step::Key(name)) => {
                let (place, child) = fields.get(&**name)?;
                Some((*place, child))
            }
            (Inner::Elements(elements), Step::Index(at)) => {
                let child = elements.get(*at)?;
                Some((child.place, child))
            }
            _ => None,
        }
    }
}
