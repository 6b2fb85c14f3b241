//! Where values come from, and every way in which they can be wrong.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

struct Place {
    dir: tempfile::TempDir,
    sources: Sources,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let sources = Sources {
            state: dir.path().to_owned(),
            ..Sources::default()
        };
        Place { dir, sources }
    }

    fn with(text: &str) -> Place {
        let place = Place::new();
        place.file("usher.toml", text, 0o644);
        place
    }

    fn file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn env(mut self, name: &str, value: &str) -> Place {
        self.sources.env.push((name.to_owned(), value.to_owned()));
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Place {
        let flag = (key.to_owned(), value.to_owned(), "--set");
        self.sources.flags.push(flag);
        self
    }

    fn load(&self) -> Config {
        Config::load(&self.sources).unwrap()
    }

    /// The faults, with the folder taken out of them.
    fn faults(&self) -> Vec<String> {
        let error = Config::load(&self.sources).unwrap_err().to_string();
        let folder = format!("{}/", self.dir.path().display());
        let text = error.replace(&folder, "");
        text.lines().map(str::to_owned).collect()
    }

    fn shown(&self, key: &str) -> (String, String) {
        let folder = format!("{}/", self.dir.path().display());
        let all = self.load().shown();
        let shown = all.into_iter().find(|shown| shown.key == key).unwrap();
        let origin = shown.origin.to_string();
        (
            shown.value.replace(&folder, ""),
            origin.replace(&folder, ""),
        )
    }
}

fn pair(value: &str, origin: &str) -> (String, String) {
    (value.to_owned(), origin.to_owned())
}

/// Nothing is written: everything has a value that works on this machine alone.
#[test]
fn defaults() {
    let place = Place::new();
    let config = place.load();
    assert_eq!(config.listen, SocketAddr::from(([127, 0, 0, 1], 2746)));
    assert!(config.listens_by_default());
    let settings = config
        .settings(SocketAddr::from(([127, 0, 0, 1], 4000)), 3)
        .unwrap();
    assert_eq!(settings.base_url, "http://127.0.0.1:4000");
    assert_eq!(settings.from, "usher@localhost");
    assert_eq!(settings.mail_domain, "localhost");
    assert!(settings.smtp.is_none());
    let rules = Rules {
        auth: Level::Link,
        allow_approve_on_timeout: false,
        link_ms: 30 * 86_400_000,
        persons_max: 200,
        domains: Vec::new(),
        administrators: Vec::new(),
        signing_key: 3,
        locale: "en".to_owned(),
        timezone: "UTC".to_owned(),
    };
    assert_eq!(settings.rules, rules);
    let shown: Vec<String> = config
        .shown()
        .iter()
        .map(|row| format!("{} = {} ({})", row.key, row.value, row.origin))
        .collect();
    let dir = place.dir.path().display();
    let expected = format!(
        "server.listen = 127.0.0.1:2746 (default)
server.base_url = http://127.0.0.1:2746 (default)
server.name = Usher (default)
server.trusted_proxies = - (default)
engine.processes = - (default)
mail.from = usher@localhost (default)
mail.host = - (default)
mail.port = - (default)
mail.tls = implicit (default)
mail.user = - (default)
mail.password_file = - (default)
mail.token_file = - (default)
mail.root_file = - (default)
mail.connections = 4 (default)
mail.domains = - (default)
mail.administrators = - (default)
approvals.auth = link (default)
approvals.allow_approve_on_timeout = false (default)
approvals.link_days = 30 (default)
approvals.locale = en (default)
approvals.timezone = UTC (default)
approvals.people = {dir}/people.yaml (default)
approvals.keys = {dir}/keys.json (default)"
    );
    assert_eq!(shown.join("\n"), expected);
}

/// Flag before environment before file before default, each value by itself.
#[test]
fn the_first_source_holds() {
    let text = "[server]\nname = \"file\"\n\n[approvals]\nlocale = \"de\"\nlink_days = 1_0\n";
    let place = Place::with(text)
        .env("USHER_SERVER_NAME", "env")
        .env("USHER_APPROVALS_LOCALE", "zh-Hans")
        .env("USHER_MAIL_DOMAINS", "")
        .flag("server.name", "flag");
    assert_eq!(place.shown("server.name"), pair("flag", "--set"));
    assert_eq!(
        place.shown("approvals.locale"),
        pair("zh-Hans", "$USHER_APPROVALS_LOCALE")
    );
    assert_eq!(
        place.shown("approvals.link_days"),
        pair("10", "usher.toml:6")
    );
    assert_eq!(place.shown("mail.domains"), pair("-", "default"));
    let list = place.env("USHER_MAIL_DOMAINS", "a.org, b.org,");
    assert_eq!(
        list.shown("mail.domains"),
        pair("a.org, b.org", "$USHER_MAIL_DOMAINS")
    );
}

