//! Connections over TLS: the same as plain ones, and what only they have. docs/protocol.md, "Encryption".

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use roomful::tls::{Mode, Settings};
use rustls::ClientConfig;
use serde_json::json;
use tempfile::TempDir;

use crate::support::pipe::{FOLDER, Pipe, in_folder, trusting};
use crate::support::{DEADLINE, IrcPeer, LinePeer, Peer, TestServer, Wire, eventually, fetch};

/// A server that encrypts, and what its clients trust.
struct Encrypted {
    server: TestServer,
    config: Arc<ClientConfig>,
    folder: TempDir,
}

impl Encrypted {
    fn start() -> Encrypted {
        Encrypted::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut roomful::limits::Limits)) -> Encrypted {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(&folder);
        let server = TestServer::encrypted(settings.clone(), change);
        Encrypted { server, config: trusting(&settings), folder }
    }

    fn pipe(&self) -> Pipe {
        self.pipe_with(&self.config)
    }

    fn pipe_with(&self, config: &Arc<ClientConfig>) -> Pipe {
        Pipe::encrypted(self.plain(), config)
    }

    fn plain(&self) -> TcpStream {
        let tcp = TcpStream::connect(self.server.addr()).unwrap();
        tcp.set_read_timeout(Some(DEADLINE)).unwrap();
        tcp
    }

    fn login(&self, nick: &str) -> Peer {
        let mut peer = Peer::new(Wire::over(self.pipe()));
        peer.hello(json!({"nick": nick, "rooms": ["#a"]})).unwrap();
        peer
    }

    fn failed(&self, word: &str) -> u64 {
        let security = self.server.hub().security.as_ref().unwrap();
        security.acceptor().failed().iter().find(|(known, _)| *known == word).map_or(0, |(_, count)| *count)
    }
}

fn settings(folder: &TempDir) -> Settings {
    in_folder(folder.path().to_path_buf(), Mode::Allow)
}

/// All that a plain socket still hears.
fn rest(mut tcp: &TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    tcp.read_to_end(&mut all).unwrap();
    all
}

/// The same tests in a process of their own, in which every connection is encrypted.
#[test]
fn people_order_slow_readers_farewells_and_files_are_the_same_over_tls() {
    if std::env::var_os(FOLDER).is_some() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    roomful::tls::made::make(&settings(&folder), &[], 1).unwrap();
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["talk::", "order::", "slow::", "leaving::", "files::"]);
    // The first writes past TLS into the socket, from a second thread. The second compares the name of the front.
    for other in ["e8_newcomers_get_in_while_a_session_floods", "a_person_who_is_away_is_seen", "client_files::"] {
        again.args(["--skip", other]);
    }
    let ran = again.env(FOLDER, folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    let failed: Vec<String> =
        said.lines().skip_while(|line| *line != "failures:").map(|line| line.chars().take(300).collect()).collect();
    assert!(ran.status.success(), "{}", failed.join("\n"));
    assert!(said.contains("test talk::") && said.contains("test files::"), "{said}");
}

#[test]
fn programs_people_and_browsers_are_encrypted_on_the_port_where_others_are_not() {
    let it = Encrypted::start();
    let mut ann = it.login("ann");
    let mut bob = it.server.login_in("bob", "#a");
    assert!(ann.say("#a", "sealed") > 0);
    assert!(bob.hears().iter().any(|line| line.contains("sealed")));
    // Silent inside, too: then a person is greeted.
    let mut nc = LinePeer::new(Wire::over(it.pipe()));
    nc.login("gleb");
    let whois = |nick: &str| it.server.hub().chat.sessions_of(&roomful::names::Nick::parse(nick).unwrap());
    for (nick, front) in [("ann", "json+tls"), ("bob", "json"), ("gleb", "line+tls")] {
        let handle = it.server.hub().handle(whois(nick)[0]).unwrap();
        assert_eq!(*handle.front.lock(), front);
    }
    let mut pipe = it.pipe();
    pipe.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    pipe.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nok\n"), "{answer}");
}

#[test]
fn a_client_that_has_chosen_http_may_speak_nothing_else() {
    let it = Encrypted::start();
    let mut config = ClientConfig::clone(&it.config);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut pipe = it.pipe_with(&Arc::new(config));
    pipe.write_all(b"{\"type\":\"hello\",\"version\":1}\r\n\r\n").unwrap();
    let mut answer = String::new();
    pipe.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let mut config = ClientConfig::clone(&it.config);
    config.alpn_protocols = vec![b"h2".to_vec()];
    it.pipe_with(&Arc::new(config)).shake_hands().unwrap_err();
}

#[test]
fn tls_inside_tls_is_refused_by_an_alert() {
    let it = Encrypted::start();
    let mut pipe = it.pipe();
    pipe.write_all(&[0x16, 3, 1, 0, 4, 1, 0, 0, 0]).unwrap();
    let mut answer = Vec::new();
    pipe.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, [0x15, 3, 3, 0, 2, 2, 0x46]);
}

