//! What values must be, and what follows from them.

use std::net::{IpAddr, SocketAddr};

use usher_api::approval::Level;
use usher_notifier::people::{check_address, check_locale, check_zone};
use usher_notifier::ports::Tls;
use usher_notifier::reach::Target;

use super::sources::{Settings, Value};
use super::{Config, Fault, MailServer, Secret, Sources};

/// What mail comes from when no server carries it: only the development mailbox takes it.
const FROM_NOBODY: &str = "usher@localhost";

/// The port of each kind of connection.
const PORTS: [(&str, i64); 3] = [("implicit", 465), ("starttls", 587), ("none", 25)];

/// Checks every value and makes a configuration of them. With faults it is no good.
pub(super) fn build(mut settings: Settings, sources: &Sources, faults: &mut Vec<Fault>) -> Config {
    derive(&mut settings, sources);
    let mut check = Check {
        settings: &settings,
        faults,
    };
    let listen = check.listen();
    let base_url = check.base_url();
    let name = check.name();
    check.proxies();
    let mail = check.mail();
    let from = check.from(mail.is_some());
    check.each("mail.domains", |domain| {
        check_address(&format!("anybody@{domain}"))
            .map(drop)
            .map_err(|_| format!("`{domain}` is no domain"))
    });
    check.each("mail.administrators", |text| check_address(text).map(drop));
    check.one("approvals.locale", check_locale);
    check.one("approvals.timezone", check_zone);
    let is_code = settings.text("approvals.auth") == Some("code");
    Config {
        listen,
        base_url,
        name,
        trusted_proxies: settings.list("server.trusted_proxies").to_vec(),
        processes: settings
            .number("engine.processes")
            .and_then(|number| u32::try_from(number).ok()),
        mail,
        from,
        domains: settings.list("mail.domains").to_vec(),
        administrators: settings.list("mail.administrators").to_vec(),
        auth: if is_code { Level::Code } else { Level::Link },
        allow_approve_on_timeout: settings.of("approvals.allow_approve_on_timeout").value
            == Value::Boolean(true),
        link_days: settings.number("approvals.link_days").unwrap_or(30),
        locale: settings.text("approvals.locale").unwrap_or("en").to_owned(),
        timezone: settings
            .text("approvals.timezone")
            .unwrap_or("UTC")
            .to_owned(),
        people: settings
            .path("approvals.people")
            .map_or_else(|| sources.state.join("people.yaml"), ToOwned::to_owned),
        keys: settings
            .path("approvals.keys")
            .map_or_else(|| sources.state.join("keys.json"), ToOwned::to_owned),
        file: super::sources::file_of(sources).0,
        settings,
    }
}

/// Fills in defaults that follow from other values, so that they are shown, too.
fn derive(settings: &mut Settings, sources: &Sources) {
    let text = |text: &str| Value::Text(text.to_owned());
    let has_server = settings.text("mail.host").is_some();
    let tls = settings.text("mail.tls").unwrap_or("implicit").to_owned();
    let port = PORTS.iter().find(|(name, _)| *name == tls);
    let listen = settings.text("server.listen").map(str::to_owned);
    let mut fill = |path: &str, value: Option<Value>| {
        if let (Value::None, Some(value)) = (&settings.of(path).value, value) {
            settings.put(path, value);
        }
    };
    // Behind a real server a robot that reads mail could press a button: a code stops it.
    let auth = if has_server { "code" } else { "link" };
    fill("approvals.auth", Some(text(auth)));
    fill(
        "server.base_url",
        listen.map(|at| Value::Text(format!("http://{at}"))),
    );
    fill(
        "approvals.people",
        Some(Value::Path(sources.state.join("people.yaml"))),
    );
    fill(
        "approvals.keys",
        Some(Value::Path(sources.state.join("keys.json"))),
    );
    if has_server {
        fill("mail.port", port.map(|(_, port)| Value::Number(*port)));
    } else {
        fill("mail.from", Some(text(FROM_NOBODY)));
    }
}

