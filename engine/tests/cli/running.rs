//! `run`, `attach`, `submit` and `wait`: exit codes, what is printed where, Ctrl-C.

use std::process::Stdio;

use rustix::process::Signal;

use crate::rig::{Place, Started, steps};

/// A run that succeeds: exit 0, its steps on stdout, and one line about images on stderr.
#[test]
fn a_run_to_its_end() {
    let place = Place::new();
    let file = place.steps("hello", &["echo one >> $LOG", "echo two >> $LOG"]);
    let said = place
        .usher([file.as_os_str(), "run".as_ref()].iter().rev())
        .with_code(0);
    assert_eq!(place.log(), ["one", "two"]);
    assert!(said.out.contains("hello"), "{said:?}");
    assert_eq!(
        said.err,
        "usher: steps run as processes of this machine; image names mean nothing here\n"
    );
    assert_eq!(place.phase("hello"), "Succeeded");
}

/// A run that fails: exit 1, and the last thing on the screen is the node, its exit code and the
/// last 20 lines of its stderr.
#[test]
fn a_failure_is_the_last_thing_said() {
    let place = Place::new();
    let shell = "echo out; for n in $(seq 1 30); do echo complaint $n >&2; done; exit 7";
    place.steps("bad", &["echo fine", shell]);
    let said = place.usher(["run", "bad.yaml"]).with_code(1);
    let lines: Vec<&str> = said.out.lines().collect();
    let first = lines.iter().rposition(|line| line.contains("s1")).unwrap();
    let last = lines[first..].join("\n");
    assert!(last.contains("exit code 7"), "{last}");
    assert!(
        !last.contains("complaint 10\n"),
        "only the last 20 lines: {last}"
    );
    assert!(
        last.contains("complaint 11\n"),
        "all of the last 20 lines: {last}"
    );
    assert!(last.ends_with("complaint 30"), "nothing after it: {last}");
}

/// Invalid input: exit 2 with every fault and its place, and nothing is run.
#[test]
fn invalid_input() {
    let place = Place::new();
    let text = steps("wrong", &["true"]).replace("template: t0", "template: nope, bogus: 1");
    place.file("wrong.yaml", &text);
    for verb in ["run", "submit"] {
        let said = place.usher([verb, "wrong.yaml"]).with_code(2);
        assert!(said.err.contains("wrong.yaml:"), "{said:?}");
        assert_eq!(said.out, "");
    }
    assert_eq!(place.usher(["run", "none.yaml"]).with_code(2).out, "");
    place.usher(["run"]).with_code(2);
    place
        .usher(["run", "wrong.yaml", "-p", "novalue"])
        .with_code(2);
    assert_eq!(place.usher(["list", "-o", "name"]).with_code(0).out, "");
}

/// `-o json` prints the finished object and nothing else, also when the run fails.
#[test]
fn the_finished_object() {
    let place = Place::new();
    place.steps("good", &["true"]);
    place.steps("bad", &["exit 3"]);
    let object = place
        .usher(["run", "good.yaml", "-o", "json"])
        .with_code(0)
        .json();
    assert_eq!(object["status"]["phase"], "Succeeded");
    let said = place.usher(["run", "bad.yaml", "-o", "json"]).with_code(1);
    assert_eq!(said.json()["status"]["phase"], "Failed");
    assert!(said.err.contains("exit code 3"), "{}", said.err);
    let said = place.usher(["run", "good.yaml", "-o", "name"]).with_code(0);
    assert!(
        said.out.starts_with("good-"),
        "the name was taken: {said:?}"
    );
    assert!(said.err.contains("the name good is taken"), "{}", said.err);
}

/// Several documents, from stdin: all are run, the worst counts. Submitting a name that is taken
/// is refused.
#[test]
fn several_documents_from_stdin() {
    let place = Place::new();
    let text = [
        steps("first", &["exit 1"]),
        steps("second", &["echo second >> $LOG"]),
    ]
    .join("---\n");
    let input = place.file("both", &text);
    let mut command = place.command(["run", "-"]);
    command.stdin(std::fs::File::open(input).unwrap());
    Started::new(command.spawn().unwrap()).end().with_code(1);
    assert_eq!(place.phase("first"), "Failed");
    assert_eq!(place.phase("second"), "Succeeded");
    let said = place.usher(["submit", "both"]).with_code(1);
    assert!(said.err.contains("already exists"), "{said:?}");
}