#[test]
fn half_a_line_counts_only_if_its_end_is_sealed() {
    let it = Encrypted::start();
    let mut ann = it.login("ann");
    let mut speak = |nick: &str, is_sealed: bool| {
        let mut nc = LinePeer::new(Wire::over(it.pipe()));
        nc.login(nick);
        nc.asks("/join #a");
        nc.wire.send(format!("half of {nick}"));
        match is_sealed {
            true => nc.wire.half_close(),
            false => nc.wire.sender().shutdown(std::net::Shutdown::Write).unwrap(),
        }
        eventually("it has ended", || it.server.hub().sessions() == 1);
        ann.hears().iter().any(|line| line.contains(&format!("half of {nick}")))
    };
    assert!(speak("bob", true));
    assert!(!speak("gleb", false), "somebody on the way may have cut the rest off");
}

#[test]
fn new_keys_in_the_middle_of_a_talk_are_taken_and_given() {
    let it = Encrypted::start();
    let mut ann = it.login("ann");
    for round in 0..20 {
        ann.wire.pipe.tls().refresh_traffic_keys().unwrap();
        let text = format!("round {round} {}", "x".repeat(3_000));
        assert!(ann.say("#a", &text) > 0);
    }
    ann.quit();
}

#[test]
fn two_hundred_stalled_handshakes_are_closed_and_keep_nobody_out() {
    let it = Encrypted::with(|limits| limits.tls_handshake = Duration::from_secs(1));
    let mut whole = Vec::new();
    let mut hello = it.pipe();
    hello.tls().write_tls(&mut whole).unwrap();
    let stalled: Vec<TcpStream> = (0..200)
        .map(|at| {
            let mut tcp = it.plain();
            // Some have said two bytes, some half of their hello.
            tcp.write_all(&whole[..if at % 2 == 0 { 2 } else { whole.len() / 2 }]).unwrap();
            tcp
        })
        .collect();
    it.login("ann").quit();
    stalled.iter().for_each(|tcp| assert_eq!(rest(tcp), b""));
    eventually("all are counted", || it.failed("late") == 200);
    it.login("bob").quit();
}

#[test]
fn garbage_and_too_much_of_it_end_a_handshake_with_an_alert() {
    let it = Encrypted::start();
    let mut garbage = it.plain();
    garbage.write_all(&[0x16, 3, 3, 0, 4, 0xff, 0, 0, 0]).unwrap();
    assert_eq!(rest(&garbage)[..3], [0x15, 3, 3]);
    let mut large = it.plain();
    let record = [&[0x16, 3, 1, 0x3f, 0xff, 1, 0, 0xfa, 0][..], &[0; 0x3ffb]].concat();
    let _ = large.write_all(&record).and_then(|()| large.write_all(&record));
    eventually("it is refused", || it.failed("large") == 1);
    it.login("ann").quit();
}

/// The farewell must not be written into the handshake as plain text.
#[test]
fn a_server_that_stops_during_a_handshake_writes_no_plain_byte() {
    let mut it = Encrypted::with(|limits| limits.stop = Duration::from_millis(300));
    let mut whole = Vec::new();
    it.pipe().tls().write_tls(&mut whole).unwrap();
    let mut half = it.plain();
    half.write_all(&whole[..100]).unwrap();
    let mut silent = it.pipe();
    silent.shake_hands().unwrap();
    eventually("both are there", || {
        let handles = it.server.hub().handles();
        handles.iter().any(|handle| handle.stream.is_secure())
            && handles.iter().any(|handle| handle.is_exchange.load(std::sync::atomic::Ordering::Relaxed))
    });
    it.server.stop("the lesson is over");
    assert_eq!(rest(&half), b"");
    let mut words = String::new();
    silent.read_to_string(&mut words).unwrap();
    assert!(words.contains("the lesson is over"), "{words:?}");
}

#[test]
fn irc_clients_are_told_to_come_encrypted_only_if_the_operator_says_for_how_long() {
    let listed = |wire: Wire| {
        let mut peer = IrcPeer::new(wire);
        peer.says("CAP LS\r\nCAP REQ :sts");
        let line = peer.line();
        assert!(line.contains(" CAP * LS ") && !line.contains("sts"), "it says nothing without a value: {line}");
        assert_eq!(peer.line(), ":irc.roomful CAP * NAK :sts", "it cannot be asked for");
        peer.wire.send("CAP LS 302\r\n");
        let line = peer.line();
        line.split(' ').find(|word| word.trim_start_matches(':').starts_with("sts")).map(str::to_owned)
    };
    for seconds in [0, 600] {
        let it = Encrypted::with(|limits| limits.sts_duration = Duration::from_secs(seconds));
        let port = it.server.addr().port();
        let plain = listed(Wire::over(Pipe::new(it.plain())));
        assert_eq!(plain, (seconds > 0).then(|| format!("sts=port={port}")));
        let encrypted = listed(Wire::over(it.pipe()));
        assert_eq!(encrypted, (seconds > 0).then(|| format!("sts=duration={seconds}")));
    }
}