/// Which file: the flag's, the variable's, the state directory's. A named one must be there.
#[test]
fn which_file() {
    let name = |value: &str| format!("[server]\nname = \"{value}\"\n");
    let place = Place::with(&name("state"));
    assert_eq!(place.load().name, "state");
    let other = place.file("other.toml", &name("variable"), 0o644);
    let mut place = place.env("USHER_CONFIG", other.to_str().unwrap());
    assert_eq!(place.load().name, "variable");
    place.sources.file = Some(place.file("third.toml", &name("flag"), 0o644));
    assert_eq!(place.load().name, "flag");
    place.sources.file = Some(place.dir.path().join("gone.toml"));
    assert_eq!(
        place.faults(),
        ["gone.toml: cannot be read: No such file or directory (os error 2)"]
    );
}

/// Every fault at once, each with its place and the way out.
#[test]
fn faults_have_places() {
    let text = "\
mial = 1
locale = \"de\"
server = 3
[mail]
hsot = \"smtp.example.org\"
port = 0
connections = \"4\"
tls = \"startls\"
domains = \"example.org\"
[approvals]
timezone = \"Europe/Belin\"
locale = \"fr\"
auth = \"login\"
link_days = 1.5
";
    let place = Place::with(text)
        .env("USHER_MAIL_HSOT", "x")
        .env("USHER_ENGINE_PROCESSES", "many")
        .env("USHER_LOG", "debug")
        .flag("mail.hots", "x");
    let mut faults = place.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "$USHER_ENGINE_PROCESSES: engine.processes: takes a whole number from 1 to 1000000",
            "$USHER_MAIL_HSOT: `USHER_MAIL_HSOT` is no setting; did you mean `USHER_MAIL_HOST`?",
            "--set: `mail.hots` is no setting; did you mean `mail.host`?",
            "usher.toml:11: approvals.timezone: there is no time zone `Europe/Belin`; did you \
             mean `Europe/Berlin`?",
            "usher.toml:12: approvals.locale: there are no texts in `fr`; there are en, de and \
             zh-Hans",
            "usher.toml:13:8: approvals.auth: `login` is no choice; there are link, code",
            "usher.toml:14:13: approvals.link_days: takes a whole number from 1 to 3650",
            "usher.toml:1:1: `mial` is no section; did you mean `mail`?",
            "usher.toml:2:1: `locale` belongs below [approvals]",
            "usher.toml:3:1: `server` is a section: write [server]",
            "usher.toml:5:1: `hsot` is no setting of [mail]; did you mean `host`?",
            "usher.toml:6:8: mail.port: takes a whole number from 1 to 65535",
            "usher.toml:7:15: mail.connections: takes a whole number from 1 to 64",
            "usher.toml:8:7: mail.tls: `startls` is no choice; did you mean `starttls`?",
            "usher.toml:9:11: mail.domains: takes a list of texts, such as [\"one\", \"two\"]",
        ]
    );
}

/// What is no TOML is told with its line; the rest of the file is read all the same.
#[test]
fn a_file_that_is_no_toml() {
    let faults = Place::with("[server]\nname = \n[mail]\nhsot = 1\n").faults();
    assert_eq!(
        faults,
        [
            "usher.toml:2:8: string values must be quoted, expected literal string",
            "usher.toml:4:1: `hsot` is no setting of [mail]; did you mean `host`?",
        ]
    );
}

fn one_fault(text: &str) -> String {
    let mut faults = Place::with(text).faults();
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.pop().unwrap()
}

