//! What a decision does in the run: outputs, branches, retries, both spellings.

use std::sync::mpsc;
use std::time::Duration;

use suite::{message, node, nodes, phase, until};
use usher::server::protocol::{Answer, Request, RunRef};

use crate::rig::Desk;

/// Longer than any news takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// An approval of one person with every reserved output, then a step that reads them.
fn told(more: &str) -> String {
    format!(
        "
  entrypoint: main
  onExit: leave
  templates:
  - name: main
    steps:
    - - {{name: ask, template: ask}}
    - - name: read
        template: say
        arguments:
          parameters:
          - name: text
            value: >-
              {{{{steps.ask.outputs.parameters.decision}}}}
              {{{{steps.ask.outputs.parameters.decidedVia}}}}
              {{{{steps.ask.outputs.parameters.approver}}}}
              {{{{steps.ask.outputs.parameters.comment}}}}
              {{{{steps.ask.outputs.parameters.round}}}}
  - name: ask
    outputs:
      parameters:
      - {{name: decision, valueFrom: {{supplied: {{}}, default: none}}}}
      - {{name: decidedVia, valueFrom: {{supplied: {{}}, default: none}}}}
      - {{name: approver, valueFrom: {{supplied: {{}}, default: none}}}}
      - {{name: comment, valueFrom: {{supplied: {{}}, default: none}}}}
      - {{name: decidedAt, valueFrom: {{supplied: {{}}, default: none}}}}
      - {{name: votes, valueFrom: {{supplied: {{}}, default: none}}}}
      - {{name: round, valueFrom: {{supplied: {{}}, default: none}}}}
    suspend:
      approval:
        title: Something to decide
        approvers: [{{user: ada}}]
{more}
  - name: say
    inputs: {{parameters: [{{name: text}}]}}
    container: {{image: busybox, command: [echo], args: [\"{{{{inputs.parameters.text}}}}\"]}}
  - name: leave
    container: {{image: busybox, command: [echo], args: [\"left as {{{{workflow.status}}}}\"]}}
"
    )
}

/// The outputs of an approval are read by the next step, as they were given.
#[test]
fn s07_outputs_reach_the_next_step() {
    let desk = Desk::open();
    desk.submit("told", &told(""));
    let waiting = desk.until("told", "ask", "Running");
    assert!(message(&waiting).contains("waiting"), "{waiting}");
    desk.decide(
        "ada@example.org",
        true,
        "well $(rm -rf /) {{workflow.name}}",
    );
    let object = desk.end("told");
    assert_eq!(phase(&object), "Succeeded", "{object:#}");
    let read = "approved votes ada well $(rm -rf /) {{workflow.name}} 1\n";
    let logs = desk.place.usher(["logs", "told"]).out;
    assert!(logs.contains(read), "{logs}");
    let outputs = &node(&object, "ask")["outputs"]["parameters"];
    let value = |name: &str| {
        let list = outputs.as_array().expect("outputs");
        let found = list.iter().find(|one| one["name"] == name);
        found.expect("an output")["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let votes: serde_json::Value = serde_json::from_str(&value("votes")).expect("votes are JSON");
    assert_eq!(votes[0]["person"], "ada");
    assert!(value("decidedAt").ends_with('Z'), "{}", value("decidedAt"));
}

/// A rejection fails the node, its message names it, its outputs are set, the exit handler runs.
#[test]
fn s08_a_rejection_fails_the_node() {
    let desk = Desk::open();
    desk.submit("told", &told(""));
    desk.decide("ada@example.org", false, "too dear");
    let object = desk.end("told");
    assert_eq!(phase(&object), "Failed");
    let ask = node(&object, "ask");
    assert!(
        message(ask).contains("rejected") && message(ask).contains("too dear"),
        "{ask}"
    );
    let decision = &ask["outputs"]["parameters"][0];
    assert_eq!(decision["value"], "rejected");
    let logs = desk.place.usher(["logs", "told"]).out;
    assert!(logs.contains("left as Failed"), "{logs}");
}

/// With `onReject: continue` the next steps run, and can tell.
#[test]
fn s09_a_rejection_may_be_dealt_with() {
    let desk = Desk::open();
    desk.submit("told", &told("        onReject: continue"));
    desk.decide("ada@example.org", false, "no");
    let object = desk.end("told");
    assert_eq!(phase(&object), "Succeeded", "{object:#}");
    let logs = desk.place.usher(["logs", "told"]).out;
    assert!(logs.contains("rejected votes ada no 1"), "{logs}");
}

/// Waits for a newer link to Ada than the last one.
fn next_link(desk: &Desk, last: &str) -> String {
    suite::until("another link", || {
        let link = desk.link("ada@example.org");
        (link != last).then_some(link)
    })
}

/// A retry strategy does not ask again after a rejection, unless the policy says so.
#[test]
fn s10_nobody_is_asked_twice() {
    let retried = "  retryStrategy: {limit: 1, retryPolicy: Always}\n";
    let desk = Desk::open();
    desk.submit("once", &format!("{}{retried}", told("")));
    desk.decide("ada@example.org", false, "no");
    assert_eq!(phase(&desk.end("once")), "Failed");
    let last = desk.link("ada@example.org");
    let again = told("        retryOnReject: true");
    desk.submit("again", &format!("{again}{retried}"));
    let first = next_link(&desk, &last);
    let receipt = desk.web.decide(&first, false, &[("comment", "no")]);
    assert_eq!(receipt.status, 200, "{}", receipt.body);
    let second = next_link(&desk, &first);
    let receipt = desk.web.decide(&second, true, &[]);
    assert_eq!(receipt.status, 200);
    assert_eq!(phase(&desk.end("again")), "Succeeded");
    // The old link shows how its own request ended.
    assert_eq!(desk.web.get(&first, "").status, 200);
}

/// Two parallel approvals: one decided, the other stays pending and its link works.
#[test]
fn s13_parallel_approvals_are_apart() {
    let desk = Desk::open();
    desk.submit(
        "both",
        "
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: one, template: one}
      - {name: two, template: two}
  - name: one
    suspend: {approval: {title: One, approvers: [{user: ada}]}}
  - name: two
    suspend: {approval: {title: Two, approvers: [{user: grace}]}}
",
    );
    let grace = desk.link("grace@example.org");
    desk.decide("ada@example.org", true, "");
    desk.until("both", "one", "Succeeded");
    assert_eq!(phase(&desk.until("both", "two", "Running")), "Running");
    assert_eq!(desk.web.decide(&grace, true, &[]).status, 200);
    assert_eq!(phase(&desk.end("both")), "Succeeded");
}

/// The annotation does what the native block does.
#[test]
fn s04_the_portable_spelling_asks_alike() {
    let desk = Desk::open();
    desk.submit(
        "portable",
        "
  entrypoint: ask
  templates:
  - name: ask
    metadata:
      annotations:
        usher.flow/approval: |
          title: Portable
          approvers: [{group: finance, need: 2}]
    suspend: {}
",
    );
    desk.decide("ada@example.org", true, "");
    desk.until("portable", "portable", "Running");
    desk.decide("mary@example.org", true, "");
    let object = desk.end("portable");
    assert_eq!(phase(&object), "Succeeded");
    assert_eq!(nodes(&object).count(), 1);
    // The third is told that no vote is needed.
    suite::until("a mail to the third", || {
        (desk.letters("grace@example.org").len() > 1).then_some(())
    });
}

/// Who is to be asked comes from a step that gave nothing: the node is in error and says why, the
/// exit handler runs, and no mail about the request is out.
#[test]
fn s46_an_approver_without_a_value_asks_nobody() {
    let desk = Desk::open();
    desk.submit(
        "flow",
        "
  entrypoint: main
  onExit: tell
  templates:
  - name: main
    steps:
    - - {name: who, template: who, when: \"1 == 2\"}
    - - name: ask
        template: ask
        arguments: {parameters: [{name: who, value: \"{{steps.who.outputs.result}}\"}]}
  - name: who
    script: {image: busybox, command: [sh], source: echo ada}
  - name: ask
    inputs: {parameters: [{name: who}]}
    suspend: {approval: {title: A question, approvers: [{user: \"{{inputs.parameters.who}}\"}]}}
  - name: tell
    plugin: {mail: {to: office@example.org, subject: ended, text: \"{{workflow.failures}}\"}}
",
    );
    let object = desk.end("flow");
    let asked = nodes(&object).find(|node| node["displayName"] == "ask");
    let asked = asked.expect("the node is there");
    assert_eq!(phase(asked), "Error");
    assert_eq!(asked["message"], "inputs.parameters.who was not supplied");
    until("the exit handler's mail", || {
        (desk.letters("office@example.org").len() == 1).then_some(())
    });
    assert_eq!(desk.web.letters().len(), 1);
    let tasks = desk
        .place
        .usher(["approvals", "list", "--show", "all", "-o", "json"]);
    assert_eq!(tasks.json(), serde_json::json!([]));
}

/// Who looks at a waiting run reads how the request stands, vote by vote.
#[test]
fn a_waiting_node_tells_how_its_request_stands() {
    let desk = Desk::open();
    desk.submit(
        "flow",
        "
  entrypoint: ask
  templates:
  - name: ask
    suspend:
      approval:
        title: A question
        approvers: [{group: finance, need: 2}]
        timeout: {at: \"2126-01-02T03:04:05Z\", result: reject}
",
    );
    let said = || message(node(&desk.object("flow"), "flow")).to_owned();
    let expected = |votes| format!("waiting: finance {votes} of 2, until 2126-01-02T03:04:05.000Z");
    until("nobody has voted", || (said() == expected(0)).then_some(()));
    let mut watcher = suite::client(&desk.place);
    let run = RunRef {
        namespace: "default".to_owned(),
        name: "flow".to_owned(),
    };
    watcher
        .ask(&Request::Watch { run })
        .expect("a first picture");
    let (tell, pictures) = mpsc::channel();
    std::thread::spawn(move || {
        while let Ok(Answer::Object { object, .. }) = watcher.hear() {
            // Nobody listens any more once the test has heard enough.
            let _ = tell.send(message(node(&object, "flow")).to_owned());
        }
    });
    desk.decide("grace@example.org", true, "");
    assert_eq!(said(), expected(1));
    // Who watches is told of the vote, though nothing of it is for the run.
    let mut heard = pictures.recv_timeout(PATIENCE);
    while heard.as_ref().is_ok_and(|message| *message != expected(1)) {
        heard = pictures.recv_timeout(PATIENCE);
    }
    assert_eq!(heard, Ok(expected(1)));
    let shown = desk.place.usher(["get", "flow"]).with_code(0).out;
    assert!(shown.contains("waiting: finance 1 of 2, until"), "{shown}");
    desk.decide("ada@example.org", true, "");
    let object = desk.end("flow");
    assert_eq!(message(node(&object, "flow")), "approved by 2 of 3");
}
