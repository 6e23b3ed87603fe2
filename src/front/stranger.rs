//! What is said to those who speak another protocol: a sentence, in the manner of that protocol. Knows the shape of one answer of each.

use crate::net::sniff::Kind;

/// What this server is, for whoever took it for another.
const SENTENCE: &str = "This is a chat server: connect with nc, telnet or chat-client";

/// RFC 8446, 6: an alert record, TLS 1.2 on the wire, two bytes: fatal, protocol version.
const TLS_REFUSAL: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46];

/// MQTT 3.1.1, 3.2: CONNACK, two bytes: no session, unacceptable protocol version.
const MQTT_REFUSAL: [u8; 4] = [0x20, 0x02, 0x00, 0x01];

/// The last words to somebody who speaks `kind`.
pub(super) fn refusal(kind: Kind) -> Vec<u8> {
    match kind {
        Kind::Http => response("HTTP/1.1", "Connection: close\r\n"),
        Kind::Rtsp => response("RTSP/1.0", ""),
        Kind::Sip => response("SIP/2.0", ""),
        Kind::Http2 => http2(),
        Kind::Irc => {
            b"ERROR :This server does not speak IRC. Connect with nc or telnet, or with chat-client.\r\n".to_vec()
        }
        Kind::Smtp => format!("500 {SENTENCE}\r\n").into_bytes(),
        Kind::Imap => format!("* BYE {SENTENCE}\r\n").into_bytes(),
        Kind::Redis => format!("-ERR {SENTENCE}\r\n").into_bytes(),
        // STOMP 1.2, ERROR: a frame ends with a NUL.
        Kind::Stomp => format!("ERROR\nmessage:{SENTENCE}\n\n\0").into_bytes(),
        Kind::Xmpp => xmpp(),
        Kind::Tls => TLS_REFUSAL.to_vec(),
        Kind::Postgres => postgres(),
        Kind::Mqtt => MQTT_REFUSAL.to_vec(),
        // RFC 4253, 4.2: a server may send lines of text before its banner.
        Kind::Ssh | Kind::Binary | Kind::Json | Kind::Line => format!("! {SENTENCE}.\r\n").into_bytes(),
    }
}

/// A response of HTTP or of one of its relatives.
fn response(version: &str, head: &str) -> Vec<u8> {
    let body = "This is a chat server, and it serves no page. Connect with nc, telnet or chat-client.\n";
    let length = body.len();
    let kind = "Content-Type: text/plain; charset=utf-8";
    format!("{version} 501 Not Implemented\r\n{kind}\r\nContent-Length: {length}\r\n{head}\r\n{body}").into_bytes()
}

/// RFC 9113: an empty SETTINGS frame, then GOAWAY with HTTP_1_1_REQUIRED and our sentence.
fn http2() -> Vec<u8> {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const GOAWAY: [u8; 6] = [7, 0, 0, 0, 0, 0];
    const LAST_STREAM_AND_ERROR: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 13];
    let length = u32::try_from(LAST_STREAM_AND_ERROR.len() + SENTENCE.len()).unwrap_or_default().to_be_bytes();
    [&SETTINGS, &length[1..], &GOAWAY, &LAST_STREAM_AND_ERROR, SENTENCE.as_bytes()].concat()
}

/// RFC 6120, 4.9: a stream that begins with its own error.
fn xmpp() -> Vec<u8> {
    const STREAM: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
    const KIND: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
    format!("{STREAM}<stream:error><undefined-condition {KIND}/><text {KIND}>{SENTENCE}</text></stream:error></stream:stream>")
        .into_bytes()
}

/// ErrorResponse of PostgreSQL's protocol 3: severity, code (protocol violation), message.
fn postgres() -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C08P01\0M{SENTENCE}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap_or_default().to_be_bytes();
    [b"E", &length[..], fields.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_in_answers_are_those_of_what_follows() {
        let http2 = refusal(Kind::Http2);
        let frame = &http2[9..];
        assert_eq!(usize::from(frame[2]), frame.len() - 9, "RFC 9113, 4.1: nine bytes before the payload");
        let postgres = refusal(Kind::Postgres);
        assert_eq!(usize::from(postgres[4]), postgres.len() - 1, "the length counts itself, not the E");
    }
}
