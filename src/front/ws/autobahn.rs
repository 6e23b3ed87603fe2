//! An echo for the Autobahn test suite, out of the reader and the frames of this front. Knows no chat: binary messages are refused here as there.
//!
//! The suite is no crate: `pip install autobahntestsuite` for Python 2.7. Then:
//!
//! ```text
//! WSTEST=/path/to/wstest cargo test --lib autobahn -- --ignored --nocapture
//! ```

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::{env, fs, thread};

use serde_json::{Value, json};

use super::accept;
use super::reader::{Fault, FrameReader, Heard};
use crate::limits::Limits;
use crate::wire::frame::{self, Kind};
use crate::wire::http::{Bounds, parse};

/// The cases that send binary messages and want them back.
const BINARY: [&str; 8] = ["1.2.1", "1.2.2", "1.2.3", "1.2.4", "1.2.5", "1.2.6", "1.2.7", "1.2.8"];

/// Answers each text with itself, until the peer closes or breaks a rule.
fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    // The suite sends longer messages than the chat takes.
    let limits = Limits { ws_message: 1 << 20, ..Limits::default() };
    let bounds = Bounds { bytes: limits.http_head, lines: limits.http_lines };
    let mut buffer = vec![0; 65_536];
    let mut read = Vec::new();
    let head = loop {
        let count = stream.read(&mut buffer)?;
        read.extend_from_slice(&buffer[..count]);
        if let Some((head, length)) = parse(&read, bounds).expect("a good head") {
            read.drain(..length);
            break head;
        }
    };
    stream.write_all(&accept(|name| head.all(name)).expect("a good handshake").into_answer())?;
    let mut reader = FrameReader::new(&limits);
    loop {
        let mut bytes = &read[..];
        loop {
            let (words, is_last) = match reader.next(&mut bytes) {
                Ok(None) => break,
                Ok(Some(Heard::Text(text))) => (frame::frame(Kind::Text, text.as_bytes()), false),
                Ok(Some(Heard::Ping(pong))) => (pong, false),
                Ok(Some(Heard::Nothing | Heard::Pong)) => continue,
                Ok(Some(Heard::Close(answer))) => (answer, true),
                Err(Fault(code, words)) => (frame::close(code, &words), true),
            };
            stream.write_all(&words)?;
            if is_last {
                return stream.shutdown(std::net::Shutdown::Write);
            }
        }
        read.resize(65_536, 0);
        let count = stream.read(&mut read)?;
        read.truncate(count);
        if count == 0 {
            return Ok(());
        }
    }
}

#[test]
#[ignore = "needs the Autobahn suite, see above"]
fn it_does_what_the_autobahn_suite_wants_but_for_binary_messages() {
    let wstest = env::var_os("WSTEST").expect("WSTEST: the program wstest");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(|| echo(stream));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    // 9 measures, 12 and 13 are about compression, which no server of ours accepts.
    let spec = json!({
        "outdir": folder.path(),
        "servers": [{"agent": "roomful", "url": url}],
        "cases": ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"],
        "exclude-cases": [],
        "exclude-agent-cases": {},
    });
    let path = folder.path().join("spec.json");
    fs::write(&path, spec.to_string()).unwrap();
    let status = Command::new(wstest).args(["-m", "fuzzingclient", "-s"]).arg(&path).status().unwrap();
    assert!(status.success());
    let index = fs::read(folder.path().join("index.json")).unwrap();
    let mut index: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_slice(&index).unwrap();
    let cases = index.remove("roomful").unwrap();
    let mut by_verdict: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut bad = Vec::new();
    for (case, result) in &cases {
        let [behavior, close] = ["behavior", "behaviorClose"].map(|field| result[field].as_str().unwrap_or_default());
        by_verdict.entry(behavior).or_default().push(case);
        let is_good = |word| ["OK", "NON-STRICT", "INFORMATIONAL"].contains(&word);
        if !is_good(behavior) || !is_good(close) {
            bad.push(case.as_str());
        }
    }
    for (verdict, cases) in by_verdict {
        eprintln!("{verdict}: {} cases, the first: {:?}", cases.len(), &cases[..cases.len().min(9)]);
    }
    assert_eq!(bad, BINARY);
}
