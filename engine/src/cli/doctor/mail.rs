//! The mail server: whether it takes our mail, and if not, what to do.

use usher_notifier::courier::{Delivery, Parcel, Transport as _};
use usher_notifier::people::check_address;
use usher_notifier::ports;
use usher_notifier::smtp::{Fault, Report, Smtp, probe};

use super::{Finding, bad, good, said, wait_for};
use crate::cli::submit::{now_ms, uuid};
use crate::config::Config;

/// What the checks are about.
const WHAT: &str = "mail server";

/// Connects, logs in and asks for leave to send; sends nothing.
pub(super) fn server(config: &Config) -> Finding {
    let smtp = match smtp(config) {
        Ok(Some(smtp)) => smtp,
        Ok(None) => return good(WHAT, "none: mail lands in the development mailbox"),
        Err(finding) => return finding,
    };
    match try_out(config, &smtp, None) {
        Ok(report) => good(WHAT, told(&report)),
        Err(finding) => finding,
    }
}

/// Sends one mail and tells what becomes of it, one finding a step.
pub(super) fn send(config: &Config, to: &str, tell: &mut dyn FnMut(Finding)) {
    let to = match check_address(to) {
        Ok(to) => to,
        Err(message) => {
            return tell(bad(
                "recipient",
                message,
                "give one address: --to NAME@HOST",
            ));
        }
    };
    if !is_allowed(config, &to) {
        let text = format!("{to} is in none of the domains that mail may go to");
        return tell(bad(
            "recipient",
            text,
            "add its domain to mail.domains, or take another",
        ));
    }
    let smtp = match smtp(config) {
        Ok(Some(smtp)) => smtp,
        Ok(None) => {
            let text = "none is configured: mail lands in the development mailbox";
            let way_out = "write host and from below [mail] in usher.toml; `usher config show` \
                           tells where that is";
            return tell(bad(WHAT, text, way_out));
        }
        Err(finding) => return tell(finding),
    };
    match try_out(config, &smtp, Some(&to)) {
        Ok(report) => tell(good(WHAT, told(&report))),
        Err(finding) => return tell(finding),
    }
    tell(carry(config, smtp, &to));
}

/// The server with its secrets, if there is one.
fn smtp(config: &Config) -> Result<Option<ports::Smtp>, Finding> {
    let Some(mail) = &config.mail else {
        return Ok(None);
    };
    mail.smtp().map(Some).map_err(|error| {
        let way_out = "put the file right that the setting names";
        bad(WHAT, said(&error), way_out)
    })
}

fn domain(config: &Config) -> &str {
    config.from.rsplit('@').next().unwrap_or("localhost")
}

/// The envelope's sender: shaped as those of real mails, so that the server judges alike.
fn sender(config: &Config) -> String {
    format!("bounce+doctor@{}", domain(config))
}

fn is_allowed(config: &Config, to: &str) -> bool {
    let domain = to.rsplit('@').next().unwrap_or_default();
    let is_in = |allowed: &String| {
        let allowed = allowed.trim_start_matches('.').to_lowercase();
        domain == allowed || domain.ends_with(&format!(".{allowed}"))
    };
    config.domains.is_empty() || config.domains.iter().any(is_in)
}

fn try_out(config: &Config, smtp: &ports::Smtp, to: Option<&str>) -> Result<Report, Finding> {
    let (hello, sender) = (domain(config), sender(config));
    match wait_for(probe(smtp, hello, &sender, to)) {
        Ok(Ok(report)) => Ok(report),
        Ok(Err(fault)) => Err(bad(WHAT, fault.chain(), way_out(&fault))),
        Err(reason) => Err(bad(
            WHAT,
            reason,
            "see to it that this machine is not overloaded",
        )),
    }
}

fn told(report: &Report) -> String {
    let tls = if report.tls {
        "with TLS"
    } else {
        "without TLS"
    };
    let login = if report.login {
        ", logged in"
    } else {
        ", without login"
    };
    format!("{} answers, {tls}{login}", report.server)
}

