//! Dags: a task begins when all that it mentions is done (argo.md §5).

use serde_json::{Value, json};

use crate::script::{Script, pod};

fn dag(tasks: Value) -> Value {
    json!({"entrypoint": "m", "templates": [{"name": "m", "dag": {"tasks": tasks}}, pod("p")]})
}

fn task(name: &str, depends: &str) -> Value {
    let mut task = json!({"name": name, "template": "p"});
    if !depends.is_empty() {
        task["depends"] = json!(depends);
    }
    task
}

/// A join waits for both; a diamond ends well.
#[test]
fn a_diamond() {
    let tasks = json!([
        task("a", ""),
        task("b", "a"),
        task("c", "a"),
        task("d", "b && c")
    ]);
    let mut script = Script::of(dag(tasks));
    script.ends("w.a", 0).ends("w.c", 0).shows(&[
        "= Running",
        "w DAG Running",
        "w.a Pod Succeeded",
        "w.b Pod Starting",
        "w.c Pod Succeeded",
    ]);
    script.ends("w.b", 0).ends("w.d", 0).shows(&[
        "= Succeeded",
        "w DAG Succeeded",
        "w.a Pod Succeeded",
        "w.b Pod Succeeded",
        "w.c Pod Succeeded",
        "w.d Pod Succeeded",
    ]);
}

/// Nothing is decided before every task that is mentioned is done, even where one would do.
#[test]
fn depends_waits_for_all() {
    let tasks = json!([task("a", ""), task("b", ""), task("c", "a || b")]);
    let mut script = Script::of(dag(tasks));
    script.ends("w.a", 0).shows(&[
        "= Running",
        "w DAG Running",
        "w.a Pod Succeeded",
        "w.b Pod Starting",
    ]);
    script.ends("w.b", 3).ends("w.c", 0).shows(&[
        "= Succeeded",
        "w DAG Succeeded",
        "w.a Pod Succeeded",
        "w.b Pod Failed: main: Error (exit code 3)",
        "w.c Pod Succeeded",
    ]);
}

/// An unmet task is omitted, and so is what hangs on it; the dag has the phase of the branch.
#[test]
fn omission_cascades() {
    let tasks = json!([task("a", ""), task("b", "a"), task("c", "b")]);
    Script::of(dag(tasks)).ends("w.a", 3).shows(&[
        "= Failed",
        "w DAG Failed",
        "w.a Pod Failed: main: Error (exit code 3)",
        "w.b Skipped Omitted: omitted: depends condition not met",
        "w.c Skipped Omitted: omitted: depends condition not met",
    ]);
}

/// A failure that a later task waits for does not fail the dag: its phase comes from its leaves.
#[test]
fn a_mended_failure_is_none() {
    let tasks = json!([task("a", ""), task("b", "a.Failed")]);
    Script::of(dag(tasks))
        .ends("w.a", 3)
        .ends("w.b", 0)
        .shows(&[
            "= Succeeded",
            "w DAG Succeeded",
            "w.a Pod Failed: main: Error (exit code 3)",
            "w.b Pod Succeeded",
        ]);
}

/// As Argo 4.1.2 was recorded: with `failFast`, a failed leaf does not keep a branch from going on
/// that can; the dag ends when nothing runs any more.
#[test]
fn branches_go_on_beside_a_failed_leaf() {
    for fail_fast in [true, false] {
        let mut spec = dag(json!([task("a", ""), task("b", ""), task("c", "b")]));
        spec["templates"][0]["dag"]["failFast"] = json!(fail_fast);
        let mut script = Script::of(spec);
        script.ends("w.a", 3).ends("w.b", 0).ends("w.c", 0).shows(&[
            "= Failed",
            "w DAG Failed",
            "w.a Pod Failed: main: Error (exit code 3)",
            "w.b Pod Succeeded",
            "w.c Pod Succeeded",
        ]);
    }
}

/// Only the targets and what they depend on run.
#[test]
fn targets_choose() {
    let mut spec = dag(json!([task("a", ""), task("b", "a"), task("c", "")]));
    spec["templates"][0]["dag"]["target"] = json!("a");
    Script::of(spec)
        .ends("w.a", 0)
        .shows(&["= Succeeded", "w DAG Succeeded", "w.a Pod Succeeded"]);
}

/// With `dependencies`, `continueOn` widens a bare name.
#[test]
fn continue_on_lets_dependents_run() {
    let first = json!({"name": "a", "template": "p", "continueOn": {"failed": true}});
    let second = json!({"name": "b", "template": "p", "dependencies": ["a"]});
    Script::of(dag(json!([first, second])))
        .ends("w.a", 3)
        .ends("w.b", 0)
        .shows(&[
            "= Succeeded",
            "w DAG Succeeded",
            "w.a Pod Failed: main: Error (exit code 3)",
            "w.b Pod Succeeded",
        ]);
}
