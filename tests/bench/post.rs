//! How fast queued mail goes out: against a bare loop of lettre to the same server; and what a long
//! queue takes.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lettre::address::{Address, Envelope};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use rusqlite::Connection;
use suite::{Place, multiply};

use crate::line::{Bounds, Report};
use crate::pending::{PEOPLE, ask_one};
use crate::served::Served;

/// Mails of the bare loop.
const BARE: usize = 2_000;

/// Lines of its mails.
const LINES: usize = 150;

/// A mail server that takes everything and keeps the newest only.
struct Server {
    at: SocketAddr,
    taken: Arc<AtomicUsize>,
}

impl Server {
    fn open() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("an address");
        let taken = Arc::new(AtomicUsize::new(0));
        let count = taken.clone();
        // Ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let count = count.clone();
                std::thread::spawn(move || drop(converse(stream, &count)));
            }
        });
        Server { at, taken }
    }

    fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

fn converse(stream: TcpStream, count: &AtomicUsize) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream);
    out.write_all(b"220 server\r\n")?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        match line.get(..4).unwrap_or_default() {
            b"EHLO" => out.write_all(b"250-server\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")?,
            b"DATA" => {
                out.write_all(b"354 go\r\n")?;
                while line != b".\r\n" {
                    line.clear();
                    lines.read_until(b'\n', &mut line)?;
                }
                count.fetch_add(1, Ordering::Relaxed);
                out.write_all(b"250 taken\r\n")?;
            }
            b"QUIT" => return out.write_all(b"221 bye\r\n"),
            _ => out.write_all(b"250 ok\r\n")?,
        }
    }
}

/// 100,000 mails that wait are carried to a server of ours.
pub(crate) fn run(report: &mut Report) {
    let server = Server::open();
    let place = Place::new();
    let settings = format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"usher@example.org\"\n",
        server.at.port()
    );
    std::fs::write(place.state().join("usher.toml"), settings).expect("a file");
    let served = Served::start(place);
    let empty = served.rss_mib();
    let task = ask_one(&served);
    let place = served.stop();
    let ledger = place.state().join("ledger.db");
    let copies = suite::scaled(100_000) / PEOPLE;
    multiply(&ledger, &task, u32::try_from(copies).expect("few"));
    let queued = queue_again(&ledger, &task);

    let before = server.taken();
    let begun = Instant::now();
    let served = Served::start(place);
    let mut most = 0.0_f64;
    while server.taken() < before + queued {
        assert!(
            begun.elapsed() < Duration::from_secs(900),
            "mail does not go out"
        );
        most = most.max(served.rss_mib());
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let ours = begun.elapsed().as_secs_f64() * 1000.0 / queued as f64;
    served.stop();
    report.figure("mail-queue-memory", most - empty, "MiB", 20.0);
    let bare = bare_loop(server.at);
    report.note("mail-per-second", 1000.0 / ours, "mails/s");
    let bounds = Bounds {
        goal: 1.0 / 0.6,
        limit: 4.0,
    };
    report.ratio("mail", (ours, bare), "ms", bounds);
}

/// The mails of the copies are to be sent once more, the oldest first.
fn queue_again(ledger: &Path, task: &str) -> usize {
    let ledger = Connection::open(ledger).expect("the ledger");
    let again =
        "UPDATE outbox SET phase = 'Queued', due_at = created_at, sent_at = NULL, attempts = 0
                 WHERE task <> ?1 AND phase = 'Sent'";
    ledger.execute(again, [task]).expect("rows")
}

/// One mail after the other over one connection, milliseconds for each.
fn bare_loop(at: SocketAddr) -> f64 {
    let address = |text: &str| text.parse::<Address>().expect("an address");
    let (sender, recipient) = (address("usher@example.org"), address("p0@example.org"));
    let envelope = Envelope::new(Some(sender), vec![recipient]).expect("an envelope");
    // About as long as a request.
    let line = "sixty-four signs of text, more or less, with an end of line\r\n";
    let body = format!("Subject: A question\r\n\r\n{}", line.repeat(LINES));
    let work = async {
        let stream = tokio::net::TcpStream::connect(at)
            .await
            .expect("the server");
        // As ours: without it lettre waits 40 ms for each mail.
        stream.set_nodelay(true).expect("a setting");
        let hello = ClientId::Domain("client".to_owned());
        let connected = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello);
        let mut connection = connected.await.expect("a greeting");
        let begun = Instant::now();
        for _ in 0..BARE {
            let taken = connection.send(&envelope, body.as_bytes()).await;
            assert!(taken.expect("an answer").is_positive());
        }
        begun.elapsed().as_secs_f64() * 1000.0
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(work) / BARE as f64
}
