//! The last words to a peer whose protocol is not served, or for which there is no room: a sentence, in its own protocol. Knows one answer of each protocol.

use super::sniff::Kind;
use crate::event::Event;
use crate::model::CloseReason;
use crate::wire::json;

/// Says what this server is, to a peer that expected another.
const SENTENCE: &str = "This is a chat server: connect with nc, telnet or chat-client";

/// RFC 8446, 6: an alert record, TLS 1.2 on the wire, two bytes: fatal, protocol version.
const TLS_REFUSAL: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46];

/// MQTT 3.1.1, 3.2: CONNACK, two bytes: no session, and why.
const MQTT_REFUSAL: [u8; 3] = [0x20, 0x02, 0x00];

/// To an HTTP request whose first line came so slowly that its peer was taken for a person.
const LATE: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// Tells the operator that a peer speaks `kind`, which is not served.
pub(super) fn news(kind: Kind) -> String {
    format!("speaks {kind:?}, which is not served")
}

/// The last words to a peer that speaks `kind`: that it is not served, or `full`,
/// the sentence that says why there is no room.
pub(super) fn last_words(kind: Kind, full: Option<&str>) -> Vec<u8> {
    let sentence = full.map_or(SENTENCE, |full| full.trim_end_matches('.'));
    match kind {
        Kind::Http => LATE.to_vec(),
        Kind::Rtsp => response("RTSP/1.0", full),
        Kind::Sip => response("SIP/2.0", full),
        Kind::Http2 => http2(sentence),
        Kind::Irc => {
            let words = "This server does not speak IRC. Connect with nc or telnet, or with chat-client.";
            format!("ERROR :{}\r\n", full.unwrap_or(words)).into_bytes()
        }
        Kind::Smtp => format!("{} {sentence}\r\n", if full.is_some() { 421 } else { 500 }).into_bytes(),
        Kind::Imap => format!("* BYE {sentence}\r\n").into_bytes(),
        Kind::Redis => format!("-ERR {sentence}\r\n").into_bytes(),
        // STOMP 1.2, ERROR: a frame ends with a NUL.
        Kind::Stomp => format!("ERROR\nmessage:{sentence}\n\n\0").into_bytes(),
        Kind::Xmpp => xmpp(sentence),
        Kind::Tls => TLS_REFUSAL.to_vec(),
        Kind::Postgres => postgres(sentence),
        // Unacceptable protocol version, or server unavailable.
        Kind::Mqtt => [&MQTT_REFUSAL[..], &[if full.is_some() { 3 } else { 1 }]].concat(),
        Kind::Json => {
            let reason = if full.is_some() { CloseReason::Full } else { CloseReason::NotServed };
            let mut line = Vec::new();
            json::encode(&Event::Closing { reason, text: format!("{sentence}.").into() }, &mut line);
            line
        }
        // RFC 4253, 4.2: a server may send lines of text before its banner.
        Kind::Ssh | Kind::Binary => format!("! {sentence}.\r\n").into_bytes(),
        Kind::Line => format!("! {sentence}.\n").into_bytes(),
    }
}

/// The last words to a peer that speaks `kind`, which is served, but only encrypted; `server` is the address that it has reached.
pub(super) fn only_encrypted(kind: Kind, server: &str) -> Vec<u8> {
    let sentence = format!(
        "This server takes encrypted connections only: chat-client does that by itself; \
         by hand: openssl s_client -quiet -connect {server}"
    );
    match kind {
        Kind::Json => {
            let mut line = Vec::new();
            json::encode(&Event::Closing { reason: CloseReason::NotServed, text: sentence.into() }, &mut line);
            line
        }
        Kind::Irc => format!("ERROR :{sentence}\r\n").into_bytes(),
        _ => format!("! {sentence}\n").into_bytes(),
    }
}

/// The last words to a peer that speaks HTTP at a port for IRC.
pub(super) fn only_irc() -> Vec<u8> {
    const BODY: &str = "This port is for IRC clients. The page is at another port of this server.\n";
    let kind = "Content-Type: text/plain; charset=utf-8";
    let length = BODY.len();
    format!("HTTP/1.1 421 Misdirected Request\r\nConnection: close\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{BODY}")
        .into_bytes()
}

/// A response of a protocol that is similar to HTTP.
fn response(version: &str, full: Option<&str>) -> Vec<u8> {
    let status = if full.is_some() { "503 Service Unavailable" } else { "501 Not Implemented" };
    let body = full.unwrap_or(
        "This is a chat server, and it does not speak this protocol. Connect with nc, telnet or chat-client.",
    );
    let length = body.len() + 1;
    let kind = "Content-Type: text/plain; charset=utf-8";
    format!("{version} {status}\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{body}\n").into_bytes()
}

/// RFC 9113: an empty SETTINGS frame, then GOAWAY with HTTP_1_1_REQUIRED and our sentence.
fn http2(sentence: &str) -> Vec<u8> {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const GOAWAY: [u8; 6] = [7, 0, 0, 0, 0, 0];
    const LAST_STREAM_AND_ERROR: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 13];
    let length = u32::try_from(LAST_STREAM_AND_ERROR.len() + sentence.len()).unwrap_or_default().to_be_bytes();
    [&SETTINGS, &length[1..], &GOAWAY, &LAST_STREAM_AND_ERROR, sentence.as_bytes()].concat()
}

/// RFC 6120, 4.9: a stream that begins with its own error.
fn xmpp(sentence: &str) -> Vec<u8> {
    const STREAM: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
    const KIND: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
    format!("{STREAM}<stream:error><undefined-condition {KIND}/><text {KIND}>{sentence}</text></stream:error></stream:stream>")
        .into_bytes()
}

/// ErrorResponse of PostgreSQL's protocol 3: severity, code (protocol violation), message.
fn postgres(sentence: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C08P01\0M{sentence}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap_or_default().to_be_bytes();
    [b"E", &length[..], fields.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_in_answers_are_those_of_what_follows() {
        let http2 = last_words(Kind::Http2, None);
        let frame = &http2[9..];
        assert_eq!(usize::from(frame[2]), frame.len() - 9, "RFC 9113, 4.1: nine bytes before the payload");
        let postgres = last_words(Kind::Postgres, None);
        assert_eq!(usize::from(postgres[4]), postgres.len() - 1, "the length counts itself, not the E");
    }
}
