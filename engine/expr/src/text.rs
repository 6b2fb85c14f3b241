//! Texts with `{{tags}}`: read once, rendered against a scope.
//!
//! Reading is total, as a script may hold any braces: what is no tag is literal text. A value is
//! put in as it is and never read again, so a value that holds `{{workflow.name}}` stays that text
//! (Argo substitutes again and again; here nothing that a step prints can reach into the file).

mod parse;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::Limits;
use crate::lex::is_tag_name;

/// A text as written, cut into literal pieces and tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    segments: Vec<Segment>,
}

/// One piece of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Characters that stand for themselves.
    Literal(String),
    /// Something to be replaced.
    Tag(Tag),
}

/// One tag of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The tag exactly as written, braces included.
    pub source: String,
    /// Byte offset of its `{{` in the text.
    pub at: usize,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// `{{name}}`, the name without the spaces around it.
    Simple(String),
    /// `{{=expression}}`, what stands after the `=`.
    Expression(String),
    /// `{{a.{{b}}.c}}`: the pieces of which the name is made; its tags are simple ones.
    Nested(Vec<Segment>),
}

/// Where names get their values from.
pub trait Scope {
    /// Looks a name up, such as `steps.a.outputs.result`.
    fn look_up(&self, name: &str) -> Lookup<'_>;
}

/// What a [`Scope`] knows about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// The name has this value.
    Value(Cow<'a, str>),
    /// The name exists but has no value, since the step that makes it was skipped or omitted.
    Absent,
    /// There is no such name.
    Unknown,
}

/// Why a text could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A `steps.` or `tasks.` name that nobody defines. Other unknown names stay as they are.
    #[error("failed to resolve {{{{{name}}}}}")]
    Unresolved {
        /// The name in the tag.
        name: String,
    },
    /// A name without a value, see [`Lookup::Absent`].
    #[error("{{{{{name}}}}} has no value: what makes it was skipped or omitted")]
    Absent {
        /// The name in the tag.
        name: String,
    },
    /// The result would be longer than [`Limits::bytes`].
    #[error("rendered text is longer than {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The text has more tags than [`Limits::tags`].
    #[error("text has more than {limit} tags")]
    TooManySteps {
        /// The limit, in tags.
        limit: usize,
    },
    /// A `{{=…}}` tag: a language of its own, which is not there yet.
    #[error("expression tags are not supported yet: {tag}")]
    Expression {
        /// The tag as written, braces included.
        tag: String,
    },
}

impl Tag {
    /// The name in a simple tag, without the spaces around it; nothing for other tags.
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Simple(name) => Some(name),
            Kind::Expression(_) | Kind::Nested(_) => None,
        }
    }

    /// Whether this is a `{{=…}}` tag.
    pub fn is_expression(&self) -> bool {
        self.expression().is_some()
    }

    /// What stands after the `=` of an expression tag; nothing for other tags.
    pub fn expression(&self) -> Option<&str> {
        match &self.kind {
            Kind::Expression(expression) => Some(expression),
            Kind::Simple(_) | Kind::Nested(_) => None,
        }
    }

    /// Whether other tags make part of the name, as in `{{inputs.parameters.{{item}}}}`.
    pub fn is_nested(&self) -> bool {
        matches!(self.kind, Kind::Nested(_))
    }

    fn inner(&self) -> &[Segment] {
        match &self.kind {
            Kind::Nested(pieces) => pieces,
            Kind::Simple(_) | Kind::Expression(_) => &[],
        }
    }
}

impl Segment {
    fn as_tag(&self) -> Option<&Tag> {
        match self {
            Segment::Tag(tag) => Some(tag),
            Segment::Literal(_) => None,
        }
    }

    fn source(&self) -> &str {
        match self {
            Segment::Tag(tag) => &tag.source,
            Segment::Literal(literal) => literal,
        }
    }
}

impl Text {
    /// Reads a text. Never fails: an unclosed `{{`, an empty name or a name of other characters
    /// than letters, digits and `_ - . /` is literal text. Takes time in proportion to the length.
    pub fn parse(source: &str) -> Text {
        Text {
            segments: parse::segments(source),
        }
    }

    /// The pieces, in order. No two literals are neighbours, none is empty.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The text as it was written.
    pub fn source(&self) -> String {
        self.segments.iter().map(Segment::source).collect()
    }

