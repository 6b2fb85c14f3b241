//! No token anywhere but in the mail: everything that the programs print and log of a whole life of
//! approvals is searched for the secrets that were mailed.

use std::process::Child;

use suite::{Form, Place, Said, Secrets, Web, grow_old, phase};

use crate::rig::{Desk, PEOPLE};

const BOTH: &str = "
  entrypoint: main
  onExit: tell
  templates:
  - name: main
    steps:
    - - {name: ask, template: ask}
      - {name: never, template: never}
  - name: ask
    suspend:
      approval:
        title: A question
        approvers: [{group: finance, need: 2}]
  - name: never
    suspend: {approval: {title: Another, approvers: [{user: mary}], onReject: continue}}
  - name: tell
    plugin: {mail: {to: office@example.org, subject: ended, text: \"{{workflow.failures}}\"}}
";

/// Mail, pages, commands, a crash, the record: the engine says everything that it can say (trace),
/// and none of it is a secret.
#[test]
fn s31_no_secret_is_printed_or_logged() {
    let desk = Desk::open();
    desk.submit("flow", BOTH);
    desk.decide("ada@example.org", true, "fine");
    let never = desk.link("mary@example.org");
    // A token that is wrong by one character is as secret as its neighbour.
    let (head, tail) = never.split_at(20);
    let other = if tail.starts_with('q') { 'z' } else { 'q' };
    let broken = format!("{head}{other}{}", &tail[1..]);
    assert_eq!(desk.web.get(&broken, "").status, 404);
    let desk = desk.kill_and_start();
    desk.decide("grace@example.org", true, "gut");
    desk.until("flow", "ask", "Succeeded");
    let mary: Vec<String> = desk
        .letters("mary@example.org")
        .into_iter()
        .filter_map(|letter| letter.link)
        .collect();
    for link in &mary {
        let page = desk.web.get(link, "");
        if page.status == 200 && page.hidden("nonce").is_some() {
            desk.web.decide(link, false, &[("comment", "nein")]);
        }
    }
    assert_eq!(phase(&desk.end("flow")), "Succeeded");
    let said = everything(&desk);
    assert!(
        said.len() > 10_000,
        "too little was said to be searched: {}",
        said.len()
    );
    let secrets = Secrets::of(&desk.place);
    // Four links at least, the mailbox, the key.
    assert!(secrets.count() >= 6, "{}", secrets.count());
    secrets.assert_untold("what was printed and logged", &said);
    secrets.assert_untold(
        "the broken token's neighbourhood",
        &refusals(&desk, &broken),
    );
    let keys = std::fs::read_dir(desk.place.state()).expect("a folder");
    for file in keys.filter_map(Result::ok) {
        let name = file.file_name().to_string_lossy().into_owned();
        if name.contains("keys") {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = file.metadata().expect("a file").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name} can be read by others");
        }
    }
}

/// All that the engine has logged, and that commands and calls tell of what happened.
fn everything(desk: &Desk) -> String {
    let mut said = desk.place.read("engine.log");
    let list = desk
        .place
        .usher(["approvals", "list", "--show", "all", "-o", "json"]);
    let get = |path: String| desk.web.get(&path, "").body;
    for task in list.json().as_array().expect("a list") {
        let id = task["id"].as_str().expect("an id");
        for verb in ["show", "audit", "export", "verify", "resend", "withdraw"] {
            said.push_str(&both(&desk.place.usher(["approvals", verb, id])));
        }
        said.push_str(&get(format!("/api/v1/approvals/default/{id}")));
        said.push_str(&get(format!("/api/v1/approvals/default/{id}/audit")));
    }
    said.push_str(&list.out);
    said.push_str(&get("/api/v1/approvals/default".to_owned()));
    for arguments in [
        &["get", "flow", "-o", "yaml"][..],
        &["list"],
        &["logs", "flow"],
        &["doctor"],
        &["config", "show"],
        &["people", "check"],
        &["keys", "list"],
        &["admin", "actors"],
    ] {
        said.push_str(&both(&desk.place.usher(arguments)));
    }
    said
}

/// What is said to who comes with a token, or a part of one, where none belongs; and what is logged
/// of it. A whole token stands nowhere, so its neighbour is looked for by the half that they share.
fn refusals(desk: &Desk, broken: &str) -> String {
    let from = desk.place.read("engine.log").len();
    for path in [
        broken.to_owned(),
        format!("{broken}/files"),
        broken.replace("/a/", "/mailbox/"),
        broken.replace("/a/", "/api/v1/approvals/default/"),
        broken.replace("/a/", "/nowhere/"),
        format!("/?next={broken}"),
    ] {
        assert_ne!(desk.web.get(&path, "").status, 200);
        let posted = desk.web.browser.post(&path, "", &[("decision", "approve")]);
        assert_ne!(posted.expect("an answer").status, 200);
    }
    desk.place.read("engine.log").split_off(from)
}

fn both(said: &Said) -> String {
    format!("{}{}", said.out, said.err)
}

/// A place with people, for commands that are engines themselves.
fn place() -> Place {
    let place = Place::new();
    std::fs::write(place.state().join("people.yaml"), PEOPLE).expect("a file");
    place
}

/// `usher run` is the engine, the terminal and the log in one: it tells of the mail, and no secret.
#[test]
fn s31_run_tells_no_secret() {
    let place = place();
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{name: flow}}\nspec:\n\
         {BOTH}"
    );
    let path = place.file("flow.yaml", &text);
    let mut command = place.command(["run".as_ref(), path.as_os_str()]);
    let child: Child = command
        .env("USHER_LOG", "trace")
        .spawn()
        .expect("the binary starts");
    let (tell, told) = std::sync::mpsc::channel();
    // Somebody has to read all the while: a pipe holds less than is said.
    std::thread::spawn(move || tell.send(suite::wait(child)));
    let web = Web::of(&place);
    let letters = suite::until("four requests", || {
        let mut letters = web.letters();
        letters.retain(|one| one.link.is_some());
        (letters.len() == 4).then_some(letters)
    });
    let asked = letters.iter().filter(|one| !one.to.starts_with("grace"));
    let links = asked.filter_map(|one| one.link.as_ref());
    let forms: Vec<Form> = links
        .map(|link| Form::of(link, &web.get(link, "")))
        .collect();
    grow_old();
    for form in &forms {
        // The last one ends the run, and the engine with it.
        let answer = form.post(&web.browser, true);
        assert!(answer.is_none_or(|status| status == 303), "{answer:?}");
    }
    let said = told.recv().expect("the end of the run");
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(said.err.len() > 10_000, "too little to be searched");
    let secrets = Secrets::of(&place);
    assert!(secrets.count() >= 6, "{}", secrets.count());
    secrets.assert_untold("usher run", &both(&said));
}

/// The played demonstration decides by links that it shows nobody.
#[test]
fn s31_demo_tells_no_secret() {
    let place = place();
    let state = place.state();
    let mut command = place.command(["--state".as_ref(), state.as_os_str()]);
    command.args(["demo", "--play"]);
    let child = command.env("USHER_LOG", "trace").spawn();
    let said = suite::wait(child.expect("the binary starts"));
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(said.err.len() > 10_000, "too little to be searched");
    let secrets = Secrets::of(&place);
    assert!(secrets.count() >= 5, "{}", secrets.count());
    secrets.assert_untold("usher demo", &both(&said));
}
