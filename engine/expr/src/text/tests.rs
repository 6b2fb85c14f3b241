//! What `text` accepts, refuses and answers, row by row.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Lookup, RenderError, Scope, Segment, Text};
use crate::Limits;

struct Names(BTreeMap<&'static str, Option<&'static str>>);

impl Scope for Names {
    fn look_up(&self, name: &str) -> Lookup<'_> {
        match self.0.get(name) {
            Some(Some(value)) => Lookup::Value(Cow::Borrowed(value)),
            Some(None) => Lookup::Absent,
            None => Lookup::Unknown,
        }
    }
}

fn names() -> Names {
    Names(BTreeMap::from([
        ("workflow.name", Some("hello-x")),
        ("inputs.parameters.which", Some("colour")),
        ("inputs.parameters.colour", Some("red")),
        ("inputs.parameters.empty", Some("")),
        ("inputs.parameters.evil", Some("{{workflow.name}}")),
        ("inputs.parameters.braces", Some("x}}{{workflow.name")),
        ("inputs.parameters.a/b.c_d-1", Some("odd")),
        ("steps.a.outputs.result", Some("heads")),
        ("steps.gone.outputs.result", None),
        ("item", Some("colour")),
    ]))
}

#[test]
fn renders() {
    let rows: &[(&str, &str)] = &[
        ("", ""),
        ("plain", "plain"),
        ("{{workflow.name}}", "hello-x"),
        ("{{ workflow.name }}", "hello-x"),
        ("{{\t\nworkflow.name\n}}", "hello-x"),
        ("a {{workflow.name}} b {{item}}", "a hello-x b colour"),
        ("{{workflow.name}}{{item}}", "hello-xcolour"),
        ("{{inputs.parameters.empty}}", ""),
        ("{{inputs.parameters.a/b.c_d-1}}", "odd"),
        // A value is never read again, neither as a tag nor as half of one.
        ("{{inputs.parameters.evil}}", "{{workflow.name}}"),
        ("{{inputs.parameters.braces}}", "x}}{{workflow.name"),
        (
            "{{inputs.parameters.{{inputs.parameters.evil}}}}",
            "{{inputs.parameters.{{workflow.name}}}}",
        ),
        // One level of nesting: the inner value is a name, or a part of it.
        ("{{inputs.parameters.{{inputs.parameters.which}}}}", "red"),
        (
            "{{ inputs.parameters.{{ inputs.parameters.which }} }}",
            "red",
        ),
        ("{{inputs.{{unknown}}.x}}", "{{inputs.{{unknown}}.x}}"),
        ("{{in.{{item}}.{{item}}}}", "{{in.colour.colour}}"),
        ("{{inputs.parameters.{{item}}}}{{item}}", "redcolour"),
        ("{{a.{{b.{{item}}}}}}", "{{a.{{b.colour}}}}"),
        // Unknown names stay as written.
        ("{{unknown}} {{ unknown }}", "{{unknown}} {{ unknown }}"),
        ("{{stepsy.a}}", "{{stepsy.a}}"),
        // What only looks like a tag.
        ("{{", "{{"),
        ("}}", "}}"),
        ("{{}}", "{{}}"),
        ("{{ }}", "{{ }}"),
        ("{{}}}", "{{}}}"),
        ("{{{item}}}", "{{{item}}}"),
        ("{{{{item}}}}", "{{{{item}}}}"),
        ("{{workflow.name", "{{workflow.name"),
        ("{{workflow.name}", "{{workflow.name}"),
        ("{{ workflow .name }}", "{{ workflow .name }}"),
        (
            "{{steps['a'].outputs.result}}",
            "{{steps['a'].outputs.result}}",
        ),
        ("{{workflow.näme}} {{item}}", "{{workflow.näme}} colour"),
        ("{{a\u{0}b}}", "{{a\u{0}b}}"),
        ("{{ print {{item}} }}", "{{ print colour }}"),
        ("{{ {{item}}é", "{{ colouré"),
        ("{{a.{{item}}é}}", "{{a.colouré}}"),
        ("{{a.{{item é", "{{a.{{item é"),
        ("é{{item}}é", "écolouré"),
        ("awk '{{print $1}}' {{item}}", "awk '{{print $1}}' colour"),
    ];
    for (source, expected) in rows {
        let text = Text::parse(source);
        let rendered = text.render(&names(), &Limits::default());
        assert_eq!(rendered.as_deref(), Ok(*expected), "{source}");
        assert_eq!(text.source(), *source);
    }
}

