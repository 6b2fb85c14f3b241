//! TLS with a mail server: whose certificates are believed, and why one is not.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use super::Fault;

/// What is believed: the system's roots, and one more.
pub(crate) fn config(root: Option<&[u8]>) -> Result<ClientConfig, Fault> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if let Some(pem) = root {
        further(&mut roots, pem)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::Root {
            reason: error.to_string(),
        })?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn further(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), Fault> {
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| Fault::Root {
            reason: error.to_string(),
        })?;
        roots.add(certificate).map_err(|error| Fault::Root {
            reason: error.to_string(),
        })?;
        count += 1;
    }
    match count {
        0 => Err(Fault::Root {
            reason: "it holds no certificate".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// What went wrong with a handshake.
pub(super) fn fault(server: String, implicit: bool, error: &std::io::Error) -> Fault {
    let inner = error
        .get_ref()
        .and_then(|e| e.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(why)) => Fault::Certificate {
            server,
            reason: certificate(why),
        },
        Some(rustls::Error::InvalidMessage(_)) if implicit => Fault::NotTls { server },
        _ => Fault::Tls {
            server,
            reason: error.to_string(),
        },
    }
}

fn certificate(why: &CertificateError) -> String {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired: renew it on the mail server (is this machine's clock right?)".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet: is this machine's clock right?".into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("it is for another name: give the host as the certificate has it ({why})")
        }
        CertificateError::UnknownIssuer => {
            "it was issued by nobody known here: give its root as a further root certificate".into()
        }
        other => other.to_string(),
    }
}
