//! Where the pages are: the listener, and the file that tells their owner.
//!
//! Links are in mails for weeks, so an engine listens where the one before did: the port is kept in
//! the state directory. Without a configured address it is the usual one, and when somebody else
//! has that, any free one.

use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::state::StateDir;

/// The usual port, that of Argo's server.
pub const PORT: u16 = 2746;

/// What the file says; only the owner of the state directory may read it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Web {
    /// Where the pages are.
    pub at: SocketAddr,
    /// The path that opens the development mailbox, with its key; none when mail goes to a server.
    pub mailbox: Option<String>,
}

impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Web")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl Web {
    /// What the last engine of a state directory wrote; none when there was none with pages.
    #[must_use]
    pub fn read(state: &StateDir) -> Option<Web> {
        let bytes = std::fs::read(path(state)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes it, readable by the owner alone.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, state: &StateDir) -> anyhow::Result<()> {
        let path = path(state);
        let what = || format!("write {}", path.display());
        let new = path.with_extension("new");
        let _ = std::fs::remove_file(&new);
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)
            .with_context(what)?;
        let bytes = serde_json::to_vec(self).with_context(what)?;
        file.write_all(&bytes).with_context(what)?;
        std::fs::rename(&new, &path).with_context(what)
    }

    /// The address that opens the development mailbox, if there is one.
    #[must_use]
    pub fn mailbox_url(&self) -> Option<String> {
        let path = self.mailbox.as_ref()?;
        Some(format!("http://{}{path}", self.at))
    }
}

fn path(state: &StateDir) -> PathBuf {
    state.path().join("web.json")
}

/// Listens at the address that was asked for, else where the pages were last, else at the usual
/// port, else anywhere on loopback.
///
/// # Errors
/// When the address that was asked for cannot be had, or none at all.
pub fn listen(wanted: Option<SocketAddr>, last: Option<SocketAddr>) -> anyhow::Result<TcpListener> {
    if let Some(wanted) = wanted {
        return TcpListener::bind(wanted)
            .with_context(|| format!("listen on {wanted}: set server.listen to another address"));
    }
    let usual = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    last.into_iter()
        .chain([usual(PORT)])
        .find_map(|at| TcpListener::bind(at).ok())
        .map_or_else(|| TcpListener::bind(usual(0)), Ok)
        .context("listen on loopback")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A port that is taken is not insisted on, unless it was asked for.
    #[test]
    fn a_free_port_is_found() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = taken.local_addr().expect("it has an address");
        assert!(listen(Some(at), None).is_err());
        let other = listen(None, Some(at)).expect("another port");
        assert_ne!(other.local_addr().expect("it has an address"), at);
        drop(taken);
        let again = listen(None, Some(at)).expect("the port of before");
        assert_eq!(again.local_addr().expect("it has an address"), at);
    }

    /// The key is not shown by accident.
    #[test]
    fn the_key_is_not_in_the_debug_text() {
        let web = Web {
            at: "127.0.0.1:1".parse().expect("an address"),
            mailbox: Some("/mailbox?key=abc".to_owned()),
        };
        assert!(!format!("{web:?}").contains("abc"));
        let url = web.mailbox_url();
        assert_eq!(url.as_deref(), Some("http://127.0.0.1:1/mailbox?key=abc"));
    }
}
