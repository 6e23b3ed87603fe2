//! At which addresses other machines reach this one, best first. Knows interfaces and addresses, and sends nothing.

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use if_addrs::get_if_addrs;

/// The most addresses that are told: with more, a person does not know which to take.
const MOST: usize = 8;

/// How the interfaces are called behind which there is no other machine of this network.
const INSIDE: [&str; 12] =
    ["docker", "veth", "virbr", "br-", "tun", "tap", "wg", "podman", "cni", "lxc", "vboxnet", "vmnet"];

/// Places behind the default route. They are for documents only (RFC 5737, RFC 3849), so no machine has them.
const FAR: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))];

/// An address, and the interface that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    interface: String,
    address: IpAddr,
}

/// The addresses of this machine that others can reach, best first: that of the
/// default route, other private ones, then IPv6. Empty if there is no network.
pub fn of_this_machine() -> Vec<IpAddr> {
    in_order(&found(), &FAR.map(route_to))
}

/// Those of `machine` at which a server answers that listens on `listening`, each
/// with its port, in the same order. Empty if it listens on loopback only.
pub fn served(listening: &[SocketAddr], machine: &[IpAddr]) -> Vec<SocketAddr> {
    let mut served: Vec<SocketAddr> = Vec::new();
    for own in listening {
        let ip = own.ip().to_canonical();
        let at: Vec<IpAddr> = match ip {
            IpAddr::V4(ip) if ip.is_unspecified() => machine.iter().copied().filter(IpAddr::is_ipv4).collect(),
            // Linux takes IPv4 there, too, unless it is told not to.
            IpAddr::V6(ip) if ip.is_unspecified() => machine.to_vec(),
            ip if ip.is_loopback() => Vec::new(),
            ip => vec![ip],
        };
        for address in at.into_iter().map(|ip| SocketAddr::new(ip, own.port())) {
            if !served.contains(&address) {
                served.push(address);
            }
        }
    }
    let place = |address: &SocketAddr| machine.iter().position(|ip| *ip == address.ip()).unwrap_or(usize::MAX);
    served.sort_by_key(place);
    served
}

/// What people are told: the address that the operator set, with the port if it has
/// none, then those that [`served`] finds. Each is as it stands in the address of a page.
pub fn told(first: Option<&str>, listening: &[SocketAddr], machine: &[IpAddr]) -> Vec<String> {
    let port = listening.first().map_or(0, SocketAddr::port);
    let mut told: Vec<String> = first.and_then(|first| with_port(first, port)).into_iter().collect();
    for address in served(listening, machine).iter().map(ToString::to_string) {
        if !told.contains(&address) {
            told.push(address);
        }
    }
    told
}

/// `address` with `port`, if it has none of its own; `None` if it is neither an
/// IP address nor a name, with or without a port.
///
/// ```
/// use roomful::net::addresses::with_port;
///
/// assert_eq!(with_port("192.168.1.5", 7667).as_deref(), Some("192.168.1.5:7667"));
/// assert_eq!(with_port("2001:db8::1", 7667).as_deref(), Some("[2001:db8::1]:7667"));
/// assert_eq!(with_port("chat.school.example:80", 7667).as_deref(), Some("chat.school.example:80"));
/// assert_eq!(with_port("http://chat.school.example", 7667), None);
/// ```
pub fn with_port(address: &str, port: u16) -> Option<String> {
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Some(SocketAddr::new(ip, port).to_string());
    }
    if let Ok(whole) = address.parse::<SocketAddr>() {
        return Some(whole.to_string());
    }
    let (name, port) = match address.split_once(':') {
        Some((name, own)) => (name, own.parse::<u16>().ok().filter(|port| *port > 0)?),
        None => (address, port),
    };
    let is_label = |label: &str| {
        matches!(label.len(), 1..=63)
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_name = name.len() <= 253 && name.trim_end_matches('.').split('.').all(is_label);
    is_name.then(|| format!("{name}:{port}"))
}

