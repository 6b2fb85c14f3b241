//! `doctor`: each check with the thing broken that it looks at.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;

use usher_ledger::tasks::NewMail;
use usher_ledger::{Birth, Clock, Durability, Head, Ledger as _, Outcome, Quiet, Sqlite, Write};

use crate::rig::{Place, Said};
use crate::sink::server;

/// The line of one check with what is to be done.
#[track_caller]
fn finding(said: &Said, what: &str) -> String {
    let at = said.out.lines().position(|line| {
        let rest = line.trim_start_matches(['✔', '✖', ' ']);
        rest.starts_with(&format!("{what:<16}"))
    });
    let at = at.unwrap_or_else(|| panic!("no {what}: {}", said.out));
    let lines = said.out.lines().skip(at).take(2);
    let good = said.out.lines().nth(at).unwrap().starts_with('✔');
    let lines: Vec<&str> = lines.take(if good { 1 } else { 2 }).collect();
    lines.join("\n")
}

fn place(settings: &str) -> Place {
    let place = Place::new();
    place.usher(["list"]).with_code(0);
    std::fs::write(place.state().join("usher.toml"), settings).unwrap();
    place
}

fn doctor(place: &Place, code: i32) -> Said {
    let mut command = place.command(["doctor"]);
    command.env("LC_ALL", "C.UTF-8");
    crate::rig::Started::new(command.spawn().unwrap())
        .end()
        .with_code(code)
}

fn mail(place: &Place, to: &str, code: i32) -> Said {
    let mut command = place.command(["doctor", "mail", "--to", to]);
    command.env("LC_ALL", "C.UTF-8");
    crate::rig::Started::new(command.spawn().unwrap())
        .end()
        .with_code(code)
}

/// Nothing is set up: nothing is wrong.
#[test]
fn a_fresh_place() {
    let place = Place::new();
    let said = doctor(&place, 0);
    let state = place.state();
    let state = state.display();
    for (what, text) in [
        (
            "settings",
            format!("defaults; there is no {state}/usher.toml"),
        ),
        (
            "people",
            "no file: only addresses can be asked (`usher people check` shows one)".to_owned(),
        ),
        (
            "keys",
            "none yet; an engine makes them with the first request".to_owned(),
        ),
        (
            "mail server",
            "none: mail lands in the development mailbox".to_owned(),
        ),
        ("mail queue", "empty".to_owned()),
        ("time", "nothing to compare it with yet".to_owned()),
    ] {
        assert_eq!(finding(&said, what), format!("✔ {what:<16} {text}"));
    }
}

#[test]
fn broken_settings() {
    let place = place("[mail]\nhsot = \"a\"\n");
    let file = place.state().join("usher.toml");
    assert_eq!(
        finding(&doctor(&place, 1), "settings"),
        format!(
            "✖ settings         {}:2:1: `hsot` is no setting of [mail]; did you mean `host`?\n  \
             what to do: put these right; `usher config show` lists every setting",
            file.display()
        )
    );
    let said = mail(&place, "a@example.org", 1);
    assert!(finding(&said, "settings").contains("did you mean `host`?"));
}

#[test]
fn a_broken_people_file() {
    let place = place("");
    let file = place.state().join("people.yaml");
    std::fs::write(&file, "people: {ada: {address: nobody}}\n").unwrap();
    assert_eq!(
        finding(&doctor(&place, 1), "people"),
        format!(
            "✖ people           {}:1:25: `nobody` is no mail address: an address is one name, one \
             @ and one domain, like anna@example.org\n  what to do: put these lines right; until \
             then an engine goes on with the people it read before",
            file.display()
        )
    );
    std::fs::write(&file, "people: {ada: {address: ada@example.org}}\n").unwrap();
    assert_eq!(
        finding(&doctor(&place, 0), "people"),
        format!(
            "✔ people           {}: 1 person, 0 groups, 0 roles",
            file.display()
        )
    );
}