    /// Whether there is nothing to replace.
    pub fn is_literal(&self) -> bool {
        self.as_literal().is_some()
    }

    /// The text, if there is nothing to replace in it.
    pub fn as_literal(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [] => Some(""),
            [Segment::Literal(literal)] => Some(literal),
            _ => None,
        }
    }

    /// All tags from left to right, a nested one before those inside it.
    pub fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.segments
            .iter()
            .filter_map(Segment::as_tag)
            .flat_map(|tag| {
                std::iter::once(tag).chain(tag.inner().iter().filter_map(Segment::as_tag))
            })
    }

    /// The name, if the whole text is one simple tag and nothing else. Argo drops an argument that
    /// is such a pure reference to an absent output, so that the default of the input applies.
    pub fn pure_reference(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [Segment::Tag(tag)] => tag.name(),
            _ => None,
        }
    }

    /// The text with every tag replaced by its value.
    ///
    /// An unknown name leaves its tag in place, unless it begins with `steps.` or `tasks.`: those
    /// must resolve. A nested tag first makes its name; if only the outer name is unknown, the tag
    /// stays with the inner values in it, as in Argo.
    ///
    /// # Errors
    /// See [`RenderError`]; the first one from the left.
    pub fn render(&self, scope: &dyn Scope, limits: &Limits) -> Result<String, RenderError> {
        if self.tags().nth(limits.tags).is_some() {
            return Err(RenderError::TooManySteps { limit: limits.tags });
        }
        let mut output = Output {
            text: String::new(),
            limit: limits.bytes,
        };
        for segment in &self.segments {
            match segment {
                Segment::Literal(literal) => output.push(literal)?,
                Segment::Tag(tag) => render_tag(tag, scope, &mut output)?,
            }
        }
        Ok(output.text)
    }
}

/// A text that grows up to a limit.
struct Output {
    text: String,
    limit: usize,
}

impl Output {
    fn push(&mut self, piece: &str) -> Result<(), RenderError> {
        if piece.len() > self.limit.saturating_sub(self.text.len()) {
            return Err(RenderError::TooLong { limit: self.limit });
        }
        self.text.push_str(piece);
        Ok(())
    }
}

fn render_tag(tag: &Tag, scope: &dyn Scope, output: &mut Output) -> Result<(), RenderError> {
    match &tag.kind {
        Kind::Simple(name) => match resolve(name, scope)? {
            Some(value) => output.push(&value),
            None => output.push(&tag.source),
        },
        Kind::Expression(_) => Err(RenderError::Expression {
            tag: tag.source.clone(),
        }),
        Kind::Nested(pieces) => {
            let Some(written) = compose(pieces, scope, output.limit)? else {
                return output.push(&tag.source);
            };
            let name = written.trim();
            // A value may hold anything, but only what could have been written is looked up.
            let value = match name.chars().all(is_tag_name) {
                true => resolve(name, scope)?,
                false => None,
            };
            match value {
                Some(value) => output.push(&value),
                None => ["{{", &written, "}}"]
                    .iter()
                    .try_for_each(|piece| output.push(piece)),
            }
        }
    }
}

/// The name that the pieces of a nested tag make; nothing if one of its tags is unknown.
fn compose(
    pieces: &[Segment],
    scope: &dyn Scope,
    limit: usize,
) -> Result<Option<String>, RenderError> {
    let mut name = Output {
        text: String::new(),
        limit,
    };
    for piece in pieces {
        match piece {
            Segment::Literal(literal) => name.push(literal)?,
            Segment::Tag(tag) => {
                let Some(value) = resolve(tag.name().unwrap_or_default(), scope)? else {
                    return Ok(None);
                };
                name.push(&value)?;
            }
        }
    }
    Ok(Some(name.text))
}

/// The value of a name; nothing if it is unknown and may be.
fn resolve<'a>(name: &str, scope: &'a dyn Scope) -> Result<Option<Cow<'a, str>>, RenderError> {
    match scope.look_up(name) {
        Lookup::Value(value) => Ok(Some(value)),
        Lookup::Absent => Err(RenderError::Absent {
            name: name.to_owned(),
        }),
        Lookup::Unknown if name.starts_with("steps.") || name.starts_with("tasks.") => {
            Err(RenderError::Unresolved {
                name: name.to_owned(),
            })
        }
        Lookup::Unknown => Ok(None),
    }
}
