//! Blocks as wholes: what they say when they are sound, and each way of being wrong.
//!
//! Texts and places of faults in files have their corpus, `tests/hostile/files/approval-*`.

use serde_json::{Value, json};

use super::*;
use crate::approval::{FieldKind, Quorum};

/// Faults as `CODE path: message`, with the known words that hold `near`.
fn faults(block: &Value) -> Vec<String> {
    let show = |fault: &PolicyFault| {
        let steps = fault.path.iter().map(|step| match step {
            Step::Key(key) => format!(".{key}"),
            Step::Index(at) => format!("[{at}]"),
        });
        let path: String = steps.collect();
        let message = &fault.message;
        format!(
            "{} {}: {message}",
            fault.code.id,
            path.trim_start_matches('.')
        )
    };
    match parse(block) {
        Ok(policy) => panic!("sound: {policy:?}"),
        Err(faults) => faults.iter().map(show).collect(),
    }
}

/// A sound block with one more field.
fn with(key: &str, value: Value) -> Value {
    let mut block = json!({"title": "t", "approvers": [{"user": "a@example.org"}]});
    block[key] = value;
    block
}

fn policy(block: &Value) -> Policy {
    parse(block).expect("sound")
}

/// The smallest block: every rule is the strict one.
#[test]
fn defaults_are_strict() {
    let expected = Policy {
        title: "t".to_owned(),
        description: None,
        show: None,
        requester: None,
        locale: None,
        timezone: None,
        approvers: vec![Approver {
            who: Who::User("a@example.org".to_owned()),
            need: Need::Count(1),
            required: false,
            must_be_in: None,
        }],
        quorum: Quorum::All,
        reject: RejectRule::Veto,
        comment: CommentRule::Optional,
        form: Vec::new(),
        on_reject: OnReject::Fail,
        timeout: None,
        retry_on_reject: false,
        requester_may_approve: false,
        auth: None,
    };
    assert_eq!(policy(&with("locale", Value::Null)), expected);
}

/// Every field of one stage arrives.
#[test]
fn a_whole_block() {
    let block = json!({
        "title": "Invoice {{inputs.parameters.n}}",
        "description": "Amount **5**",
        "show": ["invoice", {"name": "amount", "label": "Amount", "sensitive": true}],
        "requester": "{{workflow.parameters.by}}",
        "locale": "de",
        "timezone": "Europe/Berlin",
        "approvers": [
            {"user": "head-{{inputs.parameters.c}}@example.org", "mustBeIn": "heads"},
            {"group": "finance", "need": 2, "required": true},
            {"role": "cfo", "need": "60%"}],
        "quorum": "61%",
        "reject": 2,
        "comment": "onReject",
        "form": {"fields": [{"name": "n", "type": "integer", "min": 1, "max": "9",
            "label": "N", "help": "h", "required": true, "default": 5}]},
        "onReject": "continue",
        "timeout": {"after": "1h30m", "result": "continue"},
        "retryOnReject": true,
        "separation": {"requesterMayApprove": true},
        "auth": "code",
    });
    let policy = policy(&block);
    let approvers = serde_json::to_value(&policy.approvers).expect("plain data");
    let expected = json!([
        {"who": {"user": "head-{{inputs.parameters.c}}@example.org"}, "need": {"count": 1},
         "required": false, "mustBeIn": "heads"},
        {"who": {"group": "finance"}, "need": {"count": 2}, "required": true},
        {"who": {"role": "cfo"}, "need": {"percent": 60}, "required": false}]);
    assert_eq!(approvers, expected);
    let field = &policy.form[0];
    let found = (field.kind, field.default.as_deref(), field.min.as_deref());
    assert_eq!(found, (FieldKind::Integer, Some("5"), Some("1")));
    assert_eq!(policy.quorum, Quorum::Percent(61));
    assert_eq!(policy.reject, RejectRule::Count(2));
    assert_eq!(policy.comment, CommentRule::OnReject);
    assert_eq!(policy.on_reject, OnReject::Continue);
    assert_eq!(policy.auth, Some(Level::Code));
    assert!(policy.retry_on_reject && policy.requester_may_approve);
    let timeout = Timeout {
        when: Moment::After(5_400_000),
        result: TimeoutResult::Continue,
    };
    assert_eq!(policy.timeout, Some(timeout));
    let shown = serde_json::to_value(&policy.show).expect("plain data");
    let expected = json!([{"name": "invoice", "sensitive": false},
        {"name": "amount", "label": "Amount", "sensitive": true}]);
    assert_eq!(shown, expected);
}

