//! Which `Host` and which `Origin` a request may name. Knows no routes' answers.
//!
//! A page of another site must not use the browser of a person here. A site whose
//! name suddenly leads to this machine (DNS rebinding) needs a name; so addresses
//! are taken, and of names only those that the server knows as its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use parking_lot::RwLock;

use super::Settings;
use super::route::Route;
use crate::process::machine;
use crate::wire::http::{Head, Refusal};

/// The longest `Host`, in bytes.
const LONGEST: usize = 255;

/// The names of this server, and the origins of its proxies.
#[derive(Debug)]
pub(super) struct Doorstep {
    beyond: bool,
    known: RwLock<Known>,
}

#[derive(Debug)]
struct Known {
    /// In small letters, without a dot at the end.
    names: Vec<String>,
    origins: Vec<String>,
}

impl Doorstep {
    /// With the names of the settings; and if the server listens `beyond` loopback, the name of this machine.
    pub(super) fn new(settings: &Settings, beyond: bool) -> Doorstep {
        Doorstep { beyond, known: RwLock::new(Known::of(settings, beyond)) }
    }

    /// The same with the names and origins of other settings.
    pub(super) fn change(&self, settings: &Settings) {
        let known = Known::of(settings, self.beyond);
        *self.known.write() = known;
    }

    /// Checks all that a request says about from where it comes and to whom it goes; it came by `scheme`.
    ///
    /// # Errors
    /// It names another server, or it comes from another site.
    pub(super) fn check(&self, head: &Head, route: Route, scheme: &str) -> Result<(), Refusal> {
        self.check_host(&head.host)?;
        if matches!(route, Route::WebSocket | Route::Upload) {
            self.check_origin(head, scheme)?;
        }
        let is_guarded = matches!(route, Route::WebSocket | Route::Upload | Route::File | Route::Welcome);
        let site = head.one("sec-fetch-site")?.unwrap_or_default();
        if is_guarded && (site.eq_ignore_ascii_case("cross-site") || site.eq_ignore_ascii_case("same-site")) {
            return Err(foreign());
        }
        Ok(())
    }

    fn check_host(&self, host: &str) -> Result<(), Refusal> {
        let name = name_of(host).ok_or_else(|| {
            Refusal::new(400, "The field Host has no host name or address in it, with a port or without.")
        })?;
        let Name::Word(name) = name else { return Ok(()) };
        let name = plain(name);
        if self.known.read().names.contains(&name) {
            return Ok(());
        }
        let sentence =
            format!("This server does not answer to {name}; start it with --host {name} if that is its name.");
        Err(Refusal::new(421, sentence))
    }

    /// A request of a page must come from our page. No browser leaves `Origin` out here; other programs do.
    fn check_origin(&self, head: &Head, scheme: &str) -> Result<(), Refusal> {
        let Some(origin) = head.one("origin")? else { return Ok(()) };
        let (own_scheme, host) = origin.split_once("://").unwrap_or_default();
        let own = own_scheme == scheme && host.eq_ignore_ascii_case(&head.host);
        if own || self.known.read().origins.iter().any(|known| known == origin) { Ok(()) } else { Err(foreign()) }
    }
}

impl Known {
    fn of(settings: &Settings, beyond: bool) -> Known {
        let mut names = vec!["localhost".to_owned()];
        names.extend(settings.hosts.iter().map(|name| plain(name)));
        if beyond && let Some(machine) = machine::machine_name() {
            let machine = plain(&machine);
            names.push(format!("{machine}.local"));
            names.push(machine);
        }
        let origins = settings.origins.iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect();
        Known { names, origins }
    }
}

fn foreign() -> Refusal {
    Refusal::new(403, "This request comes from another site; if it is a proxy of this server, start with --origin.")
}

fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// What stands in `Host` before the port.
#[derive(Debug, PartialEq, Eq)]
enum Name<'a> {
    Address(IpAddr),
    Word(&'a str),
}

/// The host in `host`, if this is one, with a port or without.
fn name_of(host: &str) -> Option<Name<'_>> {
    if host.len() > LONGEST {
        return None;
    }
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (Name::Address(address.parse::<Ipv6Addr>().ok()?.into()), port)
        }
        None => {
            let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            if name.is_empty() || name.starts_with('.') || name.contains("..") || !name.bytes().all(is_part) {
                return None;
            }
            let name = match name.parse::<Ipv4Addr>() {
                Ok(address) => Name::Address(address.into()),
                // `127.1` and `0x7f.1` are addresses to a browser, which sends them in full.
                Err(_) => Name::Word(name),
            };
            (name, port)
        }
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(name)
}