/// Parameters by flag and by file, labels, and fields that are kept without effect.
#[test]
fn flags_of_a_run() {
    let place = Place::new();
    let text = steps(
        "flags",
        &["echo {{workflow.parameters.who}} {{workflow.parameters.count}} >> $LOG"],
    )
    .replace(
        "  entrypoint: main\n",
        "  entrypoint: main\n  arguments: {parameters: [{name: who}, {name: count, value: 1}]}\n",
    );
    place.file("flags.yaml", &text);
    place.file("values.yaml", "who: file\ncount: 2\n");
    let flags = ["run", "flags.yaml", "-f", "values.yaml", "-p", "who=flag"];
    let more = ["-l", "team=a,stage=b", "--priority", "5", "--name", "other"];
    let said = place.usher(flags.iter().chain(&more)).with_code(0);
    assert_eq!(place.log(), ["flag 2"]);
    assert!(
        said.err
            .contains("usher: kept without effect here: spec.priority\n"),
        "{}",
        said.err
    );
    let listed = place.usher(["list", "-l", "team=a,stage=b", "-o", "name"]);
    assert_eq!(listed.with_code(0).out, "other\n");
    let listed = place.usher(["list", "-l", "team!=a", "-o", "name"]);
    assert_eq!(listed.with_code(0).out, "");
}

/// A dry run prints what would be submitted, and submits nothing.
#[test]
fn a_dry_run() {
    let place = Place::new();
    place.steps("dry", &["true"]);
    let said = place.usher(["submit", "dry.yaml", "--dry-run", "-o", "json", "-l", "a=b"]);
    let object = said.with_code(0).json();
    assert_eq!(object["metadata"]["labels"]["a"], "b");
    assert_eq!(place.usher(["list", "-o", "name"]).with_code(0).out, "");
}

/// `--exit-when-waiting` exits 3; `resume` starts an engine that really goes on.
#[test]
fn a_run_that_waits() {
    let place = Place::new();
    place.steps(
        "waits",
        &["echo before >> $LOG", "suspend: {}", "echo after >> $LOG"],
    );
    let said = place
        .usher(["run", "waits.yaml", "--exit-when-waiting"])
        .with_code(3);
    assert!(said.err.contains("usher resume waits"), "{}", said.err);
    assert_eq!(place.phase("waits"), "Running");
    let said = place
        .usher(["resume", "waits", "--idle-after-ms", "200"])
        .with_code(0);
    assert_eq!(said.out, "workflow waits resumed\n");
    let said = place.usher(["wait", "waits"]).with_code(0);
    assert!(said.out.starts_with("waits Succeeded at "), "{said:?}");
    assert_eq!(place.log(), ["before", "after"]);
}

/// A detached run goes on without anybody: its step ends long after the command.
#[test]
fn a_detached_run() {
    let mut place = Place::new();
    place.steps(
        "apart",
        &["echo there > $SAY; read go < $GATE", "echo done > $SAY"],
    );
    let said = place
        .usher(["run", "-d", "apart.yaml", "--idle-after-ms", "200"])
        .with_code(0);
    assert!(said.out.contains("usher attach apart"), "{said:?}");
    assert_eq!(place.hear(), "there");
    place.open_gate();
    assert_eq!(place.hear(), "done");
    place.usher(["wait", "apart"]).with_code(0);
    // An end that was told of long ago needs no engine.
    place.usher(["attach", "apart"]).with_code(0);
}

/// The first Ctrl-C leaves the run in the ledger, its step alive, and says how to go on; attaching
/// goes on with it, and nothing ran twice.
#[test]
fn ctrl_c_leaves_the_run() {
    let mut place = Place::new();
    let step = "echo once >> $LOG; echo $$ > $SAY; read go < $GATE";
    place.steps("left", &[step, "echo last >> $LOG"]);
    let run = place.start(["run", "left.yaml"]);
    place.hear();
    run.signal(Signal::INT);
    let said = run.end().with_code(130);
    assert!(said.err.contains("usher attach left"), "{}", said.err);
    assert_eq!(place.phase("left"), "Running");
    for look in [&["get", "left"][..], &["list"]] {
        let said = place.usher(look).with_code(0);
        assert!(
            said.err.contains("no engine runs, so nothing goes on"),
            "{said:?}"
        );
    }
    let attached = place.start(["attach", "left"]);
    place.open_gate();
    attached.end().with_code(0);
    assert_eq!(place.log(), ["once", "last"]);
}

