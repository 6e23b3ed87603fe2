//! Which server the client trusts: the table in docs/trust.md, row by row and column by column, with real servers.

#[cfg(unix)] // a pseudo-terminal
mod terminal;

use std::fs;
use std::path::PathBuf;

use rcgen::{CertificateParams, KeyPair};
use roomful::client::trust::{Distrust, Encryption, Security, Strangers, Trust};
use roomful::client::{Client, End, News, Options};
use roomful::event::Event;
use roomful::limits::Limits;
use roomful::net::fingerprint::Fingerprint;
use roomful::server::Server;
use roomful::tls::{Mode, Settings};
use tempfile::{TempDir, tempdir};

use crate::client_support::{DEADLINE, ServerProgram, run};
use crate::server_support;

/// The name that the certificates have, and the address of the servers.
const HERE: &str = "127.0.0.1";

/// A free address for a server.
const ANYWHERE: &str = "127.0.0.1:0";

/// A folder with keys of servers, and files of known servers.
struct Folder(TempDir);

/// A key and its certificate, in files.
struct Key {
    files: PathBuf,
    fingerprint: Fingerprint,
}

impl Folder {
    fn new() -> Folder {
        Folder(tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn key(&self, name: &str) -> Key {
        let pair = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![HERE.to_owned()]).unwrap().self_signed(&pair).unwrap();
        let files = self.0.path().join(name);
        fs::write(files.with_extension("key"), pair.serialize_pem()).unwrap();
        fs::write(files.with_extension("crt"), certificate.pem()).unwrap();
        Key { files, fingerprint: Fingerprint::of_certificate(certificate.der()).unwrap() }
    }

    /// A file in which `addr` is known by `key`.
    fn known(&self, name: &str, addr: &str, key: Fingerprint) -> String {
        fs::write(self.path(name), format!("# mine\n{addr} sha256:{key} 2026-11-19\n")).unwrap();
        self.path(name)
    }
}

impl Key {
    fn file(&self, ending: &str) -> String {
        self.files.with_extension(ending).display().to_string()
    }

