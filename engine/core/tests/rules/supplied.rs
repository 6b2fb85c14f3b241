//! Supplied outputs of plain suspends: `node set`, defaults, and what has none (argo.md §9).

use serde_json::{Value, json};
use usher_api::approval::VerdictPhase;
use usher_api::command::{Command, Outcome};

use crate::script::{Script, resume};

fn spec(gate: &Value) -> Value {
    json!({"entrypoint": "m", "templates": [
        {"name": "m", "steps": [
            [{"name": "a", "template": "g"}],
            [{"name": "b", "template": "show", "arguments": {"parameters": [
                {"name": "t", "value": "{{steps.a.outputs.parameters.choice}}"}]}}]]},
        gate,
        {"name": "show", "inputs": {"parameters": [{"name": "t"}]}, "suspend": {}}]})
}

fn choice(supplied: &Value, input: &Value) -> Value {
    json!({"name": "g", "inputs": {"parameters": input}, "suspend": {},
        "outputs": {"parameters": [{"name": "choice", "valueFrom": supplied}]}})
}

fn set(selector: &str, phase: Option<VerdictPhase>, outputs: &[(&str, &str)]) -> Command {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Command::Set {
        by: "ada".to_owned(),
        selector: selector.to_owned(),
        phase,
        message: Some("so be it".to_owned()),
        outputs: outputs.iter().map(own).collect(),
    }
}

fn refused(code: &str, message: &str) -> Option<Outcome> {
    Some(Outcome::Refused {
        code: code.to_owned(),
        message: message.to_owned(),
    })
}

/// The value that the next step got.
fn given(script: &Script) -> String {
    let next = script.ix("w[1].b");
    script.run().nodes[next as usize].inputs[0].clone()
}

/// A value that was set is kept by a resume; without one the default counts: the output's own, the
/// input's, or the first of the choices that the input's value brings.
#[test]
fn values_and_defaults() {
    let no_input = json!([]);
    let own = json!({"supplied": {}, "default": "maybe"});
    let bare = json!({"supplied": {}});
    let input = json!([{"name": "choice", "default": "in"}]);
    let brought = json!([{"name": "choice", "value": "{\"enum\": [\"YES\", \"NO\"]}"}]);
    for (gate, set_to, expected) in [
        (choice(&own, &no_input), None, "maybe"),
        (choice(&own, &no_input), Some("no"), "no"),
        (choice(&bare, &input), None, "in"),
        (choice(&bare, &brought), None, "YES"),
        (choice(&bare, &brought), Some("NO"), "NO"),
    ] {
        let mut script = Script::of(spec(&gate));
        if let Some(value) = set_to {
            script.asks(set("displayName=a", None, &[("choice", value)]));
        }
        script.asks(resume());
        assert_eq!(given(&script), expected);
    }
}

/// A resume of what has neither value nor default is refused and changes nothing.
#[test]
fn what_has_no_value_is_not_resumed() {
    let gate = choice(&json!({"supplied": {}}), &json!([]));
    let mut script = Script::of(spec(&gate));
    script.asks(resume());
    let message = "node w[0].a: raw output parameter 'choice' has not been set and does not have \
                   a default value; give it with `usher node set`";
    assert_eq!(script.outcome, refused("output", message));
    script.asks(set(
        "displayName=a",
        Some(VerdictPhase::Succeeded),
        &[("choice", "x")],
    ));
    assert_eq!(given(&script), "x");
    let node = &script.run().nodes[2];
    assert_eq!(node.message, "so be it");
}

/// A duration that is over without a value is an error of the node and of its group, as in Argo.
#[test]
fn a_duration_without_a_value_is_an_error() {
    let mut gate = choice(&json!({"supplied": {}}), &json!([]));
    gate["suspend"] = json!({"duration": "5"});
    let mut script = Script::of(spec(&gate));
    script.wait(5).rings(Some("w[0].a"));
    let why = "raw output parameter 'choice' has not been set and does not have a default value";
    let group = format!("step group deemed errored due to child w[0].a error: {why}");
    script.shows(&[
        &format!("= Failed: {group}"),
        &format!("w Steps Failed: {group}"),
        &format!("w[0] StepGroup Error: {group}"),
        &format!("w[0].a Suspend Error: {why}"),
    ]);
}

/// What `node set` does not take: a value outside the choices, an unknown output, nothing at all.
#[test]
fn s11_set_is_checked() {
    let input = json!([{"name": "choice", "enum": ["a", "b"], "value": "a"}]);
    let gate = choice(&json!({"supplied": {}}), &input);
    let mut script = Script::of(spec(&gate));
    script.asks(set("displayName=a", None, &[("choice", "c")]));
    let message = "`c` is no value of output parameter `choice` of node w[0].a: a, b";
    assert_eq!(script.outcome, refused("output", message));
    script.asks(set("displayName=a", None, &[("chioce", "a")]));
    let message = "node w[0].a has no output parameter `chioce` that is to be supplied; did you \
                   mean `choice`?";
    assert_eq!(script.outcome, refused("output", message));
    script.asks(set("displayName=z", None, &[("choice", "a")]));
    let message = "no waiting node of workflow w matches `displayName=z`";
    assert_eq!(script.outcome, refused("nothing-waits", message));
    assert!(script.run().nodes[2].outputs.is_empty());
    script.asks(set(
        "displayName=a",
        Some(VerdictPhase::Failed),
        &[("choice", "b")],
    ));
    script.shows(&[
        "= Failed: child 'w-2078810217' failed",
        "w Steps Failed: child 'w-2078810217' failed",
        "w[0] StepGroup Failed: child 'w-2078810217' failed",
        "w[0].a Suspend Failed: so be it",
    ]);
}
