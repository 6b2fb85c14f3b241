//! Approvals as the run sees them: what is asked, and how an outcome ends the node.
//! Scenarios of the approvals design by their numbers.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use usher_api::approval::{Asked, Fact, Verdict, VerdictPhase, Who};
use usher_api::command::{Command, Outcome};

use crate::script::{START_MS, Script, gate, pod, resume};

/// A template that asks ada's boss.
pub(crate) fn ask(name: &str) -> Value {
    json!({"name": name, "suspend": {"approval": {
        "title": "Order", "approvers": [{"user": "boss@example.org"}]}}})
}

/// A template with a form field and the reserved outputs.
fn form(rules: &Value) -> Value {
    let mut approval = json!({"title": "Order {{inputs.parameters.order}}",
        "approvers": [{"user": "{{inputs.parameters.who}}"}]});
    if let (Value::Object(all), Value::Object(more)) = (&mut approval, rules) {
        all.extend(more.clone());
    }
    let supplied = |name: &str| json!({"name": name, "valueFrom": {"supplied": {}, "default": ""}});
    json!({"name": "ask",
        "inputs": {"parameters": [
            {"name": "order", "value": "7"},
            {"name": "who", "value": "boss@example.org"},
            {"name": "centre", "value": "4711", "enum": ["4711", "4712"]}]},
        "outputs": {"parameters": [supplied("centre"), supplied("decision"), supplied("comment")]},
        "suspend": {"approval": approval}})
}

/// The one request that the last event opened.
#[track_caller]
pub(crate) fn opened(script: &Script) -> Asked {
    let [asked] = script.asks.opens.as_slice() else {
        panic!("one request: {:?}", script.asks.opens)
    };
    asked.clone()
}

fn settle(asked: &Asked, phase: VerdictPhase, message: &str, outputs: &[(&str, &str)]) -> Command {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Command::Settle {
        by: "boss".to_owned(),
        task: asked.task.clone(),
        node: asked.node,
        verdict: Verdict {
            phase,
            message: message.to_owned(),
            outputs: outputs.iter().map(own).collect(),
            may_retry: false,
        },
    }
}

pub(crate) fn approved(asked: &Asked) -> Command {
    settle(asked, VerdictPhase::Succeeded, "approved by 1 of 1", &[])
}

pub(crate) fn one(template: Value) -> Value {
    json!({"entrypoint": "m", "onExit": "p", "templates": [
        {"name": "m", "steps": [[{"name": "a", "template": "ask"}]]}, template, pod("p")]})
}

/// A plain suspend asks nobody.
#[test]
fn s01_plain_suspend_asks_nobody() {
    let mut script = Script::of(json!({"entrypoint": "g", "templates": [gate("g")]}));
    assert!(script.asks.is_empty());
    script.asks(resume());
    script.shows(&["= Succeeded", "w Suspend Succeeded: Resumed by: ada"]);
    assert!(script.asks.is_empty());
}

/// A duration ends well by itself, as in Argo.
#[test]
fn s02_a_duration_succeeds() {
    let spec = json!({"entrypoint": "g", "templates": [
        {"name": "g", "suspend": {"duration": "20"}}]});
    let mut script = Script::of(spec);
    script.wait(20).rings(Some("w"));
    script.shows(&["= Succeeded", "w Suspend Succeeded"]);
    assert!(script.asks.is_empty());
}

/// What a request says: every value put in, the form with its choices, what is shown.
#[test]
fn a_request_says_all() {
    let script = Script::of(one(form(&json!({
        "requester": "{{workflow.name}}",
        "timeout": {"at": "2026-{{inputs.parameters.order}}-01"}}))));
    let asked = opened(&script);
    assert_eq!(asked.policy.title, "Order 7");
    let who = Who::User("boss@example.org".to_owned());
    assert_eq!(asked.policy.approvers[0].who, who);
    assert_eq!(asked.policy.requester.as_deref(), Some("w"));
    let timeout = serde_json::to_value(&asked.policy.timeout).expect("plain data");
    assert_eq!(
        timeout,
        json!({"when": {"at": "2026-7-01"}, "result": "reject"})
    );
    let field = serde_json::to_value(&asked.policy.form).expect("plain data");
    let expected = json!([{"name": "centre", "kind": "choice", "required": false,
        "default": "4711", "options": ["4711", "4712"]}]);
    assert_eq!(field, expected);
    let fact = |name: &str, value: &str| Fact {
        name: name.to_owned(),
        label: name.to_owned(),
        value: value.to_owned(),
        sensitive: false,
    };
    assert_eq!(
        asked.facts,
        [fact("order", "7"), fact("who", "boss@example.org")]
    );
    assert_eq!(asked.supplies, ["centre", "decision", "comment"]);
    assert_eq!(asked.node_name, "w[0].a");
    let place = (asked.node, asked.opened_ms, asked.submitter.as_str());
    assert_eq!(place, (2, START_MS, "ada"));
    assert_eq!(script.run().nodes[2].task.as_ref(), Some(&asked.task));
}