#[test]
fn keys_that_others_may_read() {
    let place = place("");
    place.usher(["keys", "add"]).with_code(0);
    let file = place.state().join("keys.json");
    let path = file.display();
    assert_eq!(
        finding(&doctor(&place, 0), "keys"),
        format!("✔ keys             {path}: 1 key, mode 0600")
    );
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(
        finding(&doctor(&place, 1), "keys"),
        format!(
            "✖ keys             use the keys file: {path} has mode 0640, so others may read it: \
             `chmod 600 {path}`, and if somebody may have read it, make a new secret\n  what to \
             do: give the file to this account alone; if a key may be known to others, `usher keys \
             add` and `usher keys retire N --force`"
        )
    );
}

/// A port of this machine on which nobody listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Links that lead nowhere, and to somebody else.
#[test]
fn a_base_url_that_leads_elsewhere() {
    let port = closed_port();
    let at = place(&format!(
        "[server]\nbase_url = \"http://127.0.0.1:{port}\"\n"
    ));
    let way_out = "\n  what to do: set server.base_url to where people reach the pages: a proxy \
                   with TLS that leads to server.listen; and see that `usher server` runs";
    assert_eq!(
        finding(&doctor(&at, 1), "pages"),
        format!(
            "✖ pages            http://127.0.0.1:{port}: nobody listens on port {port} of \
             127.0.0.1{way_out}"
        )
    );
    let at = place("[server]\nbase_url = \"https://nowhere.invalid\"\n");
    let found = finding(&doctor(&at, 1), "pages");
    let begin = "✖ pages            https://nowhere.invalid: the name `nowhere.invalid` is not \
                 known here: ";
    assert!(
        found.starts_with(begin) && found.ends_with(way_out),
        "{found}"
    );
}

/// A mail that waits for more than ten minutes.
#[test]
fn mail_that_does_not_go_out() {
    let place = place("");
    let post = |key: &str, ago_ms: i64| {
        let now_ms = chrono::Utc::now().timestamp_millis() - ago_ms;
        let path = place.state().join("ledger.db");
        let mut ledger = Sqlite::open(&path, Durability::Normal, "boot").unwrap();
        ledger.set_clock(Clock::new(move || now_ms));
        let mail = NewMail {
            key: key.to_owned(),
            task: None,
            slot: None,
            run: None,
            kind: "request".to_owned(),
            recipient: "ada@example.org".to_owned(),
            due_ms: now_ms,
            body: b"{}".to_vec(),
        };
        ledger.commit(&[Write::Post(vec![mail])]).unwrap();
        ledger.close().unwrap();
    };
    post("young", 0);
    assert_eq!(
        finding(&doctor(&place, 0), "mail queue"),
        "✔ mail queue       1 mail, the oldest for 0 min"
    );
    post("old", 11 * 60_000);
    assert_eq!(
        finding(&doctor(&place, 1), "mail queue"),
        "✖ mail queue       2 mails, the oldest for 11 min\n  what to do: see that an engine runs \
         (`usher server`) and what the mail server says: `usher doctor mail --to ADDRESS`"
    );
}

fn with_server(address: SocketAddr, more: &str) -> Place {
    let port = address.port();
    let place = place(&format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {port}\nfrom = \"usher@example.org\"\n{more}"
    ));
    let secret = place.state().join("secret");
    std::fs::write(&secret, "hunter2\n").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    place
}

const PLAIN: &str = "tls = \"none\"\n";

/// A mail goes out, and is told to have been taken.
#[test]
fn mail_is_taken() {
    let address = server(&[("AUTH", "235 welcome")]);
    let login = format!("{PLAIN}user = \"usher\"\npassword_file = \"secret\"\n");
    let place = with_server(address, &login);
    let said = mail(&place, "ada@example.org", 0);
    assert_eq!(
        said.out,
        format!(
            "✔ mail server      {address} answers, without TLS, logged in\n\
             ✔ mail             taken for ada@example.org; if it does not come, look among spam \
             and in the server's log\n"
        )
    );
    assert!(!format!("{said:?}").contains("hunter2"));
    assert_eq!(
        finding(&doctor(&place, 0), "mail server"),
        format!("✔ mail server      {address} answers, without TLS, logged in")
    );
}

