//! Text with simple tags: `{{inputs.parameters.x}}`.
//!
//! Parsed once, before any value is put in. A value goes in as it is and is never parsed again:
//! three of Argo's security advisories came from values that were.

use std::borrow::Cow;

use crate::Limits;

/// Text with tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    segments: Vec<Segment>,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Stays as it is.
    Literal(String),
    /// A value goes here.
    Tag(Tag),
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// As it was written, braces included.
    pub source: String,
    /// Byte offset of its first brace in the text.
    pub at: usize,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// `{{name}}`.
    Simple(String),
    /// `{{a.{{b}}}}`: the inner tag gives a part of the name.
    Nested {
        before: String,
        inner: Box<Tag>,
        after: String,
    },
    /// `{{=expression}}`.
    Expression,
}

/// The values that tags may have.
pub trait Scope {
    /// The value of a name such as `workflow.name`.
    fn look_up(&self, name: &str) -> Lookup<'_>;
}

/// What a scope knows of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// Its value.
    Value(Cow<'a, str>),
    /// The name is right and has no value: its producer was left out.
    Absent,
    /// No such name here.
    Unknown,
}

/// Why a text cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A name below `steps.` or `tasks.` that must have a value has none.
    #[error("failed to resolve {{{{{name}}}}}")]
    Unresolved {
        /// The name.
        name: String,
    },
    /// Its producer was left out.
    #[error("{{{{{name}}}}} has no value: its producer was left out")]
    Absent {
        /// The name.
        name: String,
    },
    /// The result is too long.
    #[error("the text is longer than {limit} bytes once its values are put in")]
    TooLong {
        /// The bound, bytes.
        limit: usize,
    },
    /// Too many tags.
    #[error("the text has more than {limit} tags")]
    TooManySteps {
        /// The bound.
        limit: usize,
    },
    /// An expression tag.
    #[error("expression tags are not supported yet: {tag}")]
    Expression {
        /// The tag as written.
        tag: String,
    },
}

impl Text {
    /// Reads a text. Total: what only looks like a tag stays as it is.
    #[must_use]
    pub fn parse(source: &str) -> Text {
        let mut segments = Vec::new();
        let mut literal = String::new();
        let mut at = 0;
        while let Some(offset) = source[at..].find("{{") {
            let begin = at + offset;
            match tag_at(source, begin) {
                Some(tag) => {
                    literal.push_str(&source[at..begin]);
                    if !literal.is_empty() {
                        segments.push(Segment::Literal(std::mem::take(&mut literal)));
                    }
                    at = begin + tag.source.len();
                    segments.push(Segment::Tag(tag));
                }
                None => {
                    literal.push_str(&source[at..=begin]);
                    at = begin + 1;
                }
            }
        }
        literal.push_str(&source[at..]);
        if !literal.is_empty() {
            segments.push(Segment::Literal(literal));
        }
        Text { segments }
    }

    /// The text as written.
    #[must_use]
    pub fn source(&self) -> String {
        self.segments
            .iter()
            .map(|segment| match segment {
                Segment::Literal(text) => text.as_str(),
                Segment::Tag(tag) => tag.source.as_str(),
            })
            .collect()
    }

    /// The text, when it has no tag.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [] => Some(""),
            [Segment::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Its tags, the inner ones of nested tags too.
    pub fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.segments.iter().flat_map(|segment| match segment {
            Segment::Literal(_) => vec![],
            Segment::Tag(tag) => match &tag.kind {
                Kind::Nested { inner, .. } => vec![tag, inner],
                Kind::Simple(_) | Kind::Expression => vec![tag],
            },
        })
    }

    /// The name, when the text is one simple tag and nothing else (argo.md §6).
    #[must_use]
    pub fn pure_reference(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [Segment::Tag(tag)] => tag.name(),
            _ => None,
        }
    }

    /// Puts the values in.
    ///
    /// Unknown names stay in the text as they were written, except those below `steps.` and
    /// `tasks.`, which must have a value.
    ///
    /// # Errors
    /// [`RenderError`] for a name that must have a value, and for a text beyond the limits.
    pub fn render(&self, scope: &dyn Scope, limits: &Limits) -> Result<String, RenderError> {
        if self.segments.len() > limits.steps {
            return Err(RenderError::TooManySteps {
                limit: limits.steps,
            });
        }
        let mut out = String::new();
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => out.push_str(text),
                Segment::Tag(tag) => out.push_str(&tag.render(scope)?),
            }
            if out.len() > limits.bytes {
                return Err(RenderError::TooLong {
                    limit: limits.bytes,
                });
            }
        }
        Ok(out)
    }
}

impl Tag {
    /// The name of a simple tag.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Simple(name) => Some(name),
            Kind::Nested { .. } | Kind::Expression => None,
        }
    }

    /// Whether it is `{{=…}}`.
    #[must_use]
    pub fn is_expression(&self) -> bool {
        self.kind == Kind::Expression
    }

    fn render<'a>(&'a self, scope: &'a dyn Scope) -> Result<Cow<'a, str>, RenderError> {
        match &self.kind {
            Kind::Simple(name) => self.value(name, scope).map(|value| match value {
                Some(value) => value,
                None => Cow::Borrowed(self.source.as_str()),
            }),
            Kind::Nested {
                before,
                inner,
                after,
            } => {
                let part = inner.render(scope)?;
                let name = format!("{before}{part}{after}");
                let value = self.value(name.trim(), scope)?.map(Cow::into_owned);
                Ok(Cow::Owned(
                    value.unwrap_or_else(|| format!("{{{{{name}}}}}")),
                ))
            }
            Kind::Expression => Err(RenderError::Expression {
                tag: self.source.clone(),
            }),
        }
    }

    fn value<'a>(
        &self,
        name: &str,
        scope: &'a dyn Scope,
    ) -> Result<Option<Cow<'a, str>>, RenderError> {
        let must = name.starts_with("steps.") || name.starts_with("tasks.");
        match scope.look_up(name) {
            Lookup::Value(value) => Ok(Some(value)),
            Lookup::Absent => Err(RenderError::Absent {
                name: name.to_owned(),
            }),
            Lookup::Unknown if must => Err(RenderError::Unresolved {
                name: name.to_owned(),
            }),
            Lookup::Unknown => Ok(None),
        }
    }
}