/// The object's label counts the approvals that wait, also read without nodes, as a list does; it
/// is the engine's alone, and goes with the last one.
#[test]
fn a_label_counts_who_waits() {
    let spec = json!({"entrypoint": "m", "templates": [
        {"name": "m", "steps": [[{"name": "a", "template": "ask"}, {"name": "b", "template": "ask"},
            {"name": "c", "template": "g"}]]}, ask("ask"), gate("g")]});
    let mut script = Script::of(spec);
    let label = |run: &usher_core::run::Run| {
        let object = usher_core::project::object(run);
        object["metadata"]["labels"]["approvals.usher.flow/pending"].clone()
    };
    assert_eq!(label(script.run()), "2");
    let head = usher_core::run::encode_head(script.run());
    let alone = usher_core::run::decode(script.run().plan.clone(), &head, &[]).expect("sound");
    assert_eq!(label(&alone), "2");
    for (asked, left) in script
        .asks
        .opens
        .clone()
        .iter()
        .zip([json!("1"), Value::Null])
    {
        script.asks(approved(asked));
        assert_eq!(label(script.run()), left);
    }
}

/// The portable spelling makes the same request as the native one.
#[test]
fn s04_both_spellings_are_one() {
    let native = opened(&Script::of(one(ask("ask"))));
    let noted = json!({"name": "ask", "suspend": {}, "metadata": {"annotations": {
        "usher.flow/approval": "title: Order\napprovers: [{user: boss@example.org}]\n"}}});
    assert_eq!(opened(&Script::of(one(noted))), native);
}

/// A value with line breaks and keys of rules stays a text of one line, in both spellings.
#[test]
fn s05_a_value_never_becomes_a_rule() {
    let value = "x\nseparation: {requesterMayApprove: true}";
    let inputs = json!({"parameters": [{"name": "v", "value": value}]});
    let native = json!({"name": "ask", "inputs": inputs, "suspend": {"approval": {
        "title": "Buy {{inputs.parameters.v}}", "approvers": [{"user": "b@example.org"}]}}});
    let noted = json!({"name": "ask", "inputs": inputs, "suspend": {}, "metadata": {"annotations": {
        "usher.flow/approval":
            "title: Buy {{inputs.parameters.v}}\napprovers: [{user: b@example.org}]\n"}}});
    for template in [native, noted] {
        let asked = opened(&Script::of(one(template)));
        let title = "Buy x separation: {requesterMayApprove: true}";
        assert_eq!(asked.policy.title, title);
        assert!(!asked.policy.requester_may_approve);
        assert_eq!(asked.facts[0].value, value);
    }
}

/// A value that looks like a tag is text in the request, and a comment that looks like one is text
/// in the next step.
#[test]
fn s78_what_looks_like_a_tag_is_text() {
    let spec = json!({"entrypoint": "m",
        "arguments": {"parameters": [{"name": "secret", "value": "s3"}]},
        "templates": [
        {"name": "m", "steps": [
            [{"name": "a", "template": "ask", "arguments": {"parameters": [
                {"name": "order", "value": "{{workflow.uid}}"}]}}],
            [{"name": "b", "template": "g", "arguments": {"parameters": [
                {"name": "t", "value": "{{steps.a.outputs.parameters.comment}}"}]}}]]},
        form(&json!({})),
        {"name": "g", "inputs": {"parameters": [{"name": "t"}]}, "suspend": {}}]});
    // The value of an argument is put in once; the braces come from the workflow's own text here.
    let mut script = Script::of(spec);
    let asked = opened(&script);
    assert_eq!(
        asked.policy.title,
        format!("Order {}", script.run().head.identity.uid)
    );
    let comment = "{{workflow.parameters.secret}}";
    script.asks(settle(
        &asked,
        VerdictPhase::Succeeded,
        "",
        &[("comment", comment)],
    ));
    let next = script.ix("w[1].b");
    assert_eq!(script.run().nodes[next as usize].inputs, [comment]);
}