/// Rules take no tags, whatever their kind; texts for people and names do.
#[test]
fn rules_are_literal() {
    let tag = "{{inputs.parameters.n}}";
    let takes = |path: &str| {
        vec![format!(
            "WF-0304 {path}: takes no tags: a rule is written in the file, so that no parameter \
             can change it"
        )]
    };
    for key in [
        "locale",
        "comment",
        "onReject",
        "quorum",
        "reject",
        "auth",
        "retryOnReject",
    ] {
        assert_eq!(faults(&with(key, json!(tag))), takes(key));
    }
    let block = with("separation", json!({"requesterMayApprove": tag}));
    assert_eq!(faults(&block), takes("separation.requesterMayApprove"));
    let block = with("timeout", json!({"after": tag}));
    assert_eq!(faults(&block), takes("timeout.after"));
    let block = with("timeout", json!({"after": "1d", "result": tag}));
    assert_eq!(faults(&block), takes("timeout.result"));
    for key in ["need", "required", "mustBeIn"] {
        let mut block = with("quorum", json!("all"));
        block["approvers"][0][key] = json!(tag);
        assert_eq!(faults(&block), takes(&format!("approvers[0].{key}")));
    }
    for key in ["name", "required", "minLength", "type"] {
        let mut field = json!({"name": "f"});
        field[key] = json!(tag);
        let block = with("form", json!({"fields": [field]}));
        assert_eq!(faults(&block), takes(&format!("form.fields[0].{key}")));
    }
    let mut block = with("requester", json!(tag));
    block["description"] = json!(tag);
    block["approvers"][0] = json!({"group": tag});
    block["timeout"] = json!({"at": tag});
    block["form"] = json!({"fields": [
        {"name": "f", "label": tag, "help": tag, "default": tag}]});
    policy(&block);
}

/// What a later part knows is refused by name, at its place.
#[test]
fn later_fields_are_named() {
    let later: Vec<&str> = LATER.into_iter().chain(["policyRef"]).collect();
    for key in later {
        let expected = format!("WF-0204 {key}: `{key}` comes later and is not supported yet");
        assert_eq!(faults(&with(key, json!([]))), [expected]);
    }
    for (block, expected) in [
        (
            with("auth", json!("stepUp")),
            "WF-0204 auth: `stepUp` comes later; so far there are link and code",
        ),
        (
            with("form", json!({"fill": "each", "fields": []})),
            "WF-0204 form.fill: `fill` comes later and is not supported yet",
        ),
        (
            with("separation", json!({"distinctFrom": []})),
            "WF-0204 separation.distinctFrom: `distinctFrom` comes later and is not supported yet",
        ),
        (
            with("form", json!({"fields": [{"name": "f", "type": "file"}]})),
            "WF-0204 form.fields[0].type: type `file` comes later and is not supported yet",
        ),
        (
            with("timeout", json!({"after": "1d", "result": "escalate"})),
            "WF-0204 timeout.result: `escalate` comes later and is not supported yet",
        ),
    ] {
        assert_eq!(faults(&block), [expected]);
    }
}

/// Lint rules 3, 4 and 6, and limits.
#[test]
fn what_cannot_be_satisfied() {
    let two = json!([{"user": "a@example.org"}, {"group": "g"}]);
    let cases = [
        (
            with("approvers", two.clone()),
            "WF-0203 quorum: with more than one entry the `quorum` must be written: any, all, a \
             number or a part such as \"60%\"",
        ),
        (
            json!({"title": "t", "approvers": two, "quorum": 3}),
            "WF-0403 quorum: 3 entries cannot be satisfied: there are 2",
        ),
        (
            with("approvers", json!([])),
            "WF-0203 approvers: an approval needs at least one of `approvers`; nobody is no \
             approval",
        ),
        (
            with("approvers", json!([{"user": "a", "need": 2}])),
            "WF-0403 approvers[0].need: a `user` is one person: no more than 1 can be needed of \
             it",
        ),
        (
            with("form", json!({"fields": [{"name": "decision"}]})),
            "WF-0205 form.fields[0].name: `decision` is an output that only the engine writes, \
             no form field",
        ),
        (
            with("timeout", json!({})),
            "WF-0203 timeout: a time limit needs `after` or `at`",
        ),
        (
            with("timeout", json!({"after": "30"})),
            "WF-0402 timeout.after: `30` has no unit; write 30s for seconds, 30m for minutes",
        ),
        (
            with("timeout", json!({"after": "P1M"})),
            "WF-0402 timeout.after: \"P1M\" is no ISO 8601 duration in weeks or less",
        ),
        (
            with("title", json!(" ")),
            "WF-0203 title: an approval needs a `title`: what is it that somebody approves?",
        ),
        (
            json!("x"),
            "WF-0202 : takes a mapping with at least `title` and `approvers`, found the text \"x\"",
        ),
    ];
    for (block, expected) in cases {
        assert_eq!(faults(&block), [expected]);
    }
}

/// s86: an expression that could take more than linear time is no expression.
#[test]
fn s86_patterns_are_linear() {
    let block = |pattern: &str| {
        with(
            "form",
            json!({"fields": [{"name": "f", "pattern": pattern}]}),
        )
    };
    for pattern in ["(a+)+\\1", "(?=a)b", "["] {
        let found = faults(&block(pattern));
        let begin = "WF-0202 form.fields[0].pattern: is no regular expression of linear time";
        assert!(found.len() == 1 && found[0].starts_with(begin), "{found:?}");
    }
    policy(&block("(a+)+[0-9]{2,5}"));
}

/// Nothing that YAML can hold makes the reader fail otherwise than by faults.
#[test]
fn any_value_is_answered() {
    let odd = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!("{{"),
        json!([[[]]]),
        json!({"a": {}}),
        json!([{"name": 5}]),
    ];
    for value in &odd {
        assert!(parse(value).is_err());
        for key in KNOWN.into_iter().chain(["auth"]) {
            let _ = parse(&with(key, value.clone()));
            let _ = parse(&with(key, json!([value])));
            let _ = parse(&with(
                key,
                json!({"fields": [value], "after": value, "at": value}),
            ));
        }
    }
}
