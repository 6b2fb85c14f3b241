//! The list of faults that grows while a document is read.

use usher_api::code::{self, Code};
use usher_expr::nearest;

use super::Fault;
use super::path::Path;
use super::places::{Inner, Place, Places};

/// More than these are counted, not told: nobody reads a thousand lines.
const TOLD_MAX: usize = 500;

/// How many candidates are compared with a wrong word: the work must stay small for any file.
const COMPARED_MAX: usize = 200;

/// Collects faults and gives each its place.
#[derive(Debug)]
pub(crate) struct Faults<'a> {
    file: &'a str,
    places: &'a Places,
    list: Vec<Fault>,
    untold: usize,
    is_muted: bool,
}

/// Whether a fault points at a field's name or at its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    Key,
    Value,
}

impl<'a> Faults<'a> {
    /// None so far.
    pub(crate) fn new(file: &'a str, places: &'a Places) -> Faults<'a> {
        Faults {
            file,
            places,
            list: Vec::new(),
            untold: 0,
            is_muted: false,
        }
    }

    /// The scalar at a path as the file has it.
    pub(crate) fn written(&self, path: &Path) -> Option<&'a str> {
        match &self.places.find(path)?.inner {
            Inner::Scalar { text, .. } => Some(text),
            Inner::None | Inner::Fields(_) | Inner::Elements(_) => None,
        }
    }

    /// While true, faults are dropped: what nothing reaches is looked at only from outside. Gives
    /// what was before.
    pub(crate) fn mute(&mut self, is_muted: bool) -> bool {
        std::mem::replace(&mut self.is_muted, is_muted)
    }

    /// The word that was probably meant; none while no fault would be told anyway.
    pub(crate) fn near<'w>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'w str>,
    ) -> Option<&'w str> {
        match self.is_heard() {
            true => nearest(word, candidates.into_iter().take(COMPARED_MAX)),
            false => None,
        }
    }

    /// Whether a fault added now would be told. If not, what is costly to say is not worked out.
    pub(crate) fn is_heard(&self) -> bool {
        !self.is_muted && self.list.len() < TOLD_MAX
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether a field that is missing from an object was already told otherwise: it, or something
    /// in it, was refused, or its name is misspelt.
    pub(crate) fn excuse(&self, owner: &Path, field: &str) -> bool {
        let owner = self.places.locate(owner).path;
        let missing = match owner.as_str() {
            "" => field.to_owned(),
            _ => format!("{owner}.{field}"),
        };
        self.list.iter().any(|fault| {
            let is_in = |path: &str| {
                let rest = fault.path.strip_prefix(path);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            };
            is_in(&missing)
                || fault.code == &code::UNKNOWN_FIELD
                    && fault.nearest.as_deref() == Some(field)
                    && is_in(&owner)
        })
    }

    /// A fault of the value at a path.
    pub(crate) fn add(&mut self, code: &'static Code, path: &Path, message: impl Into<String>) {
        self.push(code, path, Aim::Value, message.into(), None);
    }

    /// A fault of the value at a path, with the word that was probably meant.
    pub(crate) fn add_near(
        &mut self,
        code: &'static Code,
        path: &Path,
        message: impl Into<String>,
        nearest: Option<&str>,
    ) {
        self.push(code, path, Aim::Value, message.into(), nearest);
    }

    /// A fault of a piece of a text: `at` is its first byte in `text`, the value at the path.
    pub(crate) fn add_in(
        &mut self,
        code: &'static Code,
        path: &Path,
        (text, at): (&str, usize),
        message: impl Into<String>,
        nearest: Option<&str>,
    ) {
        if !self.is_heard() {
            return self.count();
        }
        let spot = self.places.locate_in(path, text, at);
        self.put(code, spot.value, spot.path, message.into(), nearest);
    }

    /// A fault of a field as such: the place is that of its name.
    pub(crate) fn add_key(
        &mut self,
        code: &'static Code,
        path: &Path,
        message: impl Into<String>,
        nearest: Option<&str>,
    ) {
        self.push(code, path, Aim::Key, message.into(), nearest);
    }

    /// A fault at a place that is known before there is a tree of places.
    pub(crate) fn add_at(
        &mut self,
        code: &'static Code,
        place: Place,
        path: &Path,
        message: impl Into<String>,
    ) {
        self.put(code, place, path.to_string(), message.into(), None);
    }

    /// Counts a fault that is not told.
    fn count(&mut self) {
        self.untold += usize::from(!self.is_muted);
    }

    fn push(
        &mut self,
        code: &'static Code,
        path: &Path,
        aim: Aim,
        message: String,
        nearest: Option<&str>,
    ) {
        if !self.is_heard() {
            return self.count();
        }
        let spot = self.places.locate(path);
        let place = match aim {
            Aim::Key => spot.key,
            Aim::Value => spot.value,
        };
        self.put(code, place, spot.path, message, nearest);
    }

    fn put(
        &mut self,
        code: &'static Code,
        (line, column): Place,
        path: String,
        message: String,
        nearest: Option<&str>,
    ) {
        if !self.is_heard() {
            return self.count();
        }
        self.list.push(Fault {
            code,
            file: self.file.to_owned(),
            line: line as usize,
            column: column as usize,
            path,
            message,
            nearest: nearest.map(str::to_owned),
        });
    }

    /// All of them, in the order of the file.
    pub(crate) fn finish(mut self) -> Vec<Fault> {
        self.list.sort_by_key(|fault| (fault.line, fault.column));
        // What an alias repeats is wrong once: in its place.
        self.list.dedup_by(|next, last| {
            let place = |fault: &Fault| (fault.line, fault.column);
            last.line > 0
                && place(next) == place(last)
                && next.code == last.code
                && next.message == last.message
        });
        if self.untold > 0
            && let Some(last) = self.list.last().cloned()
        {
            self.list.push(Fault {
                message: format!("and {} more faults, not shown", self.untold),
                nearest: None,
                ..last
            });
        }
        self.list
    }
}