struct Check<'a> {
    settings: &'a Settings,
    faults: &'a mut Vec<Fault>,
}

impl Check<'_> {
    fn tell(&mut self, path: &str, message: impl std::fmt::Display) {
        self.faults.push(Fault {
            at: self.settings.of(path).origin.to_string(),
            message: format!("{path}: {message}"),
        });
    }

    /// Checks a text, if there is one.
    fn one(&mut self, path: &str, check: fn(&str) -> Result<(), String>) {
        if let Some(Err(message)) = self.settings.text(path).map(check) {
            self.tell(path, message);
        }
    }

    /// Checks each text of a list.
    fn each(&mut self, path: &str, check: fn(&str) -> Result<(), String>) {
        for text in self.settings.list(path) {
            if let Err(message) = check(text) {
                self.tell(path, message);
            }
        }
    }

    fn listen(&mut self) -> SocketAddr {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 2746));
        let text = self.settings.text("server.listen").unwrap_or_default();
        match text.parse::<SocketAddr>() {
            Ok(listen) if listen.ip().is_loopback() => listen,
            Ok(listen) => {
                let message = format!(
                    "{} can be reached from other machines, and is refused; listen on 127.0.0.1 \
                     and put a proxy with TLS before it",
                    listen.ip()
                );
                self.tell("server.listen", message);
                nowhere
            }
            Err(_) => {
                let message = format!("`{text}` is no address with a port, such as 127.0.0.1:2746");
                self.tell("server.listen", message);
                nowhere
            }
        }
    }

    fn base_url(&mut self) -> Option<String> {
        let setting = self.settings.of("server.base_url");
        if setting.origin == super::Origin::Default {
            return None;
        }
        let written = self.settings.text("server.base_url")?;
        let text = match written.strip_suffix('/') {
            Some(text) if !text.ends_with('/') => text,
            _ => written,
        };
        if let Err(message) = check_url(text) {
            self.tell("server.base_url", message);
        }
        Some(text.to_owned())
    }

    fn name(&mut self) -> String {
        let name = self.settings.text("server.name").unwrap_or("Usher");
        if name.chars().any(char::is_control) || name.chars().count() > 60 {
            self.tell("server.name", "takes one line of at most 60 characters");
        }
        name.to_owned()
    }

    fn proxies(&mut self) {
        self.each("server.trusted_proxies", |text| {
            let (address, bits) = text.split_once('/').unwrap_or((text, ""));
            let most = match address.parse::<IpAddr>() {
                Ok(IpAddr::V4(_)) => 32,
                Ok(IpAddr::V6(_)) => 128,
                Err(_) => return Err(format!("`{text}` is no network, such as 10.0.0.0/8")),
            };
            let is_good = bits.is_empty() && !text.contains('/')
                || bits.parse::<u8>().is_ok_and(|bits| bits <= most);
            is_good
                .then_some(())
                .ok_or_else(|| format!("`{text}` is no network, such as 10.0.0.0/8"))
        });
    }

    fn from(&mut self, has_server: bool) -> String {
        let Some(from) = self.settings.text("mail.from") else {
            if has_server {
                self.tell(
                    "mail.from",
                    "is missing: with mail.host it says which address mail comes from",
                );
            }
            return FROM_NOBODY.to_owned();
        };
        check_address(from).unwrap_or_else(|message| {
            self.tell("mail.from", message);
            FROM_NOBODY.to_owned()
        })
    }

    fn mail(&mut self) -> Option<MailServer> {
        let user = self.settings.text("mail.user").map(str::to_owned);
        let password = self.settings.path("mail.password_file");
        let token = self.settings.path("mail.token_file");
        let Some(host) = self.settings.text("mail.host").map(str::to_owned) else {
            for path in [
                "mail.user",
                "mail.password_file",
                "mail.token_file",
                "mail.port",
            ] {
                if self.settings.of(path).value != Value::None {
                    self.tell(path, "means nothing without mail.host");
                }
            }
            return None;
        };
        if check_address(&format!("anybody@{host}")).is_err() && host.parse::<IpAddr>().is_err() {
            let message = format!("`{host}` is no name of a host; the port is mail.port");
            self.tell("mail.host", message);
        }
        let tls = match self.settings.text("mail.tls") {
            Some("starttls") => Tls::StartTls,
            Some("none") => Tls::None,
            _ => Tls::Implicit,
        };
        if tls == Tls::None && !is_loopback(&host) {
            let message = format!(
                "none would send mail to {host} without encryption, and is allowed to this \
                 machine only; take starttls or implicit"
            );
            self.tell("mail.tls", message);
        }
        let login = match (user, password, token) {
            (None, None, None) => None,
            (Some(user), Some(file), None) => Some((user, Secret::Password(file.to_owned()))),
            (Some(user), None, Some(file)) => Some((user, Secret::Token(file.to_owned()))),
            (Some(_), Some(_), Some(_)) => {
                self.tell(
                    "mail.token_file",
                    "there is mail.password_file, too; take one",
                );
                None
            }
            (Some(_), None, None) => {
                let message = "logs in with what? write mail.password_file or mail.token_file";
                self.tell("mail.user", message);
                None
            }
            (None, Some(_), _) => {
                self.tell("mail.password_file", "is whose? write mail.user");
                None
            }
            (None, None, Some(_)) => {
                self.tell("mail.token_file", "is whose? write mail.user");
                None
            }
        };
        let port = self.settings.number("mail.port").unwrap_or(465);
        let connections = self.settings.number("mail.connections").unwrap_or(4);
        Some(MailServer {
            host,
            port: u16::try_from(port).unwrap_or(465),
            tls,
            login,
            root_file: self.settings.path("mail.root_file").map(ToOwned::to_owned),
            connections: u32::try_from(connections).unwrap_or(4),
        })
    }
}

