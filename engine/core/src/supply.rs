//! Outputs that a person supplies: which values are allowed, and what counts when nobody gave one
//! (argo.md §9).

use serde_json::Value;

use crate::plan::Supplied;
use crate::run::{NodeIx, Run};
use crate::scope::{self, NodeScope};

/// The choices that an input's value brings along: `{"enum": ["YES", "NO"]}`, as Argo reads it for
/// suspend templates. The first is the default.
#[must_use]
pub fn choices_in(value: &str) -> Option<Vec<String>> {
    if !value.trim_start().starts_with('{') {
        return None;
    }
    let object: Value = serde_json::from_str(value).ok()?;
    let list = object.get("enum")?.as_array()?;
    let words: Option<Vec<String>> = list
        .iter()
        .map(|word| word.as_str().map(str::to_owned))
        .collect();
    words.filter(|words| !words.is_empty())
}

/// The values that may be given for an output of a node; empty: any.
#[must_use]
pub fn choices(run: &Run, ix: NodeIx, output: &Supplied) -> Vec<String> {
    let brought = input_value(run, ix, &output.name).and_then(choices_in);
    brought.unwrap_or_else(|| output.choices.clone())
}

/// Values for the outputs of a node that nobody gave one: `valueFrom.default`, else the default of
/// the input of the same name.
///
/// # Errors
/// Argo's sentence about the first output that has neither, or a tag without a value.
pub fn defaults(run: &Run, ix: NodeIx) -> Result<Vec<(String, String)>, String> {
    let (Some(node), Some(template)) = (run.node(ix), run.template(ix)) else {
        return Ok(Vec::new());
    };
    let mut values = Vec::new();
    for output in template.supplied() {
        if node.outputs.contains_key(&output.name) {
            continue;
        }
        let Some(value) = default(run, ix, output)? else {
            return Err(format!(
                "raw output parameter '{}' has not been set and does not have a default value",
                output.name
            ));
        };
        values.push((output.name.clone(), value));
    }
    Ok(values)
}

/// The value of an output that nobody gave one, if there is a default.
///
/// # Errors
/// A tag of the default has no value.
pub fn default(run: &Run, ix: NodeIx, output: &Supplied) -> Result<Option<String>, String> {
    let brought = input_value(run, ix, &output.name).and_then(choices_in);
    let input = run.template(ix).and_then(|template| {
        let named = |input: &&crate::plan::Input| input.name == output.name;
        template.inputs.iter().find(named)
    });
    let text = match (&output.default, brought) {
        (Some(text), _) => text,
        (None, Some(words)) => return Ok(words.into_iter().next()),
        (None, None) => match input.and_then(|input| input.default.as_ref()) {
            Some(text) => text,
            None => return Ok(None),
        },
    };
    text.render(&NodeScope::inside(run, ix), &scope::limits())
        .map(Some)
        .map_err(|error| scope::render_message(&error))
}

fn input_value<'a>(run: &'a Run, ix: NodeIx, name: &str) -> Option<&'a str> {
    let template = run.template(ix)?;
    let at = template
        .inputs
        .iter()
        .position(|input| input.name == name)?;
    run.node(ix)?.inputs.get(at).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::choices_in;

    /// Only an object with a list of texts below `enum` brings choices.
    #[test]
    fn choices_of_a_value() {
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
        for (value, expected) in [
            (r#"{"enum": ["YES", "NO"]}"#, words(&["YES", "NO"])),
            (r#" {"enum": ["a"], "b": 1}"#, words(&["a"])),
            (r#"{"enum": []}"#, None),
            (r#"{"enum": [1]}"#, None),
            (r#"{"enum": "a"}"#, None),
            (r#"["a"]"#, None),
            ("{", None),
            ("plain", None),
        ] {
            assert_eq!(choices_in(value), expected, "{value}");
        }
    }
}
