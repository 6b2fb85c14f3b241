//! The little languages inside a workflow file: `{{tags}}`, `when` and `depends`.
//!
//! Each text is read once, when a file is admitted, and used many times afterwards. Everything in
//! here is pure and total: no input makes it panic, recurse without bound or run without end, since
//! the texts, and above all the values put into them, come from strangers. [`Limits`] holds the
//! bounds. Operators never nest the call stack (they become flat lists of steps); only parentheses
//! do, and those are counted.

mod depends;
#[cfg(test)]
mod hostile;
mod lex;
mod limits;
mod nearest;
mod text;
mod when;

pub use depends::{Depends, DependsError, Outcome};
pub use limits::Limits;
pub use nearest::nearest;
pub use text::{Lookup, RenderError, Scope, Segment, Tag, Text};
pub use when::{WhenError, evaluate_when};
