//! Hello, the default parameter, global parameters through `env`.

use suite::{message, node, tree};

use crate::{fails, logs, place, run, shape, succeeds};

#[test]
fn hello() {
    let place = place();
    let object = succeeds(&place, &shape("1-hello"), &[]);
    assert_eq!(tree(&object), [". Pod Succeeded"]);
    assert_eq!(place.read("said"), "hello world\n");
    let logs = logs(&place);
    assert!(logs.contains("< hello world >"), "{logs}");
}

/// Without `cowsay` it fails as in Argo, and says what is missing here.
#[test]
fn hello_without_the_program() {
    let place = suite::Place::new();
    let object = fails(&place, &shape("1-hello"), &[]);
    assert_eq!(tree(&object), [". Pod Failed"]);
    let expected = "cannot find `cowsay`; local runs ignore image `docker/whalesay`";
    assert_eq!(message(&object), expected);
    let own = object["metadata"]["name"].as_str().expect("a name");
    assert_eq!(node(&object, own)["outputs"]["exitCode"], "64");
}

#[test]
fn default_parameter() {
    let place = place();
    let object = succeeds(&place, &shape("2-parameter"), &[]);
    assert_eq!(place.read("said"), "hello world\n");
    let own = object["metadata"]["name"].as_str().expect("a name");
    let inputs = &node(&object, own)["inputs"]["parameters"];
    assert_eq!(inputs[0]["value"], "hello world");
}

#[test]
fn a_parameter_of_the_command_line_wins() {
    let place = place();
    succeeds(
        &place,
        &shape("2-parameter"),
        &["-p", "message=goodbye world"],
    );
    assert_eq!(place.read("said"), "goodbye world\n");
}

/// The stand-in fails unless it has the level that it wants.
fn with_level(wanted: &str) -> suite::Place {
    let place = place();
    for name in ["runA", "runB"] {
        let script = format!("echo {name} at $LOG_LEVEL; test \"$LOG_LEVEL\" = {wanted}");
        place.stand_in(name, &script);
    }
    place
}

#[test]
fn global_parameters() {
    let place = with_level("INFO");
    succeeds(&place, &shape("3-global-parameters"), &[]);
    let logs = logs(&place);
    assert!(logs.contains("runA at INFO"), "{logs}");
}

#[test]
fn global_parameters_of_the_command_line() {
    let place = with_level("DEBUG");
    let text = shape("3-global-parameters");
    succeeds(
        &place,
        &text,
        &["-p", "log-level=DEBUG", "--entrypoint", "B"],
    );
    let logs = logs(&place);
    assert!(logs.contains("runB at DEBUG"), "{logs}");
}

#[test]
fn global_parameters_of_the_wrong_value() {
    let object = fails(&with_level("DEBUG"), &shape("3-global-parameters"), &[]);
    assert_eq!(message(&object), "main: Error (exit code 1)");
}

/// What cannot be run is refused before anything runs.
#[test]
fn an_entrypoint_that_is_not_there() {
    let place = place();
    let said = run(&place, &shape("1-hello"), &["--entrypoint", "whalesey"]).with_code(2);
    assert!(
        said.err.contains("whalesay"),
        "it names the nearest: {}",
        said.err
    );
    assert_eq!((said.out.as_str(), place.read("said").as_str()), ("", ""));
}
