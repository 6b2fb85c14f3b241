//! Where each field of a document stands in its file: a tree of places beside the tree of values.

use std::collections::BTreeMap;

use super::path::{Path, Step, show};

/// Line and column, both from 1; 0 when not known.
pub(crate) type Place = (usize, usize);

/// The places of a value and of what is in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Where the field's name stands; the value's own place where there is no name.
    pub(crate) key: Place,
    /// Where the value begins.
    pub(crate) value: Place,
    /// What is in it.
    pub(crate) inner: Inner,
}

/// Places inside a value.
#[derive(Debug, Clone, Default)]
pub(crate) enum Inner {
    /// A scalar, or nothing is known.
    #[default]
    None,
    /// A mapping.
    Fields(BTreeMap<String, Places>),
    /// A list.
    Elements(Vec<Places>),
}

/// The answer to a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Of the name, or of the nearest ancestor that is there.
    pub(crate) key: Place,
    /// Of the value, or of the nearest ancestor that is there.
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
        let mut here = Some(self);
        let mut last = self;
        let mut shown: Vec<&Step> = Vec::new();
        for step in path.steps() {
            if let (Some(Inner::Fields(_)), Step::Index(0)) = (here.map(|at| &at.inner), step) {
                continue;
            }
            shown.push(step);
            here = here.and_then(|at| at.child(step));
            last = here.unwrap_or(last);
        }
        // A missing field has no name of its own: both places are its parent's.
        Spot {
            key: if here.is_some() {
                last.key
            } else {
                last.begin()
            },
            value: if here.is_some() {
                last.value
            } else {
                last.begin()
            },
            path: show(shown),
        }
    }

    /// Where a reader looks for a value as a whole: at its name.
    fn begin(&self) -> Place {
        if self.key == (0, 0) {
            self.value
        } else {
            self.key
        }
    }

    fn child(&self, step: &Step) -> Option<&Places> {
        match (&self.inner, step) {
            (Inner::Fields(fields), Step::Key(key)) => fields.get(&**key),
            (Inner::Elements(elements), Step::Index(at)) => elements.get(*at),
            _ => None,
        }
    }
}
