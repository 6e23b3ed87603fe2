//! HTTP on the one port: routes, refusals, and connections that stay. (protocol.md, *HTTP*)

use crate::support::{TestServer, Wire};

/// One answer off a connection that stays.
pub struct Answer {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    /// Reads one; `bare` if it has no body whatever its length says.
    pub fn read(wire: &mut Wire, bare: bool) -> Answer {
        let first = wire.line();
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {first:?}"));
        let mut fields = Vec::new();
        loop {
            let line = wire.line();
            let line = line.strip_suffix('\r').expect("CR before LF");
            let Some((name, value)) = line.split_once(": ") else { break };
            fields.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut answer = Answer { status, fields, body: String::new() };
        let length = if bare { 0 } else { answer.field("content-length").map_or(0, |length| length.parse().unwrap()) };
        answer.body = String::from_utf8(wire.bytes(length)).expect("text");
        answer
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Asks on a connection of its own.
fn ask(server: &TestServer, request: &str) -> Answer {
    let mut wire = server.wire();
    wire.send(request);
    Answer::read(&mut wire, request.starts_with("HEAD"))
}

const HOST: &str = "Host: 127.0.0.1\r\n";

#[test]
fn a_browser_gets_the_page_and_no_session_begins() {
    let server = TestServer::start();
    let mut wire = server.wire();
    for _ in 0..2 {
        wire.send(format!("GET / HTTP/1.1\r\n{HOST}\r\n"));
        let page = Answer::read(&mut wire, false);
        assert_eq!((page.status, page.field("content-type")), (200, Some("text/html; charset=utf-8")));
        assert!(
            page.body.starts_with("<!doctype html>") && !page.body.contains("a/SET/") && !page.body.contains("MODULES"),
            "{}",
            page.body
        );
    }
    assert_eq!(ask(&server, &format!("GET /nothing HTTP/1.1\r\n{HOST}\r\n")).status, 404);
}