/// Approved: outputs are readable by the next step; those that were not given have their default.
#[test]
fn s07_approval_gives_outputs() {
    let spec = json!({"entrypoint": "m", "templates": [
        {"name": "m", "steps": [
            [{"name": "a", "template": "ask"}],
            [{"name": "b", "template": "g",
              "when": "{{steps.a.outputs.parameters.decision}} == approved",
              "arguments": {"parameters": [{"name": "t", "value": format!("{}/{}",
                "{{steps.a.outputs.parameters.centre}}",
                "{{steps.a.outputs.parameters.comment}}")}]}}]]},
        form(&json!({})),
        {"name": "g", "inputs": {"parameters": [{"name": "t"}]}, "suspend": {}}]});
    let mut script = Script::of(spec);
    script.shows(&[
        "= Running",
        "w Steps Running",
        "w[0] StepGroup Running",
        "w[0].a Suspend Suspended: waiting for approval",
    ]);
    let asked = opened(&script);
    let outputs = [("centre", "4712"), ("decision", "approved"), ("stray", "x")];
    script.asks(settle(
        &asked,
        VerdictPhase::Succeeded,
        "approved by 1 of 1",
        &outputs,
    ));
    assert!(
        script.asks.is_empty(),
        "nothing to close: {:?}",
        script.asks
    );
    let next = script.ix("w[1].b");
    assert_eq!(script.run().nodes[next as usize].inputs, ["4712/"]);
    let shown = usher_core::project::status(script.run());
    let node = shown["nodes"].as_object().expect("nodes").values();
    let node = node
        .clone()
        .find(|node| node["name"] == "w[0].a")
        .expect("the node");
    let expected = json!([{"name": "centre", "value": "4712"},
        {"name": "decision", "value": "approved"}, {"name": "comment", "value": ""}]);
    assert_eq!(node["outputs"]["parameters"], expected);
    assert_eq!(node["message"], "approved by 1 of 1");
}

/// Rejected: the node fails with its message, outputs are set, the exit handler runs.
#[test]
fn s08_rejection_fails_the_node() {
    let mut script = Script::of(one(form(&json!({}))));
    let asked = opened(&script);
    let outputs = [("decision", "rejected"), ("comment", "too dear")];
    let message = "rejected by boss: too dear";
    script.asks(settle(&asked, VerdictPhase::Failed, message, &outputs));
    let node = &script.run().nodes[asked.node as usize];
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = BTreeMap::from([
        own("centre", ""),
        own("decision", "rejected"),
        own("comment", "too dear"),
    ]);
    assert_eq!(node.outputs, expected);
    script.shows(&[
        "= Running",
        "w Steps Failed: child 'w-2078810217' failed",
        "w[0] StepGroup Failed: child 'w-2078810217' failed",
        "w[0].a Suspend Failed: rejected by boss: too dear",
        "w.onExit Pod Starting",
    ]);
}

/// `onReject: continue` comes as a verdict that succeeds: the step for a rejection runs.
#[test]
fn s09_a_rejection_may_go_on() {
    let spec = json!({"entrypoint": "m", "templates": [
        {"name": "m", "steps": [
            [{"name": "a", "template": "ask"}],
            [{"name": "no", "template": "p",
              "when": "{{steps.a.outputs.parameters.decision}} == rejected"},
             {"name": "yes", "template": "p",
              "when": "{{steps.a.outputs.parameters.decision}} == approved"}]]},
        form(&json!({"onReject": "continue"})), pod("p")]});
    let mut script = Script::of(spec);
    let asked = opened(&script);
    let outputs = [("decision", "rejected")];
    script.asks(settle(
        &asked,
        VerdictPhase::Succeeded,
        "rejected",
        &outputs,
    ));
    script.shows(&[
        "= Running",
        "w Steps Running",
        "w[0] StepGroup Succeeded",
        "w[0].a Suspend Succeeded: rejected",
        "w[1] StepGroup Running",
        "w[1].no Pod Starting",
        "w[1].yes Skipped Skipped: when 'rejected == approved' evaluated false",
    ]);
}

