//! Every way into this server, as the operator's screen shows it: addresses, commands to copy, and a code for phones. Knows no person and no room.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use crate::net::addresses;
use crate::qr::Qr;
use crate::server::Handle;
use crate::tls::Security;

/// How people come in. The addresses of this machine are looked up each time,
/// because a laptop changes its network while the server runs.
#[derive(Debug, Clone, Default)]
pub struct WaysIn {
    /// How the terminal client is started here.
    pub client: &'static str,
    /// The database file, if there is one.
    pub data: Option<String>,
    /// The address that is told first, if the operator set one.
    pub address: Option<String>,
    /// Whether a code is drawn at the start.
    pub has_qr: bool,
    /// Whether the screen can show one: it needs colours.
    pub can_draw: bool,
    /// What encrypts connections, if something does.
    pub security: Option<Arc<Security>>,
}

/// One address in the forms in which it is copied.
struct Target<'a> {
    /// With the port, as it stands in an address of a page.
    whole: &'a str,
    /// Without the port and the brackets of IPv6.
    host: &'a str,
    port: &'a str,
}

impl<'a> Target<'a> {
    fn of(whole: &'a str) -> Target<'a> {
        let (host, port) = whole.rsplit_once(':').unwrap_or((whole, ""));
        Target { whole, host: host.trim_matches(['[', ']']), port }
    }
}

impl WaysIn {
    /// What is on the screen when the server has started.
    pub fn handout(&self, server: &Handle) -> String {
        let mut text =
            format!("roomful {} - type help for the console's commands, stop to end\n", env!("CARGO_PKG_VERSION"));
        for address in server.local_addrs() {
            let _ = writeln!(text, "listening on {address}");
        }
        for address in server.irc_addrs() {
            let _ = writeln!(text, "listening for IRC on {address}");
        }
        let listening = server.local_addrs();
        let is_open = !addresses::is_private(listening) || !addresses::is_private(server.irc_addrs());
        if is_open {
            text.push_str(match &self.security {
                None => "! Everybody on this network can come in, and nothing is encrypted.\n",
                Some(security) if security.requires() => {
                    "! Everybody on this network can come in, and all that they send is encrypted.\n"
                }
                Some(_) => {
                    "! Everybody on this network can come in, encrypted or not; --tls require lets nobody in plainly.\n"
                }
            });
        }
        let told = self.addresses(listening);
        let here = here(listening);
        let best = told.first().or(here.as_ref()).cloned().unwrap_or_default();
        let best = Target::of(&best);
        let beside = here.filter(|here| here != best.whole).map(|here| format!("    here: http://{here}/"));
        let page = self.page(&best);
        let _ = writeln!(text, "  page       {page}{}", beside.unwrap_or_default());
        if is_open && told.is_empty() {
            text.push_str("! This machine is in no network now. When it is, qr tells the address.\n");
        }
        if let Some(code) = told.first().filter(|_| self.has_qr && self.can_draw).and_then(|_| Qr::of(&page)) {
            code.blocks().iter().for_each(|line| {
                let _ = writeln!(text, "             {line}");
            });
        }
        text.push_str(&self.commands(&best, is_open));
        if is_open {
            text.push_str("  phones     do not get in? Guest Wi-Fi often keeps devices apart: use a hotspot\n");
        } else if told.is_empty() {
            let port = listening.first().map_or(0, SocketAddr::port);
            let _ = writeln!(text, "  network    this machine only; to open it: --listen 0.0.0.0:{port}");
        }
        let _ = match &self.data {
            None => writeln!(text, "  kept       nothing: the last messages of a room are in memory only"),
            Some(data) => {
                writeln!(text, "  kept       messages, accounts and files in {data}; --memory keeps nothing")
            }
        };
        text
    }

    /// The answer to `qr` and to `qr NUMBER`: that address and its code, and the other addresses.
    ///
    /// # Errors
    /// The sentence for a number that no address has, and for a server that others cannot reach.
    pub fn qr(&self, listening: &[SocketAddr], number: &str) -> Result<String, String> {
        let told = self.addresses(listening);
        if told.is_empty() {
            let port = listening.first().map_or(0, SocketAddr::port);
            return Err(match addresses::is_private(listening) {
                true => format!(
                    "! Only this machine can come in, so a code is of no use; start it with --listen 0.0.0.0:{port}."
                ),
                false => "! This machine is in no network now, so it has no address for others.".to_owned(),
            });
        }
        let chosen = if number.is_empty() { Some(1) } else { number.parse().ok() };
        let chosen = chosen.and_then(|number: usize| told.get(number.checked_sub(1)?));
        let chosen = chosen.ok_or_else(|| format!("! Write qr, or qr with a number from 1 to {}.", told.len()))?;
        let page = self.page(&Target::of(chosen));
        let mut text = format!("  page       {page}\n");
        match Qr::of(&page).filter(|_| self.can_draw) {
            Some(code) => code.blocks().iter().for_each(|line| {
                let _ = writeln!(text, "             {line}");
            }),
            None => text.push_str(
                "  no code    the server's own screen shows it, on a terminal with colours and without NO_COLOR\n",
            ),
        }
        for (number, other) in told.iter().enumerate().filter(|(_, other)| *other != chosen) {
            let _ = writeln!(text, "  qr {:<8}{}", number + 1, self.page(&Target::of(other)));
        }
        Ok(text.trim_end_matches('\n').to_owned())
    }

