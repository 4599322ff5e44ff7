//! Who stands at the other end of a connection, when proxies stand between.
//!
//! `X-Forwarded-For` is believed only from a proxy that is trusted, and then only as far as trusted
//! proxies wrote it: from the right, the first address that is none of theirs. Whatever stands left
//! of that, anybody can have written.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;

use crate::state::Web;

/// An address or a network, as `192.168.1.0/24` or `fd00::/8`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text that is no network.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no address or network; write 127.0.0.1 or 192.168.1.0/24")]
pub struct NoNetwork(String);

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let wrong = || NoNetwork(text.to_owned());
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { address, bits })
    }
}

impl Network {
    fn has(&self, address: IpAddr) -> bool {
        let cut =
            |a: u128, bits: u8, width: u8| a.checked_shr(u32::from(width - bits)).unwrap_or(0);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let [ours, theirs] = [ours, theirs].map(|a| cut(a.to_bits().into(), self.bits, 32));
                ours == theirs
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let [ours, theirs] = [ours, theirs].map(|a| cut(a.to_bits(), self.bits, 128));
                ours == theirs
            }
            _ => false,
        }
    }
}

/// The other end of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    /// Where the request comes from, behind all proxies that are trusted.
    pub address: IpAddr,
    /// Whether a trusted proxy handed it on.
    pub by_proxy: bool,
    /// Whether it came over TLS, as far as anybody who is believed says.
    pub secure: bool,
}

/// Notes for all that follow who stands at the other end.
pub async fn note_peer(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>();
    // Without an address nobody is trusted.
    let direct = connection.map_or(IpAddr::from([0, 0, 0, 0]), |c| c.0.ip().to_canonical());
    let config = &web.access.config;
    let mut peer = peer(direct, request.headers(), &config.trusted_proxies);
    peer.secure |= config.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    request.extensions_mut().insert(peer);
    next.run(request).await
}

fn peer(direct: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> Peer {
    let trusts = |address: IpAddr| trusted.iter().any(|network| network.has(address));
    let (mut address, by_proxy) = (direct, trusts(direct));
    if !by_proxy {
        return Peer { address, by_proxy, secure: false };
    }
    for hop in from_the_right(headers, "x-forwarded-for") {
        let Some(hop) = hop_address(hop) else { break };
        address = hop;
        if !trusts(hop) {
            break;
        }
    }
    let proto = from_the_right(headers, "x-forwarded-proto").next();
    Peer { address, by_proxy, secure: proto.is_some_and(|p| p.eq_ignore_ascii_case("https")) }
}

/// The parts of a list that may stand in several headers, the last one first.
fn from_the_right<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    let lines: Vec<_> = headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).collect();
    lines.into_iter().rev().flat_map(|line| line.rsplit(',').map(str::trim))
}

/// An address, with or without a port.
fn hop_address(text: &str) -> Option<IpAddr> {
    let bare = text.parse().ok();
    let with_port = || text.parse().ok().map(|socket: SocketAddr| socket.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port).or_else(in_brackets).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn seen(direct: &str, forwarded: &[&'static str]) -> String {
        let trusted = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"].map(|n| n.parse().unwrap());
        let lines: Vec<_> = forwarded.iter().map(|line| ("x-forwarded-for", *line)).collect();
        peer(direct.parse().unwrap(), &headers(&lines), &trusted).address.to_string()
    }

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        assert_eq!(seen("203.0.113.7", &["1.1.1.1"]), "203.0.113.7", "not trusted at all");
        assert_eq!(seen("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(seen("127.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(seen("127.0.0.1", &["1.1.1.1, 203.0.113.7"]), "203.0.113.7", "spoofed left");
        assert_eq!(seen("127.0.0.1", &["1.1.1.1", "203.0.113.7, 10.1.2.3"]), "203.0.113.7");
        assert_eq!(seen("127.0.0.1", &["1.1.1.1, rubbish, 10.0.0.1"]), "10.0.0.1");
        assert_eq!(seen("127.0.0.1", &["203.0.113.7:4711"]), "203.0.113.7");
        assert_eq!(seen("fd12::1", &["[2001:db8::1]:80"]), "2001:db8::1");
        assert_eq!(seen("::ffff:127.0.0.1", &["::ffff:203.0.113.7"]), "203.0.113.7");
    }

    #[test]
    fn tls_is_told_by_trusted_proxies_alone() {
        let trusted = ["127.0.0.1".parse().unwrap()];
        let told = headers(&[("x-forwarded-proto", "https")]);
        let secure = |from: &str, told| peer(from.parse().unwrap(), told, &trusted).secure;
        assert!(secure("127.0.0.1", &told));
        assert!(!secure("203.0.113.7", &told));
        assert!(!secure("127.0.0.1", &headers(&[])));
    }

    #[test]
    fn networks_are_read_strictly() {
        for good in ["127.0.0.1", "0.0.0.0/0", "::/0", "fd00::/8", "10.0.0.0/8"] {
            assert!(good.parse::<Network>().is_ok(), "{good}");
        }
        for bad in ["", "localhost", "10.0.0.0/33", "::/129", "10.0.0.0/x", "10.0.0.0/8/8"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.has("203.0.113.7".parse().unwrap()));
        assert!(!all.has("2001:db8::1".parse().unwrap()));
    }
}
