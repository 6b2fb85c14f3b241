//! Files as wholes: what is admitted, in which form, and what overrides change.
//!
//! Faults have their own corpus, `tests/hostile`, with the exact text beside each file.

use serde_json::{Value, json};
use usher_expr::Text;

use super::*;
use crate::plan::{Body, ContinueOn, RetryPolicy, Shutdown};

const HEAD: &str =
    "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: x-}\n";

fn document(text: &str) -> Document {
    let mut documents = read("f.yaml", text.as_bytes()).expect("readable");
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn admitted(spec: &str) -> Admitted {
    let document = document(&format!("{HEAD}{spec}"));
    admit(&document, &Overrides::default()).expect("admitted")
}

fn refused(spec: &str) -> Vec<String> {
    let document = document(&format!("{HEAD}{spec}"));
    let faults = admit(&document, &Overrides::default()).expect_err("refused");
    faults.iter().map(ToString::to_string).collect()
}

fn source(text: Option<&Text>) -> Option<String> {
    text.map(Text::source)
}

const WHOLE: &str = r#"spec:
  entrypoint: main
  onExit: bye
  activeDeadlineSeconds: 600
  suspend: true
  shutdown: Stop
  serviceAccountName: robot
  priority: 7
  arguments: {parameters: [{name: word, value: "{{workflow.name}}"}]}
  retryStrategy: {limit: 2}
  templates:
  - name: main
    steps:
    - - {name: a, template: leaf, continueOn: {failed: true}}
      - {name: b, inline: {suspend: {duration: 5}}}
    - name: c
      template: graph
      when: "{{steps.a.outputs.result}} == yes"
      arguments: {parameters: [{name: num, value: 5}]}
  - name: graph
    inputs: {parameters: [{name: num}, {name: m, default: z, enum: [u, z]}]}
    dag:
      failFast: false
      target: two
      tasks:
      - {name: one, template: leaf}
      - {name: two, template: script, depends: one.Failed || one}
  - name: leaf
    activeDeadlineSeconds: 10
    timeout: 1m
    retryStrategy:
      retryPolicy: Always
      backoff: {duration: 1, factor: "2", cap: 10s, maxDuration: 1m}
    container:
      image: busybox
      command: [echo]
      args: ["{{workflow.parameters.word}}"]
      env: [{name: A, value: b}, {name: EMPTY}]
      workingDir: /tmp
  - name: script
    script: {command: [sh], source: "echo {{retries}}"}
  - name: bye
    container: {command: [echo, "{{workflow.status}}"]}
"#;

/// Every part of the language of this version arrives in the plan.
#[test]
fn whole_language() {
    let plan = admitted(WHOLE).plan;
    let names: Vec<&str> = plan.templates.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["main", "graph", "leaf", "script", "bye", ""]);
    assert_eq!((plan.entry, plan.on_exit), (0, Some(4)));
    assert_eq!(plan.deadline_s, Some(600));
    assert_eq!(plan.shutdown, Some(Shutdown::Stop));
    assert!(plan.suspended);
    assert_eq!(plan.service_account.as_deref(), Some("robot"));
    assert_eq!(plan.priority, Some(7));
    assert_eq!(plan.parameters[0].value.source(), "{{workflow.name}}");

    let Body::Steps(groups) = &plan.templates[0].body else {
        panic!("steps");
    };
    let shape: Vec<Vec<(&str, u32, bool)>> = groups
        .iter()
        .map(|group| {
            let call = |call: &crate::plan::Call| call.captures_result;
            group
                .iter()
                .map(|c| (c.name.as_str(), c.template, call(c)))
                .collect()
        })
        .collect();
    assert_eq!(
        shape,
        [vec![("a", 2, true), ("b", 5, false)], vec![("c", 1, false)]]
    );
    let excused = ContinueOn {
        failed: true,
        error: false,
    };
    assert_eq!(groups[0][0].continue_on, excused);
    assert_eq!(
        groups[1][0].arguments,
        [("num".to_owned(), Text::parse("5"))]
    );
    assert_eq!(
        plan.templates[5].path,
        "spec.templates[0].steps[0][1].inline"
    );
}

