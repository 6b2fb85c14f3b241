//! From a suspend template to its approval and its supplied outputs.
//!
//! The form is what the block lists, or else every parameter that is both an input and a supplied
//! output: the author says once what may be entered, as for Argo's own form.

use usher_api::approval::{Field, FieldKind, Moment, Policy, RESERVED, Shown, Who, parse};
use usher_expr::Text;

use super::spelled;
use crate::admit::at::At;
use crate::admit::faults::Faults;
use crate::plan::{Approval, FieldTexts, Input, ShownInput, Supplied};

/// The supplied outputs of a suspend template.
pub(crate) fn supplied(template: &At<'_>, inputs: &[Input]) -> Vec<Supplied> {
    let list = template
        .get("outputs")
        .map(|at| at.items("parameters"))
        .unwrap_or_default();
    let output = |at: At<'_>| {
        let from = at.get("valueFrom")?;
        from.get("supplied")?;
        let name = at.text("name").unwrap_or_default().to_owned();
        let own: Vec<String> = at.texts("enum").into_iter().map(str::to_owned).collect();
        let choices = match own.is_empty() {
            false => own,
            true => inputs
                .iter()
                .find(|input| input.name == name)
                .map(|input| input.choices.clone())
                .unwrap_or_default(),
        };
        Some(Supplied {
            name,
            default: from.text("default").map(Text::parse),
            choices,
            declared: at.object().cloned().unwrap_or_default(),
        })
    };
    list.into_iter().filter_map(output).collect()
}

/// The approval of a suspend template; none if it has none, or if it was refused.
pub(crate) fn approval(
    template: &At<'_>,
    (inputs, outputs): (&[Input], &[Supplied]),
    faults: &mut Faults<'_>,
) -> Option<Box<Approval>> {
    let spelled = spelled(template, faults)?;
    let mut policy = match parse(&spelled.block) {
        Ok(policy) => policy,
        Err(found) => {
            for fault in &found {
                spelled.tell(fault, faults);
            }
            return None;
        }
    };
    if spelled.block.get("form").is_none() {
        policy.form = own_form(inputs, outputs);
    }
    let find = |name: &str| inputs.iter().position(|input| input.name == name);
    // A field without an input is refused by the rules; one of an older plan is left out.
    policy.form.retain(|field| find(&field.name).is_some());
    let mut fields = Vec::with_capacity(policy.form.len());
    for field in &mut policy.form {
        let input = find(&field.name).unwrap_or_default();
        choices(field, &inputs[input], outputs);
        fields.push(FieldTexts {
            input,
            label: field.label.as_deref().map(Text::parse),
            help: field.help.as_deref().map(Text::parse),
            default: field.default.as_deref().map(Text::parse),
        });
    }
    let shown = shown(&policy, inputs, &fields);
    let name = |who: &Who| match who {
        Who::User(name) | Who::Group(name) | Who::Role(name) => Text::parse(name),
    };
    Some(Box::new(Approval {
        title: Text::parse(&policy.title),
        description: policy.description.as_deref().map(Text::parse),
        requester: policy.requester.as_deref().map(Text::parse),
        names: policy.approvers.iter().map(|one| name(&one.who)).collect(),
        shown,
        fields,
        at: policy
            .timeout
            .as_ref()
            .and_then(|timeout| match &timeout.when {
                Moment::At(text) => Some(Text::parse(text)),
                Moment::After(_) => None,
            }),
        policy,
    }))
}

/// The inputs that are laid before people: those that the policy lists, else all but the fields.
fn shown(policy: &Policy, inputs: &[Input], fields: &[FieldTexts]) -> Vec<ShownInput> {
    let Some(list) = &policy.show else {
        let is_field = |at: &usize| fields.iter().any(|field| field.input == *at);
        let plain = |input| ShownInput {
            input,
            label: None,
            sensitive: false,
        };
        return (0..inputs.len())
            .filter(|at| !is_field(at))
            .map(plain)
            .collect();
    };
    let listed = |shown: &Shown| {
        Some(ShownInput {
            input: inputs.iter().position(|input| input.name == shown.name)?,
            label: shown.label.as_deref().map(Text::parse),
            sensitive: shown.sensitive,
        })
    };
    list.iter().filter_map(listed).collect()
}

/// The fields of a form that nobody wrote.
fn own_form(inputs: &[Input], outputs: &[Supplied]) -> Vec<Field> {
    let is_field = |input: &&Input| {
        let is_supplied = outputs.iter().any(|output| output.name == input.name);
        is_supplied && !RESERVED.contains(&input.name.as_str())
    };
    let field = |input: &Input| {
        let described = input.declared.get("description");
        Field {
            name: input.name.clone(),
            kind: FieldKind::Text,
            label: None,
            help: described.and_then(|text| text.as_str()).map(str::to_owned),
            required: false,
            default: None,
            options: Vec::new(),
            min: None,
            max: None,
            min_length: None,
            max_length: None,
            pattern: None,
        }
    };
    inputs.iter().filter(is_field).map(field).collect()
}

/// The choices of a field: its own options, else the `enum` of its parameter.
fn choices(field: &mut Field, input: &Input, outputs: &[Supplied]) {
    if !field.options.is_empty() {
        return;
    }
    let output = outputs.iter().find(|output| output.name == input.name);
    let choices = match output {
        Some(output) if !output.choices.is_empty() => &output.choices,
        Some(_) | None => &input.choices,
    };
    if !choices.is_empty() {
        field.options.clone_from(choices);
        field.kind = FieldKind::Choice;
    }
}
