//! Golden ledgers with a request for approval: links, mail and record of earlier versions.
//!
//! In `asked/NNNN.db` two persons were asked at schema NNNN: the link of the first has expired, the
//! mail to the second was never sent. `asked/NNNN.json` has the keys and that link. They never
//! change; `UPDATE=1` makes those of the present schema, if there are none.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use suite::{Place, Web, phase, until};

use super::{serve, stop};

const PEOPLE: &str = "\
people:
  ada: {address: ada@example.org, name: Ada Byron}
  grace: {address: grace@example.org, name: Grace Murray}
";

const FLOW: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: asked}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: ask, template: ask}
    - - name: work
        template: work
        arguments:
          parameters: [{name: by, value: '{{steps.ask.outputs.parameters.approver}}'}]
  - name: ask
    outputs:
      parameters: [{name: approver, valueFrom: {supplied: {}}}]
    suspend:
      approval:
        title: A question of long ago
        approvers: [{user: ada}, {user: grace}]
        quorum: any
  - name: work
    inputs: {parameters: [{name: by}]}
    container: {image: busybox, command: [echo], args: ['by {{inputs.parameters.by}}']}
";

/// What makes of the request one that has waited long. The second link is good for a century, as
/// no mail goes out with a dead one.
const AGED: &str = "\
UPDATE links SET expires_at = created_at + 3155760000000 * slot;
UPDATE tasks SET body = CAST(json_set(CAST(body AS TEXT),
    '$.slots[0].link.expiresMs', (SELECT expires_at FROM links WHERE slot = 0),
    '$.slots[1].link.expiresMs', (SELECT expires_at FROM links WHERE slot = 1)) AS BLOB);
UPDATE outbox SET phase = 'Queued', sent_at = NULL, due_at = created_at, lease = 0, attempts = 0
    WHERE recipient = 'grace@example.org';
DELETE FROM mailbox WHERE recipient = 'grace@example.org';
VACUUM;";

fn folder() -> PathBuf {
    super::folder().join("asked")
}

/// A state with people in it.
fn place() -> Place {
    let place = Place::new();
    std::fs::write(place.state().join("people.yaml"), PEOPLE).expect("a file");
    place
}

/// Makes the golden files of the present schema.
fn make(file: &Path) {
    let place = place();
    let server = serve(&place);
    let flow = place.file("asked.yaml", FLOW);
    place.usher([Path::new("submit"), &flow]).with_code(0);
    let web = Web::of(&place);
    let link = web.request_to("ada@example.org").link.expect("a link");
    let _ = web.request_to("grace@example.org");
    stop(server);
    let keys = std::fs::read_to_string(place.state().join("keys.json")).expect("the keys");
    let keys: Value = serde_json::from_str(&keys).expect("JSON");
    let told = serde_json::to_string_pretty(&json!({"keys": keys, "link": link}));
    let told = told.expect("JSON");
    std::fs::write(file.with_extension("json"), told + "\n").expect("written");
    super::keep(&place, file);
    let ledger = rusqlite::Connection::open(file).expect("a ledger");
    ledger.execute_batch(AGED).expect("it has aged");
}

/// A place with a golden ledger and its keys, and the link that was mailed then.
fn old(file: &Path) -> (Place, String) {
    let place = place();
    std::fs::copy(file, place.state().join("ledger.db")).expect("a copy");
    let told = std::fs::read_to_string(file.with_extension("json")).expect("its keys");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let path = place.state().join("keys.json");
    std::fs::write(&path, told["keys"].to_string()).expect("a file");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(path, mode).expect("kept from others");
    let link = told["link"].as_str().expect("a link").to_owned();
    (place, link)
}

/// Whoever opens the old link is offered a fresh one, which is mailed and decides; the mail that
/// was never sent is sent; the record that was begun then is sound to its end.
#[test]
fn s65_a_request_of_long_ago_is_decided() {
    let update = std::env::var_os("UPDATE").is_some();
    let present = folder().join(format!("{:04}.db", usher_ledger::SCHEMA));
    if update && !present.exists() {
        make(&present);
    }
    let files = super::ledgers_of(&folder());
    assert!(
        files.contains(&present),
        "UPDATE=1 makes the golden request of the present schema"
    );
    for file in files {
        let (place, link) = old(&file);
        let server = serve(&place);
        let web = Web::of(&place);
        let _ = web.request_to("grace@example.org");

        let expired = web.get(&link, "");
        assert_eq!(expired.status, 410, "{}", expired.body);
        let nonce = expired.hidden("nonce").expect("a form that asks for one");
        let form = [("nonce", nonce)];
        let asked = web
            .browser
            .post(&format!("{link}/renew"), &expired.cookies(), &form);
        assert_eq!(asked.expect("an answer").status, 303);
        let fresh = until("a fresh link", || {
            let letter = web.request_to("ada@example.org");
            letter.link.filter(|fresh| *fresh != link)
        });
        let receipt = web.decide(&fresh, true, &[]);
        assert_eq!(receipt.status, 200, "{}", receipt.body);
        let object = until("the run to end", || {
            let object = place.usher(["get", "asked", "-o", "json"]).json();
            object["status"]["finishedAt"].is_string().then_some(object)
        });
        assert_eq!(phase(&object), "Succeeded", "{}", file.display());
        let list = ["approvals", "list", "--show", "closed", "-o", "json"];
        let list = place.usher(list).json();
        let task = list[0]["id"].as_str().expect("an id");
        place.usher(["approvals", "verify", task]).with_code(0);
        stop(server);
        place.usher(["db", "check"]).with_code(0);
    }
}