/// Whether a name may stand in a tag.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    !name.is_empty() && name.chars().all(fits)
}

/// The tag that begins at `begin`, if there is one.
fn tag_at(source: &str, begin: usize) -> Option<Tag> {
    let body = &source[begin + 2..];
    if let Some(expression) = body.strip_prefix('=') {
        let end = expression.find("}}")?;
        let source = source[begin..begin + 2 + 1 + end + 2].to_owned();
        return Some(Tag {
            source,
            at: begin,
            kind: Kind::Expression,
        });
    }
    let close = body.find("}}")?;
    let inner = body.find("{{").filter(|inner| *inner < close);
    let Some(inner_at) = inner else {
        let name = body[..close].trim();
        return is_name(name).then(|| Tag {
            source: source[begin..begin + 2 + close + 2].to_owned(),
            at: begin,
            kind: Kind::Simple(name.to_owned()),
        });
    };
    let before = &body[..inner_at];
    if before.chars().any(|c| !is_name(&c.to_string()) && c != ' ') {
        return None;
    }
    let name = body[inner_at + 2..close].trim();
    let rest = &body[close + 2..];
    let end = rest.find("}}")?;
    let after = &rest[..end];
    let after_fits = after.trim().is_empty() || is_name(after.trim());
    if !is_name(name) || !after_fits {
        return None;
    }
    let inner = Tag {
        source: body[inner_at..close + 2].to_owned(),
        at: begin + 2 + inner_at,
        kind: Kind::Simple(name.to_owned()),
    };
    let length = 2 + close + 2 + end + 2;
    Some(Tag {
        source: source[begin..begin + length].to_owned(),
        at: begin,
        kind: Kind::Nested {
            before: before.trim_start().to_owned(),
            inner: Box::new(inner),
            after: after.trim_end().to_owned(),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Map(BTreeMap<&'static str, &'static str>);

    impl Scope for Map {
        fn look_up(&self, name: &str) -> Lookup<'_> {
            match self.0.get(name) {
                Some(&"absent") => Lookup::Absent,
                Some(value) => Lookup::Value(Cow::Borrowed(value)),
                None => Lookup::Unknown,
            }
        }
    }

    fn scope() -> Map {
        Map(BTreeMap::from([
            ("workflow.name", "w"),
            ("inputs.parameters.x", "{{workflow.name}}"),
            ("inputs.parameters.which", "two"),
            ("inputs.parameters.two", "2"),
            ("steps.a.outputs.result", "r"),
            ("steps.b.outputs.result", "absent"),
        ]))
    }

    /// Value, place and failure of every kind of tag; a value is never parsed again.
    #[test]
    fn renders() {
        for (source, rendered) in [
            ("", Ok("")),
            ("plain", Ok("plain")),
            ("{{workflow.name}}", Ok("w")),
            ("a {{ workflow.name }} b", Ok("a w b")),
            ("{{inputs.parameters.x}}", Ok("{{workflow.name}}")),
            ("{{nothing.known}} stays", Ok("{{nothing.known}} stays")),
            ("{{ = 1 + 1 }}", Ok("{{ = 1 + 1 }}")),
            ("{{inputs.parameters.{{inputs.parameters.which}}}}", Ok("2")),
            (
                "{{inputs.parameters.{{nothing}}}}",
                Ok("{{inputs.parameters.{{nothing}}}}"),
            ),
            ("open {{workflow.name", Ok("open {{workflow.name")),
            ("{{{workflow.name}}}", Ok("{w}")),
            ("{{}} {{ }} {{a b}}", Ok("{{}} {{ }} {{a b}}")),
            ("{{steps.a.outputs.result}}", Ok("r")),
            (
                "{{steps.c.outputs.result}}",
                Err("failed to resolve {{steps.c.outputs.result}}"),
            ),
            (
                "{{=1+1}}",
                Err("expression tags are not supported yet: {{=1+1}}"),
            ),
        ] {
            let text = Text::parse(source);
            assert_eq!(text.source(), source);
            let got = text
                .render(&scope(), &Limits::default())
                .map_err(|e| e.to_string());
            assert_eq!(got.as_deref().map_err(String::as_str), rendered, "{source}");
        }
        let absent = Text::parse("{{steps.b.outputs.result}}");
        assert_eq!(absent.pure_reference(), Some("steps.b.outputs.result"));
        let error = absent
            .render(&scope(), &Limits::default())
            .expect_err("absent");
        assert!(matches!(error, RenderError::Absent { .. }));
    }

    #[test]
    fn limits_hold() {
        let text = Text::parse(&"{{workflow.name}}".repeat(50));
        let limits = Limits {
            bytes: 10,
            ..Limits::default()
        };
        assert_eq!(
            text.render(&scope(), &limits),
            Err(RenderError::TooLong { limit: 10 })
        );
        let limits = Limits {
            steps: 10,
            ..Limits::default()
        };
        assert_eq!(
            text.render(&scope(), &limits),
            Err(RenderError::TooManySteps { limit: 10 })
        );
    }
}
