//! Where a value stands in a document: a path that is cheap to extend while walking.

use std::fmt;
use std::rc::Rc;

/// A path from the document's root; a clone costs a counter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Path(Option<Rc<Link>>);

#[derive(Debug, PartialEq, Eq)]
struct Link {
    up: Path,
    step: Step,
}

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into a mapping.
    Key(Rc<str>),
    /// Into a list.
    Index(usize),
}

/// Longer keys are cut in messages: a key may be as long as a file.
const SHOWN_MAX: usize = 64;

impl Path {
    /// The path of a field below this one.
    pub(crate) fn key(&self, name: &str) -> Path {
        self.then(Step::Key(name.into()))
    }

    /// The path of an element below this one.
    pub(crate) fn index(&self, at: usize) -> Path {
        self.then(Step::Index(at))
    }

    fn then(&self, step: Step) -> Path {
        Path(Some(Rc::new(Link {
            up: self.clone(),
            step,
        })))
    }

    /// How many steps it has.
    pub(crate) fn depth(&self) -> usize {
        std::iter::successors(self.0.as_ref(), |link| link.up.0.as_ref()).count()
    }

    /// The steps from the root.
    pub(crate) fn steps(&self) -> Vec<&Step> {
        let mut steps: Vec<&Step> =
            std::iter::successors(self.0.as_ref(), |link| link.up.0.as_ref())
                .map(|link| &link.step)
                .collect();
        steps.reverse();
        steps
    }

    /// The path with `[]` for every index: one text for all elements of a list.
    pub(crate) fn without_indices(&self) -> String {
        let mut out = String::new();
        for step in self.steps() {
            match step {
                Step::Key(key) => push_key(&mut out, key),
                Step::Index(_) => out.push_str("[]"),
            }
        }
        out
    }
}

/// More steps of a path are not shown.
const STEPS_MAX: usize = 24;

/// Steps as text: `spec.templates[2].name`; a key of other characters is quoted.
pub(crate) fn show<'a>(steps: impl IntoIterator<Item = &'a Step>) -> String {
    let mut out = String::new();
    for (count, step) in steps.into_iter().enumerate() {
        if count == STEPS_MAX {
            out.push('…');
            break;
        }
        match step {
            Step::Key(key) => push_key(&mut out, key),
            Step::Index(at) => out.push_str(&format!("[{at}]")),
        }
    }
    out
}

fn push_key(out: &mut String, key: &str) {
    let is_plain = !key.is_empty()
        && key.len() <= SHOWN_MAX
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '$');
    if is_plain {
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(key);
    } else {
        out.push_str(&format!("[{}]", shown(key)));
    }
}

/// A text of a file inside a message: on one line, in quotes, cut when it is long.
pub(crate) fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(SHOWN_MAX).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&show(self.steps()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths read as a person would write them.
    #[test]
    fn shows() {
        let path = Path::default().key("spec").key("templates").index(2);
        assert_eq!(path.key("name").to_string(), "spec.templates[2].name");
        assert_eq!(path.depth(), 3);
        assert_eq!(path.without_indices(), "spec.templates[]");
        let odd = Path::default().key("metadata").key("labels").key("a.b/c");
        assert_eq!(odd.to_string(), "metadata.labels[\"a.b/c\"]");
        let long = Path::default().key(&"x".repeat(1_000)).to_string();
        assert_eq!(long, format!("[\"{}…\"]", "x".repeat(64)));
        assert_eq!(shown("a\nb"), "\"a\\nb\"");
    }
}
