//! A server on a state of its own, with people, and runs that ask them.

use std::process::Child;

use serde_json::Value;
use suite::{Place, Web, phase, until};

/// Three persons of finance; the account that runs the tests is none of them.
pub(crate) const PEOPLE: &str = "\
people:
  ada: {address: ada@example.org, name: Ada Byron}
  grace: {address: grace@example.org, name: Grace Murray, locale: de, zone: Europe/Berlin}
  mary: {address: mary@example.org, name: Mary Fairfax}
groups:
  finance: [ada, grace, mary]
";

/// A server with its place; it is killed at the end.
pub(crate) struct Desk {
    pub(crate) place: Place,
    pub(crate) web: Web,
    server: Option<Child>,
}

impl Desk {
    /// Starts one; its own log goes to the file `engine.log`, everything that it can say.
    pub(crate) fn open() -> Desk {
        let place = Place::new();
        std::fs::write(place.state().join("people.yaml"), PEOPLE).expect("a file");
        Desk::over(place)
    }

    fn over(place: Place) -> Desk {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(place.folder().join("engine.log"))
            .expect("a file");
        let out = log.try_clone().expect("a second handle");
        let server = place
            .command(["server"])
            .env("USHER_LOG", "trace")
            .stdout(out)
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let web = Web::of(&place);
        Desk {
            place,
            web,
            server: Some(server),
        }
    }

    /// Kills the server as a power cut would, and starts another.
    pub(crate) fn kill_and_start(self) -> Desk {
        self.kill_and_start_after(|_| {})
    }

    /// The same, with something done to the place while there is no server.
    pub(crate) fn kill_and_start_after(mut self, change: impl FnOnce(&Place)) -> Desk {
        let mut server = self.server.take().expect("it runs");
        server.kill().expect("it can be killed");
        server.wait().expect("it ends");
        let place = std::mem::take(&mut self.place);
        change(&place);
        Desk::over(place)
    }

    /// Submits a workflow of these templates; the first is the entry.
    pub(crate) fn submit(&self, name: &str, spec: &str) {
        let text = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{name: {name}}}\nspec:\n\
             {spec}"
        );
        let path = self.place.file(&format!("{name}.yaml"), &text);
        self.place
            .usher(["submit".as_ref(), path.as_os_str()])
            .with_code(0);
    }

    /// The object of a run.
    pub(crate) fn object(&self, name: &str) -> Value {
        self.place.usher(["get", name, "-o", "json"]).json()
    }

    /// Waits for a node to come to a phase, and returns it.
    pub(crate) fn until(&self, run: &str, node: &str, wanted: &str) -> Value {
        until(&format!("{node} of {run} to be {wanted}"), || {
            let object = self.object(run);
            let mut all = suite::nodes(&object);
            all.find(|n| n["displayName"] == *node && phase(n) == wanted)
                .cloned()
        })
    }

    /// Waits for the end of a run, and returns its object.
    pub(crate) fn end(&self, run: &str) -> Value {
        until(&format!("{run} to end"), || {
            let object = self.object(run);
            object["status"]["finishedAt"].is_string().then_some(object)
        })
    }

    /// The link that was mailed last to an address.
    pub(crate) fn link(&self, address: &str) -> String {
        let letter = self.web.request_to(address);
        letter.link.expect("a request has a link")
    }

    /// Decides by the mailed link, with a comment, and expects the receipt.
    pub(crate) fn decide(&self, address: &str, approves: bool, comment: &str) {
        let link = self.link(address);
        let receipt = self.web.decide(&link, approves, &[("comment", comment)]);
        assert_eq!(receipt.status, 200, "{}", receipt.body);
    }

    /// Letters to an address.
    pub(crate) fn letters(&self, address: &str) -> Vec<suite::Letter> {
        let mut letters = self.web.letters();
        letters.retain(|letter| letter.to == address);
        letters
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
