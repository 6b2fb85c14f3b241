//! Addresses that lead here, elsewhere and nowhere.

use std::net::SocketAddr;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// Answers one connection with this, once a request has come.
async fn server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1_024];
        let count = stream.read(&mut request).await.unwrap();
        let request = String::from_utf8_lossy(&request[..count]).into_owned();
        assert!(request.starts_with("GET /a/style.css HTTP/1.1\r\nHost: 127.0.0.1:"));
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    address
}

fn target(address: SocketAddr, tls: bool) -> Target {
    Target {
        host: address.ip().to_string(),
        port: address.port(),
        tls,
    }
}

async fn said(target: &Target) -> String {
    let error = reach(target).await.unwrap_err();
    let text = error.to_string();
    text.replace(&target.port.to_string(), "PORT")
}

#[actix_rt::test]
async fn pages_are_known_by_their_style() {
    let good = "HTTP/1.1 200 OK\r\ncontent-type: text/css; charset=utf-8\r\n\r\nbody {}";
    assert!(reach(&target(server(good).await, false)).await.is_ok());
}

#[actix_rt::test]
async fn other_servers_are_told_apart() {
    for (answer, first) in [
        (
            "HTTP/1.1 404 Not Found\r\ncontent-type: text/css\r\n\r\n",
            "HTTP/1.1 404 Not Found",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n",
            "HTTP/1.1 200 OK",
        ),
        (
            "220 mail.example.org ESMTP\r\n",
            "220 mail.example.org ESMTP",
        ),
        ("", ""),
    ] {
        assert_eq!(
            said(&target(server(answer).await, false)).await,
            format!(
                "127.0.0.1, port PORT, answers `{first}` to /a/style.css, which is not what \
                 Usher's pages say"
            )
        );
    }
}

#[actix_rt::test]
async fn nobody_is_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(
        said(&target(address, false)).await,
        "nobody listens on port PORT of 127.0.0.1"
    );
    let nowhere = Target {
        host: "nowhere.invalid".to_owned(),
        port: 443,
        tls: true,
    };
    let error = reach(&nowhere).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the name `nowhere.invalid` is not known here"
    );
}

/// A certificate that nobody vouches for is refused, as a browser refuses it.
#[actix_rt::test]
async fn a_certificate_of_nobody() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let refused = TlsAcceptor::from(Arc::new(config)).accept(stream).await;
        assert!(refused.is_err());
    });
    let error = reach(&target(address, true)).await.unwrap_err();
    assert!(matches!(error, Unreached::Tls { .. }), "{error}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("UnknownIssuer"), "{cause}");
    // Plain speech on a port of TLS is no page, too.
    let plain = target(server("HTTP/1.1 400 Bad Request\r\n\r\n").await, false);
    assert!(matches!(reach(&plain).await, Err(Unreached::Other { .. })));
}