/// Every way in which a server may refuse is told with what to do about it.
#[test]
fn each_refusal_is_explained() {
    type Answers = &'static [(&'static str, &'static str)];
    let login = "tls = \"none\"\nuser = \"usher\"\npassword_file = \"secret\"\n";
    let cases: [(Answers, &str, &str, &str); 8] = [
        (
            &[("", "554 no")],
            PLAIN,
            "SERVER does not want to talk to us: 554 no",
            "the server refuses this machine: ask who runs it to let it in (its address, its name)",
        ),
        (
            &[],
            "tls = \"starttls\"\n",
            "SERVER offers no STARTTLS, and nothing is sent without: try `implicit` on port 465, \
             or another server",
            "set mail.tls to implicit with mail.port 465, or take a server that knows STARTTLS",
        ),
        (
            &[],
            "tls = \"implicit\"\n",
            "SERVER does not speak TLS from the first byte: try `starttls` (port 587), or port 465",
            "set mail.tls to starttls with mail.port 587",
        ),
        (
            &[("AUTH", "535 5.7.8 wrong")],
            login,
            "SERVER refuses the login of `usher`: 535 5.7.8 wrong; check name and secret",
            "check mail.user and the file with the secret; some providers want a password for \
             programs",
        ),
        (
            &[("MAIL", "550 not you")],
            PLAIN,
            "SERVER refuses the sender `bounce+doctor@example.org`: 550 not you; check the domain \
             of mail, and what this login may send as",
            "set mail.from to an address that this login may send as",
        ),
        (
            &[("RCPT", "554 5.7.1 Relay access denied")],
            PLAIN,
            "SERVER does not carry mail of ours to `ada@example.org`: 554 5.7.1 Relay access \
             denied; log in, or have this machine allowed to relay",
            "log in (mail.user and mail.password_file), or have the server allow this machine to \
             relay",
        ),
        (
            &[("RCPT", "550 5.1.1 no such user")],
            PLAIN,
            "SERVER refuses the recipient `ada@example.org`: 550 5.1.1 no such user; check the \
             address",
            "check the address; the server says why",
        ),
        (
            &[("RCPT", "451 later")],
            PLAIN,
            "SERVER puts us off: 451 later; try again later",
            "try again in some minutes; mail in the queue is tried again, too",
        ),
    ];
    for (answers, settings, text, way_out) in cases {
        let address = server(answers);
        let said = mail(&with_server(address, settings), "ada@example.org", 1);
        let text = text.replace("SERVER", &address.to_string());
        assert_eq!(
            said.out,
            format!("✖ mail server      {text}\n  what to do: {way_out}\n")
        );
        assert_eq!(said.err, "usher: 1 of these must be put right\n");
    }
}

/// What is refused after the talk, with the mail itself.
#[test]
fn a_mail_that_is_refused() {
    for (answers, text, way_out) in [
        (
            &[(".", "550 spam")][..],
            "the mail is refused: ",
            "the server says why; who runs it knows more",
        ),
        (
            &[(".", "452 full")],
            "not now: ",
            "try again in some minutes; mail in the queue is tried again, too",
        ),
    ] {
        let place = with_server(server(answers), PLAIN);
        let said = mail(&place, "ada@example.org", 1);
        let found = finding(&said, "mail");
        assert!(
            found.starts_with(&format!("✖ mail             {text}")),
            "{found}"
        );
        assert!(
            found.ends_with(&format!("\n  what to do: {way_out}")),
            "{found}"
        );
    }
}

