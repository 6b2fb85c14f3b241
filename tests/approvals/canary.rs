//! No token anywhere but in the mail: everything that the programs print and log of a whole life of
//! approvals is searched for the secrets that were mailed.

use suite::phase;

use crate::rig::Desk;

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
    let letters = desk.web.letters();
    let tokens: Vec<String> = letters.iter().filter_map(|one| one.link.clone()).collect();
    assert!(tokens.len() >= 4, "{tokens:?}");
    for link in tokens {
        let token = link.trim_start_matches("/a/");
        for part in [token, &token[4..], &token[..30], &token.to_uppercase()] {
            assert!(!said.contains(part), "a token was printed or logged");
        }
    }
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

/// All that the engine has logged and that commands print of what happened.
fn everything(desk: &Desk) -> String {
    let mut said = desk.place.read("engine.log");
    let list = desk
        .place
        .usher(["approvals", "list", "--show", "all", "-o", "json"]);
    for task in list.json().as_array().expect("a list") {
        let id = task["id"].as_str().expect("an id");
        for verb in ["show", "audit", "export", "verify"] {
            let told = desk.place.usher(["approvals", verb, id]);
            said.push_str(&told.out);
            said.push_str(&told.err);
        }
    }
    said.push_str(&list.out);
    for arguments in [
        &["get", "flow", "-o", "yaml"][..],
        &["list"],
        &["logs", "flow"],
        &["doctor"],
        &["config", "show"],
        &["people", "check"],
        &["keys", "list"],
    ] {
        let told = desk.place.usher(arguments);
        said.push_str(&told.out);
        said.push_str(&told.err);
    }
    said
}
