//! Fault codes: stable names of what can be wrong with a file, each with its page.

/// A code such as `WF-0201`; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// The code.
    pub id: &'static str,
    /// Its short name.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// A wrong piece of a file.
    pub example: &'static str,
    /// How to put it right.
    pub way_out: &'static str,
}

impl Code {
    /// Whether what it names is doubtful only: the file runs all the same.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        self.id.starts_with("WF-05")
    }
}

macro_rules! codes {
    ($($ident:ident $id:literal $name:literal $means:literal $example:literal $way:literal;)*) => {
        $(
            #[doc = $means]
            pub const $ident: Code = Code {
                id: $id, name: $name, meaning: $means, example: $example, way_out: $way,
            };
        )*
        /// Every code, in order.
        pub const ALL: &[Code] = &[$($ident),*];
    };
}

codes! {
    SYNTAX "WF-0101" "syntax"
        "The file is neither YAML nor JSON at the place shown."
        "steps: [a, b"
        "Look at the line and the one before it: a bracket, a quote or an indentation is missing.";
    TOO_BIG "WF-0102" "too-big"
        "The file is beyond a limit: 2 MiB, 500,000 values, 64 levels, 64 documents, or aliases \
         that grow the file more than tenfold."
        "b: [*a, *a, *a, *a]  # where a holds such a list itself"
        "Split the file, or write the repeated part out where it is needed.";
    DUPLICATE_KEY "WF-0103" "duplicate-key"
        "A mapping has the same key twice; which one is meant cannot be known."
        "name: a\nname: b"
        "Take one of them out.";
    CHARACTERS "WF-0104" "characters"
        "The file is not UTF-8, or holds a control character."
        "name: \"a\\0b\""
        "Save the file as UTF-8 and take the character out.";
    NOT_A_WORKFLOW "WF-0105" "not-a-workflow"
        "The document is no Workflow of argoproj.io/v1alpha1."
        "kind: CronWorkflow"
        "Only `kind: Workflow` can be run so far.";
    TWO_READINGS "WF-0106" "two-readings"
        "YAML readers do not agree on what stands there, so it is not clear what the file says."
        "on: push  # is the key `on`, or true?"
        "Put the key or value into quotes, or write the part in plain block style.";
    UNKNOWN_FIELD "WF-0201" "unknown-field"
        "The field does not exist at this place."
        "entrypont: main"
        "Correct the name, or move the field to where it belongs.";
    WRONG_KIND "WF-0202" "wrong-kind"
        "The value is of another kind than the field takes."
        "steps: main"
        "Write a value of the kind that the message names.";
    MISSING_FIELD "WF-0203" "missing-field"
        "A field that must be there is missing or empty."
        "spec: {templates: []}"
        "Add the field.";
    NOT_SUPPORTED "WF-0204" "not-supported-yet"
        "The field or tag is part of Argo's language and is not supported yet. It is refused, \
         since ignoring it would run something else than what is written."
        "withItems: [a, b]"
        "engine/COMPAT.md lists what works; write the step without the field until then.";
    BAD_NAME "WF-0205" "bad-name"
        "The name has characters or a length that names cannot have."
        "name: My_Flow"
        "Names of workflows: lower case letters, digits, `-` and `.`, at most 63. Names of \
         templates, steps and tasks: letters, digits and `-`, at most 128. Names of parameters \
         may also hold `_`.";
    UNKNOWN_TEMPLATE "WF-0301" "unknown-template"
        "No template of this file has this name."
        "entrypoint: mian"
        "Correct the name or add the template.";
    DUPLICATE_NAME "WF-0302" "duplicate-name"
        "Two things that must be told apart have one name."
        "templates: [{name: a, …}, {name: a, …}]"
        "Give one of them another name.";
    BODY "WF-0303" "template-body"
        "A template does exactly one thing: container, script, steps, dag or suspend."
        "- name: a  # and nothing else"
        "Give the template one of them, and only one.";
    SCOPE "WF-0304" "wrong-place"
        "The field has no meaning on this kind of template or next to the other field named."
        "timeout: 5s  # on a steps template"
        "Move the field to a template where it counts, or take it out.";
    ENDLESS "WF-0305" "endless-recursion"
        "The template calls itself, directly or through others, and no `when` on the way can \
         ever stop it."
        "- name: a\n  steps: [[{name: again, template: a}]]"
        "Put a `when` that can become false on the call that closes the circle.";
    UNKNOWN_REFERENCE "WF-0401" "unknown-reference"
        "The tag names something that does not exist, or is not known yet at this place."
        "{{inputs.parameters.mesage}}"
        "Correct the name; a step can only name steps of earlier groups, a task only tasks that \
         it depends on.";
    BAD_DURATION "WF-0402" "bad-duration"
        "The text is no duration."
        "duration: soon"
        "Write for example 30s, 5m, 1h30m, 2d or 1w.";
    BAD_NUMBER "WF-0403" "bad-number"
        "The text is no number, or one out of bounds."
        "limit: many"
        "Write a whole number.";
    BAD_WHEN "WF-0404" "bad-when"
        "The `when` is beyond a limit: 64 parentheses deep, 10,000 words and operators, 1 MiB. One \
         that cannot be read is no fault of the file: as in Argo its node ends in Error."
        "when: \"((((…))))\"  # more than 64 deep"
        "Split the condition over two steps.";
    BAD_DEPENDS "WF-0405" "bad-depends"
        "The `depends` or `dependencies` cannot be read or names no task."
        "depends: A.Succeded"
        "Use tasks of the same dag, &&, ||, !, parentheses, and the selectors Succeeded, Failed, \
         Errored, Skipped, Omitted, Daemoned.";
    CYCLE "WF-0406" "cycle"
        "Tasks wait for each other in a circle; none could ever begin."
        "a depends on b, b depends on a"
        "Take one dependency out of the circle that the message shows.";
    NOT_IN_ENUM "WF-0407" "not-in-enum"
        "The value is none of those that are allowed here, by `enum` or by the field itself."
        "enum: [small, large]\nvalue: medium"
        "Use one of the values listed.";
    MISSING_VALUE "WF-0408" "missing-value"
        "A parameter has neither an argument nor a value nor a default."
        "inputs: {parameters: [{name: word}]}  # and a call without it"
        "Give the argument, or a `default`.";
    OPEN_APPROVER "WF-0501" "open-approver"
        "A warning: who approves comes from a parameter of the workflow, so whoever submits it \
         picks the approver."
        "approvers: [{user: \"{{workflow.parameters.boss}}\"}]"
        "Name a group in `mustBeIn`, in which that person must be.";
    EARLY_DEADLINE "WF-0502" "early-deadline"
        "A warning: a deadline of the step or of the workflow is over before the time limit of \
         the approval, which therefore never decides."
        "activeDeadlineSeconds: 600  # and in the approval timeout: {after: 2d, result: reject}"
        "Make the deadline longer, or the `timeout` of the approval shorter.";
    FINAL_REJECTION "WF-0503" "final-rejection"
        "A warning: a retry strategy reaches an approval, but a rejection is final: nobody is \
         asked again."
        "retryStrategy: {limit: 2}  # around a step that asks people"
        "Take the strategy away from the approval, or write `retryOnReject: true` into it.";
    FOREIGN_TIMEOUT "WF-0504" "foreign-timeout"
        "A warning: the template of an approval has the field `timeout`, which is not that of \
         the approval."
        "timeout: 2h  # beside suspend, instead of in suspend.approval"
        "Write `timeout: {after: 2h, result: reject}` into the approval.";
}

/// The page of a code, as text for a terminal; the nearest code when there is none of this name.
///
/// # Errors
/// A text that says that the code does not exist.
pub fn explain(id: &str) -> Result<String, String> {
    let wanted = id.to_ascii_uppercase();
    let found = ALL.iter().find(|code| code.id == wanted || code.name == id);
    let Some(code) = found else {
        let known: Vec<&str> = ALL.iter().map(|code| code.id).collect();
        return Err(format!(
            "there is no code `{id}`; codes are {}",
            known.join(", ")
        ));
    };
    let example: String = code
        .example
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    Ok(format!(
        "{} ({})\n\n{}\n\nFor example:\n\n{example}\nWhat to do: {}\n",
        code.id, code.name, code.meaning, code.way_out
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_page() {
        for code in ALL {
            let page = explain(code.id).expect("a page");
            assert!(page.contains(code.way_out) && page.contains(code.meaning));
            assert_eq!(explain(code.name).as_ref(), Ok(&page));
        }
        let mut ids: Vec<&str> = ALL.iter().map(|code| code.id).collect();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len(), "codes are unique and in order");
        assert!(explain("WF-9999").expect_err("none").contains("WF-0101"));
    }
}
