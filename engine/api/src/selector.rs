//! Node field selectors: `displayName=approve,phase!=Failed` (argo.md §9).

/// Fields that a selector may name, besides `inputs.parameters.NAME.value`.
pub const FIELDS: [&str; 7] = [
    "displayName",
    "id",
    "name",
    "phase",
    "templateName",
    "templateRef.name",
    "templateRef.template",
];

/// A parsed selector: all requirements must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    field: String,
    equal: bool,
    value: String,
}

/// Why a selector cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// A part is no `field=value`.
    #[error("`{part}` is no node field selector; write FIELD=VALUE or FIELD!=VALUE")]
    Form {
        /// The part.
        part: String,
    },
    /// No such field.
    #[error(
        "nodes have no field `{field}`; fields are displayName, id, name, phase, templateName, \
         templateRef.name, templateRef.template, inputs.parameters.NAME.value"
    )]
    Field {
        /// The field.
        field: String,
    },
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// [`SelectorError`] that names the wrong part.
    pub fn parse(text: &str) -> Result<Selector, SelectorError> {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let requirements = parts.map(requirement).collect::<Result<Vec<_>, _>>()?;
        if requirements.is_empty() {
            return Err(SelectorError::Form {
                part: text.to_owned(),
            });
        }
        Ok(Selector { requirements })
    }

    /// Whether a node with these field values matches; a field that the node lacks is empty.
    pub fn matches(&self, field: &dyn Fn(&str) -> Option<String>) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = field(&requirement.field).unwrap_or_default();
            (value == requirement.value) == requirement.equal
        })
    }
}

fn requirement(part: &str) -> Result<Requirement, SelectorError> {
    let (field, value, equal) = if let Some((field, value)) = part.split_once("!=") {
        (field, value, false)
    } else if let Some((field, value)) = part.split_once("==") {
        (field, value, true)
    } else if let Some((field, value)) = part.split_once('=') {
        (field, value, true)
    } else {
        return Err(SelectorError::Form {
            part: part.to_owned(),
        });
    };
    let field = field.trim();
    let is_input = field.starts_with("inputs.parameters.") && field.ends_with(".value");
    if !FIELDS.contains(&field) && !is_input {
        return Err(SelectorError::Field {
            field: field.to_owned(),
        });
    }
    Ok(Requirement {
        field: field.to_owned(),
        equal,
        value: value.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_fields() {
        let node = |field: &str| match field {
            "displayName" => Some("left".to_owned()),
            "inputs.parameters.who.value" => Some("bob".to_owned()),
            _ => None,
        };
        for (text, matches) in [
            ("displayName=left", true),
            ("displayName==left", true),
            ("displayName!=left", false),
            ("displayName=left,inputs.parameters.who.value=bob", true),
            ("displayName=left, phase=Running", false),
            ("phase!=Running", true),
        ] {
            assert_eq!(
                Selector::parse(text).expect(text).matches(&node),
                matches,
                "{text}"
            );
        }
        for text in ["", "displayName", "colour=red"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
