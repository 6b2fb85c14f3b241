//! A mail server that can be held at any step of the conversation: it tells the test that it has
//! come there, and goes on when the test says so, or never.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Longer than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the conversation is held: just before the server answers to this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// The connection itself.
    Connect,
    /// EHLO.
    Hello,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA.
    Data,
    /// The first line of the mail has come.
    Body,
    /// The final dot has come; the mail is not taken.
    Dot,
    /// The mail is taken, which nobody has been told.
    Taken,
    /// The final reply is out.
    Replied,
}

impl Step {
    pub(crate) const ALL: [Step; 9] = [
        Step::Connect,
        Step::Hello,
        Step::Sender,
        Step::Recipient,
        Step::Data,
        Step::Body,
        Step::Dot,
        Step::Taken,
        Step::Replied,
    ];

    /// Whether the server has the mail when it is held here.
    pub(crate) fn is_taken(self) -> bool {
        self >= Step::Taken
    }
}

/// What the server does from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Takes every mail.
    Take,
    /// Is held at this step, in the first conversation that comes there.
    Hold(Step),
    /// Refuses every recipient for good.
    Refuse,
    /// The same, and is held after the first such reply.
    RefuseAndHold,
}

/// A mail that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) recipient: String,
    /// Headers and body.
    pub(crate) raw: String,
}

#[derive(Debug)]
struct Shared {
    manner: Mutex<Manner>,
    taken: Mutex<Vec<Taken>>,
    reached: Mutex<Sender<Step>>,
    /// Dropped, or sent to: whoever is held goes on.
    go: Mutex<Option<Receiver<()>>>,
}

/// The server.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) at: SocketAddr,
    shared: Arc<Shared>,
    reached: Receiver<Step>,
    go: Mutex<Option<Sender<()>>>,
}

impl Sink {
    /// A server at a free port.
    pub(crate) fn open(manner: Manner) -> Sink {
        Sink::on(TcpListener::bind("127.0.0.1:0").expect("a port"), manner)
    }

    /// A server on this listener.
    pub(crate) fn on(listener: TcpListener, manner: Manner) -> Sink {
        let at = listener.local_addr().expect("an address");
        let (tell, reached) = channel();
        let (go, wait) = channel();
        let shared = Arc::new(Shared {
            manner: Mutex::new(manner),
            taken: Mutex::default(),
            reached: Mutex::new(tell),
            go: Mutex::new(Some(wait)),
        });
        let all = shared.clone();
        // Ends with the process: nobody connects any more.
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let shared = all.clone();
                // A conversation whose other end was killed ends with a fault, as it should.
                std::thread::spawn(move || drop(shared.converse(stream)));
            }
        });
        Sink {
            at,
            shared,
            reached,
            go: Mutex::new(Some(go)),
        }
    }

    /// Waits until a conversation is held.
    pub(crate) fn held(&self) -> Step {
        let step = self.reached.recv_timeout(PATIENCE);
        step.expect("a conversation comes to the step")
    }

    /// Whether nobody comes to the step for so long.
    pub(crate) fn is_left_alone(&self, time: Duration) -> bool {
        self.reached.recv_timeout(time).is_err()
    }

    /// From now on.
    pub(crate) fn set(&self, manner: Manner) {
        *self.shared.manner.lock().expect("no panic") = manner;
    }

    /// Lets the conversation go on that is held, and waits until it is held again (after its
    /// reply).
    pub(crate) fn go_on(&self) -> Step {
        let go = self.go.lock().expect("no panic").take();
        go.expect("it was not let go").send(()).expect("it is held");
        self.held()
    }

    /// What was taken so far.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.shared.taken.lock().expect("no panic").clone()
    }
}

impl Shared {
    /// Comes to a step, and is held there if it is the one.
    fn come(&self, step: Step) {
        let mut manner = self.manner.lock().expect("no panic");
        if *manner != Manner::Hold(step) {
            return;
        }
        *manner = Manner::Take;
        drop(manner);
        self.hold(step);
    }

    fn hold(&self, step: Step) {
        // A test that is over hears nothing.
        let _ = self.reached.lock().expect("no panic").send(step);
        let wait = self.go.lock().expect("no panic").take();
        match wait {
            Some(wait) => drop(wait.recv()),
            None => std::thread::park(),
        }
    }

    fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut out = stream.try_clone()?;
        let mut lines = BufReader::new(stream);
        let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes());
        self.come(Step::Connect);
        say("220 sink")?;
        let mut recipient = String::new();
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match line.get(..4).unwrap_or_default() {
                "EHLO" => {
                    self.come(Step::Hello);
                    say("250-sink")?;
                    say("250-8BITMIME")?;
                    say("250 SMTPUTF8")?;
                }
                "MAIL" => {
                    self.come(Step::Sender);
                    say("250 2.1.0 ok")?;
                }
                "RCPT" => {
                    recipient = address(&line);
                    self.come(Step::Recipient);
                    say(self.answer_to_recipient())?;
                    self.after_refusal();
                }
                "DATA" => {
                    self.come(Step::Data);
                    say("354 go")?;
                    let raw = self.body(&mut lines)?;
                    self.come(Step::Dot);
                    let to = std::mem::take(&mut recipient);
                    let taken = Taken { recipient: to, raw };
                    self.taken.lock().expect("no panic").push(taken);
                    let is_last = *self.manner.lock().expect("no panic");
                    self.come(Step::Taken);
                    say("250 2.0.0 taken")?;
                    if is_last == Manner::Hold(Step::Taken) {
                        self.hold(Step::Replied);
                    }
                }
                "QUIT" => return say("221 bye"),
                _ => say("250 ok")?,
            }
        }
    }

    fn answer_to_recipient(&self) -> &'static str {
        match *self.manner.lock().expect("no panic") {
            Manner::Refuse | Manner::RefuseAndHold => "550 5.1.1 nobody of this name",
            Manner::Take | Manner::Hold(_) => "250 2.1.5 ok",
        }
    }

    fn after_refusal(&self) {
        let mut manner = self.manner.lock().expect("no panic");
        if *manner == Manner::RefuseAndHold {
            *manner = Manner::Refuse;
            drop(manner);
            self.hold(Step::Replied);
        }
    }

    fn body(&self, lines: &mut impl BufRead) -> std::io::Result<String> {
        let mut raw = String::new();
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if raw.is_empty() {
                self.come(Step::Body);
            }
            if line == ".\r\n" {
                return Ok(raw);
            }
            raw.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }
}

/// What stands in the angle brackets.
fn address(line: &str) -> String {
    let inner = line.split(['<', '>']).nth(1);
    inner.unwrap_or_default().to_owned()
}
