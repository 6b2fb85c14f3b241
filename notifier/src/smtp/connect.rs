//! A connection to the mail server: found, made safe, greeted, logged in.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::line::Line;
use super::reply::Said;
use super::{Fault, Server, tls};
use crate::ports::{Login, Tls};

/// A reply before TLS may have so many bytes.
const REPLY_MAX: usize = 16_384;

/// `host:port`, for texts.
pub(super) fn name(server: &Server) -> String {
    format!("{}:{}", server.smtp.host, server.smtp.port)
}

/// The fault of a server that takes too long.
pub(super) fn silent(server: &Server, patience: Duration) -> Fault {
    Fault::Silent {
        server: name(server),
        seconds: patience.as_secs(),
    }
}

/// Connects, and logs in.
pub(super) async fn connect(server: &Server) -> Result<AsyncSmtpConnection, Fault> {
    let (stream, peer) = reach(server).await?;
    let line = match (server.smtp.tls, &server.tls) {
        (Tls::Implicit, Some(config)) => {
            let stream = secure(server, config, stream, true).await?;
            Line::tls(stream, peer, false)
        }
        (Tls::StartTls, Some(config)) => {
            let stream = ask_for_tls(server, stream).await?;
            let stream = secure(server, config, stream, false).await?;
            Line::tls(stream, peer, true)
        }
        (Tls::Implicit | Tls::StartTls, None) | (Tls::None, _) => {
            if !peer.ip().is_loopback() {
                let server = name(server);
                return Err(Fault::TlsNeeded { server });
            }
            Line::plain(stream, peer)
        }
    };
    let hello = ClientId::Domain(server.hello.clone());
    let mut connection = AsyncSmtpConnection::connect_with_transport(Box::new(line), &hello)
        .await
        .map_err(|error| match Said::of(&error) {
            Some(said) => Fault::Turned {
                server: name(server),
                reply: said.to_string(),
            },
            None => broken(server, &error),
        })?;
    log_in(server, &mut connection).await?;
    Ok(connection)
}

fn broken(server: &Server, error: &dyn std::error::Error) -> Fault {
    Fault::Broken {
        server: name(server),
        reason: error.to_string(),
    }
}

async fn reach(server: &Server) -> Result<(TcpStream, SocketAddr), Fault> {
    let host = server.smtp.host.as_str();
    let found = tokio::net::lookup_host((host, server.smtp.port)).await;
    let unknown = |source| Fault::HostUnknown {
        host: host.to_owned(),
        source: Arc::new(source),
    };
    let mut last = None;
    for address in found.map_err(unknown)? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Without this each mail waits for a delayed acknowledgement.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY cannot be set");
                }
                return Ok((stream, address));
            }
            Err(error) => last = Some(error),
        }
    }
    let server = name(server);
    match last {
        Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Err(Fault::ConnectionRefused { server })
        }
        Some(error) => Err(Fault::Unreachable {
            server,
            source: Arc::new(error),
        }),
        None => Err(unknown(io::Error::other("it has no address"))),
    }
}

