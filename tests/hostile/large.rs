//! Files that are hostile by their size, made here instead of kept.

use std::time::{Duration, Instant};

use crate::told;

const HEAD: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: x}\nspec:\n";

/// No file may hold the engine longer than this; slow machines included.
const BOUND: Duration = Duration::from_secs(60);

fn first_line(name: &str, text: &str) -> String {
    let begin = Instant::now();
    let told = told(name, text.as_bytes());
    assert!(begin.elapsed() < BOUND, "{name} took {:?}", begin.elapsed());
    told.lines().next().unwrap_or_default().to_owned()
}

/// A file over 2 MiB is refused before it is read.
#[test]
fn too_many_bytes() {
    let text = "a".repeat((2 << 20) + 1);
    assert_eq!(
        first_line("big.yaml", &text),
        "big.yaml: WF-0102: the file has 2097153 bytes, at most 2097152"
    );
}

/// A file of nothing but small values is refused before they fill the memory.
#[test]
fn too_many_values() {
    let text = format!("[{}]", "1,".repeat(600_000));
    assert_eq!(
        first_line("values.yaml", &text),
        "values.yaml:1:1000000: WF-0102 [499999]: more than 500000 values"
    );
}

/// Brackets as deep as the file is long end neither the stack nor the patience.
#[test]
fn brackets() {
    for open in ["[", "{", "{a: ", "- ", "? "] {
        let text = open.repeat((1 << 20) / open.len());
        let told = first_line("deep.yaml", &text);
        assert!(told.starts_with("deep.yaml:1:"), "{open:?}: {told}");
    }
}

/// Thousands of faults with thousands of words that could have been meant.
#[test]
fn many_unknown_words() {
    let mut text = format!("{HEAD}  entrypoint: t0\n  templates:\n");
    for at in 0..15_000 {
        text.push_str(&format!(
            "  - {{name: t{at}, steps: [[{{name: s, template: unknown-template-{at}}}]]}}\n"
        ));
    }
    let told = first_line("words.yaml", &text);
    assert_eq!(
        told,
        "words.yaml:7:45: WF-0301 spec.templates[0].steps[0][0].template: there is no template \
         \"unknown-template-0\""
    );
}

/// A dag as large as a file can hold, each task after the one before and reading the first.
#[test]
fn long_dag() {
    let mut text = format!(
        "{HEAD}  entrypoint: main\n  templates:\n  - {{name: leaf, container: {{command: [x]}}, \
         inputs: {{parameters: [{{name: p}}]}}}}\n  - name: main\n    dag:\n      tasks:\n      - \
         {{name: t0, template: leaf, arguments: {{parameters: [{{name: p, value: x}}]}}}}\n"
    );
    for at in 1..10_000 {
        text.push_str(&format!(
            "      - {{name: t{at}, template: leaf, dependencies: [t{}], arguments: {{parameters: \
             [{{name: p, value: \"{{{{tasks.t0.outputs.result}}}}\"}}]}}}}\n",
            at - 1
        ));
    }
    assert_eq!(first_line("dag.yaml", &text), "admitted: 2 templates");
}

/// A key as long as a file, and thousands of faults below it, do not multiply.
#[test]
fn long_key() {
    let text = format!(
        "{HEAD}  entrypoint: main\n  \"{}\": {{}}\n{}",
        "k".repeat(1_000),
        "  ? x\n".repeat(10_000)
    );
    let told = first_line("key.yaml", &text);
    assert!(told.len() < 1_000, "{told}");
}
