//! The shipped binary as a process that is killed, and its place, which outlives it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;
use suite::{Place, Rows, Secrets};
use usher::cli::demo::browser::Browser;

/// Everybody who is asked.
const PEOPLE: &str = "\
people:
  ada: {address: ada@example.org, name: Ada Byron}
  ben: {address: ben@example.org, name: Ben Hill}
  cem: {address: cem@example.org, name: Cem Oz}
";

/// A place with people.
pub(crate) fn place() -> Place {
    let place = Place::new();
    std::fs::write(place.state().join("people.yaml"), PEOPLE).expect("a file");
    place
}

/// A server that runs.
pub(crate) struct Engine {
    child: Child,
}

impl Engine {
    /// Starts one and waits until it is ready; mail goes to the server at this address, or to the
    /// development mailbox.
    pub(crate) fn start(place: &Place, mail: Option<SocketAddr>) -> Engine {
        let mut child = command(place, mail).spawn().expect("the binary starts");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        out.read_line(&mut line).expect("a line");
        assert!(line.contains("ready"), "the server said: {line}");
        // It may go on talking without anybody who reads.
        std::thread::spawn(move || out.lines().for_each(drop));
        Engine { child }
    }

    /// Starts one and waits for nothing; mail goes to the development mailbox.
    pub(crate) fn spawn(place: &Place) -> Engine {
        let mut command = command(place, None);
        let child = command.stdout(Stdio::null()).spawn();
        Engine {
            child: child.expect("the binary starts"),
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("kill -9");
        self.child.wait().expect("its end");
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // A test that fails leaves none behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for so long: an instant of chance is one of time.
pub(crate) fn wait(micros: u64) {
    let until = Instant::now() + Duration::from_micros(micros);
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        if left.is_zero() {
            return;
        }
        std::thread::park_timeout(left);
    }
}

/// A browser on the pages of a place's engine.
pub(crate) fn browser(place: &Place) -> Browser {
    let file = std::fs::read_to_string(place.state().join("web.json")).expect("its address");
    let web: Value = serde_json::from_str(&file).expect("JSON");
    Browser::new(web["at"].as_str().expect("an address")).expect("loopback")
}

/// The server of a place; what it logs goes to a file.
fn command(place: &Place, mail: Option<SocketAddr>) -> Command {
    let path = place.folder().join("engine.log");
    let log = File::options().create(true).append(true).open(path);
    let mut command = place.command(["server"]);
    command
        .env("USHER_LOG", "debug")
        .env("USHER_APPROVALS_AUTH", "link")
        // Clients say where they come from: many people share no limit of one.
        .env("USHER_SERVER_TRUSTED_PROXIES", "127.0.0.1/32")
        .stderr(log.expect("a file"));
    if let Some(at) = mail {
        command
            .env("USHER_MAIL_HOST", at.ip().to_string())
            .env("USHER_MAIL_PORT", at.port().to_string())
            .env("USHER_MAIL_TLS", "none")
            .env("USHER_MAIL_FROM", "usher@example.org");
    }
    command
}

/// Submits a workflow of one document.
pub(crate) fn submit(place: &Place, name: &str, spec: &str) {
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{name: {name}}}\nspec:\n\
         {spec}"
    );
    let path = place.file(&format!("{name}.yaml"), &text);
    let said = place.usher(["submit".as_ref(), path.as_os_str()]);
    said.with_code(0);
}

/// Waits until a run has ended; its phase.
pub(crate) fn end(rows: &Rows, name: &str) -> String {
    let query = "SELECT phase FROM runs WHERE name = ?1 AND finished_at IS NOT NULL";
    rows.until(&format!("{name} to end"), |rows| {
        rows.all(query, [name], |row| row.get(0)).pop()
    })
}

/// Changes a place's ledger while no engine has it open: the time that only the ledger's clock has.
///
/// What an engine that is killed leaves leased is somebody's for two minutes, by a clock that
/// nobody can move from outside. So the end of each lease, and each later try, is moved instead.
pub(crate) fn times_come(place: &Place) {
    let ledger = Connection::open(place.state().join("ledger.db")).expect("the ledger");
    let query = "UPDATE outbox SET due_at = 0 WHERE phase IN ('Leased', 'Queued')";
    ledger.execute(query, []).expect("leases");
}

/// The record of a place is sound, and its engines have told no secret.
pub(crate) fn is_sound(place: &Place) {
    let said = place.usher(["approvals", "verify"]).with_code(0);
    assert!(said.out.contains(" 0 records damaged"), "{}", said.out);
    let secrets = Secrets::of(place);
    secrets.assert_untold("the engine's log", &place.read("engine.log"));
    secrets.assert_untold("approvals verify", &said.out);
}
