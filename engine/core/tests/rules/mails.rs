//! Mail steps and notices about a run's end.

use serde_json::{Value, json};
use usher_api::command::{Command, Outcome};
use usher_core::asks::Letter;
use usher_core::effect::{Effect, Note};
use usher_core::event::Event;

use crate::script::{Script, pod, terminate};

fn mail(fields: &Value) -> Value {
    json!({"name": "mail", "plugin": {"mail": fields}})
}

fn mailed(node: u32, error: Option<&str>) -> Command {
    Command::Mailed {
        by: "usher".to_owned(),
        node,
        round: 0,
        error: error.map(str::to_owned),
    }
}

/// A mail of an exit handler knows how the run ended; its step is done with the turn that asks for
/// the mail.
#[test]
fn an_exit_handler_mails_the_outcome() {
    let mail = mail(
        &json!({"to": "{{workflow.parameters.to}}", "cc": ["c@example.org"],
        "subject": "{{workflow.name}} {{workflow.status}}\nBcc: x@evil.example",
        "text": "after {{workflow.duration}} s: {{workflow.failures}}"}),
    );
    let mut script = Script::of(json!({"entrypoint": "p", "onExit": "mail",
        "arguments": {"parameters": [{"name": "to", "value": "a@example.org, b@example.org"}]},
        "templates": [pod("p"), mail]}));
    script.wait(90).ends("w", 3);
    script.shows(&[
        "= Failed: main: Error (exit code 3)",
        "w Pod Failed: main: Error (exit code 3)",
        "w.onExit Plugin Succeeded",
    ]);
    let [letter] = script.asks.letters.as_slice() else {
        panic!("one letter: {:?}", script.asks.letters)
    };
    assert_eq!(letter.to, ["a@example.org", "b@example.org"]);
    assert_eq!(letter.cc, ["c@example.org"]);
    assert_eq!(letter.subject, "w Failed Bcc: x@evil.example");
    assert!(
        letter.text.starts_with("after 90.000000 s: \"[{"),
        "{}",
        letter.text
    );
    assert_eq!(
        (letter.node, letter.waits, &letter.html),
        (Some(1), false, &None)
    );
}

/// What a run puts into the HTML part is text there: only the author writes elements (S16).
#[test]
fn s76_values_are_text_in_an_html_part() {
    let mail = mail(&json!({"to": "a@example.org", "subject": "s",
        "text": "{{workflow.parameters.comment}}",
        "html": "<p title=\"{{workflow.parameters.comment}}\">\
                 {{ workflow.parameters.comment }}</p>"}));
    let value = "<img src=x onerror=\"alert(1)\"> & 'more'";
    let script = Script::of(json!({"entrypoint": "mail",
        "arguments": {"parameters": [{"name": "comment", "value": value}]}, "templates": [mail]}));
    let [letter] = script.asks.letters.as_slice() else {
        panic!("one letter: {:?}", script.asks.letters)
    };
    assert_eq!(letter.text, value);
    let text = "&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; &#39;more&#39;";
    let html = format!("<p title=\"{text}\">{text}</p>");
    assert_eq!(letter.html.as_deref(), Some(html.as_str()));
}

/// A value that is no address fails the step and sends nothing.
#[test]
fn s79_a_bad_address_sends_nothing() {
    let mail = mail(&json!({"to": "{{workflow.parameters.to}}", "subject": "s", "text": "t"}));
    let value = "a@example.org\r\nBcc: x@evil.example";
    let mut script = Script::of(json!({"entrypoint": "mail",
        "arguments": {"parameters": [{"name": "to", "value": value}]}, "templates": [mail]}));
    assert!(script.asks.is_empty());
    let why = "\"a@example.org\\r\\nBcc: x@evil.example\" is no mail address: after the @ stands \
               a domain such as example.org";
    script.shows(&[
        &format!("= Failed: {why}"),
        &format!("w Plugin Failed: {why}"),
    ]);
}

fn waiting() -> Script {
    let mail = mail(
        &json!({"to": ["a@example.org", "b@example.org"], "subject": "s",
        "text": "t", "html": "<p>t</p>", "wait": "sent"}),
    );
    let script = Script::of(json!({"entrypoint": "mail", "templates": [mail]}));
    let expected = Letter {
        node: Some(0),
        round: 0,
        to: vec!["a@example.org".to_owned(), "b@example.org".to_owned()],
        cc: Vec::new(),
        subject: "s".to_owned(),
        text: "t".to_owned(),
        html: Some("<p>t</p>".to_owned()),
        waits: true,
    };
    assert_eq!(script.asks.letters, [expected]);
    script
}

/// With `wait: sent` the step goes on until each mail has left, and fails if one never will.
#[test]
fn a_step_may_wait_for_the_relay() {
    let mut script = waiting();
    script.asks(mailed(0, None));
    script.shows(&["= Running", "w Plugin Suspended"]);
    script.asks(mailed(0, None));
    script.shows(&["= Succeeded", "w Plugin Succeeded"]);
    script.asks(mailed(0, None));
    assert!(matches!(script.outcome, Some(Outcome::Refused { .. })));

    let mut script = waiting();
    script
        .asks(mailed(0, Some("550 no such user")))
        .asks(mailed(0, None));
    script.shows(&[
        "= Failed: 550 no such user",
        "w Plugin Failed: 550 no such user",
    ]);

    let mut script = waiting();
    script.asks(terminate());
    let words = "Stopped with strategy 'Terminate'";
    script.shows(&[
        &format!("= Failed: {words}"),
        &format!("w Plugin Failed: {words}"),
    ]);
}

fn noted(notify: &str) -> Script {
    let spec = json!({"entrypoint": "p", "templates": [pod("p")],
        "arguments": {"parameters": [{"name": "by", "value": "ada@example.org"}]}});
    let mut script = Script::noted(spec, json!({"usher.flow/notify": notify}));
    script.give(Event::Submitted).starts("w");
    script
}

/// Everybody who is named for this end is told once, each apart.
#[test]
fn notices_of_the_end() {
    let notify = "failed: ops@example.org; succeeded: x@example.org; \
                  finished: {{workflow.parameters.by}}, ops@example.org";
    let mut script = noted(notify);
    script.wait(75).ends("w", 2);
    let text = "Workflow: default/w\nStatus: Failed\nStarted: 2026-01-02T03:04:05Z\n\
                Finished: 2026-01-02T03:05:20Z\nDuration: 1m15s\n\
                Message: main: Error (exit code 2)\n\nFailed steps:\n\
                - w (Failed): main: Error (exit code 2)\n";
    let letter = |to: &str| Letter {
        node: None,
        round: 0,
        to: vec![to.to_owned()],
        cc: Vec::new(),
        subject: "w Failed".to_owned(),
        text: text.to_owned(),
        html: None,
        waits: false,
    };
    let expected = [letter("ops@example.org"), letter("ada@example.org")];
    assert_eq!(script.asks.letters, expected);
    let mut script = noted("failed: ops@example.org");
    script.ends("w", 0);
    assert!(script.asks.is_empty());
}

/// A value that is no address is a note: the run's end does not change by it.
#[test]
fn a_notice_to_nobody_is_a_note() {
    let mut script = noted("finished: {{workflow.name}}");
    script.ends("w", 0);
    assert!(script.asks.is_empty());
    let why = "\"w\" is no mail address: it has no @; write name@example.org".to_owned();
    assert!(script.effects.contains(&Effect::Note(Note::Untold(why))));
    script.shows(&["= Succeeded", "w Pod Succeeded"]);
}
