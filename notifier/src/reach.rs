//! Whether the address that links begin with leads here: what `usher doctor` asks.
//!
//! It goes the way of a browser: name, connection, TLS, and a file that only these pages have.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::smtp::tls;

/// How long the whole may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// So much of an answer is read.
const ANSWER_MAX: u64 = 64 << 10;

/// The file that is asked for.
const FILE: &str = "/a/style.css";

/// Where pages are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// A name or an address; an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether it is https.
    pub tls: bool,
}

/// Why an address does not lead to the pages.
#[derive(Debug, thiserror::Error)]
pub enum Unreached {
    /// The name is not known.
    #[error("the name `{host}` is not known here")]
    HostUnknown {
        /// The name.
        host: String,
        /// What the resolver said.
        #[source]
        source: io::Error,
    },
    /// Nobody listens.
    #[error("nobody listens on port {port} of {host}")]
    Refused {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// No answer.
    #[error("{host}, port {port}, gave no answer within {} s", PATIENCE.as_secs())]
    Silent {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// Another fault of the network.
    #[error("{host} cannot be reached")]
    Network {
        /// The host.
        host: String,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// No TLS, or a certificate that browsers would not believe.
    #[error("no TLS with {host}")]
    Tls {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It answers, but not with these pages.
    #[error("{host}, port {port}, answers {answer} to {FILE}, which is not what Usher's pages say")]
    Other {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The first line of the answer.
        answer: String,
    },
}

/// Asks for a file of the pages as a browser would.
///
/// # Errors
/// What keeps a browser from the pages.
pub async fn reach(target: &Target) -> Result<(), Unreached> {
    let asked = tokio::time::timeout(PATIENCE, ask(target)).await;
    asked.unwrap_or_else(|_| {
        Err(Unreached::Silent {
            host: target.host.clone(),
            port: target.port,
        })
    })
}

async fn ask(target: &Target) -> Result<(), Unreached> {
    let host = || target.host.clone();
    let broken = |source| Unreached::Network {
        host: host(),
        source,
    };
    let stream = connect(target).await?;
    let answer = if target.tls {
        let failed = |source| Unreached::Tls {
            host: host(),
            source,
        };
        let config = tls::config(None).map_err(|fault| failed(io::Error::other(fault)))?;
        let name = ServerName::try_from(target.host.clone())
            .map_err(|error| failed(io::Error::other(error)))?;
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, stream).await.map_err(failed)?;
        talk(target, stream).await.map_err(broken)?
    } else {
        talk(target, stream).await.map_err(broken)?
    };
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    let first = head.lines().next().unwrap_or_default();
    let mut words = first.split(' ');
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    let is_style = head
        .to_ascii_lowercase()
        .contains("\r\ncontent-type: text/css");
    if is_http && words.next() == Some("200") && is_style {
        return Ok(());
    }
    let answer: String = first.chars().filter(|c| !c.is_control()).take(60).collect();
    Err(Unreached::Other {
        host: host(),
        port: target.port,
        answer: format!("`{answer}`"),
    })
}

async fn connect(target: &Target) -> Result<TcpStream, Unreached> {
    let host = || target.host.clone();
    let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
    let found = found.map_err(|source| Unreached::HostUnknown {
        host: host(),
        source,
    })?;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in found {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(match last.kind() {
        io::ErrorKind::ConnectionRefused => Unreached::Refused {
            host: host(),
            port: target.port,
        },
        _ => Unreached::Network {
            host: host(),
            source: last,
        },
    })
}

async fn talk(
    target: &Target,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
) -> io::Result<String> {
    let host = match target.host.contains(':') {
        true => format!("[{}]", target.host),
        false => target.host.clone(),
    };
    let port = target.port;
    let request = format!(
        "GET {FILE} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: usher-doctor\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    let read = stream.take(ANSWER_MAX).read_to_end(&mut answer).await;
    // Many servers end TLS without saying so; what was said before is all there is.
    if let Err(error) = read
        && answer.is_empty()
    {
        return Err(error);
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests;