/// Graphs, pods and retry strategies arrive in the plan, the spec's own one where none is given.
#[test]
fn whole_language_of_templates() {
    let plan = admitted(WHOLE).plan;
    let graph = &plan.templates[1];
    assert_eq!(graph.inputs[1].choices, ["u", "z"]);
    assert_eq!(
        Value::from(graph.inputs[1].declared.clone()),
        json!({
            "name": "m", "default": "z", "enum": ["u", "z"],
        })
    );
    let Body::Dag(dag) = &graph.body else {
        panic!("dag");
    };
    assert!(!dag.fail_fast);
    assert_eq!(source(dag.target.as_ref()).as_deref(), Some("two"));
    assert_eq!(dag.tasks[0].depends, None);
    assert_eq!(dag.tasks[1].needs, [0]);

    let leaf = &plan.templates[2];
    assert_eq!(source(leaf.deadline.as_ref()).as_deref(), Some("10"));
    assert_eq!(source(leaf.timeout.as_ref()).as_deref(), Some("1m"));
    let own = leaf.retry.as_ref().expect("its own");
    assert_eq!(
        (own.policy, own.limit.is_none()),
        (RetryPolicy::Always, true)
    );
    let backoff = own.backoff.as_ref().expect("a backoff");
    assert_eq!(backoff.duration.source(), "1");
    assert_eq!(source(backoff.factor.as_ref()).as_deref(), Some("2"));
    for other in [0, 1, 3, 4, 5] {
        let inherited = plan.templates[other].retry.as_ref().expect("the spec's");
        assert_eq!(inherited.policy, RetryPolicy::OnFailure);
        assert_eq!(source(inherited.limit.as_ref()).as_deref(), Some("2"));
    }
    let Body::Pod(pod) = &leaf.body else {
        panic!("a pod");
    };
    assert_eq!(pod.env[1], ("EMPTY".to_owned(), Text::parse("")));
    assert_eq!(source(pod.working_dir.as_ref()).as_deref(), Some("/tmp"));
    let Body::Pod(script) = &plan.templates[3].body else {
        panic!("a pod");
    };
    assert_eq!(
        source(script.source.as_ref()).as_deref(),
        Some("echo {{retries}}")
    );
    assert!(script.image.is_none());
}

const LEAF: &str = "  - {name: leaf, container: {command: [x]}}\n";

/// Numbers and booleans become text where Argo takes them as text, and stay as they are elsewhere.
#[test]
fn coercion() {
    let spec = "spec:\n  entrypoint: leaf\n  priority: 1e1\n  arguments:\n    parameters:\n";
    let rows = [
        ("5", "5"),
        ("1e3", "1000"),
        ("0.10", "0.1"),
        ("yes", "true"),
        ("Off", "false"),
        ("0755", "493"),
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "18446744073709551615"),
        ("12:30", "12:30"),
        ("2001-01-01", "2001-01-01"),
        ("\"null\"", "null"),
    ];
    let mut text = spec.to_owned();
    for (at, (written, _)) in rows.iter().enumerate() {
        text.push_str(&format!("    - {{name: p{at}, value: {written}}}\n"));
    }
    let admitted = admitted(&format!("{text}  templates:\n{LEAF}"));
    let read: Vec<String> = admitted
        .plan
        .parameters
        .iter()
        .map(|global| global.value.source())
        .collect();
    let expected: Vec<&str> = rows.iter().map(|(_, value)| *value).collect();
    assert_eq!(read, expected);
    assert_eq!(admitted.object["spec"]["priority"], json!(10));
}

/// A group of one may be written without its brackets; it is stored with them.
#[test]
fn single_steps() {
    let spec = "spec:\n  entrypoint: main\n  templates:\n  - name: main\n    steps:\n    - name: \
                a\n      template: leaf\n    - - {name: b, template: leaf}\n";
    let admitted = admitted(&format!("{spec}{LEAF}"));
    assert_eq!(
        admitted.object["spec"]["templates"][0]["steps"],
        json!([[{"name": "a", "template": "leaf"}], [{"name": "b", "template": "leaf"}]])
    );
}

/// Kept fields are named once, without indices; what an engine wrote is left out.
#[test]
fn kept_and_left_out() {
    let text = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: x, uid: u, \
                resourceVersion: '5', managedFields: []}\nspec:\n  entrypoint: leaf\n  \
                ttlStrategy: {}\n  templates:\n  - {name: leaf, nodeSelector: {a: b}, container: \
                {command: [x]}}\n  - {name: two, nodeSelector: {}, suspend: {}}\nstatus: {phase: \
                Failed}\n";
    let admitted = admit(&document(text), &Overrides::default()).expect("admitted");
    assert_eq!(
        admitted.kept,
        ["spec.ttlStrategy", "spec.templates[].nodeSelector"]
    );
    assert_eq!(admitted.object["metadata"], json!({"name": "x"}));
    assert_eq!(admitted.object.get("status"), None);
    assert_eq!(admitted.name.as_deref(), Some("x"));
}

/// An inline template sees its own inputs and not those around it.
#[test]
fn inline_templates() {
    let spec = |body: &str| {
        format!(
            "spec:\n  entrypoint: main\n  templates:\n  - name: main\n    inputs: {{parameters: \
             [{{name: p, value: v}}]}}\n    steps:\n    - - name: a\n        inline: {body}\n"
        )
    };
    let handed = "{inputs: {parameters: [{name: q, value: w}]}, container: {command: \
                  ['{{inputs.parameters.q}}']}}";
    assert_eq!(admitted(&spec(handed)).plan.templates.len(), 2);
    assert_eq!(
        refused(&spec("{container: {command: ['{{inputs.parameters.p}}']}}")),
        [
            "f.yaml:11:41: WF-0401 spec.templates[0].steps[0][0].inline.container.command[0]: \
             {{inputs.parameters.p}}: an inline template sees only inputs of its own; hand the \
             value over as an argument"
        ]
    );
}