/// Loopback is exempt, so this needs another address of this machine; on a machine without one it proves nothing.
#[test]
fn a_server_that_requires_it_tells_plain_peers_how_and_lets_this_machine_in() {
    let Some(own) = roomful::net::addresses::of_this_machine().into_iter().find(std::net::IpAddr::is_ipv4) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { mode: Mode::Require, ..settings(&folder) };
    roomful::tls::made::make(&settings, &[own.to_string()], 100).unwrap();
    let server = TestServer::encrypted_at("0.0.0.0:0", settings.clone());
    let port = server.addr().port();
    let asks = |from: std::net::IpAddr, words: &str| {
        let mut tcp = TcpStream::connect((from, port)).unwrap();
        tcp.set_read_timeout(Some(DEADLINE)).unwrap();
        tcp.write_all(words.as_bytes()).unwrap();
        String::from_utf8(rest(&tcp)).unwrap()
    };
    let by_hand = format!("openssl s_client -quiet -connect {own}:{port}");
    let line = asks(own, "ann\n");
    assert!(line.starts_with("! This server takes encrypted connections only") && line.contains(&by_hand), "{line}");
    let json = asks(own, "{\"type\":\"hello\",\"version\":1}\n");
    assert!(json.contains("\"type\":\"closing\",\"reason\":\"not-served\"") && json.contains(&by_hand), "{json}");
    let page = asks(own, &format!("GET /?a=b HTTP/1.1\r\nHost: {own}:{port}\r\n\r\n"));
    assert!(
        page.starts_with("HTTP/1.1 308 ") && page.contains(&format!("Location: https://{own}:{port}/?a=b\r\n")),
        "{page}"
    );
    assert!(asks([127, 0, 0, 1].into(), "ann\n/quit\n").contains("Hello ann"));
    let tcp = TcpStream::connect((own, port)).unwrap();
    let mut ann = Peer::new(Wire::over(Pipe::encrypted(tcp, &trusting(&settings))));
    ann.hello(json!({"nick": "ann"})).unwrap();
    ann.quit();
}

#[test]
fn without_a_certificate_a_hello_gets_the_alert_of_a_server_that_has_no_tls() {
    let server = TestServer::start();
    let mut tcp = TcpStream::connect(server.addr()).unwrap();
    tcp.write_all(&[0x16, 3, 1, 0, 4, 1, 0, 0, 0]).unwrap();
    tcp.set_read_timeout(Some(DEADLINE)).unwrap();
    assert_eq!(rest(&tcp), [0x15, 3, 3, 0, 2, 2, 0x46]);
}

#[test]
fn metrics_count_handshakes_and_what_is_encrypted_now() {
    let it = Encrypted::start();
    let _ann = it.login("ann");
    let metrics = fetch(it.server.addr(), "GET", "/metrics", &[]).text();
    for line in
        ["roomful_tls_handshakes_total{end=\"done\"} 1\n", "roomful_tls_connections 1\n", "front=\"json+tls\"} 1\n"]
    {
        assert!(metrics.contains(line), "{line:?} is not in {metrics}");
    }
}

/// On the wire: nothing of what is said, nothing below TLS 1.2, and none of the old ciphers.
#[test]
fn only_modern_versions_and_ciphers_are_offered() {
    let provider = rustls::crypto::ring::default_provider();
    let names: Vec<String> = provider.cipher_suites.iter().map(|suite| format!("{:?}", suite.suite())).collect();
    let modern = |name: &String| name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_");
    assert!(names.iter().all(modern) && names.len() == 9, "{names:?}");
    let aead = |name: &String| name.contains("GCM") || name.contains("CHACHA20_POLY1305");
    assert!(names.iter().all(aead), "{names:?}");
    let it = Encrypted::start();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut pipe = it.pipe_with(&with_version(&it, version));
        pipe.shake_hands().unwrap();
        assert_eq!(pipe.tls().protocol_version(), Some(version.version));
    }
}

fn with_version(it: &Encrypted, version: &'static rustls::SupportedProtocolVersion) -> Arc<ClientConfig> {
    let mut trusted = rustls::RootCertStore::empty();
    let security = it.server.hub().security.clone().unwrap();
    assert!(security.certificate().is_self_signed);
    let file = it.folder.path().join("roomful.crt");
    trusted.add(rustls::pki_types::pem::PemObject::from_pem_file(file).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_protocol_versions(&[version]);
    Arc::new(builder.with_root_certificates(trusted).with_no_client_auth())
}
