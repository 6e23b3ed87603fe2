//! A server as the user names it, in one spelling: the key of a line in `known_hosts`, and the name that its certificate must have. Knows no connection.

use std::fmt;
use std::net::IpAddr;

use rustls::pki_types::ServerName;

/// A host and its port, such as `lab.local:7667` or `[::1]:7667`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::client) struct Host {
    /// The name in small letters, or the address as it is usually written.
    name: String,
    port: String,
}

impl Host {
    /// Reads `host:port`. Two spellings of one host are equal afterwards.
    pub fn of(addr: &str) -> Host {
        let (name, port) = addr.rsplit_once(':').unwrap_or((addr, ""));
        let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let name = match name.parse::<IpAddr>() {
            Ok(ip) => ip.to_canonical().to_string(),
            Err(_) => name.strip_suffix('.').unwrap_or(name).to_lowercase(),
        };
        Host { name, port: port.to_owned() }
    }

    /// The name that a certificate must have. A name that no certificate can have
    /// has the address instead of it: its key can still be known.
    pub fn certified(&self, peer: IpAddr) -> ServerName<'static> {
        // The scope of an address means nothing outside of this machine.
        let name = self.name.split('%').next().unwrap_or_default().to_owned();
        ServerName::try_from(name).unwrap_or(ServerName::IpAddress(peer.to_canonical().into()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.contains(':') {
            true => write!(f, "[{}]:{}", self.name, self.port),
            false => write!(f, "{}:{}", self.name, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_a_host_are_one() {
        for (one, other) in [
            ("lab.local:7667", "Lab.LOCAL.:7667"),
            ("[::1]:7667", "[0:0::0001]:7667"),
            ("[2001:db8::a]:1", "[2001:DB8:0::A]:1"),
            ("192.0.2.1:7667", "[::ffff:192.0.2.1]:7667"),
        ] {
            assert_eq!(Host::of(one), Host::of(other), "{one} {other}");
            assert_eq!(Host::of(other).to_string(), one);
        }
        assert_ne!(Host::of("lab:1"), Host::of("lab:2"));
    }

    #[test]
    fn a_certificate_is_asked_for_a_name_or_an_address() {
        let peer = "192.0.2.9".parse().unwrap();
        let certified = |addr: &str| Host::of(addr).certified(peer).to_str().into_owned();
        assert_eq!(certified("lab.local:1"), "lab.local");
        assert_eq!(certified("[::1]:1"), "::1");
        assert_eq!(certified("[fe80::1%2]:1"), "fe80::1");
        assert_eq!(certified("класс:1"), "192.0.2.9");
    }
}
