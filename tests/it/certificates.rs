//! The certificate of a server: made, renewed, changed while it runs, and refused. Knows nothing of what is said over TLS.

use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Arc;

use roomful::tls::{Mode, Settings};
use rustls::ClientConfig;
use serde_json::json;
use tempfile::TempDir;

use crate::server_support::{Program, run, server};
use crate::support::pipe::{Pipe, in_folder, trusting};
use crate::support::{DEADLINE, Peer, Wire};

fn settings(folder: &TempDir) -> Settings {
    in_folder(folder.path().to_path_buf(), Mode::Allow)
}

#[test]
fn the_program_makes_a_certificate_once_renews_it_for_the_same_key_and_tells_both_fingerprints() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("lab.db");
    let cert = |arguments: &[&str]| run(&[&["cert", "--data", data.to_str().unwrap()], arguments].concat(), &[]);
    let told = |out: &str, what: &str| {
        let line = out.lines().find_map(|line| line.trim_start().strip_prefix(what)).expect("it is told");
        line.trim().to_owned()
    };
    let (code, made, err) = cert(&["--host", "chat.example,192.0.2.7"]);
    assert_eq!((code, &*err), (0, ""), "{made}");
    assert!(made.contains(", chat.example, 192.0.2.7 and ends on "), "{made}");
    let (code, again, _) = cert(&[]);
    assert_eq!((code, &again), (0, &made), "nothing is made over it");
    let (code, renewed, _) = cert(&["--renew", "--host", "more.example", "--days", "10"]);
    assert!(code == 0 && renewed.contains(", chat.example, 192.0.2.7, more.example and ends on "), "{renewed}");
    assert_eq!(told(&made, "chat-client shows"), told(&renewed, "chat-client shows"));
    assert_ne!(told(&made, "browsers show"), told(&renewed, "browsers show"));
    let (code, _, err) = cert(&["--host", "other.example"]);
    assert!(code == 78 && err.contains("lab.crt is there already; ") && err.contains("--renew"), "{err}");

    let mut command = server();
    command.env_remove("CHAT_SERVER_MEMORY").args(["--listen", "0.0.0.0:0", "--data"]).arg(&data);
    let program = Program::spawn(command.stdin(Stdio::piped()));
    assert_eq!(program.count("can come in, encrypted or not; --tls require"), 1, "{:#?}", program.seen);
    let key = told(&renewed, "chat-client shows");
    assert_eq!(program.count(&format!(" --fingerprint {key}")), 1, "{:#?}", program.seen);
    assert_eq!(program.count(&told(&renewed, "browsers show")), 1, "{:#?}", program.seen);
    // It ends in ten days.
    let mut program = program;
    program.shows("chat-server cert --renew makes another for the same key");
}

/// A certificate that cannot be used changes nothing, and those who are connected keep the old one.
#[cfg(unix)]
#[test]
fn sighup_gives_newcomers_the_new_certificate_and_a_broken_one_changes_nothing() {
    let [folder, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [own, new] = [settings(&folder), settings(&other)];
    for settings in [&own, &new] {
        roomful::tls::made::make(settings, &[], 100).unwrap();
    }
    let [old_only, new_only] = [trusting(&own), trusting(&new)];
    let mut program = Program::start(&[
        "--tls",
        "allow",
        "--tls-cert",
        own.certificate.to_str().unwrap(),
        "--tls-key",
        own.key.to_str().unwrap(),
    ]);
    let addr = program.addr;
    let meets = |config: &Arc<ClientConfig>| {
        let tcp = TcpStream::connect(addr).unwrap();
        tcp.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut pipe = Pipe::encrypted(tcp, config);
        pipe.shake_hands().is_ok().then_some(pipe)
    };
    let mut ann = Peer::new(Wire::over(meets(&old_only).unwrap()));
    ann.hello(json!({"nick": "ann", "rooms": ["#a"]})).unwrap();
    std::fs::copy(&new.key, &own.key).unwrap();
    program.signal("HUP");
    program.shows("is not that of the certificate");
    assert!(meets(&old_only).is_some(), "half of a change is none");
    std::fs::copy(&new.certificate, &own.certificate).unwrap();
    program.signal("HUP");
    program.shows("another certificate, for new connections");
    assert!(meets(&new_only).is_some() && meets(&old_only).is_none());
    assert!(ann.say("#a", "still here") > 0);
    ann.quit();
}

#[test]
fn a_certificate_that_is_of_no_use_stops_the_start_with_a_sentence_and_78() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let [data, crt, key] = ["lab.db", "lab.crt", "lab.key"].map(path);
    let starts = |arguments: &[&str]| {
        let (code, _, err) = run(&[&["--listen", "127.0.0.1:0", "--tls", "allow"], arguments].concat(), &[]);
        assert_eq!(code, 78, "{err}");
        err
    };
    assert!(
        starts(&["--tls-cert", &crt]).contains("tls-key: its certificate is not named")
            || starts(&["--tls-cert", &crt]).contains("tls-cert: its key is not named")
    );
    let err = starts(&["--tls-cert", &crt, "--tls-key", &key]);
    assert!(err.contains("cannot read ") && err.contains("chat-server cert makes"), "{err}");
    let (code, _, err) = run(&["cert", "--data", &data], &[]);
    assert_eq!(code, 0, "{err}");
    std::fs::write(path("other.crt"), "nothing").unwrap();
    let err = starts(&["--tls-cert", &path("other.crt"), "--tls-key", &key]);
    assert!(err.contains("other.crt has no certificate in it"), "{err}");
    std::fs::remove_file(&key).unwrap();
    let (code, _, err) = run(&["--listen", "127.0.0.1:0", "--tls", "allow", "--data", &data], &[]);
    assert!(code == 78 && err.contains("of no use without its key"), "{err}");
}