async fn secure(
    server: &Server,
    config: &Arc<ClientConfig>,
    stream: TcpStream,
    implicit: bool,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Fault> {
    let host = server.smtp.host.clone();
    let host = ServerName::try_from(host).map_err(|error| Fault::Tls {
        server: name(server),
        reason: error.to_string(),
    })?;
    let connector = TlsConnector::from(config.clone());
    let secured = connector.connect(host, stream).await;
    secured.map_err(|error| tls::fault(name(server), implicit, &error))
}

/// The dialog before TLS. What the server says beyond it is an attack, and ends it: it would be
/// taken for what was said within TLS.
async fn ask_for_tls(server: &Server, mut stream: TcpStream) -> Result<TcpStream, Fault> {
    let turned = |code: u16, lines: Vec<String>| Fault::Turned {
        server: name(server),
        reply: format!("{code} {}", lines.join(" ")),
    };
    let (code, lines) = read_reply(server, &mut stream).await?;
    if code != 220 {
        return Err(turned(code, lines));
    }
    let hello = format!("EHLO {}\r\n", server.hello);
    say(server, &mut stream, &hello).await?;
    let (code, lines) = read_reply(server, &mut stream).await?;
    if code != 250 {
        return Err(turned(code, lines));
    }
    let offers = |line: &String| line.trim().eq_ignore_ascii_case("STARTTLS");
    if !lines.iter().skip(1).any(offers) {
        let server = name(server);
        return Err(Fault::NoStartTls { server });
    }
    say(server, &mut stream, "STARTTLS\r\n").await?;
    let (code, lines) = read_reply(server, &mut stream).await?;
    if code != 220 {
        return Err(turned(code, lines));
    }
    Ok(stream)
}

async fn say(server: &Server, stream: &mut TcpStream, text: &str) -> Result<(), Fault> {
    let written = stream.write_all(text.as_bytes()).await;
    written.map_err(|error| broken(server, &error))
}

/// A whole reply: its code and its lines without codes. Not a byte more may have come.
async fn read_reply(server: &Server, stream: &mut TcpStream) -> Result<(u16, Vec<String>), Fault> {
    let odd = |reason: &str| Fault::Broken {
        server: name(server),
        reason: reason.to_owned(),
    };
    let mut read = Vec::new();
    loop {
        let mut chunk = [0_u8; 1024];
        let count = stream.read(&mut chunk).await;
        let count = count.map_err(|error| broken(server, &error))?;
        if count == 0 {
            return Err(odd("it hung up before it had answered"));
        }
        read.extend_from_slice(&chunk[..count]);
        if read.len() > REPLY_MAX {
            return Err(odd("its answer does not end"));
        }
        let text = String::from_utf8_lossy(&read);
        match whole_reply(&text) {
            Reply::More => {}
            Reply::Odd(reason) => return Err(odd(reason)),
            Reply::Whole(code, lines) => return Ok((code, lines)),
        }
    }
}

enum Reply {
    More,
    Odd(&'static str),
    Whole(u16, Vec<String>),
}

fn whole_reply(text: &str) -> Reply {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((line, after)) = rest.split_once("\r\n") {
        let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
        let Some(code) = code else {
            return Reply::Odd("its answer is no reply of a mail server");
        };
        lines.push(line.get(4..).unwrap_or_default().to_owned());
        rest = after;
        if line.as_bytes().get(3) != Some(&b'-') {
            return match rest {
                "" => Reply::Whole(code, lines),
                _ => Reply::Odd("it said more than it was asked before TLS"),
            };
        }
    }
    // What cannot become a reply any more need not be waited for.
    let digits = rest.bytes().take(3).all(|byte| byte.is_ascii_digit());
    match digits {
        true => Reply::More,
        false => Reply::Odd("its answer is no reply of a mail server"),
    }
}

async fn log_in(server: &Server, connection: &mut AsyncSmtpConnection) -> Result<(), Fault> {
    let (user, secret, mechanisms): (_, _, &[Mechanism]) = match &server.smtp.login {
        Login::None => return Ok(()),
        Login::Password(user, secret) => (user, secret, &[Mechanism::Plain, Mechanism::Login]),
        Login::Token(user, secret) => (user, secret, &[Mechanism::Xoauth2]),
    };
    let credentials = Credentials::new(user.clone(), secret.clone());
    let answer = connection.auth(mechanisms, &credentials).await;
    let Err(error) = answer else { return Ok(()) };
    let server_name = name(server);
    Err(match Said::of(&error) {
        Some(said) if said.code / 100 == 4 => Fault::NotNow {
            server: server_name,
            reply: said.to_string(),
        },
        Some(said) => Fault::LoginRefused {
            server: server_name,
            user: user.clone(),
            reply: said.to_string(),
        },
        None if error.is_client() => {
            let names: Vec<String> = mechanisms.iter().map(ToString::to_string).collect();
            Fault::NoLogin {
                server: server_name,
                reason: format!("it knows none of {}", names.join(", ")),
            }
        }
        None => broken(server, &error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match whole_reply(text) {
            Reply::More => "more".to_owned(),
            Reply::Odd(reason) => reason.to_owned(),
            Reply::Whole(code, lines) => format!("{code} {lines:?}"),
        }
    }

    /// What is said before TLS is read to the byte.
    #[test]
    fn replies_before_tls() {
        let table = [
            ("", "more"),
            ("22", "more"),
            ("220 hi", "more"),
            ("220 hi\r\n", r#"220 ["hi"]"#),
            ("220\r\n", r#"220 [""]"#),
            ("250-a\r\n250-STARTTLS\r\n", "more"),
            ("250-a\r\n250 STARTTLS\r\n", r#"250 ["a", "STARTTLS"]"#),
            (
                "220 go\r\n250 evil\r\n",
                "it said more than it was asked before TLS",
            ),
            ("220 go\r\n2", "it said more than it was asked before TLS"),
            ("SSH-2.0-x\r\n", "its answer is no reply of a mail server"),
            ("SSH", "its answer is no reply of a mail server"),
            (
                "\u{fffd}\u{fffd}",
                "its answer is no reply of a mail server",
            ),
        ];
        for (text, wanted) in table {
            assert_eq!(read(text), wanted, "{text:?}");
        }
    }
}
