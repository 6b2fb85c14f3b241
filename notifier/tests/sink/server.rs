//! A mail server for tests: keeps the raw bytes, and plays every fault that a server can have.
//!
//! ```text
//!   Sink::start(Safety, Script) ─► thread with its own runtime ─► 127.0.0.1:port
//!   script(mail, recipient, stage) ─► Act
//! ```

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

use super::session::{self, Session};

/// What the sink does with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Takes it.
    Take,
    /// Answers so at this stage: `451 4.3.0 later`.
    Say(Stage, &'static str),
    /// Hangs up at this stage, without an answer.
    Drop(Stage),
    /// Keeps the mail and hangs up instead of the last answer.
    TakeAndDrop,
    /// Says nothing more at this stage, and holds the connection.
    Tarpit(Stage),
}

/// Where in the dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// At the connection.
    Greeting,
    /// `EHLO`.
    Hello,
    /// `AUTH`.
    Login,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA`.
    Data,
    /// After some bytes of the body, before the final dot.
    Body,
    /// After the final dot.
    Dot,
}

/// How connections are made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Safety {
    /// Not at all.
    Plain,
    /// STARTTLS is offered, and mail refused without.
    StartTls,
    /// TLS from the first byte.
    Implicit,
}

/// What is known of a mail when the sink asks what to do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// Which mail of all, from 0; not known before `MAIL FROM`.
    pub mail: Option<usize>,
    /// The recipient, from `RCPT TO` on.
    pub recipient: String,
    /// Where.
    pub stage: Option<Stage>,
}

/// Decides what happens, at every stage.
pub(crate) type Script = Arc<dyn Fn(&Seen) -> Act + Send + Sync>;

/// A mail as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The envelope's sender.
    pub sender: String,
    /// The envelope's recipient.
    pub recipient: String,
    /// Without the dots that the protocol puts in, up to the final dot.
    pub raw: Vec<u8>,
    /// Whether it came over TLS.
    pub tls: bool,
    /// Who had logged in.
    pub login: Option<String>,
}

/// What all sessions share.
pub(crate) struct Shared {
    pub(crate) script: Mutex<Script>,
    pub(crate) taken: watch::Sender<Vec<Taken>>,
    pub(crate) connections: watch::Sender<usize>,
    pub(crate) mails: Mutex<usize>,
    pub(crate) logins: Mutex<HashSet<String>>,
    pub(crate) safety: Safety,
    pub(crate) acceptor: Option<TlsAcceptor>,
    pub(crate) offers_login: Mutex<&'static str>,
}

/// The server. Ends when it is dropped.
pub(crate) struct Sink {
    shared: Arc<Shared>,
    address: SocketAddr,
    root: Vec<u8>,
    stop: Option<mpsc::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Sink {
    /// A sink that takes everything.
    pub(crate) fn plain() -> Sink {
        Sink::start(Safety::Plain, |_| Act::Take)
    }

    /// A sink with a script.
    pub(crate) fn start(
        safety: Safety,
        script: impl Fn(&Seen) -> Act + Send + Sync + 'static,
    ) -> Sink {
        Sink::named(safety, "localhost", script)
    }

    /// A sink whose certificate has this name.
    pub(crate) fn named(
        safety: Safety,
        name: &str,
        script: impl Fn(&Seen) -> Act + Send + Sync + 'static,
    ) -> Sink {
        let (root, acceptor) = certified(name);
        let shared = Arc::new(Shared {
            script: Mutex::new(Arc::new(script)),
            taken: watch::Sender::new(Vec::new()),
            connections: watch::Sender::new(0),
            mails: Mutex::new(0),
            logins: Mutex::default(),
            safety,
            acceptor: (safety != Safety::Plain).then_some(acceptor),
            offers_login: Mutex::new("PLAIN LOGIN XOAUTH2"),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let mut sink = Sink {
            shared,
            address,
            root,
            stop: None,
            thread: None,
        };
        sink.serve(listener);
        sink
    }

    fn serve(&mut self, listener: std::net::TcpListener) {
        let (stop, mut stopped) = mpsc::channel(1);
        let shared = self.shared.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                listener.set_nonblocking(true).expect("it can be so");
                let listener = TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    () = accept(listener, shared) => {}
                    _ = stopped.recv() => {}
                }
            });
        });
        self.stop = Some(stop);
        self.thread = Some(thread);
    }

    /// Dies: open connections are cut, new ones are refused. Returns when it is dead.
    pub(crate) fn die(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the sink's thread has not panicked");
        }
    }

    /// Comes back at the same port, with what it has taken.
    pub(crate) fn revive(&mut self) {
        let listener = std::net::TcpListener::bind(self.address).expect("its own port");
        self.serve(listener);
    }

    /// Plays another script from now on.
    pub(crate) fn play(&self, script: impl Fn(&Seen) -> Act + Send + Sync + 'static) {
        *self.shared.script.lock().expect("no panic") = Arc::new(script);
    }

    /// Lets only this name and secret in, `name secret`.
    pub(crate) fn lets_in(&self, login: &str) {
        let mut logins = self.shared.logins.lock().expect("no panic");
        logins.insert(login.to_owned());
    }

    /// Offers these ways of logging in; empty for none.
    pub(crate) fn offers(&self, ways: &'static str) {
        *self.shared.offers_login.lock().expect("no panic") = ways;
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The root of its certificate, PEM.
    pub(crate) fn root(&self) -> Vec<u8> {
        self.root.clone()
    }

    /// What it has taken so far.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.shared.taken.borrow().clone()
    }

    /// How many it has taken so far.
    pub(crate) fn count(&self) -> usize {
        self.shared.taken.borrow().len()
    }

    /// How many connections it had so far.
    pub(crate) fn connections(&self) -> usize {
        *self.shared.connections.borrow()
    }

    /// Waits for so many mails.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Taken> {
        let mut taken = self.shared.taken.subscribe();
        let enough = taken.wait_for(|taken| taken.len() >= count);
        let within = std::time::Duration::from_secs(60);
        match tokio::time::timeout(within, enough).await {
            Ok(taken) => taken.expect("the sink lives").clone(),
            Err(_) => panic!("{} of {count} mails came", self.count()),
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.die();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                shared.connections.send_modify(|count| *count += 1);
                sessions.spawn(begin(stream, shared.clone()));
            }
            Some(_) = sessions.join_next() => {}
        }
    }
}

async fn begin(stream: TcpStream, shared: Arc<Shared>) {
    stream.set_nodelay(true).expect("it can be so");
    // A session ends by an error whenever the other side hangs up: that is no fault of the test.
    let session = Session::new(shared.clone());
    let _ = match (shared.safety, &shared.acceptor) {
        (Safety::Implicit, Some(acceptor)) => match acceptor.accept(stream).await {
            Ok(stream) => session.secured().talk(stream).await.map(|_| ()),
            Err(error) => Err(error),
        },
        (_, acceptor) => session::plain(session, stream, acceptor.as_ref()).await,
    };
}

/// A server's certificate, and the root that signed it; all PEM.
pub(crate) struct Certificate {
    pub(crate) root: String,
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// A root of our own, and a certificate for this name.
pub(crate) fn certificate(name: &str) -> Certificate {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let root_key = KeyPair::generate().expect("a key");
    let mut root = CertificateParams::new(Vec::new()).expect("no names");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let signed = root.self_signed(&root_key).expect("it signs itself");
    let issuer = Issuer::new(root, root_key);
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let leaf = leaf.signed_by(&key, &issuer).expect("the root signs");
    Certificate {
        root: signed.pem(),
        certificate: leaf.pem(),
        key: key.serialize_pem(),
    }
}

fn certified(name: &str) -> (Vec<u8>, TlsAcceptor) {
    use rustls::pki_types::pem::PemObject as _;
    let made = certificate(name);
    let leaf = rustls::pki_types::CertificateDer::from_pem_slice(made.certificate.as_bytes());
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(made.key.as_bytes());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.expect("PEM")], key.expect("PEM"))
        .expect("a certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    (made.root.into_bytes(), acceptor)
}
