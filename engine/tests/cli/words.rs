//! Verbs that need no engine: `lint`, `explain`, `doctor`, `db`, `completion`, `version`, help.

use std::io::Write as _;

use crate::rig::{Place, Started, steps};

/// Every fault of every file, exit 2; a folder is looked through; stdin is `-`.
#[test]
fn lint() {
    let place = Place::new();
    place.steps("good", &["true"]);
    let said = place.usher(["lint", "good.yaml"]).with_code(0);
    assert_eq!(said.out, "no faults in 1 workflow\n");
    std::fs::create_dir_all(place.path().join("more/deep")).unwrap();
    let wrong = steps("wrong", &["true"]).replace("template: t0", "template: nope");
    place.file("more/deep/wrong.yml", &wrong);
    place.file("more/broken.json", "{");
    place.file("more/README.md", "no workflow");
    let said = place.usher(["lint", "good.yaml", "more"]).with_code(2);
    assert!(said.out.contains("wrong.yml:"), "{}", said.out);
    assert!(said.out.contains("broken.json:"), "{}", said.out);
    assert!(said.out.contains("WF-0301"), "{}", said.out);
    assert!(!said.out.contains("README"), "{}", said.out);
    assert!(said.err.contains("2 of 3 files"), "{}", said.err);
    let mut command = place.command(["lint", "-"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(wrong.as_bytes())
        .unwrap();
    let said = Started::new(child).end().with_code(2);
    assert!(said.out.contains("stdin:"), "{}", said.out);
    place.usher(["lint", "nowhere.yaml"]).with_code(2);
    std::fs::create_dir(place.path().join("empty")).unwrap();
    place.usher(["lint", "empty"]).with_code(2);
}

/// An approval with `duration` is refused in both spellings, with a message that names both.
#[test]
fn s03_a_duration_beside_an_approval_is_refused() {
    let place = Place::new();
    let head = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: order}\n\
                spec:\n  entrypoint: ask\n  templates:\n  - name: ask\n";
    let native = "    suspend: {duration: 20s, approval: {title: t, approvers: [{user: ada}]}}\n";
    let noted = "    metadata: {annotations: {usher.flow/approval: \"{title: t, approvers: [{user: \
                 ada}]}\"}}\n    suspend: {duration: 20s}\n";
    for (name, body, place_of_block) in [
        ("native.yaml", native, "spec.templates[0].suspend.approval"),
        (
            "noted.yaml",
            noted,
            "spec.templates[0].metadata.annotations[\"usher.flow/approval\"]",
        ),
    ] {
        place.file(name, &format!("{head}{body}"));
        let said = place.usher(["lint", name]).with_code(2);
        let wanted = format!(
            "WF-0304 spec.templates[0].suspend.duration\n  `duration` stands beside `approval` \
             ({place_of_block}): as in Argo a duration ends well by itself, and silence is no \
             consent; write `timeout` into the approval\n"
        );
        assert!(said.out.contains(&wanted), "{}", said.out);
        let said = place.usher(["submit", name]).with_code(2);
        assert!(said.err.contains(&wanted), "{}", said.err);
    }
    assert_eq!(place.usher(["list", "-o", "name"]).with_code(0).out, "");
}

const DOUBTFUL: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: order}
spec:
  entrypoint: ask
  arguments: {parameters: [{name: boss, value: boss@example.org}]}
  templates:
  - name: ask
    timeout: 2h
    suspend: {approval: {title: An order, approvers: [{user: \"{{workflow.parameters.boss}}\"}]}}
";

/// A warning refuses nothing: `lint` prints it and ends well, in words and for programs; `submit`
/// and `run` say it by the way.
#[test]
fn warnings_refuse_nothing() {
    let place = Place::new();
    place.file("order.yaml", DOUBTFUL);
    let said = place.usher(["lint", "order.yaml"]).with_code(0);
    let words = "\
order.yaml:9:5: warning WF-0504 spec.templates[0].timeout
  is the template's, not the approval's: here it ends the wait as a deadline does, and the step \
                 fails; in Argo it counts only while a step is Pending, which this one never is; \
                 write `timeout` into the approval
   9 |     timeout: 2h
     |     ^^^^^^^

order.yaml:10:62: warning WF-0501 spec.templates[0].suspend.approval.approvers[0].user
  comes from a parameter of the workflow, by {{workflow.parameters.boss}}: whoever submits it \
                 picks who approves it; name a group in `mustBeIn`, in which that person must be
   10 |     suspend: {approval: {title: An order, approvers: [{user: \
                 \"{{workflow.parameters.boss}}\"}]}}
      |                                                              \
                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

2 warnings in order.yaml; `usher explain CODE` tells more
";
    assert_eq!(
        said.out,
        format!("{words}no faults, 2 warnings in 1 workflow\n")
    );
    assert_eq!(said.err, "");
    let said = place
        .usher(["lint", "order.yaml", "-o", "json"])
        .with_code(0);
    let rows = said.json();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    let row = &rows[0];
    assert_eq!(
        (
            &row["severity"],
            &row["code"],
            &row["line"],
            &row["column"],
            &row["file"]
        ),
        (
            &"warning".into(),
            &"WF-0504".into(),
            &9.into(),
            &5.into(),
            &"order.yaml".into()
        )
    );
    assert_eq!(row["path"], "spec.templates[0].timeout");
    let said = place
        .usher(["run", "order.yaml", "--exit-when-waiting"])
        .with_code(3);
    assert!(said.err.starts_with(words), "{}", said.err);
    let said = place
        .usher(["submit", "order.yaml", "--dry-run", "-o", "json"])
        .with_code(0);
    assert_eq!(said.err, words);
    assert_eq!(said.json()["metadata"]["name"], "order");
}

/// For programs every fault is a row too, also what no file says: that it cannot be read.
#[test]
fn lint_for_programs() {
    let place = Place::new();
    place.file(
        "bad.yaml",
        &DOUBTFUL.replace("entrypoint: ask", "entrypoint: aks"),
    );
    let said = place
        .usher(["lint", "bad.yaml", "none.yaml", "-o", "json"])
        .with_code(2);
    let rows = said.json();
    assert_eq!(rows.as_array().unwrap().len(), 2, "{rows}");
    assert_eq!(
        (&rows[0]["severity"], &rows[0]["code"]),
        (&"error".into(), &"WF-0301".into())
    );
    assert_eq!(rows[0]["nearest"], "ask");
    assert_eq!(rows[1]["file"], "none.yaml");
    let message = rows[1]["message"].as_str().unwrap();
    assert!(
        message.starts_with("read none.yaml: No such file"),
        "{message}"
    );
    let said = place.usher(["lint", "-o", "json", "-"]).with_code(2);
    assert_eq!(said.json()[0]["file"], "stdin");
}

/// Every code that is listed has a page; another has not.
#[test]
fn explain() {
    let place = Place::new();
    let all = place.usher(["explain", "all"]).with_code(0).out;
    assert!(all.lines().count() > 10, "{all}");
    for line in all.lines() {
        let code = line.split_whitespace().next().unwrap();
        let page = place.usher(["explain", code]).with_code(0).out;
        assert!(page.contains("What to do:"), "{page}");
    }
    let said = place.usher(["explain", "WF-9999"]).with_code(2);
    assert!(said.err.contains("there is no code `WF-9999`"), "{said:?}");
}

/// A sound place; then one whose ledger is no ledger, and one that cannot be used.
#[test]
fn doctor() {
    let place = Place::new();
    let said = place.usher(["doctor"]).with_code(0);
    for what in [
        "clock",
        "boot",
        "shell",
        "state directory",
        "engine",
        "ledger",
        "launcher",
    ] {
        assert!(said.out.contains(what), "{what}: {}", said.out);
    }
    std::fs::write(
        place.state().join("ledger.db"),
        "this is no ledger, only some text",
    )
    .unwrap();
    let said = place.usher(["doctor"]).with_code(1);
    assert!(
        said.out.contains("what to do: restore it from a backup"),
        "{}",
        said.out
    );
    let file = place.file("file", "");
    let said = place
        .usher(["doctor", "--state", file.to_str().unwrap()])
        .with_code(1);
    assert!(said.out.contains("--state DIR"), "{}", said.out);
}

/// The ledger is checked and copied; a copy is a whole ledger, and never overwrites a file.
#[test]
fn ledger() {
    let place = Place::new();
    place.usher(["db", "check"]).with_code(1);
    place.steps("kept", &["true"]);
    place.usher(["run", "kept.yaml"]).with_code(0);
    let said = place.usher(["db", "check", "--full"]).with_code(0);
    assert!(said.out.ends_with("ledger.db is sound\n"), "{}", said.out);
    std::fs::create_dir(place.path().join("copy")).unwrap();
    place.usher(["db", "backup", "copy/ledger.db"]).with_code(0);
    let said = place.usher(["db", "backup", "copy/ledger.db"]).with_code(1);
    assert!(said.err.contains("exists"), "{}", said.err);
    let said = place
        .usher(["list", "--state", "copy", "-o", "name"])
        .with_code(0);
    assert_eq!(said.out, "kept\n");
}

/// Completion scripts for every shell, the version, and help for every verb.
#[test]
fn small_verbs() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let said = place.usher(["completion", shell]).with_code(0);
        assert!(said.out.contains("exit-when-waiting"), "{shell}");
        assert!(
            !said.out.contains("launcher"),
            "the launcher is nobody's to call"
        );
    }
    let said = place.usher(["version"]).with_code(0);
    assert_eq!(said.out, "usher 0.1.0 (ledger schema 2)\n");
    let help = place.usher(["--help"]).with_code(0).out;
    for verb in [
        "run",
        "server",
        "submit",
        "list",
        "get",
        "watch",
        "logs",
        "wait",
        "attach",
        "suspend",
        "resume",
        "stop",
        "terminate",
        "delete",
        "lint",
        "explain",
        "doctor",
        "db",
        "completion",
        "version",
    ] {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb}: {help}");
        place.usher([verb, "--help"]).with_code(0);
    }
    place.usher(["frobnicate"]).with_code(2);
    let none: [&str; 0] = [];
    let said = place.usher(none).with_code(2);
    assert!(said.err.contains("Usage: usher"), "{}", said.err);
}

/// The program's own log goes to stderr, as JSON lines if asked; a filter that cannot be read is
/// told.
#[test]
fn the_log() {
    let place = Place::new();
    place.steps("logged", &["true"]);
    let mut command = place.command(["run", "logged.yaml", "--log-format", "json"]);
    command.env("USHER_LOG", "usher=debug");
    let said = Started::new(command.spawn().unwrap()).end().with_code(0);
    let lines = said.err.lines().filter(|line| line.starts_with('{'));
    let parsed: Vec<serde_json::Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let turn = |line: &&serde_json::Value| {
        line["span"]["name"] == "turn" || line["spans"][0]["name"] == "turn"
    };
    assert!(parsed.iter().any(|line| turn(&line)), "{parsed:?}");
    let mut command = place.command(["list"]);
    command.env("USHER_LOG", "usher=[[");
    let said = Started::new(command.spawn().unwrap()).end().with_code(0);
    assert!(
        said.err.contains("USHER_LOG=usher=[[ cannot be read"),
        "{}",
        said.err
    );
}
