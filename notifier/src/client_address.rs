//! Whose request it is: the address of a client, by itself or behind proxies that are believed.
//!
//! A forwarded header is a claim of whoever sent it. It is read from its right end, as far as the
//! sender of each entry is a trusted proxy; the first address that is none is the client. So a
//! client cannot choose the address under which it is counted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The header that proxies write.
pub const HEADER: &str = "x-forwarded-for";

/// Proxies whose headers are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<Network>);

/// A network: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    base: u128,
    /// Bits that count, of 128.
    bits: u8,
}

impl Proxies {
    /// Reads networks in CIDR form.
    ///
    /// # Errors
    /// Names the first that is none.
    pub fn parse(texts: &[String]) -> Result<Proxies, String> {
        texts
            .iter()
            .map(|text| network(text))
            .collect::<Result<_, _>>()
            .map(Proxies)
    }

    /// The client of a request from `peer` that carries this forwarded header.
    #[must_use]
    pub fn client(&self, peer: IpAddr, forwarded: Option<&str>) -> IpAddr {
        let mut client = peer.to_canonical();
        let entries = forwarded.unwrap_or_default().split(',').rev();
        for entry in entries {
            if !self.trusts(client) {
                break;
            }
            // What no one can read ends the chain: the proxy that sent it answers for it.
            let Some(before) = address(entry.trim()) else {
                break;
            };
            client = before.to_canonical();
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let number = number(address);
        self.0
            .iter()
            .any(|net| masked(number, net.bits) == net.base)
    }
}

/// What an address is counted under: one IPv4 address, or the /64 that one IPv6 subscriber has.
#[must_use]
pub fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from(masked(six.into(), 64))),
    }
}

/// What the record keeps of an address: its /24 or /48.
#[must_use]
pub fn cut(address: IpAddr) -> String {
    match address {
        IpAddr::V4(four) => {
            let [a, b, c, _] = four.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(six) => format!("{}/48", Ipv6Addr::from(masked(six.into(), 48))),
    }
}

fn network(text: &str) -> Result<Network, String> {
    let wrong = || format!("{text:?} is no network; write 10.0.0.0/8 or 2001:db8::/32");
    let (base, length) = match text.split_once('/') {
        Some((base, length)) => (base, Some(length)),
        None => (text, None),
    };
    let base: IpAddr = base.parse().map_err(|_| wrong())?;
    let (most, skipped) = if base.is_ipv4() { (32, 96) } else { (128, 0) };
    let length: u8 = match length {
        Some(length) => length.parse().map_err(|_| wrong())?,
        None => most,
    };
    if length > most {
        return Err(wrong());
    }
    let bits = length + skipped;
    Ok(Network {
        base: masked(number(base), bits),
        bits,
    })
}

/// An entry of the header: an address, perhaps with a port.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    let with_port = || entry.parse::<SocketAddr>().map(|socket| socket.ip());
    bare.parse().or_else(|_| with_port()).ok()
}

fn number(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(four) => four.to_ipv6_mapped().into(),
        IpAddr::V6(six) => six.into(),
    }
}

fn masked(number: u128, bits: u8) -> u128 {
    let dropped = 128 - u32::from(bits.min(128));
    u128::MAX.checked_shl(dropped).unwrap_or(0) & number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies() -> Proxies {
        Proxies::parse(&["10.0.0.0/8".into(), "2001:db8:1::/48".into()]).unwrap()
    }

    fn client(peer: &str, forwarded: &str) -> String {
        let peer = peer.parse().unwrap();
        proxies().client(peer, Some(forwarded)).to_string()
    }

    /// A client that is no proxy cannot say that it is somebody else.
    #[test]
    fn a_claim_of_a_stranger_is_not_read() {
        assert_eq!(client("192.0.2.7", "198.51.100.1"), "192.0.2.7");
        assert_eq!(client("2001:db8:2::1", "198.51.100.1"), "2001:db8:2::1");
    }

    /// What the client itself wrote stands left of what the proxy wrote, and is not reached.
    #[test]
    fn the_first_untrusted_address_from_the_right_is_the_client() {
        assert_eq!(client("10.0.0.1", "1.1.1.1, 198.51.100.1"), "198.51.100.1");
        assert_eq!(client("10.0.0.1", "198.51.100.1, 10.2.3.4"), "198.51.100.1");
        assert_eq!(
            client("2001:db8:1::9", "[2001:db8:9::1]:443"),
            "2001:db8:9::1"
        );
        assert_eq!(client("::ffff:10.0.0.1", "198.51.100.1:80"), "198.51.100.1");
    }

    /// A header that cannot be read leaves the request with the proxy that sent it.
    #[test]
    fn a_broken_header_is_the_proxys() {
        assert_eq!(client("10.0.0.1", "unknown"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", "198.51.100.1, _hidden"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", ""), "10.0.0.1");
    }

    /// A network that is none is named.
    #[test]
    fn networks_are_checked() {
        for wrong in ["10.0.0.0/33", "proxy.example.org", "10.0.0.0/x", "::/129"] {
            let told = Proxies::parse(&[wrong.to_owned()]).unwrap_err();
            let full = format!("{wrong:?} is no network; write 10.0.0.0/8 or 2001:db8::/32");
            assert_eq!(told, full);
        }
        assert!(Proxies::parse(&["0.0.0.0/0".into(), "::1".into()]).is_ok());
    }

    /// The record keeps no full address; limits count a subscriber, not one of its addresses.
    #[test]
    fn addresses_are_cut() {
        let six = "2001:db8:1:2:3::4".parse().unwrap();
        assert_eq!(cut("192.0.2.77".parse().unwrap()), "192.0.2.0/24");
        assert_eq!(cut(six), "2001:db8:1::/48");
        assert_eq!(
            counted("192.0.2.77".parse().unwrap()).to_string(),
            "192.0.2.77"
        );
        assert_eq!(counted(six).to_string(), "2001:db8:1:2::");
    }
}