    /// The commands that lead to `best`, and what people compare if it is encrypted.
    fn commands(&self, best: &Target<'_>, is_open: bool) -> String {
        let Target { whole, host, port } = best;
        let certificate = self.security.as_ref().map(|security| security.certificate());
        let unknown = certificate.as_ref().filter(|certificate| is_open && certificate.is_self_signed);
        let compare = unknown.map_or_else(String::new, |unknown| format!(" --fingerprint {}", unknown.fingerprint));
        let mut text = format!("  terminal   {} --server {whole}{compare}\n", self.client);
        if self.requires() {
            let _ = writeln!(text, "  by hand    openssl s_client -quiet -connect {whole}");
        } else {
            let _ = write!(text, "  netcat     nc {host} {port}\n  telnet     telnet {host} {port}\n");
        }
        let secure = if self.requires() { "-tls " } else { "" };
        let _ = writeln!(text, "  irc        irssi: /connect {secure}{host} {port}; the same port for any IRC client");
        text.push_str("  programs   one JSON object a line on the same port: docs/protocol.md\n");
        if let Some(certificate) = certificate {
            let (key, sha256, until) = (certificate.fingerprint, &certificate.sha256, certificate.last_day());
            let _ = writeln!(text, "  encrypted  chat-client and this screen show the same: {key}");
            let _ = writeln!(text, "  browsers   show the SHA-256 of the certificate, which ends on {until}:");
            let _ = writeln!(text, "             {sha256}");
        }
        text
    }

    /// The address of the page.
    fn page(&self, target: &Target<'_>) -> String {
        format!("{}://{}/", if self.requires() { "https" } else { "http" }, target.whole)
    }

    fn requires(&self) -> bool {
        self.security.as_ref().is_some_and(|security| security.requires())
    }

    /// The addresses for others, with their port, the best first.
    fn addresses(&self, listening: &[SocketAddr]) -> Vec<String> {
        addresses::told(self.address.as_deref(), listening, &addresses::of_this_machine())
    }
}

/// The address for people on this machine, if the server listens there.
fn here(listening: &[SocketAddr]) -> Option<String> {
    listening.iter().find_map(|own| {
        let ip = match own.ip().to_canonical() {
            ip if ip.is_loopback() => ip,
            ip if ip.is_unspecified() && ip.is_ipv4() => Ipv4Addr::LOCALHOST.into(),
            ip if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            _ => return None,
        };
        Some(SocketAddr::new(ip, own.port()).to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(address: Option<&str>) -> WaysIn {
        let address = address.map(str::to_owned);
        WaysIn { client: "chat-client", data: None, address, has_qr: true, can_draw: true, security: None }
    }

    fn at(address: &str) -> Vec<SocketAddr> {
        vec![address.parse().unwrap()]
    }

    #[test]
    fn qr_shows_the_code_and_the_other_addresses() {
        let shown = ways(Some("chat.example")).qr(&at("203.0.113.9:7667"), "").unwrap();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "  page       http://chat.example:7667/");
        assert!(lines[1].starts_with("             \u{1b}[38;5;16;48;5;231m    "), "{shown}");
        assert_eq!(lines.last(), Some(&"  qr 2       http://203.0.113.9:7667/"));
        let second = ways(Some("chat.example")).qr(&at("203.0.113.9:7667"), "2").unwrap();
        assert!(second.starts_with("  page       http://203.0.113.9:7667/\n"), "{second}");
        for wrong in ["0", "3", "-1", "x", "99999999999999999999"] {
            let refusal = ways(Some("chat.example")).qr(&at("203.0.113.9:7667"), wrong).unwrap_err();
            assert_eq!(refusal, "! Write qr, or qr with a number from 1 to 2.");
        }
    }

    #[test]
    fn on_loopback_a_code_is_of_no_use_unless_an_address_is_set() {
        let refusal = ways(None).qr(&at("127.0.0.1:7667"), "").unwrap_err();
        assert!(refusal.ends_with("start it with --listen 0.0.0.0:7667."), "{refusal}");
        assert!(
            ways(Some("chat.example:80")).qr(&at("127.0.0.1:7667"), "").unwrap().contains("http://chat.example:80/")
        );
    }

    #[test]
    fn without_colours_the_address_is_told_and_no_code() {
        let plain = WaysIn { can_draw: false, ..ways(Some("chat.example")) };
        let shown = plain.qr(&at("127.0.0.1:1"), "").unwrap();
        assert_eq!(shown.lines().next(), Some("  page       http://chat.example:1/"));
        assert!(!shown.contains('\u{1b}'), "{shown}");
    }

    #[test]
    fn people_on_this_machine_have_an_address_of_their_own() {
        for (listening, told) in [
            ("0.0.0.0:1", Some("127.0.0.1:1")),
            ("[::]:1", Some("[::1]:1")),
            ("127.0.0.1:1", Some("127.0.0.1:1")),
            ("192.168.1.5:1", None),
        ] {
            assert_eq!(here(&at(listening)).as_deref(), told);
        }
    }
}