/// Whether a name or an address means this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether links can begin with this.
fn check_url(text: &str) -> Result<(), String> {
    let example = "such as https://approvals.example.org";
    let (is_safe, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Err(format!("`{text}` is no address of a web page, {example}")),
    };
    if rest.contains(['/', '?', '#', '@']) || rest.chars().any(char::is_whitespace) {
        return Err(format!(
            "`{text}` is more than scheme, host and port, {example}"
        ));
    }
    let Some((host, _port)) = host_and_port(rest, is_safe) else {
        return Err(format!(
            "`{text}` has no host, or no port after the colon, {example}"
        ));
    };
    if !is_safe && !is_loopback(&host) {
        return Err(format!(
            "`{text}` would send links and votes without encryption; only this machine may be \
             reached by http, take https"
        ));
    }
    Ok(())
}

/// Where a checked address of pages leads.
#[must_use]
pub fn target(url: &str) -> Option<Target> {
    let (tls, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, rest) => (false, rest?),
    };
    let (host, port) = host_and_port(rest, tls)?;
    Some(Target { host, port, tls })
}

/// Host and port of what stands after the scheme.
fn host_and_port(authority: &str, is_safe: bool) -> Option<(String, u16)> {
    let usual = if is_safe { 443 } else { 80 };
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (
                host,
                rest.strip_prefix(':').or(rest.is_empty().then_some(""))?,
            )
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    let is_sign = |c: char| c.is_alphanumeric() || ".-_:".contains(c);
    if host.is_empty() || !host.chars().all(is_sign) {
        return None;
    }
    let ends_with_colon = authority.ends_with(':');
    let port = match port {
        "" if !ends_with_colon => usual,
        port => port.parse().ok().filter(|port| *port > 0)?,
    };
    Some((host.to_owned(), port))
}