    /// A server with this key.
    fn server(&self, addr: &str) -> ServerProgram {
        let files = [self.file("crt"), self.file("key")];
        ServerProgram::start_with(addr, &["--tls", "allow", "--tls-cert", &files[0], "--tls-key", &files[1]])
    }
}

/// Runs a script's client; its exit code and its stderr.
fn script(server: &ServerProgram, nick: &str, arguments: &[&str]) -> (i32, String) {
    let (code, _, told) = run(&[&["--server", &server.addr, "--nick", nick], arguments].concat(), "hello\n");
    (code, told)
}

#[test]
fn a_script_talks_only_to_a_server_that_it_can_trust() {
    let folder = Folder::new();
    let (a, b) = (folder.key("a"), folder.key("b"));
    let server = a.server(ANYWHERE);
    let vera = server.peer("vera");
    let (own, other) = (a.fingerprint.to_string(), b.fingerprint.to_string());
    let (none, stored) = (folder.path("none"), folder.path("stored"));
    let knows = folder.known("knows", &server.addr, a.fingerprint);
    let changed = folder.known("changed", &server.addr, b.fingerprint);
    let authority = a.file("crt");

    for (taken, quiet) in [
        (&["--known-hosts", &changed, "--fingerprint", &own][..], true),
        (&["--known-hosts", &knows], true),
        (&["--known-hosts", &none, "--tls", "always", "--ca", &authority], true),
        (&["--known-hosts", &changed, "--ca", &authority], true),
        (&["--known-hosts", &stored, "--tls", "always", "--trust", "new"], false),
        (&["--known-hosts", &stored], true),
    ] {
        let (code, told) = script(&server, "boris", taken);
        assert_eq!(code, 0, "{taken:?}: {told}");
        assert_eq!(!told.contains("encrypted"), quiet, "{taken:?}: {told}");
        vera.hears("hello");
    }
    assert!(!PathBuf::from(&none).exists(), "an authority vouched for it, so it is not stored");
    let line = fs::read_to_string(&stored).unwrap();
    assert!(line.starts_with(&format!("{} sha256:{own} 2", server.addr)) && line.lines().count() == 1, "{line:?}");

    let plain = ServerProgram::start();
    let known = folder.known("plain", &plain.addr, a.fingerprint);
    for (at, refused, words) in [
        (&server, &["--known-hosts", &knows, "--fingerprint", &other][..], "ANOTHER KEY"),
        (&server, &["--known-hosts", &none, "--fingerprint", &other, "--ca", &authority], "ANOTHER KEY"),
        (&server, &["--known-hosts", &none, "--tls", "always"], "is not known here"),
        (&server, &["--known-hosts", &none, "--tls", "always", "--ca", &b.file("crt")], "is not known here"),
        (&server, &["--known-hosts", &changed], "HAS CHANGED"),
        (&server, &["--known-hosts", &changed, "--trust", "new"], "HAS CHANGED"),
        (&server, &["--known-hosts", &knows, "--tls", "never"], "with --tls never"),
        (&plain, &["--known-hosts", &known], "WAS ENCRYPTED BEFORE"),
        (&plain, &["--known-hosts", &none, "--tls", "always"], "is not encrypted"),
        (&plain, &["--known-hosts", &none, "--fingerprint", &own], "is not encrypted"),
    ] {
        let (code, told) = script(at, "gleb", refused);
        assert_eq!(code, 76, "{refused:?}: {told}");
        assert!(told.contains(words) && told.lines().all(|line| line.starts_with("! ")), "{refused:?}: {told}");
    }
    vera.say("the end");
    vera.until("the end", |news| match news {
        News::Event(Event::Join { nick, .. }) if &**nick == "gleb" => {
            panic!("a server that was refused was told a name")
        }
        News::Event(Event::Message(message)) if &*message.text == "the end" => Some(()),
        _ => None,
    });
}

/// A client without a screen that has come in, encrypted.
fn library(addr: &str, known_hosts: String) -> Client {
    let known_hosts = Some(known_hosts.into());
    let trust = Trust { encryption: Encryption::Always, known_hosts, strangers: Strangers::Take, ..Trust::default() };
    let options = Options { nick: Some("anna".into()), trust, ..Options::default() };
    let client = Client::connect(addr, options).unwrap();
    assert!(client.security().is_encrypted());
    client
}

/// Waits until a client has ended, and says why.
fn end_of(client: &Client) -> End {
    loop {
        match client.recv_timeout(2 * DEADLINE) {
            Ok(News::Ended(end)) => return end,
            Ok(News::Back { .. }) => panic!("it has come back"),
            Ok(_) => {}
            Err(error) => panic!("{error} before the end"),
        }
    }
}

#[test]
fn a_client_does_not_come_back_to_another_key_or_without_encryption() {
    let folder = Folder::new();
    let (a, b) = (folder.key("a"), folder.key("b"));
    let cases = [(a.server(ANYWHERE), "other"), (a.server(ANYWHERE), "plain"), (a.server(ANYWHERE), "renewed")];
    let clients = cases.map(|(server, case)| (library(&server.addr, folder.path(case)), server.addr.clone(), case));
    let before = fs::read(a.file("crt")).unwrap();
    let (certificate, key) = (a.file("crt"), a.file("key"));
    let renew = ["cert", "--renew", "--host", "elsewhere.example", "--tls-cert", &certificate, "--tls-key", &key];
    assert_eq!(server_support::run(&renew, &[]).0, 0);
    assert_ne!(fs::read(a.file("crt")).unwrap(), before);
    for (client, addr, case) in &clients {
        match *case {
            "other" => {
                let _server = b.server(addr);
                assert!(matches!(end_of(client), End::Untrusted(Distrust::Changed { .. })));
            }
            "plain" => {
                let _server = ServerProgram::start_at(addr);
                assert!(matches!(end_of(client), End::Untrusted(Distrust::Downgraded { .. })));
            }
            _ => {
                let _server = a.server(addr);
                let back = std::iter::from_fn(|| client.recv_timeout(2 * DEADLINE).ok());
                assert!({ back }.any(|news| matches!(news, News::Back { .. })));
                assert!(matches!(client.security(), Security::Known { .. }));
            }
        }
    }
}

#[test]
fn a_file_goes_over_tls_and_so_does_what_json_passes_through() {
    let folder = Folder::new();
    let a = folder.key("a");
    let (certificate, key) = (a.file("crt").into(), a.file("key").into());
    let settings = Settings { mode: Mode::Require, certificate, key, is_given: true };
    let server = Server::bind(ANYWHERE).unwrap().tls(settings).limits(Limits { rate: 0, ..Limits::default() });
    let server = server.data(folder.path("db")).start().unwrap();
    let (addr, known) = (server.local_addr().to_string(), folder.path("known"));
    let anna = library(&addr, known.clone());
    let bytes: Vec<u8> = (0..200_000_u32).map(|number| (number * 7 % 251) as u8).collect();
    fs::write(folder.path("photo.bin"), &bytes).unwrap();
    let sent = anna.send_file("#lobby", folder.path("photo.bin").as_ref(), "", |_, _| true).unwrap();
    let (_, path) = anna.get_file(sent.file, Some(folder.path("got").as_ref()), |_, _| true).unwrap();
    assert!(fs::read(path).unwrap() == bytes);

    // An answer that is larger than a record of TLS.
    let tags: Vec<_> =
        (0..16).map(|line| anna.say("#lobby", &format!("{line} {}", "long ".repeat(700))).unwrap()).collect();
    assert!(tags.iter().all(|tag| anna.wait_for(tag, DEADLINE)));
    let history = r##"{"type":"history","room":"#lobby","limit":16}"##;
    let json =
        |known: &str| ["--json", "--server", &addr, "--nick", "boris", "--known-hosts", known].map(str::to_owned);
    let run = |known: &str, input: &str| run(&json(known).each_ref().map(|argument| &**argument), input);
    let (code, heard, told) = run(&known, &format!("{history}\n"));
    assert!(code == 0 && told.is_empty(), "{code} {told}");
    assert!(heard.contains("15 long") && heard.contains(r#""type":"history""#), "{heard}");
    let changed = folder.known("changed", &addr, Fingerprint::of_key(b"another"));
    let (code, heard, told) = run(&changed, "");
    assert!(code == 76 && heard.is_empty() && told.contains(&a.fingerprint.to_string()), "{code} {heard} {told}");
}

#[test]
fn what_is_wrong_with_the_keys_that_are_known_is_told_with_what_to_do() {
    let folder = Folder::new();
    let a = folder.key("a");
    let server = a.server(ANYWHERE);
    let (code, _, told) = run(&["--server", &server.addr, "--fingerprint", "7f3a-91c0"], "");
    assert!(code == 2 && told.contains("eight groups of four digits"), "{told}");

    let damaged = folder.path("damaged");
    fs::write(&damaged, format!("lab:1 nonsense\n{} sha256:7f3a\n", server.addr)).unwrap();
    let (code, told) = script(&server, "gleb", &["--known-hosts", &damaged, "--trust", "new"]);
    assert!(code == 76 && told.contains("line 2 of ") && told.contains("--forget"), "{told}");
    let forget = |host: &str| run(&["--known-hosts", &damaged, "--forget", host], "").0;
    assert_eq!((forget(&server.addr), forget(&server.addr), forget("lab:1")), (0, 1, 0));
    assert_eq!(fs::read_to_string(&damaged).unwrap(), "");

    // A folder is no file, and below a file there is none.
    let (code, told) = script(&server, "gleb", &["--known-hosts", &folder.path("")]);
    assert!(code == 76 && told.contains("cannot read"), "{told}");
    let below = format!("{damaged}/known_hosts");
    let (code, told) = script(&server, "boris", &["--known-hosts", &below, "--tls", "always", "--trust", "new"]);
    assert!(code == 0 && told.contains("could not be stored"), "{code} {told}");
}
