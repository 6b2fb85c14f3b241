//! Which nodes of a tree are shown: `--node-field-selector` and `--status`.

use serde_json::Value;

use super::node::Node;

/// Fields of a node that must, or must not, have a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    field: String,
    equal: bool,
    value: String,
}

/// A selector that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the node field selector `{term}` is not FIELD=VALUE or FIELD!=VALUE")]
pub struct BadSelector {
    /// The term that is wrong.
    pub term: String,
}

impl Selector {
    /// Reads `--node-field-selector`: `phase=Failed,templateName!=main`; `==` is the same as `=`.
    ///
    /// # Errors
    /// The first term that is no comparison.
    pub fn parse(text: &str) -> Result<Self, BadSelector> {
        let terms = text
            .split(',')
            .map(str::trim)
            .filter(|term| !term.is_empty());
        terms.map(term).collect::<Result<_, _>>().map(Self)
    }

    /// `--status Failed`: the same as `phase=Failed`.
    #[must_use]
    pub fn status(word: &str) -> Self {
        Self(vec![Term {
            field: "phase".into(),
            equal: true,
            value: word.into(),
        }])
    }

    /// Does it take the node? A field that the node does not have counts as empty.
    pub(crate) fn takes(&self, node: Node<'_>) -> bool {
        self.0
            .iter()
            .all(|term| (field(node, &term.field) == term.value) == term.equal)
    }
}

fn term(text: &str) -> Result<Term, BadSelector> {
    let bad = || BadSelector {
        term: text.to_owned(),
    };
    let (field, value) = text.split_once('=').ok_or_else(bad)?;
    let (field, equal) = match field.strip_suffix('!') {
        Some(field) => (field, false),
        None => (field, true),
    };
    let value = value.strip_prefix('=').filter(|_| equal).unwrap_or(value);
    if field.trim().is_empty() {
        return Err(bad());
    }
    Ok(Term {
        field: field.trim().to_owned(),
        equal,
        value: value.trim().to_owned(),
    })
}

fn field<'a>(node: Node<'a>, name: &str) -> &'a str {
    let of_reference = |key: &str| node.0["templateRef"][key].as_str().unwrap_or_default();
    match name {
        "displayName" => node.display_name(),
        "id" => node.id(),
        "name" => node.name(),
        "phase" => node.phase(),
        "templateName" => node.own_template(),
        "templateRef.name" => of_reference("name"),
        "templateRef.template" => of_reference("template"),
        _ => input(node, name).unwrap_or_default(),
    }
}

fn input<'a>(node: Node<'a>, name: &str) -> Option<&'a str> {
    let wanted = name
        .strip_prefix("inputs.parameters.")?
        .strip_suffix(".value")?;
    let inputs = node.0["inputs"]["parameters"].as_array()?;
    inputs
        .iter()
        .find(|input| input["name"] == wanted)
        .map(|input| &input["value"])
        .and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Every comparison and every field that a selector can name.
    #[test]
    fn terms() {
        let node = json!({"name": "w[0].a", "displayName": "a", "id": "w-1", "phase": "Failed",
            "templateName": "t", "inputs": {"parameters": [{"name": "x", "value": "1"}]}});
        for (selector, takes) in [
            ("", true),
            ("phase=Failed", true),
            ("phase==Failed", true),
            ("phase!=Failed", false),
            ("phase!=Running, templateName = t", true),
            ("displayName=a,id=w-1,name=w[0].a", true),
            ("inputs.parameters.x.value=1", true),
            ("inputs.parameters.y.value=1", false),
            ("templateRef.name=", true),
        ] {
            let selector = Selector::parse(selector).expect(selector);
            assert_eq!(selector.takes(Node(&node)), takes, "{selector:?}");
        }
        assert!(Selector::status("Failed").takes(Node(&node)));
    }

    /// What is no comparison is named.
    #[test]
    fn bad_terms() {
        for term in ["phase", "=x", "!=x"] {
            let text = Selector::parse(&format!("id=1,{term}")).map_err(|bad| bad.to_string());
            let error =
                format!("the node field selector `{term}` is not FIELD=VALUE or FIELD!=VALUE");
            assert_eq!(text, Err(error));
        }
    }
}
