//! One connection to the sink: the protocol, as far as a client needs it.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::server::{Act, Safety, Seen, Shared, Stage, Taken};

/// A connection and what it has said so far.
pub(crate) struct Session {
    shared: Arc<Shared>,
    seen: Seen,
    tls: bool,
    greeted: bool,
    login: Option<String>,
    sender: String,
}

/// How a talk ended.
pub(crate) enum End<S> {
    /// The connection is over.
    Over,
    /// The client wants TLS now.
    StartTls(Session, S),
}

/// What a stage does after the script was asked.
enum Go {
    On,
    Said,
    Over,
}

/// A session that begins without TLS.
pub(crate) async fn plain(
    session: Session,
    stream: TcpStream,
    acceptor: Option<&TlsAcceptor>,
) -> io::Result<()> {
    match (session.talk(stream).await?, acceptor) {
        (End::StartTls(session, stream), Some(acceptor)) => {
            let stream = acceptor.accept(stream).await?;
            session.secured().talk(stream).await.map(|_| ())
        }
        _ => Ok(()),
    }
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>) -> Session {
        Session {
            shared,
            seen: Seen::default(),
            tls: false,
            greeted: false,
            login: None,
            sender: String::new(),
        }
    }

    /// The same, within TLS. After STARTTLS there is no second greeting.
    pub(crate) fn secured(mut self) -> Session {
        self.tls = true;
        self
    }

    pub(crate) async fn talk<S>(mut self, stream: S) -> io::Result<End<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut stream = BufReader::new(stream);
        if !self.greeted {
            self.greeted = true;
            match self.ask(Stage::Greeting, &mut stream).await? {
                Go::On => say(&mut stream, "220 sink").await?,
                Go::Said | Go::Over => return Ok(End::Over),
            }
        }
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(End::Over);
            }
            let line = line.trim_end();
            let verb = line.split([' ', ':']).next().unwrap_or_default();
            let go = match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.hello(&mut stream).await?,
                "STARTTLS" if self.shared.safety == Safety::StartTls && !self.tls => {
                    say(&mut stream, "220 go").await?;
                    return Ok(End::StartTls(self, stream.into_inner()));
                }
                "AUTH" => self.log_in(&mut stream, line).await?,
                "MAIL" => self.mail(&mut stream, line).await?,
                "RCPT" => self.recipient(&mut stream, line).await?,
                "DATA" => self.data(&mut stream).await?,
                "RSET" | "NOOP" => {
                    say(&mut stream, "250 ok").await?;
                    Go::On
                }
                "QUIT" => {
                    say(&mut stream, "221 bye").await?;
                    Go::Over
                }
                _ => {
                    say(&mut stream, "500 5.5.1 what?").await?;
                    Go::On
                }
            };
            if matches!(go, Go::Over) {
                return Ok(End::Over);
            }
        }
    }

    /// Asks the script. `Said`: it has answered; `Over`: the connection ends.
    async fn ask<S>(&mut self, stage: Stage, stream: &mut BufReader<S>) -> io::Result<Go>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.seen.stage = Some(stage);
        let script = self.shared.script.lock().expect("no panic").clone();
        match script(&self.seen) {
            Act::Say(at, reply) if at == stage => {
                say(stream, reply).await?;
                let over = reply.starts_with("421") || stage == Stage::Greeting;
                Ok(if over { Go::Over } else { Go::Said })
            }
            Act::Drop(at) if at == stage => Ok(Go::Over),
            Act::Tarpit(at) if at == stage => {
                // Holds the line until the other side lets go.
                let mut line = String::new();
                while stream.read_line(&mut line).await? > 0 {
                    line.clear();
                }
                Ok(Go::Over)
            }
            Act::TakeAndDrop if stage == Stage::Dot => Ok(Go::Over),
            _ => Ok(Go::On),
        }
    }

    async fn hello<S>(&mut self, stream: &mut BufReader<S>) -> io::Result<Go>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let go = self.ask(Stage::Hello, stream).await?;
        if !matches!(go, Go::On) {
            return Ok(go);
        }
        let mut lines = vec!["sink".to_owned(), "8BITMIME".to_owned()];
        if self.shared.safety == Safety::StartTls && !self.tls {
            lines.push("STARTTLS".to_owned());
        }
        let ways = *self.shared.offers_login.lock().expect("no panic");
        if !ways.is_empty() {
            lines.push(format!("AUTH {ways}"));
        }
        lines.push("SMTPUTF8".to_owned());
        let last = lines.len() - 1;
        for (at, line) in lines.iter().enumerate() {
            let mark = if at == last { ' ' } else { '-' };
            say(stream, &format!("250{mark}{line}")).await?;
        }
        Ok(Go::On)
    }

    async fn log_in<S>(&mut self, stream: &mut BufReader<S>, line: &str) -> io::Result<Go>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let go = self.ask(Stage::Login, stream).await?;
        if !matches!(go, Go::On) {
            return Ok(go);
        }
        let mut words = line.split(' ').skip(1);
        let way = words.next().unwrap_or_default();
        let first = words.next().map(decoded);
        let login = match way {
            "PLAIN" => {
                let parts = first.unwrap_or_default();
                let mut parts = parts.split('\0').skip(1).map(str::to_owned);
                (parts.next(), parts.next())
            }
            "XOAUTH2" => {
                let text = first.unwrap_or_default();
                let part = |name: &str| {
                    let mut parts = text.split('\u{1}');
                    parts.find_map(|part| part.strip_prefix(name).map(str::to_owned))
                };
                (part("user="), part("auth=Bearer "))
            }
            _ => {
                say(stream, "334 VXNlcm5hbWU6").await?;
                let user = decoded(read(stream).await?.trim_end());
                say(stream, "334 UGFzc3dvcmQ6").await?;
                (Some(user), Some(decoded(read(stream).await?.trim_end())))
            }
        };
        let (user, secret) = (login.0.unwrap_or_default(), login.1.unwrap_or_default());
        let logins = self.shared.logins.lock().expect("no panic").clone();
        if logins.contains(&format!("{user} {secret}")) {
            self.login = Some(user);
            say(stream, "235 2.7.0 welcome").await?;
        } else {
            say(stream, "535 5.7.8 wrong").await?;
        }
        Ok(Go::On)
    }

    async fn mail<S>(&mut self, stream: &mut BufReader<S>, line: &str) -> io::Result<Go>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.shared.safety == Safety::StartTls && !self.tls {
            say(stream, "530 5.7.0 must issue STARTTLS first").await?;
            return Ok(Go::On);
        }
        {
            let mut mails = self.shared.mails.lock().expect("no panic");
            self.seen.mail = Some(*mails);
            *mails += 1;
        }
        self.sender = address(line);
        self.seen.recipient.clear();
        let go = self.ask(Stage::Sender, stream).await?;
        if matches!(go, Go::On) {
            say(stream, "250 2.1.0 ok").await?;
        }
        Ok(go)
    }

    async fn recipient<S>(&mut self, stream: &mut BufReader<S>, line: &str) -> io::Result<Go>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.seen.recipient = address(line);
        let go = self.ask(Stage::Recipient, stream).await?;
        if matches!(go, Go::On) {
            say(stream, "250 2.1.5 ok").await?;
        }
        Ok(go)
    }

    async fn data<S>(&mut self, stream: &mut BufReader<S>) -> io::Result<Go>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let go = self.ask(Stage::Data, stream).await?;
        if !matches!(go, Go::On) {
            return Ok(go);
        }
        say(stream, "354 go").await?;
        let mut raw = Vec::new();
        loop {
            let mut line = Vec::new();
            if stream.read_until(b'\n', &mut line).await? == 0 {
                return Ok(Go::Over);
            }
            if raw.is_empty() && matches!(self.ask(Stage::Body, stream).await?, Go::Over) {
                return Ok(Go::Over);
            }
            if line == b".\r\n" {
                break;
            }
            let line = line.strip_prefix(b".").unwrap_or(&line);
            raw.extend_from_slice(line);
        }
        let script = self.shared.script.lock().expect("no panic").clone();
        self.seen.stage = Some(Stage::Dot);
        let act = script(&self.seen);
        let refuses = matches!(
            act,
            Act::Say(Stage::Dot, _) | Act::Drop(Stage::Dot) | Act::Tarpit(Stage::Dot)
        );
        if !refuses {
            let taken = Taken {
                sender: self.sender.clone(),
                recipient: self.seen.recipient.clone(),
                raw,
                tls: self.tls,
                login: self.login.clone(),
            };
            self.shared.taken.send_modify(|all| all.push(taken));
        }
        match self.ask(Stage::Dot, stream).await? {
            Go::On => {
                say(stream, "250 2.0.0 taken").await?;
                Ok(Go::On)
            }
            go => Ok(go),
        }
    }
}

async fn say<S>(stream: &mut BufReader<S>, line: &str) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}

async fn read<S>(stream: &mut BufReader<S>) -> io::Result<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    Ok(line)
}

/// What stands in the angle brackets.
fn address(line: &str) -> String {
    let begin = line.find('<').map_or(0, |at| at + 1);
    let end = line.find('>').unwrap_or(line.len());
    line[begin..end].to_owned()
}

fn decoded(text: &str) -> String {
    let mut bits = 0_u32;
    let mut count = 0;
    let mut bytes = Vec::new();
    for letter in text.bytes().filter(|byte| *byte != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).expect("a byte"));
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}
