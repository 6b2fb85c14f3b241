//! A real Chromium by the WebDriver protocol, which is JSON over HTTP to chromedriver on loopback.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longer than any page takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window. It ends with the value.
pub(crate) struct Chromium {
    driver: Child,
    // Were it closed, the driver's next line would end it.
    _out: BufReader<ChildStdout>,
    port: u16,
    session: String,
}

impl Chromium {
    /// Starts one.
    pub(crate) fn start() -> Chromium {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is needed: tests/services/browser.sh installs it");
        let out = driver.stdout.take().expect("it is piped");
        let mut out = BufReader::new(out);
        let port = (&mut out)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                line.split("successfully on port ")
                    .nth(1)?
                    .trim_end_matches('.')
                    .parse()
                    .ok()
            })
            .expect("chromedriver says its port");
        let options = json!({
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--disable-background-networking", "--no-first-run", "--window-size=1000,1200"
            ]
        });
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let answer = ask(port, "POST", "/session", Some(&wanted));
        let session = answer["sessionId"].as_str().expect("a session").to_owned();
        Chromium {
            driver,
            _out: out,
            port,
            session,
        }
    }

    fn ask(&self, verb: &str, path: &str, body: &Value) -> Value {
        let path = format!("/session/{}{path}", self.session);
        ask(self.port, verb, &path, (verb == "POST").then_some(body))
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        let body = json!({"cmd": command, "params": parameters});
        self.ask("POST", "/goog/cdp/execute", &body);
    }

    /// Switches the scripts of pages on or off.
    pub(crate) fn scripts(&self, on: bool) {
        self.devtools(
            "Emulation.setScriptExecutionDisabled",
            &json!({"value": !on}),
        );
    }

    /// Light or dark, wide or narrow.
    pub(crate) fn look(&self, dark: bool, width: u32) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", &json!({"features": features}));
        let size = json!({
            "width": width, "height": 1_000, "deviceScaleFactor": 1, "mobile": false
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// The language that it asks for.
    pub(crate) fn speak(&self, lang: &str) {
        self.devtools("Network.enable", &json!({}));
        let headers = json!({"Accept-Language": lang});
        self.devtools("Network.setExtraHTTPHeaders", &json!({"headers": headers}));
    }

    /// Goes to a page.
    pub(crate) fn open(&self, url: &str) {
        self.ask("POST", "/url", &json!({"url": url}));
    }

    /// The page that it is on.
    pub(crate) fn url(&self) -> String {
        let url = self.ask("GET", "/url", &Value::Null);
        url.as_str().unwrap_or_default().to_owned()
    }

    fn element(&self, css: &str) -> Option<String> {
        let wanted = json!({"using": "css selector", "value": css});
        let found = self.ask("POST", "/elements", &wanted);
        Some(found[0][ELEMENT].as_str()?.to_owned())
    }

    /// Whether the page has something.
    pub(crate) fn has(&self, css: &str) -> bool {
        self.element(css).is_some()
    }

    fn must(&self, css: &str) -> String {
        let none = || panic!("no {css} on {}:\n{}", self.url(), self.text());
        self.element(css).unwrap_or_else(none)
    }

    /// Clicks something.
    pub(crate) fn click(&self, css: &str) {
        let element = self.must(css);
        self.ask("POST", &format!("/element/{element}/click"), &json!({}));
    }

    /// Clicks what submits a form, and waits for the page that answers: without scripts a click
    /// does not wait for it.
    pub(crate) fn submit(&self, css: &str) {
        let before = self.element("html");
        self.click(css);
        let end = Instant::now() + PATIENCE;
        while self.element("html") == before || self.element("footer").is_none() {
            assert!(
                Instant::now() < end,
                "nothing answers {css} on {}",
                self.url()
            );
        }
    }

    /// Types into something.
    pub(crate) fn write(&self, css: &str, text: &str) {
        let element = self.must(css);
        let body = json!({"text": text});
        self.ask("POST", &format!("/element/{element}/value"), &body);
    }

    /// What a person reads on the page.
    pub(crate) fn text(&self) -> String {
        let Some(body) = self.element("body") else {
            return String::new();
        };
        let text = self.ask("GET", &format!("/element/{body}/text"), &Value::Null);
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Runs a script of the test's own in the page.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.ask(
            "POST",
            "/execute/sync",
            &json!({"script": script, "args": []}),
        )
    }

    /// Waits until the page says something.
    pub(crate) fn until_text(&self, wanted: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.text().contains(wanted) {
            assert!(Instant::now() < end, "no `{wanted}` in:\n{}", self.text());
        }
    }

    /// What axe finds on the page: `rule: the element`, empty when there is nothing. It does not
    /// ask frames: one in a sandbox cannot answer.
    pub(crate) fn axe(&self) -> Vec<String> {
        self.run(axe_source());
        let script = "const done = arguments[0]; axe.run(document, {resultTypes: ['violations'], \
                      iframes: false})\
                      .then(found => done(found.violations.flatMap(rule => rule.nodes.map(\
                      node => rule.id + ': ' + node.html + ' ' + node.failureSummary))))\
                      .catch(error => done(['axe fails: ' + error]));";
        let body = json!({"script": script, "args": []});
        let found = self.ask("POST", "/execute/async", &body);
        let list = found.as_array().expect("axe answers with a list");
        list.iter()
            .map(|one| one.as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let path = format!("/session/{}", self.session);
        let _ = std::panic::catch_unwind(|| ask(self.port, "DELETE", &path, None));
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The accessibility checker, which tests/services/browser.sh puts into the user's cache folder.
fn axe_source() -> &'static str {
    static SOURCE: OnceLock<String> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let folder = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        let folder = folder.or_else(home).expect("there is a cache folder");
        let path = folder.join("usher-tests/axe.min.js");
        std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("{}: {error}; run tests/services/browser.sh", path.display())
        })
    })
}

fn ask(port: u16, verb: &str, path: &str, body: Option<&Value>) -> Value {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("chromedriver listens");
    stream
        .set_read_timeout(Some(PATIENCE * 2))
        .expect("a limit can be set");
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = format!(
        "{verb} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("it is taken");
    let answer = read_answer(BufReader::new(stream));
    let value = answer["value"].clone();
    assert!(value["error"].is_null(), "{verb} {path}: {value}");
    value
}

/// Reads one answer. The driver keeps connections open, so its length says where it ends.
fn read_answer(mut stream: BufReader<TcpStream>) -> Value {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("it is answered");
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("it is answered");
    serde_json::from_slice(&body).unwrap_or_default()
}
