//! `config`, `people`, `keys`: an installation is set up and looked over.

use std::os::unix::fs::PermissionsExt as _;

use crate::rig::Place;

/// Every value with its origin: flag, environment, file, default.
#[test]
fn config_shows_origins() {
    let place = Place::new();
    let said = place.usher(["config", "show"]).with_code(0);
    let state = place.state();
    let state = state.display();
    assert!(
        said.out.ends_with(&format!(
            "\nThere is no file {state}/usher.toml; each value above can be set in it.\n"
        )),
        "{said:?}"
    );
    let file = place.file(
        "usher.toml",
        "[server]\nname = \"Approvals\"\n[approvals]\nlocale = \"de\"\n",
    );
    let mut command = place.command([
        "config",
        "show",
        "-o",
        "json",
        "--set",
        "mail.domains=example.org",
        "--processes",
        "3",
    ]);
    command.env("USHER_CONFIG", &file);
    command.env("USHER_APPROVALS_LOCALE", "zh-Hans");
    let said = crate::rig::Started::new(command.spawn().unwrap()).end();
    let rows = said.with_code(0).json();
    let row = |key: &str| {
        let rows = rows.as_array().unwrap();
        let row = rows.iter().find(|row| row["key"] == key).unwrap();
        let text = |field: &str| row[field].as_str().unwrap().to_owned();
        (text("value"), text("from"))
    };
    let pair = |value: &str, from: &str| (value.to_owned(), from.to_owned());
    assert_eq!(
        row("server.name"),
        pair("Approvals", &format!("{}:2", file.display()))
    );
    assert_eq!(
        row("approvals.locale"),
        pair("zh-Hans", "$USHER_APPROVALS_LOCALE")
    );
    assert_eq!(row("mail.domains"), pair("example.org", "--set"));
    assert_eq!(row("engine.processes"), pair("3", "--processes"));
    assert_eq!(row("approvals.auth"), pair("link", "default"));
}

/// What cannot be used is told whole, a line each.
#[test]
fn config_with_faults() {
    let place = Place::new();
    place.usher(["list"]).with_code(0);
    let file = place.state().join("usher.toml");
    std::fs::write(
        &file,
        "[mail]\nhsot = \"a\"\n[server]\nlisten = \"0.0.0.0:1\"\n",
    )
    .unwrap();
    let said = place.usher(["config", "show"]).with_code(2);
    let file = file.display();
    assert_eq!(
        said.out,
        format!(
            "{file}:2:1: `hsot` is no setting of [mail]; did you mean `host`?\n\
             {file}:4: server.listen: 0.0.0.0 can be reached from other machines, and is refused; \
             listen on 127.0.0.1 and put a proxy with TLS before it\n"
        )
    );
    let said = place.usher(["people", "check"]).with_code(1);
    assert!(
        said.err.starts_with("usher: read the configuration: "),
        "{said:?}"
    );
}

/// No file: one to begin with, which is itself without faults.
#[test]
fn people_to_begin_with() {
    let place = Place::new();
    let said = place.usher(["people", "check"]).with_code(0);
    assert!(said.err.contains("there is no people file"), "{said:?}");
    place.file("people.yaml", &said.out);
    let said = place
        .usher(["people", "check", "--set", "approvals.people=people.yaml"])
        .with_code(0);
    let path = place.path().join("people.yaml");
    assert_eq!(
        said.out,
        format!(
            "{}: 2 persons (1 disabled), 1 group, 1 role\n",
            path.display()
        )
    );
}

const PEOPLE: &str = "\
people:
  ada: {address: ada@example.org, name: Ada Lovelace, locale: de, accounts: [root, ada]}
  bob: {address: bob@example.org, enabled: false}
groups:
  finance: [bob, ada]
  empty: []
roles:
  finance: [ada]
";

/// Who is asked by a name: a group, a role of the same name, a person, an address.
#[test]
fn people_who() {
    let place = Place::new();
    place.usher(["list"]).with_code(0);
    std::fs::write(place.state().join("people.yaml"), PEOPLE).unwrap();
    let who = |name: &str, code: i32| {
        let said = place.usher(["people", "who", name]).with_code(code);
        said.out + &said.err
    };
    assert_eq!(
        who("finance", 0),
        "group finance\n  bob  bob@example.org  disabled: is not asked\n  \
         ada  Ada Lovelace <ada@example.org>\nrole finance\n  ada  Ada Lovelace <ada@example.org>\n"
    );
    assert_eq!(who("empty", 0), "group empty\n  nobody\n");
    assert_eq!(
        who("ada", 0),
        "ada  Ada Lovelace <ada@example.org>\n  groups: finance\n  roles: finance\n  \
         accounts: ada, root\n  language: de\n"
    );
    assert_eq!(
        who("BOB@example.org", 0),
        "bob  bob@example.org\n  groups: finance\n  disabled: is not asked, and may not vote\n"
    );
    assert_eq!(
        who("guest@example.org", 0),
        "guest@example.org  guest@example.org\n  is in no entry of the people file; is asked at \
         this address\n"
    );
    assert_eq!(
        who("finanse", 1),
        "usher: `finanse` is no group, no role and no person; did you mean `finance`?\n"
    );
    let file = place.state().join("people.yaml");
    std::fs::write(&file, "people:\n  ada: {adress: a@b}\n").unwrap();
    let said = place.usher(["people", "check"]).with_code(2);
    let file = file.display();
    assert_eq!(
        said.out,
        format!(
            "{file}:2:3: `ada` has no `address`; nobody could be asked\n\
             {file}:2:9: `adress` is no field of a person; did you mean `address`?\n"
        )
    );
}

/// A key is made, followed by another, and dropped; the file stays private and its secrets are
/// never shown.
#[test]
fn s24_keys_are_added_and_retired() {
    let place = Place::new();
    let said = place.usher(["keys", "list"]).with_code(0);
    assert!(said.err.contains("there is no keys file"), "{said:?}");
    let said = place.usher(["keys", "add"]).with_code(0);
    assert_eq!(said.out, "key 1 makes the new links\n");
    let file = place.state().join("keys.json");
    let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(), 0o600);
    let said = place.usher(["keys", "retire", "1"]).with_code(1);
    assert_eq!(
        said.err,
        "usher: key 1 makes the new links; make another first: `usher keys add`\n"
    );
    let said = place.usher(["keys", "add"]).with_code(0);
    assert_eq!(
        said.out,
        "key 2 makes the new links; a running engine has it within seconds\n"
    );
    let said = place.usher(["keys", "retire", "1"]).with_code(1);
    assert_eq!(
        said.err,
        "usher: key 2 is not a minute old, and an engine may still sign with key 1\n"
    );
    let list = place.usher(["keys", "list", "--utc"]).with_code(0).out;
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 3, "{list}");
    assert!(
        lines[1].starts_with("1 ") && lines[2].ends_with("makes the new links"),
        "{list}"
    );
    let secrets = std::fs::read_to_string(&file).unwrap();
    for secret in secrets.split('"').filter(|text| text.len() == 64) {
        assert!(!list.contains(secret));
    }
    let said = place.usher(["keys", "retire", "1", "--force"]).with_code(0);
    assert_eq!(said.out, "key 1 is gone; no good link was made with it\n");
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = place.usher(["keys", "list"]).with_code(1);
    assert!(
        said.err.contains("has mode 0644, so others may read it"),
        "{said:?}"
    );
}