/// What needs no server to be refused.
#[test]
fn mail_that_is_not_tried() {
    let nobody = place("");
    assert_eq!(
        mail(&nobody, "ada@example.org", 1).out,
        "✖ mail server      none is configured: mail lands in the development mailbox\n  what to \
         do: write host and from below [mail] in usher.toml; `usher config show` tells where that \
         is\n"
    );
    assert_eq!(
        mail(&nobody, "ada", 1).out,
        "✖ recipient        `ada` is no mail address: an address is one name, one @ and one \
         domain, like anna@example.org\n  what to do: give one address: --to NAME@HOST\n"
    );
    let port = closed_port();
    let closed = with_server(SocketAddr::from(([127, 0, 0, 1], port)), PLAIN);
    assert_eq!(
        mail(&closed, "ada@example.org", 1).out,
        format!(
            "✖ mail server      127.0.0.1:{port} refuses the connection: check the port, and that \
             the mail server runs\n  what to do: write the port that the server listens on into \
             mail.port (465 implicit, 587 starttls)\n"
        )
    );
    let domains = format!("{PLAIN}domains = [\"example.org\"]\n");
    let narrow = with_server(SocketAddr::from(([127, 0, 0, 1], port)), &domains);
    assert_eq!(
        mail(&narrow, "ada@elsewhere.org", 1).out,
        "✖ recipient        ada@elsewhere.org is in none of the domains that mail may go to\n  \
         what to do: add its domain to mail.domains, or take another\n"
    );
    let unknown = place("[mail]\nhost = \"nowhere.invalid\"\nfrom = \"usher@example.org\"\n");
    let found = finding(&doctor(&unknown, 1), "mail server");
    assert!(
        found.contains("the mail server's name `nowhere.invalid` is not known"),
        "{found}"
    );
    let secret = with_server(
        SocketAddr::from(([127, 0, 0, 1], port)),
        "tls = \"none\"\nuser = \"usher\"\npassword_file = \"gone\"\n",
    );
    let found = finding(&doctor(&secret, 1), "mail server");
    let file = secret.state().join("gone");
    assert_eq!(
        found,
        format!(
            "✖ mail server      mail.password_file: {} is not there\n  what to do: put the file \
             right that the setting names",
            file.display()
        )
    );
}

/// The clock has gone back behind what the ledger knows of.
#[test]
fn a_clock_that_went_back() {
    let place = place("");
    let submitted = |name: &str, ahead_ms: i64| {
        let path = place.state().join("ledger.db");
        let mut ledger = Sqlite::open(&path, Durability::Normal, "boot").unwrap();
        let fences = ledger.take_over_all("test").unwrap();
        let part = usher_ledger::part_of(name);
        let birth = Birth {
            uid: name.to_owned(),
            fence: *fences.iter().find(|fence| fence.part == part).unwrap(),
            namespace: "default".to_owned(),
            name: name.to_owned(),
            created_ms: chrono::Utc::now().timestamp_millis() + ahead_ms,
            plan_hash: String::new(),
            plan: b"{}".to_vec(),
            head: Head {
                phase: "Running".to_owned(),
                parked: None,
                started_ms: None,
                finished_ms: None,
                quiet: Quiet::Awake,
                body: b"{}".to_vec(),
            },
            scope: None,
            nodes: Vec::new(),
            key: None,
            people: <_>::default(),
        };
        let born = ledger.commit(&[Write::Birth(Box::new(birth))]).unwrap();
        assert!(matches!(born[0], Outcome::Committed { .. }), "{born:?}");
        ledger.close().unwrap();
    };
    submitted("past", -5_000);
    assert_eq!(
        finding(&doctor(&place, 0), "time"),
        "✔ time             has gone on since past was submitted"
    );
    submitted("future", 3_600_000);
    let found = finding(&doctor(&place, 1), "time");
    assert!(
        found.starts_with("✖ time             future was submitted 35"),
        "{found}"
    );
    assert!(
        found.ends_with(
            " s in the future\n  what to do: the clock went back; set it, or wait until it has \
             caught up"
        ),
        "{found}"
    );
}
