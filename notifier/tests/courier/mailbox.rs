//! The development mailbox over HTTP: who may open it, and what it shows.

use std::sync::Arc;

use actix_web::{App, HttpServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use usher_notifier::mailbox::{self, Mailbox, MailboxPages};

use crate::ground::{Ground, written};

/// An answer.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// The pages on a port of their own, with two mails.
struct Served {
    port: u16,
    /// `/mailbox?key=…`
    path: String,
    cookie: String,
    ground: Ground,
}

impl Served {
    async fn new() -> Served {
        let mut ground = Ground::new();
        let plain = written("plain", "ada@example.org", |mail| {
            mail.text = "Grüße\n.\n".to_owned();
        });
        let both = written("both", "bob@example.org", |mail| {
            mail.html = Some("<p>Hello <b>you</b></p><script>x</script>".to_owned());
        });
        ground.start(Arc::new(Mailbox::new(ground.ports.clock.clone())));
        for mail in [plain, both] {
            ground.post(vec![mail]).await;
            ground.wait_empty().await;
        }
        let pages = Arc::new(MailboxPages::new(ground.ports.clone()).expect("random bytes"));
        let path = pages.path();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let app = move || {
            let pages = pages.clone();
            App::new().configure(move |config| mailbox::configure(config, pages))
        };
        let server = HttpServer::new(app).workers(1).disable_signals();
        tokio::spawn(server.listen(listener).expect("it listens").run());
        let mut served = Served {
            port,
            path,
            cookie: String::new(),
            ground,
        };
        let path = served.path.clone();
        let opened = served.get(&path).await;
        let cookie = opened.header("set-cookie").expect("a cookie");
        served.cookie = cookie.split(';').next().expect("a value").to_owned();
        served
    }

    async fn get(&self, path: &str) -> Answer {
        let host = format!("127.0.0.1:{}", self.port);
        self.ask("GET", path, &host, "").await
    }

    async fn ask(&self, verb: &str, path: &str, host: &str, more: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))
            .await
            .expect("a line");
        let cookie = match self.cookie.as_str() {
            "" => String::new(),
            cookie => format!("Cookie: {cookie}\r\n"),
        };
        let text = format!(
            "{verb} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{cookie}{more}\r\n"
        );
        stream.write_all(text.as_bytes()).await.expect("it is sent");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.expect("an answer");
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).expect("ASCII");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Answer {
            status: status.expect("a status"),
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }
}

/// The key opens, leaves the address bar, and is not what the cookie holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_opens_and_goes() {
    let served = Served::new().await;
    let opened = served.get(&served.path).await;
    assert_eq!(
        (opened.status, opened.header("location")),
        (303, Some("/mailbox"))
    );
    let cookie = opened.header("set-cookie").expect("a cookie");
    assert!(
        cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/mailbox"),
        "{cookie}"
    );
    let key = served.path.split('=').nth(1).expect("a key");
    assert!(!cookie.contains(key));
    assert_eq!(served.get("/mailbox").await.status, 200);
    let policy = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'none'; \
         frame-ancestors 'none'; base-uri 'none'";
    let list = served.get("/mailbox").await;
    assert_eq!(list.header("content-security-policy"), Some(policy));
    assert_eq!(list.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(list.header("cache-control"), Some("no-store"));
}

/// No key, a wrong key, a wrong cookie, a name that is not this machine's, a proxy: 403.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_gets_in() {
    let mut served = Served::new().await;
    let here = format!("127.0.0.1:{}", served.port);
    let paths = [
        "/mailbox",
        "/mailbox/1",
        "/mailbox/1/raw",
        "/mailbox/2/html",
    ];
    for path in paths {
        assert_eq!(served.get(path).await.status, 200, "{path}");
        let evil = format!("evil.example:{}", served.port);
        assert_eq!(
            served.ask("GET", path, &evil, "").await.status,
            403,
            "{path}"
        );
        let by_proxy = "X-Forwarded-For: 10.0.0.1\r\n";
        assert_eq!(
            served.ask("GET", path, &here, by_proxy).await.status,
            403,
            "{path}"
        );
    }
    let with_key = served.path.clone();
    assert_eq!(
        served
            .ask("GET", &with_key, "evil.example", "")
            .await
            .status,
        403
    );
    let cookies = [String::new(), "usher-mailbox=00".to_owned()];
    for cookie in cookies {
        served.cookie = cookie;
        for path in paths {
            let answer = served.get(path).await;
            assert_eq!(answer.status, 403, "{path}");
            assert_eq!(answer.header("set-cookie"), None);
        }
        assert_eq!(served.get("/mailbox?key=wrong").await.status, 403);
        assert_eq!(served.get("/mailbox?key=").await.status, 403);
    }
}

/// The raw view is the stored mail to the byte; the HTML part comes with a policy that lets no
/// script run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_shows_mails() {
    let served = Served::new().await;
    let rows = served.ground.ports.store.read(|r| r.boxed(10)).await;
    for row in rows.expect("it can be read") {
        let raw = served.get(&format!("/mailbox/{}/raw", row.id)).await;
        assert_eq!(raw.body, row.mail.raw);
        assert_eq!(
            raw.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(raw.header("x-content-type-options"), Some("nosniff"));
        let page = served.get(&format!("/mailbox/{}", row.id)).await;
        assert_eq!(page.status, 200);
        let part = served.get(&format!("/mailbox/{}/html", row.id)).await;
        let wanted = if row.mail.recipient == "bob@example.org" {
            200
        } else {
            404
        };
        assert_eq!(part.status, wanted);
        if wanted == 200 {
            let policy = part.header("content-security-policy").expect("a policy");
            assert_eq!(policy, usher_notifier_core::page::BOXED_POLICY);
            let body = String::from_utf8(part.body).expect("UTF-8");
            assert!(body.contains("<p>Hello <b>you</b></p>"), "{body}");
        }
    }
    for path in [
        "/mailbox/99",
        "/mailbox/x",
        "/mailbox/1/x",
        "/mailbox?page=x",
    ] {
        assert_eq!(served.get(path).await.status, 404, "{path}");
    }
    let here = format!("localhost:{}", served.port);
    let head = served.ask("HEAD", "/mailbox/1", &here, "").await;
    assert_eq!((head.status, head.body), (200, Vec::new()));
    assert_eq!(
        served
            .ask("POST", "/mailbox/1", &here, "Content-Length: 0\r\n")
            .await
            .status,
        404
    );
}