/// What others asked of an engine is handed over when its process ends by Ctrl-C.
#[test]
fn promises_outlive_their_engine() {
    let mut place = Place::new();
    place.steps("mine", &["echo mine > $SAY; read go < $GATE"]);
    place.steps(
        "yours",
        &["echo yours > $SAY; read go < $GATE", "echo yours >> $LOG"],
    );
    let run = place.start(["run", "mine.yaml", "--idle-after-ms", "200"]);
    assert_eq!(place.hear(), "mine");
    place
        .usher(["submit", "yours.yaml", "-o", "name"])
        .with_code(0);
    assert_eq!(place.hear(), "yours");
    run.signal(Signal::TERM);
    let said = run.end().with_code(143);
    assert!(
        said.err.contains("goes on in another process"),
        "{}",
        said.err
    );
    place.open_gate();
    place.open_gate();
    place.usher(["wait", "mine", "yours"]).with_code(0);
    assert_eq!(place.log(), ["yours"]);
}

/// `wait` fails with a workflow that failed, and with one that is not there unless told not to.
#[test]
fn waiting_for_the_end() {
    let place = Place::new();
    place.steps("bad", &["exit 1"]);
    place.usher(["run", "bad.yaml"]).with_code(1);
    let said = place.usher(["wait", "bad"]).with_code(1);
    assert!(said.out.starts_with("bad Failed at "), "{said:?}");
    let said = place.usher(["wait", "nobody"]).with_code(1);
    assert!(said.err.contains("workflow nobody not found"), "{said:?}");
    place
        .usher(["wait", "nobody", "--ignore-not-found"])
        .with_code(0);
    place.usher(["watch", "bad"]).with_code(0);
    place.usher(["attach", "bad"]).with_code(1);
}

/// A reader that goes away ends the printing without a word; a run goes on all the same.
#[test]
fn a_broken_pipe() {
    let place = Place::new();
    place.steps("piped", &["echo ran >> $LOG"]);
    place.steps("bad", &["exit 1"]);
    for (args, code) in [
        (["run", "piped.yaml"], 0),
        (["get", "@latest"], 0),
        (["run", "bad.yaml"], 1),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = place.command(args);
        let child = command.stdout(writer).stderr(Stdio::piped()).spawn();
        drop(command);
        let output = child.unwrap().wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{err}");
        assert!(!err.contains("panicked"), "{err}");
    }
    assert_eq!(place.log(), ["ran"]);
}

/// A home that cannot be used: one line says where the state is kept, and the run succeeds.
#[test]
fn an_unusable_home() {
    let place = Place::new();
    place.steps("anywhere", &["true"]);
    let home = place.file("home", "a file");
    let mut command = place.command(["run", "anywhere.yaml"]);
    command.env_remove("USHER_STATE").env("HOME", home);
    let said = Started::new(command.spawn().unwrap()).end().with_code(0);
    let notices = said
        .err
        .lines()
        .filter(|line| line.contains("state is kept in"));
    assert_eq!(notices.count(), 1, "{}", said.err);
}

/// A state directory may be named relative to where one is, and have a path longer than a socket's
/// may be; what is said to type next names it.
#[test]
fn any_state_directory() {
    let place = Place::new();
    place.steps("there", &["echo ran >> $LOG", "suspend: {}"]);
    let long = "d".repeat(120);
    let run = ["run", "there.yaml", "--exit-when-waiting", "--state", &long];
    let mut command = place.command(run);
    command.env_remove("USHER_STATE");
    let said = Started::new(command.spawn().unwrap()).end().with_code(3);
    let hint = format!("usher resume there --state {long}");
    assert!(said.err.contains(&hint), "{}", said.err);
    let resume = [
        "resume",
        "there",
        "--state",
        &long,
        "--idle-after-ms",
        "200",
    ];
    place.usher(resume).with_code(0);
    place
        .usher(["wait", "there", "--state", &long])
        .with_code(0);
    assert_eq!(place.log(), ["ran"]);
}