/// The listener is this machine's alone.
#[test]
fn only_loopback_is_listened_on() {
    for listen in ["127.0.0.1:0", "127.9.9.9:80", "[::1]:2746"] {
        let place = Place::with(&format!("[server]\nlisten = \"{listen}\"\n"));
        assert_eq!(place.load().listen, listen.parse().unwrap());
    }
    for (listen, ip) in [
        ("0.0.0.0:2746", "0.0.0.0"),
        ("[::]:1", "::"),
        ("10.0.0.1:1", "10.0.0.1"),
    ] {
        assert_eq!(
            one_fault(&format!("[server]\nlisten = \"{listen}\"\n")),
            format!(
                "usher.toml:2: server.listen: {ip} can be reached from other machines, and is \
                 refused; listen on 127.0.0.1 and put a proxy with TLS before it"
            )
        );
    }
    for listen in ["localhost:1", "127.0.0.1", ":1"] {
        assert_eq!(
            one_fault(&format!("[server]\nlisten = \"{listen}\"\n")),
            format!(
                "usher.toml:2: server.listen: `{listen}` is no address with a port, such as \
                 127.0.0.1:2746"
            )
        );
    }
}

/// Links begin with https, or lead to this machine.
#[test]
fn base_urls() {
    for (url, base) in [
        ("https://a.example.org", "https://a.example.org"),
        ("https://a.example.org:8443/", "https://a.example.org:8443"),
        ("http://localhost:2746", "http://localhost:2746"),
        ("http://[::1]:1", "http://[::1]:1"),
    ] {
        let place = Place::with(&format!("[server]\nbase_url = \"{url}\"\n"));
        assert_eq!(place.load().base_url.as_deref(), Some(base));
    }
    for url in [
        "http://a.example.org",
        "ftp://a",
        "a.example.org",
        "https://",
        "https://a/b",
        "https://a?b",
        "https://u@a",
        "https://a:",
        "https://a:0",
        "https://a:99999",
        "https://[::1",
        "https://a b",
        "http://localhost.evil.example",
    ] {
        let fault = one_fault(&format!("[server]\nbase_url = \"{url}\"\n"));
        let begin = format!("usher.toml:2: server.base_url: `{url}` ");
        assert!(fault.starts_with(&begin), "{fault}");
    }
}

#[test]
fn trusted_proxies_are_networks() {
    let text = "[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\", \"192.0.2.1/32\"]\n";
    assert_eq!(Place::with(text).load().trusted_proxies.len(), 3);
    for bad in [
        "10.0.0.0/33",
        "10.0.0.0/",
        "proxy",
        "::1/129",
        "10.0.0.0/8/8",
    ] {
        assert_eq!(
            one_fault(&format!("[server]\ntrusted_proxies = [\"{bad}\"]\n")),
            format!(
                "usher.toml:2: server.trusted_proxies: `{bad}` is no network, such as 10.0.0.0/8"
            )
        );
    }
}

const MAIL: &str = "[mail]\nhost = \"smtp.example.org\"\nfrom = \"usher@example.org\"\n";

/// With a mail server a code is asked for, unless somebody says otherwise.
#[test]
fn a_mail_server() {
    let place = Place::with(MAIL);
    let settings = place.load().settings(place.load().listen, 1).unwrap();
    assert_eq!(settings.rules.auth, Level::Code);
    assert_eq!(settings.mail_domain, "example.org");
    let smtp = settings.smtp.unwrap();
    assert_eq!(
        (
            smtp.host.as_str(),
            smtp.port,
            smtp.tls,
            smtp.login,
            smtp.connections
        ),
        ("smtp.example.org", 465, Tls::Implicit, Login::None, 4)
    );
    let place = Place::with(&format!(
        "{MAIL}tls = \"starttls\"\n[approvals]\nauth = \"link\"\n"
    ));
    assert_eq!(place.shown("mail.port"), pair("587", "default"));
    assert_eq!(place.load().auth, Level::Link);
    let place = Place::with("[mail]\nhost = \"::1\"\nfrom = \"a@b\"\ntls = \"none\"\n");
    assert_eq!(place.load().mail.unwrap().port, 25);
}

