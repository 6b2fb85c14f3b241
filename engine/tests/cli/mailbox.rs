//! What is said by the way of people who are asked, and of mail, while no mail server is set up.

use rustix::process::Signal;

use crate::rig::{Place, Started};

const ASK: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: order}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: ask-boss, template: ask}
      - {name: ask-ada, template: ask}
  - name: ask
    suspend: {approval: {title: An order, approvers: [{user: boss@example.org}]}}
";

const TELL: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  name: import
  annotations: {usher.flow/notify: \"failed: ops@example.org\"}
spec:
  entrypoint: main
  arguments: {parameters: [{name: code, value: \"1\"}]}
  templates:
  - name: main
    container: {image: alpine, command: [sh, -c, \"exit {{workflow.parameters.code}}\"]}
";

const WAITS: &str = "usher: order waits for a decision by mail: ask-boss, ask-ada; `usher \
                     approvals list` shows who is asked";

const WHERE: &str = "usher: no mail server is set up: mail is in the development mailbox, \
                     http://127.0.0.1:";

/// The address at the end of a line, and that it opens the mailbox.
#[track_caller]
fn opens(line: &str) -> String {
    assert!(line.starts_with(WHERE), "{line}");
    let url = line.rsplit(' ').next().unwrap().to_owned();
    let (host, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let browser = usher::cli::demo::browser::Browser::new(host).unwrap();
    let page = browser.get(&format!("/{path}"), "").unwrap();
    assert_eq!(page.status, 303, "{}", page.body);
    url
}

/// What a command said until it was interrupted.
fn interrupted(started: Started) -> String {
    started.signal(Signal::INT);
    let said = started.end().with_code(130);
    said.out + &said.err
}

/// Who runs a workflow that asks people is told so, once, with the address of the mailbox; the
/// link of the request is never told.
#[test]
fn a_run_that_asks() {
    let place = Place::new();
    place.file("order.yaml", ASK);
    for args in [
        &["run", "order.yaml"][..],
        &["run", "order.yaml", "-o", "json"],
    ] {
        let mut run = place.start(args.iter().chain(&["--name", "order"]));
        assert_eq!(run.note_with("waits for"), WAITS);
        let url = opens(&run.note_with("mailbox"));
        assert_eq!(
            place.usher(["mailbox"]).with_code(0).out,
            format!("{url}\n")
        );
        let more = interrupted(run);
        assert!(!more.contains("mailbox") && !more.contains("/a/"), "{more}");
        place.usher(["delete", "order"]).with_code(0);
    }
}

/// Beside a server the same is told, of the server's mailbox, which stays when the run is over.
#[test]
fn runs_beside_a_server() {
    let place = Place::new();
    place.file("order.yaml", ASK);
    place.file("import.yaml", TELL);
    let mut server = place.start(["server"]);
    let url = opens(&server.note_with("mailbox"));
    let said = place.usher(["run", "import.yaml"]).with_code(1);
    let told =
        format!("usher: no mail server is set up: mail is in the development mailbox, {url}\n");
    assert!(said.err.ends_with(&told), "{}", said.err);
    place.usher(["submit", "order.yaml"]).with_code(0);
    for verb in ["attach", "watch"] {
        let mut attached = place.start([verb, "order"]);
        assert_eq!(attached.note_with("waits for"), WAITS);
        assert_eq!(attached.note_with("mailbox") + "\n", told);
        interrupted(attached);
    }
    server.signal(Signal::TERM);
    server.end().with_code(0);
}

/// `--exit-when-waiting` does not name `resume`, which does not end an approval.
#[test]
fn a_run_that_ends_when_people_are_asked() {
    let place = Place::new();
    place.file("order.yaml", ASK);
    let said = place
        .usher(["run", "order.yaml", "--exit-when-waiting"])
        .with_code(3);
    assert!(!said.err.contains("usher resume"), "{}", said.err);
    assert!(
        said.err.contains("`usher attach order` follows it"),
        "{}",
        said.err
    );
}

/// With a mail server there is no mailbox to name.
#[test]
fn a_run_that_asks_by_a_server() {
    let place = Place::new();
    place.file("order.yaml", ASK);
    let set = "--set";
    let args = [
        set,
        "mail.host=127.0.0.1",
        set,
        "mail.port=9",
        set,
        "mail.from=usher@example.org",
    ];
    let mut run = place.start(["run", "order.yaml"].iter().chain(&args));
    assert_eq!(run.note_with("waits for"), WAITS);
    let more = interrupted(run);
    assert!(!more.contains("mailbox"), "{more}");
}

/// A mail about the end: the mailbox is not there any more when it is told of, so who shows it is.
#[test]
fn a_run_that_tells_its_end() {
    let place = Place::new();
    place.file("import.yaml", TELL);
    let told = "usher: no mail server is set up: its mail is in the development mailbox, which \
                `usher server` shows\n";
    let said = place.usher(["run", "import.yaml"]).with_code(1);
    assert!(said.err.ends_with(told), "{}", said.err);
    let said = place
        .usher(["run", "import.yaml", "-p", "code=0"])
        .with_code(0);
    assert!(!said.err.contains("mailbox"), "{}", said.err);
}

/// A server tells it once, when it starts.
#[test]
fn a_server_tells_at_its_start() {
    let place = Place::new();
    let mut server = place.start(["server"]);
    opens(&server.note_with("mailbox"));
    server.signal(Signal::TERM);
    assert_eq!(server.end().with_code(0).err, "");
}

/// A list finds the workflows that wait for people by their label, which goes with the last wait.
#[test]
fn waiting_workflows_are_found_by_label() {
    let place = Place::new();
    place.file("order.yaml", ASK);
    let mut server = place.start(["server"]);
    server.line_with("ready");
    place.usher(["submit", "order.yaml"]).with_code(0);
    let found = |label: &str| {
        let label = format!("approvals.usher.flow/pending{label}");
        place
            .usher(["list", "-o", "name", "-l", label.as_str()])
            .with_code(0)
            .out
    };
    crate::rig::look_until("two approvals wait", || found("=2") == "order\n");
    let tasks = place
        .usher(["approvals", "list", "-o", "json"])
        .with_code(0)
        .json();
    for (at, left) in [(0, "=1"), (1, "")] {
        let id = tasks[at]["id"].as_str().unwrap();
        place.usher(["approvals", "withdraw", id]).with_code(0);
        let expected = if left.is_empty() { "" } else { "order\n" };
        crate::rig::look_until("one less", || found(left) == expected);
    }
    let object = place.usher(["get", "order", "-o", "json"]).json();
    assert!(object["metadata"]["labels"]["approvals.usher.flow/pending"].is_null());
    server.signal(Signal::TERM);
    server.end().with_code(0);
}

/// Mail that cannot be sent at once is no reason to stay, and is not left: an engine in the
/// background goes on with it.
#[test]
fn mail_outlives_its_run() {
    let place = Place::new();
    place.file("import.yaml", TELL);
    // A port at which nobody listens.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("mail.port={}", taken.local_addr().unwrap().port());
    drop(taken);
    let set = "--set";
    let server = [
        "mail.host=127.0.0.1",
        &port,
        "mail.from=usher@example.org",
        "mail.tls=none",
    ];
    let mut args = vec!["run", "import.yaml"];
    args.extend(server.iter().flat_map(|value| [set, value]));
    let said = place.usher(args).with_code(1);
    let told = "usher: mail is still to be sent; an engine in the background sends it\n";
    assert!(said.err.ends_with(told), "{}", said.err);
    let mut other = place.start(["server"]);
    let line = other.line_with("stands by");
    let pid = line
        .split("process ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
    other.signal(Signal::TERM);
    other.end().with_code(0);
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
}
