//! One client of a race, a process of its own: posts forms or gives a command when the gun is
//! fired.
//!
//! ```text
//!   racer HOST STATE     in:  {"verb": "posts" | "stop" | "terminate", …}     out: ready
//!                        in:  go MICROSECONDS                                out: the answer
//! ```
//!
//! All that takes time is done before it says that it is ready: the connection stands, and with
//! `split` everything but the last byte has been sent.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use usher::client::Client;
use usher::server::protocol::{Answer, Request, RunRef};
use usher::state::{StateDir, Surroundings};
use usher_api::command::{Command, Outcome};

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A form on its way.
struct Post {
    stream: TcpStream,
    /// What is not sent yet.
    rest: Vec<u8>,
}

/// What is ready to be done.
enum Ready {
    Posts { posts: Vec<Post> },
    Command { request: Request },
}

fn main() {
    let mut words = std::env::args().skip(1);
    let host = words.next().expect("the server's address");
    let state = PathBuf::from(words.next().expect("the state directory"));
    let mut client = None;
    let mut ready = None;
    for line in std::io::stdin().lines() {
        let line = line.expect("an order");
        if let Some(after) = line.strip_prefix("go ") {
            wait(after.parse().expect("microseconds"));
            let done = match ready.take().expect("go comes after ready") {
                Ready::Posts { posts } => send(posts),
                Ready::Command { request } => {
                    command(client.as_mut().expect("a connection"), &request)
                }
            };
            say(&done.to_string());
            continue;
        }
        let order: Value = serde_json::from_str(&line).expect("an order");
        if order["verb"] != "posts" {
            client.get_or_insert_with(|| connect(&state));
        }
        ready = Some(prepare(&host, &order));
        say("ready");
    }
}

/// Waits for so long, to the microsecond: what it is that is waited for is the time.
fn wait(micros: u64) {
    let until = Instant::now() + Duration::from_micros(micros);
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        if left > Duration::from_micros(200) {
            std::thread::park_timeout(left - Duration::from_micros(100));
        } else if left.is_zero() {
            break;
        }
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").expect("somebody listens");
    out.flush().expect("somebody listens");
}

fn connect(state: &Path) -> Client {
    let state = StateDir::find(Some(state), &Surroundings::from_env());
    Client::connect(&state.expect("a state directory")).expect("the server answers")
}

fn prepare(host: &str, order: &Value) -> Ready {
    let text = |name: &str| order[name].as_str().unwrap_or_default();
    if text("verb") != "posts" {
        let run = RunRef {
            namespace: "default".to_owned(),
            name: text("run").to_owned(),
        };
        let by = String::new();
        let command = match text("verb") {
            "stop" => Command::Stop {
                by,
                message: None,
                selector: None,
            },
            "terminate" => Command::Terminate { by },
            other => panic!("there is no order {other}"),
        };
        let key = format!("race/{}", text("run"));
        let request = Request::Command { run, command, key };
        return Ready::Command { request };
    }
    let forms = order["forms"].as_array().expect("forms");
    let posts = forms.iter().map(|form| begin(host, form)).collect();
    Ready::Posts { posts }
}

/// Connects and sends what may be sent before the gun.
fn begin(host: &str, form: &Value) -> Post {
    let text = |name: &str| form[name].as_str().unwrap_or_default();
    let mut stream = TcpStream::connect(host).expect("the server listens");
    stream.set_nodelay(true).expect("a socket");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let body = text("body");
    let mut bytes = format!(
        "POST {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nOrigin: http://{host}\r\n\
         Cookie: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        text("path"),
        text("cookies"),
        body.len()
    )
    .into_bytes();
    let rest = match form["split"].as_bool() {
        Some(true) => bytes.split_off(bytes.len() - 1),
        _ => std::mem::take(&mut bytes),
    };
    stream.write_all(&bytes).expect("the server reads");
    Post { stream, rest }
}

/// Sends what is left of all, then reads the answers.
fn send(mut posts: Vec<Post>) -> Value {
    let sent: Vec<bool> = posts
        .iter_mut()
        .map(|post| post.stream.write_all(&post.rest).is_ok())
        .collect();
    let answers = posts.into_iter().zip(sent);
    answers.map(|(post, sent)| answer(post, sent)).collect()
}

/// The status of an answer and the heading of its page. No answer is one too: status 0.
fn answer(mut post: Post, sent: bool) -> Value {
    let mut bytes = Vec::new();
    if !sent || post.stream.read_to_end(&mut bytes).is_err() {
        bytes.clear();
    }
    let text = String::from_utf8_lossy(&bytes);
    let status = text.split(' ').nth(1).and_then(|word| word.parse().ok());
    let heading = text
        .split_once("<h1>")
        .and_then(|(_, rest)| rest.split("</h1>").next());
    json!({"status": status.unwrap_or(0_u16), "heading": heading.unwrap_or_default()})
}

fn command(client: &mut Client, request: &Request) -> Value {
    let answer = client.ask(request);
    match answer {
        Ok(Answer::Outcome { outcome }) => match outcome {
            Outcome::Done { message } => json!({"done": message}),
            Outcome::Refused { code, message } => json!({"refused": code, "message": message}),
        },
        Ok(other) => json!({"other": format!("{other:?}")}),
        Err(error) => json!({"error": error.to_string()}),
    }
}
