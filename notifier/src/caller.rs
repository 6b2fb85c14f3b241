//! Who is at the other end of a connection to the API.
//!
//! There are no passwords here and no `--as`: on loopback the kernel knows which account holds the
//! other end of a TCP connection, as it does for a socket. Any other connection has no caller.

use std::net::{IpAddr, SocketAddr};

/// Both ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// The client's end.
    pub peer: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
}

/// Tells the account of a caller.
pub trait Caller: Send + Sync {
    /// The account's name; none when nobody knows it.
    fn account(&self, connection: Connection) -> Option<String>;
}

/// Accounts of this machine, by the kernel's table of connections.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalAccounts;

impl Caller for LocalAccounts {
    fn account(&self, connection: Connection) -> Option<String> {
        let (peer, local) = (plain(connection.peer), plain(connection.local));
        if !peer.ip().is_loopback() || !is_near(local) {
            return None;
        }
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        let uid = tables
            .iter()
            .find_map(|path| owner(&read(path), peer, local))?;
        Some(account_name(uid))
    }
}

/// The account that holds `peer`'s end of the connection from it to `local`, of a table of the
/// kernel's. An account's number is there while the connection is established; a closed one is
/// nobody's (its row says 0, which is not root's doing).
fn owner(table: &str, peer: SocketAddr, local: SocketAddr) -> Option<u32> {
    const ESTABLISHED: &str = "01";
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (from, to, state) = (fields.next()?, fields.next()?, fields.next()?);
        let uid = fields.nth(3)?;
        let to = end(to)?;
        let is_here = to == local || (local.ip().is_unspecified() && to.port() == local.port());
        let fits = state == ESTABLISHED && end(from)? == peer && is_here;
        fits.then(|| uid.parse().ok()).flatten()
    })
}

/// Whether our own end may be loopback's: it is, or it is every address of the machine.
fn is_near(local: SocketAddr) -> bool {
    local.ip().is_loopback() || local.ip().is_unspecified()
}

/// `0100007F:1F90` is 127.0.0.1:8080: 32-bit groups in the machine's order, then the port.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let group = |at: usize| -> Option<[u8; 4]> {
        let digits = address.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let ip = match address.len() {
        8 => IpAddr::from(group(0)?),
        32 => {
            let mut bytes = [0; 16];
            for at in 0..4 {
                bytes[at * 4..at * 4 + 4].copy_from_slice(&group(at)?);
            }
            IpAddr::from(bytes)
        }
        _ => return None,
    };
    Some(plain(SocketAddr::new(ip, port)))
}

/// Without scope or flow, and IPv4 as IPv4, so that both sides of a comparison look alike.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The name of an account by the local table, else `uid-N`.
#[must_use]
pub fn account_name(uid: u32) -> String {
    name(
        &std::fs::read_to_string("/etc/passwd").unwrap_or_default(),
        uid,
    )
}

fn name(table: &str, uid: u32) -> String {
    let wanted = uid.to_string();
    let of = |line: &str| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?.to_owned(), fields.nth(1)?.to_owned());
        (number == wanted).then_some(name)
    };
    table
        .lines()
        .find_map(of)
        .unwrap_or_else(|| format!("uid-{uid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Our listener, a client of account 1001, our end of its connection, and a closed one.
    const ROWS: [(&str, &str, &str, u32); 4] = [
        ("0100007F:1F90", "00000000:0000", "0A", 900),
        ("0100007F:9C40", "0100007F:1F90", "01", 1001),
        ("0100007F:1F90", "0100007F:9C40", "01", 900),
        ("0100007F:9C41", "0100007F:1F90", "06", 0),
    ];

    /// The rows as the kernel writes them.
    fn table() -> String {
        let head =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid";
        let row = |(at, (from, to, state, uid)): (usize, &(&str, &str, &str, u32))| {
            let between = "00000000:00000000 00:00000000 00000000";
            format!("\n   {at}: {from} {to} {state} {between} {uid:5}        0 1")
        };
        let rows: String = ROWS.iter().enumerate().map(row).collect();
        format!("{head}{rows}\n")
    }

    fn socket(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// The client's end counts, not ours, and not one that is closed.
    #[cfg(target_endian = "little")]
    #[test]
    fn the_kernels_table_names_the_clients_account() {
        let ours = socket("127.0.0.1:8080");
        assert_eq!(owner(&table(), socket("127.0.0.1:40000"), ours), Some(1001));
        assert_eq!(owner(&table(), socket("127.0.0.1:40001"), ours), None);
        assert_eq!(
            owner(&table(), socket("127.0.0.1:40000"), socket("127.0.0.1:1")),
            None
        );
    }

    /// A real connection to ourselves is ours.
    #[test]
    fn a_loopback_connection_has_a_caller() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let connection = Connection {
            peer: client.local_addr().unwrap(),
            local: client.peer_addr().unwrap(),
        };
        assert!(LocalAccounts.account(connection).is_some());
        let nobody = Connection {
            peer: socket("127.0.0.1:9"),
            ..connection
        };
        assert_eq!(LocalAccounts.account(nobody), None);
        let far = Connection {
            peer: socket("192.0.2.1:9"),
            ..connection
        };
        assert_eq!(LocalAccounts.account(far), None);
    }

    /// An account without a name is told by its number.
    #[test]
    fn accounts_have_names() {
        let table = "root:x:0:0::/root:/bin/sh\nada:x:1001:1001::/home/ada:/bin/sh\n";
        assert_eq!(name(table, 1001), "ada");
        assert_eq!(name(table, 7), "uid-7");
    }
}