/// What to do about a fault, by the names of the settings.
fn way_out(fault: &Fault) -> &'static str {
    match fault {
        Fault::HostUnknown { .. } => {
            "write the server's name into mail.host; if it is right, ask why DNS does not know it"
        }
        Fault::ConnectionRefused { .. } => {
            "write the port that the server listens on into mail.port (465 implicit, 587 starttls)"
        }
        Fault::Silent { .. } | Fault::Unreachable { .. } => {
            "check mail.host and mail.port, and that a firewall lets this machine out to them"
        }
        Fault::TlsNeeded { .. } => {
            "set mail.tls to implicit or starttls; none is for this machine only"
        }
        Fault::NoStartTls { .. } => {
            "set mail.tls to implicit with mail.port 465, or take a server that knows STARTTLS"
        }
        Fault::NotTls { .. } => "set mail.tls to starttls with mail.port 587",
        Fault::Certificate { .. } | Fault::Tls { .. } => {
            "write the name of the certificate into mail.host, or its root into mail.root_file"
        }
        Fault::Root { .. } => "give a PEM file with a certificate in mail.root_file",
        Fault::Turned { .. } => {
            "the server refuses this machine: ask who runs it to let it in (its address, its name)"
        }
        Fault::Broken { .. } => "check that mail.port and mail.tls belong together",
        Fault::NoLogin { .. } => {
            "take what the server offers: mail.password_file (PLAIN, LOGIN) or mail.token_file \
             (XOAUTH2)"
        }
        Fault::LoginRefused { .. } => {
            "check mail.user and the file with the secret; some providers want a password for \
             programs"
        }
        Fault::SenderRefused { .. } => "set mail.from to an address that this login may send as",
        Fault::RelayDenied { .. } => {
            "log in (mail.user and mail.password_file), or have the server allow this machine to \
             relay"
        }
        Fault::RecipientRefused { .. } => "check the address; the server says why",
        Fault::NotNow { .. } => "try again in some minutes; mail in the queue is tried again, too",
    }
}

/// Sends it.
fn carry(config: &Config, smtp: ports::Smtp, to: &str) -> Finding {
    let what = "mail";
    let transport = match Smtp::new(smtp, domain(config)) {
        Ok(transport) => transport,
        Err(fault) => return bad(what, fault.chain(), way_out(&fault)),
    };
    let parcel = Parcel {
        mail: 0,
        sender: sender(config),
        recipient: to.to_owned(),
        raw: letter(config, to).into_bytes(),
    };
    let again = "the server says why; who runs it knows more";
    match wait_for(transport.send(&parcel)) {
        Ok(Delivery::Taken(_)) => good(
            what,
            format!("taken for {to}; if it does not come, look among spam and in the server's log"),
        ),
        Ok(Delivery::Uncertain(reason)) => bad(
            what,
            format!("the connection was lost after the mail: {reason}"),
            "look whether it comes; if this happens again, look at what stands between",
        ),
        Ok(Delivery::Later(reason)) => bad(
            what,
            format!("not now: {reason}"),
            "try again in some minutes; mail in the queue is tried again, too",
        ),
        Ok(Delivery::Refused(reason)) => bad(what, format!("{to} is refused: {reason}"), again),
        Ok(Delivery::Ours(reason)) => bad(what, format!("the mail is refused: {reason}"), again),
        Ok(Delivery::NoServer(reason)) => bad(what, reason, "run `usher doctor` once more"),
        Err(reason) => bad(
            what,
            reason,
            "see to it that this machine is not overloaded",
        ),
    }
}

/// The mail as it goes over the line.
fn letter(config: &Config, to: &str) -> String {
    let date = chrono::DateTime::from_timestamp_millis(now_ms()).unwrap_or_default();
    let lines = [
        format!("From: <{}>", config.from),
        format!("To: <{to}>"),
        "Subject: Mail from Usher works".to_owned(),
        format!("Date: {}", date.to_rfc2822()),
        format!("Message-ID: <{}@{}>", uuid(), domain(config)),
        "Auto-Submitted: auto-generated".to_owned(),
        "MIME-Version: 1.0".to_owned(),
        "Content-Type: text/plain; charset=us-ascii".to_owned(),
        String::new(),
        "Somebody has run `usher doctor mail` to see whether mail arrives here.".to_owned(),
        "It does. There is nothing to be done.".to_owned(),
    ];
    lines.map(|line| line + "\r\n").concat()
}