/// Whether a server that listens there can be reached from this machine only.
pub fn is_private(listening: &[SocketAddr]) -> bool {
    listening.iter().all(|address| address.ip().to_canonical().is_loopback())
}

/// All addresses of interfaces that are up and no loopback. A tunnel to one
/// other machine is left out, because the network here does not see it.
fn found() -> Vec<Found> {
    let all = get_if_addrs().unwrap_or_default();
    // Whatever else a loopback interface has, no other machine is behind it.
    let loopback: Vec<&str> = all.iter().filter(|one| one.is_loopback()).map(|one| &*one.name).collect();
    all.iter()
        .filter(|one| one.is_oper_up() && !one.is_p2p() && !loopback.contains(&&*one.name))
        .map(|one| Found { interface: one.name.clone(), address: one.ip() })
        .collect()
}

/// The address from which this machine would send to `far`. A UDP socket that is
/// connected looks up the route, and sends nothing.
fn route_to(far: IpAddr) -> Option<IpAddr> {
    let from: IpAddr = if far.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((from, 0)).ok()?;
    socket.connect((far, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// The order of what was `found`, if `routes` are the addresses of the default route.
fn in_order(found: &[Found], routes: &[Option<IpAddr>]) -> Vec<IpAddr> {
    let is_inside = |found: &&Found| INSIDE.iter().any(|name| found.interface.starts_with(name));
    let mut ranked: Vec<_> = found
        .iter()
        .filter(|found| !is_inside(found))
        .filter_map(|found| {
            let rank = rank(found.address)?;
            Some((rank, Reverse(routes.contains(&Some(found.address))), found.address))
        })
        .map(|(rank, route, address)| (if address.is_ipv4() && route.0 { 0 } else { rank }, route, address))
        .collect();
    ranked.sort_by_key(|(rank, route, _)| (*rank, *route));
    let mut order: Vec<IpAddr> = Vec::new();
    for (_, _, address) in ranked {
        if !order.contains(&address) {
            order.push(address);
        }
    }
    order.truncate(MOST);
    order
}

/// How good an address is, the best first; `None` if other machines cannot use it.
fn rank(address: IpAddr) -> Option<u8> {
    match address {
        IpAddr::V4(ip) if ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || ip.is_multicast() => None,
        IpAddr::V4(ip) if ip.is_private() => Some(1),
        IpAddr::V4(_) => Some(2),
        // A link-local address needs the name of an interface, which differs on each machine.
        IpAddr::V6(ip) if ip.segments()[0] & 0xe000 == 0x2000 => Some(3),
        IpAddr::V6(ip) if ip.is_unique_local() => Some(4),
        IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(found: &[(&str, &str)], routes: &[&str]) -> Vec<String> {
        let found: Vec<Found> = found
            .iter()
            .map(|(interface, address)| Found { interface: (*interface).to_owned(), address: address.parse().unwrap() })
            .collect();
        let routes: Vec<Option<IpAddr>> = routes.iter().map(|route| route.parse().ok()).collect();
        in_order(&found, &routes).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_default_route_comes_first_then_private_ones_then_ipv6() {
        let found = [
            ("eth1", "2a02:8071::5"),
            ("eth1", "10.1.2.3"),
            ("eth2", "8.8.4.4"),
            ("eth0", "fd00::2"),
            ("wlan0", "192.168.1.5"),
            ("wlan0", "2001:4860::7"),
        ];
        let order = ["192.168.1.5", "10.1.2.3", "8.8.4.4", "2001:4860::7", "2a02:8071::5", "fd00::2"];
        assert_eq!(ordered(&found, &["192.168.1.5", "2001:4860::7"]), order);
        assert_eq!(ordered(&found, &["8.8.4.4"])[..2], ["8.8.4.4", "10.1.2.3"], "a public default route");
        assert_eq!(ordered(&found, &[""])[..2], ["10.1.2.3", "192.168.1.5"], "no default route");
    }

    #[test]
    fn what_others_cannot_reach_is_left_out() {
        let found = [
            ("docker0", "172.17.0.1"),
            ("br-12ab", "172.18.0.1"),
            ("veth9", "10.0.0.9"),
            ("virbr0", "192.168.122.1"),
            ("tun0", "10.8.0.2"),
            ("eth0", "169.254.3.4"),
            ("eth0", "fe80::1"),
            ("lo", "127.0.0.1"),
            ("lo", "::1"),
            ("eth0", "0.0.0.0"),
            ("eth0", "224.0.0.1"),
        ];
        assert!(ordered(&found, &["10.8.0.2"]).is_empty());
        // A bridge that a person made is a way into the network.
        assert_eq!(ordered(&[("br0", "192.168.1.5")], &[]), ["192.168.1.5"]);
    }

    #[test]
    fn an_address_is_told_once_and_not_too_many_are() {
        assert_eq!(ordered(&[("eth0", "10.0.0.1"), ("eth0:1", "10.0.0.1")], &[]), ["10.0.0.1"]);
        let many: Vec<String> = (1..=MOST + 5).map(|last| format!("10.0.0.{last}")).collect();
        let found: Vec<(&str, &str)> = many.iter().map(|address| ("eth0", address.as_str())).collect();
        assert_eq!(ordered(&found, &[]).len(), MOST);
    }

    #[test]
    fn only_what_is_listened_on_is_served() {
        let machine: Vec<IpAddr> = ["192.168.1.5", "10.1.2.3", "2001:4860::7"].map(|ip| ip.parse().unwrap()).into();
        let at = |listening: &[&str]| {
            let listening: Vec<SocketAddr> = listening.iter().map(|address| address.parse().unwrap()).collect();
            served(&listening, &machine).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(at(&["0.0.0.0:7667"]), ["192.168.1.5:7667", "10.1.2.3:7667"]);
        assert_eq!(at(&["[::]:1"]), ["192.168.1.5:1", "10.1.2.3:1", "[2001:4860::7]:1"]);
        assert_eq!(at(&["127.0.0.1:1", "[::1]:1"]), [""; 0]);
        assert_eq!(at(&["10.1.2.3:1", "192.168.1.5:1"]), ["192.168.1.5:1", "10.1.2.3:1"], "the best first");
        assert_eq!(at(&["127.0.0.1:1", "203.0.113.9:1"]), ["203.0.113.9:1"], "it is believed");
    }

    #[test]
    fn what_the_operator_set_is_told_first_and_once() {
        let machine = ["192.168.1.5", "10.1.2.3"].map(|ip| ip.parse().unwrap());
        let listening: [SocketAddr; 1] = ["0.0.0.0:7667".parse().unwrap()];
        assert_eq!(told(Some("10.1.2.3"), &listening, &machine), ["10.1.2.3:7667", "192.168.1.5:7667"]);
        assert_eq!(told(Some("chat.example"), &listening, &machine[..1]), ["chat.example:7667", "192.168.1.5:7667"]);
        assert_eq!(told(None, &listening, &machine), ["192.168.1.5:7667", "10.1.2.3:7667"]);
    }

    #[test]
    fn an_address_is_a_name_or_an_ip_address_with_or_without_a_port() {
        for (address, whole) in [
            ("[::1]", Some("[::1]:9")),
            ("[::1]:80", Some("[::1]:80")),
            ("10.0.0.1:80", Some("10.0.0.1:80")),
            ("a-b.example.", Some("a-b.example.:9")),
            ("localhost", Some("localhost:9")),
            ("", None),
            ("a b", None),
            ("a:b", None),
            ("a:0", None),
            ("a:65536", None),
            (".a", None),
            ("a/b", None),
            ("user@a", None),
            ("\u{1b}[2J", None),
        ] {
            assert_eq!(with_port(address, 9).as_deref(), whole, "{address:?}");
        }
        assert_eq!(with_port(&"a".repeat(64), 9), None);
        assert_eq!(with_port(&["a"; 128].join("."), 9), None);
    }

    #[test]
    fn this_machine_can_be_asked() {
        let all = of_this_machine();
        assert!(all.iter().all(|ip| !ip.is_loopback() && !ip.is_unspecified()), "{all:?}");
    }
}