#[test]
fn refuses() {
    let unresolved = |name: &str| RenderError::Unresolved {
        name: name.to_owned(),
    };
    let absent = |name: &str| RenderError::Absent {
        name: name.to_owned(),
    };
    let expression = |text: &str| RenderError::Expression {
        tag: text.to_owned(),
    };
    let rows: &[(&str, RenderError)] = &[
        (
            "{{steps.b.outputs.result}}",
            unresolved("steps.b.outputs.result"),
        ),
        ("x {{ tasks.b.status }}", unresolved("tasks.b.status")),
        (
            "{{steps.{{item}}.status}}",
            unresolved("steps.colour.status"),
        ),
        ("{{a.{{steps.b.status}}}}", unresolved("steps.b.status")),
        (
            "{{steps.gone.outputs.result}}",
            absent("steps.gone.outputs.result"),
        ),
        (
            "{{a.{{steps.gone.outputs.result}}}}",
            absent("steps.gone.outputs.result"),
        ),
        ("{{=1 + 1}}", expression("{{=1 + 1}}")),
        ("a {{= item }} b", expression("{{= item }}")),
        (
            "{{=steps['a'].outputs.result}}",
            expression("{{=steps['a'].outputs.result}}"),
        ),
    ];
    for (source, expected) in rows {
        let rendered = Text::parse(source).render(&names(), &Limits::default());
        assert_eq!(rendered.as_ref(), Err(expected), "{source}");
    }
    let words: Vec<String> = rows.iter().map(|row| row.1.to_string()).collect();
    assert_eq!(words[0], "failed to resolve {{steps.b.outputs.result}}");
    assert_eq!(
        words[6],
        "expression tags are not supported yet: {{=1 + 1}}"
    );
}

#[test]
fn tells_pure_references_and_literals() {
    let rows: &[(&str, Option<&str>, Option<&str>)] = &[
        ("", None, Some("")),
        ("word", None, Some("word")),
        ("{{item", None, Some("{{item")),
        ("{{a b}}{{}}", None, Some("{{a b}}{{}}")),
        ("{{item}}", Some("item"), None),
        (
            "{{ steps.a.outputs.result }}",
            Some("steps.a.outputs.result"),
            None,
        ),
        (" {{item}}", None, None),
        ("{{item}}{{item}}", None, None),
        ("{{=item}}", None, None),
        ("{{a.{{item}}}}", None, None),
    ];
    for (source, pure, literal) in rows {
        let text = Text::parse(source);
        assert_eq!(text.pure_reference(), *pure, "{source}");
        assert_eq!(text.as_literal(), *literal, "{source}");
        assert_eq!(text.is_literal(), literal.is_some(), "{source}");
    }
}

#[test]
fn tags_say_where_they_stand() {
    let text = Text::parse("é {{ a.b }} {{c.{{d}}.{{ e }}}} {{=f}}");
    let tags: Vec<_> = text
        .tags()
        .map(|tag| (tag.at, tag.source.as_str(), tag.name()))
        .collect();
    let expected = [
        (3, "{{ a.b }}", Some("a.b")),
        (13, "{{c.{{d}}.{{ e }}}}", None),
        (17, "{{d}}", Some("d")),
        (23, "{{ e }}", Some("e")),
        (33, "{{=f}}", None),
    ];
    assert_eq!(tags, expected);
    for tag in text.tags() {
        assert!(text.source()[tag.at..].starts_with(&tag.source));
        assert_eq!(tag.is_expression(), tag.source.starts_with("{{="));
        assert_eq!(tag.is_nested(), tag.source.starts_with("{{c"));
    }
    assert_eq!(
        text.tags().last().and_then(|tag| tag.expression()),
        Some("f")
    );
    assert!(matches!(text.segments()[0], Segment::Literal(ref literal) if literal == "é "));
}

#[test]
fn rendering_stops_at_its_limits() {
    let long: &'static str = "y".repeat(1000).leak();
    let scope = Names(BTreeMap::from([("x", Some(long))]));
    let limits = Limits {
        bytes: 10_000,
        tags: 50,
        ..Limits::default()
    };
    let render = |source: &str| Text::parse(source).render(&scope, &limits);
    let ten = "{{x}}".repeat(10);
    assert_eq!(render(&ten).map(|text| text.len()), Ok(10_000));
    let over = Err(RenderError::TooLong { limit: 10_000 });
    assert_eq!(render(&format!("{ten}.")), over);
    assert_eq!(render(&"z".repeat(10_001)), over);
    assert_eq!(
        render(&format!("{{{{a{ten}}}}}")),
        over,
        "a name made of values counts too"
    );
    assert_eq!(render(&"{{n}}".repeat(50)).map(|text| text.len()), Ok(250));
    let too_many = Err(RenderError::TooManySteps { limit: 50 });
    assert_eq!(render(&"{{n}}".repeat(51)), too_many);
    assert_eq!(render(&"{{n{{n}}}}".repeat(26)), too_many);
}