#[test]
fn a_mail_server_with_faults() {
    for (more, fault) in [
        (
            "tls = \"none\"\n",
            "usher.toml:4: mail.tls: none would send mail to smtp.example.org without encryption, \
             and is allowed to this machine only; take starttls or implicit",
        ),
        (
            "user = \"usher\"\n",
            "usher.toml:4: mail.user: logs in with what? write mail.password_file or \
             mail.token_file",
        ),
        (
            "password_file = \"p\"\n",
            "usher.toml:4: mail.password_file: is whose? write mail.user",
        ),
        (
            "token_file = \"p\"\n",
            "usher.toml:4: mail.token_file: is whose? write mail.user",
        ),
        (
            "user = \"u\"\npassword_file = \"p\"\ntoken_file = \"p\"\n",
            "usher.toml:6: mail.token_file: there is mail.password_file, too; take one",
        ),
        (
            "domains = [\"exa mple\"]\n",
            "usher.toml:4: mail.domains: `exa mple` is no domain",
        ),
        (
            "administrators = [\"root\"]\n",
            "usher.toml:4: mail.administrators: `root` is no mail address: an address is one \
             name, one @ and one domain, like anna@example.org",
        ),
    ] {
        assert_eq!(one_fault(&format!("{MAIL}{more}")), fault);
    }
    assert_eq!(
        one_fault("[mail]\nhost = \"smtp.example.org\"\n"),
        "default: mail.from: is missing: with mail.host it says which address mail comes from"
    );
    assert_eq!(
        one_fault("[mail]\nhost = \"smtp.example.org:25\"\nfrom = \"a@b\"\n"),
        "usher.toml:2: mail.host: `smtp.example.org:25` is no name of a host; the port is \
         mail.port"
    );
    assert_eq!(
        one_fault("[mail]\nuser = \"u\"\n"),
        "usher.toml:2: mail.user: means nothing without mail.host"
    );
}

/// A secret is in a file that nobody else may read, and is shown nowhere.
#[test]
fn secrets_come_from_private_files() {
    let text = format!("{MAIL}user = \"usher\"\npassword_file = \"secret\"\n");
    let place = Place::with(&text);
    let said = |place: &Place| {
        let config = place.load();
        let error = anyhow::Error::from(config.settings(config.listen, 1).unwrap_err());
        let folder = format!("{}/", place.dir.path().display());
        format!("{error:#}").replace(&folder, "")
    };
    assert_eq!(said(&place), "mail.password_file: secret is not there");
    place.file("secret", "hunter2\n", 0o640);
    assert_eq!(
        said(&place),
        "mail.password_file: secret has mode 0640, so others may read it: `chmod 600 secret`, and \
         if somebody may have read it, make a new secret"
    );
    place.file("secret", "", 0o600);
    assert_eq!(said(&place), "mail.password_file: secret is empty");
    place.file("secret", "hunter2\nhunter3\n", 0o600);
    assert_eq!(
        said(&place),
        "mail.password_file: secret has more than one line"
    );
    place.file("secret", &"x".repeat(20_000), 0o600);
    assert_eq!(
        said(&place),
        "mail.password_file: secret is larger than 16384 bytes; that is no secret of this kind"
    );
    place.file("secret", "hunter2\n", 0o400);
    let config = place.load();
    let settings = config.settings(config.listen, 1).unwrap();
    let login = Login::Password("usher".to_owned(), "hunter2".to_owned());
    assert_eq!(settings.smtp.as_ref().unwrap().login, login);
    let everything = format!("{config:?} {settings:?} {:?}", config.shown());
    assert!(!everything.contains("hunter2"));
    assert_eq!(
        place.shown("mail.password_file"),
        pair("secret", "usher.toml:5")
    );
    let token = text.replace("password_file", "token_file");
    place.file("usher.toml", &token, 0o644);
    let login = Login::Token("usher".to_owned(), "hunter2".to_owned());
    let settings = place.load().settings(config.listen, 1).unwrap();
    assert_eq!(settings.smtp.unwrap().login, login);
}

#[test]
fn a_root_certificate_is_one() {
    let place = Place::with(&format!("{MAIL}root_file = \"root.pem\"\n"));
    let config = place.load();
    let said = || config.settings(config.listen, 1).unwrap_err().to_string();
    let path = place.dir.path().join("root.pem");
    let path = path.display();
    assert_eq!(
        said(),
        format!("mail.root_file: {path} cannot be read: No such file or directory (os error 2)")
    );
    place.file("root.pem", "-----BEGIN PRIVATE KEY-----\n", 0o644);
    assert_eq!(
        said(),
        format!("mail.root_file: {path} holds no certificate in PEM form")
    );
}

/// Every setting is in a section that there is, and has its own variable.
#[test]
fn the_table_is_whole() {
    for key in &table::KEYS {
        assert!(table::SECTIONS.contains(&key.section()), "{}", key.path);
        assert_eq!(format!("{}.{}", key.section(), key.name()), key.path);
    }
    let variables: std::collections::BTreeSet<String> =
        table::KEYS.iter().map(table::Key::variable).collect();
    assert_eq!(variables.len(), table::KEYS.len());
}