/// Overrides reach the object, its hash and its names, and are checked like the file itself.
#[test]
fn overrides() {
    let spec = format!(
        "spec:\n  entrypoint: leaf\n  arguments: {{parameters: [{{name: a, enum: [x, z]}}]}}\n  \
         templates:\n{LEAF}  - {{name: other, suspend: {{}}}}\n"
    );
    let file = document(&format!("{HEAD}{spec}"));
    let mut changes = Overrides {
        parameters: vec![
            ("a".to_owned(), "x".to_owned()),
            ("new".to_owned(), "1".to_owned()),
        ],
        entrypoint: Some("other".to_owned()),
        name: Some("named".to_owned()),
        namespace: Some("team".to_owned()),
        labels: vec![("k".to_owned(), "v".to_owned())],
        service_account: Some("robot".to_owned()),
        priority: Some(3),
        ..Overrides::default()
    };
    let admitted = admit(&file, &changes).expect("admitted");
    assert_eq!(admitted.plan.entry, 1);
    assert_eq!(admitted.name.as_deref(), Some("named"));
    assert_eq!(admitted.namespace.as_deref(), Some("team"));
    assert_eq!(admitted.object["metadata"]["labels"], json!({"k": "v"}));
    let values: Vec<(&str, String)> = admitted
        .plan
        .parameters
        .iter()
        .map(|global| (global.name.as_str(), global.value.source()))
        .collect();
    assert_eq!(values, [("a", "x".to_owned()), ("new", "1".to_owned())]);
    assert_eq!(admitted.plan.priority, Some(3));

    changes.parameters[0].1 = "w".to_owned();
    changes.entrypoint = Some("othr".to_owned());
    let faults = admit(&file, &changes).expect_err("refused");
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "f.yaml:5:15: WF-0301 spec.entrypoint: there is no template \"othr\"; did you mean \
             `other`?",
            "f.yaml:6:28: WF-0407 spec.arguments.parameters[0].value: \"w\" is none of \"x\", \
             \"z\"",
        ]
    );
}

/// Another namespace than the file's is refused; a name to be made beats the file's.
#[test]
fn overrides_of_metadata() {
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{name: a, namespace: one}}\n\
         spec:\n  entrypoint: leaf\n  templates:\n{LEAF}"
    );
    let file = document(&text);
    let wish = Overrides {
        generate_name: Some("b-".to_owned()),
        ..Overrides::default()
    };
    let admitted = admit(&file, &wish).expect("admitted");
    assert_eq!(
        (admitted.name, admitted.generate_name.as_deref()),
        (None, Some("b-"))
    );
    let wish = Overrides {
        namespace: Some("two".to_owned()),
        ..Overrides::default()
    };
    let faults = admit(&file, &wish).expect_err("refused");
    assert_eq!(
        faults[0].to_string(),
        "f.yaml:3:32: WF-0205 metadata.namespace: is \"one\", but \"two\" was asked for; leave one \
         of them out"
    );
}

/// Equal content has one hash, whatever its name and the order of its keys; other content another.
#[test]
fn hashes() {
    let spec = format!("spec:\n  entrypoint: leaf\n  templates:\n{LEAF}");
    let turned = format!("spec:\n  templates:\n{LEAF}  entrypoint: leaf\n");
    let other = format!("spec:\n  entrypoint: leaf\n  suspend: true\n  templates:\n{LEAF}");
    let [first, second, third] = [spec, turned, other].map(|spec| admitted(&spec).hash);
    assert_eq!(first.len(), 64);
    assert_eq!(first, second);
    assert_ne!(first, third);
}

/// What was admitted compiles again, also where a rule about values has become stricter since.
#[test]
fn compiles_again() {
    let first = admitted(WHOLE);
    let again = compile(&first.object).expect("compiles");
    assert_eq!(format!("{again:?}"), format!("{:?}", first.plan));
    let soft = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "spec": {"entrypoint": "w", "templates": [{"name": "w", "suspend": {"duration": "soon"}}]},
    });
    assert!(compile(&soft).is_ok());
    let hard = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "spec": {"entrypoint": "w", "templates": [{"name": "w", "novelty": 1, "suspend": {}}]},
    });
    let told = compile(&hard).expect_err("unknown field")[0].to_string();
    assert_eq!(
        told,
        "WF-0201 spec.templates[0].novelty: there is no field \"novelty\" in this Template"
    );
}

/// JSON, a byte order mark, Windows line ends, comments and empty documents are all read.
#[test]
fn forms_of_files() {
    let json = "\u{feff}{\r\n\t\"apiVersion\": \"argoproj.io/v1alpha1\",\r\n\t\"kind\": \
                \"Workflow\",\r\n\t\"spec\": {\"a\": \"\\u00fc\\/\\ud83d\\ude00\", \"b\": 1e2}}\
                \r\n";
    let file = document(json);
    assert_eq!(file.object["spec"], json!({"a": "ü/😀", "b": 100.0}));
    let many = "# first\n---\n---\nkind: a\n...\n--- # again\nkind: b\n---\n~\n";
    let documents = read("f.yaml", many.as_bytes()).expect("readable");
    let kinds: Vec<&Value> = documents.iter().map(|d| &d.object["kind"]).collect();
    assert_eq!(kinds, ["a", "b"]);
}
