//! Tags, `when` and `depends`: parsed once, evaluated within limits.
//!
//! Three small languages of Argo (argo.md §5, §6), all pure:
//!
//! * [`Text`]: text with `{{tags}}`. Values are put in as they are and never parsed again.
//! * [`evaluate_when`]: the language of `when` (govaluate's), read after the tags are put in.
//! * [`Depends`]: `A.Succeeded && (B || C.Failed)`.
//!
//! Everything that reads input is bounded: depth, steps, bytes. Nothing panics on input, no chain of
//! operators recurses. `{{=expressions}}` are recognised and refused by name until their own issue.

mod depends;
mod lexer;
mod nearest;
mod text;
mod value;
mod when;

pub use depends::{Depends, DependsError, Outcome};
pub use nearest::nearest;
pub use text::{Lookup, RenderError, Scope, Segment, Tag, Text};
pub use when::{WhenError, evaluate_when};

/// Bounds of every evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep parentheses and prefixes may nest.
    pub depth: usize,
    /// How many tokens an expression may have, and tags a text.
    pub steps: usize,
    /// How long a rendered text may be, bytes.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            depth: 64,
            steps: 10_000,
            bytes: 1 << 20,
        }
    }
}