/// Whether a checked `Host` is this machine itself, as browsers see it: a secure context.
pub(super) fn is_loopback(host: &str) -> bool {
    match name_of(host) {
        Some(Name::Address(address)) => address.is_loopback(),
        Some(Name::Word(name)) => plain(name) == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::http::{Bounds, parse};

    fn check(doorstep: &Doorstep, path: &str, fields: &str) -> u16 {
        let text = format!("GET {path} HTTP/1.1\r\n{fields}\r\n");
        let parsed = parse(text.as_bytes(), Bounds { bytes: 16_384, lines: 100 });
        let checked = parsed.and_then(|head| doorstep.check(&head.unwrap().0, Route::of(path).0, "http"));
        checked.map_or_else(|refusal| refusal.status, |()| 200)
    }

    fn doorstep() -> Doorstep {
        let settings = Settings {
            hosts: vec!["Chat.Example.".to_owned()],
            origins: vec!["https://chat.example/".to_owned()],
            ..Settings::default()
        };
        Doorstep::new(&settings, false)
    }

    #[test]
    fn addresses_and_own_names_are_taken_and_other_names_are_not() {
        let doorstep = doorstep();
        let long = format!("{}.example", "a".repeat(250));
        for (host, status) in [
            ("127.0.0.1", 200),
            ("192.168.1.5:7667", 200),
            ("[::1]:7667", 200),
            ("[fe80::1]", 200),
            ("localhost", 200),
            ("LocalHost.:80", 200),
            ("chat.example:443", 200),
            ("CHAT.example", 200),
            ("evil.example", 421),
            ("127.0.0.1.evil.example", 421),
            ("localhost.evil.example:7667", 421),
            ("127.1", 421),
            ("", 400),
            (":80", 400),
            ("a b", 400),
            ("a@localhost", 400),
            ("localhost:", 400),
            ("localhost:x", 400),
            ("localhost:80:80", 400),
            ("localhost:99999", 400),
            ("localhost..", 400),
            ("::1", 400),
            ("[::1", 400),
            ("[evil]", 400),
            ("лобби", 400),
            (long.as_str(), 400),
        ] {
            assert_eq!(check(&doorstep, "/", &format!("Host: {host}\r\n")), status, "{host}");
        }
        assert_eq!(check(&doorstep, "/", ""), 400);
        assert_eq!(check(&doorstep, "/", "Host: localhost\r\nHost: localhost\r\n"), 400);
    }

    #[test]
    fn an_origin_is_our_own_or_named_by_the_operator() {
        let doorstep = doorstep();
        for (origin, status) in [
            ("http://127.0.0.1:7667", 200),
            ("https://chat.example", 200),
            ("http://127.0.0.1", 403),
            ("http://127.0.0.1:7668", 403),
            ("http://127.0.0.1:7667.evil.example", 403),
            ("https://127.0.0.1:7667", 403),
            ("http://chat.example", 403),
            ("null", 403),
            ("", 403),
            ("http://evil.example, http://127.0.0.1:7667", 403),
        ] {
            let fields = format!("Host: 127.0.0.1:7667\r\nOrigin: {origin}\r\n");
            assert_eq!(check(&doorstep, "/ws", &fields), status, "{origin}");
            assert_eq!(check(&doorstep, "/", &fields), 200, "a link from another site may lead here");
        }
        let twice = "Host: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nOrigin: null\r\n";
        assert_eq!(check(&doorstep, "/ws", twice), 400);
        assert_eq!(check(&doorstep, "/ws", "Host: 127.0.0.1\r\n"), 200, "a program without a page");
    }

    #[test]
    fn what_a_browser_asks_for_another_site_is_refused() {
        let doorstep = doorstep();
        for (path, site, status) in [
            ("/ws", "cross-site", 403),
            ("/u/1", "same-site", 403),
            ("/f/1/2/a", "Cross-Site", 403),
            ("/welcome.json", "cross-site", 403),
            ("/welcome.json", "same-origin", 200),
            ("/ws", "none", 200),
            ("/", "cross-site", 200),
        ] {
            let fields = format!("Host: 127.0.0.1\r\nSec-Fetch-Site: {site}\r\n");
            assert_eq!(check(&doorstep, path, &fields), status, "{path} {site}");
        }
    }
}