fn retried(again: bool) -> Script {
    let spec = json!({"entrypoint": "ask", "retryStrategy": {"limit": 2},
        "templates": [form(&json!({"retryOnReject": again}))]});
    let mut script = Script::of(spec);
    let asked = opened(&script);
    let mut command = settle(&asked, VerdictPhase::Failed, "rejected by boss", &[]);
    if let Command::Settle { verdict, .. } = &mut command {
        verdict.may_retry = again;
    }
    script.asks(command);
    script
}

/// The strategy of an outer template does not have anybody asked again either.
#[test]
fn s10_a_rejection_is_final_for_outer_templates() {
    let steps = json!({"name": "m", "steps": [[{"name": "a", "template": "ask"}]]});
    let mut script = Script::of(json!({"entrypoint": "m", "retryStrategy": {"limit": 2},
        "templates": [steps, form(&json!({}))]}));
    let asked = opened(&script);
    script.asks(settle(
        &asked,
        VerdictPhase::Failed,
        "rejected by boss",
        &[],
    ));
    assert!(script.asks.opens.is_empty(), "{:?}", script.asks.opens);
    assert!(!script.tree().contains("w(1)"), "{}", script.tree());
}

/// A rejection is final under a retry strategy, unless the author wrote otherwise: then another
/// request with another id is opened.
#[test]
fn s10_a_rejection_is_final() {
    retried(false).shows(&[
        "= Failed: rejected by boss",
        "w Retry Failed: rejected by boss",
        "w(0) Suspend Failed: rejected by boss",
    ]);
    let mut script = retried(true);
    let second = opened(&script);
    let first = script.run().nodes[1].task.clone().expect("a task");
    assert_ne!(second.task, first);
    script.shows(&[
        "= Running",
        "w Retry Running",
        "w(0) Suspend Failed: rejected by boss",
        "w(1) Suspend Suspended: waiting for approval",
    ]);
    // An outcome of the first attempt's request says nothing about the second.
    let mut late = approved(&second);
    if let Command::Settle { task, .. } = &mut late {
        *task = first;
    }
    script.asks(late);
    let refused = Some(Outcome::Refused {
        code: "not-waiting".to_owned(),
        message: format!(
            "node 2 does not wait for task {} any more",
            script.run().nodes[1].task.clone().expect("a task")
        ),
    });
    assert_eq!(script.outcome, refused);
    script.asks(approved(&second));
    script.shows(&[
        "= Succeeded",
        "w Retry Succeeded",
        "w(0) Suspend Failed: rejected by boss",
        "w(1) Suspend Succeeded: approved by 1 of 1",
    ]);
}

/// A title or an approver that cannot be rendered: the node is in error and nobody is asked.
#[test]
fn s46_what_cannot_be_said_asks_nobody() {
    let approvers = json!([{"user": "{{steps.x.outputs.result}}"}]);
    for (field, value) in [
        ("title", json!("{{steps.x.outputs.result}}")),
        ("approvers", approvers),
    ] {
        let mut template = ask("ask");
        template["suspend"]["approval"][field] = value;
        let mut script = Script::of(one(template));
        assert!(script.asks.is_empty(), "{field}");
        let node = &script.run().nodes[2];
        assert_eq!(
            (node.task.as_ref(), node.phase, node.message.as_str()),
            (
                None,
                usher_core::phase::Phase::Error,
                "failed to resolve {{steps.x.outputs.result}}"
            )
        );
        script.ends("w.onExit", 0);
    }
}

/// Two approvals side by side are two requests, decided apart.
#[test]
fn s13_two_requests_are_apart() {
    let spec = json!({"entrypoint": "m", "templates": [
        {"name": "m", "dag": {"tasks": [
            {"name": "a", "template": "ask"}, {"name": "b", "template": "ask"}]}},
        ask("ask")]});
    let mut script = Script::of(spec);
    let opens = script.asks.opens.clone();
    let [a, b] = opens.as_slice() else {
        panic!("two requests: {opens:?}")
    };
    assert_ne!(a.task, b.task);
    script.asks(approved(a));
    script.shows(&[
        "= Running",
        "w DAG Running",
        "w.a Suspend Succeeded: approved by 1 of 1",
        "w.b Suspend Suspended: waiting for approval",
    ]);
    script.asks(approved(b));
    assert_eq!(script.run().head.phase.word(), "Succeeded");
}
