//! Rows: the golden bytes of a run's bodies, reading them back, and what they show.

use serde_json::json;
use usher_core::project;
use usher_core::run::{DecodeError, decode, encode_head, encode_node};

use crate::script::{Script, pod};

fn finished() -> Script {
    let spec = json!({"entrypoint": "m", "templates": [
        {"name": "m", "steps": [[{"name": "a", "template": "p"}]]}, pod("p")]});
    let mut script = Script::of(spec);
    script.wait(1).starts("w[0].a").wait(2).ends("w[0].a", 0);
    script
}

const HEAD: &str = concat!(
    r#"{"v":1,"identity":{"uid":"0d5c4a1e-0000-4000-8000-000000000001","name":"w","#,
    r#""namespace":"default","created_ms":1767323045000,"submitter":"ada"},"#,
    r#""phase":"Succeeded","started_ms":1767323045000,"finished_ms":1767323048000,"#,
    r#""clock_ms":1767323048000}"#,
);

const NODES: [&str; 3] = [
    r#"{"k":"S","t":0,"h":"OK","a":1767323045000,"f":1767323048000}"#,
    r#"{"k":"G","p":0,"h":"OK","a":1767323045000,"f":1767323048000}"#,
    r#"{"k":"P","p":1,"t":1,"h":"OK","a":1767323045000,"f":1767323048000,"l":1,"x":0}"#,
];

/// The bytes that are in ledgers of this layout: a change here needs a new version of it.
#[test]
fn bodies_are_golden() {
    let script = finished();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("JSON is text");
    assert_eq!(text(encode_head(script.run())), HEAD);
    let nodes: Vec<String> = script
        .run()
        .nodes
        .iter()
        .map(|node| text(encode_node(node)))
        .collect();
    assert_eq!(nodes, NODES);
}

#[test]
fn bodies_come_back() {
    let script = finished();
    let rows: Vec<(u32, Vec<u8>)> = (0..)
        .zip(NODES)
        .map(|(ix, body)| (ix, body.as_bytes().to_vec()))
        .collect();
    let plan = script.run().plan.clone();
    let again = decode(plan.clone(), HEAD.as_bytes(), &rows).expect("they are sound");
    assert_eq!(again.nodes, script.run().nodes);
    assert_eq!(again.head, script.run().head);
    let gap = decode(plan.clone(), HEAD.as_bytes(), &rows[1..]).expect_err("a row is missing");
    assert_eq!(
        gap.to_string(),
        "put the nodes together: node 1 is missing or has no place"
    );
    let newer = HEAD.replacen("\"v\":1", "\"v\":2", 1);
    let newer = decode(plan, newer.as_bytes(), &rows).expect_err("it is newer");
    assert!(matches!(newer, DecodeError::Newer { found: 2, known: 1 }));
}

/// The object that people and tools see.
#[test]
fn a_finished_run_as_argo_shows_it() {
    let status = project::status(finished().run());
    assert_eq!(
        status,
        json!({
            "phase": "Succeeded",
            "startedAt": "2026-01-02T03:04:05Z",
            "finishedAt": "2026-01-02T03:04:08Z",
            "progress": "1/1",
            "conditions": [
                {"type": "PodRunning", "status": "False"},
                {"type": "Completed", "status": "True"}
            ],
            "nodes": {
                "w": {
                    "id": "w", "name": "w", "displayName": "w", "type": "Steps",
                    "templateName": "m", "templateScope": "local/w", "phase": "Succeeded",
                    "startedAt": "2026-01-02T03:04:05Z", "finishedAt": "2026-01-02T03:04:08Z",
                    "children": ["w-251997096"], "outboundNodes": ["w-2078810217"]
                },
                "w-251997096": {
                    "id": "w-251997096", "name": "w[0]", "displayName": "[0]",
                    "type": "StepGroup", "templateScope": "local/w", "phase": "Succeeded",
                    "boundaryID": "w", "startedAt": "2026-01-02T03:04:05Z",
                    "finishedAt": "2026-01-02T03:04:08Z", "children": ["w-2078810217"]
                },
                "w-2078810217": {
                    "id": "w-2078810217", "name": "w[0].a", "displayName": "a", "type": "Pod",
                    "templateName": "p", "templateScope": "local/w", "phase": "Succeeded",
                    "boundaryID": "w", "startedAt": "2026-01-02T03:04:05Z",
                    "finishedAt": "2026-01-02T03:04:08Z", "outputs": {"exitCode": "0"}
                }
            }
        })
    );
}
